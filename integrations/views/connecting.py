"""Connecting a provider: what it will do, the way to its sign-in page, and the way back."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from connectors import registry
from connectors.base import Connector
from connectors.streams import Stream
from dealership import access
from dealership.access import DealershipRequest, Role, requires
from integrations import oauth_flow
from integrations.forms import ConnectForm, places
from integrations.models import Integration
from integrations.views import words


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Role.ADMIN)
def connect(request: DealershipRequest, slug: str) -> HttpResponse:
    """What connecting means, and the choice of the environment; posting goes on to the provider."""
    connector_class = _connector_class(slug)
    form = ConnectForm(request.POST or None, places=places(connector_class))
    if request.method == "POST" and form.is_valid():
        return _go_on(request, connector_class, form.cleaned_data["environment"])
    return _explain(request, connector_class, form)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Role.ADMIN)
def reconnect(request: DealershipRequest, pk: UUID) -> HttpResponse:
    """Sign in anew for an integration whose settings, links and cursors stay."""
    integration = get_object_or_404(Integration.objects.for_dealership(request.dealership), pk=pk)
    if request.method == "POST":
        return _go_on(request, integration.connector_class, integration.environment, integration)
    return _explain(request, integration.connector_class, None, integration)


@never_cache
@require_GET
def oauth_callback(request: HttpRequest, slug: str) -> HttpResponse:
    """Back from the provider. The address holds a permission: it is never shown, linked or passed on."""
    params = {name: request.GET[name] for name in request.GET}
    # The page's own links and forms repeat the address; this keeps the permission out of them.
    request.META["QUERY_STRING"] = ""
    if not request.user.is_authenticated:
        problem = oauth_flow.FlowError(
            _("Your browser session has ended."), _("Sign in and start again."), reason="no_session"
        )
        return _refused(request, slug, problem)
    try:
        integration = oauth_flow.finish(
            user=request.user,
            session_key=request.session.session_key or "",
            provider=slug,
            params=params,
        )
    except oauth_flow.FlowError as problem:
        return _refused(request, slug, problem)
    access.choose(request, integration.dealership_id)
    messages.success(
        request,
        _("%(provider)s is connected to %(account)s. The first sync has begun.")
        % {"provider": integration.label, "account": integration.remote_account_name},
    )
    return redirect(integration)


def _connector_class(slug: str) -> type[Connector]:
    try:
        return registry.get(slug)
    except KeyError:
        raise Http404 from None


def _explain(
    request: DealershipRequest,
    connector_class: type[Connector],
    form: ConnectForm | None,
    integration: Integration | None = None,
) -> HttpResponse:
    context = {
        "provider": connector_class.label,
        "slug": connector_class.slug,
        "integration": integration,
        "form": form,
        "can_go_on": form is None or any(place.is_ready for place in form.places),
        "summary": words.said(connector_class.summary),
        "rows": [_permission(stream) for stream in connector_class.streams],
        "back": integration.get_absolute_url() if integration else reverse("integrations:list"),
    }
    return render(request, "integrations/connect.html", context)


def _permission(stream: Stream) -> dict[str, str]:
    writes = _("Never")
    if stream.push:
        writes = _("Create, correct and void") if stream.push.voids else _("Create and correct")
    return {"label": words.said(stream.label), "writes": writes}


def _go_on(
    request: DealershipRequest,
    connector_class: type[Connector],
    environment: str,
    integration: Integration | None = None,
) -> HttpResponse:
    """A page of ours with a link: browsers apply form-action to redirects, so the answer cannot be one."""
    if not request.session.session_key:
        request.session.save()
    back = reverse("integrations:connect", args=[connector_class.slug])
    if integration is not None:
        back = integration.get_absolute_url()
    try:
        url = oauth_flow.start(
            user=request.user,
            dealership=request.dealership,
            provider=connector_class.slug,
            environment=environment,
            session_key=request.session.session_key or "",
            integration=integration,
        )
    except oauth_flow.FlowError as problem:
        return _refused(request, connector_class.slug, problem)
    context = {
        "provider": connector_class.label,
        "url": url,
        "back": back,
        "is_simulated": environment == "simulator",
        "account": integration.remote_account_name if integration else "",
    }
    return render(request, "integrations/go_on.html", context)


def _refused(request: HttpRequest, slug: str, problem: oauth_flow.FlowError) -> HttpResponse:
    known = registry.all_connectors().get(slug)
    context = {
        "provider": known.label if known else "",
        "problem": problem,
        "retry_url": reverse("integrations:connect", args=[slug]) if known else "",
    }
    response = render(request, "integrations/connect_failed.html", context, status=400)
    response["Referrer-Policy"] = "no-referrer"
    return response
