"""The streams of an integration and how each is kept in step."""

from connectors.streams import Stream
from integrations.models import Integration, SyncConfig


def ensure(integration: Integration) -> None:
    """A setting for each stream the connector declares; what a person has set stays."""
    known = set(integration.configs.values_list("stream", flat=True))
    SyncConfig.objects.bulk_create(
        SyncConfig(
            dealership_id=integration.dealership_id,
            integration=integration,
            stream=stream.name,
            rank=stream.rank,
            direction=SyncConfig.Direction.BOTH if stream.push else SyncConfig.Direction.PULL,
        )
        for stream in integration.connector_class.streams
        if stream.name not in known
    )


def allowed_directions(stream: Stream) -> list[str]:
    """What a person may choose: a stream that cannot be written is only pulled."""
    return list(SyncConfig.Direction.values) if stream.push else [SyncConfig.Direction.PULL.value]
