"""What every record of a dealership has: its owner, its version, its soft delete.

Rows are changed only through `dealership.records`, which raises the version and writes the event in the same
transaction; saving a record directly would leave no trace.
"""

import uuid
from typing import Any, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dealership.models.tenancy import Dealership


class RecordQuerySet(models.QuerySet[Any]):
    def for_dealership(self, dealership: Dealership | uuid.UUID) -> Self:
        """Every query that could see two dealerships starts here."""
        return self.filter(dealership=dealership)

    def present(self) -> Self:
        """Without the ones set to deleted."""
        return self.filter(deleted_at=None)


class Record(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    dealership = models.ForeignKey(Dealership, on_delete=models.CASCADE, related_name="+", verbose_name=_("dealership"))
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("last changed"), default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True, editable=False)

    objects = RecordQuerySet.as_manager()

    class Meta:
        abstract = True

    @classmethod
    def record_type(cls) -> str:
        """The word that events, links and URLs use for this kind of record, such as `service_record`."""
        return "".join(f"_{c.lower()}" if c.isupper() else c for c in cls.__name__).lstrip("_")


def money(label: Any, **options: Any) -> "models.DecimalField[Any, Any]":
    """An amount to the cent, wide enough for a group's yearly turnover in any currency."""
    return models.DecimalField(label, max_digits=14, decimal_places=2, **options)


def currency() -> "models.CharField[Any, Any]":
    return models.CharField(_("currency"), max_length=3, help_text=_("ISO 4217 code."))
