"""The staff admin of the base app. People, dealerships and memberships are edited here; records only on their pages,
where every change leaves its event; events never."""

from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import Group
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from dealership.forms.base import is_currency
from dealership.models import (
    Account,
    Allocation,
    Contact,
    Deal,
    Dealership,
    Event,
    Expense,
    ExpenseLine,
    ImportFile,
    ImportKey,
    Invoice,
    InvoiceLine,
    InvoiceTax,
    Job,
    Location,
    Membership,
    Payment,
    PaymentAttempt,
    Record,
    ServiceRecord,
    User,
    Vehicle,
)
from dealership.pages import registry

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    TabularInline = admin.TabularInline[Any, Any]
    _UserAdmin = DjangoUserAdmin[User]
    _CreationForm = AdminUserCreationForm[User]
    _DealershipForm = forms.ModelForm[Dealership]
else:  # take no parameter at run time
    ModelAdmin = admin.ModelAdmin
    TabularInline = admin.TabularInline
    _UserAdmin = DjangoUserAdmin
    _CreationForm = AdminUserCreationForm
    _DealershipForm = forms.ModelForm

# Who may use the admin is a flag on the person; nothing here gives rights by group.
if admin.site.is_registered(Group):
    admin.site.unregister(Group)


def references(model: type[models.Model]) -> list[str]:
    """The foreign keys that a row shows: joined, so that no page asks once a row."""
    return [field.name for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey)]


class Quick(ModelAdmin):
    """Pages that cost the same however many rows there are."""

    show_full_result_count = False
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related(*references(self.model))


class ViewOnly(Quick):
    """Looked at and searched, never changed here."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ChildRows(TabularInline):
    """The lines of a record, to look at."""

    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related(*references(self.model))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RecordAdmin(ViewOnly):
    """A record, with a link to its page."""

    def get_list_display(self, request: HttpRequest) -> Any:
        return [*super().get_list_display(request), "dealership", "updated_at", "page"]

    @admin.display(description=_("page"))
    def page(self, record: Record) -> str:
        url = registry.url_of(record.record_type(), record.pk)
        return format_html('<a href="{}">{}</a>', url, _("Open its page")) if url else ""


class NewUserForm(_CreationForm):
    """A person signs in with the e-mail address."""

    class Meta:
        model = User
        fields = ("email", "name")
        field_classes: dict[str, Any] = {}

    def clean_email(self) -> str:
        """As the sign-in compares it."""
        return str(self.cleaned_data["email"]).lower()


class Memberships(TabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ("dealership",)


@admin.register(User)
class UserAdmin(_UserAdmin):
    add_form = NewUserForm
    list_display = ("email", "name", "is_active", "is_staff", "is_superuser", "date_joined")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email", "name")
    ordering = ("email",)
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("email", "password", "name")}),
        (_("Rights"), {"fields": ("is_active", "is_staff", "is_superuser")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),)

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        return [Memberships] if obj else []


class DealershipForm(_DealershipForm):
    """Only codes and zones that every page can work with."""

    currency = forms.CharField(label=_("Currency"), max_length=3, validators=[is_currency])
    country = forms.CharField(label=_("Country"), max_length=2, validators=[RegexValidator(r"^[A-Z]{2}$")])
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)

    class Meta:
        model = Dealership
        fields = ("name", "slug", "currency", "country", "time_zone", "language")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        zones = forms.ChoiceField(
            label=_("Time zone"), initial="UTC", choices=[(name, name) for name in sorted(available_timezones())]
        )
        self.fields["time_zone"] = zones


@admin.register(Dealership)
class DealershipAdmin(Quick):
    """Never deleted here: that would take every record of it along."""

    form = DealershipForm
    list_display = ("name", "slug", "currency", "country", "time_zone", "language", "created_at")
    list_filter = ("country", "currency")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}
    readonly_fields = ("created_at",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Membership)
class MembershipAdmin(Quick):
    list_display = ("user", "dealership", "role", "created_at")
    list_filter = ("role", "dealership")
    search_fields = ("user__email", "user__name", "dealership__name")
    autocomplete_fields = ("user", "dealership")
    readonly_fields = ("created_at",)


@admin.register(Event)
class EventAdmin(ViewOnly):
    """Append-only, for staff too."""

    list_display = ("occurred_at", "type", "record_type", "record_id", "actor_kind", "actor_name", "dealership")
    list_filter = ("record_type", "actor_kind", "dealership")
    search_fields = ("=record_id", "=run_id", "type", "actor_name")
    ordering = ("-occurred_at",)


@admin.register(Contact)
class ContactAdmin(RecordAdmin):
    list_display = ("display_name", "kind", "email", "phone", "city", "active")
    list_filter = ("kind", "active", "dealership")
    search_fields = ("display_name", "company_name", "email", "phone")


@admin.register(Location)
class LocationAdmin(RecordAdmin):
    list_display = ("name", "code", "city", "active")
    list_filter = ("active", "dealership")
    search_fields = ("name", "code", "city")


@admin.register(Vehicle)
class VehicleAdmin(RecordAdmin):
    list_display = ("__str__", "vin", "stock_number", "status", "price")
    list_filter = ("status", "dealership")
    search_fields = ("vin", "stock_number", "make", "model")


class InvoiceLines(ChildRows):
    model = InvoiceLine


class InvoiceTaxes(ChildRows):
    model = InvoiceTax


@admin.register(Invoice)
class InvoiceAdmin(RecordAdmin):
    list_display = ("__str__", "kind", "contact", "issued_on", "total", "balance", "currency", "status")
    list_filter = ("kind", "status", "currency", "dealership")
    search_fields = ("number", "contact__display_name", "memo")
    inlines = (InvoiceLines, InvoiceTaxes)


class PaymentAllocations(ChildRows):
    model = Allocation
    fk_name = "payment"


@admin.register(Payment)
class PaymentAdmin(RecordAdmin):
    list_display = ("__str__", "contact", "paid_on", "amount", "currency", "method", "status")
    list_filter = ("status", "currency", "dealership")
    search_fields = ("reference", "contact__display_name", "memo")
    inlines = (PaymentAllocations,)


class ExpenseLines(ChildRows):
    model = ExpenseLine


@admin.register(Expense)
class ExpenseAdmin(RecordAdmin):
    list_display = ("__str__", "kind", "vendor", "issued_on", "total", "balance", "currency", "status")
    list_filter = ("kind", "status", "currency", "dealership")
    search_fields = ("reference", "description", "vendor__display_name")
    inlines = (ExpenseLines,)


@admin.register(Account)
class AccountAdmin(RecordAdmin):
    list_display = ("__str__", "type", "classification", "currency", "balance", "active")
    list_filter = ("classification", "active", "dealership")
    search_fields = ("code", "name")


@admin.register(Deal)
class DealAdmin(RecordAdmin):
    list_display = ("title", "contact", "amount", "currency", "stage", "expected_on")
    list_filter = ("stage", "dealership")
    search_fields = ("title", "contact__display_name")


@admin.register(Job)
class JobAdmin(RecordAdmin):
    list_display = ("title", "number", "contact", "status", "scheduled_on")
    list_filter = ("status", "dealership")
    search_fields = ("title", "number", "contact__display_name")


@admin.register(ServiceRecord)
class ServiceRecordAdmin(RecordAdmin):
    list_display = ("__str__", "vehicle", "performed_on", "cost", "currency")
    list_filter = ("dealership",)
    search_fields = ("description", "vehicle__vin")


@admin.register(InvoiceLine)
class InvoiceLineAdmin(ViewOnly):
    list_display = ("invoice", "position", "description", "quantity", "unit_price", "amount")
    list_filter = ("invoice__dealership",)
    search_fields = ("description", "invoice__number")


@admin.register(InvoiceTax)
class InvoiceTaxAdmin(ViewOnly):
    list_display = ("invoice", "name", "rate_percent", "amount")
    list_filter = ("invoice__dealership",)
    search_fields = ("name", "invoice__number")


@admin.register(ExpenseLine)
class ExpenseLineAdmin(ViewOnly):
    list_display = ("expense", "position", "account", "description", "amount")
    list_filter = ("expense__dealership",)
    search_fields = ("description", "expense__reference")


@admin.register(Allocation)
class AllocationAdmin(ViewOnly):
    list_display = ("invoice", "payment", "credit_note", "amount", "dealership")
    list_filter = ("dealership",)
    search_fields = ("invoice__number", "payment__reference", "credit_note__number")


@admin.register(PaymentAttempt)
class PaymentAttemptAdmin(ViewOnly):
    list_display = ("attempted_at", "invoice", "amount", "currency", "outcome", "reason", "dealership")
    list_filter = ("outcome", "dealership")
    search_fields = ("invoice__number", "payment__reference", "reason")


@admin.register(ImportFile)
class ImportFileAdmin(ViewOnly):
    """What came of a file; the file itself stays with the people who brought it."""

    list_display = ("file_name", "kind", "status", "rows_total", "refused_count", "user", "dealership", "created_at")
    list_filter = ("kind", "status", "dealership")
    search_fields = ("file_name", "user__email")
    exclude = ("data", "problems", "lease_token", "lease_expires_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("data", "problems")


@admin.register(ImportKey)
class ImportKeyAdmin(ViewOnly):
    list_display = ("number", "scope", "record_id", "dealership")
    list_filter = ("scope", "dealership")
    search_fields = ("=number", "=record_id")
