"""What a dealership connected, and the secrets that let us in."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connectors import registry
from connectors.base import Connector
from dealership.fields import SecretJSONField, SecretTextField
from dealership.models import Dealership
from integrations.models.base import Owned


class Environment(models.TextChoices):
    PRODUCTION = "production", _("Production")
    SANDBOX = "sandbox", _("Sandbox")
    SIMULATOR = "simulator", _("Simulator")


class OAuthClient(models.Model):
    """The operator's app at a provider: one for all dealerships of this hub."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.CharField(_("provider"), max_length=40)
    environment = models.CharField(_("environment"), max_length=10, choices=Environment.choices)
    client_id = models.CharField(_("app id"), max_length=300)
    client_secret = SecretTextField(_("app secret"))
    webhook_secret = SecretTextField(_("webhook secret"), blank=True, default="")
    former_webhook_secret = SecretTextField(_("former webhook secret"), blank=True, default="")

    class Meta:
        verbose_name = _("OAuth client")
        verbose_name_plural = _("OAuth clients")
        constraints = [models.UniqueConstraint(fields=["provider", "environment"], name="oauth_client_once")]

    def __str__(self) -> str:
        return f"{self.provider} · {self.environment}"


class Integration(Owned):
    """`draft -> connecting -> connected -> needs_reconnect -> connected`, `connected <-> paused`,
    any -> `disconnected`. Each transition is a function of `integrations.lifecycle` or `oauth_flow`."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        CONNECTING = "connecting", _("Connecting")
        CONNECTED = "connected", _("Connected")
        NEEDS_RECONNECT = "needs_reconnect", _("Needs you")
        PAUSED = "paused", _("Paused")
        DISCONNECTED = "disconnected", _("Disconnected")

    provider = models.CharField(_("provider"), max_length=40)
    environment = models.CharField(_("environment"), max_length=10, choices=Environment.choices)
    remote_account_id = models.CharField(_("remote account"), max_length=100, blank=True)
    remote_account_name = models.CharField(_("remote account name"), max_length=200, blank=True)
    status = models.CharField(_("status"), max_length=15, choices=Status.choices, default=Status.DRAFT)
    status_reason = models.CharField(_("reason"), max_length=500, blank=True)
    memory = models.JSONField(_("what the connector remembers"), default=dict, blank=True)
    connected_at = models.DateTimeField(_("connected"), null=True, blank=True)
    disconnected_at = models.DateTimeField(_("disconnected"), null=True, blank=True)
    tested_at = models.DateTimeField(_("last tested"), null=True, blank=True)
    last_synced_at = models.DateTimeField(_("last sync"), null=True, blank=True)

    class Meta:
        verbose_name = _("integration")
        verbose_name_plural = _("integrations")
        constraints = [
            models.UniqueConstraint(
                fields=["dealership", "provider", "environment", "remote_account_id"],
                condition=~Q(remote_account_id=""),
                name="integration_account_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.label} · {self.remote_account_name}" if self.remote_account_name else self.label

    def get_absolute_url(self) -> str:
        return reverse("integrations:detail", args=[self.pk])

    @property
    def connector_class(self) -> type[Connector]:
        return registry.get(self.provider)

    @property
    def label(self) -> str:
        return self.connector_class.label

    @property
    def account_key(self) -> str:
        """One remote account, whoever connected it: what its rate limits are counted by."""
        return f"{self.provider}:{self.environment}:{self.remote_account_id}"

    @property
    def in_simulator(self) -> bool:
        return self.environment == Environment.SIMULATOR


class Credential(Owned):
    """The tokens of one integration. The stored value names its dealership and integration, so that a row copied to
    another integration is refused when it is read."""

    integration = models.OneToOneField(Integration, on_delete=models.CASCADE, related_name="credential")
    secret = SecretJSONField(_("tokens"), null=True)
    generation = models.PositiveIntegerField(_("generation"), default=0)
    access_expires_at = models.DateTimeField(_("access until"), null=True, blank=True)
    refresh_expires_at = models.DateTimeField(_("refresh possible until"), null=True, blank=True)
    hard_expires_at = models.DateTimeField(_("consent ends"), null=True, blank=True)
    refreshed_at = models.DateTimeField(_("last refreshed"), null=True, blank=True)
    lease_token = models.UUIDField(_("refresher"), null=True, blank=True)
    lease_expires_at = models.DateTimeField(_("refresher until"), null=True, blank=True)
    refresh_intent_at = models.DateTimeField(_("refresh under way since"), null=True, blank=True)
    refresh_failures = models.PositiveSmallIntegerField(_("refresh failures"), default=0)
    cool_until = models.DateTimeField(_("next refresh not before"), null=True, blank=True)

    class Meta:
        verbose_name = _("credential")
        verbose_name_plural = _("credentials")

    def __str__(self) -> str:
        return str(_("Credential of %(integration)s")) % {"integration": self.integration}

    def tokens(self) -> dict[str, Any]:
        """The stored tokens. Raises ValueError when they belong to another integration."""
        stored: dict[str, Any] = self.secret or {}
        if stored and stored.get("owner") != self.owner:
            raise ValueError("This credential belongs to another integration.")
        return stored

    @property
    def owner(self) -> str:
        return f"{self.dealership_id}:{self.integration_id}"


class OAuthState(models.Model):
    """One start of the OAuth dance: single use, bound to the person, the dealership and the browser session."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state_hash = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    dealership = models.ForeignKey(Dealership, on_delete=models.CASCADE, related_name="+")
    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, null=True, related_name="+")
    provider = models.CharField(max_length=40)
    environment = models.CharField(max_length=10, choices=Environment.choices)
    session_hash = models.CharField(max_length=64)
    verifier = SecretTextField(blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("OAuth state")
        verbose_name_plural = _("OAuth states")

    def __str__(self) -> str:
        return f"{self.provider} {self.created_at:%Y-%m-%d %H:%M}"
