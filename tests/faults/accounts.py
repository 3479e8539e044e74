"""The account of both sides, written apart from the sync engine: what is here, what is there, what ties them.

It is read from the dealership's tables and from the simulator's raw records, and each pair is compared in the fields
that people look at. Nothing here asks the connector or the proof what they think.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dealership.models import Contact, Expense, Invoice, Payment, Record
from integrations.models import DeadLetter, Integration, RecordLink
from tests.support.simulator import RunningSimulator

Raw = Mapping[str, Any]
ZERO = Decimal("0.00")


@dataclass(frozen=True)
class Books:
    """How many records both sides hold of a stream, and the sum of their money."""

    count: int
    total: Decimal = ZERO


@dataclass(frozen=True)
class Kind:
    stream: str
    entity: str
    model: type[Record]
    where: Mapping[str, Any]
    ours: Callable[[Any, Links], dict[str, Any]]
    theirs: Callable[[Raw], dict[str, Any]]
    # What must be held once on each side, beside the id; empty values do not count.
    name: str = ""
    children: tuple[str, ...] = ()


class Links:
    """Local ids to remote ids, of every stream."""

    def __init__(self, integration: Integration) -> None:
        self.rows = list(RecordLink.objects.filter(integration=integration))
        self._remote = {(row.stream, row.local_id): row.remote_id for row in self.rows}

    def of(self, stream: str) -> list[RecordLink]:
        return [row for row in self.rows if row.stream == stream]

    def remote_id(self, stream: str, local_id: Any) -> str:
        return self._remote.get((stream, local_id)) or ""


def account(integration: Integration, simulator: RunningSimulator) -> dict[str, Books]:
    """Stream to its books. AssertionError names what is lost, doubled or different; empty streams are left out."""
    links = Links(integration)
    assert [str(row) for row in links.rows if row.intent_key] == [], "writes whose answer is not known"
    books = {kind.stream: _books(kind, integration, links, simulator) for kind in KINDS}
    return {stream: found for stream, found in books.items() if found.count}


def _books(kind: Kind, integration: Integration, links: Links, simulator: RunningSimulator) -> Books:
    there = {str(raw["Id"]): raw for raw in simulator.entities(kind.entity, integration.remote_account_id)}
    rows = kind.model.objects.for_dealership(integration.dealership_id).filter(**kind.where)
    rows = rows.prefetch_related(*kind.children)
    here = {row.pk: row for row in rows if getattr(row, "status", "") != "draft"}
    _nothing_doubled(kind, here.values(), there.values())
    live = [row for row in links.of(kind.stream) if not row.remote_deleted_at]
    alone = [row.local_id for row in live if not row.remote_id]
    letters = DeadLetter.objects.filter(local_id__in=alone).values_list("label", "reason", "status")
    assert alone == [], f"{kind.stream}: links without their other side; {list(letters)}"
    pairs = {str(row.remote_id): row.local_id for row in live}
    # Deleted here: there it is void or inactive, or gone too.
    present = {pk for pk, row in here.items() if row.deleted_at is None}
    assert set(there) - set(pairs) == set(), f"{kind.stream}: only there"
    assert present - set(pairs.values()) == set(), f"{kind.stream}: only here"
    assert set(pairs) - set(there) == set(), f"{kind.stream}: linked, and lost there"
    assert set(pairs.values()) - set(here) == set(), f"{kind.stream}: linked, and lost here"
    total = ZERO
    for remote_id, local_id in pairs.items():
        row, raw = here[local_id], there[remote_id]
        if row.deleted_at is not None:
            assert is_void(raw) or raw.get("Active") is False, f"{kind.stream} #{remote_id}: deleted here alone"
            continue
        ours, theirs = kind.ours(row, links), kind.theirs(raw)
        if theirs.get("void"):
            # Our side keeps what it was worth.
            ours, theirs = ours | {"amount": ZERO, "parts": []}, theirs | {"amount": ZERO, "parts": []}
        assert ours == theirs, f"{kind.stream} #{remote_id}: {ours} here, {theirs} there"
        total += theirs.get("amount", ZERO)
    return Books(len(present), total)


def _nothing_doubled(kind: Kind, here: Any, there: Any) -> None:
    marks = Counter(mark for raw in there if (mark := marker(raw)))
    assert _repeated(marks) == [], f"{kind.entity}: written twice"
    if kind.name:
        ours = Counter(getattr(row, kind.name) for row in here if row.deleted_at is None)
        assert _repeated(ours) == [], f"{kind.stream}: doubled here"
        theirs = Counter(kind.theirs(raw)[kind.name] for raw in there)
        assert _repeated(theirs) == [], f"{kind.entity}: doubled there"


def _repeated(counted: Counter[str]) -> Sequence[str]:
    return sorted(value for value, count in counted.items() if value and count > 1)


def marker(raw: Raw) -> str:
    """Our record's id in the private note."""
    lines = str(raw.get("PrivateNote") or "").splitlines()
    return next((line.removeprefix("Lotbridge ") for line in lines if line.startswith("Lotbridge ")), "")


def is_void(raw: Raw) -> bool:
    return cents(raw.get("TotalAmt")) == 0 and str(raw.get("PrivateNote") or "").startswith("Voided")


def cents(value: Any) -> Decimal:
    return Decimal(str(value or 0)).quantize(Decimal("0.01"))


def _inner(raw: Raw, name: str, key: str = "value") -> str:
    return str((raw.get(name) or {}).get(key) or "")


def _our_contact(row: Contact, links: Links) -> dict[str, Any]:
    names = ("display_name", "first_name", "last_name", "email", "phone", "city", "active")
    return {name: getattr(row, name) for name in names}


def _their_contact(raw: Raw) -> dict[str, Any]:
    return {
        "display_name": str(raw["DisplayName"]).removesuffix(" (deleted)"),
        "first_name": raw.get("GivenName", ""),
        "last_name": raw.get("FamilyName", ""),
        "email": _inner(raw, "PrimaryEmailAddr", "Address"),
        "phone": _inner(raw, "PrimaryPhone", "FreeFormNumber"),
        "city": _inner(raw, "BillAddr", "City"),
        "active": raw.get("Active") is not False,
    }


def _our_invoice(row: Invoice, links: Links) -> dict[str, Any]:
    lines = sorted(row.lines.all(), key=lambda line: line.position)
    return {
        "number": row.number,
        "contact": links.remote_id("customers", row.contact_id),
        "issued_on": row.issued_on.isoformat(),
        "memo": row.memo,
        "void": row.status == Invoice.Status.VOID,
        "amount": row.total,
        "balance": row.balance,
        "parts": [(line.description, line.amount) for line in lines],
    }


def _their_invoice(raw: Raw) -> dict[str, Any]:
    lines = [line for line in raw["Line"] if line["DetailType"] != "SubTotalLineDetail"]
    return {
        "number": raw.get("DocNumber", ""),
        "contact": _inner(raw, "CustomerRef"),
        "issued_on": raw["TxnDate"],
        "memo": _inner(raw, "CustomerMemo"),
        "void": is_void(raw),
        "amount": cents(raw["TotalAmt"]),
        "balance": cents(raw["Balance"]),
        "parts": [(line.get("Description", ""), cents(line["Amount"])) for line in lines],
    }


def _our_payment(row: Payment, links: Links) -> dict[str, Any]:
    parts = [(links.remote_id("invoices", part.invoice_id), part.amount) for part in row.allocations.all()]
    return {
        "contact": links.remote_id("customers", row.contact_id),
        "paid_on": row.paid_on.isoformat(),
        "void": row.status == Payment.Status.VOID,
        "amount": row.amount,
        "parts": sorted(parts),
    }


def _their_payment(raw: Raw) -> dict[str, Any]:
    parts = [(str(line["LinkedTxn"][0]["TxnId"]), cents(line["Amount"])) for line in raw.get("Line") or []]
    return {
        "contact": _inner(raw, "CustomerRef"),
        "paid_on": raw["TxnDate"],
        "void": is_void(raw),
        "amount": cents(raw["TotalAmt"]),
        "parts": sorted(parts),
    }


def _our_expense(row: Expense, links: Links) -> dict[str, Any]:
    return {
        "vendor": links.remote_id("vendors", row.vendor_id),
        "reference": row.reference,
        "issued_on": row.issued_on.isoformat(),
        "void": row.status == Expense.Status.VOID,
        "amount": row.total,
        "parts": [(line.description, line.amount) for line in sorted(row.lines.all(), key=lambda line: line.position)],
    }


def _their_expense(raw: Raw) -> dict[str, Any]:
    return {
        "vendor": _inner(raw, "VendorRef") or _inner(raw, "EntityRef"),
        "reference": raw.get("DocNumber", ""),
        "issued_on": raw["TxnDate"],
        "void": is_void(raw),
        "amount": cents(raw["TotalAmt"]),
        "parts": [(line.get("Description", ""), cents(line["Amount"])) for line in raw["Line"]],
    }


KINDS = (
    Kind("customers", "Customer", Contact, {"kind": "customer"}, _our_contact, _their_contact, "display_name"),
    Kind("vendors", "Vendor", Contact, {"kind": "vendor"}, _our_contact, _their_contact, "display_name"),
    Kind("invoices", "Invoice", Invoice, {"kind": "invoice"}, _our_invoice, _their_invoice, "number", ("lines",)),
    Kind(
        "credit_memos",
        "CreditMemo",
        Invoice,
        {"kind": "credit_note"},
        _our_invoice,
        _their_invoice,
        "number",
        ("lines",),
    ),
    Kind("payments", "Payment", Payment, {}, _our_payment, _their_payment, children=("allocations",)),
    Kind("bills", "Bill", Expense, {"kind": "bill"}, _our_expense, _their_expense, children=("lines",)),
    Kind("purchases", "Purchase", Expense, {"kind": "purchase"}, _our_expense, _their_expense, children=("lines",)),
)
