"""The integrations of the dealership as cards, and the catalogue of what can be connected."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from connectors import registry
from dealership.access import DealershipRequest, Role, requires
from integrations import background
from integrations.models import Integration
from integrations.views import cards, words
from integrations.views.cards import Card
from integrations.views.choosing import Filters

STATES = ("bad", "wait", "live", "good", "off")


@dataclass(frozen=True)
class Offer:
    """A provider of the catalogue."""

    slug: str
    label: str
    initials: str
    category: str
    summary: str
    is_connected: bool
    flow_icon: str
    flow: str


@require_GET
@requires(Role.VIEWER)
def listing(request: DealershipRequest) -> HttpResponse:
    every = cards.of_dealership(request.dealership)
    filters = Filters(request.GET)
    name = request.GET.get("name", "").strip()
    category = filters.offer("category", _("Category"), _categories(card.integration.provider for card in every))
    status = filters.offer("status", _("Status"), _statuses())
    shown = [card for card in every if _matches(card, name, category, status)]
    context = {
        "cards": shown,
        "all_cards": every,
        "heading": _heading(every),
        "name": name,
        "filters": filters.shown,
        "is_filtered": bool(name or filters.is_narrow),
        "offers": _offers(every),
        "is_syncing": any(card.run for card in every),
        "worker_is_missing": any(card.is_connected for card in every) and not background.is_running(),
    }
    return render(request, "integrations/list.html", context)


@require_GET
@requires(Role.VIEWER)
def card(request: DealershipRequest, pk: UUID) -> HttpResponse:
    """One card alone, for the list to bring itself up to date while a run is under way."""
    row = get_object_or_404(cards.with_counts(Integration.objects.for_dealership(request.dealership)), pk=pk)
    return render(request, "integrations/card.html", {"card": cards.build([row])[0]})


@require_GET
@requires(Role.VIEWER)
def add(request: DealershipRequest) -> HttpResponse:
    """What can be connected, with a search."""
    connected = cards.of_dealership(request.dealership)
    name = request.GET.get("name", "").strip()
    filters = Filters(request.GET)
    category = filters.offer("category", _("Category"), _categories(registry.all_connectors()))
    offers = [
        offer
        for offer in _offers(connected)
        if _has(name, offer.label, offer.category, offer.summary)
        and category in ("", registry.get(offer.slug).category)
    ]
    context = {
        "offers": offers,
        "name": name,
        "filters": filters.shown,
        "is_filtered": bool(name or filters.is_narrow),
    }
    return render(request, "integrations/add.html", context)


def _offers(every: Iterable[Card]) -> list[Offer]:
    connected = {card.integration.provider for card in every}
    return [
        Offer(
            slug=slug,
            label=cls.label,
            initials=cls.initials,
            category=words.category(cls),
            summary=words.said(cls.summary),
            is_connected=slug in connected,
            flow_icon="both-ways" if any(stream.push for stream in cls.streams) else "inward",
            flow=_("Both ways") if any(stream.push for stream in cls.streams) else _("Into Lotbridge"),
        )
        for slug, cls in registry.all_connectors().items()
    ]


def _categories(slugs: Iterable[str]) -> list[tuple[str, str]]:
    classes = [registry.get(slug) for slug in slugs]
    return sorted({(cls.category, words.category(cls)) for cls in classes}, key=lambda pair: pair[1])


def _statuses() -> list[tuple[str, str]]:
    labels = (_("Needs you"), _("Needs a look"), _("Syncing"), _("Connected"), _("Paused or disconnected"))
    return list(zip(STATES, labels, strict=True))


def _matches(card: Card, name: str, category: str, status: str) -> bool:
    integration = card.integration
    return (
        _has(name, integration.label, integration.remote_account_name, integration.remote_account_id)
        and category in ("", integration.connector_class.category)
        and status in ("", card.state.tone)
    )


def _has(part: str, *texts: str) -> bool:
    return not part or any(part.casefold() in text.casefold() for text in texts)


def _heading(every: list[Card]) -> str:
    """The state of all connections in one line."""
    in_use = [card for card in every if card.integration.status != Integration.Status.DISCONNECTED]
    if not in_use:
        return _("Nothing is connected yet") if not every else _("Nothing is connected")
    needing = [card for card in in_use if card.state.tone == "bad"]
    if len(needing) == 1:
        return _("%(provider)s needs you") % {"provider": needing[0].integration.label}
    if needing:
        return _("%(count)s integrations need you") % {"count": len(needing)}
    connected = sum(card.is_connected for card in in_use)
    if connected == 1 == len(in_use):
        return _("%(provider)s is connected") % {"provider": in_use[0].integration.label}
    if connected == len(in_use):
        return _("All %(count)s integrations are connected") % {"count": connected}
    return ngettext(
        "%(connected)s of %(count)s integration is connected",
        "%(connected)s of %(count)s integrations are connected",
        len(in_use),
    ) % {"connected": connected, "count": len(in_use)}
