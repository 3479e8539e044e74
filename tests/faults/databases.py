"""A database for one test: a copy of a template that was migrated once, used by this process and its children."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connections
from psycopg import sql

from config.settings import env

SQLITE, POSTGRESQL = BOTH = ("sqlite", "postgresql")
SERVER = os.environ.get("CI_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")


def postgresql_answers() -> bool:
    try:
        psycopg.connect(SERVER, connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


class Templates:
    """Makes the migrated database of each engine when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, str] = {}

    @contextmanager
    def copy(self, engine: str, folder: Path) -> Iterator[str]:
        """The address of a new database, which is gone afterwards."""
        if engine == POSTGRESQL and not postgresql_answers():
            pytest.skip("no PostgreSQL answers")
        template = self._template(engine)
        if engine == SQLITE:
            shutil.copyfile(template, folder / "hub.sqlite3")
            yield f"sqlite:///{folder / 'hub.sqlite3'}"
            return
        name = _new_name()
        _admin("CREATE DATABASE {} TEMPLATE {}", name, template)
        try:
            yield _address(name)
        finally:
            _admin("DROP DATABASE {} WITH (FORCE)", name)

    def drop(self) -> None:
        if template := self._made.get(POSTGRESQL):
            _admin("DROP DATABASE {} WITH (FORCE)", template)

    def _template(self, engine: str) -> str:
        if engine not in self._made:
            self._made[engine] = self._make(engine)
        return self._made[engine]

    def _make(self, engine: str) -> str:
        name = str(self._folder / "template.sqlite3") if engine == SQLITE else _new_name()
        if engine == POSTGRESQL:
            _admin("CREATE DATABASE {}", name)
        with used(f"sqlite:///{name}" if engine == SQLITE else _address(name)):
            call_command("migrate", verbosity=0)
            call_command("set_up_schedules", verbosity=0)
        return name


@contextmanager
def used(address: str) -> Iterator[None]:
    """This process works on that database; afterwards on its former one again."""
    with mock.patch.dict(os.environ, DATABASE_URL=address):
        wanted = env.database("DATABASE_URL", settings.BASE_DIR)
    former, former_connection = connections.settings["default"], connections["default"]
    connections.settings["default"] = connections.configure_settings({"default": wanted})["default"]
    del connections["default"]
    ContentType.objects.clear_cache()
    try:
        yield
    finally:
        connections["default"].close()
        connections.settings["default"] = former
        connections["default"] = former_connection
        ContentType.objects.clear_cache()


def _new_name() -> str:
    return f"lotbridge_faults_{uuid.uuid4().hex[:12]}"


def _address(name: str) -> str:
    return urlunsplit(urlsplit(SERVER)._replace(path=f"/{name}"))


def _admin(statement: str, *names: str) -> None:
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
