"""The dealership's own side: invented customers, and an invoice for each."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from dealership import records
from dealership.events import SYSTEM
from dealership.models import Contact, Invoice
from integrations.models import Integration


def customers(integration: Integration, count: int, *, after: int = 0) -> list[Contact]:
    rows = [
        {
            "kind": "customer",
            "display_name": f"Customer {number:06d}",
            "first_name": "Ana",
            "last_name": f"Cruz {number}",
            "email": f"customer{number}@example.com",
            "phone": f"(613) 555-{number % 10_000:04d}",
            "address_line1": f"{number} Bank Street",
            "city": "Ottawa",
            "active": True,
        }
        for number in range(after + 1, after + count + 1)
    ]
    return records.create_many(Contact, integration.dealership_id, rows, actor=SYSTEM)


def invoices(integration: Integration, contacts: Sequence[Contact], *, after: int = 0) -> list[Invoice]:
    """One for each customer, with two lines whose cents do not come out even."""
    rows = [_invoice(number, contact) for number, contact in enumerate(contacts, start=after + 1)]
    return records.create_many(Invoice, integration.dealership_id, rows, actor=SYSTEM)


def _invoice(number: int, contact: Contact) -> dict[str, Any]:
    prices = (Decimal("19.99") + number, Decimal("0.01") * (number % 97) + 1)
    lines = [
        {"description": f"Line {place}", "quantity": Decimal(1), "unit_price": price, "amount": price}
        for place, price in enumerate(prices, start=1)
    ]
    total = sum(prices, Decimal(0))
    return {
        "number": f"INV-{number:06d}",
        "contact_id": contact.pk,
        "issued_on": date(2026, 5, 4),
        "due_on": date(2026, 5, 4) + timedelta(days=30),
        "currency": "USD",
        "status": "open",
        "lines": lines,
        "subtotal": total,
        "total": total,
        "balance": total,
    }
