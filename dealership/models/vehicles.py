"""Vehicles: in stock, sold, or a customer's own."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from dealership.models.base import Record, money
from dealership.models.people import Contact, Location


class Vehicle(Record):
    class Status(models.TextChoices):
        IN_STOCK = "in_stock", _("In stock")
        PENDING = "pending", _("Sale pending")
        SOLD = "sold", _("Sold")
        CUSTOMER = "customer", _("Customer's own")

    vin = models.CharField(_("VIN"), max_length=17, blank=True)
    stock_number = models.CharField(_("stock number"), max_length=50, blank=True)
    year = models.PositiveSmallIntegerField(_("year"), null=True, blank=True)
    make = models.CharField(_("make"), max_length=100, blank=True)
    model = models.CharField(_("model"), max_length=100, blank=True)
    trim = models.CharField(_("trim"), max_length=100, blank=True)
    body_style = models.CharField(_("body style"), max_length=100, blank=True)
    exterior_color = models.CharField(_("exterior colour"), max_length=100, blank=True)
    interior_color = models.CharField(_("interior colour"), max_length=100, blank=True)
    transmission = models.CharField(_("transmission"), max_length=100, blank=True)
    fuel = models.CharField(_("fuel"), max_length=50, blank=True)
    mileage = models.PositiveIntegerField(_("mileage"), null=True, blank=True)
    price = money(_("price"), null=True, blank=True)
    purchase_price = money(_("purchase price"), null=True, blank=True)
    purchased_on = models.DateField(_("purchased on"), null=True, blank=True)
    sold_on = models.DateField(_("sold on"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True, help_text=_("ISO 4217 code."))
    description = models.TextField(_("description"), blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.IN_STOCK)
    location = models.ForeignKey(
        Location, on_delete=models.SET_NULL, null=True, blank=True, related_name="vehicles", verbose_name=_("location")
    )
    owner = models.ForeignKey(
        Contact, on_delete=models.SET_NULL, null=True, blank=True, related_name="vehicles", verbose_name=_("owner")
    )

    class Meta:
        verbose_name = _("vehicle")
        verbose_name_plural = _("vehicles")
        indexes = [models.Index(fields=["dealership", "-updated_at"], name="vehicle_by_change")]
        constraints = [
            models.UniqueConstraint(
                fields=["dealership", "vin"],
                condition=Q(deleted_at=None) & ~Q(vin=""),
                name="vehicle_vin_once",
            ),
            models.UniqueConstraint(
                fields=["dealership", "stock_number"],
                condition=Q(deleted_at=None) & ~Q(stock_number=""),
                name="vehicle_stock_number_once",
            ),
        ]

    def __str__(self) -> str:
        return " ".join(str(part) for part in (self.year, self.make, self.model) if part) or self.vin
