"""The settings of streams, and what the page of a reconciliation says."""

from typing import Any

import pytest
from django.urls import reverse

from dealership.models import Event
from integrations.models import Integration, Reconciliation, SyncConfig, SyncLog
from tests.integrations import page_cases
from tests.integrations.page_cases import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return page_cases.world()


def settings(world: World, **changes: str) -> dict[str, str]:
    """What the form of the page posts, with some values changed; an empty one is left out."""
    values: dict[str, str] = {}
    for config in world.integration.configs.all():
        values |= {f"{config.stream}-{name}": getattr(config, name) for name in ("direction", "schedule")}
        values[f"{config.stream}-conflict_policy"] = config.conflict_policy
        values[f"{config.stream}-enabled"] = "on"
    values |= {name.replace("__", "-"): value for name, value in changes.items()}
    return {name: value for name, value in values.items() if value}


def save(world: World, **changes: str) -> Any:
    return world.client("admin").post(world.integration.get_absolute_url(), settings(world, **changes))


def test_settings_are_saved_told_and_acted_on(world: World) -> None:
    response = save(world, invoices__direction="push", payments__enabled="", bills__schedule="daily")

    assert response.status_code == 302
    assert world.config("invoices").direction == SyncConfig.Direction.PUSH
    assert not world.config("payments").enabled
    assert world.config("bills").schedule == SyncConfig.Schedule.DAILY
    events = Event.objects.filter(type="integration.settings_changed")
    changes: dict[str, Any] = {}
    for event in events:
        changes |= event.changes
    assert changes == {
        "invoices.direction": ["both", "push"],
        "payments.enabled": [True, False],
        "bills.schedule": ["realtime", "daily"],
    }
    assert [run.stream for run in SyncLog.objects.filter(status=SyncLog.Status.QUEUED)] == ["invoices"]


def test_a_changed_setting_lifts_what_blocked_the_stream(world: World) -> None:
    SyncConfig.objects.filter(stream__in=("bills", "payments")).update(blocked_reason="Too many deletions.")

    save(world, bills__schedule="daily")

    assert world.config("bills").blocked_reason == ""
    assert world.config("payments").blocked_reason == "Too many deletions."


def test_a_direction_that_the_provider_does_not_allow_is_refused_and_nothing_is_saved(world: World) -> None:
    before = page_cases.traces(world)

    response = save(world, accounts__direction="push", bills__schedule="daily")

    assert response.status_code == 200
    assert "Accounts cannot go that way with QuickBooks." in response.content.decode()
    assert page_cases.traces(world) == before


def test_saving_without_a_change_writes_nothing(world: World) -> None:
    before = page_cases.traces(world)

    save(world)

    assert page_cases.traces(world) == before


def test_a_viewer_sees_the_settings_but_no_form_for_them(world: World) -> None:
    content = world.client("viewer").get(world.integration.get_absolute_url()).content.decode()

    assert "The latest change wins" in content
    assert "Save settings" not in content
    assert "Disconnect" not in content


def test_the_difference_is_named_with_both_sides_cause_and_next_step(world: World) -> None:
    response = world.client("viewer").get(world.proof.get_absolute_url())

    content = response.content.decode()
    assert "The books differ by $113.00: 1 record" in content
    assert 'aria-label="does not equal"' in content
    assert "Not sent yet." in content
    assert "Sync this stream, then check again." in content
    assert response.context["figures"].chosen == "invoices"
    assert [row.difference for row in response.context["figures"].months] == ["+113.00"]


def test_the_newest_reconciliation_is_the_one_that_is_shown(world: World) -> None:
    newest = page_cases.proof(world.integration)

    response = world.client("viewer").get(reverse("integrations:reconciliations"))

    assert response.context["proof"] == newest
    content = response.content.decode()
    assert "The books agree: 2 invoices, $226.00" in content
    assert 'aria-label="equals"' in content
    assert len(response.context["history"]) == 2


def test_each_stream_has_its_months(world: World) -> None:
    response = world.client("viewer").get(f"{world.proof.get_absolute_url()}?stream=payments")

    figures = response.context["figures"]
    assert figures.chosen == "payments"
    assert [(row.label, row.ours, row.agrees) for row in figures.months] == [("November 2026", "$40.00", True)]


def test_a_failed_reconciliation_says_nothing_about_the_books(world: World) -> None:
    failed = page_cases.proof(
        world.integration, status=Reconciliation.Status.FAILED, figures=[], error="QuickBooks does not answer."
    )

    content = world.client("viewer").get(failed.get_absolute_url()).content.decode()

    assert "QuickBooks does not answer." in content
    assert "The books agree" not in content
    assert 'class="verdict' not in content


def test_an_open_reconciliation_shows_how_far_it_is(world: World) -> None:
    going = page_cases.proof(
        world.integration, status=Reconciliation.Status.RUNNING, figures=[], compared=420, finished_at=None
    )

    content = world.client("viewer").get(going.get_absolute_url()).content.decode()

    assert "420 records so far" in content
    assert '<noscript><meta http-equiv="refresh"' in content


def test_without_a_connection_the_page_says_what_comes_first(world: World) -> None:
    Integration.objects.update(connected_at=None)

    content = world.client("viewer").get(reverse("integrations:reconciliations")).content.decode()

    assert "Connect your books first" in content


def test_a_disconnected_integration_keeps_its_reports_but_is_not_compared(world: World) -> None:
    Integration.objects.update(status=Integration.Status.DISCONNECTED)
    client = world.client("owner")

    shown = client.get(reverse("integrations:reconciliations"))
    asked = client.post(reverse("integrations:reconcile", args=[world.integration.pk]))

    assert shown.context["proof"] == world.proof
    assert asked["Location"] == world.integration.get_absolute_url()
    assert Reconciliation.objects.count() == 1


def test_the_report_is_downloaded(world: World) -> None:
    url = reverse("integrations:reconciliation_export", args=[world.proof.pk])

    response: Any = world.client("viewer").get(url)

    content = b"".join(response.streaming_content).decode()
    assert "reconciliation-quickbooks-" in response["Content-Disposition"]
    assert "INV-2" in content


def test_another_dealerships_integration_cannot_be_chosen(world: World) -> None:
    client = page_cases.client_of_stranger()

    response = client.get(reverse("integrations:reconciliations"), {"integration": str(world.integration.pk)})

    assert response.status_code == 404
