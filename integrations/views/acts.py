"""What a person does with an integration: sync, test, pause, resume, disconnect.

Each posts, calls one function and says what came of it; the admin says the same in the same words.
"""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from connectors.errors import ConnectorError
from dealership import display
from dealership.access import DealershipRequest, Role, requires
from dealership.events import Actor
from integrations import lifecycle, runs
from integrations.models import Integration, SyncConfig, SyncLog
from integrations.views import words


@require_POST
@requires(Role.STAFF)
def sync(request: DealershipRequest, pk: UUID) -> HttpResponse:
    """Ask for every stream."""
    integration = _integration(request, pk)
    made = runs.request_all(integration, trigger=SyncLog.Trigger.MANUAL)
    if not made:
        messages.error(request, nothing_to_sync(integration))
    else:
        messages.success(request, syncing(len(made)))
    return _back(request, integration)


@require_POST
@requires(Role.STAFF)
def sync_stream(request: DealershipRequest, pk: UUID, stream: str) -> HttpResponse:
    """Ask for one stream, and show its run."""
    integration = _integration(request, pk)
    config = get_object_or_404(SyncConfig.objects.for_dealership(request.dealership), integration=pk, stream=stream)
    run = runs.request(config, pull=True, push=True, trigger=SyncLog.Trigger.MANUAL)
    if run is None:
        messages.error(request, nothing_to_sync(integration))
        return redirect(integration)
    return redirect(run)


@require_POST
@requires(Role.STAFF)
def test(request: DealershipRequest, pk: UUID) -> HttpResponse:
    """Ask the provider who we are, now."""
    integration = _integration(request, pk)
    try:
        result = lifecycle.test(integration)
    except ConnectorError as problem:
        messages.error(request, failed_test(integration, problem))
    else:
        messages.success(request, passed_test(integration, result))
    return _back(request, integration)


@require_POST
@requires(Role.ADMIN)
def pause(request: DealershipRequest, pk: UUID) -> HttpResponse:
    integration = _integration(request, pk)
    if lifecycle.pause(integration, Actor.user(request.user)):
        messages.success(
            request, _("%(provider)s is paused. Changes wait on both sides.") % {"provider": integration.label}
        )
    return _back(request, integration)


@require_POST
@requires(Role.ADMIN)
def resume(request: DealershipRequest, pk: UUID) -> HttpResponse:
    """Go on, and catch up at once with what waited."""
    integration = _integration(request, pk)
    if lifecycle.resume(integration, Actor.user(request.user)):
        runs.request_all(integration, trigger=SyncLog.Trigger.MANUAL)
        messages.success(
            request, _("%(provider)s goes on. What waited is synced now.") % {"provider": integration.label}
        )
    return _back(request, integration)


@require_http_methods(["GET", "POST"])
@requires(Role.ADMIN)
def disconnect(request: DealershipRequest, pk: UUID) -> HttpResponse:
    """Says what will happen; posting does it."""
    integration = _integration(request, pk)
    if request.method == "GET":
        return render(request, "integrations/disconnect.html", {"integration": integration})
    left_to_do = lifecycle.disconnect(integration, Actor.user(request.user))
    if left_to_do:
        messages.warning(request, left_to_do)
    else:
        messages.success(
            request,
            _("%(provider)s is disconnected, there too. Settings and links are kept.")
            % {"provider": integration.label},
        )
    return redirect(integration)


def syncing(count: int) -> str:
    return ngettext("%(count)s stream is being synced.", "%(count)s streams are being synced.", count) % {
        "count": count
    }


def nothing_to_sync(integration: Integration) -> str:
    """Why a wish to sync led to no run."""
    if integration.status != Integration.Status.CONNECTED:
        return _("Nothing was started: %(provider)s is not connected. Its status is “%(status)s”.") % {
            "provider": integration.label,
            "status": integration.get_status_display(),
        }
    return _("Nothing was started: the stream is switched off. Switch it on under Settings.")


def passed_test(integration: Integration, result: lifecycle.TestResult) -> str:
    seconds = display.duration(result.milliseconds / 1000)
    if result.milliseconds < 10_000:
        seconds = _("%(seconds)s s") % {"seconds": f"{result.milliseconds / 1000:.1f}"}
    return _("%(provider)s answered in %(time)s as %(account)s.") % {
        "provider": integration.label,
        "time": seconds,
        "account": result.account_name,
    }


def failed_test(integration: Integration, problem: ConnectorError) -> str:
    return _("The test of %(provider)s failed. %(problem)s") % {
        "provider": integration.label,
        "problem": words.said(problem.message),
    }


def _integration(request: DealershipRequest, pk: UUID) -> Integration:
    found: Integration = get_object_or_404(Integration.objects.for_dealership(request.dealership), pk=pk)
    return found


def _back(request: DealershipRequest, integration: Integration) -> HttpResponse:
    """To the page where the button was."""
    if request.POST.get("from") == "list":
        return redirect("integrations:list")
    return redirect(integration)
