"""A person connects a provider; whatever goes wrong on the way leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from dealership.models import Dealership, Event, Membership, User
from integrations import credentials, lifecycle, oauth_flow
from integrations.models import Credential, Integration, OAuthClient, OAuthState, RecordLink, SyncConfig, SyncLog
from integrations.oauth_flow import FlowError
from tests.support.connections import (
    SESSION,
    answer_consent,
    begin,
    connect,
    credential_of,
    dealership_of,
    invented_token,
    member_of,
)
from tests.support.simulator import CA_REALM, US_REALM, RunningSimulator, running_simulator

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    with running_simulator(tmp_path_factory.mktemp("simulator")) as simulator:
        yield simulator


@pytest.fixture
def simulator(process: RunningSimulator, settings: Settings) -> RunningSimulator:
    process.reset()
    process.clear_faults()
    settings.SIMULATOR_URL = process.url
    return process


@pytest.fixture
def home(simulator: RunningSimulator) -> tuple[User, Dealership]:
    return dealership_of()


def finish(user: User, params: dict[str, str], *, session_key: str = SESSION) -> Integration:
    return oauth_flow.finish(user=user, session_key=session_key, provider="quickbooks", params=params)


def refuse(
    user: User, params: dict[str, str], caplog: pytest.LogCaptureFixture, *, session_key: str = SESSION
) -> FlowError:
    """The refusal of a callback, which must leave no trace but a log line without secrets."""
    before = list(Integration.objects.values().order_by("pk")), Event.objects.count(), SyncLog.objects.count()

    with pytest.raises(FlowError) as refused:
        finish(user, params, session_key=session_key)

    after = list(Integration.objects.values().order_by("pk")), Event.objects.count(), SyncLog.objects.count()
    assert before == after
    assert refused.value.message
    assert refused.value.next_step
    assert f"'reason': '{refused.value.reason}'" in caplog.text
    for name in ("code", "state"):
        assert not params.get(name) or params[name] not in caplog.text + repr(refused.value)
    return refused.value


def test_it_connects_and_asks_for_the_first_runs(home: tuple[User, Dealership]) -> None:
    owner, dealership = home

    integration = connect(owner, dealership, US_REALM)

    assert (integration.status, integration.remote_account_id) == ("connected", US_REALM)
    assert integration.remote_account_name
    assert credential_of(integration).tokens()["refresh_token"]
    streams = {stream.name for stream in integration.connector_class.streams}
    assert set(SyncConfig.objects.values_list("stream", flat=True)) == streams
    assert set(SyncLog.objects.values_list("stream", "status", "trigger")) == {
        (stream, "queued", "manual") for stream in streams
    }
    event = Event.objects.get(type="integration.connected")
    assert (event.record_type, event.record_id, event.actor_id) == ("integration", integration.pk, owner.pk)


def test_the_state_is_random_short_lived_and_stored_as_a_hash(home: tuple[User, Dealership]) -> None:
    url = urlsplit(begin(*home))

    query = parse_qs(url.query)
    state = OAuthState.objects.get()
    assert len(query["state"][0]) == 43
    assert query["redirect_uri"] == ["http://127.0.0.1:8000/integrations/quickbooks/callback/"]
    assert query["state"][0] not in str(OAuthState.objects.values().get())
    assert SESSION not in str(OAuthState.objects.values().get())
    assert state.expires_at - state.created_at == timedelta(minutes=10)


def test_a_refused_consent(home: tuple[User, Dealership], caplog: pytest.LogCaptureFixture) -> None:
    params = answer_consent(begin(*home), US_REALM, decision="refuse")

    refused = refuse(home[0], params, caplog)

    assert refused.message == "Access was refused at QuickBooks, so nothing is connected."


def test_a_wrong_state(home: tuple[User, Dealership], caplog: pytest.LogCaptureFixture) -> None:
    params = answer_consent(begin(*home), US_REALM)

    assert refuse(home[0], params | {"state": "wrong"}, caplog).reason == "unknown_state"
    assert refuse(home[0], {"code": params["code"]}, caplog).reason == "unknown_state"


def test_an_old_state(home: tuple[User, Dealership], caplog: pytest.LogCaptureFixture) -> None:
    params = answer_consent(begin(*home), US_REALM)

    with time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=1)):
        refused = refuse(home[0], params, caplog)

    assert refused.reason == "expired_state"


def test_a_callback_works_once(home: tuple[User, Dealership], caplog: pytest.LogCaptureFixture) -> None:
    params = answer_consent(begin(*home), US_REALM)
    finish(home[0], params)

    assert refuse(home[0], params, caplog).reason == "replayed_state"


def test_a_replayed_code(home: tuple[User, Dealership], caplog: pytest.LogCaptureFixture) -> None:
    used = answer_consent(begin(*home), US_REALM)
    finish(home[0], used)
    state = answer_consent(begin(*home), US_REALM)["state"]

    assert refuse(home[0], used | {"state": state}, caplog).reason == "code_refused"


def test_somebody_elses_callback_is_refused_and_the_rightful_one_still_works(
    home: tuple[User, Dealership], caplog: pytest.LogCaptureFixture
) -> None:
    params = answer_consent(begin(*home), US_REALM)
    stranger, _other = dealership_of("owner@other.example", name="Other Autos")
    colleague = member_of(home[1], "admin@rideau.example", Membership.Role.ADMIN)

    assert refuse(stranger, params, caplog).reason == "foreign_state"
    assert refuse(colleague, params, caplog).reason == "foreign_state"
    assert refuse(home[0], params, caplog, session_key="another browser").reason == "foreign_state"
    assert finish(home[0], params).dealership == home[1]


@pytest.mark.parametrize("role", [Membership.Role.STAFF, Membership.Role.VIEWER, None])
def test_rights_lost_on_the_way(
    home: tuple[User, Dealership], caplog: pytest.LogCaptureFixture, role: str | None
) -> None:
    params = answer_consent(begin(*home), US_REALM)
    places = Membership.objects.filter(user=home[0])
    if role:
        places.update(role=role)
    else:
        places.delete()

    assert refuse(home[0], params, caplog).reason == "not_allowed"


def test_no_company_in_the_callback(home: tuple[User, Dealership], caplog: pytest.LogCaptureFixture) -> None:
    params = answer_consent(begin(*home), US_REALM)
    del params["realmId"]

    assert refuse(home[0], params, caplog).reason == "account_missing"


def test_a_company_that_the_person_did_not_choose(
    home: tuple[User, Dealership], simulator: RunningSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    params = answer_consent(begin(*home), US_REALM)

    refuse(home[0], params | {"realmId": CA_REALM}, caplog)

    assert simulator.state()["calls"]["revoke"] == 1


def test_a_company_that_cannot_be_asked_ends_the_new_grant(
    home: tuple[User, Dealership], simulator: RunningSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    params = answer_consent(begin(*home), US_REALM)
    simulator.faults("status", match="companyinfo", value=503)

    refused = refuse(home[0], params, caplog)

    assert refused.reason == "TransientError"
    assert simulator.state()["calls"]["revoke"] == 1
    assert not Credential.objects.exists()


def test_reconnecting_refuses_another_company_and_keeps_everything(
    home: tuple[User, Dealership], caplog: pytest.LogCaptureFixture
) -> None:
    integration = connect(*home, US_REALM)
    generation = credential_of(integration).generation
    params = answer_consent(begin(*home, integration), CA_REALM)

    refused = refuse(home[0], params, caplog)

    assert refused.reason == "other_account"
    assert integration.remote_account_name in refused.message
    assert "Nothing was changed." in refused.message
    assert credential_of(integration).generation == generation


def test_a_grant_in_use_is_not_ended_when_its_company_is_chosen_by_mistake(
    home: tuple[User, Dealership], simulator: RunningSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    integration, other = connect(*home, US_REALM), connect(*home, CA_REALM)
    params = answer_consent(begin(*home, integration), CA_REALM)

    refuse(home[0], params, caplog)

    assert "revoke" not in simulator.state()["calls"]
    assert lifecycle.test(other).account_name == other.remote_account_name


def test_reconnecting_revives_the_integration_with_its_settings_and_links(home: tuple[User, Dealership]) -> None:
    owner, dealership = home
    first = connect(owner, dealership, US_REALM)
    SyncConfig.objects.filter(stream="invoices").update(schedule="daily")
    link = RecordLink.objects.create(
        dealership=dealership, integration=first, stream="invoices", record_type="invoice", local_id=first.pk
    )
    lifecycle.needs_reconnect(first, "Access has ended.")

    params = answer_consent(begin(owner, dealership, first), US_REALM)
    again = finish(owner, params)

    assert again.pk == first.pk
    assert (again.status, again.status_reason) == ("connected", "")
    assert SyncConfig.objects.get(integration=again, stream="invoices").schedule == "daily"
    assert RecordLink.objects.get(integration=again) == link
    assert credential_of(again).generation == 2


def test_two_dealerships_may_connect_one_company(home: tuple[User, Dealership]) -> None:
    stranger, other = dealership_of("owner@other.example", name="Other Autos")

    first, second = connect(*home, US_REALM), connect(stranger, other, US_REALM)

    assert first.pk != second.pk
    assert first.account_key == second.account_key


@pytest.mark.parametrize("role", [Membership.Role.STAFF, Membership.Role.VIEWER])
def test_only_admins_may_start(home: tuple[User, Dealership], role: str) -> None:
    member = member_of(home[1], "member@rideau.example", role)

    with pytest.raises(FlowError, match="may not connect"):
        begin(member, home[1])

    assert not OAuthState.objects.exists()


def test_an_integration_of_another_dealership_cannot_be_reconnected(home: tuple[User, Dealership]) -> None:
    integration = connect(*home, US_REALM)

    with pytest.raises(FlowError):
        begin(*dealership_of("owner@other.example", name="Other Autos"), integration)


def test_the_simulator_is_offered_only_where_it_is_switched_on(
    home: tuple[User, Dealership], settings: Settings
) -> None:
    settings.SIMULATOR_URL = ""

    with pytest.raises(FlowError, match="cannot be connected in this environment"):
        begin(*home)


def test_missing_app_keys_say_where_staff_enters_them(home: tuple[User, Dealership]) -> None:
    with pytest.raises(FlowError, match="admin, under Integrations, OAuth clients"):
        oauth_flow.start(
            user=home[0], dealership=home[1], provider="quickbooks", environment="production", session_key=SESSION
        )


def test_wrong_app_keys_are_named(home: tuple[User, Dealership], caplog: pytest.LogCaptureFixture) -> None:
    params = answer_consent(begin(*home), US_REALM)
    OAuthClient.objects.update(client_secret="canary")

    refused = refuse(home[0], params, caplog)

    assert refused.message == "The app id or secret is wrong. Check the OAuth client's keys."
    assert "canary" not in caplog.text


def test_a_credential_of_a_new_consent_replaces_the_whole_old_one(home: tuple[User, Dealership]) -> None:
    integration = connect(*home, US_REALM)

    credentials.store(integration, invented_token("new", refresh_expires_in_seconds=86_400))

    credential = credential_of(integration)
    assert credential.hard_expires_at is None
    assert credentials.days_left(integration) == 0
