"""Records that were set aside: the list by money, retry and dismiss, one by one or all that the filters show."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db.models import F, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from dealership import display, paging
from dealership.access import DealershipRequest, Role, requires
from dealership.models import Dealership
from dealership.pages import registry
from integrations import dead_letters
from integrations.models import DeadLetter
from integrations.views import choosing, words
from integrations.views.choosing import Filters

MOST_AT_ONCE = 500
KEPT = ("integration", "stream", "status", "run")


@require_GET
@requires(Role.VIEWER)
def listing(request: DealershipRequest) -> HttpResponse:
    filters, rows = _filtered(request)
    page = paging.page_of(request, rows)
    open_count = _open(request.dealership).count()
    context = {
        "heading": heading(open_count),
        "page": page,
        "rows": [_row(letter) for letter in page],
        "filters": filters.shown,
        "kept": {name: value for name in KEPT if (value := request.GET.get(name))},
        "is_filtered": filters.is_narrow or "run" in request.GET,
        "can_retry_all": sum(letter.status == DeadLetter.Status.OPEN for letter in page) > 1,
    }
    return render(request, "integrations/dead_letters.html", context)


@require_POST
@requires(Role.STAFF)
def retry(request: DealershipRequest, pk: UUID) -> HttpResponse:
    letter = _letter(request, pk)
    if dead_letters.replay(letter):
        messages.success(request, _("%(record)s is tried again.") % {"record": letter.label or letter.remote_id})
    else:
        messages.warning(request, _("It is no longer set aside."))
    return _back(request)


@require_POST
@requires(Role.STAFF)
def dismiss(request: DealershipRequest, pk: UUID) -> HttpResponse:
    letter = _letter(request, pk)
    if dead_letters.dismiss(letter):
        text = _("%(record)s is dismissed. It is sent again when it changes.")
        messages.success(request, text % {"record": letter.label or letter.remote_id})
    else:
        messages.warning(request, _("It is no longer set aside."))
    return _back(request)


@require_POST
@requires(Role.STAFF)
def retry_all(request: DealershipRequest) -> HttpResponse:
    """Everything the filters show, up to a limit; those already asked for are left out."""
    rows = _filtered(request)[1].filter(status=DeadLetter.Status.OPEN)
    count = sum(dead_letters.replay(letter) for letter in rows[:MOST_AT_ONCE])
    if count:
        text = ngettext("%(count)s record is tried again.", "%(count)s records are tried again.", count)
        messages.success(request, text % {"count": display.number(count)})
    else:
        messages.warning(request, _("Nothing here is set aside."))
    return _back(request)


def heading(open_count: int) -> str:
    if not open_count:
        return _("Nothing is set aside")
    return ngettext("%(count)s record is set aside", "%(count)s records are set aside", open_count) % {
        "count": display.number(open_count)
    }


def _open(dealership: Dealership) -> QuerySet[Any]:
    return DeadLetter.objects.for_dealership(dealership).filter(status__in=dead_letters.OPEN)


def _filtered(request: DealershipRequest) -> tuple[Filters, QuerySet[Any]]:
    """By money, then by age. Without a chosen status: what still waits."""
    integrations = choosing.integrations_of(request.dealership)
    filters = Filters(request.POST if request.method == "POST" else request.GET)
    filters.offer("integration", _("Integration"), [(i.pk, str(i)) for i in integrations])
    filters.offer("stream", _("Stream"), choosing.streams_of(integrations))
    closed = (DeadLetter.Status.RESOLVED, DeadLetter.Status.DISMISSED)
    status = filters.offer("status", _("Show"), [(s.value, s.label) for s in closed], all_label=_("Set aside"))
    rows = DeadLetter.objects.for_dealership(request.dealership) if status else _open(request.dealership)
    run_id = _uuid(filters.query.get("run", ""))
    if run_id is not None:
        rows = rows.filter(run=run_id)
    by_money = F("amount").desc(nulls_last=True)
    return filters, rows.filter(**filters.chosen).select_related("integration").order_by(by_money, "created_at", "pk")


def _row(letter: DeadLetter) -> dict[str, Any]:
    is_open = letter.status in dead_letters.OPEN
    tone = {DeadLetter.Status.OPEN: "bad", DeadLetter.Status.REPLAYED: "live", DeadLetter.Status.RESOLVED: "good"}
    return {
        "letter": letter,
        "label": letter.label or f"#{letter.remote_id}",
        "url": registry.url_of(letter.record_type, letter.local_id) if letter.local_id else "",
        "stream": words.stream(letter.integration.provider, letter.stream),
        "state": words.State(letter.get_status_display(), tone.get(DeadLetter.Status(letter.status), "off")),
        "reason": words.said(letter.reason),
        "next_step": words.said(letter.next_step),
        "is_open": is_open,
    }


def _letter(request: DealershipRequest, pk: UUID) -> DeadLetter:
    found: DeadLetter = get_object_or_404(DeadLetter.objects.for_dealership(request.dealership), pk=pk)
    return found


def _back(request: DealershipRequest) -> HttpResponse:
    """To the list as it was filtered."""
    kept = {name: value for name in KEPT if (value := request.POST.get(name))}
    return redirect(
        f"{reverse('integrations:dead_letters')}?{urlencode(kept)}" if kept else "integrations:dead_letters"
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
