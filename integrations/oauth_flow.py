"""Connecting over OAuth: send the person to the provider, and take them back.

    start: state stored -> provider's consent page -> finish: state used up -> code exchanged -> account asked for
        -> integration, tokens, settings, event and first runs in one transaction

Every failure is a FlowError with what happened and the next step; nothing is created or changed, and it is logged.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from connectors import oauth2, registry
from connectors.auth import Token
from connectors.base import Connector, RemoteAccount
from connectors.errors import ConfigurationError, ConnectorError, CredentialError
from connectors.text import text
from dealership.events import Actor
from dealership.models import Dealership, Membership, User
from integrations import connecting, credentials, lifecycle, oauth_clients
from integrations.models import Integration, OAuthState, SyncLog

logger = structlog.get_logger(__name__)

STATE_LIFE = timedelta(minutes=10)
# Used states are kept a while: a replay is then told from an unknown one.
STATE_KEPT = timedelta(days=1)
START_AGAIN = text("Start again from the integrations page.")

# Reason, as logged -> what happened, and the next step.
REFUSALS = {
    "not_allowed": (
        text("You may not connect integrations for this dealership."),
        text("Ask an owner or admin of the dealership to do it."),
    ),
    "unknown_provider": (text("Lotbridge does not know this provider."), START_AGAIN),
    "not_offered": (text("%(provider)s cannot be connected in this environment here."), START_AGAIN),
    "no_session": (text("Your browser session has ended."), text("Sign in and start again.")),
    "unknown_state": (text("This answer belongs to no connection that was started here."), START_AGAIN),
    "expired_state": (
        text("More than ten minutes went by, so the answer is not taken any more."),
        START_AGAIN,
    ),
    "replayed_state": (
        text("This answer was used before."),
        text("Look at the integrations: it may be connected already. If not, start again."),
    ),
    "foreign_state": (
        text("This connection was started by somebody else or in another browser."),
        text("Start again in this browser, signed in as yourself."),
    ),
    "consent_refused": (
        text("Access was refused at %(provider)s, so nothing is connected."),
        text("Start again and choose Connect there, signed in as an administrator of the company."),
    ),
    "provider_error": (text("%(provider)s could not go on with the connection."), START_AGAIN),
    "code_missing": (text("%(provider)s sent you back without its permission."), START_AGAIN),
    "code_refused": (
        text("%(provider)s does not accept this permission: it is used, too old or forged."),
        START_AGAIN,
    ),
    "account_missing": (
        text("%(provider)s did not say which company was chosen."),
        text("Start again and choose one company."),
    ),
    "account_unproven": (
        text("%(provider)s does not confirm the company that was chosen."),
        text("Start again and choose one company."),
    ),
    "other_account": (
        text("You chose %(found)s at %(provider)s, but this integration belongs to %(wanted)s. Nothing was changed."),
        text("Start again and choose %(wanted)s, or add %(found)s as a new integration."),
    ),
}


class FlowError(Exception):
    """Connecting failed: what happened and what to do, safe to show. `reason` is the word that was logged."""

    def __init__(self, message: str, next_step: str, *, reason: str) -> None:
        super().__init__(message)
        self.message, self.next_step, self.reason = message, next_step, reason


def start(
    *,
    user: User,
    dealership: Dealership,
    provider: str,
    environment: str,
    session_key: str,
    integration: Integration | None = None,
) -> str:
    """The address of the provider's consent page. `integration` is the one to reconnect. Raises FlowError."""
    connector_class = _connector_class(provider)
    _require(_may_connect(user, dealership), "not_allowed")
    _require(bool(session_key), "no_session")
    is_offered = environment in oauth_clients.offered(connector_class)
    _require(
        is_offered and _matches(integration, dealership, connector_class, environment),
        "not_offered",
        connector_class,
    )
    client_id = _client_id(connector_class, environment)
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64) if connector_class.auth.pkce else ""
    begun = OAuthState(
        state_hash=_hash(state),
        user=user,
        dealership=dealership,
        integration=integration,
        provider=connector_class.slug,
        environment=environment,
        session_hash=_hash(session_key),
        verifier=verifier,
    )
    _keep(begun)
    return oauth2.authorize_url(
        connector_class.auth,
        oauth_clients.addresses_for(connector_class.slug, environment),
        client_id,
        redirect_uri=_redirect_uri(connector_class),
        state=state,
        verifier=verifier,
    )


def _client_id(connector_class: type[Connector], environment: str) -> str:
    try:
        return oauth_clients.keys_for(connector_class.slug, environment).client_id
    except ConfigurationError as problem:
        raise _from_connector(problem) from None


def _keep(state: OAuthState) -> None:
    """Store the start for its ten minutes, and forget those that nobody can answer any more."""
    now = timezone.now()
    OAuthState.objects.filter(expires_at__lt=now - STATE_KEPT).delete()
    state.created_at, state.expires_at = now, now + STATE_LIFE
    state.save(force_insert=True)


def finish(*, user: User, session_key: str, provider: str, params: Mapping[str, str]) -> Integration:
    """The connected integration, from the query of the provider's callback. Raises FlowError."""
    try:
        return _finish(user, session_key, _connector_class(provider), params)
    except FlowError as refusal:
        logger.warning("connection refused", provider=provider[:40], user=str(user.pk), reason=refusal.reason)
        raise


def _finish(user: User, session_key: str, connector_class: type[Connector], params: Mapping[str, str]) -> Integration:
    state = _claim(params.get("state", ""), user, session_key, connector_class)
    _require(_may_connect(user, state.dealership), "not_allowed")
    if error := params.get("error"):
        raise _refusal("consent_refused" if error == "access_denied" else "provider_error", connector_class)
    _require(bool(params.get("code")), "code_missing", connector_class)
    named = params.get(connector_class.auth.account_parameter, "")
    _require(bool(named) or not connector_class.auth.account_parameter, "account_missing", connector_class)

    token = _exchange(state, params["code"], connector_class)
    try:
        account, memory = _prove(state, token, named, connector_class)
        _refuse_other_account(state.integration, account, connector_class)
    except FlowError:
        _give_back(state, token, named)
        raise
    return _connect(state, account, token, Actor.user(user), memory=memory)


def _claim(value: str, user: User, session_key: str, connector_class: type[Connector]) -> OAuthState:
    """The stored start that this callback answers, used up by it. Somebody else's callback uses up nothing."""
    rows = OAuthState.objects.select_related("dealership", "integration")
    state = rows.filter(state_hash=_hash(value)).first()
    if state is None:
        raise _refusal("unknown_state")
    same_session = hmac.compare_digest(state.session_hash, _hash(session_key))
    _require(same_session and state.user_id == user.pk and state.provider == connector_class.slug, "foreign_state")
    now = timezone.now()
    if OAuthState.objects.filter(pk=state.pk, used_at=None, expires_at__gt=now).update(used_at=now):
        return state
    raise _refusal("expired_state" if state.used_at is None and state.expires_at <= now else "replayed_state")


def _exchange(state: OAuthState, code: str, connector_class: type[Connector]) -> Token:
    try:
        return oauth2.exchange(
            connector_class.auth,
            oauth_clients.addresses_for(state.provider, state.environment),
            oauth_clients.keys_for(state.provider, state.environment),
            code=code,
            redirect_uri=_redirect_uri(connector_class),
            verifier=state.verifier,
        )
    except CredentialError:
        raise _refusal("code_refused", connector_class) from None
    except ConnectorError as problem:
        raise _from_connector(problem) from None


class _NewToken:
    """`connectors.http.TokenSource` of tokens that are not stored yet."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def access_token(self) -> str:
        return self._token.access_token

    def renewed(self, refused: str) -> str:
        raise CredentialError(text("The provider does not accept the access that it just gave."))


def _prove(
    state: OAuthState, token: Token, named: str, connector_class: type[Connector]
) -> tuple[RemoteAccount, dict[str, Any]]:
    """The account that the provider itself names, and what the connector learnt of it.

    The callback's own word is only compared with it.
    """
    draft = Integration(provider=state.provider, environment=state.environment, remote_account_id=named)
    try:
        connector = connecting.connector_with(_NewToken(token), draft)
        account = connector.check()
        connector.client.close()
    except ConnectorError as problem:
        raise _from_connector(problem) from None
    agrees = not named or hmac.compare_digest(account.id.encode(), named.encode())
    _require(bool(account.id) and agrees, "account_unproven", connector_class)
    return account, connector.memory


def _refuse_other_account(
    integration: Integration | None, account: RemoteAccount, connector_class: type[Connector]
) -> None:
    if integration is None or integration.remote_account_id in ("", account.id):
        return
    wanted = integration.remote_account_name or integration.remote_account_id
    raise _refusal("other_account", connector_class, found=account.name or account.id, wanted=wanted)


def _give_back(state: OAuthState, token: Token, named: str) -> None:
    """End the grant that led nowhere, best effort; some providers end all grants of an account together, so not when
    the account is connected elsewhere."""
    in_use = Integration.objects.filter(
        provider=state.provider, environment=state.environment, remote_account_id=named
    ).exclude(status=Integration.Status.DISCONNECTED)
    if named and in_use.exists():
        return
    try:
        credentials.revoke(state.provider, state.environment, token.refresh_token or token.access_token)
    except ConnectorError as problem:
        logger.warning("unused grant not ended", provider=state.provider, problem=type(problem).__name__)


def _connect(
    state: OAuthState, account: RemoteAccount, token: Token, actor: Actor, *, memory: Mapping[str, Any]
) -> Integration:
    # Runs and settings are made with this module's integrations, so they cannot be imported above.
    from integrations import configs, runs

    with transaction.atomic():
        integration = _integration(state, account)
        # The first run then knows the company, its currency above all, without asking again.
        integration.memory = {**integration.memory, **memory}
        integration.save(update_fields=["memory"])
        credentials.store(integration, token)
        lifecycle.connected(integration, account, actor)
        configs.ensure(integration)
        runs.request_all(integration, trigger=SyncLog.Trigger.MANUAL)
    logger.info("integration connected", provider=state.provider, integration=str(integration.pk))
    return integration


def _integration(state: OAuthState, account: RemoteAccount) -> Integration:
    """The dealership's integration with that account, revived with its links and settings, or a new one."""
    integration, _created = Integration.objects.get_or_create(
        dealership=state.dealership,
        provider=state.provider,
        environment=state.environment,
        remote_account_id=account.id,
        defaults={"status": Integration.Status.CONNECTING},
    )
    return integration


def _connector_class(provider: str) -> type[Connector]:
    try:
        return registry.get(provider)
    except KeyError:
        raise _refusal("unknown_provider") from None


def _may_connect(user: User, dealership: Dealership) -> bool:
    roles = (Membership.Role.OWNER, Membership.Role.ADMIN)
    return user.is_active and Membership.objects.filter(user=user, dealership=dealership, role__in=roles).exists()


def _matches(
    integration: Integration | None,
    dealership: Dealership,
    connector_class: type[Connector],
    environment: str,
) -> bool:
    return integration is None or (
        integration.dealership_id == dealership.pk
        and integration.provider == connector_class.slug
        and integration.environment == environment
    )


def _redirect_uri(connector_class: type[Connector]) -> str:
    return str(settings.BASE_URL) + reverse("integrations:oauth_callback", args=[connector_class.slug])


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def _require(holds: bool, reason: str, connector_class: type[Connector] | None = None) -> None:
    if not holds:
        raise _refusal(reason, connector_class)


def _refusal(reason: str, connector_class: type[Connector] | None = None, **names: str) -> FlowError:
    """The FlowError of one of REFUSALS, in the language of the person."""
    message, next_step = REFUSALS[reason]
    names |= {"provider": connector_class.label if connector_class else ""}
    return FlowError(_(message) % names, _(next_step) % names, reason=reason)


def _from_connector(problem: ConnectorError) -> FlowError:
    next_step = _("Ask the staff of this hub.") if isinstance(problem, ConfigurationError) else _(START_AGAIN)
    return FlowError(_(problem.message), next_step, reason=type(problem).__name__)
