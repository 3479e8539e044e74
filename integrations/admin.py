"""The staff admin of the integrations: the operator's app keys and the stream settings are edited here, all else is
looked at. Row actions call the same functions as the pages. No secret is ever read for a page."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from connectors import registry as connectors
from dealership.admin import Quick, ViewOnly
from dealership.pages import registry
from integrations import admin_acts
from integrations.admin_acts import RowActs
from integrations.forms import StreamForm
from integrations.models import (
    Credential,
    DeadLetter,
    Heartbeat,
    Integration,
    OAuthClient,
    OAuthState,
    RateBudget,
    Reconciliation,
    ReconciliationDifference,
    RecordLink,
    SyncConfig,
    SyncItem,
    SyncLog,
)

if TYPE_CHECKING:
    _ClientForm = forms.ModelForm[OAuthClient]
else:
    _ClientForm = forms.ModelForm

SECRETS: Final = ("client_secret", "webhook_secret", "former_webhook_secret")


class SecretInput(forms.CharField):
    """Rendered empty, whatever was stored or just typed."""

    def __init__(self, *, label: Any) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "vTextField"})
        hint = _("Never shown. Left empty, what is stored stays.")
        super().__init__(label=label, widget=widget, required=False, strip=True, help_text=hint)


def _link(url: str, text: Any) -> str:
    return format_html('<a href="{}">{}</a>', url, text) if url else ""


class OAuthClientForm(_ClientForm):
    """A secret is written, never shown: left empty, the stored one is neither changed nor even read."""

    provider = forms.ChoiceField(label=_("Provider"))
    new_client_secret = SecretInput(label=_("App secret"))
    new_webhook_secret = SecretInput(label=_("Webhook secret"))
    new_former_webhook_secret = SecretInput(label=_("Former webhook secret"))

    class Meta:
        model = OAuthClient
        fields = ("provider", "environment", "client_id")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["provider"] = forms.ChoiceField(
            label=_("Provider"), choices=[(slug, cls.label) for slug, cls in connectors.all_connectors().items()]
        )
        if self.instance._state.adding:
            self.fields["new_client_secret"].required = True

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name in SECRETS:
            if given := cleaned.get(f"new_{name}"):
                setattr(self.instance, name, given)
        return cleaned


@admin.register(OAuthClient)
class OAuthClientAdmin(Quick):
    form = OAuthClientForm
    list_display = ("provider", "environment", "client_id")
    list_filter = ("provider", "environment")
    search_fields = ("provider", "client_id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        # What is not loaded is not decrypted, and saving does not write it: a lost key does not lock anybody out.
        return super().get_queryset(request).defer(*SECRETS)

    def get_changeform_initial_data(self, request: HttpRequest) -> Any:
        return {"environment": "production", **super().get_changeform_initial_data(request)}


@admin.register(Integration)
class IntegrationAdmin(RowActs, ViewOnly):
    list_display = (
        "remote_account_name",
        "row_acts",
        "page",
        "provider",
        "environment",
        "status",
        "last_synced_at",
        "dealership",
    )
    list_display_links = ("remote_account_name", "provider")
    list_filter = ("status", "provider", "environment", "dealership")
    search_fields = ("remote_account_name", "=remote_account_id", "dealership__name")
    exclude = ("memory",)
    acts = (admin_acts.TEST, admin_acts.SYNC)
    actions = ("test_chosen", "sync_chosen")

    @admin.display(description=_("page"))
    def page(self, integration: Integration) -> str:
        return format_html(
            '<a href="{}">{}</a> · <a href="{}">{}</a>',
            integration.get_absolute_url(),
            _("Open"),
            reverse("integrations:reconnect", args=[integration.pk]),
            _("Connect"),
        )

    @admin.action(description=_("Test"), permissions=["operate"])
    def test_chosen(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        admin_acts.carry_out(request, admin_acts.TEST, rows)

    @admin.action(description=_("Sync now"), permissions=["operate"])
    def sync_chosen(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        admin_acts.carry_out(request, admin_acts.SYNC, rows)


@admin.register(Credential)
class CredentialAdmin(ViewOnly):
    list_display = ("integration", "access_expires_at", "refresh_expires_at", "hard_expires_at", "refresh_failures")
    list_filter = ("integration__provider", "dealership")
    search_fields = ("integration__remote_account_name",)
    exclude = ("secret", "lease_token")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("secret")


@admin.register(OAuthState)
class OAuthStateAdmin(ViewOnly):
    list_display = ("created_at", "provider", "environment", "user", "dealership", "used_at", "expires_at")
    list_filter = ("provider", "environment")
    search_fields = ("user__email", "dealership__name")
    exclude = ("state_hash", "session_hash", "verifier")
    ordering = ("-created_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("verifier")


@admin.register(SyncConfig)
class SyncConfigAdmin(Quick):
    """The same form, and so the same rules, as the page of the integration."""

    form = StreamForm
    list_display = ("integration", "stream", "enabled", "direction", "schedule", "last_succeeded_at", "blocked_reason")
    list_filter = ("enabled", "direction", "schedule", "stream", "dealership")
    search_fields = ("integration__remote_account_name", "stream", "dealership__name")
    fields = (
        "integration",
        "stream",
        "enabled",
        "direction",
        "schedule",
        "conflict_policy",
        "cursor_at",
        "next_due_at",
        "last_succeeded_at",
        "blocked_reason",
    )
    readonly_fields = ("integration", "stream", "cursor_at", "next_due_at", "last_succeeded_at", "blocked_reason")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        return (
            super().get_form(request, obj, change, **options)
            if self.has_change_permission(request, obj)
            else (forms.modelform_factory(SyncConfig, fields=()))
        )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        admin_acts.save_stream(request, form)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(SyncLog)
class SyncLogAdmin(RowActs, ViewOnly):
    list_display = (
        "reference",
        "row_acts",
        "page",
        "integration",
        "stream",
        "status",
        "trigger",
        "created_at",
        "read",
        "rejected",
    )
    list_filter = ("status", "trigger", "stream", "integration__provider", "dealership")
    search_fields = ("=reference", "integration__remote_account_name", "error")
    exclude = ("lease_token", "page_token")
    ordering = ("-created_at",)
    acts = (admin_acts.RETRY_RUN, admin_acts.CANCEL_RUN)
    actions = ("retry_chosen", "cancel_chosen")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("config__integration")

    def acts_of(self, row: Any) -> Collection[admin_acts.RowAct]:
        return (admin_acts.CANCEL_RUN,) if row.is_open else (admin_acts.RETRY_RUN,)

    @admin.display(description=_("page"))
    def page(self, run: SyncLog) -> str:
        return _link(run.get_absolute_url(), _("Open"))

    @admin.action(description=_("Retry"), permissions=["operate"])
    def retry_chosen(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        admin_acts.carry_out(request, admin_acts.RETRY_RUN, rows)

    @admin.action(description=_("Cancel"), permissions=["operate"])
    def cancel_chosen(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        admin_acts.carry_out(request, admin_acts.CANCEL_RUN, rows)


@admin.register(SyncItem)
class SyncItemAdmin(ViewOnly):
    list_display = ("created_at", "run", "outcome", "label", "remote_id", "detail", "page")
    list_filter = ("outcome", "record_type", "dealership")
    search_fields = ("label", "=remote_id", "=local_id", "=run__reference")
    ordering = ("-created_at",)

    @admin.display(description=_("page"))
    def page(self, item: SyncItem) -> str:
        return _link(registry.url_of(item.record_type, item.local_id) if item.local_id else "", _("Open"))


@admin.register(RecordLink)
class RecordLinkAdmin(ViewOnly):
    list_display = ("integration", "stream", "remote_id", "local_id", "local_version", "agreed_at", "page")
    list_filter = ("stream", "integration__provider", "dealership")
    search_fields = ("=remote_id", "=local_id")

    @admin.display(description=_("page"))
    def page(self, link: RecordLink) -> str:
        return _link(registry.url_of(link.record_type, link.local_id), _("Open"))


@admin.register(DeadLetter)
class DeadLetterAdmin(RowActs, ViewOnly):
    list_display = ("label", "row_acts", "page", "integration", "stream", "status", "amount", "currency", "reason")
    list_filter = ("status", "direction", "stream", "integration__provider", "dealership")
    search_fields = ("label", "reason", "=remote_id", "=local_id")
    ordering = ("-created_at",)
    acts = (admin_acts.RETRY_LETTER,)
    actions = ("retry_chosen",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("run__integration")

    def acts_of(self, row: Any) -> Collection[admin_acts.RowAct]:
        return self.acts if row.status in (DeadLetter.Status.OPEN, DeadLetter.Status.REPLAYED) else ()

    @admin.display(description=_("page"))
    def page(self, letter: DeadLetter) -> str:
        return _link(f"{reverse('integrations:dead_letters')}?integration={letter.integration_id}", _("Open"))

    @admin.action(description=_("Retry"), permissions=["operate"])
    def retry_chosen(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        admin_acts.carry_out(request, admin_acts.RETRY_LETTER, rows)


@admin.register(Reconciliation)
class ReconciliationAdmin(ViewOnly):
    list_display = ("integration", "status", "difference_count", "compared", "requested_by", "created_at", "page")
    list_filter = ("status", "integration__provider", "dealership")
    search_fields = ("integration__remote_account_name", "requested_by", "error")
    exclude = ("lease_token",)
    ordering = ("-created_at",)

    @admin.display(description=_("page"))
    def page(self, proof: Reconciliation) -> str:
        return _link(proof.get_absolute_url(), _("Open"))


@admin.register(ReconciliationDifference)
class ReconciliationDifferenceAdmin(ViewOnly):
    list_display = ("label", "stream", "kind", "ours", "theirs", "currency", "cause", "reconciliation")
    list_filter = ("kind", "stream", "dealership")
    search_fields = ("label", "=remote_id", "=local_id", "cause")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("reconciliation__integration")


@admin.register(Heartbeat)
class HeartbeatAdmin(ViewOnly):
    list_display = ("name", "beat_at")
    list_filter = ("name",)
    search_fields = ("name",)


@admin.register(RateBudget)
class RateBudgetAdmin(ViewOnly):
    list_display = ("account_key", "name", "used", "window_started_at")
    list_filter = ("name",)
    search_fields = ("account_key",)
