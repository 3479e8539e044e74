"""A proof is made once, by one worker, whatever happens to it or to the provider; and given out as a file."""

from __future__ import annotations

import csv
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from integrations import proof_compare, reconcile
from integrations.models import (
    Integration,
    Reconciliation,
    ReconciliationDifference,
)
from tests.support.books import (
    books_in_step,
    change_there,
    found,
    prove,
    sync,
    their_invoice,
    write_invoice,
)
from tests.support.simulator import RunningSimulator, running_simulator

pytestmark = pytest.mark.django_db(transaction=True)
Kind = ReconciliationDifference.Kind
Status = Reconciliation.Status


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    with running_simulator(tmp_path_factory.mktemp("simulator")) as simulator:
        yield simulator


@pytest.fixture
def simulator(process: RunningSimulator, settings: Settings) -> RunningSimulator:
    process.reset()
    process.clear_faults()
    settings.SIMULATOR_URL = process.url
    return process


@pytest.fixture
def integration(simulator: RunningSimulator) -> Integration:
    return books_in_step(simulator)


def test_asking_twice_gives_the_open_one(integration: Integration) -> None:
    first = reconcile.request(integration, requested_by="a")
    second = reconcile.request(integration, requested_by="b")
    reconcile.work(first.pk)
    third = reconcile.request(integration, requested_by="c")

    assert first == second
    assert third.pk != first.pk


def test_one_worker_at_a_time(integration: Integration) -> None:
    proof = reconcile.request(integration, requested_by="a")
    until = timezone.now() + timedelta(seconds=30)
    token = uuid.uuid4()
    Reconciliation.objects.update(status=Status.RUNNING, lease_token=token, lease_expires_at=until)

    reconcile.work(proof.pk)

    proof.refresh_from_db()
    assert (proof.status, proof.lease_token) == (Status.RUNNING, token)


@pytest.mark.parametrize("reaped", [False, True])
def test_a_dead_workers_proof_starts_over(reaped: bool, integration: Integration) -> None:
    proof = reconcile.request(integration, requested_by="a")
    ReconciliationDifference.objects.create(
        dealership=integration.dealership,
        reconciliation=proof,
        stream="invoices",
        kind=Kind.DIFFERS,
        record_type="invoice",
    )
    Reconciliation.objects.update(
        status=Status.QUEUED if reaped else Status.RUNNING,
        lease_token=None if reaped else uuid.uuid4(),
        lease_expires_at=timezone.now() - timedelta(seconds=5),
        figures=[{"stream": "invoices"}],
        difference_count=1,
    )

    reconcile.work(proof.pk)

    proof.refresh_from_db()
    assert (proof.status, proof.difference_count, found(proof), proof.attempt) == (Status.COMPLETE, 0, [], 1)
    assert len(proof.figures) == 7


def test_a_proof_that_kills_every_worker_is_given_up(integration: Integration) -> None:
    proof = reconcile.request(integration, requested_by="a")
    past = timezone.now() - timedelta(seconds=5)
    Reconciliation.objects.update(status=Status.RUNNING, lease_token=uuid.uuid4(), lease_expires_at=past, attempt=10)

    reconcile.work(proof.pk)

    proof.refresh_from_db()
    assert proof.status == Status.FAILED
    assert "again and again" in proof.error


def test_whoever_lost_the_lease_writes_nothing(integration: Integration, monkeypatch: pytest.MonkeyPatch) -> None:
    write_invoice(integration, "INV-11")
    proof = reconcile.request(integration, requested_by="a")
    thief = uuid.uuid4()
    second_pass = proof_compare.StreamComparison.second_pass

    def stolen(comparison: proof_compare.StreamComparison) -> Any:
        Reconciliation.objects.update(lease_token=thief)
        return second_pass(comparison)

    monkeypatch.setattr(proof_compare.StreamComparison, "second_pass", stolen)

    reconcile.work(proof.pk)

    proof.refresh_from_db()
    assert (proof.status, proof.lease_token, proof.figures, found(proof)) == (Status.RUNNING, thief, [], [])


def test_a_short_slice_goes_on_with_the_next_stream(integration: Integration) -> None:
    write_invoice(integration, "INV-12")
    proof = reconcile.request(integration, requested_by="a")
    done = []

    while proof.status in (Status.QUEUED, Status.RUNNING):
        reconcile.work(proof.pk, deadline=time.monotonic() - 1)
        proof.refresh_from_db()
        done.append(len(proof.figures))

    assert done == [1, 2, 3, 4, 5, 6, 7]
    assert (proof.status, found(proof)) == (Status.DIFFERENT, [("invoices", Kind.MISSING_THERE, "INV-12")])


def test_it_waits_when_the_provider_asks_for_it(integration: Integration, simulator: RunningSimulator) -> None:
    simulator.faults("throttle", retry_after=30, times=1)

    proof = prove(integration)
    waited = (proof.not_before or timezone.now()) - timezone.now()
    again = prove(integration)

    assert (proof.status, proof.attempt) == (Status.QUEUED, 0)
    assert 25 < waited.total_seconds() <= 30
    assert again.status == Status.QUEUED
    with time_machine.travel(timezone.now() + timedelta(seconds=31)):
        assert prove(integration).status == Status.COMPLETE


def test_it_tries_again_and_gives_up_in_the_end(integration: Integration, simulator: RunningSimulator) -> None:
    simulator.faults("status", value=503)
    proof = prove(integration)

    assert (proof.status, proof.attempt) == (Status.QUEUED, 1)
    assert "HTTP 503" in proof.error
    Reconciliation.objects.update(not_before=None, attempt=10)

    reconcile.work(proof.pk)

    proof.refresh_from_db()
    assert (proof.status, proof.lease_token) == (Status.FAILED, None)
    assert reconcile.verdict_sentence(proof).startswith("The books could not be compared: ")


def test_a_revoked_grant_fails_it_and_asks_for_a_reconnect(
    integration: Integration, simulator: RunningSimulator
) -> None:
    simulator.faults("revoke", times=1)

    proof = prove(integration)

    integration.refresh_from_db()
    assert proof.status == Status.FAILED
    assert proof.error
    assert integration.status == Integration.Status.NEEDS_RECONNECT


def test_a_bug_fails_it_with_a_reference(integration: Integration, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof_compare.StreamComparison, "first_pass", lambda comparison: iter([1 // 0]))

    proof = prove(integration)

    assert proof.status == Status.FAILED
    assert str(proof.pk) in proof.error


def test_the_report_as_a_file(integration: Integration, simulator: RunningSimulator) -> None:
    write_invoice(integration, "=HYPERLINK(1)", "99.50")
    change_there(simulator, "Invoice", their_invoice(simulator)["Id"], DueDate="2027-01-31")

    text = "".join(reconcile.export_csv(prove(integration)))

    assert text.startswith("\ufeff")
    rows = list(csv.reader(text.removeprefix("\ufeff").splitlines()))
    assert ["Verdict", "The books differ by $99.50: 2 records"] in rows
    assert ["Invoices", "2026-10", "USD", "1", "0", "99.50", "0.00", "99.50"] in rows
    head = next(index for index, row in enumerate(rows) if row[:2] == ["Stream", "Kind"])
    missing = next(row for row in rows[head:] if "Missing there" in row)
    assert missing[2:8] == ["'=HYPERLINK(1)", "", "99.50", "", "99.50", "USD"]
    assert missing[-2:] == ["Not sent yet.", "Sync this stream, then check again."]


def test_queries_do_not_grow_with_the_records(
    integration: Integration, simulator: RunningSimulator, django_assert_max_num_queries: Any
) -> None:
    simulator.seed("Customer", 150)
    simulator.seed("Invoice", 150)
    sync(integration)
    proof = reconcile.request(integration, requested_by="a")

    with django_assert_max_num_queries(90):
        reconcile.work(proof.pk)

    proof.refresh_from_db()
    assert (proof.status, proof.compared) == (Status.COMPLETE, 306)
