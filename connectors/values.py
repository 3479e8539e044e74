"""Pure parsing at the edge: money, numbers, dates, instants. Each raises RejectedRecord with the value's place."""

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from connectors.errors import RejectedRecord

CENT = Decimal("0.01")
MICRO = Decimal("0.000001")


def money(value: Any, place: str) -> Decimal:
    """To the cent; absent means 0.00. Floats are read through their text, so 0.1 stays 0.10."""
    return _decimal(value, place).quantize(CENT, rounding=ROUND_HALF_UP)


def number(value: Any, place: str) -> Decimal:
    """A quantity or unit price, to six places, without trailing zeros."""
    exact = _decimal(value, place).quantize(MICRO, rounding=ROUND_HALF_UP).normalize()
    return exact.quantize(Decimal(1)) if exact == exact.to_integral_value() else exact


def day(value: Any, place: str) -> date | None:
    """An ISO date; absent means None."""
    if not value:
        return None
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError as problem:
        raise RejectedRecord(f"{place} is not a date.") from problem


def instant(value: Any, place: str) -> datetime | None:
    """An ISO instant with its offset, as aware UTC; absent means None."""
    if not value:
        return None
    try:
        parsed = datetime.fromisoformat(str(value))
    except ValueError as problem:
        raise RejectedRecord(f"{place} is not a point in time.") from problem
    if parsed.tzinfo is None:
        raise RejectedRecord(f"{place} has no time zone.")
    return parsed.astimezone(UTC)


def words(value: Any) -> str:
    """Text without outer blanks; absent means empty."""
    return "" if value is None else str(value).strip()


def _decimal(value: Any, place: str) -> Decimal:
    if value is None or value == "":
        return Decimal(0)
    try:
        parsed = Decimal(str(value))
    except InvalidOperation as problem:
        raise RejectedRecord(f"{place} is not a number.") from problem
    if not parsed.is_finite():
        raise RejectedRecord(f"{place} is not a number.")
    return parsed
