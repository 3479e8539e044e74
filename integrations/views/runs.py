"""Runs: the list, one run with its live progress and its items, retry and cancel."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from dealership import display, paging
from dealership.access import DealershipRequest, Role, requires
from dealership.pages import registry
from integrations import background, runs
from integrations.models import SyncItem, SyncLog
from integrations.views import acts, choosing, download, progress, words
from integrations.views.choosing import Filters
from integrations.views.detail import run_row

Outcome = SyncItem.Outcome
NEEDS_YOU = (Outcome.SET_ASIDE,)
CHANGED = (
    Outcome.CREATED,
    Outcome.UPDATED,
    Outcome.DELETED,
    Outcome.SENT_CREATED,
    Outcome.SENT_UPDATED,
    Outcome.SENT_VOIDED,
    Outcome.CONFLICT,
)


@require_GET
@requires(Role.VIEWER)
def listing(request: DealershipRequest) -> HttpResponse:
    integrations = choosing.integrations_of(request.dealership)
    filters = Filters(request.GET)
    filters.offer("integration", _("Integration"), [(i.pk, str(i)) for i in integrations])
    filters.offer("stream", _("Stream"), choosing.streams_of(integrations))
    filters.offer("status", _("Status"), SyncLog.Status.choices)
    filters.offer("trigger", _("Started by"), SyncLog.Trigger.choices)
    rows = SyncLog.objects.for_dealership(request.dealership).select_related("integration")
    page = paging.page_of(request, rows.filter(**filters.chosen).order_by("-created_at", "-rank"))
    now = timezone.now()
    open_count = SyncLog.objects.for_dealership(request.dealership).filter(status__in=SyncLog.OPEN).count()
    context = {
        "heading": _going_on(open_count),
        "page": page,
        "rows": [run_row(run, now) for run in page],
        "filters": filters.shown,
        "is_filtered": filters.is_narrow,
        "has_integrations": bool(integrations),
    }
    return render(request, "integrations/run_list.html", context)


@require_GET
@requires(Role.VIEWER)
def run(request: DealershipRequest, pk: UUID) -> HttpResponse:
    row = _run(request, pk)
    counts = dict(SyncItem.objects.filter(run=row).order_by().values_list("outcome").annotate(n=Count("pk")))
    shown = request.GET.get("show", "")
    items = SyncItem.objects.filter(run=row).order_by("-created_at", "pk")
    if shown in ("needs", "changed"):
        items = items.filter(outcome__in=NEEDS_YOU if shown == "needs" else CHANGED)
    page = paging.page_of(request, items)
    context = {
        **_progress_context(row),
        "page": page,
        "items": [_item(item) for item in page],
        "tabs": _tabs(counts, shown),
        "shown": shown,
        "facts": _facts(row),
        "set_aside_url": f"{reverse('integrations:dead_letters')}?run={row.pk}",
        "worker_is_missing": row.is_open and not background.is_running(),
    }
    return render(request, "integrations/run.html", context)


@require_GET
@requires(Role.VIEWER)
def run_progress(request: DealershipRequest, pk: UUID) -> HttpResponse:
    """The progress alone, asked for every two seconds; when the run has ended the whole page is loaded anew."""
    row = _run(request, pk)
    template = "run_announcement" if "announce" in request.GET else "run_progress"
    response = render(request, f"integrations/{template}.html", _progress_context(row))
    if not row.is_open:
        response["HX-Refresh"] = "true"
    return response


@require_GET
@requires(Role.VIEWER)
def run_items(request: DealershipRequest, pk: UUID) -> StreamingHttpResponse:
    """Every item of the run as a CSV file."""
    row = _run(request, pk)
    return download.as_csv(_item_lines(row), f"{row.reference}-{row.stream}")


@require_POST
@requires(Role.STAFF)
def retry(request: DealershipRequest, pk: UUID) -> HttpResponse:
    row = _run(request, pk)
    if row.is_open:
        messages.warning(request, _("This run is still under way. Cancel it first, or let it end."))
        return redirect(row)
    again = runs.retry(row)
    if again is None:
        messages.error(request, acts.nothing_to_sync(row.integration))
        return redirect(row)
    messages.success(request, _("It runs again."))
    return redirect(again)


@require_POST
@requires(Role.STAFF)
def cancel(request: DealershipRequest, pk: UUID) -> HttpResponse:
    row = _run(request, pk)
    if runs.cancel(row):
        messages.success(request, _("The run ends now. What it has done so far stays."))
    else:
        messages.warning(request, _("The run had ended already."))
    return redirect(row)


def _run(request: DealershipRequest, pk: UUID) -> SyncLog:
    rows = SyncLog.objects.for_dealership(request.dealership).select_related("integration", "config")
    found: SyncLog = get_object_or_404(rows, pk=pk)
    return found


def _progress_context(row: SyncLog) -> dict[str, Any]:
    now = timezone.now()
    return {
        "run": row,
        "integration": row.integration,
        "title": words.run_title(row),
        "state": words.of_run(row, now),
        "progress": progress.of(row, now),
        "figures": progress.figures(row),
        "problem": _problem(row),
    }


def _problem(row: SyncLog) -> dict[str, str]:
    """What went wrong, and what to do about it; empty when nothing did."""
    if not row.error:
        return {}
    steps = {
        "CredentialError": _("Reconnect, then retry. What was done so far is kept."),
        "ConfigurationError": _("Correct it, then retry."),
        "UnexpectedResponse": _("Retry. If it happens again, tell support the reference %(reference)s.")
        % {"reference": row.reference},
        "WorkerLost": "",
    }
    usual = _("It is tried again by itself.") if row.is_open else _("Retry when the cause is gone.")
    return {"what": words.said(row.error), "next": steps.get(row.error_kind, usual)}


def _tabs(counts: dict[str, int], shown: str) -> list[dict[str, Any]]:
    sums = {
        "": sum(counts.values()),
        "needs": sum(counts.get(outcome, 0) for outcome in NEEDS_YOU),
        "changed": sum(counts.get(outcome, 0) for outcome in CHANGED),
    }
    labels = {"": _("All"), "needs": _("Needs you"), "changed": _("Changed")}
    return [
        {"value": value, "label": label, "count": sums[value], "is_here": value == shown}
        for value, label in labels.items()
    ]


def _item(item: SyncItem) -> dict[str, Any]:
    return {
        "label": item.label or (f"#{item.remote_id}" if item.remote_id else item.record_type),
        "url": registry.url_of(item.record_type, item.local_id) if item.local_id else "",
        "state": words.of_item(item),
        "detail": _what_happened(item),
        "next_step": words.said(item.next_step),
        "remote_id": item.remote_id,
    }


def _what_happened(item: SyncItem) -> str:
    if item.outcome == Outcome.CONFLICT:
        kept = _("Lotbridge's values were kept.") if item.code == "ours" else _("Their values were kept.")
        return f"{item.detail}. {kept}" if item.detail else kept
    return words.said(item.detail)


def _item_lines(row: SyncLog) -> Iterator[str]:
    # UTF-8's mark, for spreadsheets.
    yield "\ufeff"
    yield download.line(
        [
            _("Time"),
            _("Record type"),
            _("Record"),
            _("Id there"),
            _("Outcome"),
            _("What happened"),
            _("Next step"),
            _("Code"),
        ]
    )
    items = SyncItem.objects.filter(run=row).order_by("created_at", "pk")
    for item in items.iterator(chunk_size=500):
        yield download.line(
            [
                item.created_at.isoformat(timespec="seconds"),
                item.record_type,
                item.label,
                item.remote_id,
                item.get_outcome_display(),
                _what_happened(item),
                words.said(item.next_step),
                item.code,
            ]
        )


def _facts(row: SyncLog) -> list[dict[str, Any]]:
    ways = {(True, True): _("Both ways"), (True, False): _("Into Lotbridge"), (False, True): _("Out of Lotbridge")}
    facts: list[dict[str, Any]] = [
        {"label": _("Started by"), "value": row.get_trigger_display()},
        {"label": _("Direction"), "value": ways.get((row.pulls, row.pushes), "")},
        {"label": _("Queued"), "at": row.created_at},
        {"label": _("Started"), "at": row.started_at},
        {"label": _("Ended"), "at": row.finished_at},
        {
            "label": _("Took"),
            "value": display.duration(row.duration_seconds) if row.duration_seconds is not None else "",
        },
        {"label": _("Reads up to"), "at": row.as_of},
        {"label": _("Pages read"), "value": display.number(row.pages) if row.pulls else ""},
        {"label": _("Tries in a row"), "value": display.number(row.attempt) if row.attempt else ""},
        {"label": _("Retries"), "value": display.number(row.retried) if row.retried else ""},
        {"label": _("Reference"), "value": row.reference, "code": True},
    ]
    return [fact for fact in facts if fact.get("value") or fact.get("at")]


def _going_on(open_count: int) -> str:
    if not open_count:
        return _("No run is under way")
    return ngettext("%(count)s run is under way", "%(count)s runs are under way", open_count) % {
        "count": display.number(open_count)
    }
