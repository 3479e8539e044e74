"""What is at the provider comes in whole, once, in the right order, and a bad record stops nothing else."""

from __future__ import annotations

import time
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from connectors.providers.quickbooks import queries
from dealership.models import Account, Contact, Event, Expense, Invoice, Payment
from integrations import dead_letters, engine, runs
from integrations.apply import Applier
from integrations.models import DeadLetter, RecordLink, SyncItem, SyncLog
from tests.integrations.sync_cases import BothSides, counts, items, line_there, statuses

Status = SyncLog.Status


@pytest.fixture
def pages_of_five(monkeypatch: pytest.MonkeyPatch) -> None:
    """QuickBooks' page and its cap of changes, both 1,000 in earnest."""
    monkeypatch.setattr(queries, "PAGE_SIZE", 5)


def long_ago(both: BothSides, stream: str) -> None:
    """Past the reach of change data capture: what is gone there is only seen in a complete listing."""
    both.configure(stream, cursor_at=timezone.now() - timedelta(days=40))


def test_the_first_pull_brings_in_every_kind_with_what_it_refers_to(both: BothSides) -> None:
    ana = both.customer_there("Ana Cruz")
    parts = both.create_there("Vendor", DisplayName="Parts Depot")
    invoice = both.invoice_there(ana, "1045", 250.0)
    both.payment_there(invoice, 250.0)
    shop = {"AccountRef": {"value": "15"}}
    cost = {"Amount": 60.4, "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": shop}
    both.create_there("Bill", VendorRef={"value": parts["Id"]}, Line=[cost])

    ended = both.sync()

    assert statuses(ended) == {Status.SUCCEEDED}
    assert counts(ended) == {"created": 19 + 5}
    here = Invoice.objects.get()
    assert (here.number, here.contact.display_name, here.total, here.status) == ("1045", "Ana Cruz", 250, "paid")
    allocation = Payment.objects.get().allocations.get()
    assert (allocation.invoice, allocation.amount) == (here, 250)
    bill = Expense.objects.get()
    assert bill.vendor == Contact.objects.get(kind="vendor")
    assert bill.lines.get().account == Account.objects.get(name="Vehicle Service Expense")


def test_a_change_there_arrives_signed_by_the_integration_with_what_was_before(both: BothSides) -> None:
    ana = both.customer_there("Ana Cruz", PrimaryPhone={"FreeFormNumber": "555-0100"})
    both.sync("customers")
    both.change_there("Customer", ana["Id"], PrimaryPhone={"FreeFormNumber": "555-0199"})

    ended = both.sync("customers")

    assert counts(ended) == {"updated": 1}
    here = both.record_of("customers", ana)
    assert (here.phone, here.version) == ("555-0199", 2)
    event = Event.objects.of_record("contact", here.pk).first()
    assert event is not None
    assert (event.type, event.actor_id, event.run_id) == ("contact.updated", both.integration.pk, ended[0].pk)
    assert event.changes == {"phone": ["555-0100", "555-0199"]}
    assert SyncItem.objects.get(run=ended[0]).before == {"phone": "555-0100"}


def test_an_invoice_that_was_paid_there_is_told_as_paid(both: BothSides) -> None:
    invoice = both.invoice_there(both.customer_there(), "1045")
    both.sync()
    both.payment_there(invoice)

    both.sync()

    here = both.record_of("invoices", invoice)
    assert (here.status, here.balance) == ("paid", 0)
    assert both.events(here) == [("invoice.created", "integration"), ("invoice.paid", "integration")]


def test_a_void_there_keeps_our_amounts_and_is_not_written_back(both: BothSides) -> None:
    invoice = both.invoice_there(both.customer_there(), "1045", 250.0)
    both.sync()
    both.end_there("Invoice", invoice["Id"], "void")

    first, second = both.sync("invoices"), both.sync("invoices")

    here = both.record_of("invoices", invoice)
    assert (here.status, here.total, here.balance) == ("void", 250, 0)
    assert [row.amount for row in here.lines.all()] == [Decimal("250.00")]
    assert (counts(first), counts(second)) == ({"updated": 1}, {})
    assert both.events(here)[-1] == ("invoice.voided", "integration")


def test_a_voided_payment_there_opens_its_invoice_again(both: BothSides) -> None:
    invoice = both.invoice_there(both.customer_there(), "1045")
    payment = both.payment_there(invoice)
    both.sync()
    both.end_there("Payment", payment["Id"], "void")

    both.sync()

    here = both.record_of("payments", payment)
    assert (here.status, here.amount) == ("void", 100)
    assert both.record_of("invoices", invoice).balance == 100
    assert counts(both.sync()) == {}


def test_a_deletion_there_deletes_softly_here(both: BothSides) -> None:
    invoice = both.invoice_there(both.customer_there(), "1045")
    both.sync()
    both.end_there("Invoice", invoice["Id"], "delete")

    first, second = both.sync(), both.sync()

    here = both.record_of("invoices", invoice)
    assert here.deleted_at is not None
    assert items(first) == [("deleted", "1045")]
    assert both.events(here)[-1] == ("invoice.deleted", "integration")
    assert (counts(first), counts(second)) == ({"updated": 1}, {})


def test_a_customer_made_inactive_there_is_inactive_here_under_its_own_name(both: BothSides) -> None:
    ana = both.customer_there("Ana Cruz")
    both.sync("customers")
    both.change_there("Customer", ana["Id"], Active=False)

    both.sync("customers")

    here = both.record_of("customers", ana)
    assert (here.display_name, here.active, here.deleted_at) == ("Ana Cruz", False, None)
    assert counts(both.sync("customers")) == {}


def test_an_invoice_whose_customer_is_not_here_brings_the_customer_along(both: BothSides) -> None:
    both.invoice_there(both.customer_there("Ana Cruz"), "1045")

    ended = both.sync("invoices")

    assert counts(ended) == {"created": 2}
    assert Invoice.objects.get().contact.display_name == "Ana Cruz"
    assert counts(both.sync("customers")) == {}


def test_more_pages_than_one_lose_nothing(both: BothSides, pages_of_five: None) -> None:
    for number in range(12):
        both.customer_there(f"Customer {number}")

    ended = both.sync("customers")

    assert counts(ended) == {"created": 12}
    assert ended[0].pages == 3
    assert Contact.objects.count() == 12


def test_a_run_whose_slice_is_over_goes_on_from_its_page(both: BothSides, pages_of_five: None) -> None:
    for number in range(12):
        both.customer_there(f"Customer {number}")
    runs.request(both.config("customers"), pull=True, push=True, trigger=SyncLog.Trigger.MANUAL)
    seen = []

    for _ in range(3):
        run = runs.claim_next(both.integration.pk)
        assert run is not None
        engine.work(run, deadline=time.monotonic())
        run.refresh_from_db()
        seen.append((run.status, run.pages, Contact.objects.count()))

    # The last slice was over before the push began; there is nothing to push, and the run ends.
    assert seen == [("queued", 1, 5), ("queued", 2, 9), ("succeeded", 3, 12)]
    assert SyncLog.objects.count() == 1


def test_a_page_that_fails_is_read_again_without_doubling_the_one_before(both: BothSides, pages_of_five: None) -> None:
    for number in range(8):
        both.customer_there(f"Customer {number}")
    both.simulator.faults("html", match="startposition(%20|\\+)[2-9]", value=200, times=1)

    ended = both.sync("customers")

    assert (ended[0].status, Contact.objects.count()) == (Status.FAILED, 5)
    assert counts(both.sync("customers")) == {"created": 3}
    assert Contact.objects.count() == 8


def test_more_changes_than_the_provider_tells_are_found_by_a_complete_listing(
    both: BothSides, pages_of_five: None
) -> None:
    ana = both.customer_there("Ana Cruz")
    gone = both.invoice_there(ana, "1045")
    kept = both.invoice_there(ana, "1046")
    both.sync()
    both.end_there("Invoice", gone["Id"], "delete")
    for number in range(7):
        both.invoice_there(ana, f"20{number}")

    ended = both.sync("invoices")

    assert counts(ended) == {"created": 7, "updated": 1}
    assert both.record_of("invoices", gone).deleted_at is not None
    assert both.record_of("invoices", kept).deleted_at is None
    assert Invoice.objects.present().count() == 8


def test_a_stream_that_was_not_read_for_a_month_finds_what_was_deleted(both: BothSides) -> None:
    ana = both.customer_there("Ana Cruz")
    rows = [both.invoice_there(ana, f"10{number}") for number in range(3)]
    both.sync()
    both.end_there("Invoice", rows[0]["Id"], "delete")
    long_ago(both, "invoices")

    ended = both.sync("invoices")

    assert counts(ended) == {"updated": 1}
    assert Invoice.objects.present().count() == 2


def test_too_many_deletions_at_once_delete_nothing_and_ask_a_person(both: BothSides) -> None:
    ana = both.customer_there("Ana Cruz")
    rows = [both.invoice_there(ana, f"10{number}") for number in range(12)]
    both.sync()
    for row in rows[:11]:
        both.end_there("Invoice", row["Id"], "delete")
    long_ago(both, "invoices")

    ended = both.sync("invoices")

    assert statuses(ended) == {Status.PARTIAL}
    assert Invoice.objects.present().count() == 12
    assert both.letter().reason.startswith("11 of 12 records are no longer listed there.")


def test_many_deletions_are_taken_over_once_a_person_says_so(both: BothSides) -> None:
    ana = both.customer_there("Ana Cruz")
    rows = [both.invoice_there(ana, f"10{number}") for number in range(12)]
    both.sync()
    for row in rows[:11]:
        both.end_there("Invoice", row["Id"], "delete")
    long_ago(both, "invoices")
    both.sync("invoices")
    letter = both.letter()

    assert dead_letters.replay(letter)
    both.work()

    assert Invoice.objects.present().count() == 1
    letter.refresh_from_db()
    assert letter.status == "resolved"


def test_a_second_object_with_the_same_number_is_set_aside_and_the_others_go_on(both: BothSides) -> None:
    ana = both.customer_there("Ana Cruz")
    both.invoice_there(ana, "1045", 100.0)
    second = both.invoice_there(ana, "1045", 300.0)
    both.invoice_there(ana, "1046", 50.0)

    ended = both.sync("invoices")

    assert statuses(ended) == {Status.PARTIAL}
    assert counts(ended) == {"created": 3, "rejected": 1}
    assert sorted(Invoice.objects.values_list("number", "total")) == [("1045", 100), ("1046", 50)]
    letter = both.letter()
    assert (letter.remote_id, letter.direction, letter.status) == (second["Id"], "pull", "open")
    assert letter.reason == "Another record here has the same number, with another customer or amount."
    assert letter.next_step == "Change the number on one of the two sides, then retry."


def test_what_is_set_aside_is_not_looked_at_again_until_it_changes(both: BothSides) -> None:
    ana = both.customer_there("Ana Cruz")
    both.invoice_there(ana, "1045")
    second = both.invoice_there(ana, "1045", 300.0)
    both.sync("invoices")

    unchanged = both.sync("invoices")
    both.change_there("Invoice", second["Id"], CustomerMemo={"value": "Thank you"})
    changed = both.sync("invoices")

    assert (statuses(unchanged), counts(unchanged)) == ({Status.SUCCEEDED}, {})
    assert (statuses(changed), counts(changed)) == ({Status.PARTIAL}, {"rejected": 1})
    assert both.letter().tries == 2


def test_a_number_that_is_used_here_for_something_else_is_set_aside(both: BothSides) -> None:
    both.invoice(both.contact("Omar Haddad"), "1045", "20.00")
    both.invoice_there(both.customer_there("Ana Cruz"), "1045", 300.0)

    ended = both.sync("invoices", push=False)

    assert counts(ended) == {"created": 1, "rejected": 1}
    assert Invoice.objects.get().total == 20
    assert not RecordLink.objects.filter(stream="invoices").exists()


def test_a_corrected_number_comes_in_and_closes_its_letter(both: BothSides) -> None:
    ana = both.customer_there("Ana Cruz")
    both.invoice_there(ana, "1045")
    second = both.invoice_there(ana, "1045", 300.0)
    both.sync("invoices")
    both.change_there("Invoice", second["Id"], DocNumber="1046")

    ended = both.sync("invoices")

    assert counts(ended) == {"created": 1}
    assert both.letter().status == DeadLetter.Status.RESOLVED


def test_accounts_only_come_in(both: BothSides) -> None:
    both.sync("accounts")
    account = Account.objects.get(name="Fuel")
    both.change(account, name="Petrol")

    ended = both.sync("accounts")

    assert counts(ended) == {}
    assert both.row("Account", both.link(account).remote_id)["Name"] == "Fuel"


def test_a_stream_that_only_comes_in_sends_nothing(both: BothSides) -> None:
    both.configure("customers", direction="pull")
    both.contact("Omar Haddad")
    both.customer_there("Ana Cruz")

    ended = both.sync("customers")

    assert counts(ended) == {"created": 1}
    assert (Contact.objects.count(), len(both.there("Customer"))) == (2, 1)


def test_a_change_on_both_sides_of_a_stream_that_only_comes_in_asks_for_no_push(both: BothSides) -> None:
    ana = both.customer_there("Ana Cruz")
    both.sync("customers")
    both.configure("customers", direction="pull")
    both.change(both.record_of("customers", ana), notes="Prefers mornings")
    both.change_there("Customer", ana["Id"], GivenName="Ana")

    ended = both.sync("customers")

    assert len(ended) == 1
    assert not both.config("customers").push_wanted
    here = both.record_of("customers", ana)
    assert (here.first_name, here.notes) == ("Ana", "Prefers mornings")


def test_a_record_that_somebody_changes_at_that_moment_is_read_again_and_merged(
    both: BothSides, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = both.customer_there("Ana Cruz")
    both.sync("customers")
    here = both.record_of("customers", ana)
    both.change_there("Customer", ana["Id"], GivenName="Ana")
    real = Applier._write_one
    interrupted: list[bool] = []

    def interrupt(self, one, link, record, ours, counts):  # type: ignore[no-untyped-def]
        if not interrupted:
            interrupted.append(True)
            Contact.objects.filter(pk=here.pk).update(version=2, notes="Prefers mornings")
        return real(self, one, link, record, ours, counts)

    monkeypatch.setattr(Applier, "_write_one", interrupt)
    both.sync("customers", push=False)

    here.refresh_from_db()
    assert interrupted == [True]
    assert here.first_name == "Ana"


def test_lines_there_become_lines_here(both: BothSides) -> None:
    lines = [line_there(150.0, "Labour"), line_there(45.5, "Oil filter")]
    invoice = both.invoice_there(both.customer_there(), "1045", Line=lines)

    both.sync("invoices")

    here = both.record_of("invoices", invoice)
    rows = list(here.lines.values_list("position", "description", "amount"))
    assert rows == [(1, "Labour", Decimal("150.00")), (2, "Oil filter", Decimal("45.50"))]
    assert (here.subtotal, here.total, here.balance) == (Decimal("195.50"),) * 3
