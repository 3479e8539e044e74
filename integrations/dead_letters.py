"""Setting records aside, and getting them back: one open letter for a record and a direction."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from connectors.base import Connector
from connectors.streams import Stream
from dealership.events import Actor, record_event
from integrations import runs
from integrations.canon import MODELS
from integrations.models import DeadLetter, Integration, RecordLink, SyncConfig, SyncItem, SyncLog

OPEN = (DeadLetter.Status.OPEN, DeadLetter.Status.REPLAYED)
# Our own code for a record whose parent the provider does not have.
NO_PARENT = "no_parent"


@dataclass(frozen=True, kw_only=True)
class Aside:
    """One record that could not be brought across: which, why, and what a person can do."""

    stream: str
    direction: str
    record_type: str
    reason: str
    next_step: str = ""
    code: str = ""
    local_id: uuid.UUID | None = None
    remote_id: str = ""
    raw_hash: str = ""
    label: str = ""
    amount: Decimal | None = None
    currency: str = ""

    @property
    def key(self) -> dict[str, Any]:
        """What there is one open letter for."""
        ours = self.direction == DeadLetter.Direction.PUSH
        named = {"local_id": self.local_id} if ours else {"remote_id": self.remote_id}
        return {"stream": self.stream, "direction": self.direction, **named}

    @property
    def facts(self) -> dict[str, Any]:
        """What letter and item both say."""
        return {
            "local_id": self.local_id,
            "remote_id": self.remote_id,
            "label": self.label[:300],
            "next_step": self.next_step,
            "code": self.code[:40],
        }


def set_aside(run: SyncLog, aside: Aside, *, actor: Actor) -> SyncItem:
    """Write the letter (or bring the open one up to date), the run's item and the event; call it in a transaction."""
    key = {"integration_id": run.integration_id, **aside.key}
    money = {"amount": aside.amount, "currency": aside.currency}
    facts = {**aside.facts, **money, "reason": aside.reason, "raw_hash": aside.raw_hash, "run": run}
    again = DeadLetter.objects.filter(**key, status__in=OPEN).update(
        **facts, status=DeadLetter.Status.OPEN, tries=F("tries") + 1
    )
    if not again:
        letter = DeadLetter.objects.create(
            dealership_id=run.dealership_id, record_type=aside.record_type, **{**key, **facts}
        )
        record_event(
            "record.dead_lettered",
            run.dealership_id,
            actor=actor,
            record_type=aside.record_type,
            record_id=aside.local_id,
            changes={"reason": aside.reason, "dead_letter": str(letter.pk)},
        )
    return SyncItem.objects.create(
        dealership_id=run.dealership_id,
        run=run,
        outcome=SyncItem.Outcome.SET_ASIDE,
        record_type=aside.record_type,
        detail=aside.reason,
        **aside.facts,
    )


def resolve(
    integration_id: uuid.UUID, stream: str, *, local_ids: Iterable[uuid.UUID] = (), remote_ids: Iterable[str] = ()
) -> None:
    """What went through now is no longer set aside."""
    letters = DeadLetter.objects.filter(integration=integration_id, stream=stream, status__in=OPEN)
    resolved = {"status": DeadLetter.Status.RESOLVED, "resolved_at": timezone.now()}
    if local := list(local_ids):
        letters.filter(direction=DeadLetter.Direction.PUSH, local_id__in=local).update(**resolved)
    if remote := list(remote_ids):
        letters.filter(direction=DeadLetter.Direction.PULL, remote_id__in=remote).update(**resolved)


def retry_children(connector: Connector, parent: Stream, integration: Integration, ids: Sequence[uuid.UUID]) -> None:
    """Ask again for what was set aside only because these new records of `parent` were not at the provider yet."""
    for child in connector.streams:
        paths = [path for path, target in child.references.items() if target == parent.name]
        if not paths or child.push is None:
            continue
        letters = DeadLetter.objects.filter(
            integration=integration, stream=child.name, code=NO_PARENT, status__in=OPEN
        ).values("local_id")
        refers = reduce(or_, (Q(**{f"{path.replace('.', '__')}__in": ids}) for path in paths))
        records = MODELS[child.maps_to].objects.for_dealership(integration.dealership_id).filter(refers, pk__in=letters)
        links = RecordLink.objects.filter(
            integration=integration, stream=child.name, local_id__in=list(records.values_list("pk", flat=True))
        )
        if links.update(refused_version=0):
            config = SyncConfig.objects.get(integration=integration, stream=child.name)
            runs.request(config, pull=False, push=True, trigger=SyncLog.Trigger.REALTIME)


def replay(letter: DeadLetter) -> bool:
    """Try the record again in a run of its stream. False when the letter is not open any more, or its stream is off."""
    with transaction.atomic():
        moved = DeadLetter.objects.filter(pk=letter.pk, status__in=OPEN).update(status=DeadLetter.Status.REPLAYED)
        if not moved:
            return False
        config = SyncConfig.objects.get(integration=letter.integration_id, stream=letter.stream)
        pushing = letter.direction == DeadLetter.Direction.PUSH
        if pushing:
            RecordLink.objects.filter(
                integration=letter.integration_id, stream=letter.stream, local_id=letter.local_id or uuid.UUID(int=0)
            ).update(refused_version=0, writes_since_change=0)
        if runs.request(config, pull=not pushing, push=pushing, trigger=SyncLog.Trigger.MANUAL) is None:
            transaction.set_rollback(True)
            return False
    return True


def dismiss(letter: DeadLetter) -> bool:
    """A person decided that nothing needs to be done."""
    return bool(
        DeadLetter.objects.filter(pk=letter.pk, status__in=OPEN).update(
            status=DeadLetter.Status.DISMISSED, resolved_at=timezone.now()
        )
    )
