"""What the ticker looks for: due runs and reconciliations that nobody was woken for."""

from datetime import timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from dealership.models import ImportFile
from integrations import background, runs
from integrations.models import Reconciliation, SyncLog


def nudge_runs() -> None:
    """Wake a worker for each integration with a due run, unless one is running or was just woken for it."""
    busy = SyncLog.objects.filter(integration=OuterRef("integration"), status=SyncLog.Status.RUNNING)
    waiting = runs.due().filter(background.not_nudged_lately()).filter(~Exists(busy))
    for integration_id in set(waiting.values_list("integration", flat=True)):
        if waiting.filter(integration=integration_id).update(nudged_at=timezone.now()):
            background.enqueue(runs.WORK_TASK, integration_id)
    _reap_expired()


def _reap_expired() -> None:
    now = timezone.now()
    if SyncLog.objects.filter(status=SyncLog.Status.RUNNING, lease_expires_at__lt=now).exists():
        runs.reap()


def nudge_reconciliations() -> None:
    now = timezone.now()
    waiting = Reconciliation.objects.filter(
        Q(not_before=None) | Q(not_before__lte=now), status=Reconciliation.Status.QUEUED
    ).filter(background.not_nudged_lately())
    for pk in list(waiting.values_list("pk", flat=True)):
        if waiting.filter(pk=pk).update(nudged_at=now):
            background.enqueue("integrations.tasks.reconcile", pk)


def reap_reconciliations() -> int:
    """Reconciliations whose worker died start over."""
    now = timezone.now()
    return Reconciliation.objects.filter(
        status=Reconciliation.Status.RUNNING, lease_expires_at__lt=now - timedelta(seconds=1)
    ).update(status=Reconciliation.Status.QUEUED, lease_token=None, nudged_at=None)


def has_queued_imports() -> bool:
    return ImportFile.objects.due(timezone.now()).exists()
