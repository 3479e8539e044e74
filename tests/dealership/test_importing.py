"""Importing contacts, vehicles, invoices and payments: all or nothing, the good rows, and the same rows twice."""

import datetime as dt
from decimal import Decimal

import pytest

from dealership import importing, records
from dealership.events import SYSTEM
from dealership.importing.problems import Problem
from dealership.models import Allocation, Contact, Dealership, Event, ImportFile, ImportKey, Invoice, Payment, Vehicle

pytestmark = pytest.mark.django_db
Status = ImportFile.Status
REPEATED = "An earlier row says something else about the same record."
CONTRADICTS = "The row says something else than the first row of the same invoice."


@pytest.fixture
def dealership() -> Dealership:
    return Dealership.objects.create(name="Bytown Motors", slug="bytown", currency="CAD")


def do(dealership: Dealership, kind: str, text: str, *, skip_bad: bool = False, **options: str) -> ImportFile:
    file = importing.upload(dealership, kind, f"{kind}.csv", text.encode(), options=options)
    assert importing.queue(file, skip_bad=skip_bad)
    importing.run(file.pk)
    file.refresh_from_db()
    return file


def counts(file: ImportFile) -> tuple[str, int, int, int, int]:
    return file.status, file.created_count, file.updated_count, file.unchanged_count, file.refused_count


def problems(file: ImportFile) -> list[tuple[int, str, str]]:
    return [(p.row, p.column, p.reason) for p in (Problem(*row) for row in file.problems)]


CONTACTS = "Customer,Email,Phone,City\nAmélie Gagnon,amelie@example.com,613-555-0101,Ottawa\nBob Roy,,,Hull\n"


def test_contacts_are_created_once_and_updated_where_they_differ(dealership: Dealership) -> None:
    first = do(dealership, "contacts", CONTACTS)
    second = do(dealership, "contacts", CONTACTS)
    third = do(dealership, "contacts", CONTACTS.replace("Ottawa", "Kanata"))

    assert counts(first) == (Status.SUCCEEDED, 2, 0, 0, 0)
    assert counts(second) == (Status.SUCCEEDED, 0, 0, 2, 0)
    assert counts(third) == (Status.SUCCEEDED, 0, 1, 1, 0)
    amelie = Contact.objects.get(display_name="Amélie Gagnon")
    assert (amelie.city, amelie.email, amelie.version) == ("Kanata", "amelie@example.com", 2)
    event = Event.objects.get(type="contact.updated")
    assert event.changes == {"city": ["Ottawa", "Kanata"]}
    assert (event.actor_kind, event.actor_id, event.actor_name) == ("import", third.pk, "contacts.csv")


def test_an_empty_cell_never_clears_what_is_stored(dealership: Dealership) -> None:
    do(dealership, "contacts", CONTACTS)

    again = do(dealership, "contacts", "Customer,Email\nAmélie Gagnon,\n")

    assert counts(again) == (Status.SUCCEEDED, 0, 0, 1, 0)


def test_a_numbered_contact_is_found_after_it_was_renamed(dealership: Dealership) -> None:
    do(dealership, "contacts", "Customer number,City\n17850,Leeds\n")
    contact = Contact.objects.get(display_name="Customer 17850")
    records.update(contact, {"display_name": "Leeds Gifts Ltd"}, actor=SYSTEM)

    again = do(dealership, "contacts", "Customer number,City\n17850,York\n")

    assert counts(again) == (Status.SUCCEEDED, 0, 1, 0, 0)
    assert list(Contact.objects.values_list("display_name", "city")) == [("Leeds Gifts Ltd", "York")]


def test_vendors_are_imported_as_vendors(dealership: Dealership) -> None:
    do(dealership, "contacts", "Vendor\nNorth Paint\n", contact_kind="vendor")
    do(dealership, "contacts", "Customer\nNorth Paint\n")

    assert sorted(Contact.objects.values_list("kind", "display_name")) == [
        ("customer", "North Paint"),
        ("vendor", "North Paint"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Customer,Email\nAnn,a@example.com\nBob,nowhere\n", (3, "Email", "This is not an e-mail address.")),
        ("Customer,Email\nAnn,\n,\n,b@example.com\nann,x@example.com\n", (5, "Customer", REPEATED)),
        ("Customer,City,Email\nAnn,Hull\n", (2, "Email", "The row has too few columns.")),
        ("Customer,City\nAnn,Hull\nBob,Hull,x\n", (3, "3", "The row has too many columns.")),
    ],
)  # fmt: skip
def test_one_bad_contact_means_that_nothing_is_imported(
    dealership: Dealership, text: str, expected: tuple[int, str, str]
) -> None:
    file = do(dealership, "contacts", text)

    assert file.status == Status.FAILED
    assert problems(file) == [expected]
    assert not Contact.objects.exists()
    assert not Event.objects.exists()


def test_a_missing_required_column_is_named(dealership: Dealership) -> None:
    file = do(dealership, "invoices", "Invoice,Customer,When,Amount\n1,Ann,2026-01-01,5\n")

    assert file.status == Status.FAILED
    assert problems(file) == [(1, "Issued on", "A required column is missing from the file.")]


def test_vehicles_are_found_by_vin_or_stock_number(dealership: Dealership) -> None:
    text = 'VIN,Stock #,Year,Make,Price\n1C6SRFFT7PN610284,A1,2023,Ram,"45,000.00"\n,A2,2019,Ford,12000\n'
    first = do(dealership, "vehicles", text)
    second = do(dealership, "vehicles", text)
    third = do(dealership, "vehicles", "Stock #,Price\nA1,44500\n")
    clash = do(dealership, "vehicles", "VIN,Stock #\n2C6SRFFT7PN610284,A1\n")

    assert counts(first) == (Status.SUCCEEDED, 2, 0, 0, 0)
    assert counts(second) == (Status.SUCCEEDED, 0, 0, 2, 0)
    assert counts(third) == (Status.SUCCEEDED, 0, 1, 0, 0)
    assert Vehicle.objects.get(stock_number="A1").price == Decimal("44500.00")
    assert problems(clash) == [(2, "Stock #", "The stock number belongs to a vehicle with another VIN.")]


@pytest.mark.parametrize("vin", ["1C6SRFFT7PN61028O", "1C6SRFFT7PN6102844", "x"])
def test_a_bad_vin_is_named(dealership: Dealership, vin: str) -> None:
    file = do(dealership, "vehicles", f"VIN\n1C6SRFFT7PN610284\n{vin}\n")

    assert [(p[0], p[1]) for p in problems(file)] == [(3, "VIN")]
    assert not Vehicle.objects.exists()


INVOICES = (
    "Invoice,Customer,Date,Description,Qty,Rate,Amount,Tax\n"
    "INV-1,Ann,2026-01-15,Oil,2,10.25,20.50,2.67\n"
    "INV-1,Ann,2026-01-15,Labour,1.5,100,150.00,\n"
    "INV-2,Bob,2026-01-16,Deposit back,1,-50.00,-50.00,\n"
)


def test_rows_of_one_number_are_lines_of_one_invoice(dealership: Dealership) -> None:
    first = do(dealership, "invoices", INVOICES)
    second = do(dealership, "invoices", INVOICES)

    assert counts(first) == (Status.SUCCEEDED, 2, 0, 0, 0)
    assert counts(second) == (Status.SUCCEEDED, 0, 0, 2, 0)
    invoice = Invoice.objects.get(number="INV-1")
    assert (invoice.kind, invoice.subtotal, invoice.tax_total) == ("invoice", Decimal("170.50"), Decimal("2.67"))
    assert (invoice.total, invoice.balance, invoice.currency) == (Decimal("173.17"), Decimal("173.17"), "CAD")
    assert [line.description for line in invoice.lines.all()] == ["Oil", "Labour"]
    credit = Invoice.objects.get(number="INV-2")
    assert (credit.kind, credit.total, credit.lines.get().unit_price) == ("credit_note", Decimal(50), Decimal(50))
    assert Contact.objects.count() == 2


def test_a_changed_line_updates_the_invoice_with_an_event(dealership: Dealership) -> None:
    do(dealership, "invoices", INVOICES)

    again = do(dealership, "invoices", INVOICES.replace("1.5,100,150.00", "2,100,200.00"))

    assert counts(again) == (Status.SUCCEEDED, 0, 1, 1, 0)
    assert Invoice.objects.get(number="INV-1").balance == Decimal("223.17")
    changed = Event.objects.get(type="invoice.updated")
    assert sorted(changed.changes) == ["balance", "lines", "subtotal", "total"]


def test_a_tax_code_added_since_is_not_taken_away(dealership: Dealership) -> None:
    do(dealership, "invoices", INVOICES)
    Invoice.objects.get(number="INV-1").lines.update(tax_code="HST")

    again = do(dealership, "invoices", INVOICES)

    assert counts(again) == (Status.SUCCEEDED, 0, 0, 2, 0)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("2026-01-16", "16 Jan", (4, "Date", "This is not a date.")),
        ("2026-01-16", "2026-02-30", (4, "Date", "This day does not exist in the chosen date order.")),
        ("20.50,2.67", "20.x,2.67", (2, "Amount", "This is not a number in the chosen format.")),
        ("10.25,20.50", "10.25,25.00", (2, "Amount", "Quantity times unit price is not the amount.")),
        ("INV-2,Bob", "INV-2,", (4, "Customer", "The invoice has no customer.")),
        ("INV-2,Bob", ",Bob", (4, "Invoice", "The cell is empty.")),
        ("INV-1,Ann,2026-01-15,Labour", "INV-1,Eve,2026-01-15,Labour", (3, "Customer", CONTRADICTS)),
    ],
)  # fmt: skip
def test_one_bad_invoice_row_means_that_nothing_is_imported(
    dealership: Dealership, old: str, new: str, expected: tuple[int, str, str]
) -> None:
    file = do(dealership, "invoices", INVOICES.replace(old, new))

    assert file.status == Status.FAILED
    assert expected in problems(file)
    assert not Invoice.objects.exists()
    assert not Contact.objects.exists()


def test_the_good_invoices_are_imported_when_asked_for(dealership: Dealership) -> None:
    bad = INVOICES.replace("20.50,2.67", "20.x,2.67")

    file = do(dealership, "invoices", bad, skip_bad=True)

    assert counts(file) == (Status.SUCCEEDED, 1, 0, 0, 2)
    assert problems(file) == [
        (2, "Amount", "This is not a number in the chosen format."),
        (3, "Invoice", "Another row of the same invoice cannot be used."),
    ]
    assert list(Invoice.objects.values_list("number", flat=True)) == ["INV-2"]


def test_a_number_of_another_customer_is_refused(dealership: Dealership) -> None:
    do(dealership, "invoices", INVOICES)

    file = do(dealership, "invoices", INVOICES.replace("Bob", "Eve"))

    assert problems(file) == [(4, "Invoice", "This number already belongs to another customer here.")]
    assert not Contact.objects.filter(display_name="Eve").exists()


def test_dates_that_read_two_ways_are_asked_about(dealership: Dealership) -> None:
    text = "Invoice,Customer,Date,Amount\n1,Ann,1/2/2026,5\n"

    unclear = do(dealership, "invoices", text)
    clear = do(dealership, "invoices", text, dates="dmy")

    assert unclear.status == Status.FAILED
    assert problems(unclear)[0][1] == "Date"
    assert clear.status == Status.SUCCEEDED
    assert Invoice.objects.get().issued_on == dt.date(2026, 2, 1)


def test_another_dealership_is_never_touched(dealership: Dealership) -> None:
    other = Dealership.objects.create(name="Other", slug="other", currency="CAD")
    do(other, "invoices", INVOICES)

    file = do(dealership, "invoices", INVOICES)

    assert counts(file) == (Status.SUCCEEDED, 2, 0, 0, 0)
    assert Contact.objects.for_dealership(dealership).count() == 2


PAYMENTS = (
    "Customer,Date,Amount,Reference,Invoice\n"
    "Ann,2026-02-01,100.00,CHQ 7,INV-1\n"
    "Ann,2026-02-02,100.00,,INV-1\n"
    "Ann,2026-02-02,5.00,,\n"
    "Ann,2026-02-02,5.00,,\n"
)


def test_payments_settle_the_invoice_they_name_and_come_in_once(dealership: Dealership) -> None:
    do(dealership, "invoices", INVOICES)

    first = do(dealership, "payments", PAYMENTS)
    second = do(dealership, "payments", PAYMENTS)

    assert counts(first) == (Status.SUCCEEDED, 4, 0, 0, 0)
    assert counts(second) == (Status.SUCCEEDED, 0, 0, 4, 0)
    invoice = Invoice.objects.get(number="INV-1")
    assert (invoice.status, invoice.balance) == ("paid", Decimal(0))
    assert sorted(Allocation.objects.values_list("amount", flat=True)) == [Decimal("73.17"), Decimal("100.00")]
    assert Payment.objects.count() == 4


def test_a_payment_with_its_own_id_can_be_corrected(dealership: Dealership) -> None:
    do(dealership, "invoices", INVOICES)
    text = "Payment ID,Customer,Date,Amount,Invoice\nP-1,Ann,2026-02-01,100,INV-1\n"
    do(dealership, "payments", text)

    again = do(dealership, "payments", text.replace(",100,", ",120,"))

    assert counts(again) == (Status.SUCCEEDED, 0, 1, 0, 0)
    assert Allocation.objects.get().amount == Decimal(120)
    assert Invoice.objects.get(number="INV-1").balance == Decimal("53.17")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("CHQ 7,INV-1", "CHQ 7,INV-9", "No invoice with this number is here. Import the invoices first."),
        ("Ann,2026-02-01", "Bob,2026-02-01", "This invoice belongs to another customer."),
        ("100.00,CHQ", "-100.00,CHQ", "A payment must be more than zero."),
    ],
)
def test_a_payment_that_cannot_be_is_named(dealership: Dealership, old: str, new: str, reason: str) -> None:
    do(dealership, "invoices", INVOICES)

    file = do(dealership, "payments", PAYMENTS.replace(old, new))

    assert [(p[0], p[2]) for p in problems(file)] == [(2, reason)]
    assert not Payment.objects.exists()


def test_the_corrected_error_file_completes_the_import(dealership: Dealership) -> None:
    text = "Customer,Phone,Email\nAnn,=613,ann@example.com\nBob,-5x,nowhere\n"
    first = do(dealership, "contacts", text, skip_bad=True)
    assert counts(first) == (Status.SUCCEEDED, 1, 0, 0, 1)
    errors = importing.error_file(importing.sheet_of(first), [Problem(*row) for row in first.problems])

    second = do(
        dealership,
        "contacts",
        errors.decode("utf-8-sig").replace("nowhere)", "x)").replace("nowhere", "bob@example.com"),
    )

    assert counts(second) == (Status.SUCCEEDED, 1, 0, 0, 0)
    assert Contact.objects.get(display_name="Bob").phone == "-5x"


def test_a_path_never_enters_the_file_name(dealership: Dealership) -> None:
    for given in ("../../etc/passwd.csv", "C:\\Users\\ann\\passwd.csv", "/passwd.csv"):
        assert importing.upload(dealership, "contacts", given, CONTACTS.encode()).file_name == "passwd.csv"


def test_a_number_is_kept_for_each_kind_of_contact(dealership: Dealership) -> None:
    do(dealership, "contacts", "Number,Vendor\n1,North Paint\n", contact_kind="vendor")
    do(dealership, "invoices", "Invoice,Customer number,Date,Amount\n1,1,2026-01-01,5\n")

    assert sorted(ImportKey.objects.values_list("scope", "number")) == [("customer", "1"), ("vendor", "1")]
    assert Invoice.objects.get().contact.display_name == "Customer 1"
