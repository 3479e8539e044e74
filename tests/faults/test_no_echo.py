"""Nothing goes back and forth, and what does go, goes at once: writes are counted at the provider."""

from __future__ import annotations

import itertools
import time
from decimal import Decimal

import pytest
from django.db import transaction

from tests.faults.accounts import Books
from tests.faults.databases import BOTH
from tests.faults.hub import Hub
from tests.faults.processes import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]
ENGINES = BOTH
MOST_SECONDS = 10


def test_two_full_syncs_after_rest_write_nothing_and_change_nothing(hub: Hub) -> None:
    hub.simulator.seed("Customer", 40)
    hub.simulator.seed("Invoice", 40)
    hub.payments(hub.invoices(hub.customers(60), 60)[:20])
    hub.connect()
    hub.start_worker()
    hub.rest()
    hub.sync()
    books, writes, versions = hub.account(), hub.writes(), hub.versions()

    hub.sync()
    hub.sync()

    assert hub.writes() - writes == 0
    assert hub.versions() == versions
    assert hub.account() == books
    assert {stream: found.count for stream, found in books.items()} == {
        "customers": 101,
        "invoices": 100,
        "payments": 20,
    }


def test_a_change_is_one_write_there_and_none_back(hub: Hub) -> None:
    hub.simulator.seed("Customer", 30)
    invoices = hub.invoices(hub.customers(30), 30)
    hub.connect()
    hub.start_worker()
    hub.rest()
    hub.sync()
    writes = hub.writes()

    hub.change(invoices[3], memo="Thank you.")
    hub.rest()
    after_ours = hub.writes() - writes
    hub.sync()
    after_ours_again = hub.writes() - writes
    hub.change_there("Customer", hub.simulator.entities("Customer")[0]["Id"], Notes="Calls in the morning")
    hub.sync()
    hub.sync()

    assert (after_ours, after_ours_again) == (1, 1)
    assert hub.writes() - writes == 1
    assert hub.account()["customers"] == Books(60)


def test_a_change_here_is_there_within_seconds(hub: Hub) -> None:
    """Through events, tick, queue and worker, without anybody asking for a sync."""
    invoices = hub.invoices(hub.customers(5), 5)
    hub.connect()
    hub.start_worker()
    hub.rest()
    took = []

    for place, invoice in enumerate(invoices):
        started = time.monotonic()
        hub.change(invoice, memo=f"Change {place}")
        wait_until(
            lambda: {"value": f"Change {place}"} in hub.memos(),  # noqa: B023
            seconds=MOST_SECONDS,
            what=f"change {place} is in QuickBooks",
        )
        took.append(time.monotonic() - started)

    print(f"\nseconds from save to QuickBooks: {', '.join(f'{seconds:.2f}' for seconds in took)}")
    hub.rest()
    assert hub.account() == {"customers": Books(5), "invoices": Books(5, Decimal("120.10"))}


def test_a_new_invoice_takes_its_new_customer_and_its_payment_along(hub: Hub) -> None:
    hub.connect()
    hub.start_worker()
    hub.rest()

    hub.payments(hub.invoices(hub.customers(1), 1))
    hub.rest(seconds=MOST_SECONDS)

    assert {stream: found.count for stream, found in hub.account().items()} == {
        "customers": 1,
        "invoices": 1,
        "payments": 1,
    }
    assert hub.writes() == 3


def test_asking_again_and_again_while_runs_begin_and_end_fails_none(hub: Hub) -> None:
    """Wishes for every stream in one transaction, as webhooks bring them, against the ends of runs in the worker."""
    contacts = hub.customers(20)
    hub.connect()
    hub.start_worker()
    until = time.monotonic() + 8

    for number in itertools.count():
        with transaction.atomic():
            hub.request_sync()
        hub.change(contacts[number % len(contacts)], city=f"Town {number}")
        if time.monotonic() > until:
            break
    hub.rest()

    assert set(hub.outcomes()) == {"succeeded"}
    assert hub.account() == {"customers": Books(20)}
