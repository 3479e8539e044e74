"""The first records of a file as they would be stored, for a person to judge before anything is."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _

from dealership import display
from dealership.importing.plan import Candidate, Plan, Source
from dealership.importing.problems import Problem
from dealership.importing.storing import Match, Store
from dealership.importing.working import CHUNK
from dealership.models import Contact, ImportFile, Invoice

SHOWN: Final = 20
_TEXT_LIMIT: Final = 80


@dataclass(frozen=True)
class PreviewRow:
    row: int
    tone: str
    outcome: str
    cells: list[dict[str, str]]


@dataclass(frozen=True)
class Preview:
    """`problems` also has what only the stored records can tell about the first records."""

    heads: list[str]
    rows: list[PreviewRow]
    problems: list[Problem]


def preview(source: Source, plan: Plan, store: Store) -> Preview:
    """Asks the database about the first chunk only, so that its cost does not grow with the file."""
    problems: list[Problem] = []
    matches = store.match(plan.candidates[:CHUNK], problems)
    rows = [_row(match, source) for match in matches[:SHOWN]]
    heads = [cell["label"] for cell in rows[0].cells] if rows else []
    ordered = sorted([*plan.all_problems(), *problems], key=lambda problem: problem.row)
    return Preview(heads, rows, ordered)


def _row(match: Match, source: Source) -> PreviewRow:
    tone, outcome = "good", _("New")
    if match.record is not None and match.difference:
        tone, outcome = "wait", _("Changes")
    elif match.record is not None:
        tone, outcome = "off", _("Unchanged")
    cells = [{"label": label, "text": _text(value)} for label, value in _cells(match.candidate, source)]
    return PreviewRow(match.candidate.row, tone, outcome, cells)


def _cells(candidate: Candidate, source: Source) -> Iterator[tuple[str, Any]]:
    if source.kind.slug == ImportFile.Kind.INVOICES:
        yield from _invoice_cells(candidate)
        return
    if candidate.customer:
        yield _("Customer"), candidate.customer.display_name
    # Every row has the same columns, filled or not.
    shown = [f for f in source.kind.fields if f.name in source.mapping or f.name in ("display_name", "kind")]
    for field in shown:
        if field.name in ("customer", "customer_number"):
            continue
        given = {"number": candidate.number, "invoice": candidate.invoice}
        value = candidate.values.get(field.name, given.get(field.name, ""))
        yield str(field.label), Contact.Kind(value).label if field.name == "kind" and value else value


def _invoice_cells(candidate: Candidate) -> Iterator[tuple[str, Any]]:
    values = candidate.values
    total = sum((row["amount"] for row in [*values["lines"], *values.get("taxes", [])]), Decimal(0))
    yield _("Number"), values["number"]
    yield _("Kind"), Invoice.Kind(values["kind"]).label
    yield _("Customer"), candidate.customer.display_name if candidate.customer else ""
    yield _("Issued on"), values["issued_on"]
    yield _("Due on"), values.get("due_on", "")
    yield _("Lines"), len(values["lines"])
    yield _("Total"), display.money(total, values["currency"])


def _text(value: Any) -> str:
    if isinstance(value, dt.date):
        return display.day(value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Decimal):
        return display.number(value)
    text = str(getattr(value, "label", value))
    return text if len(text) <= _TEXT_LIMIT else f"{text[:_TEXT_LIMIT]}…"
