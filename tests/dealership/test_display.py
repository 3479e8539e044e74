"""Money, numbers, days and instants as people read them, in both languages."""

import datetime as dt
from decimal import Decimal

import pytest
from django.utils import timezone, translation

from dealership import display

NOW = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("language", "amount", "currency", "written"),
    [
        ("en", "4210", "CAD", "$4,210.00\xa0CAD"),
        ("en", "-4210.5", "GBP", "-£4,210.50\xa0GBP"),
        ("en", "1200.4", "JPY", "¥1,200\xa0JPY"),
        ("en", "-0.001", "CAD", "$0.00\xa0CAD"),
        ("en", "0.005", "CAD", "$0.01\xa0CAD"),
        ("fr", "46318.7", "CAD", "46\xa0318,70\xa0$"),
        ("fr", "31240", "USD", "31\xa0240,00\xa0$\xa0US"),
        ("fr", "12", "CHF", "12,00\xa0CHF"),
    ],
)
def test_money(language: str, amount: str, currency: str, written: str) -> None:
    with translation.override(language):
        assert display.money(Decimal(amount), currency) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "just now"),
        (12, "12 s ago"),
        (240, "4 min ago"),
        (7200, "2 h ago"),
        (-900, "in 15 min"),
        (86_400, "19 November 2026"),
    ],
)
def test_ago_is_relative_up_to_a_day(seconds: int, written: str) -> None:
    with timezone.override(dt.UTC):
        assert display.ago(NOW - dt.timedelta(seconds=seconds), NOW) == written


@pytest.mark.parametrize(
    ("language", "day", "written"),
    [
        ("en", dt.date(2026, 11, 15), "15 November 2026"),
        ("fr", dt.date(2026, 11, 15), "15 novembre 2026"),
        ("fr", dt.date(2026, 11, 1), "1er novembre 2026"),
    ],
)
def test_day(language: str, day: dt.date, written: str) -> None:
    with translation.override(language):
        assert display.day(day) == written


def test_a_quantity_loses_its_padding_but_not_its_hundreds() -> None:
    assert display.quantity(Decimal("100.000000")) == "100"
    assert display.quantity(Decimal("0.500000")) == "0.5"


def test_a_unit_price_keeps_its_cents_and_any_further_figure() -> None:
    assert display.unit_price(Decimal("1480.500000")) == "1,480.50"
    assert display.unit_price(Decimal("0.012500")) == "0.0125"


def test_duration_in_two_units() -> None:
    assert [display.duration(s) for s in (41, 252, 7500)] == ["41 s", "4 min 12 s", "2 h 05 min"]
