"""The figures of a reconciliation: what was counted on both sides, in all and per month. Exact decimals."""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connectors.streams import Stream
from integrations.models import Integration, ReconciliationDifference

ZERO = Decimal("0.00")
Kind = ReconciliationDifference.Kind


@dataclass(frozen=True)
class Side:
    """What one record counts for on one side. Records without money (contacts) are only counted."""

    amount: Decimal = ZERO
    currency: str = ""
    month: str = ""


@dataclass
class _Sum:
    ours_count: int = 0
    ours_total: Decimal = ZERO
    theirs_count: int = 0
    theirs_total: Decimal = ZERO


@dataclass
class Tally:
    """One stream's figures while they are counted."""

    stream: Stream
    ours_count: int = 0
    theirs_count: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    _sums: dict[tuple[str, str], _Sum] = field(default_factory=dict)

    def add(self, ours: Side | None, theirs: Side | None) -> None:
        """Count one record on the sides that have it."""
        if ours is not None:
            self.ours_count += 1
            if ours.currency:
                row = self._sums.setdefault((ours.month, ours.currency), _Sum())
                row.ours_count += 1
                row.ours_total += ours.amount
        if theirs is not None:
            self.theirs_count += 1
            if theirs.currency:
                row = self._sums.setdefault((theirs.month, theirs.currency), _Sum())
                row.theirs_count += 1
                row.theirs_total += theirs.amount

    def count(self, kind: str) -> None:
        self.kinds[kind] += 1

    def figures(self) -> dict[str, Any]:
        """As the report keeps it: decimals as text. `sign` is -1 where the money goes the other way (credit notes)."""
        ours: dict[str, Decimal] = {}
        theirs: dict[str, Decimal] = {}
        for (_month, currency), row in sorted(self._sums.items()):
            ours[currency] = ours.get(currency, ZERO) + row.ours_total
            theirs[currency] = theirs.get(currency, ZERO) + row.theirs_total
        return {
            "stream": self.stream.name,
            "label": self.stream.label,
            "record_type": self.stream.maps_to,
            "sign": -1 if self.stream.where.get("kind") == "credit_note" else 1,
            "ours": {"count": self.ours_count, "totals": _as_text(ours)},
            "theirs": {"count": self.theirs_count, "totals": _as_text(theirs)},
            "months": [_month_row(month, currency, row) for (month, currency), row in sorted(self._sums.items())],
            "missing_here": self.kinds[Kind.MISSING_HERE],
            "missing_there": self.kinds[Kind.MISSING_THERE],
            "doubled": self.kinds[Kind.DOUBLED_THERE],
            "differing": self.kinds[Kind.DIFFERS],
        }


def home_currency(integration: Integration) -> str:
    """What an amount without a currency is in."""
    return str(integration.memory.get("currency") or integration.dealership.currency)


def _as_text(totals: dict[str, Decimal]) -> dict[str, str]:
    return {currency: f"{total:f}" for currency, total in totals.items()}


def _month_row(month: str, currency: str, row: _Sum) -> dict[str, Any]:
    return {
        "month": month,
        "currency": currency,
        "ours_count": row.ours_count,
        "ours_total": f"{row.ours_total:f}",
        "theirs_count": row.theirs_count,
        "theirs_total": f"{row.theirs_total:f}",
        "difference": f"{row.ours_total - row.theirs_total:f}",
    }
