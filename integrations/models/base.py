"""What every tenant-owned row of the integrations has."""

import uuid
from typing import Any, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dealership.models import Dealership


class OwnedQuerySet(models.QuerySet[Any]):
    def for_dealership(self, dealership: Dealership | uuid.UUID) -> Self:
        """Every query that could see two dealerships starts here."""
        return self.filter(dealership=dealership)


OwnedManager = models.Manager.from_queryset(OwnedQuerySet)


class Owned(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    dealership = models.ForeignKey(Dealership, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = OwnedManager()

    class Meta:
        abstract = True
