"""Parsing at the edge: nothing is guessed, and money does not move."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from connectors import values
from connectors.errors import RejectedRecord


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (0.1, "0.10"),
        (450, "450.00"),
        ("12.345", "12.35"),
        ("-0.005", "-0.01"),
        (None, "0.00"),
        ("", "0.00"),
        (9999999999.99, "9999999999.99"),
    ],
)
def test_money_is_to_the_cent(given: Any, expected: str) -> None:
    assert str(values.money(given, "TotalAmt")) == expected


@pytest.mark.parametrize(
    ("given", "expected"), [(3, "3"), ("150.00", "150"), (0.3333333, "0.333333"), (100, "100"), (None, "0")]
)
def test_numbers_lose_their_trailing_zeros(given: Any, expected: str) -> None:
    assert str(values.number(given, "Qty")) == expected


@pytest.mark.parametrize("given", ["abc", "NaN", "Infinity", "1,5", {}])
def test_it_rejects_what_is_no_number(given: Any) -> None:
    with pytest.raises(RejectedRecord, match="is not a number"):
        values.money(given, "Line.Amount")


def test_it_reads_the_day_of_a_date_or_an_instant() -> None:
    assert values.day("2026-03-01", "TxnDate") == date(2026, 3, 1)
    assert values.day("2026-03-01T10:00:00Z", "TxnDate") == date(2026, 3, 1)
    assert values.day("", "TxnDate") is None


def test_it_rejects_what_is_no_date() -> None:
    with pytest.raises(RejectedRecord, match="TxnDate is not a date"):
        values.day("01/03/2026", "TxnDate")


def test_instants_become_utc() -> None:
    expected = datetime(2026, 3, 1, 10, 15, 30, tzinfo=UTC)

    assert values.instant("2026-03-01T02:15:30-08:00", "time") == expected
    assert values.instant("2026-03-01T10:15:30Z", "time") == expected
    assert values.instant("2026-03-01T10:15:30.179851517Z", "time") == expected.replace(microsecond=179851)
    assert values.instant(None, "time") is None


@pytest.mark.parametrize("given", ["yesterday", "2026-03-01T10:15:30"])
def test_it_rejects_an_instant_without_a_zone(given: str) -> None:
    with pytest.raises(RejectedRecord):
        values.instant(given, "time")


def test_words_are_trimmed() -> None:
    assert values.words("  Ana Cruz ") == "Ana Cruz"
    assert values.words(None) == ""
    assert values.words(7) == "7"
