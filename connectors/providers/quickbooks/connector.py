"""QuickBooks Online: the facts of the provider, and reading; writing is in `writing`.

The limits, addresses and codes are from Intuit's developer pages and SDKs; README.md beside this lists them.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from connectors.auth import Environment, OAuth2
from connectors.base import Connector, RemoteAccount
from connectors.http import ApiClient
from connectors.providers.quickbooks import faults, notices, queries
from connectors.providers.quickbooks.company import Company
from connectors.providers.quickbooks.lookups import ALSO_INACTIVE
from connectors.providers.quickbooks.mapping import MAPPERS
from connectors.providers.quickbooks.queries import Api, Row
from connectors.providers.quickbooks.streams import ENTITIES, LIMITS, NAME_LISTS, STREAMS
from connectors.providers.quickbooks.writing import Writer
from connectors.records import Canonical
from connectors.streams import Change, Limit, Outcome, Page, Remote, Stream
from connectors.text import text
from connectors.webhooks import HmacSha256Base64, Notice

# Change data capture looks back 30 days; a day is kept in hand for clocks and for a run that waits.
_CHANGES_REACH = timedelta(days=29)


def _environment(api_host: str) -> Environment:
    return Environment(
        authorize_url="https://appcenter.intuit.com",
        token_url="https://oauth.platform.intuit.com",
        revoke_url="https://developer.api.intuit.com",
        api_url=f"https://{api_host}",
    )


class QuickBooks(Connector):
    slug = "quickbooks"
    label = "QuickBooks"
    category = "accounting"
    summary = text("Customers, vendors, invoices, payments and expenses, kept the same in QuickBooks Online.")
    initials = "QB"
    auth = OAuth2(
        authorize_path="/connect/oauth2",
        token_path="/oauth2/v1/tokens/bearer",
        revoke_path="/v2/oauth2/tokens/revoke",
        scopes=("com.intuit.quickbooks.accounting",),
        # Neither Intuit's documents nor its clients know PKCE; the client secret is what it checks.
        pkce=False,
        account_parameter="realmId",
        extra_token_headers=(("x-include-refresh-token-hard-expires-in", "true"),),
        source="intuit/oauth-jsclient @26853935a71bf1bf5f11ed0ecbb3c0d4ab87ae03 (2026-07-15)",
    )
    environments: ClassVar[Mapping[str, Environment]] = {
        "production": _environment("quickbooks.api.intuit.com"),
        "sandbox": _environment("sandbox-quickbooks.api.intuit.com"),
    }
    streams: ClassVar[tuple[Stream, ...]] = STREAMS
    limits: ClassVar[tuple[Limit, ...]] = LIMITS
    webhook_signature = HmacSha256Base64("intuit-signature")
    simulator_client = ("simulator-client", "simulator-secret")
    simulator_webhook_secret = "simulator-verifier-token"
    evidence = ("simulator", "spec from Intuit's XSD")

    def __init__(self, client: ApiClient, remote_account_id: str, memory: dict[str, Any] | None = None) -> None:
        super().__init__(client, remote_account_id, memory)
        self._api = Api(client, remote_account_id)
        self._company = Company(self._api, remote_account_id, self.memory)

    @classmethod
    def api_client(cls, env: Environment, **parts: Any) -> ApiClient:
        return ApiClient(env.api_url, explain=faults.explain, request_id_header="intuit_tid", **parts)

    def check(self) -> RemoteAccount:
        name = self._company.refresh()
        return RemoteAccount(
            id=self.remote_account_id,
            name=name,
            currency=self._company.currency,
            country=self._company.country,
        )

    def read(self, stream: Stream, *, since: datetime | None, token: str) -> Page:
        """Everything; or the changes; or, past the reach or cap of those, what was touched since."""
        entity = ENTITIES[stream.name]
        if since is not None and not token and since > datetime.now(UTC) - _CHANGES_REACH:
            changed = self._api.changes(entity, since)
            if changed is not None:
                return self._page(stream, changed)
        found = self._api.page(entity, where=_where(stream, since), token=token)
        return self._page(stream, found, complete_deletes=since is None)

    def fetch(self, stream: Stream, remote_ids: Sequence[str]) -> list[Remote]:
        rows = self._api.by_ids(ENTITIES[stream.name], remote_ids, where=_where(stream, None))
        return self._remotes(stream, rows)

    def list_ids(self, stream: Stream) -> Iterator[list[str]]:
        seen: set[str] = set()
        for rows in self._api.pages(ENTITIES[stream.name], where=_where(stream, None), fields="Id"):
            new = [remote_id for row in rows if (remote_id := str(row["Id"])) not in seen]
            seen.update(new)
            yield new

    def canonical(self, stream: Stream, raw: Mapping[str, Any]) -> Canonical:
        return MAPPERS[stream.name](raw, self._company.facts())

    def write(self, stream: Stream, changes: Sequence[Change], *, key: str) -> list[Outcome]:
        writer = Writer(self._api, self._company, stream, lambda row: self.canonical(stream, row))
        return writer.write(changes, key)

    @classmethod
    def notices(cls, body: bytes) -> list[Notice]:
        return notices.read(body)

    def _page(self, stream: Stream, found: queries.Rows, *, complete_deletes: bool = True) -> Page:
        return Page(
            remotes=self._remotes(stream, found.rows),
            next_token=found.next_token,
            as_of=found.as_of,
            complete_deletes=complete_deletes,
        )

    def _remotes(self, stream: Stream, rows: Sequence[Row]) -> list[Remote]:
        if stream.maps_to == "payment":
            self._company.learn_methods_of(rows)
        return [queries.remote(row) for row in rows]


def _where(stream: Stream, since: datetime | None) -> str:
    parts = [ALSO_INACTIVE] if stream.name in NAME_LISTS else []
    if since is not None:
        parts.append(f"MetaData.LastUpdatedTime >= {queries.quoted(queries.instant(since))}")
    return " and ".join(parts)
