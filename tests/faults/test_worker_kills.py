"""Kill any part of the background worker: work goes on within seconds, with no orphan and nothing lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from django_q.tasks import async_task

from tests.faults.processes import Worker, descendants, running, wait_until, worker

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]

# Task time-out 5 s, retry 11 s, restart after 0.05 s; the lease relation still holds.
DIVISOR = "20"

KILLED: dict[str, Callable[[Worker], list[int]]] = {
    "one idle worker": lambda w: w.workers[:1],
    "both idle workers": lambda w: w.workers,
    "the monitor": lambda w: [w.monitor],
    "the pusher": lambda w: [w.pusher],
    "the sentinel": lambda w: [w.sentinel],
    "the main process": lambda w: [w.main],
    "every process of the cluster": lambda w: descendants(w.supervisor),
}


@pytest.fixture
def environment(child_environment: dict[str, str]) -> dict[str, str]:
    return child_environment | {"LOTBRIDGE_TIMINGS_DIVISOR": DIVISOR, "LOG_LEVEL": "CRITICAL"}


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    return tmp_path / "notes"


def words(notes: Path) -> list[str]:
    return notes.read_text().splitlines() if notes.exists() else []


def kill(*pids: int) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def alive(pids: list[int]) -> list[int]:
    return [process.pid for process in running() if process.pid in pids]


@pytest.mark.parametrize("attempt", [1, 2])
@pytest.mark.parametrize("part", KILLED)
def test_the_next_task_runs_after_a_kill(environment: dict[str, str], notes: Path, part: str, attempt: int) -> None:
    with worker(environment) as running_worker:
        before = descendants(running_worker.supervisor)
        kill(*KILLED[part](running_worker))

        wait_until(lambda: alive(before) == [], seconds=30, what="the whole old cluster is gone")
        async_task("tests.faults.tasks.mark", str(notes), "done")
        wait_until(lambda: words(notes) == ["done"], seconds=20, what="a task runs again")


def test_nothing_outlives_a_killed_supervisor(environment: dict[str, str]) -> None:
    with worker(environment) as running_worker:
        before = descendants(running_worker.supervisor)
        kill(running_worker.supervisor)

        wait_until(lambda: alive(before) == [], seconds=5, what="no orphan is left")


def test_a_task_whose_worker_was_killed_runs_again(environment: dict[str, str], notes: Path) -> None:
    with worker(environment):
        async_task("tests.faults.tasks.mark_pid_and_wait_once", str(notes))
        wait_until(lambda: len(words(notes)) == 1, seconds=30, what="the task started")
        kill(int(words(notes)[0].removeprefix("pid ")))

        wait_until(lambda: words(notes)[1:] == ["again"], seconds=40, what="the task ran again")


def test_a_task_over_its_time_is_cut_off_and_the_next_one_runs(environment: dict[str, str], notes: Path) -> None:
    with worker(environment) as running_worker:
        async_task("tests.faults.tasks.mark_around", str(notes), 600)
        async_task("tests.faults.tasks.mark_around", str(notes), 600)
        wait_until(lambda: words(notes) == ["started"] * 2, seconds=30, what="both workers are busy")

        async_task("tests.faults.tasks.mark", str(notes), "next")
        wait_until(lambda: "next" in words(notes), seconds=30, what="the next task ran")

        assert "finished" not in words(notes)
        assert running_worker.process.poll() is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_lets_the_running_task_finish(environment: dict[str, str], notes: Path, number: signal.Signals) -> None:
    # Undivided: the grace time is long enough for the task.
    with worker(environment | {"LOTBRIDGE_TIMINGS_DIVISOR": "1"}) as running_worker:
        everything = [running_worker.supervisor, *descendants(running_worker.supervisor)]
        async_task("tests.faults.tasks.mark_around", str(notes), 2)
        wait_until(lambda: words(notes) == ["started"], seconds=30, what="the task started")

        os.kill(running_worker.supervisor, number)
        exit_code = running_worker.process.wait(timeout=15)

        assert exit_code == 0
        assert words(notes) == ["started", "finished"]
        assert alive(everything) == []


def test_a_second_signal_does_not_wait(environment: dict[str, str], notes: Path) -> None:
    with worker(environment | {"LOTBRIDGE_TIMINGS_DIVISOR": "1"}) as running_worker:
        everything = [running_worker.supervisor, *descendants(running_worker.supervisor)]
        async_task("tests.faults.tasks.mark_around", str(notes), 600)
        wait_until(lambda: words(notes) == ["started"], seconds=30, what="the task started")

        def impatient() -> bool:
            running_worker.process.terminate()
            return running_worker.process.poll() is not None

        wait_until(impatient, seconds=5, what="the worker ended at once")

        assert alive(everything) == []
        assert words(notes) == ["started"]
