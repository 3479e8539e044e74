"""CSV files that people bring, and the outside numbers by which imported records are found again."""

import datetime as dt
import uuid
from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dealership.models.tenancy import Dealership, User

KEPT_FOR: Final = dt.timedelta(days=7)


class ImportFileQuerySet(models.QuerySet["ImportFile"]):
    def for_dealership(self, dealership: Dealership | uuid.UUID) -> "ImportFileQuerySet":
        return self.filter(dealership=dealership)

    def due(self, now: dt.datetime) -> "ImportFileQuerySet":
        """Waiting for their turn, or left behind by a process that died."""
        abandoned = Q(status=ImportFile.Status.RUNNING, lease_expires_at__lt=now)
        return self.filter(Q(status=ImportFile.Status.QUEUED) | abandoned)

    def outdated(self, now: dt.datetime) -> "ImportFileQuerySet":
        """Past the seven days that a file with people's data is kept; never one that is still worked on."""
        busy = (ImportFile.Status.QUEUED, ImportFile.Status.RUNNING)
        return self.filter(created_at__lt=now - KEPT_FOR).exclude(status__in=busy)


class ImportFile(models.Model):
    """One uploaded file, how it is to be understood, and how far its import is.

    `draft -> queued -> running -> succeeded | failed`, `running -> queued` when a record was changed
    meanwhile, `failed -> draft` to correct the columns. `next_row` counts the records already stored: the
    checkpoint.
    """

    class Kind(models.TextChoices):
        CONTACTS = "contacts", _("Contacts")
        VEHICLES = "vehicles", _("Vehicles")
        INVOICES = "invoices", _("Invoices and credit notes")
        PAYMENTS = "payments", _("Payments")

    class Status(models.TextChoices):
        DRAFT = "draft", _("Being prepared")
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Running")
        SUCCEEDED = "succeeded", _("Done")
        FAILED = "failed", _("Nothing imported")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    dealership = models.ForeignKey(Dealership, on_delete=models.CASCADE, related_name="+", verbose_name=_("dealership"))
    user = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("user")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    profile = models.CharField(_("profile"), max_length=30, blank=True)
    file_name = models.CharField(_("file"), max_length=255, help_text=_("As the person called it; never a path."))
    data = models.BinaryField(_("content"), editable=False)
    mapping = models.JSONField(_("columns"), default=dict, blank=True, help_text=_("Field to column name."))
    options = models.JSONField(_("options"), default=dict, blank=True)
    skip_bad = models.BooleanField(_("import the good rows"), default=False)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.DRAFT)
    rows_total = models.PositiveIntegerField(_("rows"), default=0)
    records_total = models.PositiveIntegerField(_("records"), default=0)
    next_row = models.PositiveIntegerField(_("records done"), default=0)
    created_count = models.PositiveIntegerField(_("created"), default=0)
    updated_count = models.PositiveIntegerField(_("updated"), default=0)
    unchanged_count = models.PositiveIntegerField(_("unchanged"), default=0)
    refused_count = models.PositiveIntegerField(_("rows refused"), default=0)
    problems = models.JSONField(_("problems"), default=list, blank=True, help_text=_("Row, column, reason, value."))
    error = models.TextField(_("error"), blank=True)
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_expires_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("uploaded"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = ImportFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("imported file")
        verbose_name_plural = _("imported files")
        indexes = [models.Index(fields=["dealership", "-created_at"], name="import_file_by_time")]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_open(self) -> bool:
        """Whether its result is still to come."""
        return self.status in (self.Status.QUEUED, self.Status.RUNNING)


class ImportKey(models.Model):
    """The number by which outside files know a record, so that the next one finds it even when renamed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    dealership = models.ForeignKey(Dealership, on_delete=models.CASCADE, related_name="+", verbose_name=_("dealership"))
    scope = models.CharField(_("kind"), max_length=20, help_text=_("customer, vendor, lead or payment."))
    number = models.CharField(_("number"), max_length=100)
    record_id = models.UUIDField(_("record"))

    class Meta:
        verbose_name = _("imported number")
        verbose_name_plural = _("imported numbers")
        constraints = [models.UniqueConstraint(fields=["dealership", "scope", "number"], name="import_key_once")]

    def __str__(self) -> str:
        return f"{self.scope} {self.number}"
