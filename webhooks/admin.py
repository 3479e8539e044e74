"""Staff may look at what came in; nobody edits it."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from webhooks.models import InboundWebhook, RefusedWebhook

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:  # takes no parameter at run time
    ModelAdmin = admin.ModelAdmin


class ReadOnly(ModelAdmin):
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(InboundWebhook)
class InboundWebhookAdmin(ReadOnly):
    list_display = ("received_at", "provider", "environment", "remote_account_id", "event_type", "remote_id", "status")
    list_filter = ("status", "provider", "environment", "stream")
    search_fields = ("remote_account_id", "remote_id", "event_type", "dedupe_key")
    date_hierarchy = "received_at"
    exclude = ("body",)
    readonly_fields = ("body_text",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("integration", "dealership")

    @admin.display(description=_("message"))
    def body_text(self, webhook: InboundWebhook) -> str:
        return webhook.body.text()


@admin.register(RefusedWebhook)
class RefusedWebhookAdmin(ReadOnly):
    list_display = ("day_on", "provider", "reason", "count")
    list_filter = ("provider", "reason")
    search_fields = ("provider",)
