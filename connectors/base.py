"""`Connector`: what a provider is, as facts, and the few acts the engine asks of it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from connectors.auth import Environment, OAuth2
from connectors.http import ApiClient
from connectors.records import Canonical
from connectors.streams import Change, Limit, Outcome, Page, Remote, Stream
from connectors.webhooks import HmacSha256Base64, Notice

SIMULATOR = "simulator"


@dataclass(frozen=True)
class RemoteAccount:
    """The company, tenant or store at the provider that an integration is tied to."""

    id: str
    name: str
    currency: str = ""
    country: str = ""


class Connector(ABC):
    """One integration's way to one provider. Subclasses declare the facts and implement the acts.

    `memory` is a small dict that outlives the connector: the engine stores it with the integration.
    """

    slug: ClassVar[str]
    label: ClassVar[str]
    category: ClassVar[str]
    summary: ClassVar[str]
    initials: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    auth: ClassVar[OAuth2]
    environments: ClassVar[Mapping[str, Environment]]
    streams: ClassVar[tuple[Stream, ...]]
    limits: ClassVar[tuple[Limit, ...]] = ()
    webhook_signature: ClassVar[HmacSha256Base64]
    simulator_client: ClassVar[tuple[str, str]]
    simulator_webhook_secret: ClassVar[str]
    evidence: ClassVar[tuple[str, ...]] = ()

    def __init__(self, client: ApiClient, remote_account_id: str, memory: dict[str, Any] | None = None) -> None:
        self.client = client
        self.remote_account_id = remote_account_id
        self.memory = memory if memory is not None else {}

    @classmethod
    def stream(cls, name: str) -> Stream:
        return next(stream for stream in cls.streams if stream.name == name)

    @classmethod
    def environment(cls, name: str, simulator_url: str) -> Environment:
        """The addresses of production, sandbox, or of the simulator at the operator's own address."""
        if name != SIMULATOR:
            return cls.environments[name]
        base = f"{simulator_url.rstrip('/')}/{cls.slug}"
        return Environment(authorize_url=base, token_url=base, revoke_url=base, api_url=base)

    @classmethod
    @abstractmethod
    def api_client(cls, env: Environment, **parts: Any) -> ApiClient:
        """The client with this provider's way of explaining errors."""

    @abstractmethod
    def check(self) -> RemoteAccount:
        """Ask the provider who we are. Raises ConnectorError subclasses with the sentence to show."""

    @abstractmethod
    def read(self, stream: Stream, *, since: datetime | None, token: str) -> Page:
        """One page: everything when `since` is None, else what changed at or after it. `token` continues a run."""

    @abstractmethod
    def fetch(self, stream: Stream, remote_ids: Sequence[str]) -> list[Remote]:
        """Those objects as they are now; the ones that are gone are left out."""

    @abstractmethod
    def list_ids(self, stream: Stream) -> Iterator[list[str]]:
        """Every id the stream has now, in pages: a complete listing."""

    @abstractmethod
    def canonical(self, stream: Stream, raw: Mapping[str, Any]) -> Canonical:
        """The provider's object as a canonical record. Raises RejectedRecord when it cannot be one."""

    @abstractmethod
    def write(self, stream: Stream, changes: Sequence[Change], *, key: str) -> list[Outcome]:
        """One outcome a change, in order. `key` is the batch's idempotency key, the same on every try of the batch.

        Raises for the batch as a whole: TransientError, RateLimited, UncertainWrite, CredentialError ...
        """

    def remote_url(self, stream: Stream, remote_id: str, environment: str) -> str:
        """Where a person sees the object at the provider; empty where there is no such page."""
        return ""

    @classmethod
    @abstractmethod
    def notices(cls, body: bytes) -> list[Notice]:
        """What a verified notification says. Raises UnexpectedResponse when it is not the provider's format."""
