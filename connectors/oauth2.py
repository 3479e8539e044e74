"""The OAuth 2.0 authorization code dance over requests-oauthlib: authorize URL, code, refresh, revoke."""

import os
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import requests
from oauthlib.oauth2 import OAuth2Error
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from connectors.auth import ClientKeys, Environment, OAuth2, Token
from connectors.errors import ConfigurationError, CredentialError, RateLimited, TransientError, UnexpectedResponse
from connectors.http import TIMEOUT, retry_after_seconds

# Answers that mean the grant is gone for good; anything else may be a passing trouble or our own keys.
_GRANT_GONE = {"invalid_grant", "unauthorized_client", "access_denied"}


def authorize_url(
    spec: OAuth2, env: Environment, client_id: str, *, redirect_uri: str, state: str, verifier: str
) -> str:
    """Where to send the person. The PKCE verifier is used only if the provider accepts PKCE."""
    session = _session(spec, client_id, redirect_uri=redirect_uri)
    proof = {"code_challenge": _challenge(verifier), "code_challenge_method": "S256"} if spec.pkce else {}
    url, _state = session.authorization_url(_secure(env.authorize_url + spec.authorize_path), state=state, **proof)
    return str(url)


def exchange(spec: OAuth2, env: Environment, keys: ClientKeys, *, code: str, redirect_uri: str, verifier: str) -> Token:
    """Turn the callback's code into tokens. Raises CredentialError when the code is used, old or forged."""
    session = _session(spec, keys.client_id, redirect_uri=redirect_uri)
    return _ask(
        lambda: session.fetch_token(
            _secure(env.token_url + spec.token_path),
            code=code,
            code_verifier=verifier if spec.pkce else None,
            auth=HTTPBasicAuth(keys.client_id, keys.client_secret),
            include_client_id=False,
            headers=_headers(spec),
            timeout=TIMEOUT,
        )
    )


def refresh(spec: OAuth2, env: Environment, keys: ClientKeys, refresh_token: str) -> Token:
    """New tokens. The refresh token that comes back, new or the same, replaces the old one.

    Raises CredentialError only when the grant is gone for good, TransientError when trying later may help.
    """
    session = _session(spec, keys.client_id)
    return _ask(
        lambda: session.refresh_token(
            _secure(env.token_url + spec.token_path),
            refresh_token=refresh_token,
            auth=HTTPBasicAuth(keys.client_id, keys.client_secret),
            headers=_headers(spec),
            timeout=TIMEOUT,
        )
    )


def revoke(spec: OAuth2, env: Environment, keys: ClientKeys, token: str) -> None:
    """End the grant at the provider. An unknown token is already gone; raises TransientError when nobody answers."""
    try:
        answer = requests.post(
            _secure(env.revoke_url + spec.revoke_path),
            json={"token": token},
            auth=HTTPBasicAuth(keys.client_id, keys.client_secret),
            headers={"Accept": "application/json"},
            timeout=TIMEOUT,
            allow_redirects=False,
        )
    except requests.RequestException:
        raise TransientError("The provider did not answer the request to end access.") from None
    if answer.status_code >= 500 or answer.status_code == 429:
        raise TransientError(f"The provider could not end access now (HTTP {answer.status_code}).")
    if answer.status_code in (401, 403):
        raise _translate("invalid_client")


def _challenge(verifier: str) -> str:
    """The S256 transformation of RFC 7636, section 4.2."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


def _session(spec: OAuth2, client_id: str, *, redirect_uri: str = "") -> OAuth2Session:
    session = OAuth2Session(client_id, scope=list(spec.scopes), redirect_uri=redirect_uri or None)
    session.register_compliance_hook("access_token_response", _check_status)
    session.register_compliance_hook("refresh_token_response", _check_status)
    return session


def _headers(spec: OAuth2) -> dict[str, str]:
    return {
        "Accept": "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
        **dict(spec.extra_token_headers),
    }


def _check_status(answer: requests.Response) -> requests.Response:
    if answer.status_code == 429:
        raise RateLimited(
            "The provider asks to slow down.",
            retry_after_seconds=retry_after_seconds(answer.headers.get("Retry-After"), default=30),
        )
    if answer.status_code >= 500 or answer.status_code == 408:
        raise TransientError(f"The provider's sign-in service is in trouble (HTTP {answer.status_code}).")
    return answer


def _ask(call: Callable[[], Any]) -> Token:
    try:
        given = call()
    except OAuth2Error as problem:
        raise _translate(str(problem.error or "")) from None
    except requests.RequestException:
        raise TransientError("The provider's sign-in service did not answer.") from None
    except (ValueError, AttributeError):  # the second is oauthlib's, for JSON that is no object
        raise UnexpectedResponse("The provider's sign-in service gave an answer that is not its own.") from None
    return Token(
        access_token=given["access_token"],
        refresh_token=given.get("refresh_token", ""),
        expires_in_seconds=int(given.get("expires_in", 3600)),
        refresh_expires_in_seconds=_whole(given.get("x_refresh_token_expires_in")),
        hard_expires_in_seconds=_whole(given.get("x_refresh_token_hard_expires_in")),
    )


def _translate(error: str) -> Exception:
    if error in _GRANT_GONE:
        return CredentialError("Access has ended. Reconnect to go on.", code=error)
    if error == "invalid_client":
        return ConfigurationError("The app id or secret is wrong. Check the OAuth client's keys.", code=error)
    return UnexpectedResponse("The provider's sign-in service gave an answer that is not its own.", code=error)


def _whole(value: object) -> int | None:
    return int(str(value)) if value is not None else None


def _secure(url: str) -> str:
    """Plain http is for the simulator on the operator's own machine alone; its environment is the only one with it."""
    if urlsplit(url).scheme == "http":
        os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    return url
