"""What goes wrong between us and the provider during a sync: lost answers, errors, limits, tokens that end."""

from __future__ import annotations

import os
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from integrations.models import Credential, Integration, RecordLink, SyncLog
from tests.faults.accounts import Books
from tests.faults.databases import SQLITE
from tests.faults.hub import Hub
from tests.faults.processes import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]
ENGINES = (SQLITE,)

SEED = int(os.environ.get("LOTBRIDGE_FAULTS_SEED", "5"))
BATCH = "POST .*/batch"
API = "/v3/company/"
BOTH_SIDES = {"customers": Books(91), "invoices": Books(100, Decimal("7927.70"))}


def fill_both_sides(hub: Hub) -> None:
    """60 customers and invoices here, 30 and 40 there, and the customer of those 40."""
    hub.simulator.seed("Customer", 30)
    hub.simulator.seed("Invoice", 40)
    hub.invoices(hub.customers(60), 60)
    hub.connect()


@pytest.mark.parametrize("kind", ["drop_after_commit", "error_after_commit", "error_before", "drop", "html"])
def test_batches_whose_answer_is_lost_are_read_back_and_not_sent_twice(hub: Hub, kind: str) -> None:
    """Three times in a row, so that the quick tries of one call do not heal it: the run backs off, and looks."""
    fill_both_sides(hub)
    hub.simulator.faults(kind, match=BATCH, times=4)

    hub.start_worker()
    hub.rest()

    assert hub.simulator.state()["faults"] == {kind: 4}
    assert hub.account() == BOTH_SIDES
    assert set(hub.outcomes()) == {"succeeded"}
    assert hub.letters() == []


def test_a_lost_answer_to_a_single_write_is_recognised(hub: Hub) -> None:
    """A batch of one goes to another address, and a payment has no name by which it could be found."""
    hub.connect()
    invoices = hub.invoices(hub.customers(1), 1)
    hub.payments(invoices)
    hub.simulator.faults("drop_after_commit", match="POST .*/(customer|invoice|payment)", times=9)

    hub.start_worker()
    hub.rest()

    assert hub.account() == {
        "customers": Books(1),
        "invoices": Books(1, Decimal("22.00")),
        "payments": Books(1, Decimal("22.00")),
    }
    assert set(hub.outcomes()) == {"succeeded"}


def test_retry_after_is_obeyed_by_every_stream_and_is_no_failed_try(hub: Hub) -> None:
    fill_both_sides(hub)
    hub.limits = True
    hub.simulator.faults("throttle", match=BATCH, times=1, retry_after=4)

    hub.start_worker()
    wait_until(lambda: SyncLog.objects.filter(error_kind="RateLimited").exists(), seconds=30, what="it is throttled")
    waiting, noticed_at, asked = SyncLog.objects.filter(error_kind="RateLimited")[0], timezone.now(), hub.requests()
    assert waiting.not_before is not None
    assert timedelta(seconds=2) < waiting.not_before - noticed_at <= timedelta(seconds=4)
    wait_until(lambda: timezone.now() >= waiting.not_before, seconds=5, what="the time has come")
    asked_meanwhile = hub.requests() - asked
    hub.rest()

    assert asked_meanwhile == 0
    done = SyncLog.objects.get(pk=waiting.pk)
    assert (done.attempt, done.status) == (0, "succeeded")
    assert set(hub.outcomes()) == {"succeeded"}
    assert hub.account() == BOTH_SIDES


def test_one_request_in_five_going_wrong_changes_nothing_in_the_end(hub: Hub) -> None:
    fill_both_sides(hub)
    kinds = ("drop", "drop_after_commit", "error_before", "error_after_commit", "status", "throttle", "expire_tokens")
    print(f"\nLOTBRIDGE_FAULTS_SEED={SEED}")
    for place, kind in enumerate(kinds):
        facts = {"retry_after": 1} if kind == "throttle" else {}
        hub.simulator.faults(kind, match=API, probability=0.2 / len(kinds), seed=SEED + place, **facts)

    hub.start_worker()
    hub.rest(seconds=120)
    for _ in range(2):
        hub.sync(seconds=120)

    print(hub.simulator.state()["faults"])
    hub.simulator.clear_faults()
    assert hub.account() == BOTH_SIDES
    assert hub.letters() == []
    assert set(hub.outcomes()) == {"succeeded"}
    assert hub.proof() == "complete"


def test_an_access_token_that_expires_in_the_middle_is_renewed_once(hub: Hub) -> None:
    fill_both_sides(hub)
    hub.simulator.faults("expire_tokens", match=BATCH, times=1, every=2)

    hub.start_worker()
    hub.rest()

    assert hub.simulator.state()["calls"]["token:refresh_token"] == 1
    assert Credential.objects.get().generation == 2
    assert Integration.objects.get().status == Integration.Status.CONNECTED
    assert set(hub.outcomes()) == {"succeeded"}
    assert hub.account() == BOTH_SIDES
    assert hub.mails() == []


def test_a_revoked_grant_stops_everything_until_a_person_reconnects(hub: Hub) -> None:
    fill_both_sides(hub)
    hub.simulator.faults("revoke", match=BATCH, times=1, every=2)

    hub.start_worker()
    wait_until(
        lambda: Integration.objects.get().status == Integration.Status.NEEDS_RECONNECT, seconds=30, what="access ended"
    )
    wait_until(lambda: "failed" in hub.outcomes(), seconds=10, what="the run has failed")
    failed = SyncLog.objects.get(status=SyncLog.Status.FAILED)
    written = RecordLink.objects.filter(remote_id__isnull=False).count()
    asked = hub.requests()
    hub.customers(1, prefix="Meanwhile")
    hub.dispatch()
    assert failed.error_kind == "CredentialError"
    assert written < 191
    assert hub.requests() == asked

    hub.reconnect()
    hub.rest()

    assert hub.account() == {**BOTH_SIDES, "customers": Books(92)}
    assert len(hub.mails()) == 1
    assert "To: owner@rideau.example" in hub.mails()[0]
    assert hub.outcomes()["failed"] == 1
