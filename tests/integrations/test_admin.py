"""The staff admin of the integrations: no secret leaves it, and its row actions do what the pages do."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection, models
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dealership.models import Event, User
from integrations import background, lifecycle
from integrations.admin import SECRETS
from integrations.models import (
    DeadLetter,
    Integration,
    OAuthClient,
    OAuthState,
    RateBudget,
    SyncConfig,
    SyncLog,
)
from tests.dealership import page_cases as dealership_cases
from tests.integrations import page_cases
from tests.integrations.page_cases import TOKEN, World
from tests.support import admin_pages

pytestmark = pytest.mark.django_db

MODELS = admin_pages.models_of("integrations")
EDITABLE = (OAuthClient, SyncConfig)


@pytest.fixture
def world() -> World:
    made = page_cases.world()
    page_cases.app_keys()
    background.beat()
    RateBudget.objects.create(
        account_key=made.integration.account_key, name="requests", window_started_at=timezone.now()
    )
    OAuthState.objects.create(
        state_hash="hash-of-state",
        user=dealership_cases.member(made.dealership, "admin"),
        dealership=made.dealership,
        provider="quickbooks",
        environment="simulator",
        session_hash="hash-of-session",
        verifier=TOKEN,
        expires_at=timezone.now(),
    )
    return made


def act(name: str, row: models.Model) -> str:
    return reverse(f"admin:integrations_{row._meta.model_name}_{name}", args=[row.pk])


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_model_is_found_and_shows_no_secret(world: World, model: type[models.Model]) -> None:
    client = admin_pages.staff_client()
    row: Any = model._default_manager.first()

    pages = [
        admin_pages.shown(client, url)[0]
        for url in (f"{admin_pages.listing(model)}?q=Rideau", admin_pages.listing(model), admin_pages.page(row))
    ]

    assert admin.site.is_registered(model)
    assert admin_pages.is_searchable_and_filterable(model)
    for secret in (TOKEN, "hash-of-state", "hash-of-session"):
        assert not any(secret in page for page in pages)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_no_page_grows_with_the_rows(world: World, model: type[models.Model]) -> None:
    client = admin_pages.staff_client()
    row: Any = model._default_manager.first()
    urls = (admin_pages.listing(model), admin_pages.page(row))
    for url in urls:
        client.get(url)  # content types are remembered from here on
    few = [admin_pages.shown(client, url)[1] for url in urls]
    page_cases.more_rows(world, 8)
    page_cases.integration(world.dealership)

    many = [admin_pages.shown(client, url)[1] for url in urls]

    assert max(few) <= admin_pages.MOST_QUERIES
    assert many == few


@pytest.mark.parametrize("model", [m for m in MODELS if m not in EDITABLE], ids=lambda model: model.__name__)
def test_what_the_engine_keeps_is_only_looked_at(world: World, model: type[models.Model]) -> None:
    client = admin_pages.staff_client()
    row: Any = model._default_manager.first()
    before = list(model._default_manager.order_by("pk").values())

    answers = [
        client.get(f"{admin_pages.listing(model)}add/"),
        client.post(admin_pages.page(row), {"status": "connected"}),
        client.post(admin_pages.page(row).replace("/change/", "/delete/"), {"post": "yes"}),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert list(model._default_manager.order_by("pk").values()) == before


def keys(**secrets: str) -> dict[str, str]:
    """What the form posts; secrets that are not given are left empty."""
    values = {"provider": "quickbooks", "environment": "sandbox", "client_id": "app-2"}
    return values | {f"new_{name}": secrets.get(name, "") for name in SECRETS}


def test_the_operator_enters_app_keys() -> None:
    url = f"{admin_pages.listing(OAuthClient)}add/"
    client = admin_pages.staff_client()

    without_secret = client.post(url, keys())
    complete = client.post(url, keys(client_secret="new-secret"))

    assert (without_secret.status_code, complete.status_code) == (200, 302)
    assert OAuthClient.objects.get().client_secret == "new-secret"


def test_an_empty_secret_keeps_the_stored_one() -> None:
    row = page_cases.app_keys("sandbox")

    response = admin_pages.staff_client().post(admin_pages.page(row), keys(webhook_secret="rotated"))

    row = OAuthClient.objects.get()
    assert response.status_code == 302
    assert (row.client_id, row.client_secret, row.webhook_secret) == ("app-2", TOKEN, "rotated")


def test_a_secret_that_cannot_be_read_any_more_can_be_entered_anew() -> None:
    row = page_cases.app_keys("sandbox")
    with connection.cursor() as cursor:
        for name in ("client_secret", "webhook_secret"):
            cursor.execute(f"UPDATE integrations_oauthclient SET {name} = %s", [b"not readable"])
    client = admin_pages.staff_client()

    listed = client.get(admin_pages.listing(OAuthClient))
    saved = client.post(admin_pages.page(row), keys(client_secret="again", webhook_secret="again"))

    assert (listed.status_code, saved.status_code) == (200, 302)
    assert OAuthClient.objects.get().client_secret == "again"


def test_a_stream_is_set_as_on_its_page(world: World) -> None:
    config, client = world.config("accounts"), admin_pages.staff_client()
    form = {"enabled": "on", "schedule": "daily", "conflict_policy": "theirs"}

    refused = client.post(admin_pages.page(config), form | {"direction": "push"})
    saved = client.post(admin_pages.page(config), form | {"direction": "pull"})

    config.refresh_from_db()
    assert (refused.status_code, saved.status_code) == (200, 302)
    assert (config.direction, config.schedule, config.conflict_policy) == ("pull", "daily", "theirs")
    assert Event.objects.filter(type="integration.settings_changed").count() == 1


def test_a_row_is_tested(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        lifecycle, "test", lambda _: lifecycle.TestResult(account_name="Rideau Auto Inc.", milliseconds=420)
    )

    response = admin_pages.staff_client().post(act("test", world.integration), follow=True)

    assert "QuickBooks answered in 0.4 s as Rideau Auto Inc." in response.content.decode()


def test_a_row_is_synced(world: World) -> None:
    response = admin_pages.staff_client().post(act("sync", world.integration), follow=True)

    assert "8 streams are being synced." in response.content.decode()
    assert SyncLog.objects.filter(status=SyncLog.Status.QUEUED).count() == 8


def test_a_row_links_to_its_page_and_to_the_connection(world: World) -> None:
    content, _ = admin_pages.shown(admin_pages.staff_client(), admin_pages.listing(Integration))

    assert f'href="{world.integration.get_absolute_url()}"' in content
    assert f'href="{reverse("integrations:reconnect", args=[world.integration.pk])}"' in content
    assert f'formaction="{act("sync", world.integration)}"' in content


def test_a_run_is_retried_and_cancelled(world: World) -> None:
    client = admin_pages.staff_client()

    client.post(act("retry", world.run))
    again = SyncLog.objects.get(status=SyncLog.Status.QUEUED)
    content, _ = admin_pages.shown(client, admin_pages.listing(SyncLog))
    client.post(act("cancel", again))

    again.refresh_from_db()
    assert again.status == SyncLog.Status.CANCELLED
    assert act("cancel", again) in content
    assert act("retry", again) not in content


def test_a_record_set_aside_is_retried(world: World) -> None:
    admin_pages.staff_client().post(act("retry", world.letter))

    world.letter.refresh_from_db()
    assert world.letter.status == DeadLetter.Status.REPLAYED


def test_chosen_rows_are_worked_off_together(world: World) -> None:
    other = page_cases.integration(world.dealership, status=Integration.Status.PAUSED)
    chosen = [str(world.integration.pk), str(other.pk)]

    response = admin_pages.staff_client().post(
        admin_pages.listing(Integration), {"action": "sync_chosen", "_selected_action": chosen}, follow=True
    )

    content = response.content.decode()
    assert "8 streams are being synced." in content
    assert "Nothing was started: QuickBooks is not connected." in content


def test_an_act_is_posted_not_followed(world: World) -> None:
    assert admin_pages.staff_client().get(act("sync", world.integration)).status_code == 405
    assert SyncLog.objects.filter(status=SyncLog.Status.QUEUED).count() == 0


@pytest.fixture
def looker() -> Client:
    """Staff who may look at everything and change nothing."""
    user = User.objects.create_user("looker@hub.example", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    return dealership_cases.signed_in(user)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_staff_who_may_only_look_sees_every_row(world: World, looker: Client, model: type[models.Model]) -> None:
    row: Any = model._default_manager.first()

    content, _ = admin_pages.shown(looker, admin_pages.page(row))

    assert TOKEN not in content


def test_staff_who_may_only_look_cannot_act(world: World, looker: Client) -> None:
    client, before = looker, page_cases.traces(world)

    listed = client.get(admin_pages.listing(Integration))
    answers = [client.post(act("sync", world.integration)), client.post(act("retry", world.letter))]
    client.post(
        admin_pages.listing(Integration),
        {"action": "sync_chosen", "_selected_action": [str(world.integration.pk)]},
    )

    assert listed.status_code == 200
    assert [answer.status_code for answer in answers] == [403, 403]
    assert page_cases.traces(world) == before


@pytest.mark.parametrize("role", ["owner", "viewer"])
def test_people_of_a_dealership_do_not_get_in(world: World, role: str) -> None:
    client, before = world.client(role), page_cases.traces(world)

    answers = [client.get(admin_pages.listing(Integration)), client.post(act("sync", world.integration))]

    assert all(answer.status_code in (302, 403) for answer in answers)
    assert page_cases.traces(world) == before
