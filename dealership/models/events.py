"""The append-only log of what happened to the dealership's records."""

import uuid
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dealership.models.tenancy import Dealership


class EventQuerySet(models.QuerySet["Event"]):
    def for_dealership(self, dealership: Dealership | uuid.UUID) -> "EventQuerySet":
        return self.filter(dealership=dealership)

    def of_record(self, record_type: str, record_id: uuid.UUID) -> "EventQuerySet":
        """One record's life, newest first."""
        return self.filter(record_type=record_type, record_id=record_id).order_by("-occurred_at")

    def update(self, **changes: Any) -> int:
        """Only what dispatch writes may change; an event itself never does."""
        if set(changes) - {"dispatched_at"}:
            raise TypeError("Events are append-only.")
        return super().update(**changes)


class Event(models.Model):
    """`dispatched_at` is null until every reader has seen the event: transactions commit out of order, so nobody
    reads events by a remembered position."""

    class Actor(models.TextChoices):
        USER = "user", _("a person")
        API_KEY = "api_key", _("an API key")
        INTEGRATION = "integration", _("an integration")
        IMPORT = "import", _("an import")
        SYSTEM = "system", _("Lotbridge")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    dealership = models.ForeignKey(Dealership, on_delete=models.CASCADE, related_name="+", verbose_name=_("dealership"))
    type = models.CharField(_("type"), max_length=60)
    record_type = models.CharField(_("record type"), max_length=30, blank=True)
    record_id = models.UUIDField(_("record"), null=True, blank=True)
    record_version = models.PositiveIntegerField(_("version"), default=0)
    actor_kind = models.CharField(_("caused by"), max_length=12, choices=Actor.choices, default=Actor.SYSTEM)
    actor_id = models.UUIDField(_("who"), null=True, blank=True)
    actor_name = models.CharField(_("name"), max_length=200, blank=True)
    run_id = models.UUIDField(_("run"), null=True, blank=True)
    changes = models.JSONField(
        _("changes"),
        default=dict,
        blank=True,
        encoder=DjangoJSONEncoder,
        help_text=_("Field name to [before, after]."),
    )
    occurred_at = models.DateTimeField(_("occurred"), default=timezone.now)
    dispatched_at = models.DateTimeField(_("dispatched"), null=True, blank=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            models.Index(fields=["record_type", "record_id", "-occurred_at"], name="event_of_record"),
            models.Index(fields=["dealership", "-occurred_at"], name="event_by_time"),
            models.Index(fields=["occurred_at"], condition=Q(dispatched_at=None), name="event_undispatched"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.record_id or ''}".strip()
