"""A whole hub to visit with a browser: its database, web server, worker and simulator as real processes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import requests
from django.conf import settings
from django.core.management import call_command
from django.test import override_settings
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from dealership.models import Dealership, Membership, User
from integrations.demo import books, other_side, show
from integrations.demo.stage import Stage, free_port
from tests.faults.databases import used

PASSWORD = "a-long-word-for-tests"
LATENCY_MS = 20


class House:
    def __init__(self, folder: Path, blocker: DjangoDbBlocker) -> None:
        self._blocker = blocker
        self.address = f"sqlite:///{folder / 'hub.sqlite3'}"
        self.url = f"http://127.0.0.1:{free_port(0)}"
        self.simulator_url = f"http://127.0.0.1:{free_port(0)}"
        self.stage = Stage(settings.BASE_DIR, folder / "logs")
        self._simulator_file = folder / "simulator.sqlite3"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.address,
            "DJANGO_SETTINGS_MODULE": "tests.journeys.settings",
            "JOURNEY_URL": self.url,
            "SIMULATOR_URL": self.simulator_url,
            "LOG_LEVEL": "ERROR",
        }

    def open(self) -> None:
        """Everything is up when this returns. The demo dealership's books are here, QuickBooks' own are there."""
        with self.database():
            call_command("migrate", verbosity=0)
            call_command("set_up_schedules", verbosity=0)
            place = books.dealership()
            books.owner(place, PASSWORD)
            books.fill(place)
        with mock.patch.dict(os.environ, self.environment):
            self._start()
        self.side = other_side.OtherSide(self.simulator_url)
        other_side.fill(self.side)

    def _start(self) -> None:
        port, hooks = self.simulator_url.rsplit(":", 1)[1], f"{self.url}/hooks/quickbooks/"
        options = ("--limits", "off", "--latency-ms", str(LATENCY_MS), "--hooks-url", hooks)
        self.stage.manage("simulator", "simulator", "--port", port, "--db", str(self._simulator_file), *options)
        web = ("config.wsgi:application", "--bind", self.url.removeprefix("http://"), "--no-control-socket")
        self.stage.start("web", sys.executable, "-m", "gunicorn", *web, "--worker-class", "gthread", "--threads", "4")
        self.stage.manage("worker", "worker")
        self.stage.wait_for(self.simulator_url)
        self.stage.wait_for(f"{self.url}/healthz")

    @contextmanager
    def database(self) -> Iterator[None]:
        """This process works on the hub's database. The browser's driver runs a loop in this thread, hence the flag."""
        with (
            mock.patch.dict(os.environ, DJANGO_ALLOW_ASYNC_UNSAFE="true"),
            self._blocker.unblock(),
            used(self.address),
        ):
            yield

    def hurry(self, latency_ms: int = LATENCY_MS) -> None:
        """How long QuickBooks takes for an answer from now on."""
        requests.post(f"{self.simulator_url}/_control/settings", json={"latency_ms": latency_ms}, timeout=30)

    def newcomer(self, name: str) -> str:
        """A dealership without records; its owner's address."""
        with self.database():
            return self._newcomer(name).email

    def _newcomer(self, name: str) -> User:
        slug = name.lower().replace(" ", "-")
        place = Dealership.objects.create(name=name, slug=slug, currency="CAD", country="CA")
        user = User.objects.create_user(f"owner@{slug}.example", PASSWORD, name="Marc Ouellet")
        Membership.objects.create(user=user, dealership=place, role=Membership.Role.OWNER)
        return user

    def settled(self, name: str, realm: str) -> str:
        """A dealership with books, connected and reconciled; its owner's address."""
        with self.database(), override_settings(BASE_URL=self.url, SIMULATOR_URL=self.simulator_url):
            user = self._newcomer(name)
            place = Dealership.objects.get(memberships__user=user)
            books.fill(place)
            began_at = timezone.now()
            integration = show.connect(user, place, other_side.OtherSide(self.simulator_url, realm), str)
            assert show.watch(integration, began_at, str), "the first sync failed"
            assert show.prove(integration, str), "the books do not agree"
        return user.email
