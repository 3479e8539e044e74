"""A run is asked for, claimed once, kept by its lease, and ends once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django_q.models import OrmQ

from dealership.events import SYSTEM
from integrations import due_work, engine, lifecycle, runs
from integrations.models import SyncConfig, SyncLog
from integrations.timings import TIMINGS
from tests.integrations.sync_cases import BothSides, connected, counts
from tests.support.simulator import RunningSimulator

Status = SyncLog.Status
Trigger = SyncLog.Trigger


def ask(both: BothSides, stream: str = "customers", *, pull: bool = True, push: bool = True) -> SyncLog:
    run = runs.request(both.config(stream), pull=pull, push=push, trigger=Trigger.MANUAL)
    assert run is not None
    return run


def claimed(both: BothSides, stream: str = "customers") -> SyncLog:
    ask(both, stream)
    run = runs.claim_next(both.integration.pk)
    assert run is not None
    return run


def work(run: SyncLog) -> None:
    engine.work(run, deadline=time.monotonic() + 60)
    run.refresh_from_db()


def test_asking_twice_makes_one_run_and_keeps_the_second_wish(both: BothSides) -> None:
    first, second = ask(both, push=False), ask(both, pull=False)

    assert first == second
    assert (first.pulls, first.pushes) == (True, False)
    config = both.config("customers")
    assert (config.pull_wanted, config.push_wanted) == (False, True)


def test_what_is_asked_for_during_a_run_becomes_exactly_one_more(both: BothSides) -> None:
    run = claimed(both)
    for _ in range(3):
        ask(both, pull=False)

    work(run)
    both.work()

    assert list(SyncLog.objects.order_by("created_at").values_list("status", "pulls", "pushes")) == [
        (Status.SUCCEEDED, True, True),
        (Status.SUCCEEDED, False, True),
    ]
    config = both.config("customers")
    assert not config.pull_wanted
    assert not config.push_wanted


def test_nothing_is_queued_for_what_is_off_or_not_connected(both: BothSides) -> None:
    both.configure("customers", enabled=False)
    off = runs.request(both.config("customers"), pull=True, push=True, trigger=Trigger.MANUAL)
    lifecycle.pause(both.integration, SYSTEM)
    paused = runs.request(both.config("vendors"), pull=True, push=True, trigger=Trigger.MANUAL)

    assert (off, paused, SyncLog.objects.count()) == (None, None, 0)


def test_what_was_asked_for_while_it_was_paused_runs_when_it_is_resumed(both: BothSides) -> None:
    lifecycle.pause(both.integration, SYSTEM)
    runs.request(both.config("vendors"), pull=True, push=True, trigger=Trigger.MANUAL)
    lifecycle.resume(both.integration, SYSTEM)

    started = runs.queue_due_configs()

    assert started == 1
    assert SyncLog.objects.get().stream == "vendors"


def test_parents_are_claimed_first_whatever_was_asked_first(both: BothSides) -> None:
    for stream in ("payments", "invoices", "customers"):
        ask(both, stream)

    both.work()

    order = SyncLog.objects.order_by("started_at").values_list("stream", flat=True)
    assert list(order) == ["customers", "invoices", "payments"]


def test_one_stream_of_an_integration_runs_at_a_time(both: BothSides) -> None:
    claimed(both, "customers")
    ask(both, "invoices")

    assert runs.claim_next(both.integration.pk) is None
    with pytest.raises(IntegrityError), transaction.atomic():
        SyncLog.objects.filter(stream="invoices").update(status=Status.RUNNING)


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_that_claim_at_once_one_gets_the_run(simulator: RunningSimulator) -> None:
    both = connected(simulator)
    for stream in ("customers", "vendors", "invoices"):
        ask(both, stream)

    def claim(_worker: int) -> SyncLog | None:
        try:
            return runs.claim_next(both.integration.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as workers:
        claimed_runs = [run for run in workers.map(claim, range(4)) if run]

    assert len(claimed_runs) == SyncLog.objects.filter(status=Status.RUNNING).count() == 1
    assert SyncLog.objects.get(status=Status.RUNNING).lease_token == claimed_runs[0].lease_token


def test_a_stream_has_one_open_run(both: BothSides) -> None:
    run = ask(both)

    with pytest.raises(IntegrityError), transaction.atomic():
        SyncLog.objects.create(
            dealership=both.dealership, integration=both.integration, config=run.config, stream="customers"
        )


def test_a_run_that_waits_is_not_claimed_before_its_time(both: BothSides) -> None:
    run = ask(both)
    SyncLog.objects.update(not_before=timezone.now() + timedelta(seconds=2))
    early = runs.claim_next(both.integration.pk)

    with time_machine.travel(timezone.now() + timedelta(seconds=2)):
        late = runs.claim_next(both.integration.pk)

    assert (early, late) == (None, run)


def test_every_call_renews_the_lease(both: BothSides) -> None:
    run = claimed(both)
    SyncLog.objects.update(lease_expires_at=timezone.now() + timedelta(seconds=1))

    runs.renew(run)

    run.refresh_from_db()
    assert run.lease_expires_at is not None
    assert run.lease_expires_at > timezone.now() + timedelta(seconds=TIMINGS.lease_seconds - 5)


def test_a_queued_run_is_cancelled_at_once(both: BothSides) -> None:
    run = ask(both)

    assert runs.cancel(run)

    both.work()
    run.refresh_from_db()
    assert (run.status, run.started_at) == (Status.CANCELLED, None)


def test_a_running_run_is_cancelled_at_its_next_call(both: BothSides) -> None:
    both.customer_there("Ana Cruz")
    run = claimed(both)

    assert runs.cancel(run)

    work(run)
    assert (run.status, run.read, run.lease_token) == (Status.CANCELLED, 0, None)
    assert counts(both.sync("customers")) == {"created": 1}


def test_a_finished_run_cannot_be_cancelled(both: BothSides) -> None:
    run = claimed(both)
    work(run)

    assert not runs.cancel(run)
    run.refresh_from_db()
    assert run.status == Status.SUCCEEDED


def test_pausing_stops_a_running_run_at_its_next_call_and_resuming_lets_it_go_on(both: BothSides) -> None:
    both.customer_there("Ana Cruz")
    run = claimed(both)
    lifecycle.pause(both.integration, SYSTEM)
    calls = both.simulator.state()["calls"]

    work(run)
    both.work()
    waiting = SyncLog.objects.get()
    due_work.nudge_runs()
    lifecycle.resume(both.integration, SYSTEM)
    both.work()

    assert (waiting.status, both.simulator.state()["calls"].get("query", 0)) == (
        Status.QUEUED,
        1 + calls.get("query", 0),
    )
    run.refresh_from_db()
    assert (run.status, run.created) == (Status.SUCCEEDED, 1)


def test_disconnecting_ends_what_runs_and_what_waits(both: BothSides) -> None:
    run = claimed(both, "customers")
    ask(both, "customers", pull=False)
    ask(both, "invoices")

    lifecycle.disconnect(both.integration, SYSTEM)
    work(run)
    both.work()

    assert set(SyncLog.objects.values_list("status", flat=True)) == {Status.CANCELLED}
    assert not SyncConfig.objects.filter(pull_wanted=True).exists()
    assert not SyncConfig.objects.filter(push_wanted=True).exists()


def test_a_run_within_its_lease_is_left_alone(both: BothSides) -> None:
    claimed(both)

    assert runs.reap() == 0


def test_a_run_that_kills_every_worker_is_failed_in_the_end(both: BothSides) -> None:
    run = claimed(both)
    SyncLog.objects.update(attempt=10, lease_expires_at=timezone.now() - timedelta(seconds=1))

    runs.reap()

    run.refresh_from_db()
    assert (run.status, run.error_kind, run.finished_at is None) == (Status.FAILED, "WorkerLost", False)


def test_a_slice_that_is_over_queues_its_own_continuation(both: BothSides) -> None:
    run = claimed(both)
    OrmQ.objects.all().delete()

    runs.release(run)

    run.refresh_from_db()
    assert (run.status, run.lease_token, OrmQ.objects.count()) == (Status.QUEUED, None, 1)


def test_a_finished_run_is_run_again_in_the_same_directions(both: BothSides) -> None:
    both.sync("vendors", pull=False)

    again = runs.retry(SyncLog.objects.get())

    assert again is not None
    assert (again.pulls, again.pushes, again.trigger) == (False, True, Trigger.MANUAL)
