"""Which records a list shows: the filters, words, references and order that its address asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from dealership.models import Dealership
from dealership.pages.base import RecordPages, Words


@dataclass(frozen=True)
class Option:
    value: str
    label: Words
    is_chosen: bool


@dataclass(frozen=True)
class Choice:
    """A filter as the page shows it."""

    name: str
    label: Words
    unfiltered: Words
    options: list[Option]


@dataclass(frozen=True)
class Asked:
    """What the address asks for; whatever it asks that does not exist is left out."""

    words: str
    sort: str
    is_deleted: bool
    shown: list[Choice]
    where: list[Q]
    through: dict[str, UUID] = field(default_factory=dict)

    @property
    def is_narrow(self) -> bool:
        return bool(self.words or self.where or self.through or self.is_deleted)


def asked(pages: RecordPages, query: Mapping[str, str]) -> Asked:
    shown, where = [], []
    for spec in pages.filters:
        options = spec.options()
        value = query.get(spec.name, "")
        if value in options:
            where.append(options[value][1])
        offered = [Option(key, words, key == value) for key, (words, _condition) in options.items()]
        shown.append(Choice(spec.name, spec.label, _("All"), offered))
    is_deleted = query.get("deleted", "") == "yes"
    shown.append(Choice("deleted", _("Show"), _("Present"), [Option("yes", _("Deleted"), is_deleted)]))
    return Asked(query.get("q", "").strip(), _sort(pages, query), is_deleted, shown, where, through(pages, query))


def records(pages: RecordPages, dealership: Dealership, asked: Asked) -> "QuerySet[Any]":
    rows = pages.model.objects.for_dealership(dealership).filter(
        *asked.where, deleted_at__isnull=not asked.is_deleted, **asked.through
    )
    if asked.words:
        condition = Q()
        for name in pages.search:
            condition |= Q(**{f"{name}__icontains": asked.words})
        rows = rows.filter(condition)
    return rows.order_by(asked.sort or pages.order, "pk").select_related(*pages.joined)


def through(pages: RecordPages, query: Mapping[str, str]) -> dict[str, UUID]:
    """References named in the address, such as `?contact=<id>`: the way from a record to all that point at
    it.
    """
    found = {}
    for name in pages.joined:
        try:
            found[name] = UUID(query.get(name, ""))
        except ValueError:
            continue
    return found


def _sort(pages: RecordPages, query: Mapping[str, str]) -> str:
    wanted = query.get("sort", "")
    allowed = {column.name for column in pages.columns if column.sortable} | {pages.title_sort}
    return wanted if wanted.removeprefix("-") in allowed else ""
