"""A change to a record asks for a push of its stream, at once and only where it belongs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dealership import events, records
from dealership.events import Actor
from integrations import lifecycle, runs
from integrations.models import SyncLog
from tests.integrations.sync_cases import BothSides, connected
from tests.support.simulator import CA_REALM, RunningSimulator

Drain = Callable[[], list[str]]


def told(both: BothSides) -> list[tuple[str, bool, bool, str]]:
    """Show the readers what happened; the runs that they ask for."""
    while events.dispatch():
        pass
    found = SyncLog.objects.filter(integration=both.integration).order_by("rank")
    return list(found.values_list("stream", "pulls", "pushes", "trigger"))


@pytest.fixture
def quiet(both: BothSides) -> BothSides:
    """What connecting told was heard already."""
    assert told(both) == []
    return both


def test_a_change_asks_for_a_push_of_its_own_stream(quiet: BothSides) -> None:
    quiet.contact("Ana Cruz")

    assert told(quiet) == [("customers", False, True, "realtime")]


def test_many_changes_ask_for_one_run(quiet: BothSides) -> None:
    for number in range(5):
        quiet.contact(f"Customer {number}")

    assert told(quiet) == [("customers", False, True, "realtime")]


def test_the_kind_of_record_decides_the_stream(quiet: BothSides) -> None:
    quiet.contact("Parts Depot", kind="vendor")
    quiet.contact("Only Asking", kind="lead")

    assert told(quiet) == [("vendors", False, True, "realtime")]


@pytest.mark.parametrize(
    "setting", [{"schedule": "hourly"}, {"enabled": False}, {"direction": "pull"}, {"schedule": "manual"}]
)
def test_a_stream_that_is_not_kept_at_once_waits(quiet: BothSides, setting: dict[str, object]) -> None:
    quiet.configure("customers", **setting)
    quiet.contact("Ana Cruz")

    assert told(quiet) == []


def test_a_paused_integration_is_not_woken(quiet: BothSides) -> None:
    lifecycle.pause(quiet.integration, quiet.person)
    quiet.contact("Ana Cruz")

    assert told(quiet) == []


def test_what_an_integration_brought_in_does_not_wake_it_again(quiet: BothSides) -> None:
    quiet.customer_there("Ana Cruz")
    quiet.sync("customers")
    SyncLog.objects.all().delete()

    assert told(quiet) == []


def test_what_one_integration_brought_in_goes_out_through_another(
    simulator: RunningSimulator, quiet: BothSides
) -> None:
    other = connected(simulator, CA_REALM, name="Elsewhere", email="other@example.com")
    type(other.integration).objects.filter(pk=other.integration.pk).update(dealership=quiet.dealership)
    type(other.integration.configs.get(stream="customers")).objects.filter(integration=other.integration).update(
        dealership=quiet.dealership
    )
    quiet.customer_there("Ana Cruz")
    quiet.sync("customers")

    assert ("customers", False, True, "realtime") in told(other)


def test_a_person_and_the_integration_changing_the_same_record_ask_for_a_push(quiet: BothSides) -> None:
    ana = quiet.contact("Ana Cruz")
    records.update(ana, {"phone": "555-0100"}, actor=Actor.integration(quiet.integration.pk, "QuickBooks"))

    assert told(quiet) == [("customers", False, True, "realtime")]


def test_a_deletion_is_told_too(quiet: BothSides) -> None:
    ana = quiet.contact("Ana Cruz")
    quiet.sync("customers")
    told(quiet)
    SyncLog.objects.all().delete()
    ana.refresh_from_db()
    records.delete(ana, actor=quiet.person)

    assert told(quiet) == [("customers", False, True, "realtime")]


def test_from_the_save_to_the_provider_without_anybody_asking(quiet: BothSides, drain_queue: Drain) -> None:
    quiet.contact("Ana Cruz")
    told(quiet)

    ran = drain_queue()

    assert ran == [runs.WORK_TASK]
    assert [row["DisplayName"] for row in quiet.there("Customer")] == ["Ana Cruz"]
    assert told(quiet) == [("customers", False, True, "realtime")]
