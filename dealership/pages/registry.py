"""Finding a record's pages and addresses by its type."""

from uuid import UUID

from django.urls import reverse

from dealership.models import Record
from dealership.pages import declared


def url_of(record_type: str, record_id: UUID | str) -> str:
    """The record's page; empty for a type that has none."""
    if record_type not in declared.BY_TYPE:
        return ""
    return reverse(f"dealership:{record_type}_detail", args=[record_id])


def url(record: Record) -> str:
    return url_of(record.record_type(), record.pk)
