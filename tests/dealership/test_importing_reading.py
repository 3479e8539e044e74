"""A CSV file's bytes to a table: what is wrong is named by row and column."""

from decimal import Decimal

import pytest

from dealership.importing import Problem, Sheet, Unreadable, error_file, read, values
from dealership.importing.kinds import INVOICES
from dealership.importing.mapping import guess_mapping
from dealership.importing.report import harmless
from dealership.importing.values import AmbiguousDates, BadValue, Formats

POINT = Formats(values.ISO, values.POINT, "USD")
COMMA = Formats(values.ISO, values.COMMA, "EUR")


def problem_of(data: bytes, **options: str) -> Problem:
    with pytest.raises(Unreadable) as caught:
        read(data, **options)
    return caught.value.problems[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_files_are_recognised(encoding: str) -> None:
    sheet = read("Name,City\nAmélie,Québec\n".encode(encoding))

    assert sheet.header == ("Name", "City")
    assert [row.cells for row in sheet.rows] == [("Amélie", "Québec")]


def test_windows_text_is_read_only_when_asked_for() -> None:
    data = "Name,City\nBob,Ottawa\nAmélie,Québec\n".encode("cp1252")

    problem = problem_of(data)

    assert (problem.row, problem.column) == (3, "Name")
    assert "not UTF-8" in problem.reason
    assert read(data, encoding="cp1252").rows[1].cells == ("Amélie", "Québec")


def test_a_wrong_byte_is_found_behind_a_quoted_line_break() -> None:
    problem = problem_of(b'Name,Note,City\nBob,"two\nlines",Ottawa\nEve,x,Qu\xe9bec\n')

    assert (problem.row, problem.column) == (3, "City")


def test_a_marked_file_is_not_read_as_windows_text() -> None:
    assert problem_of("Name\nBob\n".encode("utf-8-sig"), encoding="cp1252").row == 1


def test_a_nul_byte_is_named_by_its_cell() -> None:
    problem = problem_of(b"Name,City\nBob,Ottawa\nEve,Han\x00oi\n")

    assert (problem.row, problem.column) == (3, "City")


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf", b"  \r\n,,\r\n"])
def test_an_empty_file_is_refused(data: bytes) -> None:
    assert problem_of(data).reason == "The file is empty."


def test_a_file_without_rows_is_refused() -> None:
    assert problem_of(b"Name,City\n").reason == "The file has column names but no rows."


def test_a_missing_column_name_is_named_by_its_place() -> None:
    problem = problem_of(b"Name,,City\nBob,x,Ottawa\n")

    assert (problem.row, problem.column, problem.reason) == (1, "2", "The column has no name.")


def test_a_doubled_column_name_is_refused() -> None:
    problem = problem_of(b"Name,City,name\nBob,x,y\n")

    assert (problem.row, problem.column) == (1, "name")


def test_rows_of_another_width_are_named_and_kept_apart() -> None:
    sheet = read(b"A,B,C\n1,2,3\n4,5\n\n6,7,8,9\n10,11,12\n")

    assert [row.number for row in sheet.rows] == [2, 6]
    assert [(p.row, p.column, p.value) for p in sheet.problems] == [(3, "C", "2 / 3"), (5, "4", "4 / 3")]
    assert sheet.originals()[5] == ("6", "7", "8", "9")


def test_an_open_quote_is_named_by_its_row() -> None:
    assert problem_of(b'A,B\n1,2\n3,"open\n').row == 3


@pytest.mark.parametrize(("sign", "text"), [(",", "A,B\n1,2\n"), (";", "A;B\n1,5;2\n"), ("\t", "A\tB\n1,5\t2\n")])
def test_the_delimiter_is_recognised(sign: str, text: str) -> None:
    assert read(text.encode()).delimiter == sign


def test_a_delimiter_that_could_be_two_is_asked_for() -> None:
    data = b"Name;Amount, EUR\nBob;12,50\n"

    assert "delimiter is not clear" in problem_of(data).reason
    assert read(data, delimiter="semicolon").header == ("Name", "Amount, EUR")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,234.56", "1234.56"),
        ("1234.5", "1234.5"),
        ("(12.00)", "-12.00"),
        ("-12.00", "-12.00"),
        ("12.00-", "-12.00"),
        ("$1,000", "1000"),
        ("-$12.00", "-12.00"),
        ("($12.00)", "-12.00"),
        ("USD 12.00", "12.00"),
        ("+5", "5"),
        (".50", "0.50"),
    ],
)
def test_amounts_with_a_decimal_point(text: str, expected: str) -> None:
    assert values.read_money(text, POINT) == Decimal(expected)


@pytest.mark.parametrize(
    ("text", "expected"), [("1.234,56", "1234.56"), ("1 234,56 €", "1234.56"), ("1\u202f234,5", "1234.5"), ("7", "7")]
)
def test_amounts_with_a_decimal_comma(text: str, expected: str) -> None:
    assert values.read_money(text, COMMA) == Decimal(expected)


@pytest.mark.parametrize(
    "text", ["1.234,56", "1,23", "12,34.00", "abc", "1e5", "NaN", "Infinity", "€5", "EUR 5", "1.005", "--5", "9" * 13]
)
def test_what_is_no_amount_in_dollars_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        values.read_money(text, POINT)


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("2011-12-01", values.ISO, "2011-12-01"),
        ("2011-12-01T08:26:00Z", values.DAY_FIRST, "2011-12-01"),
        ("12/1/2010 8:26", values.MONTH_FIRST, "2010-12-01"),
        ("12/1/10 8:26", values.MONTH_FIRST, "2010-12-01"),
        ("1.12.2010", values.DAY_FIRST, "2010-12-01"),
        ("1-12-2010 8:26:10 PM", values.DAY_FIRST, "2010-12-01"),
    ],
)
def test_dates_are_read_in_the_chosen_order(text: str, order: str, expected: str) -> None:
    assert values.read_date(text, order).isoformat() == expected


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("13/1/2010", "mdy"),
        ("1/13/2010", "dmy"),
        ("2/30/2010", "mdy"),
        ("1/2/2010", "iso"),
        ("soon", "mdy"),
        ("1/2-2010", "mdy"),
    ],
)
def test_what_is_no_date_in_that_order_is_refused(text: str, order: str) -> None:
    with pytest.raises(BadValue):
        values.read_date(text, order)


def test_the_order_of_dates_is_taken_from_the_file() -> None:
    assert values.date_order(["2010-01-02", ""]) == values.ISO
    assert values.date_order(["1/2/2010", "1/13/2010"]) == values.MONTH_FIRST
    assert values.date_order(["1/2/2010", "13/1/2010"]) == values.DAY_FIRST
    with pytest.raises(AmbiguousDates):
        values.date_order(["1/2/2010", "3/4/2010"])


def test_columns_are_guessed_in_english_french_and_from_quickbooks() -> None:
    english = guess_mapping(INVOICES, ["Invoice #", "Customer", "Invoice Date", "Amount", "Colour"])
    french = guess_mapping(INVOICES, ["Numéro de facture", "Client", "Échéance", "Date de facture", "Montant"])
    quickbooks = guess_mapping(
        INVOICES, ["Date", "Transaction Type", "Num", "Name", "Memo/Description", "Due Date", "Amount"]
    )

    assert english == {"customer": "Customer", "issued_on": "Invoice Date", "amount": "Amount", "number": "Invoice #"}
    assert french["number"] == "Numéro de facture"
    assert (french["due_on"], french["issued_on"], french["amount"]) == ("Échéance", "Date de facture", "Montant")
    assert quickbooks == {
        "number": "Num",
        "customer": "Name",
        "issued_on": "Date",
        "due_on": "Due Date",
        "kind": "Transaction Type",
        "description": "Memo/Description",
        "amount": "Amount",
    }


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-A1", "@SUM(A1)", "\tx", " =x", '=HYPERLINK("x")', "+1 555x"])
def test_formulas_are_made_harmless(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["-12.50", "+5", "1,234.56", "-.5", "plain", "", "a=b"])
def test_numbers_and_plain_text_stay(cell: str) -> None:
    assert harmless(cell) == cell


def test_the_error_file_has_each_bad_row_with_its_reasons() -> None:
    sheet: Sheet = read(b"Name,City\n=Bob,Ottawa\nEve,Hanoi\n")
    problems = [Problem(2, "Name", "No."), Problem(2, "City", "Nor this.", "Ottawa")]

    text = error_file(sheet, problems).decode("utf-8-sig")

    assert text.splitlines() == [
        "Row in the file,Wrong column,Why it was refused,Name,City",
        "2,Name; City,No.; Nor this. (Ottawa),'=Bob,Ottawa",
    ]
