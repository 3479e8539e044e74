"""The way to the provider and back, as the browser sees it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from dealership.access import SESSION_KEY
from integrations import oauth_flow
from integrations.models import Integration, OAuthClient, OAuthState
from tests.dealership import page_cases as dealership_cases
from tests.integrations import page_cases
from tests.integrations.page_cases import TOKEN, World
from tests.support.connections import answer_consent
from tests.support.simulator import CA_REALM, US_REALM, RunningSimulator, running_simulator

pytestmark = pytest.mark.django_db

CONNECT = "/integrations/connect/quickbooks/"
CALLBACK = "/integrations/quickbooks/callback/"


@pytest.fixture
def world() -> World:
    return page_cases.world()


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    with running_simulator(Path(tmp_path_factory.mktemp("simulator"))) as running:
        yield running


@pytest.fixture
def at_simulator(simulator: RunningSimulator, settings: Settings) -> RunningSimulator:
    simulator.reset()
    simulator.clear_faults()
    settings.SIMULATOR_URL = simulator.url
    return simulator


def go(client: Client, url: str = CONNECT, **posted: str) -> Any:
    return client.post(url, posted or {"environment": "simulator"})


def come_back(client: Client, params: dict[str, str]) -> Any:
    return client.get(f"{CALLBACK}?{urlencode(params)}")


def test_the_page_says_what_is_read_and_written_before_anybody_signs_in(world: World) -> None:
    response = world.client("admin").get(CONNECT)

    writes = {row["label"]: row["writes"] for row in response.context["rows"]}
    assert writes["Invoices"] == "Create, correct and void"
    assert writes["Customers"] == "Create and correct"
    assert writes["Accounts"] == "Never"
    assert OAuthState.objects.count() == 0


@pytest.mark.parametrize("role", ["viewer", "staff"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_only_admins_and_owners_connect(world: World, role: str, method: str) -> None:
    response = getattr(world.client(role), method)(CONNECT, {"environment": "simulator"})

    assert response.status_code == 403
    assert OAuthState.objects.count() == 0


def test_without_a_sign_in_one_is_sent_to_the_door() -> None:
    assert Client().get(CONNECT)["Location"].startswith(reverse("account_login"))


def test_an_unknown_provider_is_not_found(world: World) -> None:
    assert world.client("owner").get("/integrations/connect/abacus/").status_code == 404


def test_an_environment_without_app_keys_is_explained_and_refused(world: World) -> None:
    client = world.client("owner")

    shown = client.get(CONNECT).content.decode()
    response = go(client, environment="production")

    assert "Not ready: ask the operator to enter the app keys." in shown
    assert response.status_code == 200
    assert response.context["form"].errors
    assert OAuthState.objects.count() == 0


def test_an_environment_with_app_keys_is_offered(world: World) -> None:
    page_cases.app_keys("production")

    response = world.client("owner").get(CONNECT)

    ready = {place.value: place.is_ready for place in response.context["form"].places}
    assert ready == {"production": True, "sandbox": False, "simulator": True}
    assert TOKEN not in response.content.decode()


def test_without_simulator_and_keys_nobody_can_go_on(world: World, settings: Settings) -> None:
    settings.SIMULATOR_URL = ""

    content = world.client("owner").get(CONNECT).content.decode()

    assert "This hub cannot reach QuickBooks yet." in content
    assert "Sign in at QuickBooks" not in content


def test_posting_answers_a_page_with_a_plain_link_to_the_provider(world: World) -> None:
    response = go(world.client("owner"))

    url = response.context["url"]
    assert response.status_code == 200
    assert url.startswith("http://127.0.0.1:8899/quickbooks/connect/oauth2?")
    assert f'href="{url.replace("&", "&amp;")}"' in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert OAuthState.objects.count() == 1


def test_a_person_connects_and_lands_on_the_integration(at_simulator: RunningSimulator) -> None:
    place = dealership_cases.dealership()
    client = dealership_cases.signed_in(dealership_cases.member(place, "owner"))
    params = answer_consent(go(client).context["url"], US_REALM)

    response = come_back(client, params)

    connected = Integration.objects.get()
    assert response["Location"] == connected.get_absolute_url()
    assert connected.status == Integration.Status.CONNECTED
    page = client.get(response["Location"]).content.decode()
    assert "The first sync has begun." in page
    assert params["code"] not in page


def test_a_used_permission_is_refused_without_showing_it(at_simulator: RunningSimulator) -> None:
    place = dealership_cases.dealership()
    client = dealership_cases.signed_in(dealership_cases.member(place, "owner"))
    params = answer_consent(go(client).context["url"], US_REALM)
    come_back(client, params)

    response = come_back(client, params)

    content = response.content.decode()
    assert response.status_code == 400
    assert "This answer was used before." in content
    assert params["code"] not in content
    assert params["state"] not in content
    assert response["Referrer-Policy"] == "no-referrer"
    assert Integration.objects.count() == 1


def test_a_refused_consent_is_explained_and_leaves_nothing(at_simulator: RunningSimulator) -> None:
    place = dealership_cases.dealership()
    client = dealership_cases.signed_in(dealership_cases.member(place, "owner"))
    params = answer_consent(go(client).context["url"], US_REALM, decision="refuse")

    response = come_back(client, params)

    assert response.status_code == 400
    assert "Access was refused at QuickBooks" in response.content.decode()
    assert Integration.objects.count() == 0


def test_a_callback_that_nobody_started_is_refused(world: World) -> None:
    before = page_cases.traces(world)

    response = come_back(world.client("owner"), {"state": "forged-state", "code": "forged-code", "realmId": "1"})

    content = response.content.decode()
    assert response.status_code == 400
    assert "This answer belongs to no connection that was started here." in content
    assert "forged" not in content
    assert page_cases.traces(world) == before


def test_somebody_elses_callback_is_refused(at_simulator: RunningSimulator) -> None:
    place = dealership_cases.dealership()
    owner = dealership_cases.signed_in(dealership_cases.member(place, "owner"))
    params = answer_consent(go(owner).context["url"], US_REALM)

    response = come_back(page_cases.client_of_stranger(), params)

    assert response.status_code == 400
    assert "started by somebody else" in response.content.decode()
    assert Integration.objects.count() == 0


def test_a_session_that_ended_on_the_way_keeps_the_permission_out_of_the_sign_in_page(world: World) -> None:
    response = come_back(Client(), {"state": "secret-state", "code": "secret-code", "realmId": "1"})

    content = response.content.decode()
    assert response.status_code == 400
    assert "Your browser session has ended." in content
    assert "secret" not in content


def test_the_person_lands_in_the_dealership_that_was_connected(at_simulator: RunningSimulator) -> None:
    first, second = dealership_cases.dealership("Alpha"), dealership_cases.dealership("Beta")
    user = dealership_cases.member(first, "owner")
    second.memberships.create(user=user, role="owner")
    client = dealership_cases.signed_in(user)
    params = answer_consent(go(client).context["url"], US_REALM)
    client.post(reverse("dealership:switch"), {"dealership": str(second.pk)})

    come_back(client, params)

    assert client.session[SESSION_KEY] == str(first.pk)


def test_reconnecting_refuses_another_company_and_keeps_everything(at_simulator: RunningSimulator) -> None:
    place = dealership_cases.dealership()
    ended = page_cases.integration(place, remote_account_id=US_REALM, status=Integration.Status.NEEDS_RECONNECT)
    client = dealership_cases.signed_in(dealership_cases.member(place, "owner"))
    url = reverse("integrations:reconnect", args=[ended.pk])

    other = come_back(client, answer_consent(go(client, url).context["url"], CA_REALM))
    ended.refresh_from_db()
    status_after_refusal = ended.status
    same = come_back(client, answer_consent(go(client, url).context["url"], US_REALM))

    ended.refresh_from_db()
    assert other.status_code == 400
    assert "belongs to Rideau Auto Inc." in other.content.decode()
    assert status_after_refusal == Integration.Status.NEEDS_RECONNECT
    assert same["Location"] == ended.get_absolute_url()
    assert ended.status == Integration.Status.CONNECTED
    assert Integration.objects.count() == 1


def test_testing_a_connection_says_how_it_went(at_simulator: RunningSimulator, settings: Settings) -> None:
    place = dealership_cases.dealership()
    client = dealership_cases.signed_in(dealership_cases.member(place, "owner"))
    come_back(client, answer_consent(go(client).context["url"], US_REALM))
    url = reverse("integrations:test", args=[Integration.objects.get().pk])

    well = client.post(url, follow=True).content.decode()
    settings.SIMULATOR_URL = "http://127.0.0.1:9"
    badly = client.post(url, follow=True).content.decode()

    assert "QuickBooks answered in" in well
    assert "The test of QuickBooks failed." in badly


def test_a_start_that_fails_is_explained(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    OAuthClient.objects.all().delete()

    def refuse(**_facts: Any) -> str:
        raise oauth_flow.FlowError("It is closed today.", "Come back tomorrow.", reason="closed")

    monkeypatch.setattr(oauth_flow, "start", refuse)

    response = go(world.client("owner"))

    assert response.status_code == 400
    assert "It is closed today." in response.content.decode()
    assert "Come back tomorrow." in response.content.decode()
