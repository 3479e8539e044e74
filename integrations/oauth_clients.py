"""The operator's app at each provider, and the addresses where it is known."""

from django.conf import settings
from django.utils.translation import gettext as _

from connectors import registry
from connectors.auth import ClientKeys
from connectors.auth import Environment as Addresses
from connectors.base import Connector
from connectors.errors import ConfigurationError
from integrations.models import OAuthClient
from integrations.models.integration import Environment


def keys_for(provider: str, environment: str) -> ClientKeys:
    """The app's id and secret; the simulator's are made on demand.

    Raises ConfigurationError with where staff enters them.
    """
    client = OAuthClient.objects.filter(provider=provider, environment=environment).first()
    if client is None and environment == Environment.SIMULATOR:
        client = _simulator_client(registry.get(provider))
    if client is None:
        raise ConfigurationError(
            _(
                "Lotbridge has no app keys for %(provider)s (%(environment)s) yet. "
                "Staff enters them in the admin, under Integrations, OAuth clients."
            )
            % {"provider": registry.get(provider).label, "environment": Environment(environment).label}
        )
    return ClientKeys(client_id=client.client_id, client_secret=client.client_secret)


def addresses_for(provider: str, environment: str) -> Addresses:
    """Where the provider answers. Raises ConfigurationError when the simulator is switched off."""
    if environment == Environment.SIMULATOR and not settings.SIMULATOR_URL:
        raise ConfigurationError(_("The simulator is switched off on this hub: SIMULATOR_URL is empty."))
    return registry.get(provider).environment(environment, settings.SIMULATOR_URL)


def offered(connector_class: type[Connector]) -> list[str]:
    """The environments that a dealership of this hub may choose."""
    simulator = [Environment.SIMULATOR.value] if settings.SIMULATOR_URL else []
    return [*connector_class.environments, *simulator]


def _simulator_client(connector_class: type[Connector]) -> OAuthClient:
    client_id, client_secret = connector_class.simulator_client
    client, _created = OAuthClient.objects.get_or_create(
        provider=connector_class.slug,
        environment=Environment.SIMULATOR,
        defaults={
            "client_id": client_id,
            "client_secret": client_secret,
            "webhook_secret": connector_class.simulator_webhook_secret,
        },
    )
    return client
