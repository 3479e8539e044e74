"""What a provider does decides how the run goes on: at once, later, or not until a person has looked."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from connectors.errors import ConfigurationError
from dealership.models import Contact, Event
from integrations import engine, runs
from integrations.models import Integration, SyncLog
from integrations.timings import TIMINGS
from tests.integrations.sync_cases import BothSides

Status = SyncLog.Status
Trigger = SyncLog.Trigger
pytestmark = pytest.mark.usefixtures("without_pauses")
NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


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


def test_failures_wait_one_two_and_four_seconds_and_then_longer(both: BothSides) -> None:
    both.simulator.faults("error_before", match="query")
    waits = []
    offset = int((NOW - timezone.now()).total_seconds())
    with time_machine.travel(NOW, tick=False) as clock:
        both.simulator.settings(clock_offset_seconds=offset)
        ask(both, "vendors")
        for _ in range(5):
            before = timezone.now()
            both.work()
            run = SyncLog.objects.get()
            assert (run.status, run.error_kind) == (Status.QUEUED, "TransientError")
            assert run.not_before is not None
            waits.append((run.not_before - before).total_seconds())
            clock.move_to(run.not_before)

    assert waits[:3] == [1, 2, 4]
    assert 30 <= waits[3] <= 36
    assert 120 <= waits[4] <= 144
    assert (run.attempt, run.retried) == (5, 5)


def test_after_the_last_rung_the_run_fails_with_its_reason(both: BothSides) -> None:
    run = claimed(both)
    run.attempt = 10
    SyncLog.objects.update(attempt=10)

    runs.back_off(run, "The provider is in trouble.", kind="TransientError")

    run.refresh_from_db()
    assert (run.status, run.error, run.finished_at is None) == (Status.FAILED, "The provider is in trouble.", False)


def test_being_asked_to_slow_down_is_no_failed_try(both: BothSides) -> None:
    both.simulator.faults("throttle", match="query", retry_after=7, times=1)
    before = timezone.now()

    ask(both, "vendors")
    both.work()

    run = SyncLog.objects.get()
    assert (run.status, run.attempt, run.error_kind) == (Status.QUEUED, 0, "RateLimited")
    assert run.not_before is not None
    assert 7 <= (run.not_before - before).total_seconds() < 17


def test_progress_forgives_the_failures_before_it(both: BothSides) -> None:
    both.simulator.faults("error_before", match="query", times=3)
    run = claimed(both, "vendors")
    work(run)
    failed = run.attempt
    SyncLog.objects.update(not_before=None)

    both.work()

    run.refresh_from_db()
    assert (failed, run.status, run.attempt, run.retried) == (1, Status.SUCCEEDED, 0, 1)


def test_a_worker_whose_lease_was_taken_stops_without_a_word(both: BothSides) -> None:
    both.customer_there("Ana Cruz")
    run = claimed(both)
    other = uuid.uuid4()
    SyncLog.objects.update(lease_token=other)

    work(run)

    assert (run.status, run.lease_token, run.read, run.error) == (Status.RUNNING, other, 0, "")
    assert Contact.objects.count() == 0
    assert not Event.objects.filter(type__startswith="sync.").exists()


def test_a_page_is_not_stored_by_a_worker_whose_lease_was_taken_while_it_read(
    both: BothSides, monkeypatch: pytest.MonkeyPatch
) -> None:
    both.customer_there("Ana Cruz")
    run = claimed(both)
    real = both.integration.connector_class.canonical

    def late(self, stream, raw):  # type: ignore[no-untyped-def]
        SyncLog.objects.update(lease_token=uuid.uuid4())
        return real(self, stream, raw)

    monkeypatch.setattr(both.integration.connector_class, "canonical", late)
    work(run)

    assert (run.status, Contact.objects.count()) == (Status.RUNNING, 0)


def test_a_run_whose_worker_died_goes_on_after_its_lease(both: BothSides) -> None:
    both.customer_there("Ana Cruz")
    run = claimed(both)
    with time_machine.travel(timezone.now() + timedelta(seconds=TIMINGS.lease_seconds + 1)):
        reaped = runs.reap()
        both.work()

    run.refresh_from_db()
    assert (reaped, run.status, run.created, run.retried) == (1, Status.SUCCEEDED, 1, 1)


def test_what_the_provider_does_not_allow_blocks_the_stream_until_a_person_asks(
    both: BothSides, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self, stream, **place):  # type: ignore[no-untyped-def]
        raise ConfigurationError("The subscription has lapsed.")

    with monkeypatch.context() as patch:
        patch.setattr(both.integration.connector_class, "read", refuse)
        first = both.sync("vendors")
    reason = both.config("vendors").blocked_reason

    by_itself = runs.request(both.config("vendors"), pull=True, push=True, trigger=Trigger.REALTIME)
    both.configure("vendors", next_due_at=timezone.now())
    runs.queue_due_configs()
    open_before = SyncLog.objects.filter(status__in=SyncLog.OPEN).count()
    second = both.sync("vendors")

    assert (first[0].status, first[0].error, by_itself, open_before) == (Status.FAILED, reason, None, 0)
    assert reason == "The subscription has lapsed."
    assert second[0].status == Status.SUCCEEDED
    assert both.config("vendors").blocked_reason == ""


def test_a_revoked_grant_fails_the_run_and_the_others_wait_for_the_reconnect(both: BothSides) -> None:
    both.simulator.faults("revoke", match="query", times=1)

    ended = both.sync("customers", "vendors")

    assert [(run.stream, run.status) for run in ended] == [("customers", "failed"), ("vendors", "queued")]
    assert Integration.objects.get().status == "needs_reconnect"


def test_an_answer_that_is_no_json_fails_the_run_without_a_retry(both: BothSides) -> None:
    both.simulator.faults("html", match="query", value=200, times=1)

    ended = both.sync("vendors")

    assert [(run.status, run.error_kind, run.retried) for run in ended] == [("failed", "UnexpectedResponse", 0)]
    assert Event.objects.filter(type="sync.failed", record_id=ended[0].pk).count() == 1


def test_a_bug_fails_the_run_with_a_reference_and_no_detail(both: BothSides, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self, stream, **place):  # type: ignore[no-untyped-def]
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(both.integration.connector_class, "read", broken)

    ended = both.sync("vendors")

    reference = ended[0].reference
    assert ended[0].status == Status.FAILED
    assert ended[0].error == f"Lotbridge itself failed. Tell support the reference {reference}."


def test_a_run_tells_that_it_is_complete(both: BothSides) -> None:
    run = both.sync("vendors")[0]

    event = Event.objects.get(type="sync.completed")
    assert (event.record_id, event.changes) == (run.pk, {"stream": "vendors"})
    assert both.config("vendors").last_succeeded_at == run.finished_at == Integration.objects.get().last_synced_at


def test_the_queued_task_works_the_run_off(both: BothSides, drain_queue: Callable[[], list[str]]) -> None:
    both.customer_there("Ana Cruz")
    ask(both)

    ran = drain_queue()

    assert ran == [runs.WORK_TASK]
    assert SyncLog.objects.get().status == Status.SUCCEEDED
    assert Contact.objects.count() == 1
