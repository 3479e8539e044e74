"""The slot through which every app says what needs a person: the rows of the home page."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from dealership.models import Dealership


@dataclass(frozen=True)
class Row:
    """One thing that needs a person: what it costs, what it is, what to do, and where.

    Either `amount` with its `currency`, or `days_left` until something ends, or neither.
    """

    problem: str
    detail: str
    action: str
    url: str
    since: dt.datetime
    amount: Decimal | None = None
    currency: str = ""
    days_left: int | None = None


Source = Callable[[Dealership], Iterable[Row]]

_sources: list[Source] = []


def register(source: Source) -> Source:
    """Add a source of rows; call it in `AppConfig.ready`. It must answer in a fixed number of queries."""
    if source not in _sources:
        _sources.append(source)
    return source


def rows(dealership: Dealership) -> list[Row]:
    """Everything that waits: by money, then by deadline, then by age."""
    found = [row for source in _sources for row in source(dealership)]
    return sorted(found, key=_rank)


def _rank(row: Row) -> tuple[Decimal, float, dt.datetime]:
    money = abs(row.amount) if row.amount is not None else Decimal(0)
    deadline = float("inf") if row.days_left is None else float(row.days_left)
    return -money, deadline, row.since
