"""What a canonical record implies for our own status words, and for the words of events."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.records import Canonical, Expense, Invoice, Payment


def status(record_type: str, item: Canonical) -> dict[str, Any]:
    """The `status` value of a pulled record; nothing for records without one."""
    if isinstance(item, Payment):
        return {"status": "void" if item.void else "received"}
    if not isinstance(item, Invoice | Expense):
        return {}
    if item.void:
        return {"status": "void"}
    owed = item.balance
    if isinstance(item, Expense) and item.payment_type:
        owed = Decimal(0)
    return {"status": _paid_or_open(owed, item.total)}


def less(values: Mapping[str, Any], paid: Decimal) -> dict[str, Any]:
    """The values of a pulled invoice on which we know of more payments than the provider does."""
    balance = values["balance"] - paid
    if values["status"] == "void":
        return dict(values)
    return {**values, "balance": balance, "status": _paid_or_open(balance, values["total"])}


def with_own_lines(values: Mapping[str, Any], total: Decimal) -> dict[str, Any]:
    """The values where our lines, worth `total`, stay: the provider's totals are those of its own lines."""
    mine = {k: v for k, v in values.items() if k not in ("subtotal", "tax_total", "total", "balance", "status")}
    if "balance" not in values:
        return mine
    balance = total - (values["total"] - values["balance"])
    return {**mine, "balance": balance, "status": _paid_or_open(balance, total)}


def verb(changes: Mapping[str, Sequence[Any]]) -> str:
    """How the event of a pulled change is called: a record that became paid or void says so."""
    became = changes["status"][1] if "status" in changes else ""
    return {"paid": "paid", "void": "voided"}.get(became, "updated")


def _paid_or_open(balance: Decimal, total: Decimal) -> str:
    return "open" if balance > 0 or total <= 0 else "paid"
