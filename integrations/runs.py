"""Every transition of a run (SyncLog), and nothing else.

A wish comes first: `request` sets `pull_wanted` / `push_wanted` on the stream's config. `open_wanted` turns wishes into
a queued run, unless one is open; then the wish waits and becomes the next run when that one ends. Each transition is
one conditional UPDATE: zero rows mean that somebody else moved the run, and the caller returns quietly.

A transaction that writes several rows writes the integration's first, then the config's, then the run's: in any other
order PostgreSQL ends one of two that meet as a deadlock.
"""

import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from integrations import background, schedule
from integrations.models import Integration, SyncConfig, SyncLog
from integrations.timings import TIMINGS

WORK_TASK = "integrations.tasks.work_integration"
Status = SyncLog.Status


class LeaseLost(Exception):
    """Another process owns the run now, or it was cancelled: stop without a word."""


def request(config: SyncConfig, *, pull: bool, push: bool, trigger: str) -> SyncLog | None:
    """Ask for a sync of one stream. Gives the run that will do it, None while the integration is not connected.

    Safe to call any number of times and inside a transaction.
    """
    wishes: dict[str, Any] = {}
    if pull and config.pulls:
        wishes["pull_wanted"] = True
    if push and config.pushes:
        wishes["push_wanted"] = True
    if not wishes or not config.enabled:
        return None
    SyncConfig.objects.filter(pk=config.pk).update(**wishes, wanted_trigger=trigger)
    return open_wanted(config.pk)


def request_all(integration: Integration, *, trigger: str, pull: bool = True, push: bool = True) -> list[SyncLog]:
    """Ask for every enabled stream, parents first."""
    made = [request(config, pull=pull, push=push, trigger=trigger) for config in integration.configs.order_by("rank")]
    return [run for run in made if run is not None]


def open_wanted(config_id: uuid.UUID) -> SyncLog | None:
    """Queue a run for what is wanted; the open one where there is one; None when nothing is to be done.

    A blocked stream waits until a person asks or its settings change.
    """
    with transaction.atomic():
        config = SyncConfig.objects.select_related("integration").get(pk=config_id)
        wanted = config.enabled and (config.pull_wanted or config.push_wanted)
        if not wanted or config.integration.status != Integration.Status.CONNECTED:
            return None
        trigger = config.wanted_trigger or SyncLog.Trigger.REALTIME
        if config.blocked_reason and trigger != SyncLog.Trigger.MANUAL:
            return None
        run = _build(config, trigger)
        # Only what this run takes up: somebody may have wished for the other direction in this very moment.
        taken = {f"{wish}_wanted": False for wish, on in (("pull", run.pulls), ("push", run.pushes)) if on}
        try:
            with transaction.atomic():
                SyncConfig.objects.filter(pk=config_id).update(**taken, blocked_reason="")
                run.save(force_insert=True)
        except IntegrityError:
            return SyncLog.objects.filter(config=config, status__in=SyncLog.OPEN).first()
        background.enqueue(WORK_TASK, config.integration_id)
    return run


def _build(config: SyncConfig, trigger: str) -> SyncLog:
    return SyncLog(
        dealership_id=config.dealership_id,
        integration_id=config.integration_id,
        config=config,
        stream=config.stream,
        rank=config.rank,
        trigger=trigger,
        pulls=config.pull_wanted,
        pushes=config.push_wanted,
        phase=SyncLog.Phase.PULL if config.pull_wanted else SyncLog.Phase.PUSH,
        nudged_at=timezone.now(),
        reference=f"run_{secrets.token_hex(4).upper()}",
    )


def due(now: datetime | None = None) -> Any:
    """Queued runs whose time has come. Those of a paused or refused integration wait until it is connected again."""
    now = now or timezone.now()
    return SyncLog.objects.filter(
        Q(not_before=None) | Q(not_before__lte=now), status=Status.QUEUED, integration__in=_connected()
    )


def _connected() -> Any:
    """For `integration__in`. Never a join: an UPDATE with one picks its rows beforehand, so two workers could win."""
    return Integration.objects.filter(status=Integration.Status.CONNECTED)


def claim_next(integration_id: uuid.UUID) -> SyncLog | None:
    """Take the integration's next due run, parents first. One stream of an integration runs at a time."""
    run_id = (
        due().filter(integration=integration_id).order_by("rank", "created_at").values_list("pk", flat=True).first()
    )
    if run_id is None:
        return None
    now = timezone.now()
    try:
        with transaction.atomic():
            claimed = (
                due(now)
                .filter(pk=run_id)
                .update(
                    status=Status.RUNNING,
                    lease_token=uuid.uuid4(),
                    lease_expires_at=now + timedelta(seconds=TIMINGS.lease_seconds),
                    started_at=Coalesce(F("started_at"), now),
                )
            )
    except IntegrityError:
        return None
    return SyncLog.objects.select_related("config", "integration").get(pk=run_id) if claimed else None


def _held(run: SyncLog) -> Any:
    return SyncLog.objects.filter(pk=run.pk, status=Status.RUNNING, lease_token=run.lease_token)


def renew(run: SyncLog) -> None:
    """Keep the lease. Raises LeaseLost when it is not ours any more, the run was cancelled or its integration paused:
    then it goes on from its checkpoint when that is resumed."""
    now = timezone.now()
    until = now + timedelta(seconds=TIMINGS.lease_seconds)
    if _held(run).filter(cancel_requested=False, integration__in=_connected()).update(lease_expires_at=until):
        return
    if _held(run).filter(cancel_requested=True).update(status=Status.CANCELLED, finished_at=now, lease_token=None):
        open_wanted(run.config_id)
    _held(run).update(status=Status.QUEUED, lease_token=None, nudged_at=None)
    raise LeaseLost


def checkpoint(run: SyncLog, *, counts: dict[str, int] | None = None, **place: Any) -> None:
    """Save how far the run is, inside the transaction that wrote the records. Raises LeaseLost to roll it back."""
    added = {name: F(name) + number for name, number in (counts or {}).items() if number}
    until = timezone.now() + timedelta(seconds=TIMINGS.lease_seconds)
    if not _held(run).update(lease_expires_at=until, attempt=0, **added, **place):
        raise LeaseLost
    run.attempt = 0
    for name, value in place.items():
        setattr(run, name, value)


def release(run: SyncLog) -> None:
    """The slice is over: back to the queue, to go on from the checkpoint."""
    with transaction.atomic():
        if _held(run).update(status=Status.QUEUED, lease_token=None, not_before=None, nudged_at=timezone.now()):
            background.enqueue(WORK_TASK, run.integration_id)


def back_off(run: SyncLog, message: str, *, kind: str, wait_seconds: float | None = None) -> None:
    """Back to the queue for later. With `wait_seconds` the provider said when: that is not a failed try."""
    failed_tries = run.attempt + (0 if wait_seconds is not None else 1)
    seconds = schedule.backoff_seconds(failed_tries) if wait_seconds is None else wait_seconds
    if seconds is None:
        finish(run, Status.FAILED, error=message, kind=kind)
        return
    _held(run).update(
        status=Status.QUEUED,
        lease_token=None,
        attempt=failed_tries,
        retried=F("retried") + 1,
        not_before=timezone.now() + timedelta(seconds=seconds),
        nudged_at=None,
        error=message,
        error_kind=kind,
    )


def finish(run: SyncLog, status: str, *, error: str = "", kind: str = "") -> bool:
    """End the run; what was wanted meanwhile becomes the next one."""
    now = timezone.now()
    worked = status in (Status.SUCCEEDED, Status.PARTIAL)
    with transaction.atomic():
        if worked:
            Integration.objects.filter(pk=run.integration_id).update(last_synced_at=now)
        SyncConfig.objects.filter(pk=run.config_id).update(last_succeeded_at=now if worked else F("last_succeeded_at"))
        ended = _held(run).update(
            status=status, finished_at=now, lease_token=None, error=error, error_kind=kind, not_before=None
        )
        if not ended:
            transaction.set_rollback(True)
            return False
        open_wanted(run.config_id)
    return True


def cancel(run: SyncLog) -> bool:
    """A queued run ends at once, a running one at its next checkpoint."""
    now = timezone.now()
    if SyncLog.objects.filter(pk=run.pk, status=Status.QUEUED).update(status=Status.CANCELLED, finished_at=now):
        return True
    return bool(SyncLog.objects.filter(pk=run.pk, status=Status.RUNNING).update(cancel_requested=True))


def cancel_all(integration: Integration) -> None:
    """Nothing of this integration goes on, and nothing waits."""
    SyncConfig.objects.filter(integration=integration).update(pull_wanted=False, push_wanted=False)
    for run in SyncLog.objects.filter(integration=integration, status__in=SyncLog.OPEN):
        cancel(run)


def retry(run: SyncLog) -> SyncLog | None:
    """Run a finished one again, in the same directions."""
    return request(run.config, pull=run.pulls, push=run.pushes, trigger=SyncLog.Trigger.MANUAL)


def reap() -> int:
    """Runs whose worker died: back to the queue from their checkpoint. One that kills its worker again and again
    climbs the same ladder as any failure, and is failed in the end."""
    now = timezone.now()
    reaped = 0
    for run in SyncLog.objects.filter(status=Status.RUNNING, lease_expires_at__lt=now):
        attempt = run.attempt + 1
        given_up = schedule.backoff_seconds(attempt) is None
        reaped += SyncLog.objects.filter(
            pk=run.pk, status=Status.RUNNING, lease_token=run.lease_token, lease_expires_at__lt=now
        ).update(
            status=Status.FAILED if given_up else Status.QUEUED,
            finished_at=now if given_up else None,
            lease_token=None,
            attempt=attempt,
            retried=F("retried") + 1,
            not_before=None,
            nudged_at=None,
            error="The worker stopped in the middle. It goes on from its checkpoint.",
            error_kind="WorkerLost",
        )
    return reaped


def queue_due_configs() -> int:
    """What the schedule asks for, and wishes that no run has taken up."""
    now = timezone.now()
    connected = SyncConfig.objects.filter(enabled=True, integration__status=Integration.Status.CONNECTED)
    started = 0
    for config in connected.filter(next_due_at__lte=now) | connected.filter(next_due_at=None):
        due_at = schedule.next_due(config.schedule, now)
        moved = SyncConfig.objects.filter(pk=config.pk, next_due_at=config.next_due_at).update(next_due_at=due_at)
        if moved and due_at is not None and config.next_due_at is not None and not config.blocked_reason:
            started += request(config, pull=True, push=True, trigger=SyncLog.Trigger.SCHEDULE) is not None
    for config_id in connected.filter(Q(pull_wanted=True) | Q(push_wanted=True)).values_list("pk", flat=True):
        started += open_wanted(config_id) is not None
    return started
