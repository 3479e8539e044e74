"""What travels between the HTTP server and a simulated provider: a request, a response, and JSON with exact numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl


class BadRequest(Exception):
    """The caller of a control endpoint or page sent something that cannot be used; the text says what."""


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_plain)


def dump_json(value: object) -> str:
    """JSON text; decimals become plain numbers."""
    return _encoder.encode(value)


def load_json(text: str | bytes) -> Any:
    """The parsed value with fractions as Decimal, so that cents survive. ValueError for anything that is not JSON."""
    return json.loads(text, parse_float=Decimal)


@dataclass(frozen=True)
class Request:
    """One HTTP request; `path` is relative to the provider's mount, header names are lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    query_string: str = ""

    @property
    def line(self) -> str:
        """METHOD path?query: what fault rules are matched against."""
        return f"{self.method} {self.path}{'?' + self.query_string if self.query_string else ''}"

    def json(self) -> Any:
        """The JSON body, ValueError when it is none."""
        return load_json(self.body)

    def json_object(self) -> dict[str, Any]:
        """The JSON object in the body; an empty body is an empty object."""
        try:
            value = self.json() if self.body else {}
        except ValueError as error:
            raise BadRequest("The body is not JSON.") from error
        if not isinstance(value, dict):
            raise BadRequest("The body must be a JSON object.")
        return value

    def form(self) -> dict[str, str]:
        """The fields of a form post."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass(frozen=True)
class Response:
    """One answer. `dropped` closes the connection without a byte instead."""

    status: int
    body: str = ""
    content_type: str = "application/json;charset=UTF-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    dropped: bool = False


DROPPED = Response(status=0, dropped=True)


def json_response(value: object, *, status: int = 200) -> Response:
    """An answer with a JSON body."""
    return Response(status, dump_json(value))


def redirect(location: str) -> Response:
    """See other: the browser goes on with GET."""
    return Response(303, "", "text/plain;charset=UTF-8", {"Location": location})
