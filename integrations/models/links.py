"""What ties a local record to the provider's, and what was set aside."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations.models.base import Owned
from integrations.models.integration import Integration
from integrations.models.sync import SyncLog


class RecordLink(Owned):
    """Local row <-> remote id, with the base: the canonical form the provider last answered.

    A write is intended here before it is sent: `intent_key` is the batch's idempotency key, kept over every try of that
    batch and cleared by a definite answer. A link without `remote_id` is a create whose answer is not known yet.
    """

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="links")
    stream = models.CharField(_("stream"), max_length=40)
    record_type = models.CharField(_("record type"), max_length=30)
    local_id = models.UUIDField(_("record"))
    # Null and not empty: any number of unanswered creates may stand beside each other under the unique constraint.
    remote_id = models.CharField(_("remote id"), max_length=100, null=True, blank=True)  # noqa: DJ001
    remote_version = models.CharField(_("remote version"), max_length=100, blank=True)
    base = models.JSONField(_("last agreed form"), null=True, blank=True)
    raw_hash = models.CharField(_("hash of the remote object"), max_length=64, blank=True)
    local_version = models.PositiveIntegerField(_("version that agreed"), default=0)
    agreed_at = models.DateTimeField(_("agreed"), null=True, blank=True)
    remote_deleted_at = models.DateTimeField(_("gone there"), null=True, blank=True)
    intent_key = models.UUIDField(_("intended write"), null=True, blank=True)
    intent_item = models.PositiveSmallIntegerField(_("place in the batch"), default=0)
    intent_version = models.PositiveIntegerField(_("version intended"), default=0)
    intent_form = models.JSONField(_("form intended"), null=True, blank=True)
    intent_tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    refused_version = models.PositiveIntegerField(_("version that was refused"), default=0)
    writes_since_change = models.PositiveSmallIntegerField(_("writes without a change here"), default=0)

    class Meta:
        verbose_name = _("record link")
        verbose_name_plural = _("record links")
        constraints = [
            models.UniqueConstraint(fields=["integration", "stream", "remote_id"], name="link_remote_once"),
            models.UniqueConstraint(fields=["integration", "stream", "local_id"], name="link_local_once"),
        ]
        indexes = [
            models.Index(fields=["local_id"], name="link_of_record"),
            models.Index(
                fields=["integration", "stream"], condition=Q(intent_key__isnull=False), name="link_with_intent"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stream} #{self.remote_id or '?'}"


class DeadLetter(Owned):
    """A record set aside, with the reason and what to do. Open until it is replayed with success or dismissed."""

    class Direction(models.TextChoices):
        PULL = "pull", _("Into Lotbridge")
        PUSH = "push", _("Out of Lotbridge")

    class Status(models.TextChoices):
        OPEN = "open", _("Set aside")
        REPLAYED = "replayed", _("Retry asked")
        RESOLVED = "resolved", _("Resolved")
        DISMISSED = "dismissed", _("Dismissed")

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="dead_letters")
    stream = models.CharField(_("stream"), max_length=40)
    direction = models.CharField(_("direction"), max_length=4, choices=Direction.choices)
    record_type = models.CharField(_("record type"), max_length=30)
    local_id = models.UUIDField(_("record"), null=True, blank=True)
    remote_id = models.CharField(_("remote id"), max_length=100, blank=True)
    raw_hash = models.CharField(_("hash of the refused object"), max_length=64, blank=True)
    label = models.CharField(_("name"), max_length=300, blank=True)
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    reason = models.TextField(_("reason"))
    next_step = models.TextField(_("next step"), blank=True)
    code = models.CharField(_("provider's code"), max_length=40, blank=True)
    status = models.CharField(_("status"), max_length=9, choices=Status.choices, default=Status.OPEN)
    tries = models.PositiveSmallIntegerField(_("tries"), default=1)
    run = models.ForeignKey(SyncLog, on_delete=models.SET_NULL, null=True, blank=True, related_name="dead_letters")
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)

    class Meta:
        verbose_name = _("dead letter")
        verbose_name_plural = _("dead letters")
        constraints = [
            models.UniqueConstraint(
                fields=["integration", "stream", "local_id"],
                condition=Q(status__in=["open", "replayed"], direction="push"),
                name="dead_letter_open_once_out",
            ),
            models.UniqueConstraint(
                fields=["integration", "stream", "remote_id"],
                condition=Q(status__in=["open", "replayed"], direction="pull"),
                name="dead_letter_open_once_in",
            ),
        ]
        indexes = [
            models.Index(fields=["dealership", "status", "-created_at"], name="dead_letter_by_time"),
            models.Index(fields=["integration", "stream", "status"], name="dead_letter_of_stream"),
        ]

    def __str__(self) -> str:
        return f"{self.label or self.remote_id} · {self.reason}"[:200]
