"""Many records at once: the same rows, versions and events as one by one, and all or none."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from dealership import bulk, records
from dealership.events import SYSTEM
from dealership.models import Contact, Event, Invoice, InvoiceLine
from tests.dealership import page_cases

pytestmark = pytest.mark.django_db

LINE = {
    "description": "Oil",
    "quantity": Decimal(1),
    "unit_price": Decimal("20.00"),
    "amount": Decimal("20.00"),
    "tax_code": "",
}


@pytest.fixture
def invoices() -> list[Invoice]:
    place = page_cases.dealership()
    customer = page_cases.contact(place, "Amélie Gagnon")
    return [page_cases.invoice(place, customer, f"INV-{number}") for number in (1, 2, 3)]


def stored(invoices: list[Invoice]) -> list[Invoice]:
    return [Invoice.objects.get(pk=invoice.pk) for invoice in invoices]


def test_each_gets_its_own_changes_version_and_event(invoices: list[Invoice]) -> None:
    first, second, third = invoices
    before = [invoice.version for invoice in invoices]

    records.update_many(
        [
            (first, {"due_on": date(2026, 12, 1)}, "updated"),
            (second, {"memo": "Thank you", "lines": [LINE]}, "paid"),
            (third, {"memo": third.memo}, "updated"),
        ],
        actor=SYSTEM,
    )

    now = stored(invoices)
    assert [row.version - was for row, was in zip(now, before, strict=True)] == [1, 1, 0]
    assert [invoice.version for invoice in invoices] == [row.version for row in now]
    assert (now[0].due_on, now[1].memo) == (date(2026, 12, 1), "Thank you") == (first.due_on, second.memo)
    assert records.child_values(now[1], "lines") == [LINE] == records.child_values(second, "lines")
    newest = [Event.objects.of_record("invoice", invoice.pk)[0] for invoice in (first, second)]
    assert [(e.type, e.record_version) for e in newest] == [
        ("invoice.updated", now[0].version),
        ("invoice.paid", now[1].version),
    ]
    assert newest[0].changes == {"due_on": ["2026-11-02", "2026-12-01"]}


def test_none_is_changed_where_somebody_changed_one_meanwhile(invoices: list[Invoice]) -> None:
    elsewhere = Invoice.objects.get(pk=invoices[1].pk)
    records.update(elsewhere, {"memo": "A person was faster"}, actor=SYSTEM)
    before, told = [row.version for row in stored(invoices)], Event.objects.count()

    with pytest.raises(records.StaleRecord):
        records.update_many([(invoice, {"memo": "Ours"}, "updated") for invoice in invoices], actor=SYSTEM)

    assert [row.version for row in stored(invoices)] == before
    assert [row.memo for row in stored(invoices)] == ["", "A person was faster", ""]
    assert Event.objects.count() == told
    assert invoices[0].memo == ""


def test_none_is_changed_where_one_breaks_a_rule(invoices: list[Invoice]) -> None:
    with pytest.raises(IntegrityError):
        records.update_many([(invoice, {"number": "SAME"}, "updated") for invoice in invoices], actor=SYSTEM)

    assert [row.number for row in stored(invoices)] == ["INV-1", "INV-2", "INV-3"]


def test_rows_are_stored_as_they_would_be_one_by_one(invoices: list[Invoice]) -> None:
    rows = [Contact(dealership_id=invoices[0].dealership_id, display_name=f"Contact {n}") for n in range(1_001)]

    bulk.insert(rows)
    bulk.insert([])

    assert not rows[0]._state.adding
    found = Contact.objects.in_bulk([row.pk for row in rows])
    assert len(found) == 1_001
    assert found[rows[7].pk].created_at == rows[7].created_at


def test_named_fields_alone_are_written(invoices: list[Invoice]) -> None:
    lines = list(InvoiceLine.objects.filter(invoice=invoices[0]).order_by("position"))
    for line in lines:
        line.amount, line.description = Decimal("5.50"), "Not written"

    bulk.update(lines, ["amount"])

    now = InvoiceLine.objects.filter(invoice=invoices[0]).order_by("position")
    assert list(now.values_list("amount", "description")) == [
        (Decimal("5.50"), "Tires"),
        (Decimal("5.50"), "Fitting"),
    ]


def test_a_row_that_breaks_a_rule_leaves_none_of_them(invoices: list[Invoice]) -> None:
    twice = [InvoiceLine(invoice=invoices[0], position=9, amount=Decimal(1)) for _ in range(2)]

    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert(twice)

    assert not InvoiceLine.objects.filter(position=9).exists()
