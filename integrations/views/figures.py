"""A reconciliation's stored figures, as its page shows them. Pure functions of what was stored."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dealership import display
from integrations.models import Reconciliation
from integrations.views import words


@dataclass(frozen=True)
class Side:
    """One side of the verdict: its sums, one a currency, or its count where no money is involved."""

    sums: list[str]
    note: str


@dataclass(frozen=True)
class Row:
    """One line of a table: a month, or a whole stream."""

    label: str
    ours_count: str
    ours: str
    theirs_count: str
    theirs: str
    difference: str
    agrees: bool
    stream: str = ""
    note: str = ""


@dataclass(frozen=True)
class Figures:
    """Everything that the page shows of one report; `chief` is the stream that its verdict speaks of."""

    ours: Side
    theirs: Side
    are_equal: bool
    compared: str
    rows: list[Row]
    chosen: str
    chosen_label: str
    has_money: bool
    months: list[Row]
    totals: list[Row]


def of(proof: Reconciliation, asked_stream: str) -> Figures | None:
    """None while nothing is counted yet."""
    stored: list[dict[str, Any]] = proof.figures
    if not stored:
        return None
    chief = _chief(stored)
    chosen = next((f for f in stored if f["stream"] == asked_stream), chief)
    return Figures(
        ours=_side(chief, "ours"),
        theirs=_side(chief, "theirs"),
        are_equal=chief["ours"] == chief["theirs"],
        compared=display.number(proof.compared),
        rows=[_stream_row(figure) for figure in stored],
        chosen=chosen["stream"],
        chosen_label=words.said(chosen["label"]),
        has_money=bool(chosen["months"]),
        months=_months(chosen),
        totals=_totals(chosen),
    )


def side(amount: Decimal | None, currency: str, otherwise: str) -> str:
    return otherwise if amount is None else display.amount(amount, currency)


def signed(amount: Decimal | int) -> str:
    """`+1,644.50`, `-15.00`, `0.00`: what is here more than there."""
    text = display.number(abs(Decimal(amount)), places=2)
    if not amount:
        return text
    return f"+{text}" if amount > 0 else f"\u2212{text}"


def plain(value: Any) -> str:
    """A compared value in a word; lists and empty ones are named."""
    if value in (None, "", []):
        return _("nothing")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ngettext("%(count)s row", "%(count)s rows", len(value)) % {"count": len(value)}
    return str(value)


def _chief(stored: list[dict[str, Any]]) -> dict[str, Any]:
    """The stream that is furthest apart; without one, the first of money that has any records."""

    def weight(figure: dict[str, Any]) -> tuple[Decimal, int, int, int]:
        apart = sum((abs(amount) for amount in _apart(figure).values()), Decimal(0))
        is_invoices = figure["record_type"] == "invoice" and figure["sign"] > 0
        return apart, _faults(figure), int(is_invoices and figure["ours"]["count"] > 0), int(bool(figure["months"]))

    return max(stored, key=weight)


def _apart(figure: dict[str, Any]) -> dict[str, Decimal]:
    ours, theirs = figure["ours"]["totals"], figure["theirs"]["totals"]
    return {
        currency: Decimal(ours.get(currency, "0.00")) - Decimal(theirs.get(currency, "0.00"))
        for currency in sorted({*ours, *theirs})
    }


def _faults(figure: dict[str, Any]) -> int:
    return int(figure["missing_here"] + figure["missing_there"] + figure["doubled"] + figure["differing"])


def _side(figure: dict[str, Any], name: str) -> Side:
    totals, count = figure[name]["totals"], figure[name]["count"]
    label = words.said(figure["label"])
    note = f"{display.number(count)} {label.lower()}"
    if not totals:
        return Side([display.number(count)], label.lower())
    return Side([_sum(Decimal(total), currency, len(totals)) for currency, total in sorted(totals.items())], note)


def _sum(total: Decimal, currency: str, currencies: int) -> str:
    """The currency is named only where there are several."""
    return display.money(total, currency) if currencies > 1 else display.amount(total, currency)


def _sums(totals: dict[str, str]) -> str:
    return ", ".join(_sum(Decimal(t), currency, len(totals)) for currency, t in sorted(totals.items()))


def _stream_row(figure: dict[str, Any]) -> Row:
    apart = {currency: amount for currency, amount in _apart(figure).items() if amount}
    faults = _faults(figure)
    return Row(
        label=words.said(figure["label"]),
        ours_count=display.number(figure["ours"]["count"]),
        ours=_sums(figure["ours"]["totals"]),
        theirs_count=display.number(figure["theirs"]["count"]),
        theirs=_sums(figure["theirs"]["totals"]),
        difference=", ".join(signed(amount) for amount in apart.values()) or (signed(0) if figure["months"] else ""),
        agrees=not faults and figure["ours"] == figure["theirs"],
        stream=figure["stream"],
        note=_fault_note(figure),
    )


def _fault_note(figure: dict[str, Any]) -> str:
    parts = (
        (figure["missing_there"], _("%(count)s missing there")),
        (figure["missing_here"], _("%(count)s missing here")),
        (figure["doubled"], _("%(count)s doubled there")),
        (figure["differing"], _("%(count)s with other values")),
    )
    return ", ".join(text % {"count": display.number(count)} for count, text in parts if count)


def _months(figure: dict[str, Any]) -> list[Row]:
    several = len({row["currency"] for row in figure["months"]}) > 1
    rows = []
    for row in figure["months"]:
        label = _month(row["month"])
        rows.append(_month_row(row, f"{label}, {row['currency']}" if several else label))
    return rows


def _totals(figure: dict[str, Any]) -> list[Row]:
    """One line a currency."""
    sums: dict[str, Counter[str]] = {}
    for row in figure["months"]:
        counts = sums.setdefault(row["currency"], Counter())
        counts.update({side: row[f"{side}_count"] for side in ("ours", "theirs")})
    rows = []
    for currency, apart in _apart(figure).items():
        counts = sums.get(currency, Counter())
        stored = {
            "currency": currency,
            "difference": str(apart),
            **{f"{side}_count": counts[side] for side in ("ours", "theirs")},
            **{f"{side}_total": figure[side]["totals"].get(currency, "0.00") for side in ("ours", "theirs")},
        }
        rows.append(
            _month_row(stored, _("Total") if len(sums) < 2 else _("Total, %(currency)s") % {"currency": currency})
        )
    return rows


def _month_row(row: dict[str, Any], label: str) -> Row:
    apart = Decimal(row["difference"])
    return Row(
        label=label,
        ours_count=display.number(row["ours_count"]),
        ours=display.amount(Decimal(row["ours_total"]), row["currency"]),
        theirs_count=display.number(row["theirs_count"]),
        theirs=display.amount(Decimal(row["theirs_total"]), row["currency"]),
        difference=signed(apart),
        agrees=not apart and row["ours_count"] == row["theirs_count"],
    )


def _month(text: str) -> str:
    """`2026-06` as `June 2026`."""
    try:
        return date_format(dt.date.fromisoformat(f"{text}-01"), "F Y")
    except ValueError:
        return text or _("Without a date")
