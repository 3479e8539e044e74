"""Pulling 10,000 contacts, against one `bulk_create` pass over the very rows that the pull wrote.

Both are done three times, in turn, and the best of each counts: what else the machine does then matters least.
"""

import time
from typing import Any

from django.db import models

from benchmarks.stage import Stage, tell, work
from dealership.models import Contact, Event
from integrations import runs
from integrations.models import Integration, RecordLink, SyncItem, SyncLog

COUNT = 10_000
ROUNDS = 3


def rate(stage: Stage) -> float:
    integration = stage.connect()
    stage.simulator.seed("Customer", COUNT)
    pulls, passes = [], []
    for _ in range(ROUNDS):
        pulls.append(pull(integration))
        passes.append(_bulk_create(_taken_out(integration)))
        _empty()
        tell(f"pulled {COUNT / pulls[-1]:,.0f} contacts/s, in bulk {COUNT / passes[-1]:,.0f} contacts/s")
    return min(passes) / min(pulls)


def pull(integration: Integration) -> float:
    """A run that reads the customers from the beginning; how long it took."""
    customers = integration.configs.get(stream="customers")
    integration.configs.filter(pk=customers.pk).update(cursor_at=None)
    started = time.perf_counter()
    runs.request(customers, pull=True, push=False, trigger=SyncLog.Trigger.MANUAL)
    work(integration)
    return time.perf_counter() - started


def _taken_out(integration: Integration) -> list[tuple[type[models.Model], list[models.Model]]]:
    """What the pull wrote, as new instances in the same order; the tables are empty afterwards."""
    links = RecordLink.objects.filter(integration=integration, stream="customers").order_by("agreed_at", "created_at")
    created = Event.objects.filter(type="contact.created")
    written: list[tuple[type[models.Model], Any]] = [
        (Contact, Contact.objects.filter(kind="customer").order_by("created_at")),
        (RecordLink, links),
        (Event, created.order_by("occurred_at")),
    ]
    copies = [(model, [_copy(row) for row in rows]) for model, rows in written]
    if {len(rows) for _, rows in copies} != {COUNT}:
        raise RuntimeError("The pull did not write one contact, one link and one event for each customer.")
    _empty()
    return copies


def _copy(row: models.Model) -> models.Model:
    return type(row)(**{field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields})


def _bulk_create(written: list[tuple[type[models.Model], list[models.Model]]]) -> float:
    started = time.perf_counter()
    for model, rows in written:
        model._default_manager.bulk_create(rows)
    return time.perf_counter() - started


def _empty() -> None:
    for model in (SyncItem, RecordLink, Contact, Event):
        model._default_manager.all()._raw_delete(using="default")
