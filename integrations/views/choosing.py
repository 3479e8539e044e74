"""The filters above a list: what is offered, what the address asks for, nonsense left out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from dealership.models import Dealership
from dealership.pages.selection import Choice, Option
from integrations.models import Integration
from integrations.views import words

Words = str | Promise


@dataclass
class Filters:
    """Collects the choices of one page; `chosen` holds only values that were offered."""

    query: Mapping[str, str]
    shown: list[Choice] = field(default_factory=list)
    chosen: dict[str, str] = field(default_factory=dict)

    def offer(self, name: str, label: str, options: Iterable[tuple[Any, Words]], *, all_label: str = "") -> str:
        """The chosen value of this filter; empty for all."""
        given = self.query.get(name, "")
        offered = [Option(str(value), text, str(value) == given) for value, text in options]
        self.shown.append(Choice(name, label, all_label or _("All"), offered))
        if not any(option.is_chosen for option in offered):
            return ""
        self.chosen[name] = given
        return given

    @property
    def is_narrow(self) -> bool:
        return bool(self.chosen)


def integrations_of(dealership: Dealership) -> list[Integration]:
    """The dealership's integrations by name, for choices."""
    rows = Integration.objects.for_dealership(dealership)
    return sorted(rows, key=lambda i: (i.label.lower(), i.remote_account_name))


def streams_of(integrations: Iterable[Integration]) -> list[tuple[str, str]]:
    """Every stream that one of them has, in the order in which streams are synced."""
    classes = {integration.provider: integration.connector_class for integration in integrations}
    streams = sorted((s for cls in classes.values() for s in cls.streams), key=lambda s: s.rank)
    return list({stream.name: (stream.name, words.said(stream.label)) for stream in streams}.values())
