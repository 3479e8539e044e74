"""Contacts (customers, vendors, leads) and the dealership's locations."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from dealership.models.base import Record


class Contact(Record):
    class Kind(models.TextChoices):
        CUSTOMER = "customer", _("Customer")
        VENDOR = "vendor", _("Vendor")
        LEAD = "lead", _("Lead")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.CUSTOMER)
    display_name = models.CharField(_("display name"), max_length=500)
    first_name = models.CharField(_("first name"), max_length=100, blank=True)
    last_name = models.CharField(_("last name"), max_length=100, blank=True)
    company_name = models.CharField(_("company"), max_length=200, blank=True)
    email = models.CharField(_("e-mail"), max_length=254, blank=True)
    phone = models.CharField(_("phone"), max_length=50, blank=True)
    address_line1 = models.CharField(_("address"), max_length=500, blank=True)
    address_line2 = models.CharField(_("address, second line"), max_length=500, blank=True)
    city = models.CharField(_("city"), max_length=255, blank=True)
    region = models.CharField(_("state or province"), max_length=255, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=30, blank=True)
    country = models.CharField(_("country"), max_length=255, blank=True)
    tax_id = models.CharField(_("tax number"), max_length=50, blank=True)
    notes = models.TextField(_("notes"), blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True, help_text=_("ISO 4217 code."))
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        indexes = [
            models.Index(fields=["dealership", "kind", "display_name"], name="contact_by_name"),
            models.Index(fields=["dealership", "email"], name="contact_by_email"),
            models.Index(fields=["dealership", "-updated_at"], name="contact_by_change"),
        ]

    def __str__(self) -> str:
        return self.display_name


class Location(Record):
    """A division of the dealership: a showroom, a workshop, a lot."""

    name = models.CharField(_("name"), max_length=200)
    code = models.CharField(_("code"), max_length=50, blank=True)
    city = models.CharField(_("city"), max_length=255, blank=True)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("location")
        verbose_name_plural = _("locations")
        constraints = [
            models.UniqueConstraint(
                fields=["dealership", "name"], condition=Q(deleted_at=None), name="location_name_once"
            )
        ]

    def __str__(self) -> str:
        return self.name
