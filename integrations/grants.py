"""The stored grant of an integration: read, written, and refreshed by one process at a time.

    lease and intent mark, one UPDATE -> provider asked -> committed as the next generation -> used

Whoever dies or hears nothing after the mark leaves it standing: the next refresher asks again with the stored
token, which providers accept for a short while, and if it is refused then, the reason says that an answer was lost.
When tokens are due, and who waits for whom, is decided in `credentials`.
"""

import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from connectors import oauth2
from connectors.auth import Token
from connectors.errors import ConfigurationError, ConnectorError, CredentialError, RateLimited, TransientError
from connectors.http import QUICK_PAUSE_SECONDS, QUICK_TRIES
from connectors.text import text
from dealership.crypto import UnreadableSecret
from integrations import oauth_clients
from integrations.models import Credential, Integration

# Longer than one request can take (5 s to connect, 30 s to read), and shorter than a provider's grace for a token
# that was just replaced: after a crash the next refresher must come in time.
LEASE = timedelta(seconds=40)
QUICK_TRIES_SECONDS = 10.0
FIRST_COOL_SECONDS = 30
LONGEST_COOL_SECONDS = 3600

NOT_CONNECTED = text("This integration is not connected. Connect it to go on.")
UNREADABLE = text(
    "The stored tokens cannot be read with this hub's CREDENTIAL_KEYS. Put the former key back, or reconnect."
)
BUSY = text("Access is being renewed by another process. It is tried again.")
COOLING = text("Access could not be renewed just now. It is tried again.")
ANSWER_LOST = text(
    "The answer to the last renewal of access was lost on the way, and the provider no longer accepts the "
    "former token. Reconnect to go on."
)


def read(integration: Integration) -> Credential:
    """The row as it is now, with tokens in it.

    Raises CredentialError where there are none, ConfigurationError where they cannot be read.
    """
    try:
        credential: Credential | None = Credential.objects.filter(integration=integration).first()
        has_tokens = credential is not None and bool(credential.tokens())
    except (UnreadableSecret, ValueError):
        raise ConfigurationError(UNREADABLE) from None
    if credential is None or not has_tokens:
        raise CredentialError(NOT_CONNECTED)
    return credential


def columns(owner: str, token: Token, *, refreshed_at: datetime, former_refresh_token: str = "") -> dict[str, Any]:
    """What to write for new tokens. Where a provider leaves out the refresh token or its life, the former stays."""
    changed: dict[str, Any] = {
        "secret": {
            "owner": owner,
            "access_token": token.access_token,
            "refresh_token": token.refresh_token or former_refresh_token,
        },
        "access_expires_at": refreshed_at + timedelta(seconds=token.expires_in_seconds),
        "refreshed_at": refreshed_at,
        **settled(),
    }
    if token.refresh_expires_in_seconds is not None:
        changed["refresh_expires_at"] = refreshed_at + timedelta(seconds=token.refresh_expires_in_seconds)
    if token.hard_expires_in_seconds is not None:
        changed["hard_expires_at"] = refreshed_at + timedelta(seconds=token.hard_expires_in_seconds)
    return changed


def settled() -> dict[str, Any]:
    """Nothing under way, nothing gone wrong."""
    return {
        "lease_token": None,
        "lease_expires_at": None,
        "refresh_intent_at": None,
        "refresh_failures": 0,
        "cool_until": None,
    }


def take_lease(credential: Credential) -> uuid.UUID | None:
    """The right to refresh this generation, with the intent marked; None while another has it or it cools down."""
    now, lease = timezone.now(), uuid.uuid4()
    # Durable: inside somebody's transaction the mark would not be seen, and a rollback would lose the new tokens.
    with transaction.atomic(durable=True):
        taken = Credential.objects.filter(
            Q(lease_expires_at=None) | Q(lease_expires_at__lte=now),
            Q(cool_until=None) | Q(cool_until__lte=now),
            pk=credential.pk,
            generation=credential.generation,
        ).update(lease_token=lease, lease_expires_at=now + LEASE, refresh_intent_at=now)
    return lease if taken else None


def raise_if_cooling(credential: Credential) -> None:
    """Say what the last failed refresh means for whoever wanted it."""
    if credential.cool_until is None or credential.cool_until <= timezone.now():
        return
    rows = Integration.objects.filter(pk=credential.integration_id, status=Integration.Status.NEEDS_RECONNECT)
    if reason := rows.values_list("status_reason", flat=True).first():
        raise CredentialError(reason)
    raise TransientError(COOLING)


@dataclass
class Refresh:
    """One refresh under the lease that this process holds. `credential` is the row as read before the lease."""

    integration: Integration
    credential: Credential = field(repr=False)
    lease: uuid.UUID
    answer_lost: bool = False

    def __post_init__(self) -> None:
        self.answer_lost = self.credential.refresh_intent_at is not None

    def run(self) -> Credential:
        """The credential of the next generation, committed. Raises what the provider's refusal means."""
        try:
            token = self._ask()
        except CredentialError as refusal:
            return self._refused(refusal)
        except ConnectorError as trouble:
            self._cool(trouble)
            raise
        return self._commit(token)

    def _ask(self) -> Token:
        """A lost answer is asked for again at once: the stored token is accepted for a short while only."""
        started, tries = time.monotonic(), 1
        while True:
            try:
                return self._ask_once()
            except RateLimited:
                raise
            except TransientError:
                self.answer_lost = True
                is_late = time.monotonic() - started > QUICK_TRIES_SECONDS
                if is_late or tries >= QUICK_TRIES or not self._keep_lease():
                    raise
            time.sleep(QUICK_PAUSE_SECONDS * tries)
            tries += 1

    def _ask_once(self) -> Token:
        return oauth2.refresh(
            self.integration.connector_class.auth,
            oauth_clients.addresses_for(self.integration.provider, self.integration.environment),
            oauth_clients.keys_for(self.integration.provider, self.integration.environment),
            self.credential.tokens()["refresh_token"],
        )

    def _keep_lease(self) -> bool:
        held = Credential.objects.filter(pk=self.credential.pk, lease_token=self.lease)
        return bool(held.update(lease_expires_at=timezone.now() + LEASE))

    def _commit(self, token: Token) -> Credential:
        """Written before its first use. Only newer tokens win against it: a lease that ran out loses no answer."""
        changed = columns(
            self.credential.owner,
            token,
            refreshed_at=timezone.now(),
            former_refresh_token=self.credential.tokens()["refresh_token"],
        )
        with transaction.atomic(durable=True):
            Credential.objects.filter(pk=self.credential.pk, generation=self.credential.generation).update(
                generation=F("generation") + 1, **changed
            )
        return read(self.integration)

    def _refused(self, refusal: CredentialError) -> Credential:
        """The grant is gone, unless somebody stored newer tokens while we asked."""
        # Testing and disconnecting go through connectors, which need this module.
        from integrations import lifecycle

        reason = ANSWER_LOST if self.answer_lost else refusal.message
        with transaction.atomic(durable=True):
            is_gone = self._release(cool_seconds=self._cool_seconds, intent_at=None)
            if is_gone:
                lifecycle.needs_reconnect(self.integration, reason)
        if is_gone:
            raise CredentialError(reason, code=refusal.code)
        credential = read(self.integration)
        if credential.generation == self.credential.generation:
            raise TransientError(BUSY)
        return credential

    def _cool(self, trouble: ConnectorError) -> None:
        never_done = isinstance(trouble, (RateLimited, ConfigurationError)) and not self.answer_lost
        wait = trouble.retry_after_seconds if isinstance(trouble, RateLimited) else 0.0
        self._release(cool_seconds=max(self._cool_seconds, wait), intent_at=None if never_done else timezone.now())

    @property
    def _cool_seconds(self) -> float:
        doublings = min(self.credential.refresh_failures, 10)
        return min(float(LONGEST_COOL_SECONDS), FIRST_COOL_SECONDS * 2.0**doublings)

    def _release(self, *, cool_seconds: float, intent_at: datetime | None) -> bool:
        """Give the lease back after a failure; False when it is not ours any more."""
        held = Credential.objects.filter(
            pk=self.credential.pk, lease_token=self.lease, generation=self.credential.generation
        )
        return bool(
            held.update(
                lease_token=None,
                lease_expires_at=None,
                refresh_intent_at=intent_at,
                refresh_failures=F("refresh_failures") + 1,
                cool_until=timezone.now() + timedelta(seconds=cool_seconds),
            )
        )
