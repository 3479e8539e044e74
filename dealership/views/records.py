"""The pages of every kind of record: list, record, form, delete, restore, void. `pages.declared` says what
they show.
"""

from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from dealership import access, badges, paging, records
from dealership.access import DealershipRequest, Role, requires
from dealership.events import Actor
from dealership.forms.base import RecordForm
from dealership.models import Event, Record
from dealership.pages import build, declared, registry, selection, text
from dealership.pages.base import Prefetched, RecordPages, Related

STORY_LENGTH: Final = 20
WHOLE_STORY: Final = 500
RELATED_LENGTH: Final = 5
IMPORTED: Final = frozenset({"contact", "vehicle", "invoice", "payment"})
_ACTS: Final = ("edit", "delete", "restore", "void")


@require_GET
@requires(Role.VIEWER)
def listing(request: DealershipRequest, kind: str) -> HttpResponse:
    pages = declared.BY_TYPE[kind]
    asked = selection.asked(pages, request.GET)
    page = paging.page_of(request, selection.records(pages, request.dealership, asked))
    rows = build.rows(pages, page, request.dealership)
    context = {
        "kind": kind,
        "pages": pages,
        "page": page,
        "rows": rows,
        "with_badges": any(row.badges for row in rows),
        "narrowed": asked.through,
        "heads": build.heads(pages, asked.sort),
        "filters": asked.shown,
        "words": asked.words,
        "is_filtered": asked.is_narrow,
        "can_add": pages.form is not None and access.allows(request.membership, Role.STAFF),
        "can_import": kind in IMPORTED,
        "create_url": _create_url(request, pages),
    }
    return render(request, "dealership/record_list.html", context)


@require_GET
@requires(Role.VIEWER)
def detail(request: DealershipRequest, kind: str, pk: UUID) -> HttpResponse:
    pages = declared.BY_TYPE[kind]
    record = _record(request, pages, pk, *(pages.lines.prefetch if pages.lines else ()))
    wanted = WHOLE_STORY if request.GET.get("story") == "all" else STORY_LENGTH
    events = list(Event.objects.for_dealership(request.dealership).of_record(kind, pk)[: wanted + 1])
    context = {
        "kind": kind,
        "pages": pages,
        "record": record,
        "heading": declared.heading(pages, record),
        "summary": pages.summary(record) if pages.summary else "",
        "status": text.status(record, pages.status) if pages.status else "",
        "tone": text.tone(record, pages.status) if pages.status else "",
        "facts": build.facts(pages, record),
        "badges": badges.for_records(request.dealership, kind, [record.pk])[record.pk],
        "story": build.story(pages, record, events[:wanted]),
        "story_goes_on": len(events) > wanted,
        "related": [table for r in pages.related if (table := _related(request, record, r))],
        "acts": _acts(request, pages, record),
        "urls": {act: reverse(f"dealership:{kind}_{act}", args=[pk]) for act in _ACTS if _has_page(pages, act)},
        "list_url": _url(kind, "list"),
    }
    return render(request, "dealership/record_detail.html", context)


@require_http_methods(["GET", "POST"])
@requires(Role.STAFF)
def create(request: DealershipRequest, kind: str) -> HttpResponse:
    pages = declared.BY_TYPE[kind]
    form = _form(pages)(
        request.POST if request.method == "POST" else None,
        dealership=request.dealership,
        initial=selection.through(pages, request.GET),
    )
    if request.method == "POST" and form.is_valid():
        try:
            record = records.create(pages.model, request.dealership, form.values(), actor=Actor.user(request.user))
        except IntegrityError:
            form.add_error(None, _("This one exists already: somebody else added it meanwhile."))
        else:
            messages.success(request, _("%(record)s is saved.") % {"record": declared.heading(pages, record)})
            return redirect(registry.url(record))
    return _form_page(request, pages, form, heading=str(pages.add), back=_url(kind, "list"))


@require_http_methods(["GET", "POST"])
@requires(Role.STAFF)
def edit(request: DealershipRequest, kind: str, pk: UUID) -> HttpResponse:
    pages = declared.BY_TYPE[kind]
    record = _record(request, pages, pk)
    if record.deleted_at or getattr(record, "status", "") == "void":
        raise PermissionDenied(_("A void or deleted record cannot be changed. Restore it first."))
    form = _form(pages)(
        request.POST if request.method == "POST" else None, dealership=request.dealership, record=record
    )
    if request.method == "POST" and form.is_valid() and _saved(request, record, form):
        messages.success(request, _("%(record)s is saved.") % {"record": declared.heading(pages, record)})
        return redirect(registry.url(record))
    heading = _("Edit %(record)s") % {"record": declared.heading(pages, record)}
    return _form_page(request, pages, form, heading=heading, back=registry.url(record))


def _saved(request: DealershipRequest, record: Record, form: RecordForm) -> bool:
    """Whether the values are stored; otherwise the form says why not."""
    try:
        records.update(record, form.values(), actor=Actor.user(request.user), expected_version=form.expected_version)
    except records.StaleRecord as stale:
        form.add_error(None, _("%(what)s Open it again to see the change, then make yours.") % {"what": stale})
        return False
    except IntegrityError:
        form.add_error(None, _("This one exists already: somebody else added it meanwhile."))
        return False
    return True


@require_http_methods(["GET", "POST"])
@requires(Role.ADMIN)
def delete(request: DealershipRequest, kind: str, pk: UUID) -> HttpResponse:
    pages = declared.BY_TYPE[kind]
    _form(pages)
    record = _record(request, pages, pk)
    heading = declared.heading(pages, record)
    if request.method == "GET":
        consequence = _("It leaves every list and every total here. You can restore it.")
        return _confirmation(request, pages, record, act=_("Delete %(record)s") % {"record": heading}, text=consequence)
    if not record.deleted_at:
        records.delete(record, actor=Actor.user(request.user))
    messages.success(request, _("%(record)s is deleted.") % {"record": heading})
    return redirect(_url(kind, "list"))


@require_http_methods(["POST"])
@requires(Role.ADMIN)
def restore(request: DealershipRequest, kind: str, pk: UUID) -> HttpResponse:
    pages = declared.BY_TYPE[kind]
    _form(pages)
    record = _record(request, pages, pk)
    try:
        records.restore(record, actor=Actor.user(request.user))
    except IntegrityError:
        messages.error(request, _("Another record has taken its number since. Change that one first."))
    else:
        messages.success(request, _("%(record)s is restored.") % {"record": declared.heading(pages, record)})
    return redirect(registry.url(record))


@require_http_methods(["GET", "POST"])
@requires(Role.ADMIN)
def void(request: DealershipRequest, kind: str, pk: UUID) -> HttpResponse:
    pages = declared.BY_TYPE[kind]
    record: Any = _record(request, pages, pk)
    heading = declared.heading(pages, record)
    if request.method == "GET":
        consequence = _(
            "It keeps its number and amounts but counts no more, here and in the connected systems. "
            "This cannot be undone."
        )
        return _confirmation(request, pages, record, act=_("Void %(record)s") % {"record": heading}, text=consequence)
    if record.status != "void":
        records.void(record, actor=Actor.user(request.user))
    messages.success(request, _("%(record)s is void.") % {"record": heading})
    return redirect(registry.url(record))


def _record(request: DealershipRequest, pages: RecordPages, pk: UUID, *prefetch: Prefetched) -> Record:
    """The dealership's own record, deleted ones too; 404 for anybody else's."""
    rows = pages.model.objects.for_dealership(request.dealership).select_related("dealership", *pages.joined)
    record: Record = get_object_or_404(rows.prefetch_related(*prefetch), pk=pk)
    return record


def _form(pages: RecordPages) -> type[RecordForm]:
    if pages.form is None:
        raise Http404
    return pages.form


def _url(kind: str, page: str) -> str:
    return reverse(f"dealership:{kind}_{page}")


def _create_url(request: DealershipRequest, pages: RecordPages) -> str:
    """The empty form, already pointing at the record whose list this is."""
    if pages.form is None:
        return ""
    narrowed = selection.through(pages, request.GET)
    return _url(pages.model.record_type(), "create") + (f"?{urlencode(narrowed)}" if narrowed else "")


def _has_page(pages: RecordPages, act: str) -> bool:
    return pages.can_void if act == "void" else pages.form is not None


def _form_page(
    request: DealershipRequest, pages: RecordPages, form: RecordForm, *, heading: str, back: str
) -> HttpResponse:
    context = {
        "pages": pages,
        "form": form,
        "fields": [bound for bound in form if not bound.name.startswith("allocation_")],
        "heading": heading,
        "back": back,
        "list_url": _url(pages.model.record_type(), "list"),
    }
    return render(request, pages.form_template, context, status=422 if form.is_bound else 200)


def _confirmation(
    request: DealershipRequest, pages: RecordPages, record: Record, *, act: str, text: str
) -> HttpResponse:
    list_url = _url(pages.model.record_type(), "list")
    context = {"pages": pages, "act": act, "text": text, "back": registry.url(record), "list_url": list_url}
    return render(request, "dealership/confirm.html", context)


def _acts(request: DealershipRequest, pages: RecordPages, record: Record) -> dict[str, bool]:
    """What the person may do with the record in its state."""
    writable = pages.form is not None
    is_void = getattr(record, "status", "") == "void"
    manages = access.allows(request.membership, Role.ADMIN)
    return {
        "edit": writable and not record.deleted_at and not is_void and access.allows(request.membership, Role.STAFF),
        "delete": writable and not record.deleted_at and manages,
        "restore": writable and bool(record.deleted_at) and manages,
        "void": pages.can_void and not record.deleted_at and not is_void and manages,
    }


def _related(request: DealershipRequest, record: Record, related: Related) -> dict[str, Any] | None:
    pages = declared.BY_TYPE[related.record_type]
    rows = pages.model.objects.for_dealership(request.dealership).present().filter(**{related.through: record})
    found = list(rows.order_by(pages.order).select_related(*pages.joined)[: RELATED_LENGTH + 1])
    if not found:
        return None
    brief = replace(pages, columns=tuple(c for c in pages.columns if c.brief and c.name != related.through))
    return {
        "pages": pages,
        "heads": build.heads(brief, ""),
        "rows": build.rows(brief, found[:RELATED_LENGTH], request.dealership, with_badges=False),
        "all_url": f"{_url(related.record_type, 'list')}?{related.through}={record.pk}"
        if len(found) > RELATED_LENGTH
        else "",
    }
