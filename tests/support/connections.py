"""People, dealerships and integrations that are connected to a running simulator the way a person does it."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import requests

from connectors.auth import Token
from dealership.models import Dealership, Membership, User
from integrations import oauth_flow
from integrations.models import Credential, Integration

SESSION = "session-of-the-browser"


def dealership_of(email: str = "owner@rideau.example", *, name: str = "Rideau Auto") -> tuple[User, Dealership]:
    """A dealership and its owner."""
    dealership = Dealership.objects.create(name=name, slug=name.lower().replace(" ", "-"))
    return member_of(dealership, email, Membership.Role.OWNER), dealership


def member_of(dealership: Dealership, email: str, role: str) -> User:
    user = User.objects.create_user(email, name=email.split("@")[0])
    Membership.objects.create(user=user, dealership=dealership, role=role)
    return user


def answer_consent(authorize_url: str, realm: str, *, decision: str = "connect") -> dict[str, str]:
    """What a person does on the provider's consent page; the query of the callback that follows."""
    answer = requests.post(
        authorize_url, data={"realm": realm, "decision": decision}, allow_redirects=False, timeout=30
    )
    assert answer.is_redirect, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def begin(user: User, dealership: Dealership, integration: Integration | None = None) -> str:
    """The address of the simulator's consent page."""
    return oauth_flow.start(
        user=user,
        dealership=dealership,
        provider="quickbooks",
        environment="simulator",
        session_key=SESSION,
        integration=integration,
    )


def connect(user: User, dealership: Dealership, realm: str) -> Integration:
    """The whole way: start, consent, callback."""
    params = answer_consent(begin(user, dealership), realm)
    return oauth_flow.finish(user=user, session_key=SESSION, provider="quickbooks", params=params)


def credential_of(integration: Integration) -> Credential:
    return Credential.objects.get(integration=integration)


def invented_token(mark: str, **life: int) -> Token:
    """A token that no provider gave."""
    return Token(
        access_token=f"access-{mark}",
        refresh_token=f"refresh-{mark}",
        **{"expires_in_seconds": 3600, "refresh_expires_in_seconds": 8_726_400, **life},
    )
