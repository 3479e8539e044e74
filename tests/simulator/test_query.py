"""The query language and change data capture."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.simulator.client import Client
from tests.support.simulator import RunningSimulator


def names(client: Client, text: str) -> list[str]:
    return [row["DisplayName"] for row in client.query(text).get("Customer", [])]


def test_pages_are_stable_and_the_key_is_absent_when_there_is_nothing(
    simulator: RunningSimulator, client: Client
) -> None:
    assert client.query("select * from Customer") == {}
    simulator.seed("Customer", 250)
    order = "orderby MetaData.LastUpdatedTime"

    pages = [
        client.query(f"select * from Customer {order} startposition {n} maxresults 100") for n in (1, 101, 201, 301)
    ]

    ids = [row["Id"] for page in pages for row in page.get("Customer", [])]
    assert [page.get("maxResults") for page in pages] == [100, 100, 50, None]
    assert pages[1]["startPosition"] == 101
    assert len(set(ids)) == 250
    assert len(client.query("select * from Customer")["Customer"]) == 100


def test_conditions(client: Client) -> None:
    for name in ("O'Brien", "Ana_1", "AnaX1", "Bo"):
        client.post("Customer", {"DisplayName": name})
    invoice = client.invoice("1", 120)

    assert names(client, r"select * from Customer where DisplayName = 'O\'Brien'") == ["O'Brien"]
    assert names(client, "select * from Customer where DisplayName LIKE 'Ana_1%'") == ["Ana_1"]
    assert names(client, "SELECT * FROM Customer WHERE Id IN ('1', '4') ORDERBY Id DESC") == ["Bo", "O'Brien"]
    assert names(client, "select * from Customer where Id >= '3' and DisplayName < 'B'") == ["AnaX1"]
    assert client.query("select count(*) from Customer") == {"totalCount": 4}
    found = client.query("select * from Invoice where CustomerRef = '1' and Balance > '0' and TotalAmt = '120.00'")
    assert [row["Id"] for row in found["Invoice"]] == [invoice["Id"]]
    assert client.query(f"select * from Invoice where DocNumber = '{invoice['DocNumber']}'")["Invoice"]


def test_only_active_rows_of_name_lists_unless_asked(client: Client) -> None:
    shown = client.query("select * from Item")["Item"]
    every = client.query("select * from Item where Active IN (true, false) order by Id")["Item"]

    assert len(shown) == 5
    assert len(every) == 6
    assert every[-1]["Name"] == "Undercoating (deleted)"


def test_sku_is_shown_only_when_asked_and_columns_can_be_chosen(client: Client) -> None:
    assert "Sku" not in client.query("select * from Item")["Item"][0]
    assert client.query("select *, Sku from Item")["Item"][0]["Sku"] == "SERVICES"
    assert client.query("select Id, Name from Term")["Term"][0] == {
        "domain": "QBO",
        "Id": "1",
        "Name": "Due on receipt",
    }


def test_changed_since_compares_instants_by_the_second(simulator: RunningSimulator, client: Client) -> None:
    before = client.customer("Early")["MetaData"]["LastUpdatedTime"]
    simulator.settings(clock_offset_seconds=60)
    client.customer("Late")
    utc = datetime.fromisoformat(before).astimezone(UTC).isoformat().replace("+00:00", "Z")

    assert names(client, f"select * from Customer where MetaData.LastUpdatedTime > '{before}'") == ["Late"]
    assert names(client, f"select * from Customer where MetaData.LastUpdatedTime >= '{utc}'") == [
        "Early",
        "Late",
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("select from Customer", "4000"),
        ("select * from Customer where DisplayName = 'a' or Id = '1'", "4000"),
        ("select * from Customer maxresults 1001", "4000"),
        ("select * from Customer startposition 0", "4000"),
        ("select * from customer", "4001"),
        ("select * from Customer where Colour = 'red'", "4001"),
        ("select * from Customer orderby Colour", "4001"),
        ("select * from Customer where DisplayName = 'O'Brien'", "4000"),
        ("select * from Customer where MetaData.LastUpdatedTime > 'yesterday'", "4000"),
    ],
)
def test_what_is_no_query_is_refused(client: Client, text: str, code: str) -> None:
    assert client.query(text, status=400) == code


def test_a_long_query_may_be_posted_as_text(client: Client) -> None:
    client.customer()

    answer = client.send("POST", "query", text="select * from Customer")

    assert len(answer.json()["QueryResponse"]["Customer"]) == 1


def test_single_rows_and_tax_codes_can_be_queried(client: Client) -> None:
    assert client.query("select * from CompanyInfo")["CompanyInfo"][0]["Country"] == "US"
    assert client.query("select * from Preferences")["Preferences"][0]["CurrencyPrefs"]
    assert [row["Name"] for row in client.query("select * from TaxCode")["TaxCode"]] == ["TAX", "NON"]


def changes(client: Client, entities: str, since: datetime) -> list[dict[str, object]]:
    query = {"entities": entities, "changedSince": since.isoformat()}
    answer = client.send("GET", "cdc", query=query)
    assert answer.status_code == 200, answer.text
    blocks: list[dict[str, object]] = answer.json()["CDCResponse"][0]["QueryResponse"]
    return blocks


def test_cdc_tells_of_changes_and_deletions(client: Client) -> None:
    since = datetime.now(UTC) - timedelta(minutes=5)
    invoice = client.invoice(client.customer()["Id"])
    client.post("Invoice", {"Id": invoice["Id"], "SyncToken": "0"}, operation="delete")

    customers, invoices, payments = changes(client, "Customer,Invoice,Payment", since)

    assert [row["DisplayName"] for row in customers["Customer"]] == ["Ana Cruz"]  # type: ignore[attr-defined]
    stub = invoices["Invoice"][0]  # type: ignore[index]
    assert (stub["Id"], stub["status"], stub["domain"]) == (invoice["Id"], "Deleted", "QBO")
    assert payments == {}
    assert client.query("select * from Invoice") == {}


def test_cdc_gives_at_most_a_thousand_objects(simulator: RunningSimulator, client: Client) -> None:
    simulator.seed("Customer", 900, spread_seconds=100)
    simulator.seed("Vendor", 200)

    customers, vendors = changes(client, "Customer,Vendor", datetime.now(UTC) - timedelta(hours=1))

    assert (customers["maxResults"], vendors["maxResults"]) == (900, 100)


def test_cdc_refuses_more_than_thirty_days_and_tax_codes(client: Client) -> None:
    old = {"entities": "Customer", "changedSince": (datetime.now(UTC) - timedelta(days=31)).isoformat()}
    tax = {"entities": "TaxCode", "changedSince": datetime.now(UTC).isoformat()}

    assert client.send("GET", "cdc", query=old).status_code == 400
    assert client.send("GET", "cdc", query=tax).status_code == 400


def test_a_hundred_thousand_customers_are_read_in_quick_pages(simulator: RunningSimulator, client: Client) -> None:
    simulator.seed("Customer", 100_000)
    last = "select * from Customer orderby MetaData.LastUpdatedTime startposition 99001 maxresults 1000"

    started = datetime.now(UTC)
    answer = simulator.session.get(
        f"{simulator.base}/v3/company/{client.realm}/query",
        params={"query": last},
        headers={"Authorization": f"Bearer {client.access_token}"},
        timeout=30,
    )
    seconds = (datetime.now(UTC) - started).total_seconds()

    assert len(answer.json()["QueryResponse"]["Customer"]) == 1000
    assert seconds < 0.5
