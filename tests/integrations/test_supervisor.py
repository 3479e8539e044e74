"""The supervisor's own decisions; tests/faults kills real clusters."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from integrations import guard
from integrations.guard import FailFastSentinel
from integrations.supervisor import Supervisor
from integrations.timings import TIMINGS, Timings

FAST = Timings().divided(20)
SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture(autouse=True)
def _own_signal_handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class Calls:
    """Counts calls, and sends this process a SIGTERM at the last one wanted."""

    def __init__(self, *, wanted: int, error: Exception | None = None) -> None:
        self.count = 0
        self._wanted = wanted
        self._error = error

    def __call__(self) -> None:
        self.count += 1
        if self.count == self._wanted:
            os.kill(os.getpid(), signal.SIGTERM)
        if self._error:
            raise self._error


def test_the_ticker_goes_on_after_an_error() -> None:
    tick = Calls(wanted=5, error=RuntimeError("the database is away"))

    Supervisor(SLEEPS, timings=FAST, tick=tick, beat=lambda: None).run()

    assert tick.count == 5


def test_it_beats_once_the_cluster_has_settled() -> None:
    beat = Calls(wanted=2)

    Supervisor(SLEEPS, timings=FAST, tick=lambda: None, beat=beat).run()

    assert beat.count == 2


def test_a_cluster_that_cannot_start_is_started_again_and_never_beats(tmp_path: Path) -> None:
    starts, beat = tmp_path / "starts", Calls(wanted=1)
    fails = [sys.executable, "-S", "-c", f"open({str(starts)!r}, 'a').write('x')"]

    def stop_after_three_starts() -> None:
        if starts.exists() and len(starts.read_text()) >= 3:
            os.kill(os.getpid(), signal.SIGTERM)

    Supervisor(fails, timings=Timings().divided(5), tick=stop_after_three_starts, beat=beat).run()

    assert beat.count == 0


def sentinel(*, idle: bool, tasks: int, results: int) -> FailFastSentinel:
    guarded = FailFastSentinel.__new__(FailFastSentinel)
    guarded.pool = [SimpleNamespace(timer=SimpleNamespace(value=-1 if idle else 30))]
    guarded.task_queue = SimpleNamespace(qsize=lambda: tasks)
    guarded.result_queue = SimpleNamespace(qsize=lambda: results)
    guarded._waiting, guarded._moved_at = (0, 0), 0
    return guarded


@pytest.mark.parametrize(
    ("idle", "tasks", "results", "stalled"),
    [(True, 1, 0, True), (True, 0, 1, True), (False, 1, 0, False), (True, 0, 0, False), (False, 0, 1, True)],
)
def test_work_that_nobody_takes_is_a_stall(
    monkeypatch: pytest.MonkeyPatch, idle: bool, tasks: int, results: int, stalled: bool
) -> None:
    now = 100.0
    monkeypatch.setattr(guard, "time", SimpleNamespace(monotonic=lambda: now))
    guarded = sentinel(idle=idle, tasks=tasks, results=results)

    assert not guarded._is_stalled()
    now += TIMINGS.stall_seconds + 1

    assert guarded._is_stalled() is stalled
