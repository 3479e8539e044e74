"""The tokens of an integration: stored, handed out while they are good, refreshed ahead, deleted.

One refresh at a time over all processes happens in `grants`; here is decided when one is due, and who waits for it.
"""

import hmac
import time
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from connectors import oauth2, registry
from connectors.auth import Token
from connectors.errors import ConnectorError, CredentialError, TransientError
from integrations import grants, oauth_clients
from integrations.models import Credential, Integration
from integrations.timings import TIMINGS

logger = structlog.get_logger(__name__)

AHEAD = timedelta(minutes=15)
IDLE_AHEAD = timedelta(days=7)
WAIT_SECONDS = 10.0
POLL_SECONDS = 0.05
SWEEP_LIMIT = 20


def store(integration: Integration, token: Token) -> None:
    """The tokens of a new consent. What another process still does with the old ones no longer counts."""
    owner = Credential(integration=integration, dealership_id=integration.dealership_id).owner
    changed = {"refresh_expires_at": None, "hard_expires_at": None}
    changed |= grants.columns(owner, token, refreshed_at=timezone.now())
    with transaction.atomic():
        # The row is not read: it may be encrypted with a key that is gone, and reconnecting must mend that.
        rows = Credential.objects.filter(integration=integration)
        if not rows.update(generation=F("generation") + 1, **changed):
            Credential.objects.create(
                integration=integration, dealership_id=integration.dealership_id, generation=1, **changed
            )


def forget(integration: Integration) -> str:
    """Delete the tokens; gives the one to revoke at the provider, or an empty text where there is none."""
    try:
        tokens = grants.read(integration).tokens()
    except ConnectorError:
        tokens = {}
    Credential.objects.filter(integration=integration).update(
        secret=None,
        generation=F("generation") + 1,
        access_expires_at=None,
        refresh_expires_at=None,
        hard_expires_at=None,
        **grants.settled(),
    )
    return str(tokens.get("refresh_token") or tokens.get("access_token") or "")


def revoke(provider: str, environment: str, token: str) -> None:
    """End the grant at the provider. Raises ConnectorError where that is not certain."""
    oauth2.revoke(
        registry.get(provider).auth,
        oauth_clients.addresses_for(provider, environment),
        oauth_clients.keys_for(provider, environment),
        token,
    )


def days_left(integration: Integration) -> int | None:
    """Whole days until the unused grant lapses or the consent ends; None where the provider does not say."""
    rows = Credential.objects.filter(integration=integration)
    ends = rows.values_list("refresh_expires_at", "hard_expires_at").first() or ()
    known = [end for end in ends if end is not None]
    return max(0, (min(known) - timezone.now()).days) if known else None


def refresh_due(limit: int = SWEEP_LIMIT) -> list[Integration]:
    """Refresh idle grants before they lapse, the first to lapse first, as far as one slice of time goes.

    Gives the integrations whose grants live on. A failure is logged; what it means, the integration shows.
    """
    deadline = time.monotonic() + TIMINGS.slice_seconds
    kept = []
    for credential in _idle(limit):
        if time.monotonic() < deadline and _keep_alive(credential.integration):
            kept.append(credential.integration)
    return kept


def _idle(limit: int) -> list[Credential]:
    """A week before the grant lapses, or at half of a shorter life."""
    now = timezone.now()
    soon = (
        Credential.objects.filter(
            Q(cool_until=None) | Q(cool_until__lte=now),
            integration__status__in=(Integration.Status.CONNECTED, Integration.Status.PAUSED),
            refresh_expires_at__lte=now + IDLE_AHEAD,
        )
        .defer("secret")
        .select_related("integration")
        .order_by("refresh_expires_at")
    )
    return [credential for credential in soon if now >= _idle_from(credential)][:limit]


def _keep_alive(integration: Integration) -> bool:
    try:
        credential = grants.read(integration)
        lease = grants.take_lease(credential)
        if lease is None:
            return False
        grants.Refresh(integration, credential, lease).run()
    except ConnectorError as problem:
        logger.warning("grant not kept alive", integration=str(integration.pk), problem=problem.message)
        return False
    return True


class IntegrationTokens:
    """`connectors.http.TokenSource` over the stored credential, for as many processes as there are."""

    def __init__(self, integration: Integration) -> None:
        self._integration = integration
        self._token = ""
        self._fresh_until: datetime | None = None

    def access_token(self) -> str:
        """A token that is good now; refreshed ahead of its end, and while that fails used to its end."""
        if self._fresh_until is not None and timezone.now() < self._fresh_until:
            return self._token
        return self._hold(_fresh(self._integration))

    def renewed(self, refused: str) -> str:
        """A token newer than the refused one: another process's, or from one refresh.

        Raises CredentialError when the grant is gone, TransientError when trying later may help.
        """
        return self._hold(_renewed(self._integration, refused))

    def _hold(self, credential: Credential) -> str:
        self._token, self._fresh_until = _access(credential), _ahead_of(credential)
        return self._token


def _fresh(integration: Integration) -> Credential:
    credential = grants.read(integration)
    now = timezone.now()
    if now < _ahead_of(credential):
        return credential
    if now >= _end_of(credential):
        return _renewed(integration, _access(credential))
    lease = grants.take_lease(credential)
    if lease is None:
        return credential
    try:
        return grants.Refresh(integration, credential, lease).run()
    except CredentialError:
        raise
    except ConnectorError as problem:
        logger.warning("refresh ahead failed", integration=str(integration.pk), problem=problem.message)
        return credential


def _renewed(integration: Integration, refused: str) -> Credential:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        credential = grants.read(integration)
        is_newer = not hmac.compare_digest(_access(credential).encode(), refused.encode())
        if is_newer and timezone.now() < _end_of(credential):
            return credential
        lease = grants.take_lease(credential)
        if lease is not None:
            return grants.Refresh(integration, credential, lease).run()
        grants.raise_if_cooling(credential)
        if time.monotonic() >= deadline:
            raise TransientError(grants.BUSY)
        time.sleep(POLL_SECONDS)


def _access(credential: Credential) -> str:
    return str(credential.tokens()["access_token"])


def _end_of(credential: Credential) -> datetime:
    return credential.access_expires_at or timezone.now()


def _ahead_of(credential: Credential) -> datetime:
    """From when the access token is refreshed: min(15 minutes, half of its life) before its end."""
    end = _end_of(credential)
    life = end - (credential.refreshed_at or end)
    return end - min(AHEAD, life / 2)


def _idle_from(credential: Credential) -> datetime:
    end = credential.refresh_expires_at or credential.created_at
    life = end - (credential.refreshed_at or credential.created_at)
    return end - min(IDLE_AHEAD, life / 2)
