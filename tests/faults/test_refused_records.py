"""Records that one side cannot take: set aside with the sentence that says what to do, while the others go on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from dealership import records
from dealership.models import Account, Expense, Invoice
from integrations import dead_letters
from integrations.models import DeadLetter, SyncLog
from tests.faults.accounts import Books
from tests.faults.databases import SQLITE
from tests.faults.hub import Hub, invoice_values

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]
ENGINES = (SQLITE,)


def test_a_vendor_with_a_customers_name_is_set_aside_until_it_is_renamed_here(hub: Hub) -> None:
    hub.simulator.write("Customer", {"DisplayName": "Capital Parts"})
    vendors = hub.customers(30, prefix="Vendor", kind="vendor")
    taken = vendors[12]
    hub.change(taken, display_name="Capital Parts")
    hub.connect()
    hub.start_worker()
    hub.rest()

    letter = DeadLetter.objects.get()
    run = SyncLog.objects.get(stream="vendors", status=SyncLog.Status.PARTIAL)
    assert letter.reason == "“Capital Parts” is already the name of a customer in QuickBooks."
    assert letter.next_step == "Change the display name here or there, then retry."
    assert (letter.stream, letter.local_id, letter.status) == ("vendors", taken.pk, "open")
    assert (run.sent_created, run.rejected) == (29, 1)
    assert len(hub.simulator.entities("Vendor")) == 29

    hub.change(taken, display_name="Capital Parts Ltd")
    hub.rest()

    letter.refresh_from_db()
    assert letter.status == "resolved"
    assert hub.account() == {"customers": Books(1), "vendors": Books(30)}


def test_what_waits_for_a_refused_record_follows_when_that_one_is_corrected(hub: Hub) -> None:
    hub.simulator.write("Customer", {"DisplayName": "Capital Parts"})
    hub.connect()
    hub.start_worker()
    hub.rest()
    vendor = hub.customers(1, prefix="Vendor", kind="vendor")[0]
    hub.change(vendor, display_name="Capital Parts")
    line = {"account_id": Account.objects.get(name="Fuel").pk, "description": "Diesel", "amount": Decimal("41.30")}
    values = {"vendor_id": vendor.pk, "issued_on": date(2026, 5, 4), "currency": "USD", "lines": [line]}
    records.create(Expense, hub.dealership, values, actor=hub.actor)
    hub.rest()
    assert sorted(letter.stream for letter in hub.letters()) == ["bills", "vendors"]

    hub.change(vendor, display_name="Capital Parts Ltd")
    hub.rest()

    assert hub.letters() == []
    assert hub.account() == {"customers": Books(1), "vendors": Books(1), "bills": Books(1, Decimal("41.30"))}


def test_a_number_that_is_too_long_is_set_aside_and_sent_by_itself_once_it_is_shorter(hub: Hub) -> None:
    contact = hub.customers(1)[0]
    hub.invoices([contact], 10)
    values = invoice_values(contact, "A-NUMBER-OF-23-LETTERS1", Decimal("50.00"))
    long = records.create(Invoice, hub.dealership, values, actor=hub.actor)
    hub.connect()
    hub.start_worker()
    hub.rest()

    letter = DeadLetter.objects.get()
    assert letter.reason == "The number has 23 characters; QuickBooks takes 21."
    assert letter.next_step == "Shorten it, then retry."
    assert (letter.amount, letter.currency) == (Decimal("50.00"), "USD")
    assert set(hub.outcomes()) == {"succeeded", "partial"}
    assert hub.outcomes()["partial"] == 1

    # A second sync does not ask again for what is known to be refused.
    before = hub.writes()
    hub.sync()
    assert hub.writes() == before
    hub.change(long, number="A-SHORTER-NUMBER")
    hub.rest()

    letter.refresh_from_db()
    assert letter.status == "resolved"
    assert hub.account() == {"customers": Books(1), "invoices": Books(11, Decimal("315.45"))}


def test_two_invoices_of_one_number_are_told_apart_and_never_merged(hub: Hub) -> None:
    """The same number on both sides with other amounts is a clash: named on both ways, nothing overwritten."""
    theirs = hub.simulator.write("Customer", {"DisplayName": "Bluebird Courier"})
    detail = {"ItemRef": {"value": "1"}, "Qty": 1, "UnitPrice": 75, "TaxCodeRef": {"value": "NON"}}
    line = {"DetailType": "SalesItemLineDetail", "Amount": 75, "SalesItemLineDetail": detail}
    invoice = {"CustomerRef": {"value": theirs["Id"]}, "DocNumber": "INV-00001", "Line": [line]}
    hub.simulator.write("Invoice", invoice)
    mine = hub.invoices(hub.customers(1), 2)
    hub.connect()
    hub.start_worker()
    hub.rest()

    assert {letter.stream for letter in hub.letters()} == {"invoices"}
    assert sorted(letter.direction for letter in hub.letters()) == ["pull", "push"]
    assert [Decimal(str(raw["TotalAmt"])) for raw in hub.simulator.entities("Invoice")] == [Decimal(75), mine[1].total]

    hub.change(mine[0], number="INV-00003")
    hub.rest()
    for letter in hub.letters():
        dead_letters.replay(letter)
    hub.rest()

    assert hub.letters() == []
    assert hub.account() == {"customers": Books(2), "invoices": Books(3, Decimal(75) + mine[0].total + mine[1].total)}
