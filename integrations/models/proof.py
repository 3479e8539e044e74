"""Reconciliation: the dated proof that both sides agree, or each difference by name."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from integrations.models.base import Owned
from integrations.models.integration import Integration


class Reconciliation(Owned):
    """One comparison of both sides. `figures` holds, per stream: counts, totals per currency and per month."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        COMPLETE = "complete", _("The books agree")
        DIFFERENT = "different", _("The books differ")
        FAILED = "failed", _("Failed")

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="reconciliations")
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.QUEUED)
    figures = models.JSONField(_("figures"), default=list, blank=True, encoder=DjangoJSONEncoder)
    difference_count = models.PositiveIntegerField(_("differences"), default=0)
    compared = models.PositiveIntegerField(_("records compared"), default=0)
    requested_by = models.CharField(_("asked by"), max_length=200, blank=True)
    lease_token = models.UUIDField(_("lease"), null=True, blank=True)
    lease_expires_at = models.DateTimeField(_("lease until"), null=True, blank=True)
    not_before = models.DateTimeField(_("not before"), null=True, blank=True)
    nudged_at = models.DateTimeField(_("nudged"), null=True, blank=True)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=0)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        verbose_name = _("reconciliation")
        verbose_name_plural = _("reconciliations")
        indexes = [models.Index(fields=["integration", "-created_at"], name="reconciliation_by_time")]
        constraints = [
            models.UniqueConstraint(
                fields=["integration"],
                condition=Q(status__in=["queued", "running"]),
                name="reconciliation_open_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.integration} · {self.created_at:%Y-%m-%d %H:%M}"

    def get_absolute_url(self) -> str:
        return reverse("integrations:reconciliation", args=[self.pk])


class ReconciliationDifference(Owned):
    class Kind(models.TextChoices):
        MISSING_THERE = "missing_there", _("Missing there")
        MISSING_HERE = "missing_here", _("Missing here")
        DOUBLED_THERE = "doubled_there", _("Doubled there")
        DIFFERS = "differs", _("Differs")

    reconciliation = models.ForeignKey(Reconciliation, on_delete=models.CASCADE, related_name="differences")
    stream = models.CharField(_("stream"), max_length=40)
    kind = models.CharField(_("kind"), max_length=14, choices=Kind.choices)
    record_type = models.CharField(_("record type"), max_length=30)
    local_id = models.UUIDField(_("record"), null=True, blank=True)
    remote_id = models.CharField(_("remote id"), max_length=100, blank=True)
    label = models.CharField(_("name"), max_length=300, blank=True)
    ours = models.DecimalField(_("here"), max_digits=14, decimal_places=2, null=True, blank=True)
    theirs = models.DecimalField(_("there"), max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    fields = models.JSONField(_("fields"), default=dict, blank=True, help_text=_("Field name to [here, there]."))
    cause = models.TextField(_("cause"), blank=True)
    next_step = models.TextField(_("next step"), blank=True)

    class Meta:
        verbose_name = _("difference")
        verbose_name_plural = _("differences")
        indexes = [models.Index(fields=["reconciliation", "stream"], name="difference_of_proof")]

    def __str__(self) -> str:
        return f"{self.label or self.remote_id} · {self.kind}"
