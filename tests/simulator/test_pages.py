"""The pages where a person plays the provider's side."""

from __future__ import annotations

import requests

from tests.support.simulator import US_REALM, RunningSimulator


def record(simulator: RunningSimulator, kind: str, id: str, **form: str) -> requests.Response:
    url = f"{simulator.base}/record/{kind}/{id}?realm={US_REALM}"
    return requests.post(url, data=form, timeout=10) if form else requests.get(url, timeout=10)


def invoice(simulator: RunningSimulator) -> dict[str, object]:
    customer = simulator.write("Customer", {"DisplayName": "Ana <b>Cruz</b>"})
    detail = {"ItemRef": {"value": "2"}, "Qty": 1, "UnitPrice": 450}
    line = {"DetailType": "SalesItemLineDetail", "Amount": 450, "SalesItemLineDetail": detail}
    return simulator.write("Invoice", {"CustomerRef": {"value": customer["Id"]}, "Line": [line]})


def test_the_first_page_lists_providers_and_the_second_a_company(simulator: RunningSimulator) -> None:
    invoice(simulator)

    first = requests.get(simulator.url, timeout=10)
    second = requests.get(f"{simulator.base}/?realm={US_REALM}&q=Ana", timeout=10)

    assert "/quickbooks/" in first.text
    assert "<h1>Simulator: QuickBooks</h1>" in second.text
    assert "Ana &lt;b&gt;Cruz&lt;/b&gt;" in second.text
    assert "<b>Cruz" not in second.text
    assert "default-src 'none'" in second.headers["Content-Security-Policy"]


def test_a_person_edits_an_invoice_and_records_a_payment(simulator: RunningSimulator) -> None:
    invoice(simulator)

    saved = record(simulator, "Invoice", "1", act="save", memo="Hi", DueDate="2026-12-24", Qty="2", UnitPrice="100.25")
    paid = record(simulator, "Invoice", "1", act="pay", amount="50.50")

    assert (saved.status_code, paid.status_code) == (200, 200)
    row = simulator.entities("Invoice")[0]
    assert (row["CustomerMemo"]["value"], row["DueDate"]) == ("Hi", "2026-12-24")
    assert (row["TotalAmt"], row["Balance"]) == (200.5, 150.0)
    assert simulator.entities("Payment")[0]["TotalAmt"] == 50.5


def test_a_person_edits_and_adds_customers(simulator: RunningSimulator) -> None:
    form = {"DisplayName": "Bo", "email": "bo@example.com", "phone": "555"}

    requests.post(f"{simulator.base}/new/Customer?realm={US_REALM}", data=form, timeout=10)
    record(simulator, "Customer", "1", act="save", DisplayName="Bo B", email="", phone="556")

    row = simulator.entities("Customer")[0]
    assert (row["DisplayName"], row["PrimaryPhone"]["FreeFormNumber"]) == ("Bo B", "556")
    assert "PrimaryEmailAddr" not in row


def test_a_person_voids_and_deletes(simulator: RunningSimulator) -> None:
    invoice(simulator)

    record(simulator, "Invoice", "1", act="void")
    assert simulator.entities("Invoice")[0]["TotalAmt"] == 0
    record(simulator, "Invoice", "1", act="delete")

    assert simulator.entities("Invoice") == []


def test_a_refusal_is_shown_and_changes_nothing(simulator: RunningSimulator) -> None:
    invoice(simulator)

    answer = record(simulator, "Invoice", "1", act="pay", amount="999")

    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert simulator.entities("Payment") == []


def test_faults_are_added_and_cleared_by_hand(simulator: RunningSimulator) -> None:
    url = f"{simulator.url}/_faults"
    requests.post(url, data={"kind": "drop", "provider": "", "match": "/query", "times": "2"}, timeout=10)
    assert "Close the connection" in requests.get(url, timeout=10).text

    requests.post(url, data={"clear": "all"}, timeout=10)

    assert simulator.call("GET", "/_control/faults")["faults"] == []


def test_another_site_cannot_post(simulator: RunningSimulator) -> None:
    headers = {"Origin": "https://evil.example.com"}

    answer = requests.post(f"{simulator.url}/_control/reset", headers=headers, timeout=10)

    assert answer.status_code == 400
