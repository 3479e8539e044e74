"""The pages of an import: the file, its columns, the preview, the result."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from dealership import display, importing
from dealership.access import DealershipRequest, Role, requires
from dealership.forms.importing import ColumnsForm, UploadForm
from dealership.importing.previewing import preview as preview_of
from dealership.importing.problems import Problem
from dealership.importing.storing import Store
from dealership.importing.working import INLINE_ROWS, actor_of
from dealership.models import ImportFile

_RECENT = 10
_PROBLEMS_SHOWN = 50
_LISTS = {
    ImportFile.Kind.CONTACTS: "dealership:contact_list",
    ImportFile.Kind.VEHICLES: "dealership:vehicle_list",
    ImportFile.Kind.INVOICES: "dealership:invoice_list",
    ImportFile.Kind.PAYMENTS: "dealership:payment_list",
}
_TONES = {
    ImportFile.Status.DRAFT: "off",
    ImportFile.Status.QUEUED: "wait",
    ImportFile.Status.RUNNING: "live",
    ImportFile.Status.SUCCEEDED: "good",
    ImportFile.Status.FAILED: "bad",
}


@require_http_methods(["GET", "POST"])
@requires(Role.STAFF)
def start(request: DealershipRequest) -> HttpResponse:
    """Choose a file. What is not a table is named and not kept."""
    form = UploadForm(request.POST or None, request.FILES or None, initial={"kind": request.GET.get("kind")})
    problems: tuple[Problem, ...] = ()
    if request.method == "POST" and form.is_valid():
        options = {name: form.cleaned_data[name] for name in ("encoding", "delimiter")}
        given = form.cleaned_data["file"]
        try:
            file = importing.upload(
                request.dealership,
                form.cleaned_data["kind"],
                given.name,
                given.read(),
                user=request.user,
                options=options,
            )
            return redirect("dealership:import_map", file.pk)
        except importing.Unreadable as error:
            problems = error.problems
    recent = ImportFile.objects.for_dealership(request.dealership).defer("data", "problems")
    context = {
        "form": form,
        "problems": problems,
        "recent": [
            {"file": file, "tone": _TONES[ImportFile.Status(file.status)]}
            for file in recent.order_by("-created_at")[:_RECENT]
        ],
    }
    return render(request, "dealership/import_start.html", context)


@require_http_methods(["GET", "POST"])
@requires(Role.STAFF)
def columns(request: DealershipRequest, pk: UUID) -> HttpResponse:
    """Say what each column means, and how dates and amounts are written."""
    file = _file(request, pk)
    if file.is_open or file.status == ImportFile.Status.SUCCEEDED:
        return redirect("dealership:import_result", file.pk)
    form = ColumnsForm(request.POST or None, file=file, sheet=importing.sheet_of(file))
    if request.method == "POST" and form.is_valid():
        if importing.change(file, mapping=form.mapping, options={**file.options, **form.options}):
            return redirect("dealership:import_preview", file.pk)
        return redirect("dealership:import_result", file.pk)
    return render(request, "dealership/import_map.html", {"file": file, "form": form})


@require_http_methods(["GET", "POST"])
@requires(Role.STAFF)
def preview(request: DealershipRequest, pk: UUID) -> HttpResponse:
    """The first records as they would be stored; posting imports them. Large files are left to the worker."""
    file = _file(request, pk)
    if file.is_open or file.status == ImportFile.Status.SUCCEEDED:
        return redirect("dealership:import_result", file.pk)
    if request.method == "POST":
        if importing.queue(file, skip_bad="skip_bad" in request.POST) and file.rows_total <= INLINE_ROWS:
            importing.run(file.pk)
        return redirect("dealership:import_result", file.pk)
    try:
        source, plan = importing.plan_of(file)
    except importing.Unreadable as error:
        for problem in error.problems:
            messages.error(request, str(problem))
        return redirect("dealership:import_map", file.pk)
    shown = preview_of(source, plan, Store(request.dealership, source, actor=actor_of(file)))
    context = {
        "file": file,
        "preview": shown,
        "problems": shown.problems[:_PROBLEMS_SHOWN],
        "hidden_problems": max(0, len(shown.problems) - _PROBLEMS_SHOWN),
        "ignored": source.ignored(),
        "must_choose": len(shown.problems) > len(plan.refused),
        "figures": [
            {"label": _("Rows in the file"), "value": display.number(file.rows_total)},
            {"label": _("Records they make"), "value": display.number(len(plan.candidates))},
            {"label": _("Rows refused"), "value": display.number(len({p.row for p in shown.problems}))},
        ],
    }
    return render(request, "dealership/import_preview.html", context)


@require_GET
@requires(Role.STAFF)
def result(request: DealershipRequest, pk: UUID) -> HttpResponse:
    """How far the import is, or what came of it. Reloads itself while it is under way."""
    file = _file(request, pk)
    if file.status == ImportFile.Status.DRAFT:
        return redirect("dealership:import_map", file.pk)
    problems = [Problem(*row) for row in file.problems]
    context = {
        "file": file,
        "tone": _TONES[ImportFile.Status(file.status)],
        "figures": _figures(file),
        "reasons": importing.by_reason(problems),
        "problems": problems[:_PROBLEMS_SHOWN],
        "hidden_problems": max(0, len(problems) - _PROBLEMS_SHOWN),
        "list_url": reverse(_LISTS[ImportFile.Kind(file.kind)]),
        "can_correct": file.status == ImportFile.Status.FAILED and not file.next_row,
    }
    return render(request, "dealership/import_result.html", context)


@require_GET
@requires(Role.STAFF)
def errors(request: DealershipRequest, pk: UUID) -> HttpResponse:
    """The rows that were not imported, each with its reason, as a CSV file."""
    file = _file(request, pk)
    problems = [Problem(*row) for row in file.problems]
    content = importing.error_file(importing.sheet_of(file), problems)
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="import-errors-{file.created_at:%Y-%m-%d}.csv"'
    return response


def _file(request: DealershipRequest, pk: UUID) -> ImportFile:
    return get_object_or_404(ImportFile.objects.for_dealership(request.dealership), pk=pk)


def _figures(file: ImportFile) -> list[dict[str, Any]]:
    return [
        {"label": _("Created"), "value": display.number(file.created_count)},
        {"label": _("Updated"), "value": display.number(file.updated_count)},
        {"label": _("Unchanged"), "value": display.number(file.unchanged_count)},
        {"label": _("Rows refused"), "value": display.number(file.refused_count)},
    ]


urlpatterns = [
    path("", start, name="import"),
    path("<uuid:pk>/columns/", columns, name="import_map"),
    path("<uuid:pk>/preview/", preview, name="import_preview"),
    path("<uuid:pk>/", result, name="import_result"),
    path("<uuid:pk>/errors/", errors, name="import_errors"),
]
