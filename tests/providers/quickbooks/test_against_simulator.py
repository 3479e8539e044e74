"""The connector against the simulator over HTTP; every request and answer is held against the provider's document."""

import json
import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from connectors import http
from connectors.errors import RateLimited, TransientError
from connectors.providers.quickbooks import queries
from connectors.providers.quickbooks.connector import QuickBooks
from connectors.records import Canonical, Contact, Invoice, Line, Payment
from connectors.streams import Found, Missing, Op, Refused, Remote, Stale, Stream
from tests.providers.quickbooks.live import (
    STREAMS,
    change,
    connected,
    contact,
    expense,
    invoice,
    later,
    made,
    payment,
    write,
    written,
)
from tests.support.simulator import CA_REALM, US_REALM, RunningSimulator


@pytest.mark.parametrize("realm", [US_REALM, CA_REALM])
def test_what_is_written_comes_back_the_same(simulator: RunningSimulator, realm: str) -> None:
    quickbooks = connected(simulator, realm)
    currency = {US_REALM: "USD", CA_REALM: "CAD"}[realm]
    ana = contact(first_name="Ana", email="ana@example.com", phone="555", city="Austin", notes="Hi", tax_id="T1")
    customer = made(quickbooks, "customers", ana)
    vendor = made(quickbooks, "vendors", contact("Parts Inc", company_name="Parts Inc"))
    sold = invoice(customer.id, "1001", memo="Thanks")
    sale = made(quickbooks, "invoices", sold)
    paid = payment(customer.id, sale.id)
    credit = invoice(customer.id, "1002", due_on=None)
    bill = expense(vendor.id, description="March", due_on=date(2026, 3, 31))
    swiped = expense(vendor.id, payment_type="card", account_id="8")

    sent: list[tuple[str, Canonical, Remote]] = [
        ("customers", ana, customer),
        ("invoices", sold, sale),
        ("payments", paid, made(quickbooks, "payments", paid)),
        ("credit_memos", credit, made(quickbooks, "credit_memos", credit)),
        ("bills", bill, made(quickbooks, "bills", bill)),
        ("purchases", swiped, made(quickbooks, "purchases", swiped)),
    ]

    derived = {"subtotal", "tax_total", "total", "balance", "currency", "number"}
    for stream, record, remote in sent:
        back = quickbooks.canonical(STREAMS[stream], remote.raw)
        assert back.currency == currency
        names = set(vars(record)) - derived
        assert {n: getattr(back, n) for n in names} == {n: getattr(record, n) for n in names}, stream


def test_a_batch_is_read_back_whole(quickbooks: QuickBooks) -> None:
    changes = [change(contact(f"Customer {item}"), item=item) for item in range(1, 26)]

    outcomes = write(quickbooks, "customers", *changes)

    page = quickbooks.read(STREAMS["customers"], since=None, token="")
    assert {written(outcome).id for outcome in outcomes} == {remote.id for remote in page.remotes}
    assert len(page.remotes) == 25
    assert page.as_of is not None


def test_pages_lose_nothing_while_rows_are_deleted(
    simulator: RunningSimulator, quickbooks: QuickBooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "PAGE_SIZE", 10)
    simulator.seed("Customer", 5)
    simulator.seed("Invoice", 35)
    stream = STREAMS["invoices"]
    first = quickbooks.read(stream, since=None, token="")
    for remote in first.remotes[:3]:
        simulator.write("Invoice", {"Id": remote.id}, operation="delete")

    seen, token = {remote.id for remote in first.remotes}, first.next_token
    while token:
        page = quickbooks.read(stream, since=None, token=token)
        seen, token = seen | {remote.id for remote in page.remotes}, page.next_token

    left = {identifier for page in quickbooks.list_ids(stream) for identifier in page}
    assert len(left) == 32
    assert left < seen


def test_changes_bring_edits_and_deletions(simulator: RunningSimulator, quickbooks: QuickBooks) -> None:
    customer = made(quickbooks, "customers", contact())
    kept, gone = (made(quickbooks, "invoices", invoice(customer.id, number)) for number in ("A", "B"))
    simulator.write("Invoice", {"Id": kept.id, "sparse": True, "CustomerMemo": {"value": "Edited"}})
    simulator.write("Invoice", {"Id": gone.id}, operation="delete")

    page = quickbooks.read(STREAMS["invoices"], since=datetime.now(UTC) - timedelta(hours=1), token="")

    found = {remote.id: remote for remote in page.remotes}
    assert (found[gone.id].deleted, found[kept.id].deleted) == (True, False)
    assert found[kept.id].version == "1"
    assert page.complete_deletes
    assert [remote.id for remote in quickbooks.fetch(STREAMS["invoices"], [kept.id, gone.id])] == [kept.id]


def test_more_changes_than_an_answer_holds_come_by_query(simulator: RunningSimulator, quickbooks: QuickBooks) -> None:
    simulator.seed("Customer", 1001)
    stream, since, token = STREAMS["customers"], datetime.now(UTC) - timedelta(hours=1), ""
    ids: set[str] = set()

    while True:
        page = quickbooks.read(stream, since=since, token=token)
        ids, token = ids | {remote.id for remote in page.remotes}, page.next_token
        assert not page.complete_deletes
        if not token:
            break

    assert len(ids) == 1001


def test_an_update_changes_what_it_names_and_nothing_else(simulator: RunningSimulator, quickbooks: QuickBooks) -> None:
    customer = made(quickbooks, "customers", contact(email="ana@example.com", address_line1="1 Main", city="Austin"))
    base = quickbooks.canonical(STREAMS["customers"], customer.raw)
    assert isinstance(base, Contact)
    wanted = replace(base, city="Waco", phone="555", active=False)

    remote = written(write(quickbooks, "customers", later(wanted, base, customer))[0])

    assert quickbooks.canonical(STREAMS["customers"], remote.raw) == wanted
    assert remote.version == "1"
    page = quickbooks.read(STREAMS["customers"], since=None, token="")
    assert [found.id for found in page.remotes] == [customer.id]


def test_lines_can_be_changed_and_keep_their_item(simulator: RunningSimulator, quickbooks: QuickBooks) -> None:
    customer = made(quickbooks, "customers", contact())
    sale = made(quickbooks, "invoices", invoice(customer.id))
    base = quickbooks.canonical(STREAMS["invoices"], sale.raw)
    assert isinstance(base, Invoice)
    extra = Line(description="Odd", quantity=Decimal(3), unit_price=Decimal("33.33"), amount=Decimal("100.00"))

    remote = written(write(quickbooks, "invoices", later(replace(base, lines=(*base.lines, extra)), base, sale))[0])

    back = quickbooks.canonical(STREAMS["invoices"], remote.raw)
    assert isinstance(back, Invoice)
    assert (back.total, [line.amount for line in back.lines]) == (
        Decimal("550.00"),
        [Decimal("450.00"), Decimal("100.00")],
    )


def test_a_version_that_has_passed_is_stale_and_a_deleted_one_missing(
    simulator: RunningSimulator, quickbooks: QuickBooks
) -> None:
    customer = made(quickbooks, "customers", contact())
    one, two = (made(quickbooks, "invoices", invoice(customer.id, number)) for number in ("A", "B"))
    bases = [quickbooks.canonical(STREAMS["invoices"], remote.raw) for remote in (one, two)]
    simulator.write("Invoice", {"Id": one.id, "sparse": True, "CustomerMemo": {"value": "Edited"}})
    simulator.write("Invoice", {"Id": two.id}, operation="delete")
    wanted = [replace(base, memo="Ours") for base in bases if isinstance(base, Invoice)]

    stale, missing = write(
        quickbooks, "invoices", later(wanted[0], bases[0], one), later(wanted[1], bases[1], two, item=2)
    )

    assert isinstance(stale, Stale)
    assert stale.remote.version == "1"
    assert isinstance(missing, Missing)


@pytest.mark.parametrize("count", [1, 2])
def test_invoices_and_payments_can_be_voided(quickbooks: QuickBooks, count: int) -> None:
    customer = made(quickbooks, "customers", contact())
    sales = [made(quickbooks, "invoices", invoice(customer.id, str(number))) for number in range(count)]
    records = {
        "payments": [made(quickbooks, "payments", payment(customer.id, sale.id)) for sale in sales],
        "invoices": [],
    }

    for stream in ("payments", "invoices"):
        remotes = records[stream] or quickbooks.fetch(STREAMS[stream], [sale.id for sale in sales])
        bases = [quickbooks.canonical(STREAMS[stream], remote.raw) for remote in remotes]
        voids = [
            later(base, base, remote, op=Op.VOID, item=item)
            for item, (base, remote) in enumerate(zip(bases, remotes, strict=True))
        ]
        after = [written(outcome) for outcome in write(quickbooks, stream, *voids)]
        forms = [quickbooks.canonical(STREAMS[stream], remote.raw) for remote in after]
        assert all(isinstance(form, Invoice | Payment) and form.void for form in forms)


def test_a_taken_name_is_found_or_explained(quickbooks: QuickBooks) -> None:
    customer = made(quickbooks, "customers", contact())

    [found] = write(quickbooks, "customers", change(contact("ANA CRUZ")))
    [refused] = write(quickbooks, "vendors", change(contact()))

    assert isinstance(found, Found)
    assert found.remote.id == customer.id
    assert isinstance(refused, Refused)
    assert refused.message == "“Ana Cruz” is already the name of a customer in QuickBooks."


def test_quotes_backslashes_and_other_scripts_survive(quickbooks: QuickBooks) -> None:
    names = ["O'Neil & Söhne", 'He said "hi"', "50% off_all", "株式会社 車"]

    outcomes = write(quickbooks, "customers", *[change(contact(name), item=at) for at, name in enumerate(names)])
    again = write(quickbooks, "customers", *[change(contact(name), item=at) for at, name in enumerate(names)])

    assert [written(outcome).raw["DisplayName"] for outcome in outcomes] == names
    assert [type(outcome) for outcome in again] == [Found] * 4


@pytest.mark.parametrize("kind", ["error_after_commit", "drop_after_commit"])
@pytest.mark.parametrize("count", [1, 3])
def test_a_lost_answer_doubles_nothing(
    simulator: RunningSimulator, quickbooks: QuickBooks, kind: str, count: int
) -> None:
    customer = made(quickbooks, "customers", contact())
    sale = made(quickbooks, "invoices", invoice(customer.id))
    changes = [change(payment(customer.id, sale.id, memo=str(item)), item=item) for item in range(count)]
    key = str(uuid.uuid4())
    simulator.faults(kind, match="POST .*/(payment|batch)", times=http.QUICK_TRIES)

    with pytest.raises(TransientError):
        write(quickbooks, "payments", *changes, key=key)
    outcomes = write(quickbooks, "payments", *[replace(one, tried=True) for one in changes], key=key)

    assert len({written(outcome).id for outcome in outcomes}) == count
    assert len(simulator.entities("Payment")) == count


@pytest.mark.parametrize("stream", ["invoices", "bills", "payments"])
def test_a_lost_answer_is_recognised_even_under_another_key(
    simulator: RunningSimulator, quickbooks: QuickBooks, stream: str
) -> None:
    customer = made(quickbooks, "customers", contact())
    vendor = made(quickbooks, "vendors", contact("Parts Inc"))
    sale = made(quickbooks, "invoices", invoice(customer.id, "first"))
    records: dict[str, Canonical] = {
        "invoices": invoice(customer.id, "second"),
        "bills": expense(vendor.id),
        "payments": payment(customer.id, sale.id),
    }
    one = change(records[stream])
    simulator.faults("drop_after_commit", match=f"POST .*/{STREAMS[stream].name[:-1]}", times=http.QUICK_TRIES)

    with pytest.raises(TransientError):
        write(quickbooks, stream, one)
    remote = written(write(quickbooks, stream, replace(one, tried=True))[0])

    entity = {"invoices": "Invoice", "bills": "Bill", "payments": "Payment"}[stream]
    ours = [row for row in simulator.entities(entity) if one.marker in row.get("PrivateNote", "")]
    assert [row["Id"] for row in ours] == [remote.id]
    assert remote.marker == one.marker


def test_a_throttled_write_says_how_long_to_wait(simulator: RunningSimulator, quickbooks: QuickBooks) -> None:
    simulator.faults("throttle", match="POST .*/customer", retry_after=7, times=1)

    with pytest.raises(RateLimited) as caught:
        write(quickbooks, "customers", change(contact()))

    assert caught.value.retry_after_seconds == 7
    assert simulator.entities("Customer") == []


def test_a_token_that_ended_is_renewed_on_the_way(simulator: RunningSimulator, quickbooks: QuickBooks) -> None:
    quickbooks.client._tokens.grant["access_token"] = "ended"  # type: ignore[attr-defined]

    assert made(quickbooks, "customers", contact()).id == "1"


def test_an_inactive_sales_item_is_named_and_found_again(simulator: RunningSimulator, quickbooks: QuickBooks) -> None:
    customer = made(quickbooks, "customers", contact())
    made(quickbooks, "invoices", invoice(customer.id, "first"))
    simulator.write("Item", {"Id": quickbooks.memory["sales_item"], "sparse": True, "Active": False})

    [refused] = write(quickbooks, "invoices", change(invoice(customer.id, "second")))
    [named] = write(quickbooks, "invoices", change(invoice(customer.id, "second")))
    item = simulator.entities("Item")[-1]
    simulator.write("Item", {"Id": item["Id"], "sparse": True, "Active": True})
    [outcome] = write(quickbooks, "invoices", change(invoice(customer.id, "second")))

    assert isinstance(refused, Refused)
    assert isinstance(named, Refused)
    assert "Lotbridge sales" in named.message
    assert written(outcome).raw["DocNumber"] == "second"
    assert json.dumps(quickbooks.memory)


def test_the_streams_can_all_be_read_empty(quickbooks: QuickBooks) -> None:
    recently = datetime.now(UTC) - timedelta(days=1)
    reads: list[tuple[Stream, datetime | None]] = [
        (stream, since) for stream in QuickBooks.streams for since in (None, recently, recently - timedelta(days=40))
    ]

    for stream, since in reads:
        page = quickbooks.read(stream, since=since, token="")
        for remote in page.remotes:
            quickbooks.canonical(stream, remote.raw)
        assert page.next_token == ""
