"""`ApiClient`, the one door out to a provider's API: time-outs, size limit, quick tries, rate budget, errors."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import requests

from connectors.errors import (
    ConfigurationError,
    CredentialError,
    RateLimited,
    TransientError,
    UncertainWrite,
    UnexpectedResponse,
)

TIMEOUT = (5.0, 30.0)
MAX_BYTES = 64 * 1024 * 1024
QUICK_TRIES = 3
QUICK_PAUSE_SECONDS = 0.25
# The last two are an answer that broke off in its middle.
_NO_ANSWER = (
    requests.Timeout,
    requests.ConnectionError,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)


class TokenSource(Protocol):
    """Where the access token comes from."""

    def access_token(self) -> str:
        """A token that is good now."""
        ...

    def renewed(self, refused: str) -> str:
        """A token newer than the one that was just refused. Raises CredentialError when there is none."""
        ...


class Budget(Protocol):
    """The rate limits of one remote account, shared by every process."""

    def take(self, name: str) -> None:
        """Count one call against the limit of that name. Raises RateLimited when it is used up."""
        ...

    def hold(self, name: str, seconds: float) -> None:
        """The provider itself said how long to wait: let nobody call against that limit before."""
        ...


class Unlimited:
    def take(self, name: str) -> None:
        return None

    def hold(self, name: str, seconds: float) -> None:
        return None


def retry_after_seconds(header: str | None, *, default: float) -> float:
    """Retry-After in seconds, whether given as seconds or as a date."""
    if not header:
        return default
    if header.strip().replace(".", "", 1).isdigit():
        return float(header)
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return default
    return max(0.0, (at.astimezone(UTC) - datetime.now(UTC)).total_seconds())


class ApiClient:
    """Requests to one provider's API on behalf of one integration.

    `before_call` runs before each request (the engine renews its lease there); `explain` turns an error answer into
    the provider's own (code, sentence).
    """

    def __init__(
        self,
        base_url: str,
        tokens: TokenSource,
        *,
        budget: Budget | None = None,
        before_call: Callable[[], None] | None = None,
        explain: Callable[[requests.Response], tuple[str, str]] | None = None,
        request_id_header: str = "",
    ) -> None:
        self.base_url = base_url
        self._tokens = tokens
        self._budget = budget or Unlimited()
        self._before_call = before_call or (lambda: None)
        self._explain = explain or (lambda answer: ("", ""))
        self._request_id_header = request_id_header
        self._session = requests.Session()

    def get(self, path: str, *, params: Mapping[str, Any] | None = None, limits: tuple[str, ...] = ()) -> Any:
        return self._send("GET", path, params=params, limits=limits, repeatable=True)

    def post(
        self,
        path: str,
        *,
        json: Any = None,
        text: str | None = None,
        params: Mapping[str, Any] | None = None,
        limits: tuple[str, ...] = (),
        repeatable: bool = False,
    ) -> Any:
        """`repeatable` says that the provider will not do it twice: a query, or a write with an idempotency key.

        Raises UncertainWrite when a write that is not repeatable was sent and no answer came.
        """
        body: dict[str, Any] = {"json": json} if text is None else {"data": text.encode()}
        headers = {} if text is None else {"Content-Type": "application/text"}
        return self._send("POST", path, params=params, limits=limits, repeatable=repeatable, headers=headers, **body)

    def close(self) -> None:
        self._session.close()

    def _send(self, method: str, path: str, *, limits: tuple[str, ...], repeatable: bool, **request: Any) -> Any:
        renewed = False
        token = ""
        for attempt in range(1, QUICK_TRIES + 2):
            for name in limits:
                self._budget.take(name)
            self._before_call()
            token = token or self._tokens.access_token()
            try:
                answer = self._once(method, path, token, **request)
            except _NO_ANSWER as problem:
                self._no_answer(problem, attempt=attempt, repeatable=repeatable)
                continue
            if answer.status_code == 401 and not renewed:
                renewed, token = True, self._tokens.renewed(token)
                continue
            if answer.status_code >= 500 and repeatable and attempt < QUICK_TRIES:
                time.sleep(QUICK_PAUSE_SECONDS * attempt)
                continue
            if answer.status_code == 429:
                for name in limits:
                    self._budget.hold(name, _pause_seconds(answer))
            return self._read(answer, repeatable=repeatable or method == "GET")
        raise TransientError("The provider did not answer.")

    def _once(
        self, method: str, path: str, token: str, headers: Mapping[str, str] | None = None, **request: Any
    ) -> requests.Response:
        return self._session.request(
            method,
            self.base_url + path,
            headers={"Accept": "application/json", "Authorization": f"Bearer {token}", **(headers or {})},
            timeout=TIMEOUT,
            allow_redirects=False,
            **request,
        )

    def _no_answer(self, problem: requests.RequestException, *, attempt: int, repeatable: bool) -> None:
        never_sent = isinstance(problem, requests.ConnectTimeout) or "NewConnectionError" in repr(problem)
        if not repeatable and not never_sent:
            raise UncertainWrite("The connection broke while writing; it is checked before it is repeated.") from None
        if attempt >= QUICK_TRIES:
            raise TransientError("The provider did not answer. It is tried again.") from None
        time.sleep(QUICK_PAUSE_SECONDS * attempt)

    def _read(self, answer: requests.Response, *, repeatable: bool) -> Any:
        request_id = answer.headers.get(self._request_id_header, "") if self._request_id_header else ""
        status = answer.status_code
        if status < 300:
            return self._json(answer, request_id)
        code, sentence = self._explain(answer)
        if status == 429:
            raise RateLimited(
                sentence or "The provider asks to slow down.",
                retry_after_seconds=_pause_seconds(answer),
                code=code,
                request_id=request_id,
            )
        if status >= 500 and not repeatable:
            raise UncertainWrite(f"The provider failed while writing (HTTP {status}).", request_id=request_id)
        if status >= 500 or status == 408:
            raise TransientError(f"The provider is in trouble (HTTP {status}).", code=code, request_id=request_id)
        if status == 401:
            raise CredentialError(sentence or "Access has ended. Reconnect to go on.", code=code, request_id=request_id)
        if status == 403:
            raise ConfigurationError(sentence or "The provider does not allow this.", code=code, request_id=request_id)
        if status >= 400:
            raise FaultAnswer(sentence or f"HTTP {status}", code=code, request_id=request_id, answer=answer)
        raise UnexpectedResponse(f"The provider answered with HTTP {status}.", request_id=request_id)

    def _json(self, answer: requests.Response, request_id: str) -> Any:
        if len(answer.content) > MAX_BYTES:
            raise UnexpectedResponse("The provider's answer is too large.", request_id=request_id)
        try:
            return answer.json()
        except ValueError:
            raise UnexpectedResponse(
                "The provider answered with something that is not JSON.", request_id=request_id
            ) from None


def _pause_seconds(answer: requests.Response) -> float:
    return retry_after_seconds(answer.headers.get("Retry-After"), default=10)


class FaultAnswer(UnexpectedResponse):
    """A 4xx answer that the connector translates: it knows what was asked. Not shown as it is."""

    def __init__(self, message: str, *, code: str, request_id: str, answer: requests.Response) -> None:
        super().__init__(message, code=code, request_id=request_id)
        self.answer = answer
