"""The OAuth dance: what is sent, what is kept, and which answers end a grant."""

import traceback
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from connectors import oauth2
from connectors.auth import ClientKeys, Environment, OAuth2
from connectors.errors import ConfigurationError, ConnectorError, CredentialError, RateLimited, TransientError
from connectors.errors import UnexpectedResponse as Unexpected

SPEC = OAuth2(
    authorize_path="/authorize",
    token_path="/token",
    revoke_path="/revoke",
    scopes=("books",),
    pkce=False,
    extra_token_headers=(("x-include-hard-expiry", "true"),),
)
ENV = Environment(
    authorize_url="https://sign-in.example.com",
    token_url="https://tokens.example.com",
    revoke_url="https://revoke.example.com",
    api_url="https://api.example.com",
)
KEYS = ClientKeys("app-id", "app-secret")
TOKEN_URL = "https://tokens.example.com/token"
REDIRECT = "https://hub.example.com/oauth/quickbooks/callback"
VERIFIER = "v" * 64
ANSWER = {
    "access_token": "access-secret",
    "refresh_token": "refresh-secret-2",
    "token_type": "bearer",
    "expires_in": 3600,
    "x_refresh_token_expires_in": 8726400,
    "x_refresh_token_hard_expires_in": 156032154,
}


@pytest.fixture
def mock() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as router:
        yield router


def sent(mock: responses.RequestsMock, index: int = 0) -> dict[str, str]:
    body = mock.calls[index].request.body
    text = body.decode() if isinstance(body, bytes) else str(body)
    return {name: values[0] for name, values in parse_qs(text).items()}


def authorize_query(spec: OAuth2) -> dict[str, list[str]]:
    url = oauth2.authorize_url(spec, ENV, "app-id", redirect_uri=REDIRECT, state="state-1", verifier=VERIFIER)
    assert url.startswith("https://sign-in.example.com/authorize?")
    return parse_qs(urlsplit(url).query)


def test_the_authorize_url_names_app_scope_state_and_redirect() -> None:
    assert authorize_query(SPEC) == {
        "response_type": ["code"],
        "client_id": ["app-id"],
        "redirect_uri": [REDIRECT],
        "scope": ["books"],
        "state": ["state-1"],
    }


def test_pkce_is_used_where_the_provider_takes_it(mock: responses.RequestsMock) -> None:
    spec = replace(SPEC, pkce=True)
    mock.post(TOKEN_URL, json=ANSWER)

    query = authorize_query(spec)
    oauth2.exchange(spec, ENV, KEYS, code="c-1", redirect_uri=REDIRECT, verifier=VERIFIER)

    assert query["code_challenge_method"] == ["S256"]
    assert query["code_challenge"] != [VERIFIER]
    assert sent(mock)["code_verifier"] == VERIFIER


def test_pkce_is_left_out_where_it_is_not_taken(mock: responses.RequestsMock) -> None:
    mock.post(TOKEN_URL, json=ANSWER)

    oauth2.exchange(SPEC, ENV, KEYS, code="c-1", redirect_uri=REDIRECT, verifier=VERIFIER)

    assert sent(mock) == {"grant_type": "authorization_code", "code": "c-1", "redirect_uri": REDIRECT}


def test_the_app_authenticates_with_basic_and_its_extra_headers(mock: responses.RequestsMock) -> None:
    mock.post(TOKEN_URL, json=ANSWER)

    token = oauth2.exchange(SPEC, ENV, KEYS, code="c-1", redirect_uri=REDIRECT, verifier=VERIFIER)

    headers = mock.calls[0].request.headers
    assert headers["Authorization"] == requests.auth._basic_auth_str("app-id", "app-secret")
    assert headers["x-include-hard-expiry"] == "true"
    assert (token.expires_in_seconds, token.refresh_expires_in_seconds) == (3600, 8726400)
    assert token.hard_expires_in_seconds == 156032154


def test_a_rotated_refresh_token_is_kept(mock: responses.RequestsMock) -> None:
    mock.post(TOKEN_URL, json=ANSWER)

    token = oauth2.refresh(SPEC, ENV, KEYS, "refresh-secret-1")

    assert token.refresh_token == "refresh-secret-2"
    assert sent(mock)["refresh_token"] == "refresh-secret-1"


def test_a_refresh_that_names_no_refresh_token_keeps_the_old_one(mock: responses.RequestsMock) -> None:
    mock.post(TOKEN_URL, json={"access_token": "access-secret", "token_type": "bearer", "expires_in": 3600})

    token = oauth2.refresh(SPEC, ENV, KEYS, "refresh-secret-1")

    assert token.refresh_token == "refresh-secret-1"


def test_a_first_grant_without_a_refresh_token_has_none(mock: responses.RequestsMock) -> None:
    mock.post(TOKEN_URL, json={"access_token": "access-secret", "token_type": "bearer", "expires_in": 3600})

    token = oauth2.exchange(SPEC, ENV, KEYS, code="c-1", redirect_uri=REDIRECT, verifier=VERIFIER)

    assert token.refresh_token == ""
    assert token.hard_expires_in_seconds is None


def test_an_invalid_grant_needs_a_reconnect(mock: responses.RequestsMock) -> None:
    mock.post(TOKEN_URL, status=400, json={"error": "invalid_grant"})

    with pytest.raises(CredentialError) as caught:
        oauth2.refresh(SPEC, ENV, KEYS, "refresh-secret-1")

    assert caught.value.code == "invalid_grant"


def test_wrong_keys_are_a_setting_and_not_the_end_of_the_grant(mock: responses.RequestsMock) -> None:
    mock.post(TOKEN_URL, status=401, json={"error": "invalid_client"})

    with pytest.raises(ConfigurationError):
        oauth2.refresh(SPEC, ENV, KEYS, "refresh-secret-1")


@pytest.mark.parametrize("status", [408, 500, 503])
def test_a_failing_token_endpoint_may_recover(mock: responses.RequestsMock, status: int) -> None:
    mock.post(TOKEN_URL, status=status, body="<html>")

    with pytest.raises(TransientError):
        oauth2.refresh(SPEC, ENV, KEYS, "refresh-secret-1")


def test_a_silent_token_endpoint_may_recover(mock: responses.RequestsMock) -> None:
    mock.post(TOKEN_URL, body=requests.ReadTimeout("slow"))

    with pytest.raises(TransientError):
        oauth2.refresh(SPEC, ENV, KEYS, "refresh-secret-1")


def test_a_busy_token_endpoint_says_how_long_to_wait(mock: responses.RequestsMock) -> None:
    mock.post(TOKEN_URL, status=429, headers={"Retry-After": "12"})

    with pytest.raises(RateLimited) as caught:
        oauth2.refresh(SPEC, ENV, KEYS, "refresh-secret-1")

    assert caught.value.retry_after_seconds == 12


@pytest.mark.parametrize("body", ["<html>Welcome</html>", "{}", "[]"])
def test_an_answer_that_is_no_token_is_unexpected(mock: responses.RequestsMock, body: str) -> None:
    mock.post(TOKEN_URL, body=body)

    with pytest.raises(Unexpected):
        oauth2.refresh(SPEC, ENV, KEYS, "refresh-secret-1")


def test_revoking_sends_the_token_and_takes_an_unknown_one_as_gone(mock: responses.RequestsMock) -> None:
    mock.post("https://revoke.example.com/revoke", status=400, json={"error": "invalid_token"})

    oauth2.revoke(SPEC, ENV, KEYS, "refresh-secret-1")

    assert mock.calls[0].request.body == b'{"token": "refresh-secret-1"}'


def test_revoking_can_be_tried_again_when_nobody_answers(mock: responses.RequestsMock) -> None:
    mock.post("https://revoke.example.com/revoke", body=requests.ConnectionError("cut"))

    with pytest.raises(TransientError):
        oauth2.revoke(SPEC, ENV, KEYS, "refresh-secret-1")


@pytest.mark.parametrize(
    ("status", "body"),
    [(400, '{"error": "invalid_grant"}'), (500, "refresh-secret-1"), (200, "refresh-secret-1"), (401, "{}")],
)
def test_no_error_holds_a_secret(mock: responses.RequestsMock, status: int, body: str) -> None:
    mock.post(TOKEN_URL, status=status, body=body)

    with pytest.raises(ConnectorError) as caught:
        oauth2.refresh(SPEC, ENV, KEYS, "refresh-" + "secret-1")

    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(vars(caught.value))
    assert "secret-1" not in shown.replace('"refresh-" + "secret-1"', "")
    assert "app-secret" not in shown


def test_tokens_and_keys_do_not_show_themselves(mock: responses.RequestsMock) -> None:
    mock.post(TOKEN_URL, json=ANSWER)

    token = oauth2.refresh(SPEC, ENV, KEYS, "refresh-secret-1")

    assert "secret" not in repr(token)
    assert "secret" not in repr(KEYS)
