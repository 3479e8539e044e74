"""Consent, tokens, rotation, revocation."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from connectors.providers.quickbooks.simulator_oauth import SCOPE
from tests.simulator.client import Client
from tests.support.simulator import CALLBACK, CLIENT_ID, CLIENT_SECRET, US_REALM, RunningSimulator
from tests.support.spec import Spec

TOKEN_PATH = "/oauth2/v1/tokens/bearer"
CONSENT = {
    "client_id": CLIENT_ID,
    "response_type": "code",
    "scope": SCOPE,
    "redirect_uri": CALLBACK,
    "state": "abc",
}


def checked(answer: requests.Response) -> requests.Response:
    Spec.load("quickbooks").check_response("POST", TOKEN_PATH, answer.status_code, answer.content)
    return answer


def refresh(simulator: RunningSimulator, token: str) -> requests.Response:
    return checked(simulator.token(grant_type="refresh_token", refresh_token=token))


def test_the_consent_page_lists_the_companies_and_says_it_is_the_simulator(
    simulator: RunningSimulator,
) -> None:
    page = requests.get(f"{simulator.base}/connect/oauth2", params=CONSENT, timeout=10)

    assert page.status_code == 200
    assert "Sandbox Motors Inc." in page.text
    assert "Sandbox Autos Ltée" in page.text
    assert "simulator's consent\npage" in page.text
    assert "form-action 'self' http://localhost:8000" in page.headers["Content-Security-Policy"]


def test_connect_redirects_with_code_state_and_realm(simulator: RunningSimulator) -> None:
    answer = requests.post(
        f"{simulator.base}/connect/oauth2",
        params=CONSENT,
        data={"realm": US_REALM, "decision": "connect"},
        allow_redirects=False,
        timeout=10,
    )

    target = urlsplit(answer.headers["Location"])
    query = parse_qs(target.query)
    assert target.netloc == "localhost:8000"
    assert (query["state"], query["realmId"]) == (["abc"], [US_REALM])
    assert query["code"]


def test_refuse_redirects_with_access_denied(simulator: RunningSimulator) -> None:
    answer = requests.post(
        f"{simulator.base}/connect/oauth2",
        params=CONSENT,
        data={"decision": "refuse"},
        allow_redirects=False,
        timeout=10,
    )

    assert parse_qs(urlsplit(answer.headers["Location"]).query) == {
        "error": ["access_denied"],
        "state": ["abc"],
    }


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "other"},
        {"response_type": "token"},
        {"scope": "openid"},
        {"scope": f"{SCOPE} everything"},
        {"redirect_uri": "http://evil.example.com/"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "http://localhost/\r\nX-Evil: 1"},
        {"state": ""},
    ],
)
def test_a_wrong_consent_request_is_not_redirected(simulator: RunningSimulator, change: dict[str, str]) -> None:
    answer = requests.post(
        f"{simulator.base}/connect/oauth2",
        params=CONSENT | change,
        data={"realm": US_REALM, "decision": "connect"},
        allow_redirects=False,
        timeout=10,
    )

    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_a_code_works_once(simulator: RunningSimulator) -> None:
    code = simulator.authorize()
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}

    first, second = checked(simulator.token(**form)), checked(simulator.token(**form))

    assert first.status_code == 200
    assert first.json()["expires_in"] == 3600
    assert first.json()["x_refresh_token_expires_in"] == 8726400
    assert second.status_code == 400
    assert second.json()["error"] == "invalid_grant"


def test_a_code_lapses_after_ten_minutes(simulator: RunningSimulator) -> None:
    code = simulator.authorize()
    simulator.settings(clock_offset_seconds=601)

    answer = checked(simulator.token(grant_type="authorization_code", code=code, redirect_uri=CALLBACK))

    assert answer.json()["error"] == "invalid_grant"


def test_a_code_is_bound_to_its_redirect_address(simulator: RunningSimulator) -> None:
    code = simulator.authorize()

    answer = checked(simulator.token(grant_type="authorization_code", code=code, redirect_uri="https://other.example"))

    assert answer.json()["error"] == "invalid_grant"


def test_wrong_keys_are_invalid_client(simulator: RunningSimulator) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "x"}

    basic = requests.post(f"{simulator.base}{TOKEN_PATH}", data=form, auth=(CLIENT_ID, "wrong"), timeout=10)
    in_form = form | {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    posted = requests.post(f"{simulator.base}{TOKEN_PATH}", data=in_form, timeout=10)

    assert (checked(basic).status_code, basic.json()) == (401, {"error": "invalid_client"})
    assert checked(posted).status_code == 401


def test_a_refresh_rotates_and_the_old_value_dies_when_the_new_one_is_used(
    simulator: RunningSimulator,
) -> None:
    old = simulator.connect()["refresh_token"]

    new = refresh(simulator, old).json()["refresh_token"]
    asked_again = refresh(simulator, old).json()["refresh_token"]
    refresh(simulator, new)
    late = refresh(simulator, old)

    assert new != old
    assert asked_again == new
    assert (late.status_code, late.json()["error"]) == (400, "invalid_grant")


def test_the_old_value_dies_after_the_grace(simulator: RunningSimulator) -> None:
    old = simulator.connect()["refresh_token"]
    refresh(simulator, old)
    simulator.settings(clock_offset_seconds=61)

    assert refresh(simulator, old).status_code == 400


def test_daily_rotation_keeps_the_value_for_a_day(simulator: RunningSimulator) -> None:
    simulator.settings(rotate="daily")
    old = simulator.connect()["refresh_token"]

    same = refresh(simulator, old).json()["refresh_token"]
    simulator.settings(clock_offset_seconds=24 * 3600 + 1)
    new = refresh(simulator, old).json()["refresh_token"]

    assert same == old
    assert new != old


def test_a_refresh_token_lapses_after_its_days_without_use(simulator: RunningSimulator) -> None:
    token = simulator.connect()["refresh_token"]
    simulator.settings(clock_offset_seconds=8726401)

    assert refresh(simulator, token).json()["error"] == "invalid_grant"


def test_the_hard_expiry_is_told_when_asked_for(simulator: RunningSimulator) -> None:
    answer = requests.post(
        f"{simulator.base}{TOKEN_PATH}",
        data={"grant_type": "refresh_token", "refresh_token": simulator.connect()["refresh_token"]},
        auth=(CLIENT_ID, CLIENT_SECRET),
        headers={"x-include-refresh-token-hard-expires-in": "true"},
        timeout=10,
    )

    five_years = 5 * 365 * 24 * 3600
    assert five_years - 60 < checked(answer).json()["x_refresh_token_hard_expires_in"] <= five_years


def test_an_expired_access_token_answers_401_in_lower_case(simulator: RunningSimulator, client: Client) -> None:
    simulator.settings(clock_offset_seconds=3601)

    answer = client.send("GET", "preferences")

    assert answer.status_code == 401
    assert answer.json()["fault"]["error"][0]["code"] == "3200"


def test_a_shorter_life_can_be_set(simulator: RunningSimulator) -> None:
    simulator.settings(access_token_seconds=5)

    assert simulator.connect()["expires_in"] == 5


def test_a_revoked_grant_neither_reads_nor_refreshes(simulator: RunningSimulator) -> None:
    client = Client(simulator)
    token = simulator.connect()["refresh_token"]
    client.access_token = refresh(simulator, token).json()["access_token"]
    newest = refresh(simulator, token).json()["refresh_token"]

    def revoke() -> int:
        path = "/v2/oauth2/tokens/revoke"
        auth = (CLIENT_ID, CLIENT_SECRET)
        answer = requests.post(f"{simulator.base}{path}", json={"token": newest}, auth=auth, timeout=10)
        client.spec.check_response("POST", path, answer.status_code, answer.content)
        return answer.status_code

    assert revoke() == 200
    assert client.send("GET", "preferences").status_code == 401
    assert refresh(simulator, newest).json()["error"] == "invalid_grant"
    assert revoke() == 400


def test_a_token_is_good_for_its_own_company_only(simulator: RunningSimulator, client: Client) -> None:
    client.realm = "9341450000000002"

    answer = client.send("GET", "preferences")

    assert answer.status_code == 403
    assert answer.json()["Fault"]["type"] == "AuthorizationFault"
