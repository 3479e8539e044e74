"""A connector is built from what is stored, and its memory is given back."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from connectors.errors import ConfigurationError
from integrations import oauth_clients
from integrations.connecting import connector_for, save_memory
from integrations.models import Integration, OAuthClient
from tests.support.connections import dealership_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def integration() -> Integration:
    _owner, dealership = dealership_of()
    return Integration.objects.create(
        dealership=dealership,
        provider="quickbooks",
        environment="simulator",
        remote_account_id="310687",
        memory={"currency": "CAD"},
    )


def test_a_connector_works_on_a_copy_of_the_memory(integration: Integration) -> None:
    connector = connector_for(integration)

    connector.memory["country"] = "CA"

    assert connector.remote_account_id == "310687"
    assert integration.memory == {"currency": "CAD"}


def test_what_it_learnt_is_stored_and_nothing_else(integration: Integration) -> None:
    connector = connector_for(integration)
    connector.memory["country"] = "CA"
    Integration.objects.update(status="paused")

    save_memory(integration, connector)

    stored = Integration.objects.get()
    assert stored.memory == integration.memory == {"currency": "CAD", "country": "CA"}
    assert stored.status == "paused"


def test_memory_that_another_process_stored_meanwhile_stays(integration: Integration) -> None:
    connector = connector_for(integration)
    connector.memory["country"] = "CA"
    Integration.objects.update(memory={"currency": "USD"})

    save_memory(integration, connector)

    assert Integration.objects.get().memory == {"currency": "USD"}


def test_a_simulator_that_is_switched_off_is_said_so(integration: Integration, settings: Settings) -> None:
    settings.SIMULATOR_URL = ""

    with pytest.raises(ConfigurationError, match="SIMULATOR_URL"):
        connector_for(integration)


def test_the_simulators_app_keys_are_made_once_and_hidden() -> None:
    keys = [oauth_clients.keys_for("quickbooks", "simulator") for _ in range(2)]

    client = OAuthClient.objects.get()
    assert keys[0] == keys[1]
    assert (client.client_id, client.webhook_secret) == (keys[0].client_id, "simulator-verifier-token")
    assert keys[0].client_secret not in f"{keys[0]!r} {client!r}"
