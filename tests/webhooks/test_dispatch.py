"""From stored notices to wishes for a pull."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from django_q.models import OrmQ

from integrations import background
from integrations.models import Integration, OAuthClient, SyncConfig, SyncLog
from webhooks import dispatch
from webhooks.models import InboundWebhook

Status = InboundWebhook.Status
Connect = Callable[..., Integration]
Send = Callable[..., Any]


@pytest.fixture(autouse=True)
def _keys(oauth_client: OAuthClient) -> None:
    return None


def notify(send: Send, *named: tuple[str, str], realm: str = "310687") -> None:
    events = [
        {
            "specversion": "1.0",
            "id": f"{realm}-{entity}-{remote_id}-{timezone.now().timestamp()}",
            "type": f"qbo.{entity}.updated.v1",
            "time": "2026-03-01T10:15:30Z",
            "intuitentityid": remote_id,
            "intuitaccountid": realm,
        }
        for entity, remote_id in named
    ]
    assert send(json.dumps(events).encode()).status_code == 200


def runs() -> list[tuple[str, str, bool, bool]]:
    return list(SyncLog.objects.order_by("rank").values_list("stream", "trigger", "pulls", "pushes"))


def test_many_notices_of_a_stream_become_one_pull(connect: Connect, send: Send) -> None:
    connect()
    notify(send, ("invoice", "1"), ("invoice", "2"), ("customer", "7"))

    assert dispatch.work() == 3

    assert runs() == [("customers", "webhook", True, False), ("invoices", "webhook", True, False)]
    assert set(InboundWebhook.objects.values_list("status", flat=True)) == {Status.DISPATCHED}
    assert InboundWebhook.objects.filter(worked_at=None).count() == 0


def test_working_again_does_nothing(connect: Connect, send: Send) -> None:
    connect()
    notify(send, ("invoice", "1"))

    assert [dispatch.work(), dispatch.work()] == [1, 0]

    assert len(runs()) == 1


def test_every_integration_of_the_account_is_told(connect: Connect, send: Send) -> None:
    one, two = connect(), connect()
    elsewhere = connect(environment="sandbox")
    notify(send, ("invoice", "1"))

    dispatch.work()

    asked = set(SyncLog.objects.values_list("integration", flat=True))
    assert asked == {one.pk, two.pk}
    assert elsewhere.pk not in asked
    assert InboundWebhook.objects.get().integration is None


def test_a_stream_that_is_off_or_only_sent_is_left_alone(connect: Connect, send: Send) -> None:
    integration = connect()
    SyncConfig.objects.filter(stream="invoices").update(direction=SyncConfig.Direction.PUSH)
    SyncConfig.objects.filter(stream="customers").update(enabled=False)
    notify(send, ("invoice", "1"), ("customer", "1"))

    assert dispatch.work() == 2

    assert runs() == []
    assert integration.configs.filter(pull_wanted=True).count() == 0


def test_a_paused_integration_is_left_alone(connect: Connect, send: Send) -> None:
    connect(status=Integration.Status.PAUSED)
    notify(send, ("invoice", "1"))

    assert dispatch.work() == 1

    assert runs() == []


def test_a_full_batch_asks_for_the_next(connect: Connect, send: Send) -> None:
    connect()
    notify(send, *(("invoice", str(number)) for number in range(5)))
    OrmQ.objects.all().delete()

    assert dispatch.work(limit=3) == 3

    assert [task for task in queued() if task == dispatch.TASK] == [dispatch.TASK]
    assert dispatch.work(limit=3) == 2
    assert InboundWebhook.objects.filter(status=Status.RECEIVED).count() == 0


def test_the_queue_leads_to_the_pull(
    connect: Connect, send: Send, drain_queue: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect()
    monkeypatch.setattr("integrations.tasks.work_integration", lambda integration_id: None)

    notify(send, ("invoice", "1"))

    assert dispatch.TASK in drain_queue()
    assert len(runs()) == 1


def test_a_lost_nudge_is_given_again_but_not_at_once(connect: Connect, send: Send) -> None:
    connect()
    notify(send, ("invoice", "1"))

    assert not dispatch.has_due()

    with time_machine.travel(timezone.now() + timedelta(seconds=background.RENUDGE_SECONDS + 1), tick=False):
        assert dispatch.has_due()
        assert not dispatch.has_due()
    assert dispatch.work() == 1


def test_the_ticker_finds_what_nobody_was_woken_for(connect: Connect, send: Send) -> None:
    connect()
    notify(send, ("invoice", "1"))
    OrmQ.objects.all().delete()

    with time_machine.travel(timezone.now() + timedelta(seconds=background.RENUDGE_SECONDS + 1), tick=False):
        background.tick()

    assert queued() == [dispatch.TASK]


def queued() -> list[str]:
    return [row.func() for row in OrmQ.objects.order_by("id")]
