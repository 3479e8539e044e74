"""Writes in the simulated QuickBooks: create, update (full or sparse), delete and void, with SyncToken and ids.

A write is checked, computed, stored and counted into balances in the one transaction of its request.
"""

from __future__ import annotations

import copy
from typing import Any

from connectors.providers.quickbooks.simulator_books import Books, company_time
from connectors.providers.quickbooks.simulator_checks import amount, check_properties, number
from connectors.providers.quickbooks.simulator_entities import ENTITIES, Entity
from connectors.providers.quickbooks.simulator_faults import Refused, missing, not_found, unsupported
from connectors.providers.quickbooks.simulator_ledger import (
    ZERO,
    Allocations,
    allocations,
    move_balances,
    owed,
    release,
    settle,
)
from connectors.providers.quickbooks.simulator_prepare import PREPARE
from connectors.simulator.documents import Document

SYSTEM = ("Id", "SyncToken", "MetaData", "domain", "sparse", "status", "IntuitId")


def write(books: Books, kind: str, body: object, operation: str) -> dict[str, Any]:
    """Do one write; the entity as QuickBooks answers it. `operation` is create, update, delete or void."""
    entity = ENTITIES.get(kind)
    if entity is None or not entity.is_writable:
        raise unsupported(f"Operation {operation} is not supported for {kind}")
    fields = check_properties(entity, body)
    if operation == "create":
        return _create(books, entity, fields)
    document = _current(books, entity, fields)
    if operation == "delete":
        return _delete(books, entity, document)
    if operation == "void":
        return _void(books, entity, document)
    return _update(books, entity, document, fields)


def _create(books: Books, entity: Entity, fields: dict[str, Any]) -> dict[str, Any]:
    document = books.new_document(entity.name)
    _store(books, entity, document, None, _editable(fields), keeps_line_ids=False)
    return books.save(document, operation="Create")


def _update(books: Books, entity: Entity, document: Document, fields: dict[str, Any]) -> dict[str, Any]:
    before = copy.deepcopy(document)
    is_sparse = fields.get("sparse") is True
    wanted = _editable(document.body) | _raw(fields) if is_sparse else _raw(fields)
    if is_sparse and "Line" in fields and "TxnTaxDetail" not in fields and not books.is_us:
        wanted.pop("TxnTaxDetail", None)
    document.version += 1
    _store(books, entity, document, before, _without_empty(wanted), keeps_line_ids=is_sparse)
    return books.save(document, operation="Update")


def _store(
    books: Books,
    entity: Entity,
    document: Document,
    before: Document | None,
    wanted: dict[str, Any],
    *,
    keeps_line_ids: bool,
) -> None:
    document.body = copy.deepcopy(wanted)
    PREPARE[entity.name](books, document, before, keeps_line_ids)
    move_balances(books, owed(before), owed(document))
    if entity.name == "Payment":
        settle(books, document, _allocations(before), allocations(document.body))


def _allocations(document: Document | None) -> Allocations:
    return allocations(document.body) if document else {}


def _current(books: Books, entity: Entity, fields: dict[str, Any]) -> Document:
    id, token = fields.get("Id"), fields.get("SyncToken")
    if not id:
        raise missing("Id")
    if token is None:
        raise missing("SyncToken")
    document = books.live(entity.name, str(id))
    if document is None:
        raise not_found(f"{entity.name} {id}")
    if str(token) != str(document.version):
        message = "Stale Object Error"
        detail = f"Stale Object Error : You and another user were working on this at the same time. {entity.name} {id}"
        raise Refused("5010", message, detail)
    return document


def _delete(books: Books, entity: Entity, document: Document) -> dict[str, Any]:
    if not entity.can_delete:
        raise unsupported(f"Operation delete is not supported for {entity.name}")
    move_balances(books, owed(document), {})
    if entity.name == "Payment":
        settle(books, document, _allocations(document), {})
    release_if_settled(books, document)
    document.deleted = True
    document.version += 1
    document.updated_at = books.now
    document.body = {
        "domain": "QBO",
        "status": "Deleted",
        "Id": document.id,
        "MetaData": {"LastUpdatedTime": company_time(books.now)},
    }
    books.documents.put(document)
    books.provider.notify(books.company.id, entity.name, document.id, "Delete", books.now)
    return {"domain": "QBO", "status": "Deleted", "Id": document.id}


def _void(books: Books, entity: Entity, document: Document) -> dict[str, Any]:
    is_cheque = document.body.get("PaymentType") == "Check"
    if not entity.can_void or (entity.name == "Purchase" and not is_cheque):
        raise unsupported(f"Operation void is not supported for {entity.name}")
    before = copy.deepcopy(document)
    body = document.body
    release_if_settled(books, document)
    body["Line"] = [] if entity.name == "Payment" else [_emptied(line) for line in body.get("Line", [])]
    body["TotalAmt"] = ZERO
    for name in ("Balance", "RemainingCredit", "UnappliedAmt"):
        if name in body:
            body[name] = ZERO
    if "TxnTaxDetail" in body:
        body["TxnTaxDetail"] = {"TotalTax": ZERO}
    if entity.name in ("Invoice", "CreditMemo"):
        body["LinkedTxn"] = []
    note = str(body.get("PrivateNote") or "")
    if not note.startswith("Voided"):
        body["PrivateNote"] = f"Voided - {note}"[:4000] if note else "Voided"
    document.version += 1
    move_balances(books, owed(before), owed(document))
    if entity.name == "Payment":
        settle(books, document, _allocations(before), {})
    return books.save(document, operation="Void")


def release_if_settled(books: Books, document: Document) -> None:
    """A document that payments settle leaves them before it goes."""
    if document.kind in ("Invoice", "CreditMemo"):
        release(books, document)


def _emptied(line: dict[str, Any]) -> dict[str, Any]:
    line = copy.deepcopy(line)
    if "Amount" in line:
        line["Amount"] = ZERO
    detail = line.get(line["DetailType"])
    if isinstance(detail, dict) and number(detail.get("Qty", 0), "Qty"):
        detail["Qty"] = 0
    return line


def _raw(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in SYSTEM}


def _editable(fields: dict[str, Any]) -> dict[str, Any]:
    return _without_empty(_raw(fields))


def _without_empty(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None and value != ""}


def send_by_mail(books: Books, kind: str, id: str, address: str) -> dict[str, Any]:
    """Mark a sale as e-mailed."""
    document = books.live(kind, id)
    if document is None:
        raise not_found(f"{kind} {id}")
    if address:
        document.body["BillEmail"] = {"Address": address}
    if not document.body.get("BillEmail"):
        raise missing("BillEmail")
    document.body["EmailStatus"] = "EmailSent"
    document.version += 1
    return books.save(document, operation="Emailed")


def open_balance(document: Document) -> str:
    """The open amount, as text for a form."""
    return f"{amount(document.body, 'Balance'):.2f}"
