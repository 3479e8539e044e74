"""Background work: enqueue a nudge, find what no nudge came for, show a sign of life.

Rows are the truth. A task only wakes a worker; losing one loses nothing, because `tick` (twice a second, in the
worker's supervisor) and `sweep` (each minute) look at the rows.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.tasks import async_task

from integrations.timings import TIMINGS

logger = logging.getLogger(__name__)

WORKER = "worker"
# A nudge that was not followed within this time is given again.
RENUDGE_SECONDS = 5

Source = tuple[Callable[[], bool], str]
_sources: list[Source] = []


def enqueue(task: str, *ids: Any) -> None:
    """Wake a worker. With the ORM broker this is part of the transaction, with any other it waits for the commit.

    Ids only: arguments are pickled into the queue and shown in the admin.
    """
    arguments = [str(i) for i in ids]
    if settings.Q_CLUSTER.get("orm"):
        async_task(task, *arguments)
    else:
        transaction.on_commit(lambda: async_task(task, *arguments))


def register_source(has_due: Callable[[], bool], task: str) -> None:
    """Something else that may be due: `task` takes no arguments and works off a batch of it."""
    if (has_due, task) not in _sources:
        _sources.append((has_due, task))


def tick() -> None:
    """Enqueue whatever is due. Called twice a second by the worker's supervisor."""
    from integrations import due_work

    due_work.nudge_runs()
    due_work.nudge_reconciliations()
    if get_broker().queue_size() > 0:
        return  # the workers are behind: more nudges would only queue up
    for has_due, task in _sources:
        if has_due():
            enqueue(task)


def sweep() -> None:
    """The second net, each minute and at start: schedules, dead workers' leases, idle grants."""
    from dealership import importing
    from integrations import due_work, runs
    from integrations.credentials import refresh_due

    for act in (runs.reap, due_work.reap_reconciliations, runs.queue_due_configs, refresh_due, importing.purge):
        try:
            act()
        except Exception:
            logger.exception("sweep: %s failed", act.__name__)


def beat() -> None:
    """Say that the worker is alive."""
    from integrations.models import Heartbeat

    Heartbeat.objects.update_or_create(name=WORKER, defaults={"beat_at": timezone.now()})


def is_running() -> bool:
    """Whether a worker has shown a sign of life lately."""
    from integrations.models import Heartbeat

    fresh = timezone.now() - timedelta(seconds=TIMINGS.heartbeat_stale_seconds)
    return Heartbeat.objects.filter(name=WORKER, beat_at__gte=fresh).exists()


def not_nudged_lately() -> Q:
    return Q(nudged_at=None) | Q(nudged_at__lt=timezone.now() - timedelta(seconds=RENUDGE_SECONDS))
