"""The base app: the dealership, its people, its records and the append-only event log."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DealershipConfig(AppConfig):
    name = "dealership"
    verbose_name = _("Dealership")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from dealership import menu

        menu.register()
