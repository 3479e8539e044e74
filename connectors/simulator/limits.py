"""Rate limits: a sliding window in the file, and how many requests are in flight right now."""

from __future__ import annotations

import contextlib
import math
import threading
from collections import Counter
from collections.abc import Iterator

from connectors.simulator.store import Store


class Throttled(Exception):
    """Too many requests; wait so many seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after


def take(store: Store, provider: str, window: str, *, limit: int, seconds: int = 60) -> None:
    """Count one request in the window, or raise Throttled without counting it."""
    now = store.now()
    store.execute("DELETE FROM hits WHERE provider = ? AND window = ? AND at <= ?", (provider, window, now - seconds))
    used, oldest = store.rows(
        "SELECT count(*), min(at) FROM hits WHERE provider = ? AND window = ?", (provider, window)
    )[0]
    if used >= limit:
        raise Throttled(max(1, math.ceil(oldest + seconds - now)))
    store.execute("INSERT INTO hits VALUES (?, ?, ?)", (provider, window, now))


class InFlight:
    """How many requests of one account are being answered at this moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()

    @contextlib.contextmanager
    def entered(self, account: str) -> Iterator[int]:
        """Count the request while it runs; gives how many there are, this one included."""
        with self._lock:
            self._running[account] += 1
            running = self._running[account]
        try:
            yield running
        finally:
            with self._lock:
                self._running[account] -= 1
