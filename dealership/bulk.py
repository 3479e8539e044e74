"""Storing many rows at once: one statement, run for each row.

Django's `bulk_create` asks every field of every row several times how to write itself, and its `bulk_update` builds a
CASE of as many arms as there are rows for each field; with all values known, that is half of the time of a large sync.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from operator import attrgetter
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
    read = attrgetter(*(field.attname for field in fields))
    statement = f"INSERT INTO {_table(type(rows[0]))} ({columns}) VALUES ({places})"  # noqa: S608 - names of ours
    _run(statement, fields, map(read, rows))
    for row in rows:
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def update(rows: Sequence[models.Model], names: Sequence[str]) -> None:
    """Write those fields of stored rows of one model."""
    if rows:
        model = type(rows[0])
        read = attrgetter(*(field.attname for field in _fields(model, names)), "pk")
        update_where(model, names, ("pk",), map(read, rows))


def update_where(
    model: type[models.Model], names: Sequence[str], keys: Sequence[str], rows: Iterable[Sequence[Any]]
) -> int:
    """For each row, the values of `names` and then of `keys`: write where the keys match. Gives how often they did."""
    fields, where = _fields(model, names), _fields(model, keys)
    changes = ", ".join(f"{_quoted(field)} = %s" for field in fields)
    condition = " AND ".join(f"{_quoted(field)} = %s" for field in where)
    return _run(f"UPDATE {_table(model)} SET {changes} WHERE {condition}", [*fields, *where], rows)  # noqa: S608 - the same


def _run(statement: str, fields: Sequence[Any], rows: Iterable[Sequence[Any]]) -> int:
    connection = connections[DEFAULT_DB_ALIAS]
    steps = [field.get_db_prep_save for field in fields]
    waiting, touched = iter(rows), 0
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        while some := list(islice(waiting, _AT_ONCE)):
            values = [[step(value, connection) for step, value in zip(steps, row, strict=True)] for row in some]
            cursor.executemany(statement, values)
            touched += cursor.rowcount
    return touched


def _fields(model: type[models.Model], names: Iterable[str]) -> list[Any]:
    return [model._meta.pk if name == "pk" else model._meta.get_field(name) for name in names]


def _table(model: type[models.Model]) -> str:
    return connections[DEFAULT_DB_ALIAS].ops.quote_name(model._meta.db_table)


def _quoted(field: Any) -> str:
    return connections[DEFAULT_DB_ALIAS].ops.quote_name(field.column)
