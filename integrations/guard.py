"""Makes a django-q2 cluster fail fast: it works as a whole, or it ends as a whole and is started again.

As shipped, a worker that dies while it holds a queue's lock leaves the others waiting for that lock for ever,
and processes whose parent was killed go on running tasks that somebody else also runs. So the guarding
process (the sentinel) kills the whole process group when a part dies or nothing moves, and the kernel kills
whoever has lost its parent. The supervisor starts another cluster; rows are the truth, so nothing is lost by
it.

    supervisor -> inner main process -> sentinel -> workers, monitor (saves results), pusher (fetches tasks)

This overrides internals of django-q2, which is therefore pinned below 1.12; the kill tests in tests/faults
watch over it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from multiprocessing.process import BaseProcess
from typing import NoReturn

import structlog
from django_q import cluster

from integrations.timings import TIMINGS

logger = structlog.get_logger(__name__)

_PR_SET_PDEATHSIG = 1
# The states that django-q2 keeps in a worker's timer beside the seconds it has left.
_TIMED_OUT, _RECYCLED = 0, -2


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends. Without effect outside Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class FailFastSentinel(cluster.Sentinel):
    """Ends its whole process group where django-q2 would try to repair a part of it."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        self._waiting: tuple[int, int] = (0, 0)
        self._moved_at = time.monotonic()
        super().__init__(*args, **kwargs)

    def reincarnate(self, process: BaseProcess) -> None:
        """Only a worker that was timed out or recycled is replaced."""
        if process in (self.monitor, self.pusher):
            self._abort("the monitor or the pusher died")
        if process.timer.value not in (_TIMED_OUT, _RECYCLED):  # type: ignore[attr-defined]
            self._abort("a worker died")
        super().reincarnate(process)

    def status(self) -> str:
        """Called in every cycle of the guard loop, which has no other place of its own for a check."""
        if os.getppid() != self.parent_pid:
            self._abort("the main process is gone")
        if self._is_stalled():
            self._abort("queued work does not move although all workers are idle")
        return str(super().status())

    def _is_stalled(self) -> bool:
        idle = bool(self.pool) and all(worker.timer.value < 0 for worker in self.pool)
        waiting = (self.task_queue.qsize() if idle else 0, self.result_queue.qsize())
        if waiting == (0, 0) or waiting != self._waiting:
            self._waiting, self._moved_at = waiting, time.monotonic()
            return False
        return time.monotonic() - self._moved_at > TIMINGS.stall_seconds

    def _abort(self, reason: str) -> NoReturn:
        logger.critical("the cluster ends itself", reason=reason)
        os.killpg(0, signal.SIGKILL)
        raise SystemExit(1)


def run_cluster(*, supervisor_pid: int) -> None:
    """Be the inner main process: run a guarded cluster until a signal ends it.

    The caller has put this process into a session of its own, because the guard kills its process group.
    """
    if os.getpgrp() != os.getpid():
        sys.exit("The inner worker must lead its own process group; start it with: manage.py worker")
    die_with_parent()
    if os.getppid() != supervisor_pid:
        return
    os.register_at_fork(after_in_child=die_with_parent)
    cluster.Sentinel = FailFastSentinel
    cluster.Cluster().start()
