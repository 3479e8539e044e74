"""What a kind of record may declare about its pages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from django.db.models import Prefetch, Q
from django.utils.functional import Promise

from dealership.forms.base import RecordForm
from dealership.models import Record

Words: TypeAlias = str | Promise
Prefetched: TypeAlias = "str | Prefetch[Any, Any, Any]"


@dataclass(frozen=True)
class Column:
    """A field in the list. `lead` moves up beside the title on a phone; `is_status` gives it a shape and a
    tone.
    """

    name: str
    sortable: bool = True
    lead: bool = False
    is_status: bool = False
    brief: bool = True


@dataclass(frozen=True)
class Filter:
    """One choice above a list: the value in the address, its label, and what it selects."""

    name: str
    label: Words
    options: Callable[[], Mapping[str, tuple[Words, Q]]]


@dataclass(frozen=True)
class Related:
    """Other records that point at this one through `through`, shown on its page with fewer columns."""

    record_type: str
    through: str


@dataclass(frozen=True)
class Lines:
    """A table of the record's children: attribute, title, columns as (label, field), and its template's
    totals.
    """

    attribute: str
    template: str
    prefetch: tuple[Prefetched, ...] = ()


@dataclass(frozen=True)
class RecordPages:
    """Everything the generic views need to know about one kind of record."""

    model: type[Record]
    icon: str
    plural: Words
    add: Words
    why: Words
    title: Callable[[Any], str]
    columns: tuple[Column, ...]
    order: str
    facts: tuple[str, ...]
    heading: Callable[[Any], str] | None = None
    title_label: Words = ""
    title_sort: str = ""
    summary: Callable[[Any], str] | None = None
    note: Callable[[Any], str] | None = None
    search: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    joined: tuple[str, ...] = ()
    form: type[RecordForm] | None = None
    form_template: str = "dealership/record_form.html"
    lines: Lines | None = None
    related: tuple[Related, ...] = ()
    status: str = ""
    can_void: bool = False
    long_facts: Mapping[str, Callable[[Any], str]] = field(default_factory=dict)
