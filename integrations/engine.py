"""Works on one run: pull page by page, then push batch by batch, giving the slot back when the slice is over.

Which error leads where is the table of `connectors.errors`; this is the only place that applies it.
"""

import logging
import time
import uuid
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from connectors.base import Connector
from connectors.errors import (
    ConfigurationError,
    ConnectorError,
    CredentialError,
    RateLimited,
    TransientError,
    UncertainWrite,
)
from dealership.events import record_event
from integrations import dead_letters, lifecycle, runs
from integrations.apply import DELETIONS, Applier
from integrations.connecting import connector_for, save_memory
from integrations.models import DeadLetter, RecordLink, SyncConfig, SyncLog
from integrations.push import Pusher
from integrations.sync_actor import actor_of

logger = logging.getLogger(__name__)

# Taken off our own clock where the provider does not tell its time.
CLOCK_SKEW = timedelta(seconds=60)
# A complete listing may delete this many records, or this part of the stream, before a person must look.
MASS_DELETE_FLOOR = 10
MASS_DELETE_SHARE = 0.10

Status = SyncLog.Status
REPLAYED = DeadLetter.Status.REPLAYED


def work_integration(integration_id: uuid.UUID, *, deadline: float) -> None:
    """Work off the due runs of one integration, parents first, until the slice is over (`time.monotonic`)."""
    while time.monotonic() < deadline:
        run = runs.claim_next(integration_id)
        if run is None:
            return
        work(run, deadline=deadline)


def work(run: SyncLog, *, deadline: float) -> None:
    """Carry a claimed run as far as the deadline allows. Never raises for what a provider does."""
    try:
        connector = connector_for(run.integration, before_call=lambda: runs.renew(run))
        try:
            _carry_on(run, connector, deadline)
        finally:
            save_memory(run.integration, connector)
            connector.client.close()
    except runs.LeaseLost:
        return
    except RateLimited as problem:
        runs.back_off(run, problem.message, kind="RateLimited", wait_seconds=problem.retry_after_seconds)
    except (TransientError, UncertainWrite) as problem:
        runs.back_off(run, problem.message, kind=type(problem).__name__)
    except CredentialError as problem:
        lifecycle.needs_reconnect(run.integration, problem.message)
        _fail(run, problem.message, problem)
    except ConfigurationError as problem:
        SyncConfig.objects.filter(pk=run.config_id).update(blocked_reason=problem.message[:500])
        _fail(run, problem.message, problem)
    except ConnectorError as problem:
        _fail(run, problem.message, problem)
    except Exception as problem:
        logger.exception("run %s failed on a bug", run.reference)
        _fail(run, f"Lotbridge itself failed. Tell support the reference {run.reference}.", problem)


def _fail(run: SyncLog, message: str, problem: Exception) -> None:
    with transaction.atomic():
        if runs.finish(run, Status.FAILED, error=message, kind=type(problem).__name__):
            _tell(run, "sync.failed")


def _tell(run: SyncLog, kind: str) -> None:
    record_event(
        kind,
        run.dealership_id,
        actor=actor_of(run),
        record_type="run",
        record_id=run.pk,
        changes={"stream": run.stream},
    )


def _carry_on(run: SyncLog, connector: Connector, deadline: float) -> None:
    if run.phase == SyncLog.Phase.PULL and run.pulls and not _pull(run, connector, deadline):
        runs.release(run)
        return
    if run.pushes:
        if run.phase != SyncLog.Phase.PUSH:
            runs.checkpoint(run, phase=SyncLog.Phase.PUSH)
        if not Pusher(run, connector).push_dirty(deadline):
            runs.release(run)
            return
    fresh = SyncLog.objects.get(pk=run.pk)
    status = Status.PARTIAL if fresh.rejected else Status.SUCCEEDED
    with transaction.atomic():
        if runs.finish(run, status):
            _tell(run, "sync.completed")


def _pull(run: SyncLog, connector: Connector, deadline: float) -> bool:
    """Read pages from the checkpoint on. False when the slice ended first."""
    stream = connector.stream(run.stream)
    applier = Applier(run, connector, stream)
    since = None
    if run.config.cursor_at is not None:
        since = run.config.cursor_at - timedelta(seconds=stream.overlap_seconds)
    if not run.page_token:
        _replay(run, connector, applier)
    while True:
        page = connector.read(stream, since=since, token=run.page_token)
        if run.as_of is None:
            run.as_of = page.as_of or timezone.now() - CLOCK_SKEW
        applier.apply(page.remotes)
        place: dict[str, Any] = {"as_of": run.as_of, "page_token": page.next_token, "pages": run.pages + 1}
        if run.listing_needed or not page.complete_deletes:
            place["listing_needed"] = True
        if page.next_token:
            runs.checkpoint(run, **place)
            if time.monotonic() >= deadline:
                return False
            continue
        if run.listing_needed or not page.complete_deletes:
            _delete_absent(run, connector, applier)
        applier.end_pull(**place)
        return True


def _replay(run: SyncLog, connector: Connector, applier: Applier) -> None:
    """Fetch again what a person asked to retry."""
    letters = DeadLetter.objects.filter(
        integration=run.integration_id,
        stream=run.stream,
        direction=DeadLetter.Direction.PULL,
        status=REPLAYED,
    )
    if letters.filter(remote_id=DELETIONS).exists():
        run.listing_needed = True
    letters = letters.exclude(remote_id=DELETIONS)
    ids = list(letters.values_list("remote_id", flat=True)[:1000])
    if ids:
        applier.apply(connector.fetch(applier.stream, ids), force=True)
        letters.filter(remote_id__in=ids).update(status=DeadLetter.Status.RESOLVED, resolved_at=timezone.now())


def _delete_absent(run: SyncLog, connector: Connector, applier: Applier) -> None:
    """Compare a complete listing with the links: what is not listed is gone. Too many at once asks a person."""
    listed: set[str] = set()
    for ids in connector.list_ids(applier.stream):
        listed.update(ids)
    links = RecordLink.objects.filter(
        integration=run.integration_id, stream=run.stream, remote_id__isnull=False, remote_deleted_at=None
    )
    linked = list(links.values_list("remote_id", flat=True))
    gone = [remote_id for remote_id in linked if remote_id not in listed]
    asked = _deletions_letters(run)
    if (
        len(gone) > max(MASS_DELETE_FLOOR, MASS_DELETE_SHARE * len(linked))
        and not asked.filter(status=REPLAYED).exists()
    ):
        applier.ask_before_deleting(len(gone), len(linked))
        return
    applier.delete(gone)
    asked.update(status=DeadLetter.Status.RESOLVED, resolved_at=timezone.now())


def _deletions_letters(run: SyncLog) -> "QuerySet[DeadLetter]":
    """Where a person is asked whether many deletions are meant; a retry of the letter says yes."""
    return DeadLetter.objects.filter(
        integration=run.integration_id, stream=run.stream, remote_id=DELETIONS, status__in=dead_letters.OPEN
    )
