"""What is easy to get wrong: lost answers meeting human changes, tax, copies, numbers given by both sides."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from dealership import records
from dealership.forms.books import ExpenseForm
from dealership.forms.sales import InvoiceForm
from dealership.models import Contact, Invoice
from integrations import dead_letters, outcomes, runs
from integrations.models import DeadLetter, SyncConfig, SyncLog
from tests.integrations.sync_cases import BothSides, line

FORM_ROWS = {
    "lines-TOTAL_FORMS": "1",
    "lines-INITIAL_FORMS": "1",
    "lines-0-description": "Service",
    "lines-0-quantity": "1",
    "lines-0-unit_price": "100",
    "lines-0-tax_code": "",
    "taxes-TOTAL_FORMS": "0",
    "taxes-INITIAL_FORMS": "0",
}


@pytest.fixture
def lost_answers(both: BothSides, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The worker dies when it would store what the provider answered; `undo` brings the next one."""

    def die(*args: object) -> None:
        raise runs.LeaseLost

    monkeypatch.setattr(outcomes.Outcomes, "store", die)
    return monkeypatch


def next_worker(both: BothSides) -> None:
    SyncLog.objects.filter(status="running").update(status="queued", lease_token=None)
    both.work()


def test_tax_without_tax_codes_is_set_aside_and_nothing_is_changed_here(both: BothSides) -> None:
    tax = {"name": "HST", "rate_percent": None, "amount": Decimal("13.00")}
    invoice = both.invoice(both.contact(), taxes=[tax])

    both.sync()

    invoice.refresh_from_db()
    assert (invoice.total, invoice.tax_total) == (Decimal("113.00"), Decimal("13.00"))
    assert both.there("Invoice") == []
    assert "tax codes of the lines" in both.letter().reason


def test_saving_a_pulled_invoice_keeps_its_tax_and_its_payment(both: BothSides) -> None:
    contact = both.contact()
    facts = {
        "number": "P-1",
        "contact_id": contact.pk,
        "issued_on": date(2026, 10, 5),
        "currency": "USD",
        "lines": [line("100.00")],
        "subtotal": Decimal(100),
        "tax_total": Decimal(13),
        "total": Decimal(113),
        "balance": Decimal(0),
        "status": "paid",
    }
    invoice = records.create_many(Invoice, both.dealership.pk, [facts], actor=both.person)[0]
    typed = {
        "number": "P-1",
        "contact": str(contact.pk),
        "issued_on": "2026-10-05",
        "currency": "USD",
        "memo": "Thanks",
    }
    form = InvoiceForm({**FORM_ROWS, **typed, "version": "1"}, dealership=both.dealership, record=invoice)
    assert form.is_valid()

    records.update(invoice, form.values(), actor=both.person)

    invoice.refresh_from_db()
    assert (invoice.memo, invoice.total, invoice.tax_total) == ("Thanks", Decimal(113), Decimal(13))
    assert (invoice.balance, invoice.status) == (Decimal(0), "paid")


def test_a_deletion_while_the_answer_was_lost_reaches_the_other_side(
    both: BothSides, lost_answers: pytest.MonkeyPatch
) -> None:
    invoice = both.invoice(both.contact())
    both.sync(pull=False)
    lost_answers.undo()
    next_worker(both)
    lost_answers.setattr(outcomes.Outcomes, "store", lambda *args: (_ for _ in ()).throw(runs.LeaseLost))
    both.change(invoice, memo="Changed")
    both.sync("invoices", pull=False)
    lost_answers.undo()

    invoice.refresh_from_db()
    records.delete(invoice, actor=both.person)
    next_worker(both)
    both.sync("invoices")

    assert [row["TotalAmt"] for row in both.there("Invoice")] == [0]
    invoice.refresh_from_db()
    assert invoice.deleted_at is not None


def test_a_write_that_arrived_unheard_is_not_taken_for_their_change(
    both: BothSides, lost_answers: pytest.MonkeyPatch
) -> None:
    lost_answers.undo()
    both.configure("invoices", conflict_policy="theirs")
    invoice = both.invoice(both.contact())
    both.sync()
    lost_answers.setattr(outcomes.Outcomes, "store", lambda *args: (_ for _ in ()).throw(runs.LeaseLost))
    both.change(invoice, lines=[line("110.00")])
    both.sync("invoices", pull=False)
    lost_answers.undo()
    both.change(invoice, lines=[line("120.00")])

    next_worker(both)
    both.sync("invoices")

    invoice.refresh_from_db()
    assert invoice.total == Decimal("120.00")
    assert both.there("Invoice")[0]["TotalAmt"] == 120
    assert not SyncLog.objects.filter(conflicted__gt=0).exists()


def test_meeting_a_namesake_never_empties_what_is_there(both: BothSides, monkeypatch: pytest.MonkeyPatch) -> None:
    both.customer_there("Ana Cruz", PrimaryPhone={"FreeFormNumber": "555-1"}, Notes="Always on time")
    contact = both.contact("Ana Cruz")
    monkeypatch.setattr(outcomes.Outcomes, "read_again", lambda *args: (_ for _ in ()).throw(runs.LeaseLost))
    both.sync("customers", pull=False)
    monkeypatch.undo()

    next_worker(both)
    both.sync("customers", pull=False)

    row = both.there("Customer")[0]
    assert (row["PrimaryPhone"]["FreeFormNumber"], row["Notes"]) == ("555-1", "Always on time")
    contact.refresh_from_db()
    assert (contact.phone, contact.notes) == ("555-1", "Always on time")


def test_a_number_given_there_that_is_taken_here_stops_nothing_else(both: BothSides) -> None:
    company = {"realm": both.realm, "custom_txn_numbers": False}
    both.simulator.call("POST", "/quickbooks/_control/company", json=company)
    both.integration.memory = {}
    both.integration.save()
    contact = both.contact()
    for number in ("1000", "1001", "1002"):
        both.invoice(contact, number)

    both.sync()
    both.sync()

    assert len(both.there("Invoice")) == 3
    assert Invoice.objects.count() == 3
    assert not SyncLog.objects.filter(status="failed").exists()
    assert all("gave it the number" in letter.reason for letter in DeadLetter.objects.all())


def test_a_copy_made_there_comes_in_as_a_record_of_its_own(both: BothSides) -> None:
    both.invoice(both.contact(), "C-1")
    both.sync()
    original = both.there("Invoice")[0]

    both.invoice_there({"Id": original["CustomerRef"]["value"]}, "C-2", PrivateNote=original["PrivateNote"])
    both.sync()

    assert sorted(Invoice.objects.values_list("number", flat=True)) == ["C-1", "C-2"]


def test_restoring_what_is_gone_there_says_so(both: BothSides) -> None:
    invoice = both.invoice(both.contact())
    both.sync()
    both.end_there("Invoice", both.link(invoice).remote_id, "delete")
    both.sync()
    invoice.refresh_from_db()

    records.restore(invoice, actor=both.person)
    both.sync("invoices")

    assert both.letter().reason == "It no longer exists at the other side."


def test_paid_elsewhere_stays_paid_when_another_field_is_saved(both: BothSides) -> None:
    both.configure("payments", enabled=False)
    remote = both.invoice_there(both.customer_there(), "PE-1")
    both.payment_there(remote)
    both.sync()
    invoice = both.record_of("invoices", remote)

    both.change(invoice, memo="Seen")

    invoice.refresh_from_db()
    assert (invoice.status, invoice.balance) == ("paid", Decimal(0))


def test_a_wish_made_while_a_run_is_opened_is_kept(both: BothSides, monkeypatch: pytest.MonkeyPatch) -> None:
    config = both.config("customers")
    build = runs._build

    def build_and_be_overtaken(config: SyncConfig, trigger: str) -> SyncLog:
        SyncConfig.objects.filter(pk=config.pk).update(push_wanted=True)
        return build(config, trigger)

    monkeypatch.setattr(runs, "_build", build_and_be_overtaken)

    run = runs.request(config, pull=True, push=False, trigger=SyncLog.Trigger.WEBHOOK)

    config.refresh_from_db()
    assert run is not None
    assert (run.pushes, config.push_wanted) == (False, True)


def test_a_letter_cannot_be_retried_while_its_stream_is_off(both: BothSides) -> None:
    both.contact("Ana: Cruz")
    both.sync("customers")
    both.configure("customers", enabled=False)
    letter = both.letter()

    assert not dead_letters.replay(letter)

    letter.refresh_from_db()
    assert letter.status == "open"


def test_the_kind_of_a_record_is_fixed_once_it_is_made(both: BothSides) -> None:
    contact = both.contact()
    invoice, expense = both.invoice(contact), both.expense()

    for record, kind in ((invoice, "credit_note"), (expense, "purchase"), (contact, "lead")):
        with pytest.raises(records.FixedField):
            records.update(record, {"kind": kind}, actor=both.person)

    assert InvoiceForm(dealership=both.dealership, record=invoice).fields["kind"].disabled
    assert ExpenseForm(dealership=both.dealership, record=expense).fields["kind"].disabled


def test_a_lead_becomes_a_customer(both: BothSides) -> None:
    lead = both.contact("Noor Haddad", kind=Contact.Kind.LEAD)

    both.change(lead, kind=Contact.Kind.CUSTOMER)
    both.sync("customers")

    assert [row["DisplayName"] for row in both.there("Customer")] == ["Noor Haddad"]
