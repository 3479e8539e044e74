"""QuickBooks' objects as canonical records, to the cent."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.errors import RejectedRecord
from connectors.providers.quickbooks import mapping
from connectors.providers.quickbooks.company import Facts
from connectors.providers.quickbooks.streams import ENTITIES
from connectors.records import Account, Allocation, Contact, Expense, ExpenseLine, Invoice, Line, Payment
from tests.providers.quickbooks.support import FOLDER, fixture
from tests.support.spec import Spec

FACTS = Facts(home_currency="USD", methods={"1": "Cash", "4": "Check"})
OBJECTS = sorted(path for path in FOLDER.glob("*__*.json") if path.name.split("__")[0] in ENTITIES)


@pytest.mark.parametrize("path", OBJECTS, ids=lambda path: path.stem)
def test_the_fixtures_have_the_provider_s_shape(path: Path) -> None:
    Spec.load("quickbooks").check_schema(ENTITIES[path.stem.split("__")[0]], path.read_text("utf-8"))


def test_a_customer() -> None:
    assert mapping.contact(fixture("customers__ordinary"), FACTS) == Contact(
        display_name="Ana Cruz",
        first_name="Ana",
        last_name="Cruz",
        company_name="Cruz Bakery",
        email="ana@example.com",
        phone="(555) 010-0101",
        address_line1="1 Main St",
        address_line2="Suite 4",
        city="Austin",
        region="TX",
        postal_code="78701",
        country="USA",
        tax_id="TX-77",
        notes="Prefers mornings",
        currency="USD",
        active=True,
    )


def test_an_inactive_name_loses_the_suffix_that_quickbooks_adds() -> None:
    contact = mapping.contact(fixture("customers__inactive"), FACTS)

    assert (contact.display_name, contact.active) == ("Bo Lind", False)


def test_a_vendor_s_masked_tax_number_stays_out() -> None:
    contact = mapping.MAPPERS["vendors"](fixture("vendors__masked_tax_id"), FACTS)

    assert isinstance(contact, Contact)
    assert (contact.display_name, contact.tax_id, contact.notes) == ("Lone Star Parts", "", "")


def test_an_invoice_keeps_totals_and_drops_the_subtotal_line() -> None:
    assert mapping.invoice(fixture("invoices__ordinary"), FACTS) == Invoice(
        number="INV-1042",
        contact_id="58",
        issued_on=date(2026, 3, 1),
        due_on=date(2026, 3, 15),
        currency="USD",
        lines=(
            Line(
                description="Brake service, VIN 1HGCM82633A004352",
                quantity=Decimal(3),
                unit_price=Decimal(150),
                amount=Decimal("450.00"),
                tax_code="TAX",
            ),
            Line(description="Shop supplies", unit_price=Decimal("12.5"), amount=Decimal("12.50")),
        ),
        memo="Thank you",
        subtotal=Decimal("462.50"),
        tax_total=Decimal("37.13"),
        total=Decimal("499.63"),
        balance=Decimal("199.63"),
    )


def test_bundles_are_opened_and_a_discount_is_a_line_below_zero() -> None:
    invoice = mapping.invoice(fixture("invoices__discount_bundle_and_text"), FACTS)

    assert [(line.description, line.amount) for line in invoice.lines] == [
        ("Winter tyres", Decimal("400.00")),
        ("Fitting", Decimal("60.00")),
        ("Keys handed over at the desk", Decimal("0.00")),
        ("", Decimal("-46.00")),
    ]
    assert sum(line.amount for line in invoice.lines) == invoice.total


def test_a_void_invoice_is_known_by_its_note() -> None:
    assert mapping.invoice(fixture("invoices__void"), FACTS).void


def test_a_zero_invoice_without_the_word_is_not_void() -> None:
    raw = fixture("invoices__void") | {"PrivateNote": "A gift"}

    assert not mapping.invoice(raw, FACTS).void


def test_an_invoice_without_a_customer_is_rejected_with_the_next_step() -> None:
    with pytest.raises(RejectedRecord) as caught:
        mapping.invoice(fixture("invoices__no_customer"), FACTS)

    assert caught.value.message == "Invoice INV-1045 has no customer."
    assert caught.value.next_step == "Complete it in QuickBooks, then retry."


def test_a_credit_memo_shows_what_is_left_of_it() -> None:
    credit = mapping.MAPPERS["credit_memos"](fixture("credit_memos__partly_used"), FACTS)

    assert isinstance(credit, Invoice)
    assert (credit.total, credit.balance, credit.due_on) == (Decimal("80.00"), Decimal("30.00"), None)


def test_the_code_for_no_tax_is_no_tax_code() -> None:
    raw = fixture("credit_memos__partly_used")
    raw["Line"][0]["SalesItemLineDetail"]["TaxCodeRef"]["value"] = "5"

    assert mapping.invoice(raw, FACTS).lines[0].tax_code == "5"
    assert mapping.invoice(raw, replace(FACTS, untaxed=frozenset({"5"}))).lines[0].tax_code == ""


def test_a_payment_settles_invoices_and_keeps_people_s_note() -> None:
    assert mapping.payment(fixture("payments__two_invoices_and_a_credit"), FACTS) == Payment(
        contact_id="58",
        amount=Decimal("350.00"),
        currency="USD",
        paid_on=date(2026, 3, 1),
        method="Check",
        reference="CHK-88",
        memo="Paid at the desk",
        allocations=(
            Allocation(invoice_id="1240", amount=Decimal("100.00")),
            Allocation(invoice_id="239", amount=Decimal("300.00")),
        ),
    )


def test_a_void_payment_keeps_the_note_without_the_word() -> None:
    payment = mapping.payment(fixture("payments__void"), FACTS)

    assert (payment.void, payment.memo) == (True, "Paid twice")


def test_a_bill_with_account_and_item_lines() -> None:
    assert mapping.bill(fixture("bills__account_and_item_lines"), FACTS) == Expense(
        vendor_id="71",
        issued_on=date(2026, 3, 1),
        due_on=date(2026, 3, 31),
        reference="LS-5567",
        description="March parts",
        currency="USD",
        lines=(
            ExpenseLine(account_id="15", description="Brake pads", amount=Decimal("60.40")),
            ExpenseLine(description="Oil filter", amount=Decimal("29.50")),
        ),
        total=Decimal("89.90"),
        balance=Decimal("89.90"),
    )


def test_a_purchase_by_card() -> None:
    assert mapping.purchase(fixture("purchases__card"), FACTS) == Expense(
        vendor_id="71",
        issued_on=date(2026, 3, 1),
        reference="R-9",
        description="Demo car",
        payment_type="card",
        account_id="41",
        currency="USD",
        lines=(ExpenseLine(account_id="16", description="Fuel", amount=Decimal("54.20")),),
        total=Decimal("54.20"),
    )


def test_money_that_came_back_to_the_card_is_below_zero() -> None:
    expense = mapping.purchase(fixture("purchases__card_credit"), FACTS)

    assert (expense.total, expense.lines[0].amount) == (Decimal("-20.00"), Decimal("-20.00"))


def test_a_payee_who_is_no_vendor_is_left_out() -> None:
    expense = mapping.purchase(fixture("purchases__paid_to_employee"), FACTS)

    assert (expense.vendor_id, expense.payment_type) == ("", "check")


def test_an_account() -> None:
    assert mapping.account(fixture("accounts__bank"), FACTS) == Account(
        name="Checking",
        code="1000",
        type="Bank",
        subtype="Checking",
        classification="Asset",
        currency="USD",
        active=True,
        balance=Decimal("25000.50"),
    )


def test_a_company_without_currencies_has_its_own() -> None:
    raw = fixture("invoices__ordinary")
    del raw["CurrencyRef"]

    assert mapping.invoice(raw, FACTS).currency == "USD"
