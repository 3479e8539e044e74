"""What differs here is sent there once, sparse, in its order and with its parents."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from dealership import records
from dealership.models import Account, Contact, Invoice
from integrations.models import SyncLog
from tests.integrations.sync_cases import BothSides, connected, counts, items, line, statuses
from tests.support.simulator import CA_REALM, RunningSimulator

Status = SyncLog.Status


def test_a_new_customer_is_made_there_and_linked(both: BothSides) -> None:
    ana = both.contact("Ana Cruz", first_name="Ana", email="ana@example.com", city="Austin")

    ended = both.sync("customers")

    assert counts(ended) == {"sent_created": 1}
    assert items(ended) == [("sent_created", "Ana Cruz")]
    link = both.link(ana)
    there = both.row("Customer", link.remote_id)
    assert (there["DisplayName"], there["GivenName"]) == ("Ana Cruz", "Ana")
    assert (there["PrimaryEmailAddr"], there["BillAddr"]["City"]) == ({"Address": "ana@example.com"}, "Austin")
    assert (link.local_version, link.intent_key, link.remote_version) == (1, None, "0")


def test_an_invoice_whose_customer_was_never_sent_takes_the_customer_along(both: BothSides) -> None:
    invoice = both.invoice(both.contact("Ana Cruz"), "INV-1", "450.00")

    ended = both.sync("invoices")

    assert counts(ended) == {"sent_created": 2}
    there = both.row("Invoice", both.link(invoice).remote_id)
    assert (there["DocNumber"], there["TotalAmt"], there["CustomerRef"]["name"]) == ("INV-1", 450.0, "Ana Cruz")
    assert there["TxnDate"] == "2026-10-05"


def test_a_payment_goes_after_its_invoice_and_settles_it_there(both: BothSides) -> None:
    invoice = both.invoice(both.contact(), "INV-1", "450.00")
    payment = both.payment(invoice, "300.00")

    ended = both.sync("payments")

    assert counts(ended) == {"sent_created": 3}
    there = both.row("Payment", both.link(payment).remote_id)
    invoice_id = both.link(invoice).remote_id
    assert there["Line"][0]["LinkedTxn"] == [{"TxnId": invoice_id, "TxnType": "Invoice"}]
    assert both.row("Invoice", invoice_id)["Balance"] == 150.0


def test_a_bill_and_a_purchase_go_to_the_accounts_of_their_lines(both: BothSides) -> None:
    both.sync("accounts")
    fuel, rent, visa = (Account.objects.get(name=name) for name in ("Fuel", "Rent", "Visa Business"))
    vendor = both.contact("Parts Depot", kind="vendor")
    lines = [
        {"account_id": fuel.pk, "description": "Diesel", "amount": Decimal("40.00")},
        {"account_id": rent.pk, "description": "Lot", "amount": Decimal("20.40")},
    ]
    bill = both.expense(vendor_id=vendor.pk, lines=lines, due_on=date(2026, 11, 1))
    paid = both.expense(kind="purchase", payment_type="card", account_id=visa.pk, lines=lines[:1], status="paid")

    ended = both.sync("bills", "purchases")

    assert statuses(ended) == {Status.SUCCEEDED}
    assert counts(ended) == {"sent_created": 3}
    there = both.row("Bill", both.link(bill).remote_id)
    names = [row["AccountBasedExpenseLineDetail"]["AccountRef"]["name"] for row in there["Line"]]
    assert (names, there["TotalAmt"]) == (["Fuel", "Rent"], 60.4)
    assert both.row("Purchase", both.link(paid).remote_id)["AccountRef"]["name"] == "Visa Business"


def test_a_change_is_sent_sparse_and_leaves_the_rest_alone(both: BothSides) -> None:
    ana = both.contact("Ana Cruz", phone="555-0100")
    both.sync("customers")
    remote_id = both.link(ana).remote_id
    # Nobody here knows of it, and nothing of it may be lost.
    both.change_there("Customer", remote_id, Fax={"FreeFormNumber": "555-0777"})
    both.sync("customers")
    both.change(ana, phone="555-0199")

    ended = both.sync("customers", pull=False)

    assert counts(ended) == {"sent_updated": 1}
    there = both.row("Customer", remote_id)
    assert there["PrimaryPhone"] == {"FreeFormNumber": "555-0199"}
    assert there["Fax"] == {"FreeFormNumber": "555-0777"}


def test_a_change_back_before_the_sync_sends_nothing(both: BothSides) -> None:
    ana = both.contact("Ana Cruz", phone="555-0100")
    both.sync("customers")
    both.change(ana, phone="555-0199")
    both.change(ana, phone="555-0100")
    before = both.writes()

    ended = both.sync("customers")

    assert counts(ended) == {}
    assert both.writes() == before
    assert both.link(ana).local_version == 3


def test_thirty_invoices_go_in_two_batches(both: BothSides) -> None:
    ana = both.contact()
    for number in range(30):
        both.invoice(ana, f"INV-{number:02d}")

    ended = both.sync("invoices")

    assert counts(ended) == {"sent_created": 31}
    assert both.simulator.state()["calls"]["batch"] == 2
    assert len({row["DocNumber"] for row in both.there("Invoice")}) == 30


def test_drafts_and_leads_stay_here(both: BothSides) -> None:
    both.contact("Only Asking", kind="lead")
    both.invoice(both.contact("Ana Cruz"), "INV-1", status="draft")

    ended = both.sync()

    assert counts(ended) == {"created": 19, "sent_created": 1}
    assert [row["DisplayName"] for row in both.there("Customer")] == ["Ana Cruz"]
    assert both.there("Invoice") == []


def test_a_draft_goes_when_it_is_issued(both: BothSides) -> None:
    invoice = both.invoice(both.contact(), "INV-1", status="draft")
    both.sync("invoices")
    both.change(invoice, status="open")

    both.sync("invoices")

    assert [row["DocNumber"] for row in both.there("Invoice")] == ["INV-1"]


def test_a_number_given_there_is_taken_over_and_not_sent_back(simulator: RunningSimulator, db: None) -> None:
    both = connected(simulator, CA_REALM, currency="CAD")
    invoice = both.invoice(both.contact(), "", "100.00")

    first = both.sync("invoices")
    invoice.refresh_from_db()
    second = both.sync("invoices")

    assert counts(first) == {"sent_created": 2}
    assert invoice.number == both.there("Invoice")[0]["DocNumber"] == "1001"
    assert (counts(second), both.there("Invoice")[0]["SyncToken"]) == ({}, "0")


def test_tax_that_was_added_there_is_taken_over_with_the_totals(simulator: RunningSimulator, db: None) -> None:
    both = connected(simulator, CA_REALM, currency="CAD")
    taxed = {**line("100.00"), "tax_code": "3"}
    invoice = both.invoice(both.contact(), "", lines=[taxed])

    both.sync("invoices")

    invoice.refresh_from_db()
    figures = (invoice.subtotal, invoice.tax_total, invoice.total, invoice.balance)
    assert figures == (100, 13, 113, 113)
    assert counts(both.sync("invoices")) == {}


def test_a_paid_invoice_stays_paid_while_its_payment_is_on_its_way(both: BothSides) -> None:
    invoice = both.invoice(both.contact(), "INV-1")
    both.payment(invoice)

    both.sync("invoices")
    between = Invoice.objects.get()
    both.sync("payments")
    after = both.sync()

    assert (between.status, between.balance) == ("paid", 0)
    assert both.there("Invoice")[0]["Balance"] == 0.0
    assert counts(after) == {"created": 19}
    told = [kind for kind, _ in both.events(invoice)]
    assert told == ["invoice.created", "invoice.paid"]


def test_a_payment_on_its_way_counts_also_when_the_invoice_changes_there(both: BothSides) -> None:
    invoice = both.invoice(both.contact(), "INV-1")
    both.sync("invoices")
    both.payment(invoice, "60.00")
    both.change_there("Invoice", both.link(invoice).remote_id, CustomerMemo={"value": "Thank you"})

    both.sync("invoices")

    invoice.refresh_from_db()
    assert (invoice.memo, invoice.balance) == ("Thank you", 40)


def test_a_payment_voided_here_opens_its_invoice_until_it_is_voided_there(both: BothSides) -> None:
    invoice = both.invoice(both.contact(), "INV-1")
    payment = both.payment(invoice)
    both.sync()
    payment.refresh_from_db()
    records.void(payment, actor=both.person)
    both.change_there("Invoice", both.link(invoice).remote_id, CustomerMemo={"value": "Thank you"})

    both.sync("invoices")
    invoice.refresh_from_db()
    between = invoice.balance
    both.sync()

    assert between == 100
    invoice.refresh_from_db()
    assert (invoice.balance, both.there("Invoice")[0]["Balance"]) == (100, 100.0)


def test_a_void_here_is_a_void_there_that_keeps_our_amounts(both: BothSides) -> None:
    invoice = both.invoice(both.contact(), "INV-1", "450.00")
    both.sync("invoices")
    invoice.refresh_from_db()
    records.void(invoice, actor=both.person)

    first, second = both.sync("invoices"), both.sync("invoices")

    there = both.there("Invoice")[0]
    assert (there["TotalAmt"], there["PrivateNote"].startswith("Voided")) == (0.0, True)
    invoice.refresh_from_db()
    assert (invoice.status, invoice.total) == ("void", 450)
    assert [row.amount for row in invoice.lines.all()] == [450]
    assert (items(first), counts(second)) == ([("sent_voided", "INV-1")], {})


def test_an_invoice_deleted_here_is_void_there(both: BothSides) -> None:
    invoice = both.invoice(both.contact(), "INV-1", "450.00")
    both.sync("invoices")
    invoice.refresh_from_db()
    records.delete(invoice, actor=both.person)

    first, second = both.sync("invoices"), both.sync("invoices")

    assert (counts(first), counts(second)) == ({"sent_updated": 1}, {})
    assert both.there("Invoice")[0]["TotalAmt"] == 0.0
    invoice.refresh_from_db()
    assert (invoice.deleted_at is not None, invoice.total) == (True, 450)


def test_a_customer_deleted_here_is_inactive_there(both: BothSides) -> None:
    ana = both.contact("Ana Cruz")
    both.sync("customers")
    ana.refresh_from_db()
    records.delete(ana, actor=both.person)

    first, second = both.sync("customers"), both.sync("customers")

    assert (counts(first), counts(second)) == ({"sent_updated": 1}, {})
    assert both.there("Customer")[0]["Active"] is False
    ana.refresh_from_db()
    assert ana.deleted_at is not None


def test_what_was_deleted_before_it_was_ever_sent_is_not_sent(both: BothSides) -> None:
    ana = both.contact("Ana Cruz")
    records.delete(ana, actor=both.person)

    ended = both.sync("customers")

    assert counts(ended) == {}
    assert both.there("Customer") == []


def test_a_stream_that_only_goes_out_reads_nothing(both: BothSides) -> None:
    both.configure("customers", direction="push")
    both.contact("Omar Haddad")
    both.customer_there("Ana Cruz")

    ended = both.sync("customers")

    assert counts(ended) == {"sent_created": 1}
    assert Contact.objects.count() == 1
