"""The home page, the search, the choice of the dealership, the frame around every page and the pages for errors."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from dealership import attention, nav
from dealership.models import Membership, User
from tests.dealership import page_cases
from tests.dealership.page_cases import World

pytestmark = pytest.mark.django_db

HOME = "/"


@pytest.fixture
def world() -> World:
    return page_cases.world()


def test_home_says_what_waits_with_its_money_and_next_step(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    since = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    small = attention.Row("Small", "", "Do it", "/small/", since, Decimal(5), "CAD")
    large = attention.Row("Large", "", "Do it", "/large/", since, Decimal(-70), "USD")
    ends = attention.Row("Ends", "", "Renew", "/ends/", since, days_left=2)
    monkeypatch.setattr(attention, "_sources", [lambda _dealership: [ends, small, large]])

    answer = world.client("viewer").get(HOME)

    assert "3 things need you" in answer.content.decode()
    assert [row.problem for row in answer.context["waiting"]] == ["Large", "Small", "Ends"]


def test_home_names_overdue_invoices(world: World) -> None:
    answer = world.client("viewer").get(HOME).content.decode()

    assert "1 invoice is overdue" in answer
    assert "$73.00" in answer


def test_home_is_calm_when_nothing_waits() -> None:
    client = page_cases.signed_in(page_cases.member(page_cases.dealership(), "viewer"))

    assert "Nothing needs you" in client.get(HOME).content.decode()


def test_home_does_not_grow_with_the_records(world: World) -> None:
    client = world.client("owner")

    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(HOME)
        return len(captured)

    few = count()
    page_cases.more_of("invoice", world, 60)

    assert count() == few <= 15


@pytest.mark.parametrize(
    ("words", "found"), [("inv-1", "invoice"), ("amelie@", "contact"), ("FFT7PN", "vehicle"), ("pay-1", "payment")]
)
def test_search_finds_across_the_dealership_and_nowhere_else(world: World, words: str, found: str) -> None:
    url = reverse(f"dealership:{found}_detail", args=[world.rows[found].pk])
    stranger = page_cases.signed_in(page_cases.member(page_cases.dealership("Gatineau Motors"), "owner"))

    assert url in world.client("viewer").get("/search/", {"q": words}).content.decode()
    assert url not in stranger.get("/search/", {"q": words}).content.decode()


def test_search_stays_within_the_queries(world: World) -> None:
    page_cases.more_of("invoice", world, 20)
    client = world.client("viewer")

    with CaptureQueriesContext(connection) as captured:
        client.get("/search/", {"q": "i"})

    assert len(captured) <= 15


def test_lookup_suggests_labels_of_this_dealership(world: World) -> None:
    page_cases.contact(page_cases.dealership("Gatineau Motors"), "Amélie Foreign")

    answer = world.client("viewer").get("/lookup/contact/", {"q": "amélie"})

    assert answer.json() == {"suggestions": ["Amélie Gagnon · amelie@lot.example"]}


def test_a_person_switches_only_to_their_own_dealerships(world: World) -> None:
    user = page_cases.member(world.dealership, "viewer")
    second, foreign = page_cases.dealership("Gatineau Motors"), page_cases.dealership("Foreign Motors")
    Membership.objects.create(user=user, dealership=second, role="owner")
    client = page_cases.signed_in(user)

    moved = client.post(reverse("dealership:switch"), {"dealership": str(world.dealership.pk)})
    refused = client.post(reverse("dealership:switch"), {"dealership": str(foreign.pk)})

    assert moved.status_code == 302
    assert refused.status_code == 404
    assert client.get(HOME).context["frame"].dealership == world.dealership


def test_a_membership_that_ended_is_not_remembered(world: World) -> None:
    user = page_cases.member(world.dealership, "viewer")
    client = page_cases.signed_in(user)
    client.post(reverse("dealership:switch"), {"dealership": str(world.dealership.pk)})

    Membership.objects.filter(user=user).delete()

    assert client.get(reverse("dealership:contact_list")).status_code == 404


def test_the_menu_shows_the_places_of_upper_apps_with_their_counts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nav, "_items", [])
    nav.register(nav.Item(nav.CONNECTIONS, "Set aside", "set-aside", "dealership:switch", count=lambda _d: 5))

    answer = world.client("viewer").get(HOME).content.decode()

    assert "Set aside <b>5</b>" in answer


def test_the_language_is_switched_by_a_form_and_money_follows(world: World) -> None:
    client = world.client("viewer")

    client.post(reverse("set_language"), {"language": "fr", "next": HOME})
    answer = client.get(HOME)

    assert '<html lang="fr-CA">' in answer.content.decode()
    assert "73,00\xa0$" in answer.content.decode()


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"])
def test_the_doors_open_for_a_stranger(path: str) -> None:
    answer = Client().get(path)

    assert answer.status_code == 200
    assert '<main class="door"' in answer.content.decode()


def test_signing_in_and_out() -> None:
    user = page_cases.member(page_cases.dealership(), "owner")
    user.set_password("correct horse battery")
    user.save()
    client = Client()

    wrong = client.post("/accounts/login/", {"login": user.email, "password": "wrong"})
    client.post("/accounts/login/", {"login": user.email, "password": "correct horse battery"})
    inside = client.get(HOME)
    client.post("/accounts/logout/")

    assert "Reset the password" in wrong.content.decode()
    assert inside.status_code == 200
    assert client.get(HOME).status_code == 302


@pytest.mark.parametrize("path", ["/accounts/logout/", "/accounts/password/change/", "/accounts/email/"])
def test_the_account_pages_stand_in_the_frame_or_at_the_door(path: str) -> None:
    user = User.objects.create_user("claire@lot.example", "correct horse battery")

    answer = page_cases.signed_in(user).get(path)

    assert answer.status_code == 200
    assert "components.css" in answer.content.decode()


def test_an_unknown_address_is_a_page_of_ours(world: World) -> None:
    answer = world.client("viewer").get("/nothing-is-here/")

    assert answer.status_code == 404
    assert "There is nothing at this address" in answer.content.decode()


def test_a_refusal_names_the_role_that_is_needed(world: World) -> None:
    answer = world.client("viewer").get(reverse("dealership:contact_create"))

    assert answer.status_code == 403
    assert "This needs the role Staff" in answer.content.decode()


def test_no_page_carries_inline_style_or_script(world: World) -> None:
    client = world.client("owner")
    paths = [HOME, reverse("dealership:invoice_list"), reverse("dealership:invoice_create")]
    paths.append(reverse("dealership:invoice_detail", args=[world.rows["invoice"].pk]))

    for path in paths:
        page = client.get(path).content.decode()
        assert " style=" not in page
        assert "<style" not in page
        assert all("src=" in tag.split(">")[0] for tag in page.split("<script")[1:])
