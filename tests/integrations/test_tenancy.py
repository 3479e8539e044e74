"""Two dealerships of one hub: nothing of the one ever shows up at the other, whatever they have in common."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Model

from dealership import events, records
from dealership.models import Account, Contact, Event, Invoice, Payment, Record
from integrations import dead_letters, runs
from integrations.models import Credential, DeadLetter, Integration, RecordLink, SyncConfig, SyncItem, SyncLog
from tests.integrations.sync_cases import BothSides, connected, counts, line
from tests.support.simulator import CA_REALM, US_REALM, RunningSimulator

OWNED: tuple[type[Model], ...] = (Integration, Credential, SyncConfig, SyncLog, SyncItem, RecordLink, DeadLetter, Event)
RECORDS: tuple[type[Record], ...] = (Account, Contact, Invoice, Payment)


@pytest.fixture
def rideau(simulator: RunningSimulator, db: None) -> BothSides:
    return connected(simulator)


@pytest.fixture
def laval(simulator: RunningSimulator, db: None) -> BothSides:
    """Another dealership with a company of its own."""
    return connected(simulator, CA_REALM, name="Autos Laval", email="owner@laval.example", currency="CAD")


@pytest.fixture
def sister(simulator: RunningSimulator, db: None) -> BothSides:
    """Another dealership that keeps its books in the same company as Rideau."""
    return connected(simulator, US_REALM, name="Sister Autos", email="owner@sister.example")


def everything(both: BothSides) -> list[list[tuple[object, ...]]]:
    """All that a dealership has, to the last field that a sync could touch."""
    rows: list[list[tuple[object, ...]]] = []
    for model in (*RECORDS, *OWNED):
        found = model._default_manager.filter(dealership=both.dealership).order_by("pk")
        rows.append(list(found.values_list()))
    return rows


def names(rows: Sequence[dict[str, object]]) -> list[str]:
    return sorted(str(row["DisplayName"]) for row in rows)


def test_two_dealerships_with_equal_records_and_their_own_companies_stay_apart(
    rideau: BothSides, laval: BothSides
) -> None:
    for both in (rideau, laval):
        both.payment(both.invoice(both.contact("Ana Cruz"), "INV-1", "100.00"), "40.00")
    rideau.customer_there("Only in Ottawa")

    first = rideau.sync()
    before = everything(rideau)
    second = laval.sync()

    assert counts(first) == {"created": 20, "sent_created": 3}
    assert everything(rideau) == before
    assert counts(second)["sent_created"] == 3
    assert names(rideau.there("Customer")) == ["Ana Cruz", "Only in Ottawa"]
    assert names(laval.there("Customer")) == ["Ana Cruz"]
    assert Contact.objects.for_dealership(laval.dealership).count() == 1
    assert (len(rideau.there("Invoice")), len(laval.there("Invoice"))) == (1, 1)


def test_equal_remote_ids_of_two_companies_are_two_records(rideau: BothSides, laval: BothSides) -> None:
    ours, theirs = rideau.customer_there("Ana Cruz"), laval.customer_there("Lucie Tremblay")
    rideau.sync("customers")
    laval.sync("customers")
    laval.change_there("Customer", theirs["Id"], GivenName="Lucie")
    laval.sync("customers")

    assert ours["Id"] == theirs["Id"]
    assert rideau.record_of("customers", ours).display_name == "Ana Cruz"
    assert rideau.record_of("customers", ours).version == 1
    assert laval.record_of("customers", theirs).first_name == "Lucie"


def test_one_company_connected_by_two_dealerships_is_two_integrations_with_their_own_records(
    rideau: BothSides, sister: BothSides
) -> None:
    rideau.invoice(rideau.contact("Ana Cruz"), "INV-1", "100.00")
    rideau.sync("customers", "invoices")

    ended = sister.sync("customers", "invoices")

    assert counts(ended) == {"created": 2}
    assert (Contact.objects.count(), Invoice.objects.count()) == (2, 2)
    own = Invoice.objects.for_dealership(sister.dealership).get()
    assert own.contact.dealership_id == sister.dealership.pk
    assert len(rideau.there("Invoice")) == 1


def test_a_change_of_one_dealership_reaches_the_other_only_through_their_company(
    rideau: BothSides, sister: BothSides
) -> None:
    ana = rideau.contact("Ana Cruz")
    rideau.sync("customers")
    sister.sync("customers")
    rideau.change(ana, phone="555-0199")
    rideau.sync("customers")
    between = Contact.objects.for_dealership(sister.dealership).get().phone

    sister.sync("customers")

    own = Contact.objects.for_dealership(sister.dealership).get()
    assert (between, own.phone) == ("", "555-0199")
    assert sister.events(own)[-1] == ("contact.updated", "integration")
    assert counts(rideau.sync("customers")) == counts(sister.sync("customers")) == {}


def test_a_mark_of_the_sister_dealership_links_nothing_of_hers(rideau: BothSides, sister: BothSides) -> None:
    """Payments carry our record's id in their note: read by the other dealership it is a stranger's id."""
    payment = rideau.payment(rideau.invoice(rideau.contact(), "INV-1"))
    rideau.sync("payments")

    sister.sync("payments")

    own = Payment.objects.for_dealership(sister.dealership).get()
    assert own.pk != payment.pk
    assert own.allocations.get().invoice.dealership_id == sister.dealership.pk
    assert {link.dealership_id for link in RecordLink.objects.filter(integration=sister.integration)} == {
        sister.dealership.pk
    }


def test_a_realtime_push_wakes_only_the_dealership_whose_record_changed(rideau: BothSides, laval: BothSides) -> None:
    while events.dispatch():
        pass
    rideau.contact("Ana Cruz")

    events.dispatch()

    assert [run.integration for run in SyncLog.objects.all()] == [rideau.integration]


def test_a_worker_of_one_integration_never_claims_the_run_of_another(rideau: BothSides, laval: BothSides) -> None:
    runs.request(rideau.config("customers"), pull=True, push=True, trigger=SyncLog.Trigger.MANUAL)

    assert runs.claim_next(laval.integration.pk) is None


def test_integrations_of_two_dealerships_run_side_by_side(rideau: BothSides, laval: BothSides) -> None:
    for both in (rideau, laval):
        runs.request(both.config("customers"), pull=True, push=True, trigger=SyncLog.Trigger.MANUAL)

    claimed = [runs.claim_next(both.integration.pk) for both in (rideau, laval)]

    assert [run.dealership for run in claimed if run] == [rideau.dealership, laval.dealership]


def test_a_letter_of_one_dealership_is_not_closed_by_the_other(rideau: BothSides, sister: BothSides) -> None:
    rideau.contact("Ana Cruz", email="not an address")
    sister.contact("Ana Cruz")
    rideau.sync("customers")

    sister.sync("customers")

    assert rideau.letter().status == "open"
    assert not DeadLetter.objects.filter(dealership=sister.dealership).exists()
    assert dead_letters.replay(rideau.letter())
    assert [run.dealership for run in SyncLog.objects.filter(status="queued")] == [rideau.dealership]


def test_a_record_cannot_refer_to_one_of_another_dealership(rideau: BothSides, laval: BothSides) -> None:
    stranger = laval.contact("Lucie Tremblay")
    own = rideau.invoice(rideau.contact(), "INV-1")

    with pytest.raises(records.ForeignRecord):
        rideau.invoice(stranger, "INV-2")
    with pytest.raises(records.ForeignRecord):
        rideau.change(own, contact_id=stranger.pk)
    with pytest.raises(records.ForeignRecord):
        laval.payment(own, contact_id=stranger.pk)

    assert (Invoice.objects.count(), Payment.objects.count()) == (1, 0)


def test_a_credential_copied_to_another_integration_opens_nothing(rideau: BothSides, laval: BothSides) -> None:
    stolen = Credential.objects.get(integration=rideau.integration)
    own = Credential.objects.get(integration=laval.integration)
    own.secret = stolen.secret
    own.save()

    with pytest.raises(ValueError, match="belongs to another integration"):
        Credential.objects.get(pk=own.pk).tokens()


def test_one_dealership_connects_an_account_once(rideau: BothSides) -> None:
    copy = Integration.objects.get()
    copy.pk = None

    with pytest.raises(IntegrityError), transaction.atomic():
        copy.save(force_insert=True)


def test_equal_numbers_are_no_clash_between_dealerships(rideau: BothSides, laval: BothSides) -> None:
    rideau.invoice(rideau.contact(), "INV-1", "100.00")
    laval.invoice(laval.contact(), "INV-1", lines=[line("300.00")])

    assert (counts(rideau.sync("invoices")), counts(laval.sync("invoices"))) == ({"sent_created": 2},) * 2
    assert not DeadLetter.objects.exists()
