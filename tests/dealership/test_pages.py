"""The record pages: who may see and do what, and that no page grows with the number of records."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from dealership import badges, records
from dealership.badges import Badge
from dealership.events import SYSTEM
from dealership.models import Contact, Event, User
from dealership.pages import declared
from tests.dealership import page_cases
from tests.dealership.page_cases import World

pytestmark = pytest.mark.django_db

KINDS = list(declared.BY_TYPE)
WRITABLE = [kind for kind, pages in declared.BY_TYPE.items() if pages.form is not None]
VOIDABLE = [kind for kind, pages in declared.BY_TYPE.items() if pages.can_void]
MOST_QUERIES = 15


@pytest.fixture
def world() -> World:
    return page_cases.world()


def address(kind: str, page: str, record: Any = None) -> str:
    return reverse(f"dealership:{kind}_{page}", args=[record.pk] if record else [])


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def state(world: World, kind: str) -> list[tuple[Any, ...]]:
    """What a refusal must leave as it was: every version, and the number of events."""
    rows = type(world.rows[kind]).objects.order_by("pk").values_list("pk", "version", "deleted_at")
    return [*rows, (Event.objects.count(),)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_viewer_reads_the_list_and_the_record(world: World, kind: str) -> None:
    client = world.client("viewer")

    listed = client.get(address(kind, "list"))
    shown = client.get(address(kind, "detail", world.rows[kind]))

    assert listed.status_code == 200
    assert address(kind, "detail", world.rows[kind]) in listed.content.decode()
    assert shown.status_code == 200
    assert "created it" in shown.content.decode()


@pytest.mark.parametrize("kind", WRITABLE)
def test_a_viewer_is_refused_the_forms_and_nothing_changes(world: World, kind: str) -> None:
    client = world.client("viewer")
    before = state(world, kind)

    answers = [client.post(address(kind, "create")).status_code]
    answers += [
        client.post(address(kind, page, world.rows[kind])).status_code for page in ("edit", "delete", "restore")
    ]

    assert answers == [403, 403, 403, 403]
    assert state(world, kind) == before


@pytest.mark.parametrize("kind", WRITABLE)
def test_staff_may_edit_but_not_delete(world: World, kind: str) -> None:
    client = world.client("staff")
    before = state(world, kind)

    assert client.get(address(kind, "create")).status_code == 200
    assert client.get(address(kind, "edit", world.rows[kind])).status_code == 200
    assert client.post(address(kind, "delete", world.rows[kind])).status_code == 403
    assert state(world, kind) == before


@pytest.mark.parametrize("kind", KINDS)
def test_another_dealership_does_not_find_the_record(world: World, kind: str) -> None:
    client = page_cases.signed_in(page_cases.member(page_cases.dealership("Gatineau Motors"), "owner"))
    before = state(world, kind)
    pages = ["detail"] + (["edit", "delete", "restore"] if kind in WRITABLE else [])

    answers = {client.get(address(kind, page, world.rows[kind])).status_code for page in pages if page != "restore"}
    answers |= {client.post(address(kind, page, world.rows[kind])).status_code for page in pages if page != "detail"}

    assert answers == {404}
    assert state(world, kind) == before
    assert address(kind, "detail", world.rows[kind]) not in client.get(address(kind, "list")).content.decode()


@pytest.mark.parametrize("kind", KINDS)
def test_a_stranger_is_sent_to_the_sign_in(world: World, kind: str) -> None:
    url = address(kind, "detail", world.rows[kind])

    answer = Client().get(url)

    assert answer.status_code == 302
    assert answer["Location"] == f"{reverse('account_login')}?next={url}"


def test_a_person_without_a_dealership_gets_404_with_the_next_step(world: World) -> None:
    client = page_cases.signed_in(User.objects.create_user("nobody@lot.example"))

    answer = client.get(address("contact", "list"))

    assert answer.status_code == 404
    assert "Ask an owner to add you" in answer.content.decode()


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_asks_the_same_number_of_queries_for_5_and_60_records(world: World, kind: str) -> None:
    client = world.client("owner")
    page_cases.more_of(kind, world, 4)
    few = queries(client, address(kind, "list"))
    page_cases.more_of(kind, world, 55, start=4)

    many = queries(client, address(kind, "list"))

    assert many == few <= MOST_QUERIES


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_and_its_form_stay_within_the_queries(world: World, kind: str) -> None:
    client = world.client("owner")
    page_cases.more_of("invoice", world, 20)

    assert queries(client, address(kind, "detail", world.rows[kind])) <= MOST_QUERIES
    if kind in WRITABLE:
        assert queries(client, address(kind, "edit", world.rows[kind])) <= MOST_QUERIES


@pytest.mark.parametrize("kind", WRITABLE)
def test_an_owner_deletes_and_restores(world: World, kind: str) -> None:
    client, record = world.client("owner"), world.rows[kind]

    asked = client.get(address(kind, "delete", record))
    deleted = client.post(address(kind, "delete", record))

    assert asked.status_code == 200
    assert deleted.status_code == 302
    record.refresh_from_db()
    assert record.deleted_at is not None
    assert address(kind, "detail", record) not in client.get(address(kind, "list")).content.decode()
    assert address(kind, "detail", record) in client.get(address(kind, "list") + "?deleted=yes").content.decode()

    client.post(address(kind, "restore", record))

    record.refresh_from_db()
    assert record.deleted_at is None
    assert [e.type for e in Event.objects.of_record(kind, record.pk)[:2]] == [f"{kind}.restored", f"{kind}.deleted"]


@pytest.mark.parametrize("kind", VOIDABLE)
def test_an_admin_voids_and_then_nobody_edits(world: World, kind: str) -> None:
    client, record = world.client("admin"), world.rows[kind]

    assert client.get(address(kind, "void", record)).status_code == 200
    client.post(address(kind, "void", record))

    record.refresh_from_db()
    assert record.status == "void"
    assert client.get(address(kind, "edit", record)).status_code == 403


@pytest.mark.parametrize("kind", VOIDABLE)
def test_staff_may_not_void(world: World, kind: str) -> None:
    before = state(world, kind)

    answer = world.client("staff").post(address(kind, "void", world.rows[kind]))

    assert answer.status_code == 403
    assert state(world, kind) == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_filter_that_finds_nothing_offers_to_clear_it(world: World, kind: str) -> None:
    answer = world.client("viewer").get(address(kind, "list") + "?q=nothing-is-called-this").content.decode()

    assert "Nothing matches these filters" in answer
    assert "Clear filters" in answer


def test_an_empty_list_says_what_will_be_here_and_offers_the_first_step() -> None:
    client = page_cases.signed_in(page_cases.member(page_cases.dealership(), "staff"))

    answer = client.get(address("invoice", "list")).content.decode()

    assert "What customers owe" in answer
    assert address("invoice", "create") in answer
    assert reverse("dealership:import") in answer


def test_a_list_turns_its_pages(world: World) -> None:
    page_cases.more_of("contact", world, 60)
    client = world.client("viewer")

    first = client.get(address("contact", "list") + "?sort=display_name")
    second = client.get(address("contact", "list") + "?sort=display_name&page=2")

    assert len(first.context["rows"]) == 50
    assert len(second.context["rows"]) == 11
    assert 'rel="next"' in first.content.decode()
    assert 'rel="next"' not in second.content.decode()


@pytest.mark.parametrize(
    "nonsense", ["page=x", "page=-1", "page=99999999999", "sort=password", "status=none", "contact=1"]
)
def test_a_list_survives_a_nonsense_address(world: World, nonsense: str) -> None:
    assert world.client("viewer").get(f"{address('invoice', 'list')}?{nonsense}").status_code == 200


def test_a_list_is_filtered_by_status_and_by_customer(world: World) -> None:
    client = world.client("viewer")
    other = page_cases.invoice(world.dealership, page_cases.contact(world.dealership, "Marc"), "INV-2")
    records.void(other, actor=SYSTEM)

    void = client.get(address("invoice", "list") + "?status=void").context["rows"]
    of_customer = client.get(f"{address('invoice', 'list')}?contact={world.rows['contact'].pk}").context["rows"]

    assert [row.title for row in void] == ["INV-2"]
    assert [row.title for row in of_customer] == ["INV-1"]


def test_badges_of_upper_apps_are_on_the_list_and_on_the_record(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    badge = Badge("QuickBooks", "Agrees", "/somewhere/", "good", "as #1045")
    monkeypatch.setattr(badges, "_sources", [lambda _dealership, _kind, ids: {i: [badge] for i in ids}])
    client = world.client("viewer")

    listed = client.get(address("invoice", "list")).content.decode()
    shown = client.get(address("invoice", "detail", world.rows["invoice"])).content.decode()

    assert '<span class="status is-good">Agrees</span>' in listed
    assert "as #1045" in shown


def test_the_story_says_who_changed_what(world: World) -> None:
    contact: Contact = world.rows["contact"]
    records.update(contact, {"phone": "613 555 0199"}, actor=SYSTEM)

    shown = world.client("viewer").get(address("contact", "detail", contact)).content.decode()

    assert "changed it" in shown
    assert "<ins>613 555 0199</ins>" in shown


def test_nothing_a_person_typed_reaches_the_page_as_markup(world: World) -> None:
    contact = page_cases.contact(world.dealership, "<script>alert(1)</script>")
    client = world.client("viewer")

    pages = [client.get(address("contact", "list")), client.get(address("contact", "detail", contact))]

    assert all("<script>alert" not in page.content.decode() for page in pages)
