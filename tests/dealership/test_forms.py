"""The forms of the record pages: what is saved, what is refused and named."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from dealership import records
from dealership.events import SYSTEM
from dealership.models import Contact, Expense, Invoice, Payment
from tests.dealership import page_cases
from tests.dealership.page_cases import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return page_cases.world()


@pytest.fixture
def staff(world: World) -> Client:
    return world.client("staff")


def rows(prefix: str, *given: dict[str, Any]) -> dict[str, Any]:
    """A formset's fields as a browser sends them."""
    sent: dict[str, Any] = {f"{prefix}-TOTAL_FORMS": len(given), f"{prefix}-INITIAL_FORMS": 0}
    for n, row in enumerate(given):
        sent |= {f"{prefix}-{n}-{name}": value for name, value in row.items()}
    return sent


def invoice_fields(**changes: Any) -> dict[str, Any]:
    return {
        "kind": "invoice",
        "number": "INV-77",
        "contact": "Amélie Gagnon",
        "issued_on": "2026-11-02",
        "currency": "CAD",
        "status": "open",
        **rows("lines", {"description": "Oil", "quantity": "3", "unit_price": "0.335"}),
        **rows("taxes", {"name": "HST", "rate_percent": "13"}),
        **changes,
    }


def test_an_invoice_is_saved_with_totals_rounded_half_up(world: World, staff: Client) -> None:
    answer = staff.post(reverse("dealership:invoice_create"), invoice_fields())

    invoice = Invoice.objects.get(number="INV-77")
    assert answer.status_code == 302
    assert [line.amount for line in invoice.lines.all()] == [Decimal("1.01")]
    assert (invoice.subtotal, invoice.tax_total, invoice.total) == (Decimal("1.01"), Decimal("0.13"), Decimal("1.14"))
    assert invoice.contact == world.rows["contact"]


def test_empty_and_removed_rows_are_left_out(world: World, staff: Client) -> None:
    lines = rows(
        "lines",
        {"description": "Oil", "quantity": "1", "unit_price": "5"},
        {"description": "", "quantity": "1", "unit_price": ""},
        {"description": "Not this", "quantity": "1", "unit_price": "9", "DELETE": "on"},
    )

    staff.post(reverse("dealership:invoice_create"), invoice_fields(**lines))

    assert [line.description for line in Invoice.objects.get(number="INV-77").lines.all()] == ["Oil"]


def test_saving_an_invoice_unchanged_changes_nothing(world: World, staff: Client) -> None:
    invoice: Invoice = world.rows["invoice"]
    url = reverse("dealership:invoice_edit", args=[invoice.pk])
    form = staff.get(url).context["form"]
    sent = {f.html_name: f.value() for f in form if f.value() is not None}
    for formset in (form.lines, form.taxes):
        sent |= {f.html_name: f.value() for f in formset.management_form}
        sent |= {f.html_name: f.value() or "" for row in formset for f in row}
    before = Invoice.objects.get(pk=invoice.pk).version

    answer = staff.post(url, sent)

    assert answer.status_code == 302
    assert Invoice.objects.get(pk=invoice.pk).version == before


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"number": "INV-1"}, "This one exists already."),
        ({"contact": "Nobody"}, "Nothing here is called “Nobody”."),
        ({"contact": ""}, "This field is required."),
        ({"currency": "cad"}, "three capital letters"),
        ({"due_on": "2026-11-01"}, "before the day of the invoice"),
        ({"issued_on": "yesterday"}, "Enter a valid date."),
        (rows("lines"), "at least one line"),
        (rows("lines", {"description": "Oil", "quantity": "x", "unit_price": "1"}), "Enter a number."),
        (rows("taxes", {"name": "HST", "rate_percent": ""}), "Give the rate or the amount."),
    ],
)
def test_a_wrong_invoice_is_named_and_not_saved(world: World, staff: Client, wrong: dict[str, Any], said: str) -> None:
    answer = staff.post(reverse("dealership:invoice_create"), invoice_fields(**wrong))

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert Invoice.objects.count() == 1


def test_a_reference_that_fits_several_asks_which_one(world: World, staff: Client) -> None:
    first = page_cases.contact(world.dealership, "Sam Lee", phone="1")
    second = page_cases.contact(world.dealership, "Sam Lee", phone="2")

    asked = staff.post(reverse("dealership:invoice_create"), invoice_fields(contact="Sam Lee"))
    staff.post(reverse("dealership:invoice_create"), invoice_fields(contact="Sam Lee", contact_choice=str(second.pk)))

    assert asked.status_code == 422
    assert f'value="{first.pk}"' in asked.content.decode()
    assert Invoice.objects.get(number="INV-77").contact == second


def test_a_reference_to_another_dealership_is_not_found(world: World, staff: Client) -> None:
    foreign = page_cases.contact(page_cases.dealership("Gatineau Motors"), "Foreign")

    answer = staff.post(reverse("dealership:invoice_create"), invoice_fields(contact=str(foreign.pk)))

    assert answer.status_code == 422
    assert Invoice.objects.count() == 1


def test_a_record_changed_meanwhile_is_not_overwritten(world: World, staff: Client) -> None:
    contact: Contact = world.rows["contact"]
    sent = {"kind": "customer", "display_name": "Mine", "version": contact.version, "active": "on"}
    records.update(Contact.objects.get(pk=contact.pk), {"display_name": "Theirs"}, actor=SYSTEM)

    answer = staff.post(reverse("dealership:contact_edit", args=[contact.pk]), sent)

    assert answer.status_code == 422
    assert "was changed by somebody else meanwhile" in answer.content.decode()
    assert Contact.objects.get(pk=contact.pk).display_name == "Theirs"


def payment_fields(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "contact": "Amélie Gagnon",
        "amount": "73.00",
        "currency": "CAD",
        "paid_on": "2026-11-20",
        "reference": "PAY-2",
        "offered_to": str(world.rows["contact"].pk),
        f"allocation_{world.rows['invoice'].pk}": "73.00",
        **changes,
    }


def test_a_payment_settles_the_invoice_it_is_given_to(world: World, staff: Client) -> None:
    staff.post(reverse("dealership:payment_create"), payment_fields(world))

    invoice = Invoice.objects.get(pk=world.rows["invoice"].pk)
    assert (invoice.balance, invoice.status) == (Decimal("0.00"), Invoice.Status.PAID)


def test_a_payment_shows_the_open_invoices_once_the_customer_is_known(world: World, staff: Client) -> None:
    sent = payment_fields(world)
    del sent["offered_to"]

    answer = staff.post(reverse("dealership:payment_create"), sent)

    assert answer.status_code == 422
    assert "Choose which invoices this payment settles" in answer.content.decode()
    assert f"allocation_{world.rows['invoice'].pk}" in answer.content.decode()
    assert Payment.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"amount": "80.00", "allocation": "73.01"}, "Only $73.00"),
        ({"amount": "72.99"}, "add up to more than this"),
        ({"currency": "USD"}, "another currency"),
        ({"amount": "-1"}, "more than nothing"),
    ],
)
def test_a_payment_cannot_give_more_than_there_is(
    world: World, staff: Client, changes: dict[str, Any], said: str
) -> None:
    sent = payment_fields(world, **changes)
    if "allocation" in sent:
        sent[f"allocation_{world.rows['invoice'].pk}"] = sent.pop("allocation")

    answer = staff.post(reverse("dealership:payment_create"), sent)

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert Payment.objects.count() == 1


def test_an_expense_is_the_sum_of_its_lines(world: World, staff: Client) -> None:
    lines = rows(
        "lines",
        {"account_id": str(world.rows["account"].pk), "description": "Oil", "amount": "10.10"},
        {"account_id": "", "description": "Rags", "amount": "0.95"},
    )
    sent = {"kind": "purchase", "payment_type": "card", "issued_on": "2026-11-02", "currency": "CAD", **lines}

    answer = staff.post(reverse("dealership:expense_create"), sent)

    expense = Expense.objects.get(kind="purchase")
    assert answer.status_code == 302
    assert (expense.total, expense.status) == (Decimal("11.05"), Expense.Status.PAID)


def test_a_purchase_must_say_how_it_was_paid(world: World, staff: Client) -> None:
    sent = {"kind": "purchase", "issued_on": "2026-11-02", "currency": "CAD", **rows("lines", {"amount": "1"})}

    answer = staff.post(reverse("dealership:expense_create"), sent)

    assert answer.status_code == 422
    assert Expense.objects.count() == 1


def test_a_vin_is_checked_and_kept_in_capitals(world: World, staff: Client) -> None:
    url = reverse("dealership:vehicle_create")

    wrong = staff.post(url, {"vin": "123", "status": "in_stock"})
    right = staff.post(url, {"vin": "2hgfc2f59kh512345", "status": "in_stock"})

    assert wrong.status_code == 422
    assert right.status_code == 302
    assert type(world.rows["vehicle"]).objects.filter(vin="2HGFC2F59KH512345").exists()
