"""A scratch database for one promise, gone afterwards."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from benchmarks.promises import Skipped

SERVER = "postgres://postgres@127.0.0.1:5432/postgres"


@contextmanager
def scratch(engine: str, folder: Path) -> Iterator[str]:
    """The address of a new, empty database."""
    given = os.environ.get("DATABASE_URL", "")
    is_postgresql = given.startswith(("postgres://", "postgresql://"))
    if engine == "own" and not is_postgresql:
        yield f"sqlite:///{folder / 'hub.sqlite3'}"
        return
    server = given if is_postgresql else os.environ.get("CI_DATABASE_URL", SERVER)
    name = f"lotbridge_bench_{uuid.uuid4().hex[:12]}"
    _admin(server, "CREATE DATABASE {}", name)
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        _admin(server, "DROP DATABASE {} WITH (FORCE)", name)


def _admin(server: str, statement: str, name: str) -> None:
    try:
        connected = psycopg.connect(server, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        raise Skipped("no PostgreSQL answers") from None
    with connected:
        connected.execute(sql.SQL(statement).format(sql.Identifier(name)))
