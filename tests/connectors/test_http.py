"""The one door out: which answer becomes which error, what is tried again, and that nothing secret leaks."""

import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import requests
import responses

from connectors import http
from connectors.errors import (
    ConfigurationError,
    ConnectorError,
    CredentialError,
    RateLimited,
    TransientError,
    UncertainWrite,
    UnexpectedResponse,
)
from connectors.http import ApiClient, FaultAnswer, retry_after_seconds

URL = "https://api.example.com/things"
TOKEN = "very-secret-access-token"
NEWER = "newer-secret-access-token"


class Tokens:
    """Gives a token, and once a newer one."""

    def __init__(self) -> None:
        self.refused: list[str] = []

    def access_token(self) -> str:
        return TOKEN

    def renewed(self, refused: str) -> str:
        self.refused.append(refused)
        return NEWER


class Budget:
    def __init__(self) -> None:
        self.taken: list[str] = []
        self.held: list[tuple[str, float]] = []

    def take(self, name: str) -> None:
        self.taken.append(name)

    def hold(self, name: str, seconds: float) -> None:
        self.held.append((name, seconds))


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between quick tries, noted instead of waited for."""
    noted: list[float] = []
    monkeypatch.setattr("connectors.http.time.sleep", noted.append)
    return noted


@pytest.fixture
def mock() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as router:
        yield router


@pytest.fixture
def tokens() -> Tokens:
    return Tokens()


@pytest.fixture
def client(tokens: Tokens) -> ApiClient:
    return ApiClient("https://api.example.com", tokens, request_id_header="x-request-id")


def test_it_sends_the_token_and_reads_json(mock: responses.RequestsMock, client: ApiClient) -> None:
    mock.get(URL, json={"things": []})

    assert client.get("/things") == {"things": []}
    assert mock.calls[0].request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert mock.calls[0].request.headers["Accept"] == "application/json"


def test_a_429_in_seconds_says_how_long_to_wait(mock: responses.RequestsMock, client: ApiClient) -> None:
    mock.get(URL, status=429, headers={"Retry-After": "37"})

    with pytest.raises(RateLimited) as caught:
        client.get("/things")

    assert caught.value.retry_after_seconds == 37
    assert len(mock.calls) == 1


def test_a_429_with_a_date_says_how_long_to_wait(mock: responses.RequestsMock, client: ApiClient) -> None:
    at = datetime.now(UTC) + timedelta(seconds=90)
    mock.get(URL, status=429, headers={"Retry-After": format_datetime(at, usegmt=True)})

    with pytest.raises(RateLimited) as caught:
        client.get("/things")

    assert 85 <= caught.value.retry_after_seconds <= 90


def test_a_429_holds_back_everybody_who_shares_the_limits(mock: responses.RequestsMock, tokens: Tokens) -> None:
    budget = Budget()
    client = ApiClient("https://api.example.com", tokens, budget=budget)
    mock.get(URL, status=429, headers={"Retry-After": "37"})

    with pytest.raises(RateLimited):
        client.get("/things", limits=("requests", "batch"))

    assert budget.held == [("requests", 37), ("batch", 37)]


@pytest.mark.parametrize("header", [None, "", "soon"])
def test_without_a_readable_retry_after_the_default_counts(header: str | None) -> None:
    assert retry_after_seconds(header, default=10) == 10


def test_a_date_that_has_passed_means_now() -> None:
    assert retry_after_seconds("Sun, 01 Mar 2020 10:00:00 GMT", default=10) == 0


def test_a_failing_server_gets_three_quick_tries(
    mock: responses.RequestsMock, client: ApiClient, pauses: list[float]
) -> None:
    mock.get(URL, status=502, body="<html>Bad gateway</html>")

    with pytest.raises(TransientError):
        client.get("/things")

    assert len(mock.calls) == 3
    assert len(pauses) == 2


def test_a_server_that_recovers_is_not_an_error(mock: responses.RequestsMock, client: ApiClient) -> None:
    mock.get(URL, status=500)
    mock.get(URL, json={"ok": True})

    assert client.get("/things") == {"ok": True}


@pytest.mark.parametrize(
    "problem", [requests.ReadTimeout("slow"), requests.ConnectTimeout("slow"), requests.ConnectionError("cut")]
)
def test_a_read_without_an_answer_is_tried_again(
    mock: responses.RequestsMock, client: ApiClient, problem: Exception
) -> None:
    mock.get(URL, body=problem)

    with pytest.raises(TransientError):
        client.get("/things")

    assert len(mock.calls) == 3


def test_an_answer_that_breaks_off_is_no_answer(mock: responses.RequestsMock, client: ApiClient) -> None:
    mock.get(URL, body=requests.exceptions.ChunkedEncodingError("broken off"))
    mock.get(URL, json={"ok": True})

    assert client.get("/things") == {"ok": True}


@pytest.mark.parametrize(
    "problem", [requests.ReadTimeout("slow"), requests.exceptions.ChunkedEncodingError("broken off")]
)
def test_a_write_without_an_answer_is_uncertain_and_not_repeated(
    mock: responses.RequestsMock, client: ApiClient, problem: Exception
) -> None:
    mock.post(URL, body=problem)

    with pytest.raises(UncertainWrite):
        client.post("/things", json={"a": 1})

    assert len(mock.calls) == 1


def test_a_write_that_failed_with_a_5xx_is_uncertain(mock: responses.RequestsMock, client: ApiClient) -> None:
    mock.post(URL, status=500)

    with pytest.raises(UncertainWrite):
        client.post("/things", json={"a": 1})

    assert len(mock.calls) == 1


def test_a_write_that_was_never_sent_is_tried_again(mock: responses.RequestsMock, client: ApiClient) -> None:
    mock.post(URL, body=requests.ConnectTimeout("nobody there"))
    mock.post(URL, json={"id": 1})

    assert client.post("/things", json={"a": 1}) == {"id": 1}


def test_a_repeatable_write_is_tried_again(mock: responses.RequestsMock, client: ApiClient) -> None:
    mock.post(URL, body=requests.ReadTimeout("slow"))
    mock.post(URL, json={"id": 1})

    assert client.post("/things", json={"a": 1}, repeatable=True) == {"id": 1}


def test_a_401_leads_to_exactly_one_refresh(mock: responses.RequestsMock, client: ApiClient, tokens: Tokens) -> None:
    mock.get(URL, status=401)
    mock.get(URL, json={"ok": True})

    assert client.get("/things") == {"ok": True}
    assert tokens.refused == [TOKEN]
    assert mock.calls[1].request.headers["Authorization"] == f"Bearer {NEWER}"


def test_a_second_401_needs_a_reconnect(mock: responses.RequestsMock, client: ApiClient, tokens: Tokens) -> None:
    mock.get(URL, status=401)

    with pytest.raises(CredentialError):
        client.get("/things")

    assert len(mock.calls) == 2
    assert tokens.refused == [TOKEN]


def test_a_write_is_repeated_after_a_401(mock: responses.RequestsMock, client: ApiClient) -> None:
    mock.post(URL, status=401)
    mock.post(URL, json={"id": 1})

    assert client.post("/things", json={"a": 1}) == {"id": 1}


def test_html_instead_of_json_is_unexpected(mock: responses.RequestsMock, client: ApiClient) -> None:
    mock.get(URL, body="<html>Down for maintenance</html>")

    with pytest.raises(UnexpectedResponse) as caught:
        client.get("/things")

    assert "html" not in caught.value.message.lower()


def test_a_redirect_is_not_followed(mock: responses.RequestsMock, client: ApiClient) -> None:
    mock.get(URL, status=302, headers={"Location": "https://elsewhere.example.com/"})

    with pytest.raises(UnexpectedResponse):
        client.get("/things")

    assert len(mock.calls) == 1


def test_too_large_an_answer_is_unexpected(
    mock: responses.RequestsMock, client: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MAX_BYTES", 10)
    mock.get(URL, json={"long": "x" * 100})

    with pytest.raises(UnexpectedResponse, match="too large"):
        client.get("/things")


def test_a_403_is_about_the_settings(mock: responses.RequestsMock, client: ApiClient) -> None:
    mock.get(URL, status=403)

    with pytest.raises(ConfigurationError):
        client.get("/things")


def test_a_4xx_is_left_to_the_connector(mock: responses.RequestsMock) -> None:
    client = ApiClient(
        "https://api.example.com",
        Tokens(),
        explain=lambda answer: (answer.json()["code"], "Name is taken."),
        request_id_header="x-request-id",
    )
    mock.post(URL, status=400, json={"code": "6240"}, headers={"x-request-id": "r-1"})

    with pytest.raises(FaultAnswer) as caught:
        client.post("/things", json={})

    assert (caught.value.message, caught.value.code, caught.value.request_id) == ("Name is taken.", "6240", "r-1")


def test_each_try_counts_against_the_budget(mock: responses.RequestsMock) -> None:
    budget = Budget()
    calls: list[int] = []
    client = ApiClient("https://api.example.com", Tokens(), budget=budget, before_call=lambda: calls.append(1))
    mock.post(URL, status=500)
    mock.post(URL, json={})

    client.post("/things", json={}, limits=("requests", "batch"), repeatable=True)

    assert budget.taken == ["requests", "batch", "requests", "batch"]
    assert len(calls) == 2


def test_a_text_is_posted_as_text(mock: responses.RequestsMock, client: ApiClient) -> None:
    mock.post(URL, json={})

    client.post("/things", text="select * from Item", repeatable=True)

    assert mock.calls[0].request.body == b"select * from Item"
    assert mock.calls[0].request.headers["Content-Type"] == "application/text"


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 400, "json": {"secret": "body-secret"}},
        {"status": 401, "json": {"secret": "body-secret"}},
        {"status": 403, "body": "body-secret"},
        {"status": 429, "body": "body-secret"},
        {"status": 500, "body": "body-secret"},
        {"status": 200, "body": "body-secret"},
        {"body": requests.ReadTimeout("body-secret")},
    ],
)
def test_no_error_holds_a_secret(mock: responses.RequestsMock, client: ApiClient, answer: dict[str, Any]) -> None:
    mock.get(URL, **answer)

    with pytest.raises(ConnectorError) as caught:
        client.get("/things", params={"query": "query-secret"})

    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(vars(caught.value))
    assert "secret" not in shown.replace("test_no_error_holds_a_secret", "").replace('"query-secret"', "")
