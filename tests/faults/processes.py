"""Real processes for fault tests: start them, find their children in /proc, wait for what they do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings


@dataclass(frozen=True)
class Process:
    pid: int
    parent_pid: int
    started: int


def running() -> list[Process]:
    """Every process of this machine that is not a zombie, oldest first."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            # The second field is the name in parentheses and may hold anything, so count from its end.
            fields = stat.read_text().rpartition(")")[2].split()
            if fields[0] != "Z":
                found.append(Process(int(stat.parent.name), int(fields[1]), int(fields[19])))
    return sorted(found, key=lambda process: (process.started, process.pid))


def children(pid: int) -> list[int]:
    return [process.pid for process in running() if process.parent_pid == pid]


def descendants(pid: int) -> list[int]:
    return [below for child in children(pid) for below in (child, *descendants(child))]


def wait_until(holds: Callable[[], bool], *, seconds: float, what: str) -> float:
    """How long it took; fails with `what` when it never came true."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        if holds():
            return time.monotonic() - started
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds:g} s: {what}")


@dataclass
class Worker:
    """`manage.py worker` and its parts."""

    process: subprocess.Popen[bytes]

    @property
    def supervisor(self) -> int:
        return self.process.pid

    @property
    def main(self) -> int:
        return children(self.supervisor)[0]

    @property
    def sentinel(self) -> int:
        return children(self.main)[0]

    @property
    def parts(self) -> list[int]:
        """In the order of their start: the workers, the monitor, the pusher."""
        return children(self.sentinel)

    @property
    def workers(self) -> list[int]:
        return self.parts[:2]

    @property
    def monitor(self) -> int:
        return self.parts[2]

    @property
    def pusher(self) -> int:
        return self.parts[3]

    def is_complete(self) -> bool:
        with suppress(IndexError):
            return len(self.parts) == 4
        return False


@contextmanager
def worker(environment: dict[str, str]) -> Iterator[Worker]:
    """A worker whose cluster is up; nothing of it is left afterwards."""
    process = subprocess.Popen([sys.executable, "manage.py", "worker"], cwd=settings.BASE_DIR, env=environment)
    started = Worker(process)
    try:
        wait_until(started.is_complete, seconds=30, what="the cluster is up")
        yield started
    finally:
        left = descendants(process.pid)
        process.kill()
        process.wait()
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
