"""Builds the connector of an integration: its client, tokens, rate budget and memory."""

import copy
from collections.abc import Callable

from django.conf import settings

from connectors.base import Connector
from connectors.http import Budget, TokenSource, Unlimited
from integrations import oauth_clients
from integrations.credentials import IntegrationTokens
from integrations.limits import DatabaseBudget
from integrations.models import Integration


def connector_for(integration: Integration, *, before_call: Callable[[], None] | None = None) -> Connector:
    """The way to the provider with the stored tokens; `before_call` runs before each request.

    Raises ConfigurationError when the integration's environment is switched off.
    """
    return connector_with(IntegrationTokens(integration), integration, before_call=before_call)


def connector_with(
    tokens: TokenSource, integration: Integration, *, before_call: Callable[[], None] | None = None
) -> Connector:
    """The same with given tokens; the integration may be one that is not stored yet."""
    connector_class = integration.connector_class
    client = connector_class.api_client(
        oauth_clients.addresses_for(integration.provider, integration.environment),
        tokens=tokens,
        budget=_budget(integration),
        before_call=before_call,
    )
    return connector_class(client, integration.remote_account_id, copy.deepcopy(integration.memory))


def _budget(integration: Integration) -> Budget:
    if integration.in_simulator and not settings.SIMULATOR_LIMITS:
        return Unlimited()
    return DatabaseBudget(integration.account_key, integration.connector_class.limits)


def save_memory(integration: Integration, connector: Connector) -> None:
    """Keep what the connector learnt. When another process wrote meanwhile, its memory stays."""
    if connector.memory == integration.memory:
        return
    Integration.objects.filter(pk=integration.pk, memory=integration.memory).update(memory=connector.memory)
    integration.memory = copy.deepcopy(connector.memory)
