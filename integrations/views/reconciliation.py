"""Reconciliation: the newest verdict of an integration, an older one, its progress, its file."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import DecimalField, F, QuerySet, Value
from django.db.models.functions import Abs, Coalesce
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dealership import paging
from dealership.access import DealershipRequest, Role, requires
from dealership.models import Dealership
from dealership.pages import registry
from integrations import background, reconcile
from integrations.models import Integration, Reconciliation, ReconciliationDifference
from integrations.views import choosing, download, figures, words

HISTORY = 10
OPEN = (Reconciliation.Status.QUEUED, Reconciliation.Status.RUNNING)
_ZERO = Value(0, output_field=DecimalField(max_digits=14, decimal_places=2))


@require_GET
@requires(Role.VIEWER)
def newest(request: DealershipRequest) -> HttpResponse:
    """The newest reconciliation of the chosen integration, of the first one when none is chosen."""
    integrations = _comparable(request.dealership)
    asked = request.GET.get("integration", "")
    integration = next((i for i in integrations if not asked or str(i.pk) == asked), None)
    if asked and integration is None:
        raise Http404
    if integration is None:
        return render(request, "integrations/reconciliation_none.html")
    proof = _proofs(request.dealership).filter(integration=integration).order_by("-created_at").first()
    return _page(request, integration, proof, integrations)


@require_GET
@requires(Role.VIEWER)
def reconciliation(request: DealershipRequest, pk: UUID) -> HttpResponse:
    proof = _proof(request, pk)
    return _page(request, proof.integration, proof, _comparable(request.dealership))


@require_GET
@requires(Role.VIEWER)
def reconciliation_progress(request: DealershipRequest, pk: UUID) -> HttpResponse:
    """How far it is; when it has ended the whole page is loaded anew."""
    proof = _proof(request, pk)
    context = {"proof": proof, "sentence": reconcile.verdict_sentence(proof)}
    response = render(request, "integrations/reconciliation_progress.html", context)
    if proof.status not in OPEN:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@requires(Role.STAFF)
def check(request: DealershipRequest, pk: UUID) -> HttpResponse:
    """Compare an integration's books with ours again."""
    integration = get_object_or_404(Integration.objects.for_dealership(request.dealership), pk=pk)
    if integration.status != Integration.Status.CONNECTED:
        messages.error(
            request,
            _("%(provider)s is not connected, so its books cannot be read. Connect it first.")
            % {"provider": integration.label},
        )
        return redirect(integration)
    return redirect(reconcile.request(integration, requested_by=request.user.get_full_name()))


@require_GET
@requires(Role.VIEWER)
def export(request: DealershipRequest, pk: UUID) -> StreamingHttpResponse:
    """The report as a CSV file."""
    proof = _proof(request, pk)
    name = f"reconciliation-{proof.integration.provider}-{proof.created_at:%Y-%m-%d-%H%M}"
    return download.as_csv(reconcile.export_csv(proof), name)


def _comparable(dealership: Dealership) -> list[Integration]:
    """What was ever connected: its last proof stays readable."""
    return [i for i in choosing.integrations_of(dealership) if i.connected_at]


def _proofs(dealership: Dealership) -> QuerySet[Any]:
    return Reconciliation.objects.for_dealership(dealership).select_related("integration", "dealership")


def _proof(request: DealershipRequest, pk: UUID) -> Reconciliation:
    found: Reconciliation = get_object_or_404(_proofs(request.dealership), pk=pk)
    return found


def _page(
    request: DealershipRequest,
    integration: Integration,
    proof: Reconciliation | None,
    integrations: list[Integration],
) -> HttpResponse:
    context: dict[str, Any] = {
        "integration": integration,
        "integrations": integrations,
        "proof": proof,
        "can_check": integration.status == Integration.Status.CONNECTED,
        "history": _history(request.dealership, integration),
    }
    if proof is not None:
        page = paging.page_of(request, _by_money(proof.differences.all()))
        context |= {
            "sentence": reconcile.verdict_sentence(proof),
            "is_open": proof.status in OPEN,
            "asked_by": asked_by(proof),
            "figures": figures.of(proof, request.GET.get("stream", "")),
            "page": page,
            "differences": [_difference(row, integration) for row in page],
            "worker_is_missing": proof.status in OPEN and not background.is_running(),
        }
    return render(request, "integrations/reconciliation.html", context)


def _history(dealership: Dealership, integration: Integration) -> list[dict[str, Any]]:
    rows = Reconciliation.objects.for_dealership(dealership).filter(integration=integration)
    newest_first = rows.defer("figures").order_by("-created_at")
    return [{"proof": row, "state": words.of_proof(row), "asked_by": asked_by(row)} for row in newest_first[:HISTORY]]


def asked_by(proof: Reconciliation) -> str:
    return _("the schedule") if proof.requested_by == "schedule" else proof.requested_by


def _by_money(rows: QuerySet[ReconciliationDifference]) -> QuerySet[Any]:
    apart = Abs(Coalesce(F("ours"), _ZERO) - Coalesce(F("theirs"), _ZERO))
    return rows.annotate(apart=apart).order_by("-apart", "label", "pk")


def _difference(row: ReconciliationDifference, integration: Integration) -> dict[str, Any]:
    apart = (row.ours or 0) - (row.theirs or 0)
    missing = _("missing")
    return {
        "row": row,
        "label": row.label or f"#{row.remote_id}",
        "url": registry.url_of(row.record_type, row.local_id) if row.local_id else "",
        "stream": words.stream(integration.provider, row.stream),
        "ours": figures.side(row.ours, row.currency, missing if row.kind == row.Kind.MISSING_HERE else ""),
        "theirs": figures.side(row.theirs, row.currency, missing if row.kind == row.Kind.MISSING_THERE else ""),
        "difference": figures.signed(apart) if apart else row.get_kind_display(),
        "cause": words.said(row.cause),
        "next_step": words.said(row.next_step),
        "fields": [
            {"name": name, "ours": figures.plain(pair[0]), "theirs": figures.plain(pair[1])}
            for name, pair in row.fields.items()
        ],
    }
