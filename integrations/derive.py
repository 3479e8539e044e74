"""What a canonical record implies for our own status words."""

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
    owed = item.balance > Decimal(0)
    if isinstance(item, Expense) and item.payment_type:
        owed = False
    return {"status": "open" if owed or item.total <= 0 else "paid"}
