"""Work on cars: jobs and the service history of a vehicle."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from dealership.models.base import Record, money
from dealership.models.people import Contact, Location
from dealership.models.sales import Invoice
from dealership.models.vehicles import Vehicle


class Job(Record):
    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        IN_PROGRESS = "in_progress", _("In progress")
        COMPLETED = "completed", _("Completed")
        CANCELLED = "cancelled", _("Cancelled")

    number = models.CharField(_("number"), max_length=50, blank=True)
    title = models.CharField(_("title"), max_length=255)
    contact = models.ForeignKey(
        Contact, on_delete=models.PROTECT, null=True, blank=True, related_name="jobs", verbose_name=_("contact")
    )
    vehicle = models.ForeignKey(
        Vehicle, on_delete=models.SET_NULL, null=True, blank=True, related_name="jobs", verbose_name=_("vehicle")
    )
    invoice = models.ForeignKey(
        Invoice, on_delete=models.SET_NULL, null=True, blank=True, related_name="jobs", verbose_name=_("invoice")
    )
    location = models.ForeignKey(
        Location, on_delete=models.SET_NULL, null=True, blank=True, related_name="jobs", verbose_name=_("location")
    )
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.OPEN)
    scheduled_on = models.DateField(_("scheduled on"), null=True, blank=True)
    notes = models.TextField(_("notes"), blank=True)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        indexes = [models.Index(fields=["dealership", "-updated_at"], name="job_by_change")]

    def __str__(self) -> str:
        return self.title


class ServiceRecord(Record):
    vehicle = models.ForeignKey(
        Vehicle, on_delete=models.PROTECT, related_name="service_records", verbose_name=_("vehicle")
    )
    job = models.ForeignKey(
        Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="service_records", verbose_name=_("job")
    )
    performed_on = models.DateField(_("performed on"))
    mileage = models.PositiveIntegerField(_("mileage"), null=True, blank=True)
    description = models.TextField(_("description"))
    cost = money(_("cost"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True, help_text=_("ISO 4217 code."))

    class Meta:
        verbose_name = _("service record")
        verbose_name_plural = _("service records")
        indexes = [models.Index(fields=["dealership", "-performed_on"], name="service_record_by_date")]

    def __str__(self) -> str:
        return self.description[:80]
