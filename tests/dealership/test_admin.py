"""The staff admin of the base app: everything can be found, little can be changed, nothing grows."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.db import models

from dealership.models import (
    Dealership,
    Event,
    ImportFile,
    ImportKey,
    Invoice,
    Membership,
    PaymentAttempt,
    Record,
    User,
)
from tests.dealership import page_cases
from tests.dealership.page_cases import World
from tests.support import admin_pages

pytestmark = pytest.mark.django_db

MODELS = admin_pages.models_of("dealership")
EDITABLE = (User, Dealership, Membership)
PASSWORD = "Quite-a-long-one-7"


@pytest.fixture
def world() -> World:
    made = page_cases.world()
    more(made, 1)
    return made


def more(world: World, count: int) -> None:
    """That many more rows of every model."""
    for kind in world.rows:
        page_cases.more_of(kind, world, count, start=User.objects.count() * 100)
    for number in range(count):
        invoice, payment = world.rows["invoice"], world.rows["payment"]
        user = page_cases.member(page_cases.dealership(f"Lot {User.objects.count()}"), "viewer")
        PaymentAttempt.objects.create(
            dealership=world.dealership,
            invoice=invoice,
            payment=payment,
            amount=Decimal(1),
            currency="CAD",
            outcome="failed",
        )
        ImportFile.objects.create(
            dealership=world.dealership, user=user, kind="contacts", file_name="a.csv", data=b"raw-file-content"
        )
        ImportKey.objects.create(
            dealership=world.dealership, scope="customer", number=f"{user.pk}{number}", record_id=invoice.contact_id
        )


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_model_is_found_by_words_and_filters(world: World, model: type[models.Model]) -> None:
    client = admin_pages.staff_client()

    assert admin.site.is_registered(model)
    assert admin_pages.is_searchable_and_filterable(model)
    admin_pages.shown(client, f"{admin_pages.listing(model)}?q=Gagnon")


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_no_page_grows_with_the_rows(world: World, model: type[models.Model]) -> None:
    client = admin_pages.staff_client()
    row: Any = model._default_manager.first()
    urls = (admin_pages.listing(model), admin_pages.page(row))
    for url in urls:
        client.get(url)  # content types are remembered from here on
    few = [admin_pages.shown(client, url)[1] for url in urls]
    more(world, 6)

    many = [admin_pages.shown(client, url)[1] for url in urls]

    assert max(few) <= admin_pages.MOST_QUERIES
    assert many == few


@pytest.mark.parametrize("model", [m for m in MODELS if m not in EDITABLE], ids=lambda model: model.__name__)
def test_records_and_events_are_only_looked_at(world: World, model: type[models.Model]) -> None:
    client = admin_pages.staff_client()
    row: Any = model._default_manager.first()
    before = list(model._default_manager.order_by("pk").values())

    answers = [
        client.get(f"{admin_pages.listing(model)}add/"),
        client.post(admin_pages.page(row), {"memo": "changed"}),
        client.post(admin_pages.page(row).replace("/change/", "/delete/"), {"post": "yes"}),
        client.post(admin_pages.listing(model), {"action": "delete_selected", "_selected_action": str(row.pk)}),
    ]

    assert [answer.status_code for answer in answers[:3]] == [403, 403, 403]
    assert list(model._default_manager.order_by("pk").values()) == before


@pytest.mark.parametrize("role", ["owner", "viewer"])
def test_people_of_a_dealership_do_not_get_in(world: World, role: str) -> None:
    client = world.client(role)

    for model in (Invoice, Event, User):
        assert client.get(admin_pages.listing(model)).status_code in (302, 403)


def test_a_record_links_to_its_page(world: World) -> None:
    content, _ = admin_pages.shown(admin_pages.staff_client(), admin_pages.listing(Invoice))

    assert f"/invoices/{world.rows['invoice'].pk}/" in content


def test_every_record_model_shows_its_dealership(world: World) -> None:
    client = admin_pages.staff_client()

    for model in (m for m in MODELS if issubclass(m, Record)):
        content, _ = admin_pages.shown(client, admin_pages.listing(model))
        assert "Rideau Auto" in content


def test_an_uploaded_file_is_not_shown(world: World) -> None:
    client, row = admin_pages.staff_client(), ImportFile.objects.first()
    assert row is not None

    assert "raw-file-content" not in admin_pages.shown(client, admin_pages.page(row))[0]


def test_staff_adds_a_person_who_signs_in_by_e_mail() -> None:
    form = {"email": "New@Lot.example", "name": "New", "usable_password": "true"}

    response = admin_pages.staff_client().post(
        f"{admin_pages.listing(User)}add/", form | {"password1": PASSWORD, "password2": PASSWORD}
    )

    assert response.status_code == 302
    user = User.objects.get(email="new@lot.example")
    assert user.check_password(PASSWORD)


def test_one_address_makes_one_person() -> None:
    page_cases.member(page_cases.dealership(), "owner")
    taken = User.objects.get().email.upper()
    form = {"email": taken, "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}

    response = admin_pages.staff_client().post(f"{admin_pages.listing(User)}add/", form)

    assert response.status_code == 200
    assert User.objects.filter(email__iexact=taken).count() == 1


def test_staff_opens_a_dealership_with_a_time_zone_that_exists() -> None:
    client, url = admin_pages.staff_client(), f"{admin_pages.listing(Dealership)}add/"
    form = {"name": "New Lot", "slug": "new-lot", "currency": "CAD", "country": "CA", "language": "en"}

    refused = client.post(url, form | {"time_zone": "Mars/Olympus"})
    made = client.post(url, form | {"time_zone": "America/Toronto"})

    assert (refused.status_code, made.status_code) == (200, 302)
    assert Dealership.objects.get().time_zone == "America/Toronto"


def test_a_dealership_is_not_deleted_here(world: World) -> None:
    url = admin_pages.page(world.dealership).replace("/change/", "/delete/")

    assert admin_pages.staff_client().post(url, {"post": "yes"}).status_code == 403
    assert Dealership.objects.filter(pk=world.dealership.pk).exists()


def test_staff_gives_a_person_a_place(world: World) -> None:
    user = User.objects.create_user("bookkeeper@lot.example")

    response = admin_pages.staff_client().post(
        f"{admin_pages.listing(Membership)}add/",
        {"user": str(user.pk), "dealership": str(world.dealership.pk), "role": "staff"},
    )

    assert response.status_code == 302
    assert Membership.objects.get(user=user).role == "staff"
