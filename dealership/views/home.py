"""The first page, the search, and the choice of the dealership."""

from collections import defaultdict
from decimal import Decimal
from typing import Final, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from dealership import access, attention, display, lookups
from dealership.access import DealershipRequest, Role, requires
from dealership.models import Contact, Dealership, Expense, Invoice, Payment, Record, Vehicle
from dealership.pages import build, declared

COUNTED: Final[tuple[type[Record], ...]] = (Contact, Vehicle, Invoice, Payment, Expense)
SEARCHED: Final[tuple[type[Record], ...]] = (Invoice, Contact, Vehicle, Payment, Expense)
FOUND_EACH: Final = 10


@require_GET
@requires(Role.VIEWER)
def home(request: DealershipRequest) -> HttpResponse:
    """What needs a person, and how much is here."""
    waiting = attention.rows(request.dealership)
    context = {"waiting": waiting, "sums": _sums(waiting), "figures": _figures(request.dealership)}
    return render(request, "dealership/home.html", context)


@require_GET
@requires(Role.VIEWER)
def search(request: DealershipRequest) -> HttpResponse:
    """Contacts, invoices, vehicles, payments and expenses that contain the words."""
    words = request.GET.get("q", "").strip()
    found = []
    for model in SEARCHED:
        pages = declared.BY_MODEL[model]
        records = lookups.containing(request.dealership, model, words, limit=FOUND_EACH)
        if records:
            table = build.rows(pages, _joined(pages.joined, model, records), request.dealership, with_badges=False)
            found.append({"pages": pages, "heads": build.heads(pages, ""), "rows": table})
    return render(request, "dealership/search.html", {"search_words": words, "found": found})


@require_GET
@requires(Role.VIEWER)
def lookup(request: DealershipRequest, kind: str) -> HttpResponse:
    """Suggestions for a form's text field, as labels that the field understands."""
    model = next((m for m in lookups.LOOKUPS if m.record_type() == kind), None)
    if model is None:
        raise Http404
    found = lookups.containing(request.dealership, model, request.GET.get("q", ""))
    return JsonResponse({"suggestions": [lookups.label(record) for record in found]})


@login_required
@require_http_methods(["GET", "POST"])
def switch(request: HttpRequest) -> HttpResponse:
    """The dealerships that the person belongs to, to work in another one."""
    if request.method == "GET":
        current = access.current_membership(request)
        return render(request, "dealership/switch.html", {"current": current}, status=200 if current else 404)
    place = access.choose(request, _uuid(request.POST.get("dealership", "")))
    if place is None:
        raise Http404
    messages.success(request, _("You now work in %(dealership)s.") % {"dealership": place.dealership.name})
    return redirect("dealership:home")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


def _sums(waiting: list[attention.Row]) -> str:
    """The money that waits, one sum a currency: two currencies are never added up."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in waiting:
        if row.amount is not None:
            sums[row.currency] += row.amount
    return _(" and ").join(display.money(total, currency) for currency, total in sorted(sums.items()))


def _figures(dealership: Dealership) -> list[dict[str, str]]:
    """How many records are here, counted in one query."""
    counts = {model.record_type(): _count(model) for model in COUNTED}
    row = cast("dict[str, int]", Dealership.objects.filter(pk=dealership.pk).values(**counts).get())
    return [
        {
            "label": str(declared.BY_MODEL[model].plural),
            "value": display.number(row[model.record_type()]),
            "url": reverse(f"dealership:{model.record_type()}_list"),
        }
        for model in COUNTED
    ]


def _count(model: type[Record]) -> Coalesce:
    rows = model.objects.filter(dealership=OuterRef("pk")).present().order_by().values("dealership")
    return Coalesce(Subquery(rows.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0)


def _joined(joined: tuple[str, ...], model: type[Record], records: list[Record]) -> list[Record]:
    """The same records with what their rows show of others, in one query."""
    if not joined:
        return records
    rows = {r.pk: r for r in model.objects.filter(pk__in=[r.pk for r in records]).select_related(*joined)}
    return [rows[r.pk] for r in records if r.pk in rows]
