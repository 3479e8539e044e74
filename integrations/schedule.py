"""Pure functions of time: when a stream is due again, how long to wait before the next try."""

import random
from datetime import datetime, timedelta

from integrations.models import SyncConfig

INTERVALS: dict[str, timedelta] = {
    SyncConfig.Schedule.REALTIME: timedelta(hours=1),
    SyncConfig.Schedule.HOURLY: timedelta(hours=1),
    SyncConfig.Schedule.DAILY: timedelta(days=1),
    SyncConfig.Schedule.WEEKLY: timedelta(days=7),
}
LADDER_SECONDS = (1, 2, 4, 30, 120, 600, 1800, 3600, 3600, 3600)
JITTER = 0.2


def next_due(schedule: str, now: datetime) -> datetime | None:
    """None for a stream that is only synced by hand."""
    interval = INTERVALS.get(schedule)
    return now + interval if interval else None


def backoff_seconds(attempt: int, *, spread: float | None = None) -> float | None:
    """How long to wait after that many failed tries in a row (1 is the first); None when it is time to give up.

    The first three are exact; from then on up to 20 % is added, so that many runs do not come back together.
    """
    if attempt > len(LADDER_SECONDS):
        return None
    seconds = LADDER_SECONDS[attempt - 1]
    if attempt <= 3:
        return float(seconds)
    return seconds * (1 + JITTER * (random.random() if spread is None else spread))
