"""The slot through which upper apps say what a record is elsewhere: "in QuickBooks as #1045, agreed 2 min
ago".

An upper app registers one function in its `AppConfig.ready`; the record pages call `for_records` once for a
whole list.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from dealership.models import Dealership

Tone = Literal["good", "live", "wait", "bad", "off"]


@dataclass(frozen=True)
class Badge:
    """One system's view of one record: `label` names the system, `text` the state in a word or two.

    `note` is the small line under it on the record's own page, `at` the instant that the note speaks of.
    """

    label: str
    text: str
    url: str = ""
    tone: Tone = "off"
    note: str = ""
    at: dt.datetime | None = None


Badges = Mapping[UUID, Sequence[Badge]]
Source = Callable[[Dealership, str, Sequence[UUID]], Badges]

_sources: list[Source] = []


def register(source: Source) -> Source:
    """Add a source, called as `source(dealership, record_type, ids)`; it must answer in a fixed number of
    queries.
    """
    if source not in _sources:
        _sources.append(source)
    return source


def for_records(dealership: Dealership, record_type: str, ids: Sequence[UUID]) -> dict[UUID, list[Badge]]:
    """The badges of every given record, in the order in which the sources were registered."""
    found: dict[UUID, list[Badge]] = {record_id: [] for record_id in ids}
    if not ids:
        return found
    for source in _sources:
        for record_id, badges in source(dealership, record_type, ids).items():
            if record_id in found:
                found[record_id].extend(badges)
    return found
