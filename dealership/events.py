"""Writing events and handing them on.

Whoever changes a record writes an event in the same transaction. Upper apps register a reader in `AppConfig.ready`;
`dispatch` shows each event to every reader once, in the transaction that marks it as dispatched. Readers only write
rows: they never call the network.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from dealership.models import Dealership, Event, User

Reader = Callable[[Sequence[Event]], None]
DISPATCH_BATCH = 500

_readers: list[Reader] = []


@dataclass(frozen=True)
class Actor:
    """Who caused a change: shown in the record's life story."""

    kind: str = Event.Actor.SYSTEM
    id: uuid.UUID | None = None
    name: str = ""
    run_id: uuid.UUID | None = None

    @classmethod
    def user(cls, user: User) -> "Actor":
        return cls(kind=Event.Actor.USER, id=user.pk, name=str(user)[:200])

    @classmethod
    def integration(cls, pk: uuid.UUID, name: str) -> "Actor":
        return cls(kind=Event.Actor.INTEGRATION, id=pk, name=name[:200])

    def in_run(self, run_id: uuid.UUID) -> "Actor":
        return replace(self, run_id=run_id)


SYSTEM = Actor()


def build_event(
    kind: str,
    dealership: Dealership | uuid.UUID,
    *,
    actor: Actor,
    record_type: str = "",
    record_id: uuid.UUID | None = None,
    record_version: int = 0,
    changes: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> Event:
    """An unsaved event, for callers that write many at once."""
    return Event(
        type=kind,
        dealership_id=dealership.pk if isinstance(dealership, Dealership) else dealership,
        record_type=record_type,
        record_id=record_id,
        record_version=record_version,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name,
        run_id=actor.run_id,
        changes=dict(changes or {}),
        occurred_at=at or timezone.now(),
    )


def record_event(kind: str, dealership: Dealership | uuid.UUID, *, actor: Actor, **facts: Any) -> Event:
    """Write one event; call it inside the transaction of the change it tells."""
    event = build_event(kind, dealership, actor=actor, **facts)
    event.save(force_insert=True)
    return event


def register_reader(reader: Reader) -> None:
    """Called once an app, from `AppConfig.ready`."""
    if reader not in _readers:
        _readers.append(reader)


def has_undispatched() -> bool:
    return Event.objects.filter(dispatched_at=None).exists()


def dispatch(limit: int = DISPATCH_BATCH) -> int:
    """Show undispatched events to every reader, oldest first. Gives how many; 0 also when another process had them."""
    with transaction.atomic():
        events = list(Event.objects.filter(dispatched_at=None).order_by("occurred_at")[:limit])
        if not events:
            return 0
        ids = [event.pk for event in events]
        claimed = Event.objects.filter(pk__in=ids, dispatched_at=None).update(dispatched_at=timezone.now())
        if claimed != len(ids):
            transaction.set_rollback(True)
            return 0
        for reader in _readers:
            reader(events)
    return len(events)
