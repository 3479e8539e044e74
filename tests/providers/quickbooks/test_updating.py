"""Updating and voiding: only what differs, and nothing that somebody else changed."""

from dataclasses import replace
from decimal import Decimal

import pytest

from connectors.providers.quickbooks.queries import remote
from connectors.records import Expense, Invoice, Line
from connectors.streams import Missing, Op, Refused, Stale, Stream, Written
from tests.providers.quickbooks.support import (
    BILLS,
    CREDIT_MEMOS,
    CUSTOMERS,
    INVOICES,
    KEY,
    PAYMENTS,
    PURCHASES,
    VENDORS,
    Body,
    Router,
    changed,
    connector,
    fault,
    fixture,
    invoice,
    update,
)


class TestUpdating:
    def test_only_what_differs_is_sent(self, router: Router) -> None:
        change = changed(CUSTOMERS, "customers__ordinary", phone="555", notes="")

        connector().write(CUSTOMERS, [change], key=KEY)

        assert router.writes[0][2] == {
            "Id": "58",
            "SyncToken": "2",
            "sparse": True,
            "Notes": "",
            "PrimaryPhone": {"FreeFormNumber": "555"},
        }
        assert router.statements == []

    def test_an_address_keeps_what_we_do_not_know_of_it(self, router: Router) -> None:
        router.rows["Customer"] = [fixture("customers__ordinary")]

        connector().write(CUSTOMERS, [changed(CUSTOMERS, "customers__ordinary", city="Waco")], key=KEY)

        address = router.writes[0][2]["BillAddr"]
        assert (address["City"], address["Line3"], address["Line1"]) == ("Waco", "Back door", "1 Main St")

    def test_a_name_is_made_inactive_and_never_deleted(self, router: Router) -> None:
        connector().write(CUSTOMERS, [changed(CUSTOMERS, "customers__ordinary", active=False)], key=KEY)

        assert router.writes[0][2]["Active"] is False

    def test_a_vendor_s_tax_number_and_notes_are_never_sent(self, router: Router) -> None:
        change = changed(VENDORS, "vendors__masked_tax_id", tax_id="1", notes="x", phone="555")

        connector().write(VENDORS, [change], key=KEY)

        assert set(router.writes[0][2]) == {"Id", "SyncToken", "sparse", "PrimaryPhone"}

    def test_lines_keep_their_item_and_tax_code(self, router: Router) -> None:
        raw = fixture("invoices__ordinary")
        router.rows["Invoice"] = [raw]
        base = connector().canonical(INVOICES, raw)
        assert isinstance(base, Invoice)
        lines = (replace(base.lines[1], amount=Decimal("20.00"), unit_price=Decimal(20)), *base.lines[:1])

        connector().write(INVOICES, [update(replace(base, lines=lines), base, remote(raw))], key=KEY)

        sent = router.writes[0][2]["Line"]
        assert [line["Id"] for line in sent] == ["2", "1"]
        assert [line["SalesItemLineDetail"]["ItemRef"]["value"] for line in sent] == ["14", "12"]
        assert [line["SalesItemLineDetail"]["TaxCodeRef"]["value"] for line in sent] == ["NON", "TAX"]
        assert [line["Amount"] for line in sent] == [20.0, 450.0]
        assert "PrivateNote" not in router.writes[0][2]

    def test_lines_with_a_bundle_are_left_to_quickbooks(self, router: Router) -> None:
        raw = fixture("invoices__discount_bundle_and_text")
        router.rows["Invoice"] = [raw]
        change = changed(INVOICES, "invoices__discount_bundle_and_text", lines=invoice().lines)

        [outcome] = connector().write(INVOICES, [change], key=KEY)

        assert isinstance(outcome, Refused)
        assert "bundle" in outcome.message

    def test_a_discount_stays_a_discount(self, router: Router) -> None:
        raw = fixture("invoices__discount_bundle_and_text")
        raw["Line"] = raw["Line"][1:]
        router.rows["Invoice"] = [raw]
        base = connector().canonical(INVOICES, raw)
        assert isinstance(base, Invoice)
        lines = (base.lines[0], replace(base.lines[1], amount=Decimal("-40.00"), unit_price=Decimal(-40)))
        extra = Line(description="Tow", amount=Decimal("90.00"), unit_price=Decimal(90))

        connector().write(INVOICES, [update(replace(base, lines=(*lines, extra)), base, remote(raw))], key=KEY)

        text, discount, tow = router.writes[0][2]["Line"]
        assert (text["DetailType"], "Amount" in text) == ("DescriptionOnly", False)
        assert (discount["Amount"], discount["DetailType"]) == (40.0, "DiscountLineDetail")
        assert discount["DiscountLineDetail"]["PercentBased"] is False
        assert tow["SalesItemLineDetail"]["ItemRef"] == {"value": "7"}

    def test_a_payment_keeps_what_it_settles_besides_invoices(self, router: Router) -> None:
        router.rows["Payment"] = [fixture("payments__two_invoices_and_a_credit")]
        change = changed(PAYMENTS, "payments__two_invoices_and_a_credit", amount=Decimal("400.00"))

        connector().write(PAYMENTS, [change], key=KEY)

        body = router.writes[0][2]
        linked = [(line["LinkedTxn"][0]["TxnType"], line["Amount"]) for line in body["Line"]]
        assert linked == [("Invoice", 100.0), ("Invoice", 300.0), ("CreditMemo", 80.0)]
        assert body["TotalAmt"] == 400.0

    def test_an_expense_keeps_its_item_lines(self, router: Router) -> None:
        raw = fixture("bills__account_and_item_lines")
        router.rows["Bill"] = [raw]
        base = connector().canonical(BILLS, raw)
        assert isinstance(base, Expense)
        lines = (replace(base.lines[0], amount=Decimal("61.00")), base.lines[1])

        connector().write(BILLS, [update(replace(base, lines=lines), base, remote(raw))], key=KEY)

        account, item = router.writes[0][2]["Line"]
        assert (account["Amount"], account["AccountBasedExpenseLineDetail"]["BillableStatus"]) == (61.0, "NotBillable")
        assert item["ItemBasedExpenseLineDetail"]["ItemRef"]["value"] == "22"
        assert item["ItemBasedExpenseLineDetail"]["Qty"] == 2

    def test_an_object_that_has_changed_is_stale_before_anything_is_sent(self, router: Router) -> None:
        router.rows["Invoice"] = [{**fixture("invoices__ordinary"), "SyncToken": "9"}]

        [outcome] = connector().write(
            INVOICES, [changed(INVOICES, "invoices__ordinary", lines=invoice().lines)], key=KEY
        )

        assert isinstance(outcome, Stale)
        assert outcome.remote.version == "9"
        assert router.writes == []

    def test_a_stale_version_gives_the_object_as_it_is(self, router: Router) -> None:
        router.rows["Customer"] = [{**fixture("customers__ordinary"), "SyncToken": "9"}]
        router.answer = lambda entity, body: (400, fixture("fault__stale"))

        [outcome] = connector().write(CUSTOMERS, [changed(CUSTOMERS, "customers__ordinary", phone="5")], key=KEY)

        assert isinstance(outcome, Stale)
        assert outcome.remote.version == "9"

    @pytest.mark.parametrize("code", ["610", "5010"])
    def test_an_object_that_is_gone_is_missing(self, router: Router, code: str) -> None:
        router.answer = lambda entity, body: fault(code)

        [outcome] = connector().write(INVOICES, [changed(INVOICES, "invoices__ordinary", memo="x")], key=KEY)

        assert isinstance(outcome, Missing)

    def test_a_missing_reference_is_a_refusal(self, router: Router) -> None:
        router.rows["Invoice"] = [fixture("invoices__ordinary")]
        router.answer = lambda entity, body: fault("610")
        quickbooks = connector()

        [outcome] = quickbooks.write(INVOICES, [changed(INVOICES, "invoices__ordinary", memo="x")], key=KEY)

        assert isinstance(outcome, Refused)
        assert "sales_item" not in quickbooks.memory

    def test_nothing_to_change_sends_nothing(self, router: Router) -> None:
        router.rows["Customer"] = [fixture("customers__ordinary")]

        [outcome] = connector().write(CUSTOMERS, [changed(CUSTOMERS, "customers__ordinary")], key=KEY)

        assert isinstance(outcome, Written)
        assert router.writes == []


class TestVoiding:
    @pytest.mark.parametrize(
        ("stream", "name", "params", "body"),
        [
            (INVOICES, "invoices__ordinary", {"operation": "void"}, {"Id": "239", "SyncToken": "0"}),
            (
                PAYMENTS,
                "payments__two_invoices_and_a_credit",
                {"operation": "update", "include": "void"},
                {"Id": "310", "SyncToken": "1", "sparse": True},
            ),
        ],
    )
    def test_one_is_voided_by_its_own_call(
        self, router: Router, stream: Stream, name: str, params: dict[str, str], body: Body
    ) -> None:
        connector().write(stream, [replace(changed(stream, name), op=Op.VOID)], key=KEY)

        [(_entity, sent_params, sent)] = router.writes
        assert sent == body
        assert params.items() <= sent_params.items()

    def test_several_are_voided_in_a_batch(self, router: Router) -> None:
        change = replace(changed(INVOICES, "invoices__ordinary"), op=Op.VOID)

        connector().write(INVOICES, [change, replace(change, item=2, remote_id="240")], key=KEY)

        [(_params, items)] = router.batches
        assert [(item["operation"], item["optionsData"]) for item in items] == [("update", "void")] * 2

    @pytest.mark.parametrize(
        ("stream", "name"),
        [
            (BILLS, "bills__account_and_item_lines"),
            (PURCHASES, "purchases__card"),
            (CREDIT_MEMOS, "credit_memos__partly_used"),
        ],
    )
    def test_what_cannot_be_voided_is_refused_in_words(self, router: Router, stream: Stream, name: str) -> None:
        [outcome] = connector().write(stream, [replace(changed(stream, name), op=Op.VOID)], key=KEY)

        assert isinstance(outcome, Refused)
        assert "Void or delete it in QuickBooks" in outcome.next_step
        assert router.writes == []
        assert not (stream.push and stream.push.voids)

    def test_what_is_void_there_cannot_come_back(self, router: Router) -> None:
        [outcome] = connector().write(INVOICES, [changed(INVOICES, "invoices__void", void=False)], key=KEY)

        assert isinstance(outcome, Refused)
