"""One field of one record, written for a person: what lists, facts and life stories share."""

import datetime as dt
from decimal import Decimal
from typing import Any, Final

from django.db import models
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from dealership import display
from dealership.models import Expense, Invoice, Record

TONES: Final = {
    "paid": "good",
    "received": "good",
    "sold": "good",
    "completed": "good",
    "won": "good",
    "draft": "off",
    "void": "off",
    "cancelled": "off",
    "lost": "off",
    "pending": "wait",
}
_CODES: Final = frozenset({"vin"})
_PLAIN_NUMBERS: Final = frozenset({"year"})


def label(model: type[models.Model], name: str) -> str:
    """The field's own name, with a capital."""
    return capfirst(str(getattr(model._meta.get_field(name), "verbose_name", name)))


def written(record: Record, name: str) -> str:
    """The field's value in words; empty when there is none."""
    value = getattr(record, name)
    if value is None or value == "":
        return ""
    if hasattr(record, f"get_{name}_display"):
        return str(getattr(record, f"get_{name}_display")())
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, dt.datetime):
        return display.instant(value)
    if isinstance(value, dt.date):
        return display.day(value)
    if isinstance(value, Decimal):
        return display.money(value, currency_of(record))
    if isinstance(value, int) and name not in _PLAIN_NUMBERS:
        return display.number(value)
    return str(value)


def in_table(record: Record, name: str) -> str:
    """The same, shorter where a column is narrow."""
    value = getattr(record, name)
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return display.short_day(value)
    return written(record, name)


def currency_of(record: Record) -> str:
    """The record's own currency, or the dealership's where the record names none."""
    return str(getattr(record, "currency", "") or record.dealership.currency)


def is_code(name: str) -> bool:
    """Whether the value is an id that is written in monospace."""
    return name in _CODES


def is_figure(model: type[models.Model], name: str) -> bool:
    """Whether the column is aligned to the end."""
    field = model._meta.get_field(name)
    return isinstance(field, models.DecimalField | models.IntegerField) and name not in _PLAIN_NUMBERS


def is_day(model: type[models.Model], name: str) -> bool:
    return isinstance(model._meta.get_field(name), models.DateField)


def is_overdue(record: Record) -> bool:
    """An open invoice or bill whose day has passed."""
    if not isinstance(record, Invoice | Expense) or record.status != "open" or record.due_on is None:
        return False
    if record.kind == Invoice.Kind.CREDIT_NOTE:
        return False
    return record.due_on < timezone.localdate() and record.balance > 0


def status(record: Record, name: str) -> str:
    return _("Overdue") if is_overdue(record) else written(record, name)


def tone(record: Record, name: str) -> str:
    """The colour that the state earns; most earn none."""
    return "wait" if is_overdue(record) else TONES.get(str(getattr(record, name)), "")


def address(record: Any) -> str:
    """A contact's address over as many lines as it has."""
    town = " ".join(part for part in (record.city, record.region, record.postal_code) if part)
    return "\n".join(part for part in (record.address_line1, record.address_line2, town, record.country) if part)
