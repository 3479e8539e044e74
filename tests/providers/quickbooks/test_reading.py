"""Reading: pages that lose nothing, changes, and what the company is like."""

import re
from collections.abc import Container, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.errors import ConfigurationError, CredentialError, RateLimited, UnexpectedResponse
from connectors.providers.quickbooks import queries
from connectors.providers.quickbooks.connector import QuickBooks
from connectors.streams import Page
from tests.providers.quickbooks.support import BASE, REALM, Router, connector, fixture

CUSTOMERS = QuickBooks.stream("customers")
INVOICES = QuickBooks.stream("invoices")
PAYMENTS = QuickBooks.stream("payments")
LONG_AGO = datetime(2020, 1, 1, 12, 30, 15, 900000, tzinfo=UTC)


def row(identifier: int) -> dict[str, Any]:
    return {"Id": str(identifier), "SyncToken": "0", "DisplayName": f"Customer {identifier}"}


class Table:
    """Rows that are there one moment and gone the next."""

    def __init__(self, ids: Sequence[int]) -> None:
        self.ids = list(ids)

    def remove(self, gone: Container[int]) -> None:
        self.ids = [identifier for identifier in self.ids if identifier not in gone]

    def find(self, entity: str, text: str) -> list[dict[str, Any]]:
        found = re.search(r"startposition (\d+) maxresults (\d+)", text)
        assert found is not None
        start, size = int(found[1]), int(found[2])
        return [row(identifier) for identifier in self.ids[start - 1 : start - 1 + size]]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "PAGE_SIZE", 4)


def read_all(quickbooks: QuickBooks, table: Table, after_page: dict[int, Any] | None = None) -> list[Page]:
    pages, token = [], ""
    while True:
        pages.append(quickbooks.read(CUSTOMERS, since=None, token=token))
        token = pages[-1].next_token
        if not token:
            return pages
        (after_page or {}).get(len(pages), lambda: None)()


def ids_of(pages: list[Page]) -> set[int]:
    return {int(remote.id) for page in pages for remote in page.remotes}


def test_it_reads_every_page(router: Router, small_pages: None) -> None:
    table = Table(range(1, 12))
    router.find = table.find

    pages = read_all(connector(), table)

    assert ids_of(pages) == set(range(1, 12))
    assert "Active in (true, false)" in router.statements[0]
    assert router.statements[0].endswith("orderby Id startposition 1 maxresults 4")


@pytest.mark.parametrize("gone", [[1], [2, 3], [4], [1, 2, 3, 4], [3, 4, 5], [1, 5]])
def test_deletions_between_two_pages_hide_nothing(router: Router, small_pages: None, gone: list[int]) -> None:
    table = Table(range(1, 14))
    router.find = table.find

    pages = read_all(connector(), table, {1: lambda: table.remove(gone)})

    assert ids_of(pages) >= set(range(1, 14)) - set(gone)


def test_more_deletions_than_a_page_holds_hide_nothing(router: Router, small_pages: None) -> None:
    table = Table(range(1, 30))
    router.find = table.find

    pages = read_all(connector(), table, {3: lambda: table.remove(range(1, 10))})

    assert ids_of(pages) == set(range(1, 30))


def test_a_row_put_in_before_the_position_does_not_send_us_back(router: Router, small_pages: None) -> None:
    table = Table(range(2, 14))
    router.find = table.find

    pages = read_all(connector(), table, {1: lambda: table.ids.insert(0, 1)})

    assert ids_of(pages) >= set(range(2, 14))
    assert len(router.statements) == 5


def test_a_full_last_page_ends(router: Router, small_pages: None) -> None:
    table = Table(range(1, 5))
    router.find = table.find

    pages = read_all(connector(), table)

    assert [len(page.remotes) for page in pages] == [4, 1]


def test_every_id_is_listed_once(router: Router, small_pages: None) -> None:
    router.find = Table(range(1, 10)).find

    listed = [identifier for page in connector().list_ids(CUSTOMERS) for identifier in page]

    assert listed == [str(identifier) for identifier in range(1, 10)]
    assert router.statements[0].startswith("select Id from Customer")


def test_changes_come_with_their_deletions(router: Router) -> None:
    since = datetime.now(UTC) - timedelta(days=2)
    router.mock.get(f"{BASE}/cdc", json=fixture("cdc__one_changed_one_deleted"))

    page = connector().read(INVOICES, since=since, token="")

    changed, deleted = page.remotes
    assert (changed.id, changed.version, changed.deleted) == ("239", "0", False)
    assert changed.marker == "0b7f6f4e-52a1-4d55-9d0e-1c1f0a6f7c11"
    assert changed.changed_at == datetime(2026, 3, 1, 10, 15, 30, tzinfo=UTC)
    assert (deleted.id, deleted.deleted, deleted.raw) == ("39", True, {})
    assert page.as_of == datetime(2026, 3, 1, 10, 16, tzinfo=UTC)
    assert page.complete_deletes
    assert page.next_token == ""


def test_it_asks_for_changes_to_the_second(router: Router) -> None:
    since = datetime.now(UTC) - timedelta(days=28)
    asked = router.mock.get(f"{BASE}/cdc", json={"CDCResponse": [{"QueryResponse": [{}]}], "time": ""})

    connector().read(INVOICES, since=since, token="")

    assert asked.calls[0].request.params == {
        "entities": "Invoice",
        "changedSince": since.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "minorversion": "75",
    }


def test_an_answer_that_was_cut_is_read_by_query_instead(router: Router, small_pages: None) -> None:
    rows = [row(identifier) for identifier in range(1, 5)]
    router.mock.get(f"{BASE}/cdc", json={"CDCResponse": [{"QueryResponse": [{"Customer": rows}]}], "time": ""})
    router.find = Table(range(1, 7)).find
    since = datetime.now(UTC) - timedelta(days=1)
    quickbooks = connector()

    first = quickbooks.read(CUSTOMERS, since=since, token="")
    second = quickbooks.read(CUSTOMERS, since=since, token=first.next_token)

    assert ids_of([first, second]) == set(range(1, 7))
    assert (first.complete_deletes, second.complete_deletes) == (False, False)
    assert len([call for call in router.mock.calls if "/cdc" in str(call.request.url)]) == 1


def test_beyond_the_reach_of_changes_it_asks_by_query(router: Router) -> None:
    page = connector().read(CUSTOMERS, since=LONG_AGO, token="")

    assert not page.complete_deletes
    assert "Active in (true, false) and MetaData.LastUpdatedTime >= '2020-01-01T12:30:15Z'" in router.statements[0]


def test_it_fetches_in_groups_and_leaves_out_what_is_gone(router: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "IDS_IN_A_QUERY", 2)
    router.find = lambda entity, text: [row(1)] if "'1'" in text else []

    found = connector().fetch(CUSTOMERS, ["1", "2", "3", "1"])

    assert [remote.id for remote in found] == ["1"]
    assert "Id in ('1', '2') and Active in (true, false)" in router.statements[0]
    assert len(router.statements) == 2


def test_a_long_query_travels_in_the_body(router: Router) -> None:
    connector().fetch(INVOICES, [str(10**20 + identifier) for identifier in range(80)])

    assert router.mock.calls[0].request.method == "POST"
    assert router.mock.calls[0].request.headers["Content-Type"] == "application/text"
    assert len(router.statements) == 1


def test_the_names_of_payment_methods_are_learnt_while_reading(router: Router) -> None:
    payment = fixture("payments__two_invoices_and_a_credit")
    router.rows = {"Payment": [payment], "PaymentMethod": [{"Id": "4", "Name": "Cheque"}]}
    quickbooks = connector({"country": "US", "currency": "USD"})

    remote = quickbooks.read(PAYMENTS, since=None, token="").remotes[0]
    quickbooks.read(PAYMENTS, since=None, token="")

    assert quickbooks.canonical(PAYMENTS, remote.raw).method == "Cheque"  # type: ignore[union-attr]
    assert len(router.asked("PaymentMethod")) == 1


def test_the_check_tells_the_company_and_remembers_its_settings(router: Router) -> None:
    router.mock.get(f"{BASE}/companyinfo/{REALM}", json=fixture("companyinfo__us"))
    router.mock.get(f"{BASE}/preferences", json=fixture("preferences__us"))
    quickbooks = connector({})

    account = quickbooks.check()

    assert (account.id, account.name) == (REALM, "Sandbox Motors")
    assert (account.currency, account.country) == ("USD", "US")
    assert quickbooks.memory == {
        "country": "US",
        "currency": "USD",
        "multi_currency": False,
        "custom_numbers": True,
    }


def test_a_company_outside_the_us_has_a_code_for_no_tax(router: Router) -> None:
    info, preferences = fixture("companyinfo__us"), fixture("preferences__us")
    info["CompanyInfo"]["Country"] = "CA"
    router.mock.get(f"{BASE}/companyinfo/{REALM}", json=info)
    router.mock.get(f"{BASE}/preferences", json=preferences)
    router.rows["TaxCode"] = [
        {"Id": "3", "Name": "GST", "Active": True, "Taxable": True},
        {"Id": "5", "Name": "Exempt", "Active": True, "Taxable": False},
    ]
    quickbooks = connector({})

    quickbooks.check()

    assert quickbooks.memory["untaxed_code"] == "5"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, fixture("fault__lower_case_authentication"), CredentialError),
        (403, {"Fault": {"Error": [{"Message": "denied", "code": "120"}]}}, CredentialError),
        (403, {"Fault": {"Error": [{"Message": "denied", "code": "100"}]}}, CredentialError),
        (403, {"Fault": {"Error": [{"Message": "denied", "code": "5020"}]}}, ConfigurationError),
        (400, {"Fault": {"Error": [{"Message": "lapsed", "code": "6190"}]}}, ConfigurationError),
        (429, fixture("fault__throttled"), RateLimited),
        (400, {"Fault": {"Error": [{"Message": "cannot parse", "code": "4000"}]}}, UnexpectedResponse),
        (404, "<html>not here</html>", UnexpectedResponse),
        (200, [], UnexpectedResponse),
    ],
)
def test_a_read_that_fails_says_what_to_do(router: Router, status: int, body: Any, expected: type[Exception]) -> None:
    content = {"body": body} if isinstance(body, str) else {"json": body}
    router.mock.get(f"{BASE}/companyinfo/{REALM}", status=status, **content)

    with pytest.raises(expected) as caught:
        connector({}).check()

    assert "Bearer" not in str(caught.value)
    assert "html" not in str(caught.value)


def test_the_intuit_tid_comes_along(router: Router) -> None:
    router.mock.get(
        f"{BASE}/companyinfo/{REALM}",
        status=403,
        json={"Fault": {"Error": [{"code": "120"}]}},
        headers={"intuit_tid": "1-abc"},
    )

    with pytest.raises(CredentialError) as caught:
        connector({}).check()

    assert (caught.value.code, caught.value.request_id) == ("120", "1-abc")
