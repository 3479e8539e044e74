"""The records of a simulated provider: rendered once when written, so that a page of 1,000 is only joined text.

The SQL here is put together from constants and from conditions that our own code writes; values are parameters.
"""

# ruff: noqa: S608

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from connectors.simulator.messages import dump_json, load_json
from connectors.simulator.store import Store

_COLUMNS = "id, seq, version, active, deleted, name, name_key, number, parent, created_at, updated_at, body"


@dataclass
class Document:
    """One record: `body` is what the provider shows, the rest is what it searches by. Instants are whole seconds."""

    kind: str
    id: str
    body: dict[str, Any] = field(default_factory=dict)
    version: int = 0
    active: bool = True
    deleted: bool = False
    name: str | None = None
    name_key: str | None = None
    number: str | None = None
    parent: str | None = None
    created_at: int = 0
    updated_at: int = 0
    seq: int = 0


class Documents:
    """The records of one account at one provider."""

    def __init__(self, store: Store, provider: str, account: str) -> None:
        self.store = store
        self.provider = provider
        self.account = account

    def get(self, kind: str, id: str) -> Document | None:
        """The record, deleted ones included."""
        row = self.store.row(
            f"SELECT {_COLUMNS} FROM documents WHERE provider = ? AND account = ? AND kind = ? AND id = ?",
            (self.provider, self.account, kind, id),
        )
        return _document(kind, row) if row else None

    def find(self, kind: str, where: str, parameters: tuple[object, ...]) -> list[Document]:
        """Records that are not deleted, by an SQL condition of ours, oldest first.

        The plus keeps SQLite on the index of the condition instead of that of the order.
        """
        rows = self.store.rows(
            f"SELECT {_COLUMNS} FROM documents WHERE provider = ? AND account = ? AND kind = ? AND deleted = 0"
            f" AND {where} ORDER BY +seq",
            (self.provider, self.account, kind, *parameters),
        )
        return [_document(kind, row) for row in rows]

    def bodies(self, kind: str, where: str, parameters: tuple[object, ...], tail: str = "") -> list[str]:
        """The rendered texts by an SQL condition and ordering of ours; deleted ones only if the condition asks."""
        rows = self.store.rows(
            f"SELECT body FROM documents WHERE provider = ? AND account = ? AND kind = ? AND {where} {tail}",
            (self.provider, self.account, kind, *parameters),
        )
        return [row[0] for row in rows]

    def total(self, kind: str, where: str, parameters: tuple[object, ...]) -> int:
        """How many records meet an SQL condition of ours."""
        count = self.store.value(
            f"SELECT count(*) FROM documents WHERE provider = ? AND account = ? AND kind = ? AND {where}",
            (self.provider, self.account, kind, *parameters),
        )
        return int(count)

    def put(self, document: Document) -> None:
        """Write the record as it now is."""
        self.put_many([document])

    def put_many(self, documents: list[Document]) -> None:
        """Write many records at once."""
        self.store.execute_many(
            f"INSERT INTO documents (provider, account, kind, {_COLUMNS})"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (provider, account, kind, id) DO UPDATE SET version = excluded.version,"
            " active = excluded.active, deleted = excluded.deleted, name = excluded.name,"
            " name_key = excluded.name_key, number = excluded.number, parent = excluded.parent,"
            " updated_at = excluded.updated_at, body = excluded.body",
            [(self.provider, self.account, d.kind, *_values(d)) for d in documents],
        )


def _values(d: Document) -> tuple[object, ...]:
    return (
        *(d.id, d.seq, d.version, int(d.active), int(d.deleted), d.name, d.name_key, d.number, d.parent),
        *(d.created_at, d.updated_at, dump_json(d.body)),
    )


def _document(kind: str, row: tuple[Any, ...]) -> Document:
    id, seq, version, active, deleted, name, name_key, number, parent, created_at, updated_at, body = row
    return Document(
        kind=kind,
        id=id,
        body=load_json(body),
        version=version,
        active=bool(active),
        deleted=bool(deleted),
        name=name,
        name_key=name_key,
        number=number,
        parent=parent,
        created_at=created_at,
        updated_at=updated_at,
        seq=seq,
    )
