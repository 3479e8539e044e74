"""A real, large CSV file: imported, sent, and proven to the cent. LOTBRIDGE_REAL_DATA names the file or its folder."""

import os
import time
from collections.abc import Callable
from decimal import Decimal
from io import StringIO
from pathlib import Path

from django.core.management import call_command

from benchmarks.promises import Skipped
from benchmarks.stage import Stage, tell, work
from connectors.providers.quickbooks.simulator_company import GB_REALM
from dealership.models import Invoice
from integrations import reconcile, runs
from integrations.models import Integration, Reconciliation, SyncLog

FILE = "online-retail-invoices.csv"
CURRENCY = "GBP"
FINISHED = (Reconciliation.Status.COMPLETE, Reconciliation.Status.DIFFERENT, Reconciliation.Status.FAILED)


def difference(stage: Stage) -> float:
    """The sum of what the two sides differ by; anything else that is not in order is an error."""
    path = _file()
    integration = stage.connect(GB_REALM)
    _timed("imported", lambda: _import(path, integration))
    runs.request_all(integration, trigger=SyncLog.Trigger.MANUAL)
    _timed("sent", lambda: work(integration))
    proof = reconcile.request(integration, requested_by="benchmark")
    _timed("reconciled", lambda: _prove(proof))
    totals = [(_total(row["ours"]), _total(row["theirs"])) for row in proof.figures]
    for row, (ours, theirs) in zip(proof.figures, totals, strict=True):
        tell(f"{row['label']}: {row['ours']['count']:,} and {row['theirs']['count']:,} records, {ours} and {theirs}")
    if proof.status != Reconciliation.Status.COMPLETE:
        raise RuntimeError(f"The reconciliation is {proof.status}: {proof.difference_count} differences. {proof.error}")
    return float(sum((abs(ours - theirs) for ours, theirs in totals), Decimal(0)))


def _file() -> Path:
    path = Path(os.environ.get("LOTBRIDGE_REAL_DATA", ""))
    path = path / FILE if path.is_dir() else path
    if not path.is_file():
        raise Skipped(f"LOTBRIDGE_REAL_DATA names no {FILE}")
    return path


def _import(path: Path, integration: Integration) -> None:
    said = StringIO()
    given = {"dealership": integration.dealership.slug, "kind": "invoices", "profile": "online-retail"}
    call_command("import_csv", str(path), **given, currency=CURRENCY, skip_bad=True, stdout=said)
    tell("; ".join(line.strip() for line in said.getvalue().splitlines() if line.startswith(("Created", "Difference"))))
    if not Invoice.objects.exists():
        raise RuntimeError("Nothing was imported.")


def _prove(proof: Reconciliation) -> None:
    while proof.status not in FINISHED:
        reconcile.work(proof.pk)
        proof.refresh_from_db()


def _total(side: dict[str, dict[str, str]]) -> Decimal:
    return sum((Decimal(amount) for amount in side["totals"].values()), Decimal(0))


def _timed(what: str, act: Callable[[], object]) -> None:
    started = time.perf_counter()
    act()
    tell(f"{what} in {time.perf_counter() - started:.1f} s")
