"""Sends the simulator's webhooks: waits a moment so that changes travel together, retries a few times, gives up."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence

import requests

from connectors.simulator.provider import Notice, SimulatedProvider
from connectors.simulator.store import Store

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = (1, 2, 5, 10, 30)
MOST_PER_MESSAGE = 100
TIMEOUT_SECONDS = 5
IDLE_SECONDS = 0.1


class HookSender:
    """One background thread that empties the table of notices."""

    def __init__(self, store: Store, providers: Mapping[str, SimulatedProvider]) -> None:
        self.store = store
        self.providers = providers
        self.session = requests.Session()
        self.session.trust_env = False

    def start(self) -> None:
        """Run until the process ends."""
        threading.Thread(target=self._run, name="hooks", daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                outcomes = [self.send_due(provider) for provider in self.providers.values()]
                sent = any(outcomes)
            except Exception:
                logger.exception("webhook sender")
                sent = False
            if not sent:
                time.sleep(IDLE_SECONDS)

    def send_due(self, provider: SimulatedProvider) -> bool:
        """Send what is due for one provider; whether there was anything."""
        with self.store.transaction():
            url = str(provider.setting("hooks_url")).replace("{provider}", provider.slug)
            notices = self._due(provider.slug) if url else []
            repeat = 2 if provider.setting("hook_duplicate") else 1
            reorder = bool(provider.setting("hook_reorder"))
        if not notices:
            return False
        groups = [[notice] for notice in reversed(notices)] if reorder else [notices]
        for group in groups:
            messages = provider.hook_messages(group) * repeat
            outcomes = [self._post(url, message.body, message.headers) for message in messages]
            with self.store.transaction():
                self._settle(provider.slug, group, arrived=all(outcomes))
        return True

    def _due(self, slug: str) -> list[Notice]:
        rows = self.store.rows(
            "SELECT id, account, kind, document_id, operation, event_id, changed_at, attempts FROM notices"
            " WHERE provider = ? AND state = 'waiting' AND due_at <= ? ORDER BY id LIMIT ?",
            (slug, time.time(), MOST_PER_MESSAGE),
        )
        return [Notice(*row) for row in rows]

    def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> bool:
        try:
            answer = self.session.post(
                url, data=body, headers=dict(headers), timeout=TIMEOUT_SECONDS, allow_redirects=False
            )
        except requests.RequestException:
            return False
        return answer.ok

    def _settle(self, slug: str, notices: Sequence[Notice], *, arrived: bool) -> None:
        self.store.count(slug, "hooks", "delivered" if arrived else "refused", by=len(notices))
        for notice in notices:
            if arrived:
                self.store.execute("DELETE FROM notices WHERE id = ?", (notice.id,))
                continue
            given_up = notice.attempts >= len(RETRY_AFTER_SECONDS)
            wait_seconds = 0 if given_up else RETRY_AFTER_SECONDS[notice.attempts]
            self.store.execute(
                "UPDATE notices SET attempts = attempts + 1, due_at = ?, state = ? WHERE id = ?",
                (time.time() + wait_seconds, "failed" if given_up else "waiting", notice.id),
            )
