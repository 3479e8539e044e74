"""Receiving what a provider sends: size, signature, store, answer. Nothing is worked here.

Whatever a signed message says is only a hint: what changed is read again from the provider.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from connectors import registry
from connectors.base import Connector
from connectors.errors import UnexpectedResponse
from connectors.webhooks import Notice
from integrations.background import enqueue
from integrations.models import Integration, OAuthClient
from webhooks import dispatch
from webhooks.models import InboundBody, InboundWebhook, RefusedWebhook

MAX_BYTES = 1024 * 1024
Status = InboundWebhook.Status
# Such integrations have no account yet, or have let it go.
_WITHOUT_ACCOUNT = (Integration.Status.DRAFT, Integration.Status.DISCONNECTED)


@dataclass(frozen=True)
class Receipt:
    """What the provider is answered. `problem` is empty when its message was stored."""

    status_code: int
    problem: str = ""


RECEIVED = Receipt(200)
UNKNOWN = Receipt(404, "There is no such provider.")
TOO_LARGE = Receipt(413, "The message is too large.")
NOT_SIGNED = Receipt(401, "The signature is missing or wrong.")
NOT_UNDERSTOOD = Receipt(400, "The message is not in the provider's format.")


def refusal_before_reading(slug: str, size_bytes: int) -> Receipt | None:
    """What can be said before the body is read: an unknown provider, an announced size that is too much."""
    if _connector_class(slug) is None:
        return UNKNOWN
    return TOO_LARGE if size_bytes > MAX_BYTES else None


def receive(slug: str, body: bytes, headers: Mapping[str, str]) -> Receipt:
    """Take one message of a provider. When it gives 200, the notices are committed."""
    connector_class = _connector_class(slug)
    if connector_class is None:
        return UNKNOWN
    if len(body) > MAX_BYTES:
        return TOO_LARGE
    environment = _signer(connector_class, body, headers)
    if environment is None:
        _count_refusal(connector_class.slug, RefusedWebhook.Reason.SIGNATURE)
        return NOT_SIGNED
    try:
        notices = connector_class.notices(body)
    except (UnexpectedResponse, RecursionError):  # the second: brackets nested deeper than the JSON parser goes
        _count_refusal(connector_class.slug, RefusedWebhook.Reason.MALFORMED)
        return NOT_UNDERSTOOD
    if notices:
        _store(connector_class, environment, body, notices)
    return RECEIVED


def _connector_class(slug: str) -> type[Connector] | None:
    try:
        return registry.get(slug)
    except KeyError:
        return None


def _signer(connector_class: type[Connector], body: bytes, headers: Mapping[str, str]) -> str | None:
    """The environment whose secret, current or former, signed the body."""
    for client in OAuthClient.objects.filter(provider=connector_class.slug).order_by("environment"):
        # An empty secret would make a signature that anybody can make.
        secrets = [secret for secret in (client.webhook_secret, client.former_webhook_secret) if secret]
        if connector_class.webhook_signature.verify(body, headers, secrets):
            return client.environment
    return None


def _store(connector_class: type[Connector], environment: str, body: bytes, notices: Sequence[Notice]) -> None:
    provider, now = connector_class.slug, timezone.now()
    streams = {stream.name for stream in connector_class.streams}
    owners = _owners(provider, environment, {notice.remote_account_id for notice in notices})
    with transaction.atomic():
        kept, _new = InboundBody.objects.get_or_create(
            provider=provider,
            environment=environment,
            digest=hashlib.sha256(body).hexdigest(),
            defaults={"content": body},
        )
        rows = []
        for notice in notices:
            known = owners.get(notice.remote_account_id, [])
            only = known[0] if len(known) == 1 else None
            rows.append(
                InboundWebhook(
                    provider=provider,
                    environment=environment,
                    integration=only,
                    dealership_id=only.dealership_id if only else None,
                    remote_account_id=_short(notice.remote_account_id, 100),
                    dedupe_key=_dedupe_key(notice),
                    event_type=_short(notice.event_type, 100),
                    stream=_short(notice.stream, 40),
                    remote_id=_short(notice.remote_id, 100),
                    body=kept,
                    status=_status(notice, streams, known=bool(known)),
                    received_at=now,
                    nudged_at=now,
                )
            )
        # In one order everywhere: two messages with the same notices would otherwise wait for each other.
        rows.sort(key=lambda row: (row.remote_account_id, row.dedupe_key))
        # What came before is in the table: the unique constraint drops it, whichever process sees it second.
        InboundWebhook.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
        if any(row.status == Status.RECEIVED for row in rows):
            enqueue(dispatch.TASK)


def _owners(provider: str, environment: str, account_ids: set[str]) -> dict[str, list[Integration]]:
    found: dict[str, list[Integration]] = {}
    integrations = Integration.objects.filter(
        provider=provider, environment=environment, remote_account_id__in=account_ids - {""}
    ).exclude(status__in=_WITHOUT_ACCOUNT)
    for integration in integrations:
        found.setdefault(integration.remote_account_id, []).append(integration)
    return found


def _status(notice: Notice, streams: set[str], *, known: bool) -> str:
    if not known:
        return Status.UNKNOWN_ACCOUNT
    return Status.RECEIVED if notice.stream in streams else Status.IGNORED


def _dedupe_key(notice: Notice) -> str:
    """The provider's key; a longer one than the column takes is stored by its hash."""
    key = _short(notice.dedupe_key, len(notice.dedupe_key))
    return key if len(key) <= 200 else hashlib.sha256(key.encode()).hexdigest()


def _short(value: str, length: int) -> str:
    """As the column takes it: PostgreSQL refuses NUL, and texts that are too long."""
    return value.replace("\0", "")[:length]


def _count_refusal(provider: str, reason: str) -> None:
    row, _new = RefusedWebhook.objects.get_or_create(provider=provider, day_on=timezone.now().date(), reason=reason)
    RefusedWebhook.objects.filter(pk=row.pk).update(count=F("count") + 1)
