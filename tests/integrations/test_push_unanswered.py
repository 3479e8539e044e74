"""A write whose answer never came is repeated as the same write, so that nothing is doubled."""

from __future__ import annotations

import pytest

from integrations.models import DeadLetter, RecordLink, SyncLog
from tests.integrations.sync_cases import BothSides, counts

Status = SyncLog.Status

pytestmark = pytest.mark.usefixtures("without_pauses")


@pytest.mark.parametrize("count", [1, 3])
def test_a_create_whose_answer_never_came_is_not_made_twice(both: BothSides, count: int) -> None:
    for number in range(count):
        both.contact(f"Customer {number}")
    both.simulator.faults("drop_after_commit", match="POST", times=1)

    ended = both.sync("customers")

    assert counts(ended) == {"sent_created": count}
    assert len(both.there("Customer")) == count


def test_payments_whose_answers_never_came_are_found_by_their_mark(both: BothSides) -> None:
    invoice = both.invoice(both.contact(), "INV-1", "90.00")
    both.sync("invoices")
    for _ in range(3):
        both.payment(invoice, "30.00")
    both.simulator.faults("error_after_commit", match="POST.*batch", times=4)
    both.sync("payments", pull=False)
    waiting = RecordLink.objects.filter(stream="payments", intent_key__isnull=False).count()
    both.simulator.clear_faults()
    SyncLog.objects.filter(status="queued").update(not_before=None)

    both.work()

    assert waiting == 3
    assert len(both.there("Payment")) == 3
    assert RecordLink.objects.filter(stream="payments", remote_id__isnull=False, intent_key=None).count() == 3


def test_an_unanswered_payment_that_moved_to_a_new_customer_is_still_sent_once(both: BothSides) -> None:
    payment = both.payment(both.invoice(both.contact("Ana Cruz"), "INV-1"))
    both.sync("invoices")
    both.simulator.faults("error_before", match="POST.*payment", times=4)
    both.sync("payments", pull=False)
    both.simulator.clear_faults()
    other = both.contact("Omar Haddad")
    both.change(payment, contact_id=other.pk, allocations=[])
    SyncLog.objects.filter(status="queued").update(not_before=None)

    both.work()

    assert not DeadLetter.objects.exists()
    assert [row["CustomerRef"]["name"] for row in both.there("Payment")] == ["Omar Haddad"]


def test_a_change_made_here_while_the_answer_was_on_its_way_goes_next(both: BothSides) -> None:
    ana = both.contact("Ana Cruz", phone="555-0100")
    both.simulator.faults("error_before", match="POST.*customer", times=4)
    both.sync("customers", pull=False)
    both.simulator.clear_faults()
    both.change(ana, phone="555-0199")
    SyncLog.objects.filter(status="queued").update(not_before=None)

    both.work()

    assert len(both.there("Customer")) == 1
    assert both.there("Customer")[0]["PrimaryPhone"] == {"FreeFormNumber": "555-0199"}
    ana.refresh_from_db()
    assert (ana.phone, both.link(ana).local_version) == ("555-0199", ana.version)
