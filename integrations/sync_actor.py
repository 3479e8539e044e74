"""Who a sync's changes are signed by in the records' life stories."""

from dealership.events import Actor
from integrations.models import SyncLog


def actor_of(run: SyncLog) -> Actor:
    return Actor.integration(run.integration_id, str(run.integration)).in_run(run.pk)
