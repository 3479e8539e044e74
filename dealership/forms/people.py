"""Forms of the records that are one row: people, vehicles, sales on their way, work."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from dealership.forms.base import RecordForm
from dealership.models import Contact, Deal, Job, Location, ServiceRecord, Vehicle

VIN_LENGTH = 17


class ContactForm(RecordForm):
    class Meta:
        model = Contact
        fields = (
            "kind",
            "display_name",
            "first_name",
            "last_name",
            "company_name",
            "email",
            "phone",
            "address_line1",
            "address_line2",
            "city",
            "region",
            "postal_code",
            "country",
            "tax_id",
            "currency",
            "notes",
            "active",
        )

    def __init__(self, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        # Only a lead becomes something else: customers and vendors are different things at an accounting system.
        self.fields["kind"].disabled = isinstance(self.record, Contact) and self.record.kind != Contact.Kind.LEAD

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).strip()
        # A provider may hold several addresses in one field; only what a person changes here is checked.
        if email and "email" in self.changed_data:
            validate_email(email)
        return email


class VehicleForm(RecordForm):
    references = ("owner",)
    unique = (("vin",), ("stock_number",))

    class Meta:
        model = Vehicle
        fields = (
            "vin",
            "stock_number",
            "status",
            "year",
            "make",
            "model",
            "trim",
            "body_style",
            "exterior_color",
            "interior_color",
            "transmission",
            "fuel",
            "mileage",
            "price",
            "purchase_price",
            "currency",
            "purchased_on",
            "sold_on",
            "location",
            "owner",
            "description",
        )

    def clean_vin(self) -> str:
        vin = str(self.cleaned_data["vin"]).strip().upper()
        if (
            vin
            and "vin" in self.changed_data
            and (len(vin) != VIN_LENGTH or not vin.isalnum() or set("IOQ") & set(vin))
        ):
            raise ValidationError(_("A VIN has 17 letters and digits, without I, O and Q."))
        return vin

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not any(cleaned.get(name) for name in ("vin", "stock_number", "make", "model")):
            raise ValidationError(_("Give at least a VIN, a stock number, a make or a model."))
        return cleaned


class DealForm(RecordForm):
    references = ("contact", "vehicle")

    class Meta:
        model = Deal
        fields = ("title", "contact", "vehicle", "amount", "currency", "stage", "expected_on")


class JobForm(RecordForm):
    references = ("contact", "vehicle", "invoice")

    class Meta:
        model = Job
        fields = (
            "number",
            "title",
            "status",
            "contact",
            "vehicle",
            "invoice",
            "location",
            "scheduled_on",
            "notes",
        )


class ServiceRecordForm(RecordForm):
    references = ("vehicle", "job")

    class Meta:
        model = ServiceRecord
        fields = ("vehicle", "performed_on", "mileage", "description", "cost", "currency", "job")


class LocationForm(RecordForm):
    unique = (("name",),)

    class Meta:
        model = Location
        fields = ("name", "code", "city", "active")
