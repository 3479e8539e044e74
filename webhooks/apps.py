"""Webhooks: what providers send us, received, stored and handed to the sync engine."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WebhooksConfig(AppConfig):
    name = "webhooks"
    verbose_name = _("Webhooks")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from integrations.background import register_source
        from webhooks import dispatch

        register_source(dispatch.has_due, dispatch.TASK)
