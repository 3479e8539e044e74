"""The simulator's whole memory: one SQLite file, so that kill -9 loses nothing that was answered.

One connection behind one lock: requests are handled one after the other, each in one transaction that holds the
change, its idempotency answer, its counters and its webhook row together.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS accounts (
    provider TEXT NOT NULL, id TEXT NOT NULL, facts TEXT NOT NULL, PRIMARY KEY (provider, id));
CREATE TABLE IF NOT EXISTS sequences (
    provider TEXT NOT NULL, account TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL,
    PRIMARY KEY (provider, account, name));
CREATE TABLE IF NOT EXISTS documents (
    provider TEXT NOT NULL, account TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL,
    version INTEGER NOT NULL, active INTEGER NOT NULL, deleted INTEGER NOT NULL,
    name TEXT, name_key TEXT, number TEXT, parent TEXT,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, body TEXT NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS documents_id ON documents (provider, account, kind, id);
CREATE INDEX IF NOT EXISTS documents_seq ON documents (provider, account, kind, seq, deleted, active);
CREATE INDEX IF NOT EXISTS documents_updated
    ON documents (provider, account, kind, updated_at, seq, deleted, active);
CREATE INDEX IF NOT EXISTS documents_name ON documents (provider, account, kind, name);
CREATE INDEX IF NOT EXISTS documents_name_key ON documents (provider, account, name_key);
CREATE INDEX IF NOT EXISTS documents_number ON documents (provider, account, kind, number);
CREATE INDEX IF NOT EXISTS documents_parent ON documents (provider, account, kind, parent);
CREATE TABLE IF NOT EXISTS answers (
    provider TEXT NOT NULL, account TEXT NOT NULL, key TEXT NOT NULL, answered_at REAL NOT NULL,
    status INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (provider, account, key));
CREATE TABLE IF NOT EXISTS grants (
    id INTEGER PRIMARY KEY, provider TEXT NOT NULL, account TEXT NOT NULL, client_id TEXT NOT NULL,
    scope TEXT NOT NULL, granted_at REAL NOT NULL, revoked_at REAL);
CREATE TABLE IF NOT EXISTS tokens (
    value TEXT PRIMARY KEY, grant_id INTEGER NOT NULL REFERENCES grants (id), kind TEXT NOT NULL,
    issued_at REAL NOT NULL, expires_at REAL NOT NULL, used_at REAL, superseded_at REAL, redirect_uri TEXT);
CREATE INDEX IF NOT EXISTS tokens_grant ON tokens (grant_id, kind);
CREATE TABLE IF NOT EXISTS counters (
    provider TEXT NOT NULL, family TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL,
    PRIMARY KEY (provider, family, name));
CREATE TABLE IF NOT EXISTS hits (provider TEXT NOT NULL, window TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS hits_window ON hits (provider, window, at);
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY, provider TEXT NOT NULL, kind TEXT NOT NULL, match TEXT NOT NULL, times INTEGER,
    every INTEGER NOT NULL, value INTEGER, retry_after INTEGER, probability REAL NOT NULL, seed INTEGER NOT NULL,
    seen INTEGER NOT NULL DEFAULT 0, fired INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS notices (
    id INTEGER PRIMARY KEY, provider TEXT NOT NULL, account TEXT NOT NULL, kind TEXT NOT NULL,
    document_id TEXT NOT NULL, operation TEXT NOT NULL, event_id TEXT NOT NULL, changed_at INTEGER NOT NULL,
    due_at REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'waiting');
CREATE INDEX IF NOT EXISTS notices_due ON notices (state, due_at);
"""
TABLES = (
    "settings",
    "accounts",
    "sequences",
    "documents",
    "answers",
    "tokens",
    "grants",
    "counters",
    "hits",
    "faults",
    "notices",
)


class Store:
    """Access to the file. Every statement must run inside `transaction()`, which also takes the lock."""

    def __init__(self, path: str) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute("PRAGMA cache_size=-65536")
        self._connection.executescript(SCHEMA)
        self._settings: dict[str, Any] | None = None

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; inner uses join the outer one."""
        with self._lock:
            if self._depth:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                self._settings = None
                raise
            else:
                self._connection.execute("COMMIT")
            finally:
                self._depth = 0

    @contextlib.contextmanager
    def undone_on_error(self) -> Iterator[None]:
        """A part of the transaction that leaves nothing behind when it raises; the rest goes on."""
        self._connection.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK TO part")
            self._connection.execute("RELEASE part")
            raise
        self._connection.execute("RELEASE part")

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Run a statement; the number of rows it changed."""
        return self._connection.execute(sql, parameters).rowcount

    def insert(self, sql: str, parameters: Sequence[object]) -> int:
        """Run an INSERT; the new row's number."""
        return self._connection.execute(sql, parameters).lastrowid or 0

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one statement for many rows."""
        self._connection.executemany(sql, rows)

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Every row of a query."""
        return self._connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[object] = ()) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""
        found: tuple[Any, ...] | None = self._connection.execute(sql, parameters).fetchone()
        return found

    def value(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """The first column of the first row, or None."""
        found = self.row(sql, parameters)
        return found[0] if found else None

    def settings(self) -> dict[str, Any]:
        """What the operator changed; the defaults are the caller's."""
        if self._settings is None:
            self._settings = {key: json.loads(value) for key, value in self.rows("SELECT key, value FROM settings")}
        return self._settings

    def change_settings(self, changes: dict[str, Any]) -> None:
        """Remember new values."""
        self.execute_many(
            "INSERT INTO settings VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            [(key, json.dumps(value)) for key, value in changes.items()],
        )
        self._settings = None

    def now(self) -> float:
        """Seconds since 1970, moved by the setting `clock_offset_seconds` so that tests need not wait."""
        return time.time() + float(self.settings().get("clock_offset_seconds", 0))

    def next_number(self, provider: str, account: str, name: str, *, count: int = 1, start: int = 1) -> int:
        """Reserve `count` numbers of a sequence; the first of them."""
        last = self.value(
            "INSERT INTO sequences VALUES (?, ?, ?, ?)"
            " ON CONFLICT (provider, account, name) DO UPDATE SET value = value + ? RETURNING value",
            (provider, account, name, start + count - 1, count),
        )
        return int(last) - count + 1

    def count(self, provider: str, family: str, name: str, *, by: int = 1) -> None:
        """Add to a counter shown by the control state."""
        self.execute(
            "INSERT INTO counters VALUES (?, ?, ?, ?)"
            " ON CONFLICT (provider, family, name) DO UPDATE SET value = value + excluded.value",
            (provider, family, name, by),
        )

    def wipe(self) -> None:
        """Forget everything."""
        for table in TABLES:
            self.execute(f"DELETE FROM {table}")  # noqa: S608 - names come from the constant above
        self._settings = None
