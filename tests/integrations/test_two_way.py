"""Both sides come out the same, whoever changed what, and then nothing goes back and forth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from dealership import records
from dealership.models import Contact, Expense, Invoice, Payment
from integrations.models import SyncItem, SyncLog
from tests.integrations.sync_cases import BothSides, counts, items, line, line_there, statuses

Status = SyncLog.Status


def phone(both: BothSides, contact: Contact) -> tuple[str, str]:
    """Here and there."""
    contact.refresh_from_db()
    there = both.row("Customer", both.link(contact).remote_id)
    return contact.phone, there.get("PrimaryPhone", {}).get("FreeFormNumber", "")


def changed_on_both_sides(both: BothSides, *, here_is_later: bool = True) -> Contact:
    """Ana's phone: 0100 agreed, 0111 here, 0222 there, an hour apart."""
    ana = both.contact("Ana Cruz", phone="555-0100")
    both.sync("customers")
    both.simulator.settings(clock_offset_seconds=1800)
    both.change_there("Customer", both.link(ana).remote_id, PrimaryPhone={"FreeFormNumber": "555-0222"})
    at = timezone.now() + timedelta(seconds=3600 if here_is_later else 1)
    with time_machine.travel(at):
        both.change(ana, phone="555-0111")
    return ana


def test_the_first_sync_links_what_both_sides_have_and_doubles_nothing(both: BothSides) -> None:
    ana = both.contact("Ana Cruz", city="Austin")
    both.contact("Omar Haddad")
    both.invoice(ana, "1045", "100.00")
    theirs = both.customer_there("Ana Cruz", PrimaryPhone={"FreeFormNumber": "555-0222"})
    both.customer_there("Lucie Tremblay")
    both.invoice_there(theirs, "1045", 100.0)

    ended = both.sync("customers", "invoices")

    assert statuses(ended) == {Status.SUCCEEDED}
    names = ["Ana Cruz", "Lucie Tremblay", "Omar Haddad"]
    assert list(Contact.objects.order_by("display_name").values_list("display_name", flat=True)) == names
    assert sorted(row["DisplayName"] for row in both.there("Customer")) == names
    assert (Invoice.objects.count(), len(both.there("Invoice"))) == (1, 1)
    ana.refresh_from_db()
    assert (ana.city, ana.phone) == ("Austin", "555-0222")
    there = both.row("Customer", theirs["Id"])
    assert (there["BillAddr"]["City"], there["PrimaryPhone"]["FreeFormNumber"]) == ("Austin", "555-0222")
    assert ("linked", "Ana Cruz") in items(ended)


def test_a_second_sync_of_everything_changes_and_writes_nothing(both: BothSides) -> None:
    ana = both.contact("Ana Cruz", email="ana@example.com")
    both.payment(both.invoice(ana, "INV-1"), "40.00")
    both.expense(vendor_id=both.contact("Parts Depot", kind="vendor").pk)
    theirs = both.invoice_there(both.customer_there("Lucie Tremblay"), "1045")
    both.payment_there(theirs, 60.0)
    both.sync()
    before = both.writes()
    versions = list(Invoice.objects.order_by("pk").values_list("version", flat=True))

    second, third = both.sync(), both.sync()

    assert statuses([*second, *third]) == {Status.SUCCEEDED}
    assert (counts(second), counts(third), both.writes()) == ({}, {}, before)
    assert list(Invoice.objects.order_by("pk").values_list("version", flat=True)) == versions
    assert not SyncItem.objects.filter(run__in=[*second, *third]).exists()


def test_fields_changed_on_different_sides_meet_without_a_conflict(both: BothSides) -> None:
    ana = both.contact("Ana Cruz", phone="555-0100", city="Austin")
    both.sync("customers")
    remote_id = both.link(ana).remote_id
    both.change(ana, phone="555-0111")
    both.change_there("Customer", remote_id, GivenName="Ana", Notes="Prefers mornings")

    ended = both.sync("customers")

    assert counts(ended) == {"updated": 1, "sent_updated": 1}
    ana.refresh_from_db()
    assert (ana.phone, ana.first_name, ana.notes, ana.city) == ("555-0111", "Ana", "Prefers mornings", "Austin")
    there = both.row("Customer", remote_id)
    assert (there["PrimaryPhone"]["FreeFormNumber"], there["GivenName"]) == ("555-0111", "Ana")
    assert counts(both.sync("customers")) == {}


def test_a_merge_of_a_run_that_only_pulls_still_goes_back(both: BothSides) -> None:
    ana = both.contact("Ana Cruz")
    both.sync("customers")
    both.change(ana, phone="555-0111")
    both.change_there("Customer", both.link(ana).remote_id, GivenName="Ana")

    ended = both.sync("customers", push=False)

    assert counts(ended) == {"updated": 1, "sent_updated": 1}
    assert phone(both, ana) == ("555-0111", "555-0111")


@pytest.mark.parametrize(
    ("policy", "here_is_later", "winner"),
    [
        ("latest_wins", True, "555-0111"),
        ("latest_wins", False, "555-0222"),
        ("ours", False, "555-0111"),
        ("theirs", True, "555-0222"),
    ],
)
def test_the_same_field_changed_on_both_sides_is_decided_by_the_policy(
    both: BothSides, policy: str, here_is_later: bool, winner: str
) -> None:
    both.configure("customers", conflict_policy=policy)
    ana = changed_on_both_sides(both, here_is_later=here_is_later)

    first, second = both.sync("customers"), both.sync("customers")

    assert phone(both, ana) == (winner, winner)
    assert counts(first)["conflicted"] == 1
    assert counts(second) == {}
    item = SyncItem.objects.get(outcome=SyncItem.Outcome.CONFLICT)
    assert item.detail == "phone: '555-0111' here, '555-0222' there"
    assert item.code == ("ours" if winner == "555-0111" else "theirs")


def test_a_change_there_between_reading_and_writing_is_merged_and_not_overwritten(both: BothSides) -> None:
    ana = both.contact("Ana Cruz", phone="555-0100")
    both.sync("customers")
    both.change(ana, phone="555-0111")
    # The pull is left out, as if it had come just before this.
    both.change_there("Customer", both.link(ana).remote_id, GivenName="Ana")

    ended = both.sync("customers", pull=False)

    assert counts(ended) == {"updated": 1, "sent_updated": 1}
    ana.refresh_from_db()
    there = both.row("Customer", both.link(ana).remote_id)
    assert (ana.first_name, there["GivenName"]) == ("Ana", "Ana")
    assert phone(both, ana) == ("555-0111", "555-0111")


def test_lines_changed_here_and_a_payment_there_leave_the_right_balance(both: BothSides) -> None:
    invoice = both.invoice(both.contact(), "INV-1", "100.00")
    both.sync()
    both.payment_there(both.there("Invoice")[0], 30.0)
    both.change(invoice, lines=[line("150.00")])

    between = both.sync("invoices", push=False)
    invoice.refresh_from_db()

    assert counts(between) == {"updated": 1, "sent_updated": 1}
    assert (invoice.total, invoice.balance) == (150, 120)
    assert both.there("Invoice")[0]["Balance"] == 120.0
    assert [kind for kind, actor in both.events(invoice) if actor == "integration"] == ["invoice.updated"]


def test_lines_refused_there_leave_our_totals_as_ours(both: BothSides) -> None:
    invoice = both.invoice(both.contact(), "INV-1", "100.00")
    both.sync()
    both.payment_there(both.there("Invoice")[0], 80.0)
    both.change(invoice, lines=[line("50.00")])

    ended = both.sync("invoices")

    assert counts(ended) == {"updated": 1, "rejected": 1}
    invoice.refresh_from_db()
    assert (invoice.total, invoice.balance, invoice.status) == (50, -30, "paid")


def test_lines_changed_on_both_sides_are_taken_whole_from_one(both: BothSides) -> None:
    both.configure("invoices", conflict_policy="theirs")
    invoice = both.invoice(both.contact(), "INV-1", "100.00")
    both.sync("invoices")
    both.change(invoice, lines=[line("150.00")])
    both.change_there("Invoice", both.link(invoice).remote_id, Line=[line_there(120.0), line_there(30.5, "Wax")])

    ended = both.sync("invoices")

    assert counts(ended) == {"updated": 1, "conflicted": 1}
    invoice.refresh_from_db()
    assert [row.amount for row in invoice.lines.all()] == [120, Decimal("30.50")]
    assert (invoice.total, invoice.balance) == (Decimal("150.50"), Decimal("150.50"))


def test_an_invoice_voided_here_and_changed_there_is_void_on_both_sides(both: BothSides) -> None:
    invoice = both.invoice(both.contact(), "INV-1")
    both.sync("invoices")
    invoice.refresh_from_db()
    records.void(invoice, actor=both.person)
    both.change_there("Invoice", both.link(invoice).remote_id, CustomerMemo={"value": "Thank you"})

    between = both.sync("invoices")

    invoice.refresh_from_db()
    assert (invoice.status, invoice.total, invoice.balance, invoice.memo) == ("void", 100, 0, "Thank you")
    assert both.there("Invoice")[0]["TotalAmt"] == 0.0
    assert counts(between) == {"updated": 1, "sent_updated": 1}
    assert counts(both.sync("invoices")) == {}


def test_a_customer_deleted_here_and_changed_there_still_goes_inactive_there(both: BothSides) -> None:
    ana = both.contact("Ana Cruz")
    both.sync("customers")
    ana.refresh_from_db()
    records.delete(ana, actor=both.person)
    both.change_there("Customer", both.link(ana).remote_id, GivenName="Ana")

    ended = both.sync("customers")

    assert counts(ended) == {"updated": 1, "sent_updated": 1}
    assert both.there("Customer")[0]["Active"] is False
    ana.refresh_from_db()
    assert ana.deleted_at is not None
    assert counts(both.sync("customers")) == {}


def test_an_invoice_deleted_here_and_changed_there_still_goes_void_there(both: BothSides) -> None:
    invoice = both.invoice(both.contact(), "INV-1")
    both.sync("invoices")
    invoice.refresh_from_db()
    records.delete(invoice, actor=both.person)
    both.change_there("Invoice", both.link(invoice).remote_id, CustomerMemo={"value": "Thank you"})

    both.sync("invoices")

    assert both.there("Invoice")[0]["TotalAmt"] == 0.0
    assert counts(both.sync("invoices")) == {}


def test_an_invoice_deleted_on_both_sides_stays_deleted(both: BothSides) -> None:
    invoice = both.invoice(both.contact(), "INV-1")
    both.sync("invoices")
    invoice.refresh_from_db()
    records.delete(invoice, actor=both.person)
    both.end_there("Invoice", both.link(invoice).remote_id, "delete")

    first, second = both.sync("invoices"), both.sync("invoices")

    assert (counts(first), counts(second)) == ({}, {})
    invoice.refresh_from_db()
    assert invoice.deleted_at is not None


def test_what_a_listing_missed_is_brought_back_and_not_voided_there(
    both: BothSides, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoice = both.invoice(both.contact(), "INV-1")
    both.sync("invoices")
    both.configure("invoices", cursor_at=timezone.now() - timedelta(days=40))
    with monkeypatch.context() as patch:
        patch.setattr(both.integration.connector_class, "list_ids", lambda self, stream: iter([[]]))
        both.sync("invoices")
    invoice.refresh_from_db()
    deleted_at = invoice.deleted_at
    both.change_there("Invoice", both.link(invoice).remote_id, CustomerMemo={"value": "Thank you"})

    both.sync("invoices")

    invoice.refresh_from_db()
    assert (deleted_at is not None, invoice.deleted_at, invoice.memo) == (True, None, "Thank you")
    assert both.there("Invoice")[0]["TotalAmt"] == 100.0


def test_a_payment_changed_there_moves_its_part_to_another_invoice(both: BothSides) -> None:
    ana = both.customer_there()
    first, second = both.invoice_there(ana, "1045"), both.invoice_there(ana, "1046")
    payment = both.payment_there(first)
    both.sync()
    moved = {"Amount": 100.0, "LinkedTxn": [{"TxnId": second["Id"], "TxnType": "Invoice"}]}
    both.change_there("Payment", payment["Id"], TotalAmt=100.0, Line=[moved])

    both.sync()

    assert Payment.objects.get().allocations.get().invoice.number == "1046"
    balances = dict(Invoice.objects.values_list("number", "balance"))
    assert balances == {"1045": 100, "1046": 0}
    assert counts(both.sync()) == {}


def test_a_bill_changed_on_both_sides_keeps_lines_and_total_together(both: BothSides) -> None:
    both.sync("accounts")
    bill = both.expense("60.40", vendor_id=both.contact("Parts Depot", kind="vendor").pk)
    both.sync("bills")
    both.change(bill, description="For the red one")
    lines = both.there("Bill")[0]["Line"]
    both.change_there("Bill", both.link(bill).remote_id, Line=[{**lines[0], "Amount": 70.0}])

    both.sync("bills")

    here = Expense.objects.get()
    assert (here.total, here.description) == (70, "For the red one")
    assert [row.amount for row in here.lines.all()] == [70]
    assert both.there("Bill")[0]["PrivateNote"].startswith("For the red one")
    assert counts(both.sync("bills")) == {}


def test_a_change_in_the_second_of_the_last_sync_is_not_lost(both: BothSides) -> None:
    moment = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
    both.simulator.settings(clock_offset_seconds=int((moment - timezone.now()).total_seconds()))
    ana = both.customer_there("Ana Cruz")
    both.sync("customers")
    both.change_there("Customer", ana["Id"], GivenName="Ana")

    both.sync("customers")

    assert both.record_of("customers", ana).first_name == "Ana"
