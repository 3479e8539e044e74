"""From the save of a changed invoice to its arrival at the provider, with a real worker: the median of twenty."""

import time
from statistics import median

from benchmarks import books
from benchmarks.stage import Stage, tell, wait_until, work
from dealership import records
from dealership.events import SYSTEM
from dealership.models import Invoice
from integrations import runs
from integrations.models import RecordLink, SyncLog

TIMES = 20
PROMISED_SECONDS = 2.0


def seconds(stage: Stage) -> float:
    integration = stage.connect()
    made = books.invoices(integration, books.customers(integration, TIMES))
    runs.request_all(integration, trigger=SyncLog.Trigger.MANUAL)
    work(integration)
    remote_ids = dict(RecordLink.objects.filter(stream="invoices").values_list("local_id", "remote_id"))
    with stage.worker(), stage.latency():
        # The worker sees to what is due at its start first.
        wait_until(_is_calm, seconds=60, what="the worker has nothing to do")
        taken = [_arrives_after(stage, invoice, str(remote_ids[invoice.pk])) for invoice in made]
    tell(f"median {median(taken):.2f} s, fastest {min(taken):.2f} s, slowest {max(taken):.2f} s")
    return median(taken) / PROMISED_SECONDS


def _arrives_after(stage: Stage, invoice: Invoice, remote_id: str) -> float:
    invoice.refresh_from_db()
    memo = f"Changed {invoice.number}"
    # A person saves at any moment of the worker's half second, not right after its last work.
    time.sleep(0.7 + 0.025 * (int(remote_id) % 20))
    started = time.perf_counter()
    records.update(invoice, {"memo": memo}, actor=SYSTEM)
    wait_until(lambda: _memo(stage, remote_id) == memo, seconds=30, what="the change is there")
    return time.perf_counter() - started


def _memo(stage: Stage, remote_id: str) -> str:
    there = next(row for row in stage.simulator.entities("Invoice") if row["Id"] == remote_id)
    return str((there.get("CustomerMemo") or {}).get("value", ""))


def _is_calm() -> bool:
    from dealership.models import Event

    return not (
        Event.objects.filter(dispatched_at=None).exists() or SyncLog.objects.filter(status__in=SyncLog.OPEN).exists()
    )
