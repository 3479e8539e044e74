"""Doors for background work: each looks up, calls one function, and returns nothing."""

import time
import uuid

from dealership import events, importing
from integrations import background, engine
from integrations import reconcile as proof
from integrations.models import Integration
from integrations.timings import TIMINGS


def work_integration(integration_id: str) -> None:
    engine.work_integration(uuid.UUID(integration_id), deadline=time.monotonic() + TIMINGS.slice_seconds)


def dispatch_events() -> None:
    while events.dispatch():
        pass


def work_imports() -> None:
    importing.work_queued()


def reconcile(reconciliation_id: str) -> None:
    proof.work(uuid.UUID(reconciliation_id), deadline=time.monotonic() + TIMINGS.slice_seconds)


def reconcile_all() -> None:
    """Ask for the nightly proof of every connected integration; the ticker wakes a worker for each."""
    for integration in Integration.objects.filter(status=Integration.Status.CONNECTED):
        proof.request(integration, requested_by="schedule")


def sweep() -> None:
    background.sweep()
