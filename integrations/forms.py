"""Forms of the integrations: the environment to connect, and how each stream is kept in step."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.db import transaction
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from connectors.base import Connector
from connectors.streams import Stream
from dealership.events import Actor, record_event
from integrations import configs, oauth_clients, runs
from integrations.models import Integration, OAuthClient, SyncConfig, SyncLog
from integrations.models.integration import Environment

if TYPE_CHECKING:
    _ConfigForm = forms.ModelForm[SyncConfig]
else:
    _ConfigForm = forms.ModelForm

_EXPLAINED = {
    Environment.PRODUCTION: lazy("The real books."),
    Environment.SANDBOX: lazy("The provider's practice company."),
    Environment.SIMULATOR: lazy("A practice company inside this hub. Nothing leaves it."),
}


@dataclass(frozen=True)
class Place:
    """An environment as the connect page offers it."""

    value: str
    label: str
    hint: str
    is_ready: bool


def places(connector_class: type[Connector]) -> list[Place]:
    """Every environment of the provider, and whether this hub has what it takes to connect it."""
    known = OAuthClient.objects.filter(provider=connector_class.slug)
    with_keys = {*known.values_list("environment", flat=True), Environment.SIMULATOR.value}
    missing = _("Not ready: ask the operator to enter the app keys.")
    return [
        Place(
            value=value,
            label=str(Environment(value).label),
            hint=str(_EXPLAINED[Environment(value)]) if value in with_keys else missing,
            is_ready=value in with_keys,
        )
        for value in oauth_clients.offered(connector_class)
    ]


class ConnectForm(forms.Form):
    """Which environment to connect. Only those that are ready are accepted."""

    environment = forms.ChoiceField(label=lazy("Environment"))

    def __init__(self, *args: Any, places: Sequence[Place], **options: Any) -> None:
        super().__init__(*args, **options)
        self.places = places
        ready = [(place.value, place.label) for place in places if place.is_ready]
        field = self.fields["environment"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = ready
        field.error_messages["required"] = _("Choose an environment.")
        self.initial.setdefault("environment", ready[0][0] if ready else "")


class StreamForm(_ConfigForm):
    """One stream's setting. Only the directions that the provider allows are accepted."""

    class Meta:
        model = SyncConfig
        fields = ("enabled", "direction", "schedule", "conflict_policy")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        allowed = configs.allowed_directions(self.stream)
        field = self.fields["direction"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [choice for choice in SyncConfig.Direction.choices if choice[0] in allowed]
        field.error_messages["invalid_choice"] = _("%(stream)s cannot go that way with %(provider)s.") % {
            "stream": _(self.stream.label),
            "provider": self.instance.integration.label,
        }

    @property
    def stream(self) -> Stream:
        return self.instance.integration.connector_class.stream(self.instance.stream)


class StreamForms:
    """The settings of all streams of one integration, saved together or not at all."""

    def __init__(self, integration: Integration, data: QueryDict | None = None) -> None:
        self.integration = integration
        known = {stream.name for stream in integration.connector_class.streams}
        rows: QuerySet[SyncConfig] = integration.configs.select_related("integration").order_by("rank")
        self.forms = [
            StreamForm(data, instance=config, prefix=config.stream) for config in rows if config.stream in known
        ]

    def is_valid(self) -> bool:
        """Every form is looked at, so that each shows its errors."""
        wrong = [form for form in self.forms if not form.is_valid()]
        return not wrong

    def save(self, actor: Actor) -> int:
        """How many streams were changed. A stream switched on or turned round is synced at once."""
        changed = [form for form in self.forms if form.has_changed()]
        with transaction.atomic():
            for form in changed:
                save_stream_form(form, actor)
        return len(changed)


def save_stream_form(form: StreamForm, actor: Actor) -> None:
    """Write what was changed, and its event; call it in a transaction."""
    config, names = form.instance, form.changed_data
    values: dict[str, Any] = {name: form.cleaned_data[name] for name in names}
    if "schedule" in names:
        values["next_due_at"] = None
    # Whatever a person changes may be what was in the way.
    SyncConfig.objects.filter(pk=config.pk).update(blocked_reason="", **values)
    record_event(
        "integration.settings_changed",
        config.dealership_id,
        actor=actor,
        record_type="integration",
        record_id=config.integration_id,
        changes={f"{config.stream}.{name}": [form.initial[name], form.cleaned_data[name]] for name in names},
    )
    if config.enabled and {"enabled", "direction"} & set(names):
        runs.request(config, pull=True, push=True, trigger=SyncLog.Trigger.MANUAL)
