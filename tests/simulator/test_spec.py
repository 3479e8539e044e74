"""The document check itself: what it lets through, what it names."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.spec import Spec

PATH = "/v3/company/1/customer"
HEADERS = {"Authorization": "Bearer x", "Content-Type": "application/json", "Accept": "application/json"}


def check(body: object = None, **changes: Any) -> None:
    request: dict[str, Any] = {
        "query": {"requestid": "r"},
        "headers": HEADERS,
        "body": body or {"DisplayName": "Ana"},
    } | changes
    Spec.load("quickbooks").check_request("POST", PATH, **request)


def test_a_good_request_passes() -> None:
    check()
    check(b'{"DisplayName": "Ana", "BillAddr": {"Line1": "1 Main St"}}')


def test_a_token_request_is_read_from_its_form() -> None:
    headers = {"Authorization": "Basic eA==", "Content-Type": "application/x-www-form-urlencoded"}

    Spec.load("quickbooks").check_request(
        "POST", "/oauth2/v1/tokens/bearer", headers=headers, body="grant_type=refresh_token&refresh_token=x"
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"body": {"BillAddr": {"Street": "1 Main St"}}}, "/BillAddr"),
        ({"body": {"DisplayName": 7}}, "/DisplayName"),
        ({"query": {"request_id": "r"}}, "no query parameter request_id"),
        ({"query": {"requestid": "r" * 51}}, "requestid"),
        ({"query": {"operation": "destroy"}}, "operation"),
        ({"headers": HEADERS | {"Authorization": "Basic x"}}, "needs Authorization bearer"),
        ({"headers": HEADERS | {"Content-Type": "text/plain"}}, "Content-Type text/plain"),
    ],
)
def test_what_the_document_does_not_allow_is_named(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        check(**changes)


def test_an_answer_with_an_unknown_field_status_or_path_is_named() -> None:
    spec = Spec.load("quickbooks")

    with pytest.raises(AssertionError, match="/Customer"):
        spec.check_response("POST", PATH, 200, {"Customer": {"Colour": "red"}})
    with pytest.raises(AssertionError, match="does not answer 418"):
        spec.check_response("POST", PATH, 418, {})
    with pytest.raises(AssertionError, match="there is no GET"):
        spec.check_response("GET", "/v3/company/1/nothing", 200, {})
    with pytest.raises(AssertionError, match="has no body"):
        spec.check_response("POST", "/v2/oauth2/tokens/revoke", 200, "{}")
