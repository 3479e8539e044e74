"""One integration: its state, its streams and their settings, its recent runs."""

import math
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from dealership import access, display
from dealership.access import DealershipRequest, Role, requires
from dealership.events import Actor
from integrations import background, dead_letters, limits
from integrations.forms import StreamForm, StreamForms
from integrations.models import DeadLetter, Integration, RecordLink, SyncConfig, SyncLog
from integrations.views import cards, progress, words
from integrations.views.cards import Card

RECENT_RUNS = 8


@dataclass(frozen=True)
class StreamRow:
    """One stream as the table shows it; `form` is read only by those who may change it."""

    form: StreamForm
    label: str
    flow: str
    flow_icon: str
    linked: int
    set_aside: int
    blocked: str


@require_http_methods(["GET", "POST"])
@requires(Role.VIEWER)
def detail(request: DealershipRequest, pk: UUID) -> HttpResponse:
    """The page; posting saves the settings of all streams."""
    rows = cards.with_counts(Integration.objects.for_dealership(request.dealership))
    integration = get_object_or_404(rows, pk=pk)
    if request.method == "POST" and not access.allows(request.membership, Role.ADMIN):
        raise PermissionDenied(_("Only an owner or admin may change settings."))
    forms = StreamForms(integration, request.POST if request.method == "POST" else None)
    if request.method == "POST" and forms.is_valid():
        changed = forms.save(Actor.user(request.user))
        messages.success(request, _saved(changed))
        return redirect(integration)
    card = cards.build([integration])[0]
    context = {
        "card": card,
        "integration": integration,
        "heading": _heading(card),
        "streams": _streams(forms),
        "has_errors": any(form.errors for form in forms.forms if form.is_bound),
        "runs": recent_runs(integration),
        "facts": _facts(card),
        "worker_is_missing": card.is_connected and not background.is_running(),
        "set_aside_url": f"{reverse('integrations:dead_letters')}?integration={pk}",
    }
    return render(request, "integrations/detail.html", context)


@require_GET
@requires(Role.VIEWER)
def detail_runs(request: DealershipRequest, pk: UUID) -> HttpResponse:
    """The recent runs alone, for the page to bring them up to date."""
    integration = get_object_or_404(Integration.objects.for_dealership(request.dealership), pk=pk)
    context = {"integration": integration, "runs": recent_runs(integration)}
    return render(request, "integrations/detail_runs.html", context)


def recent_runs(integration: Integration) -> list[dict[str, Any]]:
    now = timezone.now()
    rows = SyncLog.objects.filter(integration=integration).select_related("integration")
    return [run_row(run, now) for run in rows.order_by("-created_at", "-rank")[:RECENT_RUNS]]


def run_row(run: SyncLog, now: Any) -> dict[str, Any]:
    """A run in a list; needs its integration."""
    return {
        "run": run,
        "title": words.run_title(run),
        "state": words.of_run(run, now),
        "changed": progress.changed(run),
        "progress": progress.of(run, now) if run.is_open else None,
    }


def _streams(forms: StreamForms) -> list[StreamRow]:
    integration = forms.integration
    links = RecordLink.objects.filter(integration=integration, remote_id__isnull=False, remote_deleted_at=None)
    linked = dict(links.order_by().values_list("stream").annotate(n=Count("pk")))
    letters = DeadLetter.objects.filter(integration=integration, status__in=dead_letters.OPEN)
    waiting = dict(letters.order_by().values_list("stream").annotate(n=Count("pk")))
    return [
        StreamRow(
            form=form,
            label=words.said(form.stream.label),
            flow=form.instance.get_direction_display(),
            flow_icon=words.FLOW_ICONS[SyncConfig.Direction(form.instance.direction)],
            linked=linked.get(form.stream.name, 0),
            set_aside=waiting.get(form.stream.name, 0),
            blocked=words.said(form.instance.blocked_reason),
        )
        for form in forms.forms
    ]


def _heading(card: Card) -> str:
    """The connection's state as a sentence."""
    names = {"provider": card.integration.label}
    status = Integration.Status(card.integration.status)
    if status == Integration.Status.NEEDS_RECONNECT:
        return _("%(provider)s needs you") % names
    if status == Integration.Status.PAUSED:
        return _("%(provider)s is paused") % names
    if status == Integration.Status.DISCONNECTED:
        return _("%(provider)s is disconnected") % names
    if status != Integration.Status.CONNECTED:
        return _("%(provider)s is being connected") % names
    if card.run:
        return _("%(provider)s is syncing") % names
    return _("%(provider)s is connected") % names


def _facts(card: Card) -> list[dict[str, Any]]:
    """Name and value; times are told by the template."""
    integration: Any = card.integration
    facts = [
        {"label": _("Account"), "value": integration.remote_account_name or _("not known")},
        {"label": _("Account id"), "value": integration.remote_account_id, "code": True},
        {"label": _("Environment"), "value": integration.get_environment_display()},
        {"label": _("Connected"), "at": integration.connected_at},
        {"label": _("Disconnected"), "at": integration.disconnected_at},
        {"label": _("Last sync"), "at": integration.last_synced_at},
        {"label": _("Last test"), "at": integration.tested_at},
        {"label": _("Access"), "value": _access(card)},
    ]
    return [fact for fact in [*facts, *_limits(integration)] if fact.get("value") or fact.get("at")]


def _access(card: Card) -> str:
    if card.days_left is None or not (card.is_connected or card.is_paused):
        return ""
    days = ngettext("%(days)s day left", "%(days)s days left", card.days_left) % {
        "days": display.number(card.days_left)
    }
    integration: Any = card.integration
    consent_is_near = integration.consent_ends_at is not None and (
        words.days_until(integration.consent_ends_at, timezone.now()) == card.days_left
    )
    return days if consent_is_near else _("%(days)s, renewed by itself") % {"days": days}


def _limits(integration: Integration) -> list[dict[str, Any]]:
    """How much of the provider's limits the open windows have used."""
    used = {usage.name: usage for usage in limits.usage(integration.account_key)}
    now = timezone.now()
    facts = []
    for limit in integration.connector_class.limits:
        usage = used.get(limit.name)
        is_open = usage is not None and (now - usage.window_started_at).total_seconds() < limit.seconds
        count = usage.used if usage is not None and is_open else 0
        window = {"used": display.number(count), "calls": display.number(limit.calls)}
        minutes = math.ceil(limit.seconds / 60)
        value = ngettext(
            "%(used)s of %(calls)s calls this minute", "%(used)s of %(calls)s calls in %(minutes)s minutes", minutes
        ) % {**window, "minutes": minutes}
        facts.append({"label": _("Their limit (%(name)s)") % {"name": limit.name}, "value": value})
    return facts


def _saved(changed: int) -> str:
    if not changed:
        return _("Nothing was changed.")
    return ngettext(
        "The settings of %(count)s stream are saved.", "The settings of %(count)s streams are saved.", changed
    ) % {"count": changed}
