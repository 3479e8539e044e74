"""Inbound webhooks: stored before they are believed, worked off afterwards."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dealership.models import Dealership
from integrations.models import Integration
from integrations.models.integration import Environment


class InboundBody(models.Model):
    """The raw bytes of one signed message, kept once however many notices it carries and however often it comes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.CharField(_("provider"), max_length=40)
    environment = models.CharField(_("environment"), max_length=10, choices=Environment.choices)
    digest = models.CharField(_("SHA-256"), max_length=64)
    content = models.BinaryField(_("content"))
    received_at = models.DateTimeField(_("first received"), default=timezone.now)

    class Meta:
        verbose_name = _("inbound message")
        verbose_name_plural = _("inbound messages")
        constraints = [models.UniqueConstraint(fields=["provider", "environment", "digest"], name="inbound_body_once")]

    def __str__(self) -> str:
        return f"{self.provider} {self.received_at:%Y-%m-%d %H:%M:%S}"

    def text(self) -> str:
        """For people to read; bytes that are no text are shown as replacement characters."""
        return bytes(self.content).decode("utf-8", errors="replace")


class InboundWebhook(models.Model):
    """One thing that a provider says has changed: a hint to read it again.

    `received -> dispatched`; a notice of an account or a kind of record that we do not have is kept as it is. The
    integration and dealership are named where exactly one is meant: an account may be connected by several.
    """

    class Status(models.TextChoices):
        RECEIVED = "received", _("Received")
        DISPATCHED = "dispatched", _("Sync asked for")
        UNKNOWN_ACCOUNT = "unknown_account", _("Unknown account")
        IGNORED = "ignored", _("Not a kind of record that is synced")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.CharField(_("provider"), max_length=40)
    environment = models.CharField(_("environment"), max_length=10, choices=Environment.choices)
    integration = models.ForeignKey(Integration, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    dealership = models.ForeignKey(Dealership, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    remote_account_id = models.CharField(_("remote account"), max_length=100)
    dedupe_key = models.CharField(_("dedupe key"), max_length=200)
    event_type = models.CharField(_("event type"), max_length=100, blank=True)
    stream = models.CharField(_("stream"), max_length=40, blank=True)
    remote_id = models.CharField(_("remote id"), max_length=100, blank=True)
    body = models.ForeignKey(InboundBody, on_delete=models.PROTECT, related_name="notices")
    status = models.CharField(_("status"), max_length=15, choices=Status.choices, default=Status.RECEIVED)
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    worked_at = models.DateTimeField(_("worked"), null=True, blank=True)
    nudged_at = models.DateTimeField(_("nudged"), null=True, blank=True)

    class Meta:
        verbose_name = _("inbound webhook")
        verbose_name_plural = _("inbound webhooks")
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "environment", "remote_account_id", "dedupe_key"], name="inbound_webhook_once"
            )
        ]
        indexes = [
            models.Index(fields=["received_at"], condition=Q(status="received"), name="inbound_waiting"),
            models.Index(fields=["-received_at"], name="inbound_by_time"),
            models.Index(fields=["dealership", "-received_at"], name="inbound_of_dealership"),
        ]

    def __str__(self) -> str:
        return f"{self.event_type or self.provider} #{self.remote_id}"


class RefusedWebhook(models.Model):
    """How many messages of one day were turned away unread: nothing of them is kept, anybody can send them."""

    class Reason(models.TextChoices):
        SIGNATURE = "signature", _("Not signed by the provider")
        MALFORMED = "malformed", _("Signed, but not understood")

    provider = models.CharField(_("provider"), max_length=40)
    day_on = models.DateField(_("day"))
    reason = models.CharField(_("reason"), max_length=10, choices=Reason.choices)
    count = models.PositiveIntegerField(_("messages"), default=0)

    class Meta:
        verbose_name = _("refused webhooks")
        verbose_name_plural = _("refused webhooks")
        constraints = [models.UniqueConstraint(fields=["provider", "day_on", "reason"], name="refused_webhook_once")]

    def __str__(self) -> str:
        return f"{self.provider} {self.day_on} {self.reason}: {self.count}"
