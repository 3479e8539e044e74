"""A record is changed in one place: with its version, its event, its totals and its own dealership."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from dealership import records, totals
from dealership.events import SYSTEM, Actor
from dealership.models import Account, Contact, Dealership, Event, Expense, Invoice, Payment

DAY = date(2026, 11, 2)
MINE = Actor(kind=Event.Actor.USER, name="Claire Nadeau")


@pytest.fixture
def home(db: None) -> Dealership:
    return Dealership.objects.create(name="Rideau Auto", slug="rideau-auto")


@pytest.fixture
def ana(home: Dealership) -> Contact:
    return records.create(Contact, home, {"display_name": "Ana Cruz", "phone": "555-0100"}, actor=MINE)


def line(amount: str, description: str = "Service", quantity: str = "1") -> dict[str, Any]:
    price = Decimal(amount) / Decimal(quantity)
    return {
        "description": description,
        "quantity": Decimal(quantity),
        "unit_price": price,
        "amount": Decimal(amount),
    }


def invoice(contact: Contact, number: str = "INV-1", *amounts: str, **values: Any) -> Invoice:
    facts = {
        "number": number,
        "contact_id": contact.pk,
        "issued_on": DAY,
        "currency": "CAD",
        "status": "open",
        "lines": [line(amount) for amount in amounts or ("100.00",)],
        **values,
    }
    return records.create(Invoice, contact.dealership, facts, actor=MINE)


def payment(paid: Invoice, amount: str, **values: Any) -> Payment:
    facts = {
        "contact_id": paid.contact_id,
        "amount": Decimal(amount),
        "currency": "CAD",
        "paid_on": DAY,
        "allocations": [{"invoice_id": paid.pk, "amount": Decimal(amount)}],
        **values,
    }
    return records.create(Payment, paid.dealership, facts, actor=MINE)


def last_event(record: Any) -> Event:
    event = Event.objects.of_record(record.record_type(), record.pk).first()
    assert event is not None
    return event


def now(paid: Invoice) -> tuple[str, Decimal]:
    paid.refresh_from_db()
    return paid.status, paid.balance


def test_a_new_record_tells_what_it_starts_with(ana: Contact) -> None:
    event = last_event(ana)

    assert (ana.version, event.type, event.record_version) == (1, "contact.created", 1)
    assert (event.actor_kind, event.actor_name) == ("user", "Claire Nadeau")
    assert event.changes == {"display_name": [None, "Ana Cruz"], "phone": [None, "555-0100"]}


def test_a_change_raises_the_version_and_tells_before_and_after(ana: Contact) -> None:
    changed = records.update(ana, {"phone": "555-0199", "display_name": "Ana Cruz"}, actor=MINE)

    assert (changed, ana.version, ana.phone) == (True, 2, "555-0199")
    event = last_event(ana)
    assert (event.type, event.record_version, event.changes) == (
        "contact.updated",
        2,
        {"phone": ["555-0100", "555-0199"]},
    )


def test_a_change_that_changes_nothing_leaves_no_trace(ana: Contact) -> None:
    changed = records.update(ana, {"phone": "555-0100"}, actor=MINE)

    ana.refresh_from_db()
    assert (changed, ana.version, Event.objects.count()) == (False, 1, 1)


def test_a_change_on_top_of_an_older_version_is_refused_and_leaves_no_trace(ana: Contact) -> None:
    mine, theirs = Contact.objects.get(), Contact.objects.get()
    records.update(theirs, {"phone": "555-0111"}, actor=MINE)

    with pytest.raises(records.StaleRecord):
        records.update(mine, {"phone": "555-0222"}, actor=MINE)

    ana.refresh_from_db()
    assert (ana.phone, ana.version, Event.objects.count()) == ("555-0111", 2, 2)


def test_a_record_is_not_changed_when_its_event_cannot_be_written(
    ana: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **facts: Any) -> Event:
        raise IntegrityError

    monkeypatch.setattr(records, "build_event", broken)
    with pytest.raises(IntegrityError):
        records.update(ana, {"phone": "555-0199"}, actor=MINE)

    ana.refresh_from_db()
    assert (ana.phone, ana.version) == ("555-0100", 1)


def test_a_deletion_is_soft_and_can_be_taken_back(ana: Contact) -> None:
    records.delete(ana, actor=MINE)
    deleted = (Contact.objects.present().count(), Contact.objects.count(), last_event(ana).type)

    records.restore(ana, actor=MINE)

    assert deleted == (0, 1, "contact.deleted")
    assert (Contact.objects.present().count(), last_event(ana).type, ana.version) == (1, "contact.restored", 3)


def test_totals_follow_from_lines_and_taxes(ana: Contact) -> None:
    made = invoice(ana, "INV-1", "100.00", "45.50", taxes=[{"name": "HST", "amount": Decimal("18.92")}])

    assert (made.subtotal, made.tax_total, made.total, made.balance) == (
        Decimal("145.50"),
        Decimal("18.92"),
        Decimal("164.42"),
        Decimal("164.42"),
    )


def test_changed_lines_replace_the_old_ones_and_move_the_balance(ana: Contact) -> None:
    made = invoice(ana, "INV-1", "100.00", "45.50")

    records.update(made, {"lines": [line("80.00", "Tyres")]}, actor=MINE)

    rows = list(made.lines.values_list("position", "description", "amount"))
    assert rows == [(1, "Tyres", Decimal("80.00"))]
    made.refresh_from_db()
    assert (made.total, made.balance) == (80, 80)


def test_lines_that_are_the_same_are_no_change(ana: Contact) -> None:
    made = invoice(ana, "INV-1", "100.00")
    version = made.version

    assert not records.update(made, {"lines": records.child_values(made, "lines")}, actor=MINE)
    assert made.version == version


def test_payments_bring_an_invoice_from_open_to_paid_and_tell_it(ana: Contact) -> None:
    made = invoice(ana, "INV-1", "100.00")

    payment(made, "60.00")
    partly = now(made)
    payment(made, "40.00")

    assert (partly, now(made)) == (("open", Decimal("40.00")), ("paid", Decimal("0.00")))
    assert last_event(made).type == "invoice.paid"


def test_a_payment_that_is_voided_deleted_or_moved_gives_the_balance_back(ana: Contact) -> None:
    first, second = invoice(ana, "INV-1", "100.00"), invoice(ana, "INV-2", "100.00")
    voided, deleted, moved = (payment(first, amount) for amount in ("10.00", "20.00", "70.00"))
    full = now(first)

    records.void(voided, actor=MINE)
    records.delete(deleted, actor=MINE)
    records.update(moved, {"allocations": [{"invoice_id": second.pk, "amount": Decimal("70.00")}]}, actor=MINE)

    assert full == ("paid", Decimal("0.00"))
    assert now(first) == ("open", Decimal("100.00"))
    assert now(second) == ("open", Decimal("30.00"))


def test_a_void_keeps_the_amounts_and_counts_no_more(ana: Contact) -> None:
    made = invoice(ana, "INV-1", "100.00")

    records.void(made, actor=MINE)

    made.refresh_from_db()
    assert (made.status, made.total, made.balance, last_event(made).type) == ("void", 100, 0, "invoice.voided")


def test_a_payment_does_not_bring_a_void_invoice_back(ana: Contact) -> None:
    made = invoice(ana, "INV-1", "100.00")
    paid = payment(made, "60.00")
    records.void(Invoice.objects.get(), actor=MINE)

    records.void(paid, actor=MINE)

    assert now(made) == ("void", Decimal("0.00"))


def test_a_draft_stays_a_draft_when_it_is_paid_ahead(ana: Contact) -> None:
    made = invoice(ana, "INV-1", "100.00", status="draft")

    payment(made, "100.00")

    assert now(made) == ("draft", Decimal("0.00"))


def test_a_purchase_owes_nothing_and_a_bill_its_total(home: Dealership) -> None:
    fuel = records.create(Account, home, {"name": "Fuel", "currency": "CAD"}, actor=SYSTEM)
    lines = [{"account_id": fuel.pk, "description": "Diesel", "amount": Decimal("60.40")}]
    facts = {"issued_on": DAY, "currency": "CAD", "lines": lines}

    bill = records.create(Expense, home, {**facts, "kind": "bill"}, actor=MINE)
    purchase = records.create(Expense, home, {**facts, "kind": "purchase", "payment_type": "cash"}, actor=MINE)

    assert (bill.total, bill.balance) == (Decimal("60.40"), Decimal("60.40"))
    assert (purchase.total, purchase.balance) == (Decimal("60.40"), Decimal("0.00"))


@pytest.mark.parametrize("field", ["contact_id", "allocations"])
def test_a_reference_to_another_dealership_is_refused_and_nothing_is_written(ana: Contact, field: str) -> None:
    elsewhere = Dealership.objects.create(name="Autos Laval", slug="autos-laval")
    stranger = records.create(Contact, elsewhere, {"display_name": "Lucie"}, actor=SYSTEM)
    theirs = invoice(stranger, "INV-9")
    own = invoice(ana, "INV-1")
    wrong = {"contact_id": stranger.pk, "allocations": [{"invoice_id": theirs.pk, "amount": Decimal(1)}]}

    with pytest.raises(records.ForeignRecord):
        payment(own, "1.00", **{field: wrong[field]})

    assert Payment.objects.count() == 0


def test_a_number_is_used_once_among_the_invoices_that_are_not_deleted(ana: Contact) -> None:
    first = invoice(ana, "INV-1")
    with pytest.raises(IntegrityError), transaction.atomic():
        invoice(ana, "INV-1")

    records.delete(first, actor=MINE)
    invoice(ana, "INV-1")
    invoice(ana, "INV-1", kind="credit_note")
    invoice(ana, "")
    invoice(ana, "")

    assert Invoice.objects.present().count() == 4


def test_many_records_are_made_in_a_fixed_number_of_statements(
    home: Dealership, ana: Contact, django_assert_max_num_queries: Any
) -> None:
    rows = [
        {"number": f"INV-{n}", "contact_id": ana.pk, "issued_on": DAY, "currency": "CAD", "lines": [line("1.00")]}
        for n in range(50)
    ]

    with django_assert_max_num_queries(8), transaction.atomic():
        made = records.create_many(Invoice, home.pk, rows, actor=MINE)

    assert len(made) == Invoice.objects.count() == 50
    assert Event.objects.filter(type="invoice.created").count() == 50


@given(st.lists(st.decimals("-9999.99", "9999.99", places=2), min_size=1, max_size=8))
def test_a_total_is_the_exact_sum_of_its_lines(amounts: list[Decimal]) -> None:
    filled = totals.fill(Invoice, {"lines": [{"amount": amount} for amount in amounts]})

    cents = sum(int(amount * 100) for amount in amounts)
    assert filled["total"] == filled["subtotal"] == filled["balance"] == Decimal(cents) / 100


@pytest.mark.parametrize(
    ("quantity", "price", "amount"),
    [("3", "0.335", "1.01"), ("1", "0.005", "0.01"), ("-1", "0.005", "-0.01"), ("0.5", "0.03", "0.02")],
)
def test_line_amounts_are_rounded_half_up(quantity: str, price: str, amount: str) -> None:
    assert totals.line_amount(Decimal(quantity), Decimal(price)) == Decimal(amount)
