"""Both sides work on the same records at once: edits that meet, edits during paging, equal times, deletions, voids."""

from __future__ import annotations

from decimal import Decimal

import pytest

from dealership import records
from dealership.models import Contact, Invoice, Payment
from integrations.models import RecordLink, SyncItem, SyncLog
from tests.faults.accounts import Books
from tests.faults.databases import BOTH
from tests.faults.hub import Hub
from tests.faults.processes import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]
ENGINES = BOTH


def in_step(hub: Hub, customers: int = 3, invoices: int = 3) -> tuple[list[Contact], list[Invoice]]:
    contacts = hub.customers(customers)
    made = hub.invoices(contacts, invoices)
    hub.connect()
    hub.start_worker()
    hub.rest()
    return contacts, made


def test_edits_of_different_fields_are_merged_and_of_one_field_the_later_wins(hub: Hub) -> None:
    (merged, ours_later, theirs_later), _ = in_step(hub)
    hub.stop_worker()
    hub.change(merged, phone="(613) 555-0101")
    hub.change_there("Customer", hub.remote_id(merged), BillAddr={"City": "Gatineau"})
    hub.change(theirs_later, phone="(613) 555-0103")
    hub.tick_of_the_provider()
    hub.change_there("Customer", hub.remote_id(theirs_later), PrimaryPhone={"FreeFormNumber": "(819) 555-0103"})
    hub.change_there("Customer", hub.remote_id(ours_later), PrimaryPhone={"FreeFormNumber": "(819) 555-0102"})
    hub.tick_of_the_provider()
    hub.change(ours_later, phone="(613) 555-0102")

    hub.start_worker()
    hub.sync()

    values = Contact.objects.in_bulk([merged.pk, ours_later.pk, theirs_later.pk])
    assert (values[merged.pk].phone, values[merged.pk].city) == ("(613) 555-0101", "Gatineau")
    assert values[ours_later.pk].phone == "(613) 555-0102"
    assert values[theirs_later.pk].phone == "(819) 555-0103"
    assert SyncItem.objects.filter(outcome=SyncItem.Outcome.CONFLICT).count() == 2
    assert hub.account()["customers"] == Books(3)


def test_a_stale_version_is_read_again_and_merged(hub: Hub) -> None:
    """A push that meets a change there which no pull has brought yet."""
    contacts, _ = in_step(hub)
    hub.change_there("Customer", hub.remote_id(contacts[0]), Notes="Calls in the morning")

    hub.change(contacts[0], city="Ottawa")
    hub.rest()

    contacts[0].refresh_from_db()
    assert (contacts[0].city, contacts[0].notes) == ("Ottawa", "Calls in the morning")
    assert hub.account()["customers"] == Books(3)


def test_equal_times_and_edits_during_paging_lose_nothing(hub: Hub) -> None:
    """2,500 customers of one second, over three pages; between the pages some change, come and go on both sides."""
    hub.simulator.seed("Customer", 2500)
    hub.simulator.settings(latency_ms=300)
    hub.connect()
    hub.start_worker()
    wait_until(
        lambda: SyncLog.objects.filter(stream="customers", pages=1).exists(), seconds=60, what="one page has been read"
    )

    for number in range(5):
        hub.change_there("Customer", str(1 + number), Notes=f"Edited {number}")
        hub.change_there("Customer", str(2400 + number), Active=False)
        hub.simulator.write("Customer", {"DisplayName": f"New there {number}"})
    hub.change(hub.local("customers", "7"), city="Ottawa")
    hub.customers(5, prefix="Here")
    hub.simulator.settings(latency_ms=0)
    hub.rest(seconds=90)
    hub.sync()

    assert hub.account() == {"customers": Books(2510)}
    assert Contact.objects.filter(active=False).count() == 5
    assert RecordLink.objects.filter(stream="customers").count() == 2510


def test_what_is_deleted_there_is_set_to_deleted_here(hub: Hub) -> None:
    _, invoices = in_step(hub, invoices=12)
    gone = invoices[4]
    hub.simulator.write("Invoice", {"Id": hub.remote_id(gone)}, operation="delete")

    hub.sync()

    gone.refresh_from_db()
    assert gone.deleted_at is not None
    assert hub.account()["invoices"].count == 11
    assert len(hub.simulator.entities("Invoice")) == 11


def test_voids_travel_both_ways(hub: Hub) -> None:
    _, (ours, theirs, kept) = in_step(hub)
    paid = hub.payments([kept])[0]
    hub.rest()

    records.void(Invoice.objects.get(pk=ours.pk), actor=hub.actor)
    records.void(Payment.objects.get(pk=paid.pk), actor=hub.actor)
    hub.simulator.write("Invoice", {"Id": hub.remote_id(theirs)}, operation="void")
    hub.rest()
    hub.sync()

    voided = Invoice.objects.filter(status=Invoice.Status.VOID)
    assert {row.pk: row.total for row in voided} == {ours.pk: ours.total, theirs.pk: theirs.total}
    assert [raw["TotalAmt"] for raw in hub.simulator.entities("Invoice")].count(0) == 2
    kept.refresh_from_db()
    assert (kept.status, kept.balance) == ("open", kept.total)
    assert hub.account() == {"customers": Books(3), "invoices": Books(3, kept.total), "payments": Books(1, Decimal(0))}


def test_a_customer_deleted_here_is_inactive_there_and_comes_back_with_its_restore(hub: Hub) -> None:
    contacts, _ = in_step(hub)
    records.delete(Contact.objects.get(pk=contacts[0].pk), actor=hub.actor)
    hub.rest()
    inactive = [raw["Active"] for raw in hub.simulator.entities("Customer")].count(False)

    records.restore(Contact.objects.get(pk=contacts[0].pk), actor=hub.actor)
    hub.rest()

    assert inactive == 1
    assert [raw["Active"] for raw in hub.simulator.entities("Customer")].count(False) == 0
    assert hub.account()["customers"] == Books(3)
