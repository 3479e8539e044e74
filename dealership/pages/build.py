"""Turns declared pages and records into what the templates print: rows of cells, facts, the story of a
record.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from django.db.models import Model
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from dealership import display
from dealership.badges import Badge, for_records
from dealership.models import Dealership, Event, Record
from dealership.pages import registry, text
from dealership.pages.base import Column, RecordPages, Words


@dataclass(frozen=True)
class Cell:
    label: str
    text: str
    css: str = ""
    is_status: bool = False
    tone: str = ""
    is_code: bool = False


@dataclass(frozen=True)
class Row:
    title: str
    note: str
    url: str
    cells: list[Cell]
    badges: Sequence[Badge] = ()


@dataclass(frozen=True)
class Head:
    """A column's head; `sort` is the value that the address takes to sort by it, empty where it cannot."""

    label: str
    css: str
    sort: str = ""
    direction: str = ""


@dataclass(frozen=True)
class Fact:
    label: str
    value: str
    url: str = ""
    code: bool = False


@dataclass(frozen=True)
class Change:
    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Entry:
    """One event of a record's life."""

    who: str
    what: str
    at: dt.datetime
    tone: str = ""
    changes: list[Change] = field(default_factory=list)


# What an event's verb says in a life story, and its tone.
_VERBS: Final[Mapping[str, tuple[Words, str]]] = {
    "created": (lazy("created it"), "good"),
    "updated": (lazy("changed it"), ""),
    "deleted": (lazy("deleted it"), "bad"),
    "restored": (lazy("restored it"), ""),
    "voided": (lazy("voided it"), "bad"),
    "paid": (lazy("recorded it as paid"), "good"),
}
_HIDDEN_CHANGES = {"deleted_at", "dealership_id", "version"}


def heads(pages: RecordPages, sort: str) -> list[Head]:
    """The table's head: the title first, then the columns."""
    first = Head(str(pages.title_label), "", *_sorting(pages.title_sort, sort))
    return [first, *(_head(pages, column, sort) for column in pages.columns)]


def _head(pages: RecordPages, column: Column, sort: str) -> Head:
    css = "num" if text.is_figure(pages.model, column.name) else ""
    return Head(text.label(pages.model, column.name), css, *_sorting(column.name if column.sortable else "", sort))


def _sorting(name: str, sort: str) -> tuple[str, str]:
    if not name:
        return "", ""
    direction = {name: "ascending", f"-{name}": "descending"}.get(sort, "")
    return (f"-{name}" if sort == name else name), direction


def rows(
    pages: RecordPages, records: Iterable[Record], dealership: Dealership, *, with_badges: bool = True
) -> list[Row]:
    """One row a record; the badges of all of them are asked for at once."""
    found = list(records)
    kind = pages.model.record_type()
    known = for_records(dealership, kind, [r.pk for r in found]) if with_badges else {}
    made = []
    for record in found:
        record.dealership = dealership
        cells = [_cell(pages, column, record) for column in pages.columns]
        note = pages.note(record) if pages.note else ""
        made.append(Row(pages.title(record), note, registry.url(record), cells, known.get(record.pk, ())))
    return made


def _cell(pages: RecordPages, column: Column, record: Record) -> Cell:
    css = " ".join(
        name
        for name, applies in (
            ("num", text.is_figure(pages.model, column.name)),
            ("nowrap", text.is_day(pages.model, column.name) or column.name == "phone"),
            ("lead", column.lead),
        )
        if applies
    )
    label = text.label(pages.model, column.name)
    if column.is_status:
        return Cell(label, text.status(record, column.name), css, is_status=True, tone=text.tone(record, column.name))
    return Cell(label, text.in_table(record, column.name), css, is_code=text.is_code(column.name))


def facts(pages: RecordPages, record: Record) -> list[Fact]:
    """The record's facts that have a value, references as links."""
    found = [_fact(record, name) for name in pages.facts]
    found += [Fact(text.label(pages.model, name), write(record)) for name, write in pages.long_facts.items()]
    return [fact for fact in found if fact.value]


def _fact(record: Record, name: str) -> Fact:
    value = getattr(record, name)
    url = registry.url(value) if isinstance(value, Record) else ""
    return Fact(text.label(type(record), name), text.written(record, name), url, text.is_code(name))


def story(pages: RecordPages, record: Record, events: Iterable[Event]) -> list[Entry]:
    """What happened to the record, newest first: who, when, what changed."""
    return [_entry(pages.model, record, event) for event in events]


def _entry(model: type[Record], record: Record, event: Event) -> Entry:
    verb = event.type.rsplit(".", 1)[-1]
    words, tone = _VERBS.get(verb, (verb, ""))
    who = event.actor_name or capfirst(str(event.get_actor_kind_display()))
    changes = [] if verb == "created" else _changes(model, record, event.changes)
    return Entry(who, str(words), event.occurred_at, tone, changes)


def _changes(model: type[Record], record: Record, changes: dict[str, list[Any]]) -> list[Change]:
    return [
        _change(_label(model, name), *(_plain(model, record, name, value) for value in pair))
        for name, pair in changes.items()
        if name not in _HIDDEN_CHANGES
    ]


def _change(label: str, before: str, after: str) -> Change:
    """What was empty need not be said; of rows and of other records only that they changed is known."""
    if before == after:
        return Change(label, "", _("changed"))
    return Change(label, before, after or _("nothing"))


def _label(model: type[Model], name: str) -> str:
    names = {"lines": _("Lines"), "taxes": _("Taxes"), "allocations": _("Invoices it settles")}
    return names.get(name) or text.label(model, name.removesuffix("_id"))


def _plain(model: type[Record], record: Record, name: str, value: Any) -> str:
    """A value as the event kept it, written for a person."""
    if value in (None, "", []):
        return ""
    if isinstance(value, list):
        return ngettext("%(count)s row", "%(count)s rows", len(value)) % {"count": len(value)}
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    model_field = model._meta.get_field(name.removesuffix("_id"))
    if model_field.is_relation:
        return _("another one")
    choices = dict(getattr(model_field, "flatchoices", ()))
    if choices:
        return str(choices.get(value, value))
    kind = model_field.get_internal_type()
    if kind == "DecimalField":
        return display.money(Decimal(str(value)), text.currency_of(record))
    if kind == "DateField" and (day := parse_date(str(value))):
        return display.day(day)
    if kind == "DateTimeField" and (instant := parse_datetime(str(value))):
        return display.instant(instant)
    return str(value)
