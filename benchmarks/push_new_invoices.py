"""New invoices, each with a new customer of its own, against the time of the bare calls one after the other."""

from collections import deque
from math import ceil

from benchmarks import books
from benchmarks.stage import CALL_SECONDS, Stage, tell, wait_until, work
from connectors.providers.quickbooks.streams import BATCH_SIZE, LIMITS
from integrations import runs
from integrations.models import Integration, RecordLink, SyncLog

PATIENCE_SECONDS = 600


def hundred(stage: Stage) -> float:
    return _unlimited(stage, 100)


def thousand(stage: Stage) -> float:
    return _unlimited(stage, 1000)


def limited(stage: Stage) -> float:
    """1,000 with the provider's limits on both sides, by a real worker: it has to wait, and to wake up in time."""
    integration = _with_new_invoices(stage, 1000)
    before = stage.calls("query")
    with stage.worker(), stage.latency():
        _ask(integration)
        seconds = wait_until(lambda: _has_rested(integration), seconds=PATIENCE_SECONDS, what="everything is sent")
    _require_all_there(stage, 1000)
    lookups, batches = stage.calls("query") - before, 2 * ceil(1000 / BATCH_SIZE)
    floor = forced_seconds(lookups=lookups, batches=batches)
    tell(f"{seconds:.1f} s; {lookups} look-ups and {batches} batches cannot take less than {floor:.1f} s")
    return seconds / floor


def forced_seconds(*, lookups: int, batches: int) -> float:
    """How long calls of 150 ms take one after the other when none may break a limit in any window of its length."""
    made: dict[str, deque[float]] = {limit.name: deque(maxlen=limit.calls) for limit in LIMITS}
    clock, looked_up = 0.0, 0
    for batch in range(1, batches + 1):
        due = lookups * batch // batches - looked_up
        for counted in [("requests",)] * due + [("requests", "batch")]:
            for limit in LIMITS:
                past = made[limit.name]
                if limit.name in counted and len(past) == limit.calls:
                    clock = max(clock, past[0] + limit.seconds)
            for name in counted:
                made[name].append(clock)
            clock += CALL_SECONDS
        looked_up += due
    return clock


def _unlimited(stage: Stage, count: int) -> float:
    integration = _with_new_invoices(stage, count)
    before = stage.calls("query")
    with stage.latency():
        _ask(integration)
        seconds = work(integration)
    _require_all_there(stage, count)
    lookups = stage.calls("query") - before
    calls = lookups + 2 * ceil(count / BATCH_SIZE)
    tell(f"{seconds:.2f} s for {lookups} look-ups and {calls - lookups} batches: {calls * CALL_SECONDS:.2f} s of calls")
    return seconds / (calls * CALL_SECONDS)


def _with_new_invoices(stage: Stage, count: int) -> Integration:
    integration = stage.connect()
    books.invoices(integration, books.customers(integration, count))
    return integration


def _ask(integration: Integration) -> None:
    runs.request_all(integration, trigger=SyncLog.Trigger.REALTIME, pull=False)


def _has_rested(integration: Integration) -> bool:
    return not SyncLog.objects.filter(integration=integration, status__in=SyncLog.OPEN).exists()


def _require_all_there(stage: Stage, count: int) -> None:
    for stream, entity in (("customers", "Customer"), ("invoices", "Invoice")):
        linked = RecordLink.objects.filter(stream=stream, remote_id__isnull=False, intent_key=None).count()
        there = len(stage.simulator.entities(entity))
        if linked < count or there != linked:
            raise RuntimeError(f"{stream}: {linked} are linked and {there} are there.")
