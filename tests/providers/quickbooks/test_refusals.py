"""What QuickBooks or we refuse, in words, and what is only put off."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.errors import CredentialError, RateLimited, TransientError
from connectors.records import Line
from connectors.streams import Change, Found, Refused, Retry, Stream, Written
from tests.providers.quickbooks.support import (
    BILL,
    BILLS,
    CUSTOMERS,
    INVOICES,
    KEY,
    PAYMENT,
    PAYMENTS,
    PURCHASES,
    VENDORS,
    Body,
    Router,
    connector,
    create,
    customer,
    fault,
    fixture,
    invoice,
    stored,
)


class TestRefusals:
    @pytest.mark.parametrize(("entity", "what"), [("Customer", "customer"), ("Vendor", "vendor")])
    def test_a_taken_name_says_who_has_it(self, router: Router, entity: str, what: str) -> None:
        stream = VENDORS if entity == "Customer" else CUSTOMERS
        router.rows[entity] = [{"Id": "9", "SyncToken": "0", "DisplayName": "Ana Cruz", "Active": True}]
        router.answer = lambda _entity, body: fault("6240")

        [outcome] = connector().write(stream, [create(customer())], key=KEY)

        assert outcome == Refused(
            f"“Ana Cruz” is already the name of a {what} in QuickBooks.",
            "Change the display name here or there, then retry.",
            code="6240",
            answer="Refused",
        )

    def test_a_name_nobody_we_can_see_has_may_be_an_employee_s(self, router: Router) -> None:
        router.answer = lambda _entity, body: fault("6240")

        [outcome] = connector().write(CUSTOMERS, [create(customer())], key=KEY)

        assert isinstance(outcome, Refused)
        assert "employee" in outcome.message

    def test_an_inactive_name_says_so(self, router: Router) -> None:
        router.rows["Vendor"] = [{"Id": "9", "DisplayName": "Ana Cruz (deleted)", "Active": False}]
        router.answer = lambda _entity, body: fault("6240")

        [outcome] = connector().write(CUSTOMERS, [create(customer())], key=KEY)

        assert isinstance(outcome, Refused)
        assert "inactive vendor" in outcome.message

    def test_a_taken_number_is_looked_up_once_more(self, router: Router) -> None:
        found = iter([[], [fixture("invoices__ordinary")]])
        router.find = lambda entity, text: next(found)
        router.answer = lambda _entity, body: fault("6140")

        [outcome] = connector().write(INVOICES, [create(invoice())], key=KEY)

        assert isinstance(outcome, Found)

    def test_one_bad_record_does_not_stop_the_others(self, router: Router) -> None:
        def answer(entity: str, body: Body) -> tuple[int, Body]:
            return fault("6210") if body["DocNumber"] == "INV-2" else stored(entity, body)

        router.answer = answer
        changes = [create(invoice(number=f"INV-{item}"), item=item) for item in (1, 2, 3)]

        outcomes = connector().write(INVOICES, [*changes, create(invoice(number="x" * 22), item=4)], key=KEY)

        assert [type(outcome) for outcome in outcomes] == [Written, Refused, Written, Refused]
        assert len(router.batches[0][1]) == 3

    def test_a_lost_permission_stops_the_whole_batch(self, router: Router) -> None:
        router.answer = lambda _entity, body: fault("120")
        changes = [create(customer("A"), item=1), create(customer("B"), item=2)]

        with pytest.raises(CredentialError):
            connector().write(CUSTOMERS, changes, key=KEY)

    @pytest.mark.parametrize(
        ("record", "words"),
        [
            (customer(" "), "empty"),
            (customer("A:B"), "a colon"),
            (customer("A\tB"), "a tab"),
            (customer("A\nB"), "a line break"),
            (customer("x" * 501), "501 characters"),
            (customer(phone="1" * 31), "phone has 31"),
            (customer(notes="x" * 2001), "notes has 2001"),
        ],
    )
    def test_a_contact_that_cannot_be_taken(self, router: Router, record: Any, words: str) -> None:
        self.assert_refused(router, CUSTOMERS, record, words)

    @pytest.mark.parametrize(
        ("record", "words"),
        [
            (invoice(lines=()), "no lines"),
            (invoice(number="x" * 22), "number has 22"),
            (invoice(memo="x" * 1001), "memo has 1001"),
            (invoice(due_on=date(2026, 2, 28)), "due before"),
            (invoice(lines=(Line(amount=Decimal("-1.00")),)), "less than zero"),
            (invoice(lines=(Line(description="x" * 4001),)), "4000 characters"),
            (invoice(contact_id=""), "no customer"),
        ],
    )
    def test_an_invoice_that_cannot_be_taken(self, router: Router, record: Any, words: str) -> None:
        self.assert_refused(router, INVOICES, record, words)

    @pytest.mark.parametrize(
        ("stream", "record", "words"),
        [
            (PAYMENTS, replace(PAYMENT, amount=Decimal("100.00")), "More is applied"),
            (PAYMENTS, replace(PAYMENT, amount=Decimal("-1.00"), allocations=()), "less than zero"),
            (BILLS, replace(BILL, vendor_id=""), "needs a vendor"),
            (BILLS, replace(BILL, lines=()), "no lines"),
            (PURCHASES, BILL, "how it was paid"),
        ],
    )
    def test_a_transaction_that_cannot_be_taken(self, router: Router, stream: Stream, record: Any, words: str) -> None:
        self.assert_refused(router, stream, record, words)

    def assert_refused(self, router: Router, stream: Stream, record: Any, words: str) -> None:
        [outcome] = connector().write(stream, [create(record)], key=KEY)

        assert isinstance(outcome, Refused)
        assert words in outcome.message
        assert outcome.next_step.endswith(".")
        assert router.writes == []


class TestTrouble:
    def changes(self, *, tried: bool = False) -> list[Change]:
        return [create(customer(name), item=item, tried=tried) for item, name in enumerate("AB", start=1)]

    def test_trouble_with_one_of_several_leaves_that_one_for_later(self, router: Router) -> None:
        def answer(entity: str, body: Body) -> tuple[int, Body]:
            return fault("10000", "Trouble") if body["DisplayName"] == "B" else stored(entity, body)

        router.answer = answer

        written, later = connector().write(CUSTOMERS, self.changes(), key=KEY)

        assert isinstance(written, Written)
        assert isinstance(later, Retry)

    @pytest.mark.parametrize(("code", "expected"), [("003001", RateLimited), ("10000", TransientError)])
    def test_trouble_with_all_of_them_is_everybody_s(
        self, router: Router, code: str, expected: type[Exception]
    ) -> None:
        router.answer = lambda _entity, body: fault(code)

        with pytest.raises(expected):
            connector().write(CUSTOMERS, self.changes(), key=KEY)

    def test_what_failed_in_a_batch_goes_alone_when_it_is_tried_again(self, router: Router) -> None:
        answers = iter([stored("Customer", {"DisplayName": "A"}), fault("10000"), stored("Customer", {})])
        router.answer = lambda _entity, body: next(answers)

        outcomes = connector().write(CUSTOMERS, self.changes(tried=True), key=KEY)

        assert [type(outcome) for outcome in outcomes] == [Written, Written]
        assert router.writes[0][1]["requestid"] not in (KEY, "")

    def test_the_first_answer_of_a_batch_is_understood_when_one_is_left_of_it(self, router: Router) -> None:
        first = {"BatchItemResponse": [{"bId": "i2", **stored("Customer", {"DisplayName": "B"})[1]}]}
        router.answer = lambda _entity, body: (200, first)

        [outcome] = connector().write(CUSTOMERS, self.changes(tried=True)[1:], key=KEY)

        assert isinstance(outcome, Written)

    def test_a_batch_item_without_an_answer_is_tried_again(self, router: Router) -> None:
        router.answer = lambda entity, body: stored(entity, body) if body["DisplayName"] == "A" else (200, {})

        outcomes = connector().write(CUSTOMERS, self.changes(), key=KEY)

        assert [type(outcome) for outcome in outcomes] == [Written, Retry]
