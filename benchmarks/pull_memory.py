"""The most memory that a process takes for pulling 100,000 contacts, against the same for 10,000."""

import subprocess
import sys
from pathlib import Path

import django

from benchmarks.stage import ROOT, Stage, tell
from tests.support.simulator import US_REALM

FEW, MANY = 10_000, 100_000


def growth(stage: Stage) -> float:
    stage.connect()
    few = _peak_kib(stage, FEW)
    many = _peak_kib(stage, MANY)
    tell(f"{few / 1024:.0f} MiB for {FEW:,} contacts, {many / 1024:.0f} MiB for {MANY:,}")
    return many / few


def _peak_kib(stage: Stage, count: int) -> int:
    """In a new process, as a worker's is; the provider's side then has exactly so many customers."""
    there = stage.simulator.state()["entities"][US_REALM].get("Customer", 0)
    stage.simulator.seed("Customer", count - there)
    command = [sys.executable, "-m", "benchmarks.pull_memory", str(count)]
    answer = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return int(answer.stdout)


def _pull(count: int) -> None:
    django.setup()
    from benchmarks.pull_contacts import pull
    from integrations.models import Integration, RecordLink

    pull(Integration.objects.get())
    if RecordLink.objects.filter(stream="customers").count() != count:
        sys.exit("The pull did not bring every customer.")
    # Not `ru_maxrss`: that of a child begins with what its parent took when it was forked.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(status["VmHWM"].split()[0])


if __name__ == "__main__":
    _pull(int(sys.argv[1]))
