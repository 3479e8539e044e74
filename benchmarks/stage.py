"""What every promise is measured on: a database, a simulator in a process of its own, a connected dealership.

Nothing here may import a model: `opened` decides which database this process and its children work on.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import django
from django.core.management import call_command

from benchmarks.database import scratch
from tests.support.simulator import US_REALM, RunningSimulator

if TYPE_CHECKING:
    from integrations.models import Integration

ROOT = Path(__file__).resolve().parent.parent
LATENCY_MS = 150
CALL_SECONDS = LATENCY_MS / 1000


def tell(line: str) -> None:
    """Details for people; stdout is for the ratios."""
    print(f"  {line}", file=sys.stderr, flush=True)


@dataclass
class Stage:
    folder: Path
    simulator: RunningSimulator

    def connect(self, realm: str = US_REALM) -> "Integration":
        """A dealership connected through the consent page, its first sync done."""
        from integrations import runs
        from integrations.models import SyncLog
        from tests.support import connections

        made = connections.connect(*connections.dealership_of(), realm)
        runs.request_all(made, trigger=SyncLog.Trigger.MANUAL)
        work(made)
        made.refresh_from_db()
        return made

    @contextmanager
    def latency(self) -> Iterator[None]:
        """Every call to the provider takes 150 ms."""
        self.simulator.settings(latency_ms=LATENCY_MS)
        try:
            yield
        finally:
            self.simulator.settings(latency_ms=0)

    def calls(self, name: str) -> int:
        """How often the provider was called that way."""
        return int(self.simulator.state()["calls"].get(name, 0))

    @contextmanager
    def worker(self) -> Iterator[None]:
        """`manage.py worker`, its cluster up."""
        from integrations import background

        process = subprocess.Popen([sys.executable, "manage.py", "worker"], cwd=ROOT)
        try:
            wait_until(background.is_running, seconds=60, what="the worker shows a sign of life")
            yield
        finally:
            process.terminate()
            process.wait(60)


@contextmanager
def opened(*, limits: bool, engine: str) -> Iterator[Stage]:
    """The stage, and Django ready to use its database. `limits`: both sides keep the provider's rate limits."""
    with tempfile.TemporaryDirectory(prefix="lotbridge-bench-") as name, scratch(engine, Path(name)) as address:
        folder = Path(name)
        simulator = RunningSimulator(folder / "simulator.sqlite3", "--limits", "on" if limits else "off")
        os.environ |= {
            "DATABASE_URL": address,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "LOTBRIDGE_TEST_FOLDER": name,
            "LOG_LEVEL": "ERROR",
            "SIMULATOR_URL": simulator.url,
            "SIMULATOR_LIMITS": str(limits).lower(),
        }
        try:
            django.setup()
            call_command("migrate", verbosity=0)
            call_command("set_up_schedules", verbosity=0)
            yield Stage(folder, simulator)
        finally:
            _close_connections()
            with suppress(ProcessLookupError):
                simulator.kill()


def _close_connections() -> None:
    from django.db import connections

    connections.close_all()


def work(integration: "Integration") -> float:
    """What a worker does, slice by slice, until nothing is queued; how long it took."""
    from integrations import engine, runs
    from integrations.models import SyncLog
    from integrations.timings import TIMINGS

    started = time.perf_counter()
    while runs.due().filter(integration=integration).exists():
        engine.work_integration(integration.pk, deadline=time.monotonic() + TIMINGS.slice_seconds)
    seconds = time.perf_counter() - started
    odd = SyncLog.objects.filter(integration=integration).exclude(status=SyncLog.Status.SUCCEEDED)
    if problem := odd.first():
        raise RuntimeError(f"{problem.stream} {problem.status}: {problem.error}")
    return seconds


def wait_until(holds: Callable[[], bool], *, seconds: float, what: str) -> float:
    """How long it took. Raises TimeoutError with `what` when it never came true."""
    started = time.perf_counter()
    while not holds():
        if time.perf_counter() - started > seconds:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(0.01)
    return time.perf_counter() - started
