"""Creating: what is sent, and what is found before it is sent."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors.records import Contact, ExpenseLine, Line
from connectors.streams import Found, Refused, Stream, Written
from tests.providers.quickbooks.support import (
    AMERICAN,
    BILL,
    BILLS,
    CUSTOMERS,
    INVOICES,
    KEY,
    MARKER,
    PAYMENT,
    PAYMENTS,
    PURCHASES,
    Router,
    connector,
    create,
    customer,
    fixture,
    invoice,
)


class TestCreating:
    def test_one_record_is_one_call_with_its_key(self, router: Router) -> None:
        record = customer(first_name="Ana", email="ana@example.com", address_line1="1 Main St", notes="Hi")

        [outcome] = connector().write(CUSTOMERS, [create(record)], key=KEY)

        [(entity, params, body)] = router.writes
        assert (entity, params) == ("Customer", {"requestid": KEY, "minorversion": "75"})
        assert body == {
            "DisplayName": "Ana Cruz",
            "GivenName": "Ana",
            "Notes": "Hi",
            "PrimaryEmailAddr": {"Address": "ana@example.com"},
            "BillAddr": {"Line1": "1 Main St"},
        }
        assert isinstance(outcome, Written)
        assert (outcome.remote.id, outcome.remote.version) == ("900", "0")

    def test_several_records_are_one_batch(self, router: Router) -> None:
        changes = [create(customer(f"Customer {item}"), item=item) for item in (1, 2, 3)]

        outcomes = connector().write(CUSTOMERS, changes, key=KEY)

        [(params, items)] = router.batches
        assert params["requestid"] == KEY
        assert [(item["bId"], item["operation"]) for item in items] == [
            ("i1", "create"),
            ("i2", "create"),
            ("i3", "create"),
        ]
        assert [type(outcome) for outcome in outcomes] == [Written] * 3
        assert len(router.statements) == 1

    def test_an_invoice(self, router: Router) -> None:
        connector().write(INVOICES, [create(invoice(memo="Thank you"))], key=KEY)

        assert router.writes[0][2] == {
            "DocNumber": "INV-1042",
            "CustomerRef": {"value": "58"},
            "TxnDate": "2026-03-01",
            "DueDate": "2026-03-15",
            "Line": [
                {
                    "Description": "Brake service",
                    "Amount": 450.0,
                    "DetailType": "SalesItemLineDetail",
                    "SalesItemLineDetail": {
                        "ItemRef": {"value": "7"},
                        "Qty": 3.0,
                        "UnitPrice": 150.0,
                        "TaxCodeRef": {"value": "NON"},
                    },
                }
            ],
            "CustomerMemo": {"value": "Thank you"},
            "PrivateNote": f"Lotbridge {MARKER}",
        }

    def test_an_amount_that_is_not_the_product_goes_alone(self, router: Router) -> None:
        line = Line(quantity=Decimal(3), unit_price=Decimal("33.33"), amount=Decimal("100.00"))

        connector().write(INVOICES, [create(invoice(lines=(line,)))], key=KEY)

        detail = router.writes[0][2]["Line"][0]["SalesItemLineDetail"]
        assert "Qty" not in detail
        assert "UnitPrice" not in detail

    def test_half_a_cent_is_rounded_up_before_it_is_compared(self, router: Router) -> None:
        line = Line(quantity=Decimal("1.5"), unit_price=Decimal("0.35"), amount=Decimal("0.53"))

        connector().write(INVOICES, [create(invoice(lines=(line,)))], key=KEY)

        assert router.writes[0][2]["Line"][0]["SalesItemLineDetail"]["Qty"] == 1.5

    def test_the_sales_item_is_made_once(self, router: Router) -> None:
        router.rows["Account"] = [{"Id": "81", "Name": "Other income"}, {"Id": "82", "Name": "Sales of Parts"}]
        quickbooks = connector({name: value for name, value in AMERICAN.items() if name != "sales_item"})

        quickbooks.write(INVOICES, [create(invoice())], key=KEY)
        quickbooks.write(INVOICES, [create(invoice(number="INV-2"))], key=KEY)

        made = [body for entity, _params, body in router.writes if entity == "Item"]
        assert made == [{"Name": "Lotbridge sales", "Type": "Service", "IncomeAccountRef": {"value": "82"}}]
        assert quickbooks.memory["sales_item"] == "900"

    def test_outside_the_us_each_line_has_a_tax_code(self, router: Router) -> None:
        memory = AMERICAN | {"country": "CA", "currency": "CAD", "untaxed_code": "5"}
        lines = (Line(amount=Decimal("1.00"), tax_code="3"), Line(amount=Decimal("2.00")))

        connector(memory).write(INVOICES, [create(invoice(lines=lines))], key=KEY)

        body = router.writes[0][2]
        codes = [line["SalesItemLineDetail"]["TaxCodeRef"]["value"] for line in body["Line"]]
        assert (codes, body["GlobalTaxCalculation"]) == (["3", "5"], "TaxExcluded")

    def test_a_payment_names_its_method_and_invoices(self, router: Router) -> None:
        connector().write(PAYMENTS, [create(PAYMENT)], key=KEY)

        assert router.writes[0][2] == {
            "CustomerRef": {"value": "58"},
            "TxnDate": "2026-03-01",
            "PaymentMethodRef": {"value": "1"},
            "PrivateNote": f"At the desk\nLotbridge {MARKER}",
            "TotalAmt": 350.0,
            "Line": [{"Amount": 300.0, "LinkedTxn": [{"TxnId": "239", "TxnType": "Invoice"}]}],
        }

    def test_a_missing_payment_method_is_made(self, router: Router) -> None:
        quickbooks = connector()

        quickbooks.write(PAYMENTS, [create(replace(PAYMENT, method="Wire"))], key=KEY)

        assert (router.writes[0][0], router.writes[0][2]) == ("PaymentMethod", {"Name": "Wire"})
        assert router.writes[1][2]["PaymentMethodRef"] == {"value": "900"}
        assert quickbooks.memory["payment_methods"]["900"] == "Wire"

    def test_a_bill(self, router: Router) -> None:
        record = replace(BILL, lines=(*BILL.lines, ExpenseLine(amount=Decimal("5.00"))))

        connector().write(BILLS, [create(record)], key=KEY)

        body = router.writes[0][2]
        accounts = [line["AccountBasedExpenseLineDetail"]["AccountRef"]["value"] for line in body["Line"]]
        assert accounts == ["15", "15"]
        assert body["VendorRef"] == {"value": "71"}
        assert body["PrivateNote"] == f"Lotbridge {MARKER}"

    @pytest.mark.parametrize(
        ("payment_type", "theirs", "kind"),
        [("cash", "Cash", "Bank"), ("check", "Check", "Bank"), ("card", "CreditCard", "Credit Card")],
    )
    def test_a_purchase_is_paid_from_an_account_that_matches(
        self, router: Router, payment_type: str, theirs: str, kind: str
    ) -> None:
        router.rows["Account"] = [{"Id": "41", "Name": "First"}]

        connector().write(PURCHASES, [create(replace(BILL, payment_type=payment_type))], key=KEY)

        body = router.writes[0][2]
        assert (body["PaymentType"], body["AccountRef"]) == (theirs, {"value": "41"})
        assert body["EntityRef"] == {"value": "71", "type": "Vendor"}
        assert f"AccountType = '{kind}'" in router.asked("Account")[0]

    def test_money_back_on_a_card_is_a_credit(self, router: Router) -> None:
        lines = (ExpenseLine(account_id="16", amount=Decimal("-20.00")),)

        connector().write(
            PURCHASES, [create(replace(BILL, payment_type="card", account_id="41", lines=lines))], key=KEY
        )

        body = router.writes[0][2]
        assert (body["Credit"], body["Line"][0]["Amount"]) == (True, 20.0)

    def test_another_currency_needs_a_company_that_takes_it(self, router: Router) -> None:
        change = create(invoice(currency="EUR"))

        [refused] = connector().write(INVOICES, [change], key=KEY)
        [written] = connector(AMERICAN | {"multi_currency": True}).write(INVOICES, [change], key=KEY)

        assert isinstance(refused, Refused)
        assert isinstance(written, Written)
        assert [body.get("CurrencyRef") for _entity, _params, body in router.writes] == [{"value": "EUR"}]


class TestLookingFirst:
    def test_a_name_that_is_there_is_found_and_nothing_is_written(self, router: Router) -> None:
        router.rows["Customer"] = [fixture("customers__ordinary")]

        [outcome] = connector().write(CUSTOMERS, [create(customer("ana cruz"))], key=KEY)

        assert isinstance(outcome, Found)
        assert outcome.remote.id == "58"
        assert router.writes == []

    def test_names_are_asked_for_together_and_quoted(self, router: Router) -> None:
        changes = [create(customer("O'Brien"), item=1), create(customer("Ana"), item=2)]

        connector().write(CUSTOMERS, changes, key=KEY)

        assert "DisplayName in ('Ana', 'O\\'Brien') and Active in (true, false)" in router.statements[0]

    def test_an_earlier_try_s_contact_is_adopted_when_it_is_the_same(self, router: Router) -> None:
        raw = fixture("customers__ordinary")
        router.rows["Customer"] = [raw]
        record = connector().canonical(CUSTOMERS, raw)
        assert isinstance(record, Contact)

        [same] = connector().write(CUSTOMERS, [create(record, tried=True)], key=KEY)
        [other] = connector().write(CUSTOMERS, [create(replace(record, phone="1"), tried=True)], key=KEY)

        assert isinstance(same, Written)
        assert isinstance(other, Found)

    def test_our_own_invoice_is_known_by_its_mark(self, router: Router) -> None:
        router.rows["Invoice"] = [{**fixture("invoices__ordinary"), "PrivateNote": f"Lotbridge {MARKER}"}]

        [outcome] = connector().write(INVOICES, [create(invoice())], key=KEY)

        assert isinstance(outcome, Written)
        assert router.writes == []

    def test_somebody_else_s_invoice_of_that_number_is_found(self, router: Router) -> None:
        router.rows["Invoice"] = [fixture("invoices__ordinary")]

        [outcome] = connector().write(INVOICES, [create(invoice())], key=KEY)

        assert isinstance(outcome, Found)

    def test_where_quickbooks_numbers_itself_a_number_proves_nothing(self, router: Router) -> None:
        router.rows["Invoice"] = [fixture("invoices__ordinary")]

        [outcome] = connector(AMERICAN | {"custom_numbers": False}).write(INVOICES, [create(invoice())], key=KEY)

        assert isinstance(outcome, Written)
        assert outcome.remote.id == "900"

    @pytest.mark.parametrize(("stream", "record"), [(PAYMENTS, PAYMENT), (BILLS, BILL), (INVOICES, invoice(number=""))])
    def test_without_a_number_the_mark_of_an_earlier_try_is_searched(
        self, router: Router, stream: Stream, record: Any
    ) -> None:
        entity = {"payments": "Payment", "bills": "Bill", "invoices": "Invoice"}[stream.name]
        router.rows[entity] = [
            {"Id": "1", "SyncToken": "0", "PrivateNote": "Lotbridge another"},
            {"Id": "2", "SyncToken": "0", "PrivateNote": f"Hello\nLotbridge {MARKER}"},
        ]

        [tried] = connector().write(stream, [create(record, tried=True)], key=KEY)
        asked = len(router.statements)
        connector().write(stream, [create(record)], key=KEY)

        assert isinstance(tried, Written)
        assert tried.remote.id == "2"
        assert "TxnDate in ('2026-03-01')" in router.asked(entity)[0]
        assert len(router.asked(entity)) == asked == 1
        assert len(router.writes) == 1
