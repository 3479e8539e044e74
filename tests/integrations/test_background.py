"""Rows are the truth: whatever nudge is lost, the ticker and the sweep find the work again, and only once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from django_q.models import OrmQ

from dealership.models import Contact
from integrations import background, due_work, runs
from integrations.models import Heartbeat, SyncLog
from integrations.timings import TIMINGS
from tests.integrations.sync_cases import BothSides

Drain = Callable[[], list[str]]


def ask(both: BothSides) -> SyncLog:
    run = runs.request(both.config("customers"), pull=True, push=True, trigger=SyncLog.Trigger.MANUAL)
    assert run is not None
    return run


def later(seconds: float) -> time_machine.travel:
    return time_machine.travel(timezone.now() + timedelta(seconds=seconds))


def test_a_lost_nudge_is_given_again_by_the_ticker(both: BothSides, drain_queue: Drain) -> None:
    both.customer_there("Ana Cruz")
    ask(both)
    OrmQ.objects.all().delete()

    with later(background.RENUDGE_SECONDS + 1):
        due_work.nudge_runs()
        ran = drain_queue()

    assert ran == [runs.WORK_TASK]
    assert Contact.objects.count() == 1


def test_a_run_is_not_nudged_again_at_once(both: BothSides) -> None:
    ask(both)
    due_work.nudge_runs()
    due_work.nudge_runs()

    assert OrmQ.objects.count() == 1


def test_many_due_runs_of_one_integration_are_one_nudge(both: BothSides) -> None:
    for stream in ("customers", "vendors", "invoices"):
        runs.request(both.config(stream), pull=True, push=True, trigger=SyncLog.Trigger.MANUAL)
    OrmQ.objects.all().delete()

    with later(background.RENUDGE_SECONDS + 1):
        due_work.nudge_runs()

    assert OrmQ.objects.count() == 1


def test_a_retry_is_nudged_when_its_second_has_come(both: BothSides) -> None:
    run = ask(both)
    OrmQ.objects.all().delete()
    SyncLog.objects.update(not_before=timezone.now() + timedelta(seconds=2), nudged_at=None)
    due_work.nudge_runs()
    early = OrmQ.objects.count()

    with later(2):
        due_work.nudge_runs()

    assert (early, OrmQ.objects.count()) == (0, 1)
    assert SyncLog.objects.get() == run


def test_nobody_is_woken_while_a_run_of_the_integration_is_under_way(both: BothSides) -> None:
    ask(both)
    runs.claim_next(both.integration.pk)
    runs.request(both.config("invoices"), pull=True, push=True, trigger=SyncLog.Trigger.MANUAL)
    OrmQ.objects.all().delete()

    with later(background.RENUDGE_SECONDS + 1):
        due_work.nudge_runs()

    assert OrmQ.objects.count() == 0


def test_a_dead_workers_run_is_taken_up_by_the_ticker_alone(both: BothSides, drain_queue: Drain) -> None:
    both.customer_there("Ana Cruz")
    ask(both)
    runs.claim_next(both.integration.pk)
    OrmQ.objects.all().delete()

    with later(TIMINGS.lease_seconds + 1):
        due_work.nudge_runs()
        due_work.nudge_runs()
        ran = drain_queue()

    assert ran == [runs.WORK_TASK]
    assert SyncLog.objects.get().status == SyncLog.Status.SUCCEEDED


def test_events_wake_their_readers_through_the_ticker(both: BothSides, drain_queue: Drain) -> None:
    drain_queue()
    both.contact("Ana Cruz")

    background.tick()
    ran = drain_queue()

    assert "integrations.tasks.dispatch_events" in ran
    assert ran[-1] == runs.WORK_TASK
    assert [row["DisplayName"] for row in both.there("Customer")] == ["Ana Cruz"]


def test_the_ticker_adds_nothing_while_the_workers_are_behind(both: BothSides) -> None:
    both.contact("Ana Cruz")
    background.enqueue("integrations.tasks.sweep")

    background.tick()

    assert OrmQ.objects.count() == 1


def test_a_sweep_goes_on_when_one_of_its_parts_fails(both: BothSides, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> int:
        raise ZeroDivisionError

    both.configure("customers", push_wanted=True)
    monkeypatch.setattr(runs, "reap", broken)
    broken.__name__ = "reap"

    background.sweep()

    assert SyncLog.objects.filter(stream="customers").count() == 1


def test_a_nudge_that_is_rolled_back_with_its_transaction_wakes_nobody(both: BothSides) -> None:
    with transaction.atomic():
        ask(both)
        transaction.set_rollback(True)

    assert (SyncLog.objects.count(), OrmQ.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_a_worker_that_was_not_heard_of_for_long_is_not_running() -> None:
    never = background.is_running()
    background.beat()
    background.beat()
    fresh = background.is_running()
    with later(TIMINGS.heartbeat_stale_seconds + 1):
        stale = background.is_running()

    assert (never, fresh, stale) == (False, True, False)
    assert Heartbeat.objects.count() == 1
