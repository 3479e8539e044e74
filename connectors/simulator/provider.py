"""The contract of a simulated provider, and how they are found: every `connectors/providers/<slug>/simulator.py`
that offers `PROVIDER`, a subclass of SimulatedProvider, is mounted at `/<slug>/`."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import connectors.providers
from connectors.simulator.grants import Grants
from connectors.simulator.messages import Request, Response
from connectors.simulator.store import Store

ENGINE_SETTINGS: Mapping[str, Any] = {
    "limits": True,
    "latency_ms": 0,
    "access_token_seconds": 3600,
    "hooks_url": "",
    "hook_duplicate": False,
    "hook_reorder": False,
    "clock_offset_seconds": 0,
}
HOOK_GATHER_SECONDS = 0.2


@dataclass(frozen=True)
class Notice:
    """One change that the hub should hear of by webhook. `changed_at` is in whole seconds."""

    id: int
    account: str
    kind: str
    document_id: str
    operation: str
    event_id: str
    changed_at: int
    attempts: int


@dataclass(frozen=True)
class HookMessage:
    """One signed webhook request."""

    body: bytes
    headers: Mapping[str, str]


class SimulatedProvider(ABC):
    """One provider's dialect. `api`, `page` and `control` run inside one transaction of the store."""

    slug: ClassVar[str]
    label: ClassVar[str]
    settings: ClassVar[Mapping[str, Any]] = {}
    max_in_flight: ClassVar[int] = 10

    def __init__(self, store: Store) -> None:
        self.store = store
        self.grants = Grants(store, self.slug)

    @abstractmethod
    def start(self) -> None:
        """Create the accounts and their first records if there are none."""

    @abstractmethod
    def is_api(self, path: str) -> bool:
        """Whether the path is the provider's own API or token endpoint, where faults and latency apply."""

    @abstractmethod
    def account_of(self, path: str) -> str:
        """The remote account named in an API path, or an empty text."""

    @abstractmethod
    def api(self, request: Request) -> Response:
        """Answer in the provider's dialect."""

    @abstractmethod
    def page(self, request: Request) -> Response:
        """The consent page, and the pages where one edits the provider's side."""

    @abstractmethod
    def control(self, request: Request) -> Response:
        """Answer a test's request under `/<slug>/_control/`."""

    @abstractmethod
    def failure(self, status: int) -> Response:
        """A server error with this status, as the provider words it."""

    @abstractmethod
    def throttled(self, retry_after: int | None) -> Response:
        """The provider's refusal of a request that comes too soon."""

    @abstractmethod
    def hook_messages(self, notices: Sequence[Notice]) -> list[HookMessage]:
        """The signed webhook requests for some changes."""

    def setting(self, name: str) -> Any:
        """The value the operator chose, or the default."""
        default = ENGINE_SETTINGS.get(name, self.settings.get(name))
        return self.store.settings().get(name, default)

    def count(self, operation: str) -> None:
        """Count one call for the control state."""
        self.store.count(self.slug, "calls", operation)

    def notify(self, account: str, kind: str, document_id: str, operation: str, changed_at: int) -> None:
        """Queue a webhook for a change, in the change's own transaction; only for connected accounts."""
        if not self.setting("hooks_url") or not self.grants.is_connected(account):
            return
        self.store.insert(
            "INSERT INTO notices (provider, account, kind, document_id, operation, event_id, changed_at, due_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(self.slug, account, kind, document_id, operation, str(uuid.uuid4()), changed_at),
                time.time() + HOOK_GATHER_SECONDS,
            ),
        )


def discover(store: Store) -> dict[str, SimulatedProvider]:
    """Every provider that has a simulator, by slug."""
    found = {}
    for folder in pkgutil.iter_modules(connectors.providers.__path__):
        name = f"connectors.providers.{folder.name}.simulator"
        if folder.ispkg and importlib.util.find_spec(name) is not None:
            provider: SimulatedProvider = importlib.import_module(name).PROVIDER(store)
            found[provider.slug] = provider
    return dict(sorted(found.items()))
