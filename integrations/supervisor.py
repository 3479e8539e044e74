"""The process that keeps background work going: starts the cluster, starts it again when it ends, and ticks.

    main thread:    start inner process -> wait -> kill what is left of its group -> pause -> start ...
    ticker thread:  every half second enqueue what is due; every few seconds note that the cluster lives

The ticker is here and not in the cluster so that a retry of one second is one second even while all workers
are busy.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType

import structlog
from django.db import close_old_connections

from integrations.timings import Timings

logger = structlog.get_logger(__name__)

_POLL_SECONDS = 0.1
# An inner process that has lived this many restart pauses has got past its own start.
_SETTLED_AFTER_RESTARTS = 3


class Supervisor:
    """Runs `command` in a session of its own, again and again, until SIGTERM or SIGINT.

    `tick` and `beat` are called from one other thread; what they raise is logged and they are called again.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        timings: Timings,
        tick: Callable[[], object],
        beat: Callable[[], object],
    ) -> None:
        self._command = list(command)
        self._timings = timings
        self._tick = tick
        self._beat = beat
        self._stopping = threading.Event()
        self._hurried = threading.Event()
        self._settled_at: float | None = None

    def run(self) -> None:
        """Return after a signal, when every process of the cluster has ended."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        ticker = threading.Thread(target=self._ticks, name="ticker", daemon=True)
        ticker.start()
        while not self._stopping.is_set():
            self._run_inner_once()
            self._stopping.wait(self._timings.restart_seconds)
        ticker.join(timeout=self._timings.tick_seconds + 1)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._stopping.is_set():
            self._hurried.set()
        self._stopping.set()

    def _run_inner_once(self) -> None:
        # The kernel ties the inner process's life to the thread that starts it: this must be the main thread.
        inner = subprocess.Popen(self._command, start_new_session=True)
        self._settled_at = time.monotonic() + _SETTLED_AFTER_RESTARTS * self._timings.restart_seconds
        try:
            self._wait(inner)
        finally:
            self._settled_at = None
            with suppress(ProcessLookupError):
                os.killpg(inner.pid, signal.SIGKILL)
            inner.wait()

    def _wait(self, inner: subprocess.Popen[bytes]) -> None:
        while inner.poll() is None:
            if self._stopping.wait(_POLL_SECONDS):
                self._stop(inner)
                return
        logger.error("the cluster ended and is started again", exit_code=inner.returncode)

    def _stop(self, inner: subprocess.Popen[bytes]) -> None:
        # Only the main process: a signal to the workers would cut their tasks off and hang the cluster.
        inner.terminate()
        give_up_at = time.monotonic() + self._timings.stop_grace_seconds
        while inner.poll() is None and time.monotonic() < give_up_at and not self._hurried.is_set():
            time.sleep(_POLL_SECONDS)

    def _ticks(self) -> None:
        next_beat_at = 0.0
        while not self._stopping.is_set():
            went_well = self._safely(self._tick)
            if self._has_settled() and time.monotonic() >= next_beat_at:
                next_beat_at = time.monotonic() + self._timings.beat_seconds
                went_well = self._safely(self._beat) and went_well
            pause_seconds = self._timings.tick_seconds if went_well else self._timings.restart_seconds
            self._stopping.wait(pause_seconds)

    def _has_settled(self) -> bool:
        settled_at = self._settled_at
        return settled_at is not None and time.monotonic() >= settled_at

    def _safely(self, act: Callable[[], object]) -> bool:
        close_old_connections()
        try:
            act()
        except Exception:
            logger.exception("the ticker goes on after an error")
            return False
        finally:
            close_old_connections()
        return True
