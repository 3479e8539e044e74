"""`/healthz` tells a load balancer and a person whether the hub works."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from config import health

pytestmark = pytest.mark.django_db


def beat(*, seconds_ago: float) -> None:
    apps.get_model("integrations", "Heartbeat").objects.create(
        name="worker", beat_at=timezone.now() - timedelta(seconds=seconds_ago)
    )


def test_it_is_well_while_the_worker_beats(client: Client) -> None:
    beat(seconds_ago=3)

    response = client.get("/healthz")

    assert response.status_code == 200
    assert response.json()["status"] == "ok"


def test_it_says_that_background_work_stopped(client: Client) -> None:
    beat(seconds_ago=60)

    response = client.get("/healthz")

    assert response.status_code == 503
    assert response.json()["worker"] == "background work is not running"


def test_it_says_so_too_where_a_worker_never_ran(client: Client) -> None:
    response = client.get("/healthz")

    assert response.status_code == 503
    assert response.json()["worker"] == "background work is not running"


def test_a_database_that_does_not_answer_is_a_503_and_no_traceback(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise DatabaseError("password of hub is hunter2")

    monkeypatch.setattr(health, "_last_beat_at", refuse)

    response = client.get("/healthz")

    assert response.status_code == 503
    assert response.json() == {"status": "down", "database": "does not answer"}


def test_it_changes_nothing(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
