"""Each transition of an integration happens once, tells it, and keeps what must be kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core import mail
from django.db import transaction
from pytest_django import Settings

from connectors.errors import CredentialError, TransientError
from dealership.events import Actor
from dealership.models import Dealership, Event, Membership, User
from integrations import lifecycle
from integrations.models import Integration, RecordLink, SyncConfig, SyncLog
from tests.support.connections import connect, credential_of, dealership_of, member_of
from tests.support.simulator import US_REALM, RunningSimulator, running_simulator

pytestmark = pytest.mark.django_db(transaction=True)


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


@pytest.fixture
def integration(home: tuple[User, Dealership]) -> Integration:
    return connect(*home, US_REALM)


def events(kind: str) -> int:
    return Event.objects.filter(type=f"integration.{kind}").count()


def test_a_test_says_whose_account_it_is_and_how_long_it_took(integration: Integration) -> None:
    result = lifecycle.test(integration)

    integration.refresh_from_db()
    assert result.account_name == integration.remote_account_name
    assert 0 < result.milliseconds < 30_000
    assert integration.tested_at is not None


def test_a_test_of_a_revoked_grant_needs_a_reconnect(simulator: RunningSimulator, integration: Integration) -> None:
    simulator.faults("revoke", match="companyinfo", times=1)

    with pytest.raises(CredentialError):
        lifecycle.test(integration)

    assert Integration.objects.get().status == "needs_reconnect"


def test_a_test_while_the_provider_is_down_changes_nothing(
    simulator: RunningSimulator, integration: Integration
) -> None:
    simulator.faults("error_before", match="companyinfo")

    with pytest.raises(TransientError):
        lifecycle.test(integration)

    assert Integration.objects.get().status == "connected"


def test_owners_and_admins_are_mailed_once_when_it_needs_them(
    home: tuple[User, Dealership], integration: Integration
) -> None:
    member_of(home[1], "admin@rideau.example", Membership.Role.ADMIN)
    member_of(home[1], "staff@rideau.example", Membership.Role.STAFF)
    dealership_of("owner@other.example", name="Other Autos")
    another_view_of_it = Integration.objects.get()

    moved = [
        lifecycle.needs_reconnect(row, "Access has ended. Reconnect to go on.")
        for row in (integration, another_view_of_it)
    ]

    assert moved == [True, False]
    assert events("needs_reconnect") == 1
    assert [message.to for message in mail.outbox] == [["owner@rideau.example"], ["admin@rideau.example"]]
    assert mail.outbox[0].subject == "QuickBooks needs to be reconnected for Rideau Auto"
    assert f"http://127.0.0.1:8000{integration.get_absolute_url()}" in mail.outbox[0].body
    assert "Access has ended. Reconnect to go on." in mail.outbox[0].body


def test_a_name_with_a_quote_is_mailed_as_it_is(integration: Integration) -> None:
    integration.remote_account_name = "O'Neil & Sons"

    lifecycle.needs_reconnect(integration, "")

    assert "O'Neil & Sons at QuickBooks" in mail.outbox[0].body


def test_a_mail_server_that_is_down_stops_nothing(
    integration: Integration, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9

    assert lifecycle.needs_reconnect(integration, "Access has ended.")

    assert Integration.objects.get().status == "needs_reconnect"
    assert "mail not sent" in caplog.text


def test_nothing_is_mailed_when_the_transition_is_rolled_back(integration: Integration) -> None:
    with transaction.atomic():
        lifecycle.needs_reconnect(integration, "Access has ended.")
        transaction.set_rollback(True)

    assert Integration.objects.get().status == "connected"
    assert mail.outbox == []


def test_it_is_paused_and_resumed_once(home: tuple[User, Dealership], integration: Integration) -> None:
    actor = Actor.user(home[0])

    assert [lifecycle.pause(integration, actor) for _ in range(2)] == [True, False]
    assert Integration.objects.get().status == "paused"
    assert [lifecycle.resume(integration, actor) for _ in range(2)] == [True, False]

    assert Integration.objects.get().status == "connected"
    assert (events("paused"), events("resumed")) == (1, 1)


def test_disconnecting_ends_access_there_and_here_and_keeps_settings_and_links(
    home: tuple[User, Dealership], integration: Integration, simulator: RunningSimulator
) -> None:
    RecordLink.objects.create(
        dealership=home[1], integration=integration, stream="invoices", record_type="invoice", local_id=integration.pk
    )
    settings_before = SyncConfig.objects.count()
    access_token = credential_of(integration).tokens()["access_token"]

    left_to_do = [lifecycle.disconnect(integration, Actor.user(home[0])) for _ in range(2)]

    assert left_to_do == [None, None]
    assert simulator.state()["calls"]["revoke"] == 1
    company = f"{simulator.base}/v3/company/{US_REALM}/companyinfo/{US_REALM}"
    answer = simulator.session.get(company, headers={"Authorization": f"Bearer {access_token}"}, timeout=30)
    assert answer.status_code == 401
    credential = credential_of(integration)
    assert (credential.tokens(), credential.refresh_expires_at) == ({}, None)
    assert Integration.objects.get().status == "disconnected"
    assert set(SyncLog.objects.values_list("status", flat=True)) == {"cancelled"}
    assert (RecordLink.objects.count(), SyncConfig.objects.count()) == (1, settings_before)
    assert events("disconnected") == 1
    with pytest.raises(CredentialError, match="not connected"):
        lifecycle.test(integration)
    assert Integration.objects.get().status == "disconnected"


def test_disconnecting_says_what_is_left_to_do_when_the_provider_does_not_answer(
    home: tuple[User, Dealership], integration: Integration, simulator: RunningSimulator
) -> None:
    simulator.faults("drop", match="revoke")

    left_to_do = lifecycle.disconnect(integration, Actor.user(home[0]))

    assert left_to_do is not None
    assert "remove Lotbridge from its connected apps" in left_to_do
    assert credential_of(integration).secret is None


def test_disconnecting_works_when_the_tokens_cannot_be_read(
    home: tuple[User, Dealership], integration: Integration, settings: Settings
) -> None:
    settings.CREDENTIAL_KEYS = {"other": "11" * 32}

    assert lifecycle.disconnect(integration, Actor.user(home[0])) is not None

    assert credential_of(integration).secret is None
