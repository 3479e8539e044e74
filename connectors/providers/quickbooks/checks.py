"""What can be known to be refused before it is sent, said in words that help.

Lengths are the current ones of Intuit's documentation; where only the older XSD has one, QuickBooks is left to
judge.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.errors import RejectedRecord
from connectors.providers.quickbooks.marks import marked
from connectors.records import Contact, Expense, ExpenseLine, Invoice, Line, Payment
from connectors.text import text

_NUMBER = 21
_DESCRIPTION = 4000
_PRIVATE_NOTE = 4000
_CONTACT_LIMITS = {
    "display_name": 500,
    "first_name": 100,
    "last_name": 100,
    "company_name": 100,
    "email": 100,
    "phone": 30,
    "address_line1": 500,
    "address_line2": 500,
    "city": 255,
    "postal_code": 30,
}
_CUSTOMER_LIMITS = {**_CONTACT_LIMITS, "notes": 2000}
_NAME_BANS = {":": text("a colon"), "\t": text("a tab"), "\n": text("a line break")}


def contact(record: Contact, wanted: AbstractSet[str], marker: str, *, limits: Mapping[str, int]) -> None:
    if not record.display_name.strip():
        _refuse(text("The display name is empty."), text("Give the contact a display name, then retry."))
    for banned, name in _NAME_BANS.items():
        if "display_name" in wanted and banned in record.display_name:
            _refuse(
                text("The display name contains %s, which QuickBooks does not take.") % name,
                text("Take it out of the display name, then retry."),
            )
    _within(record, wanted, limits)


def invoice(record: Invoice, wanted: AbstractSet[str], marker: str) -> None:
    _within(record, wanted, {"number": _NUMBER, "memo": 1000})
    _has_contact(record.contact_id)
    _dates(record.issued_on, record.due_on, wanted)
    if "lines" in wanted:
        _lines(record.lines)
        if _sum(record.lines) < 0:
            _refuse(text("The lines add up to less than zero."), text("Make it a credit note, then retry."))
        if record.tax_total and not any(line.tax_code for line in record.lines):
            _refuse(
                text("It has tax, and QuickBooks computes tax from the tax codes of the lines, which are empty."),
                text("Give the taxed lines their QuickBooks tax code, then retry."),
            )


def payment(record: Payment, wanted: AbstractSet[str], marker: str) -> None:
    _within(record, wanted, {"memo": _PRIVATE_NOTE - len(marked("", marker)) - 1})
    _has_contact(record.contact_id)
    if record.amount < 0:
        _refuse(text("The amount is less than zero."), text("Record a refund in QuickBooks instead."))
    applied = sum((part.amount for part in record.allocations), Decimal(0))
    if wanted & {"amount", "allocations"} and applied > record.amount:
        _refuse(
            text("More is applied to invoices than was paid."),
            text("Correct the applied amounts, then retry."),
        )


def bill(record: Expense, wanted: AbstractSet[str], marker: str) -> None:
    _expense(record, wanted, marker)
    if not record.vendor_id:
        _refuse(text("A bill needs a vendor."), text("Choose the vendor, then retry."))
    _dates(record.issued_on, record.due_on, wanted)
    if "lines" in wanted and _sum(record.lines) < 0:
        _refuse(text("The lines add up to less than zero."), text("Enter it as a vendor credit in QuickBooks."))


def purchase(record: Expense, wanted: AbstractSet[str], marker: str) -> None:
    _expense(record, wanted, marker)
    if "payment_type" in wanted and not record.payment_type:
        _refuse(
            text("It does not say how it was paid."),
            text("Choose cash, cheque or card as the way of payment, then retry."),
        )
    if record.payment_type != "card" and "lines" in wanted and _sum(record.lines) < 0:
        _refuse(
            text("The lines add up to less than zero, which QuickBooks takes for cards alone."),
            text("Enter it as a deposit in QuickBooks."),
        )


CHECKS: dict[str, Callable[[Any, AbstractSet[str], str], None]] = {
    "customers": lambda record, wanted, marker: contact(record, wanted, marker, limits=_CUSTOMER_LIMITS),
    "vendors": lambda record, wanted, marker: contact(record, wanted, marker, limits=_CONTACT_LIMITS),
    "invoices": invoice,
    "credit_memos": invoice,
    "bills": bill,
    "purchases": purchase,
    "payments": payment,
}


def _expense(record: Expense, wanted: AbstractSet[str], marker: str) -> None:
    longest = _PRIVATE_NOTE - len(marked("", marker)) - 1
    _within(record, wanted, {"reference": _NUMBER, "description": longest})
    if "lines" in wanted:
        _lines(record.lines)


def _has_contact(contact_id: str) -> None:
    if not contact_id:
        _refuse(text("It has no customer."), text("Choose the customer, then retry."))


def _dates(issued_on: date, due_on: date | None, wanted: AbstractSet[str]) -> None:
    if due_on and due_on < issued_on and wanted & {"issued_on", "due_on"}:
        _refuse(text("It is due before it was issued."), text("Correct one of the two dates, then retry."))


def _sum(lines: Sequence[Line | ExpenseLine]) -> Decimal:
    return sum((line.amount for line in lines), Decimal(0))


def _lines(lines: Sequence[Line | ExpenseLine]) -> None:
    if not lines:
        _refuse(text("There are no lines, and QuickBooks wants at least one."), text("Add a line, then retry."))
    if any(len(line.description) > _DESCRIPTION for line in lines):
        _refuse(
            text("A line's description is longer than the %d characters that QuickBooks takes.") % _DESCRIPTION,
            text("Shorten it, then retry."),
        )


def _within(record: Any, wanted: AbstractSet[str], limits: Mapping[str, int]) -> None:
    for name, limit in limits.items():
        value = getattr(record, name)
        if name in wanted and len(value) > limit:
            _refuse(
                text("The %s has %d characters; QuickBooks takes %d.") % (name.replace("_", " "), len(value), limit),
                text("Shorten it, then retry."),
            )


def _refuse(message: str, next_step: str) -> None:
    raise RejectedRecord(message, next_step=next_step)
