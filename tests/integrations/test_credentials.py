"""Tokens are kept fresh by one process at a time, and a grant is given up only when the provider says so."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import responses
import time_machine
from django.core import mail
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from connectors.errors import ConfigurationError, CredentialError, TransientError
from integrations import credentials
from integrations.connecting import connector_for
from integrations.credentials import IntegrationTokens
from integrations.models import Credential, Integration
from tests.support.connections import connect, credential_of, dealership_of, invented_token
from tests.support.simulator import US_REALM, RunningSimulator, running_simulator

pytestmark = pytest.mark.django_db(transaction=True)
TOKEN_PATH = "/quickbooks/oauth2/v1/tokens/bearer"


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
def integration(simulator: RunningSimulator) -> Integration:
    return connect(*dealership_of(), US_REALM)


def refreshes(simulator: RunningSimulator) -> int:
    return int(simulator.state()["calls"].get("token:refresh_token", 0))


def make_due(integration: Integration, *, minutes_left: int) -> None:
    """As if the tokens were given so long ago."""
    end = timezone.now() + timedelta(minutes=minutes_left)
    Credential.objects.filter(integration=integration).update(
        access_expires_at=end, refreshed_at=end - timedelta(hours=1)
    )


def test_tokens_are_encrypted_and_never_shown(integration: Integration) -> None:
    credential = credential_of(integration)
    token = credential.tokens()["access_token"]

    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM integrations_credential")
        stored = bytes(cursor.fetchone()[0])

    assert token.encode() not in stored
    shown = f"{credential!r} {credential} {IntegrationTokens(integration)!r} {invented_token('canary')!r}"
    assert token not in shown
    assert "canary" not in shown


def test_a_good_token_is_given_without_asking_the_provider(
    simulator: RunningSimulator, integration: Integration
) -> None:
    make_due(integration, minutes_left=16)

    given = IntegrationTokens(integration).access_token()

    assert given == credential_of(integration).tokens()["access_token"]
    assert refreshes(simulator) == 0


def test_a_token_is_refreshed_a_quarter_of_an_hour_ahead(simulator: RunningSimulator, integration: Integration) -> None:
    before = credential_of(integration)
    make_due(integration, minutes_left=14)

    given = IntegrationTokens(integration).access_token()

    after = credential_of(integration)
    assert refreshes(simulator) == 1
    assert given == after.tokens()["access_token"] != before.tokens()["access_token"]
    assert after.tokens()["refresh_token"] != before.tokens()["refresh_token"]
    assert (after.generation, after.lease_token, after.refresh_intent_at) == (before.generation + 1, None, None)


def test_a_refused_token_is_refreshed_once_and_the_call_goes_on(
    simulator: RunningSimulator, integration: Integration
) -> None:
    simulator.faults("expire_tokens", match="companyinfo", times=1)

    account = connector_for(integration).check()

    assert account.id == US_REALM
    assert refreshes(simulator) == 1


def test_a_token_that_another_process_renewed_is_taken_over(
    simulator: RunningSimulator, integration: Integration
) -> None:
    refused = IntegrationTokens(integration).access_token()
    newer = IntegrationTokens(integration).renewed(refused)

    assert IntegrationTokens(integration).renewed(refused) == newer
    assert refreshes(simulator) == 1


@responses.activate
def test_a_refresh_token_that_is_not_answered_is_kept(settings: Settings) -> None:
    settings.SIMULATOR_URL = "http://127.0.0.1:9"
    integration = unconnected_integration()
    credentials.store(integration, invented_token("first"))
    answer = {"access_token": "access-second", "token_type": "bearer", "expires_in": 3600}
    responses.post(f"{settings.SIMULATOR_URL}{TOKEN_PATH}", json=answer)

    IntegrationTokens(integration).renewed("access-first")

    credential = credential_of(integration)
    assert credential.tokens()["refresh_token"] == "refresh-first"
    assert credential.refresh_expires_at is not None


def unconnected_integration() -> Integration:
    _owner, dealership = dealership_of()
    return Integration.objects.create(
        dealership=dealership,
        provider="quickbooks",
        environment="simulator",
        remote_account_id=US_REALM,
        status=Integration.Status.CONNECTED,
    )


def test_a_revoked_grant_needs_a_reconnect_and_is_not_asked_for_again(
    simulator: RunningSimulator, integration: Integration
) -> None:
    tokens = IntegrationTokens(integration)
    token = tokens.access_token()
    simulator.faults("revoke", match="tokens/bearer", times=1)

    for _ in range(2):
        with pytest.raises(CredentialError, match=r"Access has ended\. Reconnect to go on\."):
            tokens.renewed(token)

    integration.refresh_from_db()
    assert integration.status == Integration.Status.NEEDS_RECONNECT
    assert integration.status_reason == "Access has ended. Reconnect to go on."
    assert refreshes(simulator) == 1
    assert len(mail.outbox) == 1


def test_a_passing_trouble_leaves_the_grant_alone_and_cools_down_longer_each_time(
    simulator: RunningSimulator, integration: Integration
) -> None:
    tokens = IntegrationTokens(integration)
    token = tokens.access_token()
    simulator.faults("error_before", match="tokens/bearer")
    waits = []

    for _ in range(3):
        with pytest.raises(TransientError, match="sign-in service is in trouble"):
            tokens.renewed(token)
        credential = credential_of(integration)
        assert credential.cool_until is not None
        waits.append(round((credential.cool_until - timezone.now()).total_seconds(), -1))
        with pytest.raises(TransientError, match="could not be renewed just now"):
            tokens.renewed(token)
        Credential.objects.update(cool_until=timezone.now())

    integration.refresh_from_db()
    assert waits == [30, 60, 120]
    assert integration.status == Integration.Status.CONNECTED
    simulator.clear_faults()
    assert tokens.renewed(token) != token
    assert credential_of(integration).refresh_failures == 0


def test_a_token_that_is_still_good_is_used_while_the_provider_is_in_trouble(
    simulator: RunningSimulator, integration: Integration
) -> None:
    held = credential_of(integration).tokens()["access_token"]
    make_due(integration, minutes_left=5)
    simulator.faults("throttle", match="tokens/bearer", retry_after=90)

    given = [IntegrationTokens(integration).access_token() for _ in range(3)]

    credential = credential_of(integration)
    assert given == [held] * 3
    assert simulator.state()["faults"]["throttle"] == 1
    assert credential.cool_until is not None
    assert 80 < (credential.cool_until - timezone.now()).total_seconds() <= 90
    assert credential.refresh_intent_at is None


def test_a_lost_answer_is_asked_for_again_and_no_grant_is_lost(
    simulator: RunningSimulator, integration: Integration
) -> None:
    tokens = IntegrationTokens(integration)
    simulator.faults("drop_after_commit", match="tokens/bearer", times=1)

    renewed = tokens.renewed(tokens.access_token())

    assert credential_of(integration).tokens()["access_token"] == renewed
    assert refreshes(simulator) == 2
    assert connector_for(integration).check().id == US_REALM


def test_a_grant_that_a_lost_answer_cost_says_so(simulator: RunningSimulator, integration: Integration) -> None:
    tokens = IntegrationTokens(integration)
    simulator.settings(refresh_grace_seconds=0)
    simulator.faults("drop_after_commit", match="tokens/bearer", times=1)

    with pytest.raises(CredentialError, match="was lost on the way"):
        tokens.renewed(tokens.access_token())

    integration.refresh_from_db()
    assert "was lost on the way" in integration.status_reason


def test_a_refresher_that_died_after_its_mark_is_diagnosed_by_the_next(
    simulator: RunningSimulator, integration: Integration
) -> None:
    tokens = IntegrationTokens(integration)
    token = tokens.access_token()
    long_ago = timezone.now() - timedelta(minutes=5)
    Credential.objects.update(refresh_intent_at=long_ago, lease_expires_at=long_ago)
    simulator.faults("revoke", match="tokens/bearer", times=1)

    with pytest.raises(CredentialError, match="was lost on the way"):
        tokens.renewed(token)


@responses.activate
def test_tokens_of_a_new_consent_win_over_a_refresh_that_is_under_way(settings: Settings) -> None:
    settings.SIMULATOR_URL = "http://127.0.0.1:9"
    integration = unconnected_integration()
    credentials.store(integration, invented_token("first"))

    def reconnected_meanwhile(_request: object) -> tuple[int, dict[str, str], str]:
        credentials.store(integration, invented_token("of-the-new-consent"))
        return 400, {}, '{"error": "invalid_grant"}'

    responses.add_callback(
        responses.POST,
        f"{settings.SIMULATOR_URL}{TOKEN_PATH}",
        callback=reconnected_meanwhile,
        content_type="application/json",
    )

    assert IntegrationTokens(integration).renewed("access-first") == "access-of-the-new-consent"
    integration.refresh_from_db()
    assert integration.status == Integration.Status.CONNECTED


def test_tokens_that_cannot_be_decrypted_are_the_operators_business(
    integration: Integration, settings: Settings
) -> None:
    settings.CREDENTIAL_KEYS = {"other": "11" * 32}

    with pytest.raises(ConfigurationError, match="CREDENTIAL_KEYS"):
        IntegrationTokens(integration).access_token()

    credentials.store(integration, invented_token("fresh"))
    assert IntegrationTokens(integration).access_token() == "access-fresh"


def test_tokens_copied_from_another_integration_are_refused(integration: Integration) -> None:
    other = Integration.objects.create(
        dealership=integration.dealership, provider="quickbooks", environment="simulator", remote_account_id="2"
    )
    credentials.store(other, invented_token("own"))
    Credential.objects.filter(integration=other).update(secret=credential_of(integration).secret)

    with pytest.raises(ConfigurationError):
        IntegrationTokens(other).access_token()


def test_idle_grants_are_refreshed_a_week_before_they_lapse(
    simulator: RunningSimulator, integration: Integration
) -> None:
    lapses_at = credential_of(integration).refresh_expires_at
    assert lapses_at is not None

    with time_machine.travel(lapses_at - timedelta(days=8)):
        assert credentials.refresh_due(10) == []
        assert credentials.days_left(integration) == 7
    with time_machine.travel(lapses_at - timedelta(days=6)):
        assert credentials.refresh_due(10) == [integration]
        assert credentials.refresh_due(10) == []
        assert credentials.days_left(integration) == 100
    assert refreshes(simulator) == 1


def test_a_short_lived_grant_is_kept_alive_at_half_of_its_life(
    simulator: RunningSimulator, integration: Integration
) -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    Credential.objects.update(refreshed_at=noon, refresh_expires_at=noon + timedelta(days=2))

    with time_machine.travel(noon + timedelta(hours=23)):
        assert credentials.refresh_due(10) == []
    with time_machine.travel(noon + timedelta(hours=25)):
        assert credentials.refresh_due(10) == [integration]


def test_no_secret_reaches_an_error_or_a_log_line(
    simulator: RunningSimulator, integration: Integration, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    secrets = credential_of(integration).tokens()
    make_due(integration, minutes_left=-1)
    simulator.faults("html", match="tokens/bearer", value=200)

    with pytest.raises(Exception, match="not its own") as problem:
        IntegrationTokens(integration).access_token()

    told = "".join(traceback.format_exception(problem.value)) + caplog.text
    assert secrets["access_token"] not in told
    assert secrets["refresh_token"] not in told
