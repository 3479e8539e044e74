"""Every duration that background work depends on, in one table.

They only make sense together: a slice must end before its lease, a lease before the queue's time-out, and the
queue must not hand a task out again while the first copy can still run. `integrations.checks` compares them;
tests divide them.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

# Worker processes of one cluster, and as many tasks fetched ahead: a task's lock starts when it is fetched,
# not when it starts, so a longer queue would need a longer `task_retry_seconds`.
WORKERS = 2
QUEUE_LIMIT = WORKERS


@dataclass(frozen=True, kw_only=True)
class Timings:
    """Durations in seconds. The queue accepts only whole numbers for the two `task_*` fields."""

    slice_seconds: float = 20
    lease_seconds: float = 60
    task_timeout_seconds: int = 90
    task_retry_seconds: int = 200
    tick_seconds: float = 0.5
    sweep_seconds: float = 60
    beat_seconds: float = 5
    heartbeat_stale_seconds: float = 30
    restart_seconds: float = 1
    # Longer than SQLite's 20 s wait for its one writer: waiting is not stalling.
    stall_seconds: float = 30
    # A slice fits in; whatever is cut off later continues from its checkpoint.
    stop_grace_seconds: float = 30

    @property
    def shortest_safe_retry_seconds(self) -> float:
        """The queue may hand a task out again only after this long."""
        return self.task_timeout_seconds * (1 + QUEUE_LIMIT / WORKERS)

    def divided(self, divisor: float) -> Timings:
        """The same table, faster; the order between the values stays."""
        timeout_seconds = max(1, math.ceil(self.task_timeout_seconds / divisor))
        return Timings(
            slice_seconds=self.slice_seconds / divisor,
            lease_seconds=self.lease_seconds / divisor,
            task_timeout_seconds=timeout_seconds,
            task_retry_seconds=max(
                math.floor(timeout_seconds * (1 + QUEUE_LIMIT / WORKERS)) + 1,
                math.ceil(self.task_retry_seconds / divisor),
            ),
            tick_seconds=self.tick_seconds / divisor,
            sweep_seconds=self.sweep_seconds / divisor,
            beat_seconds=self.beat_seconds / divisor,
            heartbeat_stale_seconds=self.heartbeat_stale_seconds / divisor,
            restart_seconds=self.restart_seconds / divisor,
            stall_seconds=self.stall_seconds / divisor,
            stop_grace_seconds=self.stop_grace_seconds / divisor,
        )


def _from_environment() -> Timings:
    divisor = float(os.environ.get("LOTBRIDGE_TIMINGS_DIVISOR", "1"))
    return Timings() if divisor == 1 else Timings().divided(divisor)


TIMINGS = _from_environment()
