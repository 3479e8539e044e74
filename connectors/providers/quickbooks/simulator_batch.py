"""The batch operation: up to 30 items, each on its own, HTTP 200 whatever becomes of them."""

from __future__ import annotations

import json
from typing import Any

from connectors.providers.quickbooks.simulator_books import Books, answer_time
from connectors.providers.quickbooks.simulator_entities import ENTITIES
from connectors.providers.quickbooks.simulator_faults import Refused, business, malformed, missing, too_long
from connectors.providers.quickbooks.simulator_query import run
from connectors.providers.quickbooks.simulator_write import write

MOST_ITEMS = 30
ITEM_ID_LENGTH = 10
OPERATIONS = ("create", "update", "delete")


def run_batch(books: Books, body: Any) -> dict[str, Any]:
    """The answer to a batch; Refused when the batch as a whole is not acceptable."""
    items = body.get("BatchItemRequest") if isinstance(body, dict) else None
    if not isinstance(items, list) or not items:
        raise missing("BatchItemRequest")
    if len(items) > MOST_ITEMS:
        raise business(f"A batch may hold at most {MOST_ITEMS} items.")
    ids = [_item_id(item) for item in items]
    if len(set(ids)) < len(ids):
        raise business("Each bId must be used once.")
    answers = [{"bId": id, **_item_answer(books, item)} for id, item in zip(ids, items, strict=True)]
    return {"BatchItemResponse": answers, "time": answer_time(books.provider.store.now())}


def _item_id(item: object) -> str:
    if not isinstance(item, dict):
        raise malformed("Each BatchItemRequest must be an object")
    id = item.get("bId")
    if not isinstance(id, str) or not id:
        raise missing("bId")
    if len(id) > ITEM_ID_LENGTH:
        raise too_long("bId", ITEM_ID_LENGTH)
    return id


def _item_answer(books: Books, item: dict[str, Any]) -> dict[str, Any]:
    _count(books, item)
    try:
        with books.provider.store.undone_on_error():
            return _item_result(books, item)
    except Refused as refused:
        return {"Fault": refused.fault}


def _count(books: Books, item: dict[str, Any]) -> None:
    """Items count as calls whether they succeed or not, like single writes."""
    operation = "void" if item.get("optionsData") == "void" else item.get("operation")
    for kind in ENTITIES:
        if kind in item:
            books.provider.count(f"{operation}:{kind}")


def _item_result(books: Books, item: dict[str, Any]) -> dict[str, Any]:
    if "Query" in item:
        return {"QueryResponse": json.loads(run(books, str(item["Query"])))}
    kinds = [name for name in item if name in ENTITIES]
    if len(kinds) != 1:
        raise missing("an entity in the batch item")
    operation = item.get("operation")
    if operation not in OPERATIONS:
        raise malformed(f"operation must be one of {', '.join(OPERATIONS)}", "operation")
    if operation == "update" and item.get("optionsData") == "void":
        operation = "void"
    kind = kinds[0]
    return {kind: write(books, kind, item[kind], operation)}
