"""A retailer's real export: every cent is imported or refused by name, and a second import changes nothing.

The expected figures are counted here from the file itself, in another way than the import does it.
"""

import csv
import io
import os
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from dealership.models import Contact, Dealership, Event, ImportFile, Invoice

pytestmark = pytest.mark.django_db
DATA = Path(__file__).resolve().parents[1] / "data"
REAL = Path(os.environ.get("LOTBRIDGE_REAL_DATA", "/nonexistent"))
CENT = Decimal("0.01")


@pytest.fixture
def dealership() -> Dealership:
    return Dealership.objects.create(name="Bytown Motors", slug="bytown", currency="CAD")


class Expected:
    """The rules once more, row by row."""

    def __init__(self, path: Path) -> None:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        self.row_count = len(rows)
        self.sum = self.refused_sum = Decimal(0)
        self.refused = 0
        self.invoices: dict[str, Decimal] = defaultdict(Decimal)
        self.credit_notes: dict[str, Decimal] = defaultdict(Decimal)
        self.customers: set[str] = set()
        owner: dict[str, tuple[str, str]] = {}
        for row in rows:
            number, quantity, price = row["InvoiceNo"], Decimal(row["Quantity"]), Decimal(row["UnitPrice"])
            amount = (quantity * price).quantize(CENT, ROUND_HALF_UP)
            self.sum += amount
            identity = (row["InvoiceDate"].split(" ")[0], row["CustomerID"])
            usable = price > 0 and number[0] != "A" and row["CustomerID"]
            if not usable or owner.setdefault(number, identity) != identity:
                self.refused += 1
                self.refused_sum += amount
                continue
            self.customers.add(row["CustomerID"])
            if number[0] == "C" or quantity < 0:
                self.credit_notes[number] -= amount
            else:
                self.invoices[number] += amount


def run(path: Path, *options: str) -> str:
    out = io.StringIO()
    arguments = ("--dealership", "bytown", "--kind", "invoices", "--profile", "online-retail", "--currency", "GBP")
    call_command("import_csv", str(path), *arguments, *options, stdout=out)
    return out.getvalue()


def stored(kind: str) -> dict[str, Decimal]:
    return dict(Invoice.objects.filter(kind=kind).values_list("number", "total"))


def check_twice(path: Path) -> Expected:
    expected = Expected(path)

    first = run(path)
    events = Event.objects.count()
    second = run(path)

    assert stored("invoice") == expected.invoices
    assert stored("credit_note") == expected.credit_notes
    imported = sum(expected.invoices.values()) - sum(expected.credit_notes.values())
    assert imported + expected.refused_sum == expected.sum
    assert set(Contact.objects.values_list("display_name", flat=True)) == {f"Customer {c}" for c in expected.customers}
    assert Contact.objects.count() == len(expected.customers)
    records = len(expected.invoices) + len(expected.credit_notes)
    assert f"Created {records:,}, updated 0, unchanged 0; rows refused {expected.refused:,}." in first
    assert f"Created 0, updated 0, unchanged {records:,}; rows refused {expected.refused:,}." in second
    assert Event.objects.count() == events
    for text in (first, second):
        assert figures(text) == {
            "Invoices": f"{sum(expected.invoices.values()):,.2f}",
            "Credit notes": f"{-sum(expected.credit_notes.values()):,.2f}",
            "Rows refused": f"{expected.refused_sum:,.2f}",
            "Sum of the above": f"{expected.sum:,.2f}",
            "Rows of the file": f"{expected.sum:,.2f}",
            "Difference": "0.00",
        }
    return expected


def figures(text: str) -> dict[str, str]:
    """The last figure of each line of the account."""
    lines = (line.removesuffix(" GBP").rsplit(maxsplit=1) for line in text.splitlines() if line.endswith(" GBP"))
    return {label.rstrip(" 0123456789,"): amount for label, amount in lines}


def test_the_excerpt_is_imported_to_the_cent(dealership: Dealership) -> None:
    expected = check_twice(DATA / "online-retail-invoices-excerpt.csv")

    assert (expected.row_count, expected.refused) == (42, 8)
    assert (len(expected.invoices), len(expected.credit_notes)) == (28, 3)
    assert (expected.sum, expected.refused_sum) == (Decimal("9491.14"), Decimal("-11062.06"))


def test_rows_of_one_number_day_and_customer_become_lines(dealership: Dealership) -> None:
    run(DATA / "online-retail-invoices-excerpt.csv")

    invoice = Invoice.objects.get(number="536591")
    assert [(line.quantity, line.unit_price, line.amount) for line in invoice.lines.all()] == [
        (Decimal(81), Decimal("2.7826"), Decimal("225.39")),
        (Decimal(12), Decimal("3.89"), Decimal("46.68")),
    ]
    assert (invoice.total, invoice.balance, invoice.currency) == (Decimal("272.07"), Decimal("272.07"), "GBP")
    assert invoice.issued_on.isoformat() == "2010-12-01"
    assert (invoice.contact.display_name, invoice.contact.country) == ("Customer 14606", "United Kingdom")


def test_a_cancellation_becomes_a_credit_note_with_positive_amounts(dealership: Dealership) -> None:
    run(DATA / "online-retail-invoices-excerpt.csv")

    note = Invoice.objects.get(number="C545569")
    assert (note.kind, note.total) == ("credit_note", Decimal("51.30"))
    assert [(line.quantity, line.amount) for line in note.lines.all()] == [
        (Decimal(2), Decimal("9.90")),
        (Decimal(4), Decimal("41.40")),
    ]


def test_every_refused_row_is_named_in_the_error_file(dealership: Dealership, tmp_path: Path) -> None:
    run(DATA / "online-retail-invoices-excerpt.csv", "--errors", str(tmp_path / "errors.csv"))

    with (tmp_path / "errors.csv").open(newline="", encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    assert Counter(row["Wrong column"] for row in rows) == {"UnitPrice": 5, "InvoiceNo": 3}
    assert [row["InvoiceNo"] for row in rows if row["Wrong column"] == "InvoiceNo"] == ["A563185", "A563186", "A563187"]
    assert rows[-1]["UnitPrice"] == "-11062.06"


def test_lines_are_imported_with_their_descriptions(dealership: Dealership) -> None:
    check_twice(DATA / "online-retail-lines-excerpt.csv")

    line = Invoice.objects.get(number="536365").lines.all()[0]
    assert (line.description, line.amount) == ("85123A WHITE HANGING HEART T-LIGHT HOLDER", Decimal("15.30"))


def write(path: Path, *rows: str) -> Path:
    path.write_text("InvoiceNo,InvoiceDate,CustomerID,Country,Quantity,UnitPrice\n" + "\n".join(rows) + "\n")
    return path


def test_other_repeats_of_a_number_are_refused_whole(dealership: Dealership, tmp_path: Path) -> None:
    file = write(
        tmp_path / "repeats.csv",
        "7,1/31/2011 9:00,100,France,1,10.00",
        "7,2/1/2011 9:00,100,France,2,20.00",
        "7,1/31/2011 9:05,100,France,3,1.005",
        "7,1/31/2011 9:00,200,Spain,4,40.00",
        "7,2/1/2011 9:30,100,France,5,50.00",
    )

    expected = check_twice(file)

    assert stored("invoice") == {"7": Decimal("13.02")}
    assert expected.refused == 3
    problems = ImportFile.objects.order_by("created_at")[0].problems
    assert [(row, value) for row, _column, _reason, value in problems] == [
        (3, "7, first in row 2"),
        (5, "7, first in row 2"),
        (6, "7, first in row 2"),
    ]


def test_negative_quantities_become_a_credit_note_of_the_same_number(dealership: Dealership, tmp_path: Path) -> None:
    check_twice(
        write(tmp_path / "mixed.csv", "7,1/31/2011 9:00,100,France,5,1.00", "7,1/31/2011 9:00,100,France,-2,1.50")
    )

    assert (stored("invoice"), stored("credit_note")) == ({"7": Decimal(5)}, {"7": Decimal(3)})


def test_unusable_rows_are_refused_by_name(dealership: Dealership, tmp_path: Path) -> None:
    file = write(
        tmp_path / "odd.csv",
        "1,1/31/2011 9:00,100,France,5,0",
        "2,1/31/2011 9:00,100,France,5,-1",
        "A3,1/31/2011 9:00,100,France,5,1",
        "4,1/31/2011 9:00,,France,5,1",
        "C5,1/31/2011 9:00,100,France,5,1",
        "6,1/31/2011 9:00,100,France,0,1",
        "7,1/31/2011 9:00,100,France,1,1",
    )

    text = run(file)

    assert stored("invoice") == {"7": Decimal(1)}
    assert [row[0] for row in ImportFile.objects.get().problems] == [2, 3, 4, 5, 6, 7]
    assert figures(text)["Rows refused"] == "10.00"
    assert figures(text)["Difference"] == "0.00"


def test_a_bad_cell_imports_nothing_unless_the_good_rows_are_asked_for(dealership: Dealership, tmp_path: Path) -> None:
    rows = ("1,1/31/2011 9:00,100,France,1,2.50", "2,31/31/2011,100,France,1,1", "3,1/31/2011,100,France,x,1")
    file = write(tmp_path / "bad.csv", *rows)

    with pytest.raises(CommandError, match="Nothing was imported"):
        run(file)
    assert not Invoice.objects.exists()
    assert not Contact.objects.exists()

    text = run(file, "--skip-bad")

    assert stored("invoice") == {"1": Decimal("2.50")}
    assert "Row 3, column InvoiceDate: This day does not exist in the chosen date order. (31/31/2011)" in text
    assert "Row 4, column Quantity: This is not a number in the chosen format. (x)" in text


def test_a_dry_run_stores_nothing(dealership: Dealership) -> None:
    text = run(DATA / "online-retail-invoices-excerpt.csv", "--dry-run")

    assert figures(text)["Difference"] == "0.00"
    assert not Invoice.objects.exists()
    assert not Contact.objects.exists()
    assert not ImportFile.objects.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("missing.csv", "--dealership", "bytown"), "cannot be read"),
        ((str(DATA / "README.md"), "--dealership", "bytown"), "required column is missing"),
        ((str(DATA / "README.md"), "--dealership", "nobody"), "no dealership"),
        ((str(DATA / "README.md"), "--dealership", "bytown", "--currency", "pounds"), "not a currency"),
    ],
)
def test_the_command_says_what_it_cannot_use(dealership: Dealership, options: tuple[str, ...], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        call_command("import_csv", *options, "--kind", "invoices", stdout=io.StringIO())

    assert not ImportFile.objects.exists()


@pytest.mark.timeout(600)
@pytest.mark.skipif(not (REAL / "online-retail-invoices.csv").exists(), reason="the whole file is not here")
def test_the_whole_file_is_imported_to_the_cent(dealership: Dealership) -> None:
    expected = check_twice(REAL / "online-retail-invoices.csv")

    assert (expected.row_count, expected.refused, len(expected.customers)) == (25_943, 2_105, 4_372)
    assert (len(expected.invoices), len(expected.credit_notes)) == (19_959, 3_836)
    assert (expected.sum, expected.refused_sum) == (Decimal("15140161.44"), Decimal("-11062.06"))


@pytest.mark.skipif(not (REAL / "online-retail-lines.csv").exists(), reason="the whole file is not here")
def test_the_whole_file_of_lines_is_imported_to_the_cent(dealership: Dealership) -> None:
    expected = check_twice(REAL / "online-retail-lines.csv")

    assert (expected.row_count, expected.refused, len(expected.invoices), len(expected.credit_notes)) == (999, 1, 61, 4)
