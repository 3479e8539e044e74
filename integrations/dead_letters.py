"""Setting records aside, and getting them back: one open letter for a record and a direction."""

import uuid
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from dealership.events import Actor, record_event
from integrations import runs
from integrations.models import DeadLetter, RecordLink, SyncConfig, SyncItem, SyncLog

OPEN = (DeadLetter.Status.OPEN, DeadLetter.Status.REPLAYED)


def set_aside(
    run: SyncLog,
    *,
    stream: str,
    direction: str,
    record_type: str,
    reason: str,
    next_step: str,
    actor: Actor,
    local_id: uuid.UUID | None = None,
    remote_id: str = "",
    label: str = "",
    code: str = "",
    amount: Decimal | None = None,
    currency: str = "",
) -> SyncItem:
    """Write the letter (or bring the open one up to date), the run's item and the event; call it in a transaction."""
    key: dict[str, Any] = {"integration_id": run.integration_id, "stream": stream, "direction": direction}
    key |= {"local_id": local_id} if direction == DeadLetter.Direction.PUSH else {"remote_id": remote_id}
    facts = {
        "remote_id": remote_id,
        "local_id": local_id,
        "label": label[:300],
        "reason": reason,
        "next_step": next_step,
        "code": code[:40],
        "amount": amount,
        "currency": currency,
        "run": run,
    }
    again = DeadLetter.objects.filter(**key, status__in=OPEN).update(
        **facts, status=DeadLetter.Status.OPEN, tries=F("tries") + 1
    )
    if not again:
        letter = DeadLetter.objects.create(dealership_id=run.dealership_id, record_type=record_type, **{**key, **facts})
        record_event(
            "record.dead_lettered",
            run.dealership_id,
            actor=actor,
            record_type=record_type,
            record_id=local_id,
            changes={"reason": reason, "dead_letter": str(letter.pk)},
        )
    return SyncItem.objects.create(
        dealership_id=run.dealership_id,
        run=run,
        outcome=SyncItem.Outcome.SET_ASIDE,
        record_type=record_type,
        local_id=local_id,
        remote_id=remote_id,
        label=label[:300],
        detail=reason,
        next_step=next_step,
        code=code[:40],
    )


def resolve(
    integration_id: uuid.UUID, stream: str, *, local_ids: Iterable[uuid.UUID] = (), remote_ids: Iterable[str] = ()
) -> None:
    """What went through now is no longer set aside."""
    letters = DeadLetter.objects.filter(integration=integration_id, stream=stream, status__in=OPEN)
    resolved = {"status": DeadLetter.Status.RESOLVED, "resolved_at": timezone.now()}
    letters.filter(direction=DeadLetter.Direction.PUSH, local_id__in=list(local_ids)).update(**resolved)
    letters.filter(direction=DeadLetter.Direction.PULL, remote_id__in=list(remote_ids)).update(**resolved)


def replay(letter: DeadLetter) -> bool:
    """Try the record again in a run of its stream. False when the letter is not open any more."""
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
        runs.request(config, pull=not pushing, push=pushing, trigger=SyncLog.Trigger.MANUAL)
    return True


def dismiss(letter: DeadLetter) -> bool:
    """A person decided that nothing needs to be done."""
    return bool(
        DeadLetter.objects.filter(pk=letter.pk, status__in=OPEN).update(
            status=DeadLetter.Status.DISMISSED, resolved_at=timezone.now()
        )
    )
