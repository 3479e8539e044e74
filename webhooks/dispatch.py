"""Inbound webhooks become wishes for a pull: one for each stream of each integration, however many notices name it."""

from collections.abc import Iterable
from typing import Final

from django.db import transaction
from django.utils import timezone

from integrations import background, runs
from integrations.models import Integration, SyncConfig, SyncLog
from webhooks.models import InboundWebhook

TASK: Final = "webhooks.tasks.work_inbound"
BATCH: Final = 200
Status = InboundWebhook.Status


def work(limit: int = BATCH) -> int:
    """Hand on the oldest waiting notices. Gives how many; 0 also when another process had them."""
    with transaction.atomic():
        notices = list(InboundWebhook.objects.filter(status=Status.RECEIVED).order_by("received_at")[:limit])
        if not notices:
            return 0
        claimed = InboundWebhook.objects.filter(
            pk__in=[notice.pk for notice in notices], status=Status.RECEIVED
        ).update(status=Status.DISPATCHED, worked_at=timezone.now())
        if claimed != len(notices):
            transaction.set_rollback(True)
            return 0
        for config in _concerned(notices):
            runs.request(config, pull=True, push=False, trigger=SyncLog.Trigger.WEBHOOK)
        if len(notices) == limit:
            background.enqueue(TASK)
    return len(notices)


def has_due() -> bool:
    """Whether notices wait that nobody was woken for lately. Saying so counts as the next nudge."""
    waiting = InboundWebhook.objects.filter(background.not_nudged_lately(), status=Status.RECEIVED)
    return waiting.exists() and waiting.update(nudged_at=timezone.now()) > 0


def _concerned(notices: Iterable[InboundWebhook]) -> list[SyncConfig]:
    """The settings of the connected integrations that should read again, parents first."""
    named = {(n.provider, n.environment, n.remote_account_id, n.stream) for n in notices}
    configs = SyncConfig.objects.select_related("integration").filter(
        integration__status=Integration.Status.CONNECTED,
        integration__remote_account_id__in={account for _provider, _environment, account, _stream in named},
        stream__in={stream for *_, stream in named},
        enabled=True,
    )
    return [config for config in configs.order_by("rank") if config.pulls and _address(config) in named]


def _address(config: SyncConfig) -> tuple[str, str, str, str]:
    integration = config.integration
    return integration.provider, integration.environment, integration.remote_account_id, config.stream
