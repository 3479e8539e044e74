"""A connector on a running simulator, whose every request and answer is held against the provider's document."""

import uuid
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import HTTPAdapter

from connectors.providers.quickbooks.connector import QuickBooks
from connectors.records import Allocation, Canonical, Contact, Expense, ExpenseLine, Invoice, Line, Payment
from connectors.streams import Change, Op, Outcome, Remote, Written
from tests.support.simulator import US_REALM, RunningSimulator
from tests.support.spec import Spec

STREAMS = {stream.name: stream for stream in QuickBooks.streams}


class CheckedAdapter(HTTPAdapter):
    """Sends, and holds what was sent and what came back against the document."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        spec = Spec.load("quickbooks")
        parts = urlsplit(str(request.url))
        method, path = str(request.method), parts.path.removeprefix("/quickbooks")
        spec.check_request(method, path, dict(parse_qsl(parts.query)), request.headers, request.body)
        answer = super().send(request, *args, **kwargs)
        if "json" in answer.headers.get("Content-Type", ""):
            spec.check_response(method, path, answer.status_code, answer.text)
        return answer


class Tokens:
    def __init__(self, simulator: RunningSimulator, realm: str) -> None:
        self.grant = simulator.connect(realm)
        self.simulator = simulator

    def access_token(self) -> str:
        return str(self.grant["access_token"])

    def renewed(self, refused: str) -> str:
        form = {"grant_type": "refresh_token", "refresh_token": self.grant["refresh_token"]}
        self.grant = self.simulator.token(**form).json()
        return str(self.grant["access_token"])


def connected(simulator: RunningSimulator, realm: str = US_REALM) -> QuickBooks:
    env = QuickBooks.environment("simulator", simulator.url)
    client = QuickBooks.api_client(env, tokens=Tokens(simulator, realm))
    client._session.mount("http://", CheckedAdapter())
    client._session.trust_env = False
    quickbooks = QuickBooks(client, realm, {})
    quickbooks.check()
    return quickbooks


def change(record: Canonical, *, item: int = 1, tried: bool = False) -> Change:
    marker = str(uuid.uuid4())
    return Change(op=Op.CREATE, item=item, label="it", marker=marker, record=record, tried=tried)


def later(record: Canonical, base: Canonical, remote: Remote, *, op: Op = Op.UPDATE, item: int = 1) -> Change:
    return replace(change(record, item=item), op=op, base=base, remote_id=remote.id, remote_version=remote.version)


def write(quickbooks: QuickBooks, stream: str, *changes: Change, key: str = "") -> list[Outcome]:
    return quickbooks.write(STREAMS[stream], list(changes), key=key or str(uuid.uuid4()))


def written(outcome: Outcome) -> Remote:
    assert isinstance(outcome, Written), outcome
    return outcome.remote


def made(quickbooks: QuickBooks, stream: str, record: Canonical) -> Remote:
    return written(write(quickbooks, stream, change(record))[0])


def contact(name: str = "Ana Cruz", **values: Any) -> Contact:
    return Contact(display_name=name, **values)


def invoice(customer: str, number: str = "INV-1", **values: Any) -> Invoice:
    line = Line(description="Brakes", quantity=Decimal(3), unit_price=Decimal(150), amount=Decimal("450.00"))
    given: dict[str, Any] = {"issued_on": date(2026, 3, 1), "due_on": date(2026, 3, 15), "lines": (line,)}
    return Invoice(number=number, contact_id=customer, **(given | values))


def expense(vendor: str, **values: Any) -> Expense:
    line = ExpenseLine(account_id="15", description="Brake pads", amount=Decimal("60.40"))
    given: dict[str, Any] = {"issued_on": date(2026, 3, 1), "reference": "R-1", "lines": (line,)}
    return Expense(vendor_id=vendor, **(given | values))


def payment(customer: str, invoice_id: str, **values: Any) -> Payment:
    allocations = (Allocation(invoice_id=invoice_id, amount=Decimal("50.00")),)
    given: dict[str, Any] = {"amount": Decimal("50.00"), "paid_on": date(2026, 3, 2), "method": "Cash", "memo": "Desk"}
    return Payment(contact_id=customer, allocations=allocations, **(given | values))
