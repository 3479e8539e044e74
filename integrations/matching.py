"""Records that meet for the first time: is the provider's object one that we have already?

Certain matches only: our own marker in the object's note, or the natural key of the stream.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.errors import RejectedRecord
from connectors.streams import Stream
from dealership.models import Record
from integrations.canon import MODELS
from integrations.models import Integration, RecordLink

if TYPE_CHECKING:
    from integrations.apply import Incoming

# Canonical field that is unique among a dealership's records of a stream.
NATURAL_KEYS = {"contact": "display_name", "invoice": "number", "account": "name"}
# What a second record with the same number must agree in to be the same: anything else is a clash, never a guess.
PROOF = {"invoice": ("contact_id", "total")}
CLASH = RejectedRecord(
    "Another record here has the same number, with another customer or amount.",
    next_step="Change the number on one of the two sides, then retry.",
)


@dataclass
class Meeting:
    matched: "list[Incoming]"
    unmatched: "list[Incoming]"
    clashing: "list[Incoming]"


def adopt(incoming: "Sequence[Incoming]", integration: Integration, stream: Stream) -> Meeting:
    """Give each object that is ours already its link: the one of an unanswered create, or a new one without a base."""
    if not incoming:
        return Meeting([], [], [])
    marked = _by_marker(incoming, integration, stream)
    links = _links(integration, stream, set(marked.values()))
    # A copy made at the provider carries the note of its original along: the original keeps its link.
    marked = {pk: own for pk, own in marked.items() if own not in links or not links[own].remote_id}
    named = _by_natural_key([one for one in incoming if one.remote.id not in marked], integration, stream)
    links |= _links(integration, stream, set(named.values()))
    meeting = Meeting([], [], [])
    taken: set[uuid.UUID] = set()
    for one in incoming:
        local_id = marked.get(one.remote.id) or named.get(one.remote.id)
        if local_id is None:
            meeting.unmatched.append(one)
            continue
        link = links.get(local_id)
        if local_id in taken or (link is not None and link.remote_id):
            (meeting.clashing if stream.maps_to in PROOF else meeting.unmatched).append(one)
        elif one.remote.id in named and not _is_proven(one, local_id, integration, stream):
            meeting.clashing.append(one)
        else:
            taken.add(local_id)
            one.link = link or RecordLink(local_id=local_id)
            meeting.matched.append(one)
    return meeting


def _is_proven(one: "Incoming", local_id: uuid.UUID, integration: Integration, stream: Stream) -> bool:
    names = PROOF.get(stream.maps_to)
    if names is None:
        return True
    rows = MODELS[stream.maps_to].objects.for_dealership(integration.dealership_id)
    return bool(rows.filter(pk=local_id, **{name: one.values[name] for name in names}).exists())


def _by_marker(incoming: "Sequence[Incoming]", integration: Integration, stream: Stream) -> dict[str, uuid.UUID]:
    marked = {one.remote.id: uuid.UUID(one.remote.marker) for one in incoming if _is_uuid(one.remote.marker)}
    known = set(_candidates(integration, stream).filter(pk__in=marked.values()).values_list("pk", flat=True))
    return {remote_id: local_id for remote_id, local_id in marked.items() if local_id in known}


def _by_natural_key(incoming: "Sequence[Incoming]", integration: Integration, stream: Stream) -> dict[str, uuid.UUID]:
    name = NATURAL_KEYS.get(stream.maps_to)
    if name is None or not incoming:
        return {}
    keys = {one.remote.id: str(one.values[name]) for one in incoming if one.values.get(name)}
    rows = _candidates(integration, stream).filter(**{f"{name}__in": list(keys.values())}).order_by("created_at")
    held: dict[str, uuid.UUID] = {}
    for pk, key in rows.values_list("pk", name):
        held.setdefault(key, pk)
    return {remote_id: held[key] for remote_id, key in keys.items() if key in held}


def _candidates(integration: Integration, stream: Stream) -> Any:
    model: type[Record] = MODELS[stream.maps_to]
    return model.objects.for_dealership(integration.dealership_id).present().filter(**stream.where)


def _links(integration: Integration, stream: Stream, local_ids: set[uuid.UUID]) -> dict[uuid.UUID, RecordLink]:
    rows = RecordLink.objects.filter(integration=integration, stream=stream.name, local_id__in=local_ids)
    return {link.local_id: link for link in rows}


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
