"""A small router of QuickBooks' endpoints at the HTTP seam: queries, writes and batches are answered by functions."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import responses

from connectors.providers.quickbooks.connector import QuickBooks
from connectors.providers.quickbooks.queries import remote
from connectors.records import Allocation, Canonical, Contact, Expense, ExpenseLine, Invoice, Line, Payment
from connectors.streams import Change, Op, Remote, Stream

REALM = "310687"
BASE = f"https://sandbox-quickbooks.api.intuit.com/v3/company/{REALM}"
MARKER = "6f1d0b52-7c1e-4f57-9a39-000000000001"
KEY = "8f1f7c9e-1111-4222-8333-444455556666"
AMERICAN = {
    "country": "US",
    "currency": "USD",
    "multi_currency": False,
    "custom_numbers": True,
    "sales_item": "7",
    "expense_account": "15",
    "payment_methods": {"1": "Cash", "4": "Check"},
}
CUSTOMERS = QuickBooks.stream("customers")
VENDORS = QuickBooks.stream("vendors")
INVOICES = QuickBooks.stream("invoices")
CREDIT_MEMOS = QuickBooks.stream("credit_memos")
PAYMENTS = QuickBooks.stream("payments")
BILLS = QuickBooks.stream("bills")
PURCHASES = QuickBooks.stream("purchases")
PAYMENT = Payment(
    contact_id="58",
    amount=Decimal("350.00"),
    paid_on=date(2026, 3, 1),
    method="cash",
    memo="At the desk",
    allocations=(Allocation(invoice_id="239", amount=Decimal("300.00")),),
)
BILL = Expense(
    vendor_id="71",
    issued_on=date(2026, 3, 1),
    reference="LS-5567",
    lines=(ExpenseLine(account_id="15", description="Brake pads", amount=Decimal("60.40")),),
)
FOLDER = Path(__file__).parent / "fixtures"
Body = dict[str, Any]


def fixture(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


class Tokens:
    def access_token(self) -> str:
        return "access"

    def renewed(self, refused: str) -> str:
        return "access-2"


class Router:
    """QuickBooks' side of a test. `rows` holds what queries find by entity; `writes` and `batches` what was sent."""

    def __init__(self, mock: responses.RequestsMock) -> None:
        mock.assert_all_requests_are_fired = False
        self.mock = mock
        self.rows: dict[str, list[Body]] = {}
        self.find: Callable[[str, str], Sequence[Mapping[str, Any]]] = lambda entity, text: self.rows.get(entity, [])
        self.statements: list[str] = []
        self.writes: list[tuple[str, dict[str, str], Body]] = []
        self.batches: list[tuple[dict[str, str], list[Body]]] = []
        self.answer: Callable[[str, Body], tuple[int, Body]] = stored
        mock.add_callback("GET", re.compile(re.escape(BASE) + r"/query"), self._query)
        mock.add_callback("POST", re.compile(re.escape(BASE) + r"/query"), self._query)
        mock.add_callback("POST", re.compile(re.escape(BASE) + r"/batch"), self._batch)
        mock.add_callback("POST", re.compile(re.escape(BASE) + r"/(?!batch|query)\w+"), self._write)

    def asked(self, entity: str) -> list[str]:
        return [text for text in self.statements if f" from {entity} " in text]

    def _query(self, request: Any) -> tuple[int, dict[str, str], str]:
        query = _params(request.url).get("query")
        text = query if query is not None else request.body.decode()
        self.statements.append(text)
        found = re.search(r" from (\w+)", text)
        entity = found[1] if found else ""
        rows = list(self.find(entity, text))
        result = {entity: rows, "startPosition": 1, "maxResults": len(rows)} if rows else {}
        return 200, {}, json.dumps({"QueryResponse": result, "time": "2026-03-01T02:16:00.000-08:00"})

    def _batch(self, request: Any) -> tuple[int, dict[str, str], str]:
        items = json.loads(request.body)["BatchItemRequest"]
        self.batches.append((_params(request.url), items))
        answers = []
        for item in items:
            entity = next(name for name in item if name[0].isupper())
            answers.append({"bId": item["bId"], **self.answer(entity, item[entity])[1]})
        return 200, {}, json.dumps({"BatchItemResponse": answers, "time": "2026-03-01T02:16:00.000-08:00"})

    def _write(self, request: Any) -> tuple[int, dict[str, str], str]:
        body = json.loads(request.body)
        path = urlsplit(request.url).path.rsplit("/", 1)[-1]
        entity = {"creditmemo": "CreditMemo", "paymentmethod": "PaymentMethod"}.get(path, path.capitalize())
        self.writes.append((entity, _params(request.url), body))
        status, answer = self.answer(entity, body)
        return status, {}, json.dumps(answer)


def stored(entity: str, body: Body) -> tuple[int, Body]:
    """The answer of a write that went well: the object with an id and a version."""
    version = str(int(body["SyncToken"]) + 1) if "SyncToken" in body else "0"
    meta = {"LastUpdatedTime": "2026-03-01T02:15:30-08:00"}
    return 200, {entity: {"Id": "900", **body, "SyncToken": version, "MetaData": meta}}


def fault(code: str, message: str = "Refused", detail: str = "") -> tuple[int, Body]:
    error = {"Message": message, "Detail": detail, "code": code, "element": ""}
    return 400, {"Fault": {"Error": [error], "type": "ValidationFault"}, "time": "2026-03-01T10:15:30.000-08:00"}


def connector(memory: Mapping[str, Any] = AMERICAN) -> QuickBooks:
    client = QuickBooks.api_client(QuickBooks.environment("sandbox", ""), tokens=Tokens())
    return QuickBooks(client, REALM, dict(memory))


def invoice(**changes: Any) -> Invoice:
    line = Line(description="Brake service", quantity=Decimal(3), unit_price=Decimal(150), amount=Decimal("450.00"))
    values: dict[str, Any] = {
        "number": "INV-1042",
        "contact_id": "58",
        "issued_on": date(2026, 3, 1),
        "due_on": date(2026, 3, 15),
        "lines": (line,),
    }
    return Invoice(**(values | changes))


def create(record: Canonical, *, item: int = 1, marker: str = MARKER, tried: bool = False) -> Change:
    return Change(op=Op.CREATE, item=item, label="the record", marker=marker, record=record, tried=tried)


def update(record: Canonical, base: Canonical, seen: Remote, *, item: int = 1, op: Op = Op.UPDATE) -> Change:
    return Change(
        op=op,
        item=item,
        label="the record",
        marker=MARKER,
        record=record,
        remote_id=seen.id,
        remote_version=seen.version,
        base=base,
    )


def customer(name: str = "Ana Cruz", **changes: Any) -> Contact:
    return Contact(display_name=name, **changes)


def changed(stream: Stream, name: str, **changes: Any) -> Change:
    """An update of a fixture's object with these fields changed on our side."""
    raw = fixture(name)
    base = connector().canonical(stream, raw)
    return update(replace(base, **changes), base, remote(raw))


def _params(url: str) -> dict[str, str]:
    return {name: found[0] for name, found in parse_qs(urlsplit(url).query).items()}
