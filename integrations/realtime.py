"""Reads the dealership's events and asks for the pushes that follow from them."""

import uuid
from collections import defaultdict
from collections.abc import Sequence

from dealership.models import Event
from integrations import runs
from integrations.canon import MODELS
from integrations.models import Integration, SyncConfig, SyncLog


def on_events(events: Sequence[Event]) -> None:
    """Ask for a push of every realtime stream that one of the changed records belongs to.

    An integration is not woken by what it brought in itself; what a pull merged is pushed by the pull's own run.
    """
    changed: dict[tuple[uuid.UUID, str], dict[uuid.UUID, set[uuid.UUID | None]]] = defaultdict(lambda: defaultdict(set))
    for event in events:
        if event.record_type in MODELS and event.record_id:
            source = event.actor_id if event.actor_kind == Event.Actor.INTEGRATION else None
            changed[event.dealership_id, event.record_type][event.record_id].add(source)
    for (dealership_id, record_type), records in changed.items():
        for config in _realtime_configs(dealership_id):
            stream = config.integration.connector_class.stream(config.stream)
            ids = [pk for pk, sources in records.items() if sources - {config.integration_id}]
            if stream.maps_to != record_type or not ids:
                continue
            if MODELS[record_type].objects.for_dealership(dealership_id).filter(pk__in=ids, **stream.where).exists():
                runs.request(config, pull=False, push=True, trigger=SyncLog.Trigger.REALTIME)


def _realtime_configs(dealership_id: uuid.UUID) -> Sequence[SyncConfig]:
    return list(
        SyncConfig.objects.for_dealership(dealership_id)
        .filter(
            enabled=True,
            schedule=SyncConfig.Schedule.REALTIME,
            direction__in=[SyncConfig.Direction.BOTH, SyncConfig.Direction.PUSH],
            integration__status=Integration.Status.CONNECTED,
        )
        .select_related("integration")
        .order_by("rank")
    )
