"""Creating, changing, voiding and deleting in the simulated QuickBooks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.client import Client, invoice_body, payment_body
from tests.support.simulator import CA_REALM, RunningSimulator


def test_a_customer_gets_id_token_and_company_time(client: Client) -> None:
    customer = client.post("Customer", {"GivenName": "Ana", "FamilyName": "Cruz"})

    assert (customer["Id"], customer["SyncToken"], customer["DisplayName"]) == ("1", "0", "Ana Cruz")
    assert customer["MetaData"]["LastUpdatedTime"].endswith("-08:00")
    assert customer["CurrencyRef"]["value"] == "USD"


def test_a_sparse_update_keeps_what_it_does_not_name_and_a_full_one_clears_it(client: Client) -> None:
    made = client.post("Customer", {"DisplayName": "Ana", "Notes": "VIP", "PrimaryEmailAddr": {"Address": "a@b.co"}})

    sparse = client.post("Customer", {"Id": made["Id"], "SyncToken": "0", "sparse": True, "Notes": "Gold"})
    full = client.post("Customer", {"Id": made["Id"], "SyncToken": "1", "DisplayName": "Ana B"})

    assert (sparse["SyncToken"], sparse["Notes"], sparse["PrimaryEmailAddr"]["Address"]) == (
        "1",
        "Gold",
        "a@b.co",
    )
    assert (full["SyncToken"], full["DisplayName"]) == ("2", "Ana B")
    assert "Notes" not in full
    assert "PrimaryEmailAddr" not in full


def test_a_stale_sync_token_is_5010_and_changes_nothing(client: Client) -> None:
    made = client.customer()
    client.post("Customer", {"Id": made["Id"], "SyncToken": "0", "sparse": True, "Notes": "first"})

    body = {"Id": made["Id"], "SyncToken": "0", "sparse": True, "Notes": "second"}

    assert client.post("Customer", body, status=400) == "5010"
    assert client.read("Customer", made["Id"])["Notes"] == "first"


def test_names_are_unique_over_customers_and_vendors_and_inactive_ones_still_block(client: Client) -> None:
    made = client.customer("Ana Cruz")

    assert client.post("Vendor", {"DisplayName": "ana cruz"}, status=400) == "6240"
    inactive = client.post("Customer", {"Id": made["Id"], "SyncToken": "0", "sparse": True, "Active": False})
    assert inactive["DisplayName"] == "Ana Cruz (deleted)"
    assert client.post("Customer", {"DisplayName": "Ana Cruz"}, status=400) == "6240"
    active = client.post("Customer", {"Id": made["Id"], "SyncToken": "1", "sparse": True, "Active": True})
    assert active["DisplayName"] == "Ana Cruz"


@pytest.mark.parametrize(
    ("entity", "body", "code"),
    [
        ("Customer", {}, "2020"),
        ("Customer", {"DisplayName": "x" * 501}, "2050"),
        ("Customer", {"DisplayName": "a:b"}, "2040"),
        ("Customer", {"DisplayName": "Ana", "PrimaryEmailAddr": {"Address": "nobody"}}, "2210"),
        ("Customer", {"DisplayName": "Ana", "Colour": "red"}, "2010"),
        ("Customer", {"Id": "99", "SyncToken": "0", "DisplayName": "Ana"}, "610"),
        ("Customer", {"Id": "99", "DisplayName": "Ana"}, "2020"),
        ("Invoice", invoice_body("99"), "2500"),
        ("Account", {"Name": "Petty cash", "AccountType": "Purse"}, "2170"),
        ("Purchase", {"PaymentType": "CreditCard", "AccountRef": {"value": "1"}, "Line": []}, "6000"),
        ("TaxCode", {"Name": "X"}, "500"),
    ],
)
def test_what_cannot_be_is_refused_with_its_code(
    client: Client, entity: str, body: dict[str, object], code: str
) -> None:
    if entity == "TaxCode":
        answer = client.batch([{"bId": "1", "operation": "create", "TaxCode": body}])
        assert answer[0]["Fault"]["Error"][0]["code"] == code
        return

    assert client.post(entity, body, status=400) == code


def test_an_invoice_computes_totals_and_the_customer_owes_them(client: Client) -> None:
    customer = client.customer()

    invoice = client.invoice(customer["Id"], 450, DocNumber="INV-1042", TxnTaxDetail={"TotalTax": 37.13})

    assert (invoice["TotalAmt"], invoice["Balance"], invoice["DocNumber"]) == (487.13, 487.13, "INV-1042")
    assert invoice["Line"][-1] == {
        "Amount": 450.0,
        "DetailType": "SubTotalLineDetail",
        "SubTotalLineDetail": {},
    }
    assert invoice["CustomerRef"]["name"] == "Ana Cruz"
    assert client.read("Customer", customer["Id"])["Balance"] == 487.13


def test_a_wrong_product_an_inactive_item_and_a_missing_item_are_refused(client: Client) -> None:
    body = invoice_body(client.customer()["Id"], 100)
    line, detail = body["Line"][0], body["Line"][0]["SalesItemLineDetail"]

    line["Amount"] = 99.99
    assert client.post("Invoice", body, status=400) == "6070"
    line["Amount"] = 100
    detail["ItemRef"] = {"value": "6"}
    assert client.post("Invoice", body, status=400) == "2500"
    del detail["ItemRef"]
    assert client.post("Invoice", body, status=400) == "2020"


def test_amounts_are_rounded_half_up(client: Client) -> None:
    body = invoice_body(client.customer()["Id"])
    body["Line"][0] |= {"Amount": 1.01}
    body["Line"][0]["SalesItemLineDetail"] |= {"Qty": 0.5, "UnitPrice": 2.01}

    assert client.post("Invoice", body)["TotalAmt"] == 1.01


def test_a_payment_settles_its_invoice_and_moves_its_version(client: Client) -> None:
    customer = client.customer()
    invoice = client.invoice(customer["Id"], 450)

    payment = client.post("Payment", payment_body(customer["Id"], 200, invoice["Id"]))
    settled = client.read("Invoice", invoice["Id"])

    assert payment["UnappliedAmt"] == 0
    assert (settled["Balance"], settled["SyncToken"]) == (250.0, "1")
    assert settled["LinkedTxn"] == [{"TxnId": payment["Id"], "TxnType": "Payment"}]
    assert client.read("Customer", customer["Id"])["Balance"] == 250.0


def test_a_payment_without_lines_stays_unapplied_and_too_much_is_refused(client: Client) -> None:
    customer = client.customer()
    invoice = client.invoice(customer["Id"], 100)

    loose = client.post("Payment", payment_body(customer["Id"], 40))

    assert loose["UnappliedAmt"] == 40.0
    assert client.post("Payment", payment_body(customer["Id"], 150, invoice["Id"]), status=400) == "6000"
    assert client.read("Invoice", invoice["Id"])["Balance"] == 100.0


def test_a_voided_payment_gives_the_invoice_its_balance_back(client: Client) -> None:
    customer = client.customer()
    invoice = client.invoice(customer["Id"], 100)
    payment = client.post("Payment", payment_body(customer["Id"], 100, invoice["Id"]))

    body = {"Id": payment["Id"], "SyncToken": "0", "sparse": True}
    void = client.post("Payment", body, operation="update", include="void")

    assert (void["TotalAmt"], void["PrivateNote"], void["Line"]) == (0.0, "Voided", [])
    again = client.read("Invoice", invoice["Id"])
    assert (again["Balance"], again["LinkedTxn"]) == (100.0, [])


def test_a_voided_invoice_has_no_amounts_and_frees_its_payment(client: Client) -> None:
    customer = client.customer()
    invoice = client.invoice(customer["Id"], 100, PrivateNote="ours")
    payment = client.post("Payment", payment_body(customer["Id"], 60, invoice["Id"]))

    void = client.post("Invoice", {"Id": invoice["Id"], "SyncToken": "1"}, operation="void")

    assert (void["TotalAmt"], void["Balance"], void["PrivateNote"]) == (0.0, 0.0, "Voided - ours")
    assert {line["Amount"] for line in void["Line"]} == {0.0}
    assert client.read("Payment", payment["Id"])["UnappliedAmt"] == 60.0
    assert client.read("Customer", customer["Id"])["Balance"] == -60.0


def test_a_credit_memo_can_settle_an_invoice(client: Client) -> None:
    customer = client.customer()
    invoice = client.invoice(customer["Id"], 100)
    credit = client.post("CreditMemo", invoice_body(customer["Id"], 30))

    links = [("Invoice", invoice["Id"]), ("CreditMemo", credit["Id"])]
    lines = [{"Amount": 30, "LinkedTxn": [{"TxnType": kind, "TxnId": id}]} for kind, id in links]
    client.post("Payment", {"CustomerRef": {"value": customer["Id"]}, "TotalAmt": 0, "Line": lines})

    assert client.read("Invoice", invoice["Id"])["Balance"] == 70.0
    assert client.read("CreditMemo", credit["Id"])["RemainingCredit"] == 0.0
    assert client.read("Customer", customer["Id"])["Balance"] == 70.0


def test_a_bill_is_owed_and_a_purchase_is_paid_from_a_fitting_account(client: Client) -> None:
    vendor = client.post("Vendor", {"DisplayName": "Parts Co", "TaxIdentifier": "12-3456789"})
    line = {
        "DetailType": "AccountBasedExpenseLineDetail",
        "Amount": 80,
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "15"}},
    }

    bill = client.post("Bill", {"VendorRef": {"value": vendor["Id"]}, "Line": [line]})
    card = {"PaymentType": "CreditCard", "AccountRef": {"value": "8"}, "Line": [line]}
    purchase = client.post("Purchase", card | {"EntityRef": {"value": vendor["Id"], "type": "Vendor"}})

    assert vendor["TaxIdentifier"] == "XXXXX6789"
    assert (bill["Balance"], purchase["TotalAmt"], purchase["EntityRef"]["name"]) == (80.0, 80.0, "Parts Co")
    assert client.read("Vendor", vendor["Id"])["Balance"] == 80.0
    assert client.post("Bill", {"Id": bill["Id"], "SyncToken": "0"}, operation="void", status=400) == "500"


def test_duplicate_numbers_are_refused_only_where_the_company_warns(
    simulator: RunningSimulator, client: Client
) -> None:
    body = invoice_body(client.customer()["Id"], DocNumber="A-1")

    client.post("Invoice", body)
    client.post("Invoice", body)
    simulator.settings(duplicate_warnings=True)

    assert client.post("Invoice", body, status=400) == "6140"


def test_outside_the_us_lines_need_a_tax_code_and_numbers_are_automatic(simulator: RunningSimulator) -> None:
    client = Client(simulator, CA_REALM)
    body = invoice_body(client.customer()["Id"], 100, DocNumber="MINE")
    detail = body["Line"][0]["SalesItemLineDetail"]

    del detail["TaxCodeRef"]
    assert client.post("Invoice", body, status=400) == "6000"
    detail["TaxCodeRef"] = {"value": "3"}
    invoice = client.post("Invoice", body | {"GlobalTaxCalculation": "TaxExcluded"})

    assert (invoice["TotalAmt"], invoice["TxnTaxDetail"]["TotalTax"]) == (113.0, 13.0)
    assert invoice["DocNumber"] == "1001"


def test_name_lists_cannot_be_deleted(client: Client) -> None:
    made = client.customer()

    assert client.post("Customer", {"Id": made["Id"], "SyncToken": "0"}, operation="delete", status=400) == "500"


def test_the_same_requestid_gives_the_first_answer_for_a_day(simulator: RunningSimulator, client: Client) -> None:
    first = client.post("Customer", {"DisplayName": "Ana"}, requestid="r-1")
    again = client.post("Customer", {"DisplayName": "Ana"}, requestid="r-1")
    refused = client.post("Customer", {"DisplayName": "Ana"}, status=400, requestid="r-2")
    refused_again = client.post("Customer", {"DisplayName": "Bo"}, status=400, requestid="r-2")

    assert again == first
    assert refused == refused_again == "6240"
    assert len(simulator.entities("Customer")) == 1
    assert simulator.state()["calls"]["replay"] == 2

    simulator.settings(clock_offset_seconds=24 * 3600 + 1, access_token_seconds=10**6)
    client.access_token = simulator.connect()["access_token"]
    assert client.post("Customer", {"DisplayName": "Bo"}, requestid="r-1")["Id"] != first["Id"]


def test_a_batch_answers_each_item_on_its_own_and_replays_as_a_whole(
    simulator: RunningSimulator, client: Client
) -> None:
    items: list[dict[str, Any]] = [
        {"bId": "b1", "operation": "create", "Customer": {"DisplayName": "Ana"}},
        {"bId": "b2", "operation": "create", "Customer": {"DisplayName": "Ana"}},
        {"bId": "b3", "Query": "select * from Customer"},
        {"bId": "b4", "operation": "create", "Vendor": {"DisplayName": "Parts Co"}},
    ]

    first = client.batch(items, requestid="batch-1")
    again = client.batch(items, requestid="batch-1")

    assert [sorted(set(item) - {"bId"}) for item in first] == [
        ["Customer"],
        ["Fault"],
        ["QueryResponse"],
        ["Vendor"],
    ]
    assert again == first
    assert len(simulator.entities("Customer")) == 1


def test_a_batch_voids_updates_and_deletes(client: Client) -> None:
    customer = client.customer()
    one, two = client.invoice(customer["Id"], 10), client.invoice(customer["Id"], 20)

    answer = client.batch(
        [
            {
                "bId": "1",
                "operation": "update",
                "optionsData": "void",
                "Invoice": {"Id": one["Id"], "SyncToken": "0", "sparse": True},
            },
            {"bId": "2", "operation": "delete", "Invoice": {"Id": two["Id"], "SyncToken": "0"}},
        ]
    )

    assert answer[0]["Invoice"]["TotalAmt"] == 0.0
    assert answer[1]["Invoice"] == {"domain": "QBO", "status": "Deleted", "Id": two["Id"]}


def test_batch_limits(client: Client) -> None:
    def refusal(items: list[dict[str, Any]], **query: str) -> str:
        answer = client.send("POST", "batch", query=query, body={"BatchItemRequest": items})
        assert answer.status_code == 400
        return str(answer.json()["Fault"]["Error"][0]["code"])

    item: dict[str, Any] = {"Query": "select * from Item"}

    assert refusal([{"bId": str(n), **item} for n in range(31)]) == "6000"
    assert refusal([{"bId": "x" * 11, **item}]) == "2050"
    assert refusal([{"bId": "1", **item}], requestid="x" * 37) == "2050"


def test_an_invoice_can_be_mailed(client: Client) -> None:
    invoice = client.invoice(client.customer()["Id"])

    client.send("POST", f"invoice/{invoice['Id']}/send", query={"sendTo": "ana@example.com"})

    assert client.read("Invoice", invoice["Id"])["EmailStatus"] == "EmailSent"


def test_company_and_preferences(client: Client) -> None:
    company = client.send("GET", f"companyinfo/{client.realm}").json()["CompanyInfo"]
    preferences = client.send("GET", "preferences").json()["Preferences"]

    assert (company["CompanyName"], company["Country"]) == ("Sandbox Motors Inc.", "US")
    assert preferences["SalesFormsPrefs"]["CustomTxnNumbers"] is True
