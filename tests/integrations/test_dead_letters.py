"""A record set aside has one open letter, which a person retries or dismisses; what goes through closes it."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from dealership.models import Contact, Event, Invoice
from integrations import dead_letters
from integrations.models import DeadLetter, SyncItem, SyncLog
from tests.integrations.sync_cases import BothSides, counts

Status = DeadLetter.Status


def refused_here(both: BothSides) -> Contact:
    """Ana's address is refused there."""
    ana = both.contact("Ana Cruz", email="not an address")
    both.sync("customers")
    return ana


def test_it_says_what_happened_in_letter_item_and_event(both: BothSides) -> None:
    ana = refused_here(both)

    letter = both.letter()
    item = SyncItem.objects.get(outcome=SyncItem.Outcome.SET_ASIDE)
    event = Event.objects.get(type="record.dead_lettered")
    assert (letter.local_id, letter.label, letter.code, letter.status) == (ana.pk, "Ana Cruz", "2210", Status.OPEN)
    assert letter.reason == "QuickBooks does not accept the e-mail address."
    assert letter.next_step == "Correct it, then retry."
    assert (item.local_id, item.detail, item.next_step) == (ana.pk, letter.reason, letter.next_step)
    assert (event.record_id, event.changes) == (ana.pk, {"reason": letter.reason, "dead_letter": str(letter.pk)})


def test_a_retry_of_what_is_still_wrong_counts_the_try_and_stays_open(both: BothSides) -> None:
    refused_here(both)

    assert dead_letters.replay(both.letter())
    asked = both.letter().status
    both.work()

    letter = both.letter()
    assert (asked, letter.status, letter.tries) == (Status.REPLAYED, Status.OPEN, 2)
    assert Event.objects.filter(type="record.dead_lettered").count() == 1


def test_a_retry_sends_it_once_what_was_wrong_there_is_right(both: BothSides) -> None:
    supplier = both.create_there("Vendor", DisplayName="Ana Cruz")
    both.contact("Ana Cruz")
    both.sync("customers")
    both.change_there("Vendor", supplier["Id"], DisplayName="Ana Cruz Parts")

    dead_letters.replay(both.letter())
    both.work()

    assert both.letter().status == Status.RESOLVED
    assert [row["DisplayName"] for row in both.there("Customer")] == ["Ana Cruz"]
    assert SyncLog.objects.order_by("created_at").last().trigger == "manual"  # type: ignore[union-attr]


def test_a_retry_brings_in_what_was_refused_here(both: BothSides) -> None:
    ours = both.invoice(both.contact("Omar Haddad"), "1045", "20.00", status="draft")
    theirs = both.invoice_there(both.customer_there("Ana Cruz"), "1045", 300.0)
    both.sync("invoices", push=False)
    letter = both.letter()
    both.change(ours, number="D-1")

    dead_letters.replay(letter)
    both.work()

    assert (letter.direction, both.letter().status) == ("pull", Status.RESOLVED)
    assert both.record_of("invoices", theirs).number == "1045"
    assert Invoice.objects.count() == 2


def test_a_retry_of_what_is_gone_there_closes_the_letter(both: BothSides) -> None:
    both.invoice(both.contact("Omar Haddad"), "1045", "20.00", status="draft")
    theirs = both.invoice_there(both.customer_there("Ana Cruz"), "1045", 300.0)
    both.sync("invoices", push=False)
    both.end_there("Invoice", theirs["Id"], "delete")

    dead_letters.replay(both.letter())
    both.work()

    assert both.letter().status == Status.RESOLVED
    assert Invoice.objects.count() == 1


def test_what_is_still_refused_on_its_way_in_stays_open(both: BothSides) -> None:
    both.invoice(both.contact("Omar Haddad"), "1045", "20.00", status="draft")
    both.invoice_there(both.customer_there("Ana Cruz"), "1045", 300.0)
    both.sync("invoices", push=False)

    dead_letters.replay(both.letter())
    both.work()

    letter = both.letter()
    assert (letter.status, letter.tries, Invoice.objects.count()) == (Status.OPEN, 2, 1)


def test_a_dismissed_letter_stays_closed_until_the_record_changes(both: BothSides) -> None:
    ana = refused_here(both)
    assert dead_letters.dismiss(both.letter())

    unchanged = both.sync("customers")
    both.change(ana, phone="555-0100")
    changed = both.sync("customers")

    assert (counts(unchanged), counts(changed)) == ({}, {"rejected": 1})
    assert sorted(DeadLetter.objects.values_list("status", flat=True)) == [Status.DISMISSED, Status.OPEN]


def test_a_closed_letter_is_neither_retried_nor_dismissed_again(both: BothSides) -> None:
    refused_here(both)
    letter = both.letter()
    dead_letters.dismiss(letter)

    assert not dead_letters.replay(letter)
    assert not dead_letters.dismiss(letter)
    assert SyncLog.objects.count() == 1


def test_a_record_has_one_open_letter_a_direction(both: BothSides) -> None:
    refused_here(both)
    letter = both.letter()
    letter.pk = None

    with pytest.raises(IntegrityError), transaction.atomic():
        letter.save(force_insert=True)


def test_what_waited_for_its_customer_goes_when_the_customer_went(both: BothSides) -> None:
    ana = both.contact("Ana Cruz", email="not an address")
    both.invoice(ana, "INV-1")
    both.sync("customers", "invoices")
    both.change(ana, email="ana@example.com")

    both.sync("customers", push=True)

    assert [row["DocNumber"] for row in both.there("Invoice")] == ["INV-1"]
    assert set(DeadLetter.objects.values_list("status", flat=True)) == {Status.RESOLVED}
