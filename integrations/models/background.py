"""What background work shares over processes: the heartbeat and the rate budgets."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Heartbeat(models.Model):
    name = models.CharField(_("name"), max_length=40, unique=True)
    beat_at = models.DateTimeField(_("last beat"), default=timezone.now)

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")

    def __str__(self) -> str:
        return f"{self.name} {self.beat_at:%Y-%m-%d %H:%M:%S}"


class RateBudget(models.Model):
    """Calls counted in the window that began at `window_started_at`, for one limit of one remote account."""

    account_key = models.CharField(_("remote account"), max_length=200)
    name = models.CharField(_("limit"), max_length=40)
    window_started_at = models.DateTimeField(_("window since"))
    used = models.PositiveIntegerField(_("used"), default=0)

    class Meta:
        verbose_name = _("rate budget")
        verbose_name_plural = _("rate budgets")
        constraints = [models.UniqueConstraint(fields=["account_key", "name"], name="rate_budget_once")]

    def __str__(self) -> str:
        return f"{self.account_key} {self.name}: {self.used}"
