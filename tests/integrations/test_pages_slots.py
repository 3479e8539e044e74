"""What the integrations add to the dealership's own pages: badges, the home page's list, the menu."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dealership import attention, badges, records
from dealership.events import SYSTEM
from dealership.models import Invoice
from integrations import slots
from integrations.models import Credential, DeadLetter, Integration, RecordLink, SyncConfig
from tests.dealership import page_cases as dealership_cases
from tests.integrations import page_cases
from tests.integrations.page_cases import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return page_cases.world()


def words(world: World, invoice: Invoice) -> list[tuple[str, str, str]]:
    found = badges.for_records(world.dealership, "invoice", [invoice.pk])[invoice.pk]
    return [(badge.label, badge.text, badge.note) for badge in found]


def other_invoice(world: World, number: str = "INV-9") -> Invoice:
    return dealership_cases.invoice(world.dealership, world.invoice.contact, number)


def test_a_record_that_agrees_says_as_what_and_since_when(world: World) -> None:
    badge = badges.for_records(world.dealership, "invoice", [world.invoice.pk])[world.invoice.pk][0]

    assert (badge.label, badge.text, badge.note) == ("QuickBooks", "Agrees", "as #1045")
    assert badge.at == RecordLink.objects.get().agreed_at


def test_a_change_here_waits_to_be_sent(world: World) -> None:
    records.update(world.invoice, {"memo": "New"}, actor=SYSTEM)

    assert words(world, world.invoice) == [("QuickBooks", "Waiting to be sent", "as #1045")]


def test_a_new_record_waits_to_be_sent_and_a_draft_does_not(world: World) -> None:
    fresh, draft = other_invoice(world), other_invoice(world, "INV-10")
    records.update(draft, {"status": "draft"}, actor=SYSTEM)

    assert words(world, fresh) == [("QuickBooks", "Waiting to be sent", "")]
    assert words(world, draft) == []


def test_a_stream_that_is_not_sent_promises_nothing(world: World) -> None:
    SyncConfig.objects.update(direction=SyncConfig.Direction.PULL)
    records.update(world.invoice, {"memo": "New"}, actor=SYSTEM)

    assert words(world, world.invoice) == [("QuickBooks", "Changed here only", "as #1045")]
    assert words(world, other_invoice(world)) == []


def test_a_record_set_aside_says_why_until_it_is_settled(world: World) -> None:
    refused = Invoice.objects.get(number="INV-2")
    while_open = words(world, refused)
    link = page_cases.link(world.integration, "invoices", refused, "77", local_version=0)
    RecordLink.objects.filter(pk=link.pk).update(refused_version=refused.version)
    DeadLetter.objects.update(status=DeadLetter.Status.DISMISSED)

    assert while_open == [("QuickBooks", "Set aside", "QuickBooks refuses 31 September as a date.")]
    assert words(world, refused) == [("QuickBooks", "Not sent", "as #77")]


def test_gone_there_and_disconnected_are_named(world: World) -> None:
    RecordLink.objects.update(remote_deleted_at=timezone.now())
    gone = words(world, world.invoice)
    Integration.objects.update(status=Integration.Status.DISCONNECTED)

    assert gone == [("QuickBooks", "Gone there", "as #1045")]
    assert words(world, world.invoice) == [("QuickBooks", "Not connected", "as #1045")]


def test_badges_stay_within_the_dealership(world: World) -> None:
    elsewhere = dealership_cases.dealership("Elsewhere")

    assert badges.for_records(elsewhere, "invoice", [world.invoice.pk])[world.invoice.pk] == []


def test_badges_take_the_same_queries_for_one_and_for_many(world: World) -> None:
    page_cases.more_rows(world, 10)
    ids = list(Invoice.objects.values_list("pk", flat=True))
    counted = []
    for chosen in (ids[:1], ids):
        with CaptureQueriesContext(connection) as captured:
            badges.for_records(world.dealership, "invoice", chosen)
        counted.append(len(captured))

    assert counted[0] == counted[1] <= 5


def test_the_home_page_lists_what_needs_somebody_with_its_money(world: World) -> None:
    Integration.objects.update(status=Integration.Status.CONNECTED)
    SyncConfig.objects.filter(stream="bills").update(blocked_reason="12 of 20 records are no longer listed.")
    Credential.objects.update(hard_expires_at=timezone.now() + dt.timedelta(days=6, hours=1))

    rows = {row.problem: row for row in attention.rows(world.dealership) if row.url.startswith("/integrations/")}

    aside = rows["INV-2 is set aside for QuickBooks"]
    assert (aside.amount, aside.currency) == (Decimal("113.00"), "CAD")
    assert rows["Bills from QuickBooks stopped"].detail.startswith("12 of 20")
    assert rows["Access to QuickBooks ends soon"].days_left == 6
    assert rows["The books differ by $113.00: 1 record"].url == world.proof.get_absolute_url()


def test_an_ended_access_asks_for_a_reconnect(world: World) -> None:
    Integration.objects.update(status=Integration.Status.NEEDS_RECONNECT, status_reason="Access was revoked.")

    row = next(row for row in attention.rows(world.dealership) if row.problem == "QuickBooks needs you")

    assert row.action == "Reconnect"
    assert row.detail.startswith("Access was revoked.")
    assert slots.needing_reconnect(world.dealership) == 1


def test_nothing_of_another_dealership_is_listed(world: World) -> None:
    elsewhere = dealership_cases.dealership("Elsewhere")

    assert list(attention.rows(elsewhere)) == []
    assert slots.set_aside(elsewhere) == 0


def test_the_menu_counts_what_is_set_aside(world: World) -> None:
    content = world.client("viewer").get(reverse("dealership:home")).content.decode()

    assert "Set aside <b>1</b>" in content
    assert reverse("integrations:reconciliations") in content


def test_the_home_page_takes_few_queries_however_much_waits(world: World) -> None:
    client, counted = world.client("owner"), []
    for count in (0, 10):
        page_cases.more_rows(world, count)
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("dealership:home"))
        counted.append(len(captured))

    assert counted[1] <= counted[0] <= 15
