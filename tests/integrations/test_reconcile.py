"""The proof: both sides agree to the cent, or each difference is named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from pytest_django import Settings

from dealership import records
from dealership.events import SYSTEM
from dealership.models import Contact, Expense, Invoice, Payment
from integrations import proof_compare, reconcile
from integrations.models import (
    DeadLetter,
    Integration,
    Reconciliation,
    ReconciliationDifference,
    SyncConfig,
)
from tests.support.books import (
    books_in_step,
    change_there,
    figure,
    found,
    local_of,
    prove,
    sync,
    their_invoice,
    write_invoice,
)
from tests.support.simulator import RunningSimulator, running_simulator

pytestmark = pytest.mark.django_db(transaction=True)
Kind = ReconciliationDifference.Kind
Status = Reconciliation.Status


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    with running_simulator(tmp_path_factory.mktemp("simulator")) as simulator:
        yield simulator


@pytest.fixture
def simulator(process: RunningSimulator, settings: Settings) -> RunningSimulator:
    process.reset()
    process.clear_faults()
    settings.SIMULATOR_URL = process.url
    return process


@pytest.fixture
def integration(simulator: RunningSimulator) -> Integration:
    return books_in_step(simulator)


def test_the_books_agree_after_a_sync(integration: Integration) -> None:
    ours = write_invoice(integration, "INV-1", "1234.56")
    sync(integration)

    proof = prove(integration)

    assert (proof.status, proof.difference_count, proof.error, found(proof)) == (Status.COMPLETE, 0, "", [])
    assert proof.finished_at is not None
    invoices = figure(proof, "invoices")
    assert invoices["ours"] == invoices["theirs"]
    assert invoices["ours"]["count"] == 4
    total = sum(invoice.total for invoice in Invoice.objects.all())
    assert invoices["ours"]["totals"] == {"USD": f"{total:.2f}"}
    assert {
        "month": "2026-10",
        "currency": "USD",
        "ours_count": 1,
        "ours_total": "1234.56",
        "theirs_count": 1,
        "theirs_total": "1234.56",
        "difference": "0.00",
    } in invoices["months"]
    assert reconcile.verdict_sentence(proof) == f"The books agree: 4 invoices, ${total:,.2f}"
    assert ours.total == Decimal("1234.56")


def test_every_stream_but_the_accounts_is_compared(integration: Integration) -> None:
    SyncConfig.objects.filter(stream="payments").update(enabled=False)

    proof = prove(integration)

    assert [row["stream"] for row in proof.figures] == [
        "customers",
        "vendors",
        "invoices",
        "credit_memos",
        "bills",
        "purchases",
    ]


def test_a_change_there_is_named_field_by_field(integration: Integration, simulator: RunningSimulator) -> None:
    theirs = their_invoice(simulator)
    change_there(simulator, "Invoice", theirs["Id"], DueDate="2027-01-31")

    proof = prove(integration)

    assert found(proof) == [("invoices", Kind.DIFFERS, theirs["DocNumber"])]
    difference = proof.differences.get()
    assert difference.fields == {"due_on": [theirs["DueDate"], "2027-01-31"]}
    assert difference.cause == "Not the same on both sides: due on."
    assert difference.next_step == "Sync this stream, then check again."
    assert (difference.ours, difference.theirs) == (Decimal(theirs["TotalAmt"]), Decimal(theirs["TotalAmt"]))
    assert reconcile.verdict_sentence(proof) == "The books differ: 1 record"


def test_a_cent_is_a_difference(integration: Integration, simulator: RunningSimulator) -> None:
    theirs = their_invoice(simulator)
    Invoice.objects.filter(pk=local_of("invoices", theirs["Id"])).update(balance=Decimal(theirs["TotalAmt"]) - 1)
    Invoice.objects.filter(pk=local_of("invoices", theirs["Id"])).update(
        total=Decimal(str(theirs["TotalAmt"])) - Decimal("0.01")
    )

    proof = prove(integration)

    assert set(proof.differences.get().fields) == {"total", "balance"}
    assert reconcile.verdict_sentence(proof) == "The books differ by $0.01: 1 record"
    assert figure(proof, "invoices")["months"][0]["difference"] == "-0.01"


def test_what_one_side_lacks_is_named(integration: Integration, simulator: RunningSimulator) -> None:
    ours = write_invoice(integration, "INV-7", "8240.00")
    new = simulator.write("Customer", {"DisplayName": "Nobody told us"})

    proof = prove(integration)

    assert found(proof) == [
        ("customers", Kind.MISSING_HERE, "Nobody told us"),
        ("invoices", Kind.MISSING_THERE, "INV-7"),
    ]
    here, there = proof.differences.get(kind=Kind.MISSING_HERE), proof.differences.get(kind=Kind.MISSING_THERE)
    assert (here.remote_id, here.cause, here.ours, here.theirs) == (new["Id"], "Not received yet.", None, None)
    assert (there.local_id, there.cause, there.ours, there.theirs) == (
        ours.pk,
        "Not sent yet.",
        Decimal("8240.00"),
        None,
    )
    invoices = figure(proof, "invoices")
    assert (invoices["missing_there"], invoices["ours"]["count"], invoices["theirs"]["count"]) == (1, 4, 3)
    assert reconcile.verdict_sentence(proof) == "The books differ by $8,240.00: 2 records"


def test_a_record_set_aside_says_why_it_is_missing(integration: Integration) -> None:
    ours = write_invoice(integration, "INV-8")
    DeadLetter.objects.create(
        dealership=integration.dealership,
        integration=integration,
        stream="invoices",
        direction=DeadLetter.Direction.PUSH,
        record_type="invoice",
        local_id=ours.pk,
        reason="Its tax code is not mapped.",
        next_step="Map the tax code, then retry.",
    )

    difference = prove(integration).differences.get()

    assert (difference.cause, difference.next_step) == ("Its tax code is not mapped.", "Map the tax code, then retry.")


def test_drafts_leads_and_voided_ones_need_no_partner(integration: Integration) -> None:
    write_invoice(integration, "DRAFT-1", status=Invoice.Status.DRAFT)
    write_invoice(integration, "VOID-1", status=Invoice.Status.VOID)
    gone = write_invoice(integration, "GONE-1")
    records.delete(gone, actor=SYSTEM)
    records.create(Contact, integration.dealership, {"display_name": "A lead", "kind": "lead"}, actor=SYSTEM)

    proof = prove(integration)

    assert (proof.status, found(proof)) == (Status.COMPLETE, [])
    assert figure(proof, "invoices")["ours"]["count"] == 3


def test_a_void_on_both_sides_counts_as_zero(integration: Integration) -> None:
    invoice = write_invoice(integration, "INV-9", "500.00")
    sync(integration)
    invoice.refresh_from_db()
    records.void(invoice, actor=SYSTEM)
    sync(integration)

    proof = prove(integration)

    assert (proof.status, found(proof)) == (Status.COMPLETE, [])
    october = next(row for row in figure(proof, "invoices")["months"] if row["month"] == "2026-10")
    assert (october["ours_count"], october["ours_total"], october["theirs_total"]) == (1, "0.00", "0.00")


def test_a_void_on_one_side_is_a_difference(integration: Integration) -> None:
    invoice = write_invoice(integration, "INV-9", "500.00")
    sync(integration)
    invoice.refresh_from_db()
    records.void(invoice, actor=SYSTEM)

    difference = prove(integration).differences.get()

    assert (difference.fields, difference.ours, difference.theirs) == (
        {"void": [True, False]},
        Decimal("0.00"),
        Decimal("500.00"),
    )


def test_deleted_here_and_inactive_there_agree(integration: Integration, simulator: RunningSimulator) -> None:
    customer = next(c for c in simulator.entities("Customer") if c["DisplayName"] != "Fleet Customer")
    contact = Contact.objects.get(pk=local_of("customers", customer["Id"]))
    records.delete(contact, actor=SYSTEM)

    before = prove(integration)
    change_there(simulator, "Customer", customer["Id"], Active=False)
    after = prove(integration)

    assert found(before) == [("customers", Kind.MISSING_HERE, customer["DisplayName"])]
    assert before.differences.get().cause == "Deleted in Lotbridge, but not in QuickBooks."
    assert (after.status, found(after)) == (Status.COMPLETE, [])


def test_what_is_gone_there_is_told(integration: Integration, simulator: RunningSimulator) -> None:
    theirs = their_invoice(simulator)
    simulator.write("Invoice", {"Id": theirs["Id"]}, operation="delete")

    difference = prove(integration).differences.get()

    assert (difference.kind, difference.cause) == (
        Kind.MISSING_THERE,
        f"It was there as #{theirs['Id']} and is gone.",
    )


def test_a_number_used_twice_there_is_doubled(integration: Integration, simulator: RunningSimulator) -> None:
    theirs = their_invoice(simulator)
    copy = {name: theirs[name] for name in ("DocNumber", "CustomerRef", "Line", "TxnDate")}
    double = simulator.write("Invoice", copy)

    proof = prove(integration)

    assert found(proof) == [("invoices", Kind.DOUBLED_THERE, theirs["DocNumber"])]
    difference = proof.differences.get()
    assert (difference.remote_id, difference.cause) == (double["Id"], f"The same record as #{theirs['Id']} there.")
    assert figure(proof, "invoices")["doubled"] == 1
    assert reconcile.verdict_sentence(proof) == f"The books differ by ${Decimal(double['TotalAmt']):,.2f}: 1 record"


def test_payments_and_expenses_are_compared_too(integration: Integration, simulator: RunningSimulator) -> None:
    invoice = Invoice.objects.get(pk=local_of("invoices", their_invoice(simulator)["Id"]))
    allocation = {"invoice_id": invoice.pk, "amount": Decimal("40.00")}
    money = {"amount": Decimal("40.00"), "currency": "USD", "paid_on": date(2026, 10, 9)}
    payment = {"contact_id": invoice.contact_id, "allocations": [allocation], **money}
    records.create(Payment, integration.dealership, payment, actor=SYSTEM)
    vendor = {"display_name": "Parts & Co", "kind": "vendor"}
    seller = records.create(Contact, integration.dealership, vendor, actor=SYSTEM)
    account_id = local_of("accounts", next(a["Id"] for a in simulator.entities("Account") if a["Name"] == "Fuel"))
    bill = {
        "vendor_id": seller.pk,
        "issued_on": date(2026, 10, 9),
        "due_on": date(2026, 11, 9),
        "currency": "USD",
        "lines": [{"account_id": account_id, "description": "Oil", "amount": Decimal("77.70")}],
    }
    records.create(Expense, integration.dealership, bill, actor=SYSTEM)

    before = prove(integration)
    sync(integration)
    sync(integration)
    after = prove(integration)

    assert [row[:2] for row in found(before)] == [
        ("bills", Kind.MISSING_THERE),
        ("invoices", Kind.DIFFERS),
        ("payments", Kind.MISSING_THERE),
        ("vendors", Kind.MISSING_THERE),
    ]
    assert list(before.differences.get(stream="invoices").fields) == ["balance"]
    assert (after.status, found(after)) == (Status.COMPLETE, [])
    assert figure(after, "payments")["theirs"] == {"count": 1, "totals": {"USD": "40.00"}}
    assert figure(after, "bills")["theirs"] == {"count": 1, "totals": {"USD": "77.70"}}


def test_books_that_move_while_they_are_read_still_agree(
    integration: Integration, simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_there(simulator, "Invoice", their_invoice(simulator)["Id"], DueDate="2027-01-31")
    write_invoice(integration, "INV-10")
    simulator.write("Customer", {"DisplayName": "Came meanwhile"})
    first_pass = proof_compare.StreamComparison.first_pass

    def then_sync(comparison: proof_compare.StreamComparison) -> Iterator[int]:
        yield from first_pass(comparison)
        if comparison.stream.name == "payments":
            sync(integration)

    monkeypatch.setattr(proof_compare.StreamComparison, "first_pass", then_sync)

    proof = prove(integration)

    assert (proof.status, found(proof)) == (Status.COMPLETE, [])
    assert figure(proof, "invoices")["ours"]["count"] == 4
    assert figure(proof, "customers")["theirs"]["count"] == 4


def test_more_differences_than_suspects_are_all_kept(integration: Integration, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof_compare, "MOST_SUSPECTS", 2)
    monkeypatch.setattr(proof_compare, "CHUNK", 3)
    for number in range(9):
        write_invoice(integration, f"INV-{number}")

    proof = prove(integration)

    assert [label for _stream, _kind, label in found(proof)] == [f"INV-{number}" for number in range(9)]
    assert proof.difference_count == 9
    assert {difference.cause for difference in proof.differences.all()} == {"Not sent yet."}
