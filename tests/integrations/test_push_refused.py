"""What the provider refuses waits for a person, with the reason and the next step; nothing else waits for it."""

from __future__ import annotations

from dealership import records
from dealership.events import Actor
from integrations.models import DeadLetter, RecordLink, SyncLog
from tests.integrations.sync_cases import BothSides, counts

Status = SyncLog.Status


def test_a_bill_deleted_here_asks_a_person_as_it_cannot_be_voided_from_outside(both: BothSides) -> None:
    both.sync("accounts")
    bill = both.expense(vendor_id=both.contact("Parts Depot", kind="vendor").pk)
    both.sync("bills")
    bill.refresh_from_db()
    records.delete(bill, actor=both.person)

    first, second = both.sync("bills"), both.sync("bills")

    assert (counts(first), counts(second)) == ({"rejected": 1}, {})
    assert both.there("Bill")[0]["TotalAmt"] == 60.4
    assert both.letter().next_step == "Void or delete it in QuickBooks; the next run takes that over."


def test_a_refused_record_is_set_aside_once_and_the_others_go_on(both: BothSides) -> None:
    both.contact("Ana Cruz", email="not an address")
    both.contact("Omar Haddad")

    first = both.sync("customers")
    before = both.writes()
    second = both.sync("customers")

    assert (first[0].status, counts(first)) == (Status.PARTIAL, {"sent_created": 1, "rejected": 1})
    assert (second[0].status, counts(second), both.writes()) == (Status.SUCCEEDED, {}, before)
    letter = both.letter()
    assert (letter.label, letter.direction, letter.tries) == ("Ana Cruz", "push", 1)
    assert letter.next_step
    assert [row["DisplayName"] for row in both.there("Customer")] == ["Omar Haddad"]


def test_a_refused_record_goes_when_it_was_corrected(both: BothSides) -> None:
    ana = both.contact("Ana Cruz", email="not an address")
    both.sync("customers")
    both.change(ana, email="ana@example.com")

    ended = both.sync("customers")

    assert counts(ended) == {"sent_created": 1}
    assert both.letter().status == DeadLetter.Status.RESOLVED
    assert both.there("Customer")[0]["PrimaryEmailAddr"] == {"Address": "ana@example.com"}


def test_an_invoice_of_a_refused_customer_says_why_it_waits(both: BothSides) -> None:
    invoice = both.invoice(both.contact("Ana Cruz", email="not an address"), "INV-1")

    ended = both.sync("invoices")

    assert counts(ended) == {"rejected": 2}
    letter = DeadLetter.objects.get(local_id=invoice.pk)
    assert letter.reason.startswith("QuickBooks does not have what it refers to (customers). That record is set aside:")
    assert letter.amount == 100


def test_a_name_that_a_vendor_has_there_is_refused_in_words(both: BothSides) -> None:
    both.create_there("Vendor", DisplayName="Ana Cruz")
    both.contact("Ana Cruz")

    ended = both.sync("customers")

    assert counts(ended) == {"rejected": 1}
    assert both.letter().reason == "“Ana Cruz” is already the name of a vendor in QuickBooks."


def test_an_update_of_what_is_gone_there_is_set_aside(both: BothSides) -> None:
    invoice = both.invoice(both.contact(), "INV-1")
    both.sync("invoices")
    both.end_there("Invoice", both.link(invoice).remote_id, "delete")
    both.change(invoice, memo="Thank you")

    ended = both.sync("invoices", pull=False)

    assert counts(ended) == {"rejected": 1}
    assert both.letter().reason == "It no longer exists at the other side."


def test_a_parent_stream_that_is_switched_off_sends_no_parents(both: BothSides) -> None:
    both.configure("customers", direction="pull")
    both.invoice(both.contact("Ana Cruz"), "INV-1")

    ended = both.sync("invoices")

    assert counts(ended) == {"rejected": 1}
    assert both.there("Customer") == []


def test_three_writes_without_a_change_here_are_a_loop_and_stop(both: BothSides) -> None:
    ana = both.contact("Ana Cruz")
    both.sync("customers")
    RecordLink.objects.update(writes_since_change=3)
    ana.refresh_from_db()
    other = Actor.integration(both.integration.pk, "QuickBooks")
    records.update(ana, {"phone": "555-0199"}, actor=other)

    ended = both.sync("customers")

    assert counts(ended) == {"rejected": 1}
    assert both.letter().reason == "Lotbridge and QuickBooks keep changing it back and forth."
    assert both.row("Customer", both.link(ana).remote_id).get("PrimaryPhone") is None


def test_a_change_by_a_person_is_no_loop(both: BothSides) -> None:
    ana = both.contact("Ana Cruz")
    both.sync("customers")
    RecordLink.objects.update(writes_since_change=3)
    both.change(ana, phone="555-0199")

    ended = both.sync("customers")

    assert counts(ended) == {"sent_updated": 1}
    assert both.link(ana).writes_since_change == 0
