"""Every transition of an integration: one function, one UPDATE with the expected status, and its event.

    draft -> connecting -> connected -> needs_reconnect -> connected
    connected <-> paused -> needs_reconnect
    any -> disconnected -> connected

Zero rows means that somebody else moved it: the function says False and does nothing more.
"""

import time
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from connectors.base import RemoteAccount
from connectors.errors import ConnectorError, CredentialError
from dealership.events import Actor, record_event
from integrations import credentials, emails
from integrations.connecting import connector_for, save_memory
from integrations.models import Integration

Status = Integration.Status


@dataclass(frozen=True)
class TestResult:
    """What a connection test showed."""

    account_name: str
    milliseconds: int


def test(integration: Integration) -> TestResult:
    """Ask the provider who we are. Raises ConnectorError; a refused grant also makes it `needs_reconnect`."""
    started = time.perf_counter()
    connector = connector_for(integration)
    try:
        account = connector.check()
    except CredentialError as refusal:
        needs_reconnect(integration, refusal.message)
        raise
    finally:
        connector.client.close()
    milliseconds = round((time.perf_counter() - started) * 1000)
    save_memory(integration, connector)
    Integration.objects.filter(pk=integration.pk).update(tested_at=timezone.now())
    return TestResult(account_name=account.name, milliseconds=milliseconds)


def connected(integration: Integration, account: RemoteAccount, actor: Actor) -> bool:
    """A consent was given and proven. Call it in the transaction that stores the tokens."""
    moved = _move(
        integration,
        Status.values,
        Status.CONNECTED,
        status_reason="",
        remote_account_name=account.name[:200],
        connected_at=timezone.now(),
        disconnected_at=None,
    )
    if moved:
        _tell("integration.connected", integration, actor)
    return moved


def needs_reconnect(integration: Integration, reason: str) -> bool:
    """The grant is gone. Owners and admins are mailed once, when the change is committed."""
    with transaction.atomic():
        reason = reason[:500]
        if not _move(integration, (Status.CONNECTED, Status.PAUSED), Status.NEEDS_RECONNECT, status_reason=reason):
            return False
        actor = Actor.integration(integration.pk, str(integration))
        _tell("integration.needs_reconnect", integration, actor, changes={"status_reason": ["", reason]})
        transaction.on_commit(partial(emails.send_needs_reconnect, integration), robust=True)
    return True


def pause(integration: Integration, actor: Actor) -> bool:
    """Nothing is read or written until it is resumed."""
    with transaction.atomic():
        moved = _move(integration, (Status.CONNECTED,), Status.PAUSED)
        if moved:
            _tell("integration.paused", integration, actor)
    return moved


def resume(integration: Integration, actor: Actor) -> bool:
    """Go on where it was paused."""
    with transaction.atomic():
        moved = _move(integration, (Status.PAUSED,), Status.CONNECTED)
        if moved:
            _tell("integration.resumed", integration, actor)
    return moved


def disconnect(integration: Integration, actor: Actor) -> str | None:
    """End it here, then at the provider. Tokens are always deleted; settings and links stay.

    None when the provider ended access too (or it was disconnected already), else the sentence that says what is left
    to do there.
    """
    # A run works through this module's connectors, so it cannot be imported above.
    from integrations import runs

    with transaction.atomic():
        expected = set(Status.values) - {Status.DISCONNECTED}
        if not _move(integration, expected, Status.DISCONNECTED, status_reason="", disconnected_at=timezone.now()):
            return None
        token = credentials.forget(integration)
        runs.cancel_all(integration)
        _tell("integration.disconnected", integration, actor)
    return _end_at_provider(integration, token)


def _end_at_provider(integration: Integration, token: str) -> str | None:
    left_to_do = _(
        "Lotbridge has deleted its access, but %(provider)s did not confirm that it ended there. "
        "Sign in to %(provider)s and remove Lotbridge from its connected apps."
    ) % {"provider": integration.label}
    if not token or shares_account(integration):
        return left_to_do
    try:
        credentials.revoke(integration.provider, integration.environment, token)
    except ConnectorError:
        return left_to_do
    return None


def shares_account(integration: Integration) -> bool:
    """Whether somebody else here works with the same account: some providers end all grants of an account together."""
    same = Integration.objects.filter(
        provider=integration.provider,
        environment=integration.environment,
        remote_account_id=integration.remote_account_id,
    )
    return bool(same.exclude(pk=integration.pk).exclude(status=Status.DISCONNECTED).exists())


def _move(integration: Integration, expected: Collection[str], status: str, **changes: Any) -> bool:
    """True when this call moved it; the given object then shows the new state."""
    if not Integration.objects.filter(pk=integration.pk, status__in=expected).update(status=status, **changes):
        return False
    for name, value in {"status": status, **changes}.items():
        setattr(integration, name, value)
    return True


def _tell(kind: str, integration: Integration, actor: Actor, **facts: Any) -> None:
    record_event(
        kind,
        integration.dealership_id,
        actor=actor,
        record_type="integration",
        record_id=integration.pk,
        **facts,
    )
