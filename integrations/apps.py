"""What a dealership has connected, and the engine that keeps both sides the same."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = _("Integrations")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from dealership import events
        from integrations import background, checks, due_work, realtime, slots  # noqa: F401

        events.register_reader(realtime.on_events)
        slots.register()
        background.register_source(events.has_undispatched, "integrations.tasks.dispatch_events")
        background.register_source(due_work.has_queued_imports, "integrations.tasks.work_imports")
