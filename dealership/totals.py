"""What follows from other figures: line amounts and totals. Pure functions.

A connector compares and shows these figures but never pushes them.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from dealership.models import Expense, Invoice, Record

CENT = Decimal("0.01")


def round_money(amount: Decimal) -> Decimal:
    """To the cent, half up, as invoices are written."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def line_amount(quantity: Decimal, unit_price: Decimal) -> Decimal:
    return round_money(quantity * unit_price)


def fill(model: type[Record], values: dict[str, Any], record: Record | None = None) -> dict[str, Any]:
    """`values` with the totals that its lines imply. A new record's balance is its total; later the balance moves with
    the total, so that what was paid stays paid."""
    if model is Invoice and ("lines" in values or "taxes" in values):
        return _fill_invoice(values, record if isinstance(record, Invoice) else None)
    if model is Expense and "lines" in values:
        values["total"] = sum((row["amount"] for row in values["lines"]), Decimal(0))
        if isinstance(record, Expense) and record.kind == Expense.Kind.BILL and record.status != Expense.Status.VOID:
            values |= owed(record, record.balance + values["total"] - record.total, values["total"])
        if record is None and "balance" not in values:
            values["balance"] = values["total"] if values.get("kind", Expense.Kind.BILL) == Expense.Kind.BILL else 0
    return values


def owed(record: Invoice | Expense, balance: Decimal, total: Decimal | None = None) -> dict[str, Any]:
    """The balance and the status that follows from it; a draft stays one."""
    if record.status == Invoice.Status.DRAFT:
        return {"balance": balance, "status": record.status}
    settled = balance <= 0 < (record.total if total is None else total)
    return {"balance": balance, "status": Invoice.Status.PAID if settled else Invoice.Status.OPEN}


def _fill_invoice(values: dict[str, Any], record: Invoice | None) -> dict[str, Any]:
    if "lines" in values:
        values["subtotal"] = sum((row["amount"] for row in values["lines"]), Decimal(0))
    if "taxes" in values:
        values["tax_total"] = sum((row["amount"] for row in values["taxes"]), Decimal(0))
    subtotal = values.get("subtotal", record.subtotal if record else Decimal(0))
    tax_total = values.get("tax_total", record.tax_total if record else Decimal(0))
    values["total"] = subtotal + tax_total
    if record is None:
        values.setdefault("balance", values["total"])
    elif record.status != Invoice.Status.VOID and values["total"] != record.total:
        asked = values.get("status")
        values |= owed(record, record.balance + values["total"] - record.total, values["total"])
        if record.status == Invoice.Status.DRAFT and asked:
            values["status"] = asked
    return values
