"""kill -9 of the worker, the simulator and the web server in the middle of work: both sides still come out equal."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.utils import timezone

from dealership import importing
from dealership.models import Contact, ImportFile
from tests.faults.accounts import Books
from tests.faults.databases import BOTH
from tests.faults.hub import Hub, kill, parts_of
from tests.faults.processes import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]
ENGINES = BOTH

SEED = os.environ.get("LOTBRIDGE_FAULTS_SEED", "5")
# What a full sync of the books below asks of the provider when nothing goes wrong.
REQUESTS = 60
PARTS = ("a worker", "the monitor", "the sentinel", "the whole cluster", "the supervisor")
# One more than seeded: their invoices have a customer of their own.
WHOLE_BOOKS = {"customers": Books(501), "invoices": Books(500, Decimal("91687.13"))}


def fill_both_sides(hub: Hub) -> None:
    hub.simulator.seed("Customer", 200)
    hub.simulator.seed("Invoice", 200)
    hub.invoices(hub.customers(300), 300)
    hub.simulator.settings(latency_ms=30)
    hub.connect()


def at_moments(hub: Hub, count: int, act: Callable[[int], str], *, name: str) -> None:
    """`act` at random moments of the sync, counted in requests. Prints what it did and when."""
    print(f"\nLOTBRIDGE_FAULTS_SEED={SEED}")
    for number, moment in enumerate(sorted(random.Random(f"{SEED}:{name}").sample(range(2, REQUESTS - 2), count))):
        wait_until(partial(has_asked, hub, moment), seconds=60, what=f"request {moment}")
        print(f"after {moment} requests: {act(number)} killed")


def has_asked(hub: Hub, requests: int) -> bool:
    return hub.requests() >= requests


def test_a_worker_killed_again_and_again_loses_and_doubles_nothing(hub: Hub, full: bool) -> None:
    fill_both_sides(hub)
    running = [hub.start_worker()]
    order = random.Random(f"{SEED}:parts").sample(PARTS, len(PARTS))

    def kill_part(number: int) -> str:
        wait_until(lambda: bool(parts_of(running[-1])), seconds=30, what="the cluster is complete")
        part = order[number % len(order)]
        kill(*parts_of(running[-1])[part])
        if part == "the supervisor":
            running.append(hub.start_worker())
        return part

    at_moments(hub, 20 if full else 5, kill_part, name="worker")
    hub.rest(seconds=120)

    assert hub.account() == WHOLE_BOOKS
    assert hub.letters() == []
    assert set(hub.outcomes()) == {"succeeded"}
    assert hub.proof() == "complete"


def test_a_provider_that_dies_in_the_middle_of_batches_is_sent_nothing_twice(hub: Hub, full: bool) -> None:
    fill_both_sides(hub)
    hub.start_worker()

    def kill_simulator(_number: int) -> str:
        hub.simulator.kill()
        hub.simulator.restart()
        return "the simulator"

    at_moments(hub, 12 if full else 4, kill_simulator, name="simulator")
    hub.rest(seconds=120)

    assert hub.account() == WHOLE_BOOKS
    assert hub.letters() == []
    assert set(hub.outcomes()) == {"succeeded"}


def test_what_changes_there_while_the_web_server_is_dead_arrives_after_its_restart(hub: Hub, full: bool) -> None:
    hub.connect()
    hub.start_worker()
    hub.rest()
    hub.start_web()
    hub.simulator.settings(hooks_url=f"{hub.web_url}/hooks/quickbooks/", hook_reorder=True)
    chance = random.Random(f"{SEED}:web")
    print(f"\nLOTBRIDGE_FAULTS_SEED={SEED}")

    for kill_number in range(4 if full else 2):
        for number in range(20):
            hub.simulator.write("Customer", {"DisplayName": f"Theirs {kill_number}-{number}"})
        heard = chance.randrange(1, 15)
        before = hub.simulator.state()["hooks"].get("delivered", 0)
        wait_until(
            lambda: hub.simulator.state()["hooks"].get("delivered", 0) - before >= heard,  # noqa: B023
            seconds=30,
            what=f"{heard} webhooks",
        )
        hub.kill_web()
        print(f"after {heard} webhooks: the web server killed")
        wait_until(lambda: hub.simulator.state()["hooks"].get("refused", 0) > 0, seconds=30, what="a refused webhook")
        hub.start_web()
    hub.rest(seconds=90)

    assert hub.account() == {"customers": Books(80 if full else 40)}
    assert Contact.objects.count() == (80 if full else 40)


def people(hub: Hub, count: int) -> ImportFile:
    rows = "".join(f"Imported {number:05d},imported{number}@example.com\n" for number in range(count))
    data = f"Display name,E-mail\n{rows}".encode()
    return importing.upload(hub.dealership, ImportFile.Kind.CONTACTS, "people.csv", data, user=hub.user)


def its_lease_runs_out() -> None:
    """Two minutes later."""
    ImportFile.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def has_imported() -> bool:
    return ImportFile.objects.filter(status=ImportFile.Status.SUCCEEDED).exists()


def test_an_import_is_finished_by_the_worker_when_the_web_server_is_killed_in_it(hub: Hub) -> None:
    hub.connect()
    hub.start_web()
    file = people(hub, 1500)
    browser = threading.Thread(target=hub.post, args=(f"/import/{file.pk}/preview/", {"skip_bad": "on"}))
    browser.start()
    wait_until(Contact.objects.exists, seconds=30, what="the first rows are stored")
    hub.kill_web()
    browser.join()
    stored = Contact.objects.count()
    print(f"\nthe web server killed after {stored} of 1500 rows")
    assert stored < 1500

    its_lease_runs_out()
    hub.start_worker()
    wait_until(has_imported, seconds=60, what="the import has ended")
    hub.rest()

    done = ImportFile.objects.get()
    assert (done.created_count, done.updated_count, done.refused_count) == (1500, 0, 0)
    assert hub.account() == {"customers": Books(1500)}


def test_an_import_whose_worker_is_killed_goes_on_from_its_checkpoint(hub: Hub) -> None:
    hub.connect()
    running = hub.start_worker()
    hub.rest()
    assert importing.queue(people(hub, 1600), skip_bad=True)
    wait_until(Contact.objects.exists, seconds=30, what="the first rows are stored")

    kill(*parts_of(running)["the whole cluster"])
    print(f"\nthe cluster killed after {Contact.objects.count()} of 1600 rows")
    its_lease_runs_out()
    wait_until(has_imported, seconds=60, what="the import has ended")
    hub.rest()

    done = ImportFile.objects.get()
    assert (done.created_count, done.updated_count, done.refused_count) == (1600, 0, 0)
    assert hub.account() == {"customers": Books(1600)}
