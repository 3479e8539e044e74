"""Storing many rows at once: one statement, run for each row.

Django's `bulk_create` asks every field of every row several times how to write itself, and its `bulk_update` builds a
CASE of as many arms as there are rows for each field; with all values known, that is half of the time of a large sync.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, models, transaction

# Keeps what is prepared for the database small beside the rows themselves.
_AT_ONCE = 500


def insert(rows: Sequence[models.Model]) -> None:
    """Store new rows of one model whose ids are set. No signals; the database makes no values."""
    if not rows:
        return
    fields = rows[0]._meta.local_concrete_fields
    columns, places = ", ".join(map(_quoted, fields)), ", ".join(["%s"] * len(fields))
    _run(f"INSERT INTO {_table(rows)} ({columns}) VALUES ({places})", fields, rows)  # noqa: S608 - names of ours
    for row in rows:
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def update(rows: Sequence[models.Model], names: Iterable[str]) -> None:
    """Write those fields of stored rows of one model."""
    if not rows:
        return
    key = rows[0]._meta.pk
    fields = [rows[0]._meta.get_field(name) for name in names]
    changes = ", ".join(f"{_quoted(field)} = %s" for field in fields)
    _run(f"UPDATE {_table(rows)} SET {changes} WHERE {_quoted(key)} = %s", [*fields, key], rows)  # noqa: S608 - the same


def _run(statement: str, fields: Sequence[Any], rows: Sequence[models.Model]) -> None:
    connection = connections[DEFAULT_DB_ALIAS]
    steps = [(field.attname, field.get_db_prep_save) for field in fields]
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        for start in range(0, len(rows), _AT_ONCE):
            some = rows[start : start + _AT_ONCE]
            cursor.executemany(
                statement, [[prepare(getattr(row, name), connection) for name, prepare in steps] for row in some]
            )


def _table(rows: Sequence[models.Model]) -> str:
    return connections[DEFAULT_DB_ALIAS].ops.quote_name(rows[0]._meta.db_table)


def _quoted(field: Any) -> str:
    return connections[DEFAULT_DB_ALIAS].ops.quote_name(field.column)
