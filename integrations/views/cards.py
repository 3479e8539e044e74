"""What a page needs to know of a dealership's integrations, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from dealership.models import Dealership
from integrations import dead_letters
from integrations.models import DeadLetter, Integration, RecordLink, SyncConfig, SyncLog
from integrations.views import progress, words
from integrations.views.progress import Progress
from integrations.views.words import State


@dataclass(frozen=True)
class Card:
    """One integration as its card and its page show it."""

    integration: Integration
    state: State
    initials: str
    category: str
    flow: str
    flow_icon: str
    message: str
    record_count: int
    set_aside_count: int
    run: SyncLog | None
    progress: Progress | None
    days_left: int | None

    @property
    def is_connected(self) -> bool:
        return self.integration.status == Integration.Status.CONNECTED

    @property
    def is_paused(self) -> bool:
        return self.integration.status == Integration.Status.PAUSED

    @property
    def may_reconnect(self) -> bool:
        """Whether only a new sign-in at the provider brings it back."""
        return self.integration.status in (
            Integration.Status.NEEDS_RECONNECT,
            Integration.Status.DISCONNECTED,
        )

    @property
    def ends_soon(self) -> bool:
        return self.days_left is not None and self.days_left <= words.ENDS_SOON_DAYS


def of_dealership(dealership: Dealership) -> list[Card]:
    """Every integration, those that need a person first."""
    rows = with_counts(Integration.objects.for_dealership(dealership))
    cards = build(list(rows))
    return sorted(cards, key=_rank)


def with_counts(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Adds what a card counts, without reading any secret."""
    links = RecordLink.objects.filter(remote_id__isnull=False, remote_deleted_at=None)
    letters = DeadLetter.objects.filter(status__in=dead_letters.OPEN)
    counted: QuerySet[Any] = rows.annotate(
        record_count=_count(links),
        set_aside_count=_count(letters),
        refresh_ends_at=F("credential__refresh_expires_at"),
        consent_ends_at=F("credential__hard_expires_at"),
    )
    return counted


def build(integrations: Sequence[Integration]) -> list[Card]:
    """Cards of integrations that came through `with_counts`."""
    now = timezone.now()
    ids = [integration.pk for integration in integrations]
    open_runs = _open_runs(ids)
    directions: dict[UUID, set[str]] = defaultdict(set)
    configs = SyncConfig.objects.filter(integration__in=ids, enabled=True).order_by()
    for integration_id, direction in configs.values_list("integration", "direction"):
        directions[integration_id].add(direction)
    return [_card(i, open_runs.get(i.pk), directions[i.pk], now) for i in integrations]


def _count(rows: QuerySet[Any]) -> Coalesce:
    per_integration = rows.filter(integration=OuterRef("pk")).order_by().values("integration")
    return Coalesce(Subquery(per_integration.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0)


def _open_runs(ids: Iterable[UUID]) -> dict[UUID, SyncLog]:
    """The run to show of each integration: the one that works, else the next one."""
    runs = SyncLog.objects.filter(integration__in=list(ids), status__in=SyncLog.OPEN)
    found: dict[UUID, SyncLog] = {}
    # "running" sorts after "queued", and the last one written stays.
    for run in runs.select_related("integration").order_by("status", "-rank"):
        found[run.integration_id] = run
    return found


def _card(integration: Any, run: SyncLog | None, directions: set[str], now: datetime) -> Card:
    ends = [at for at in (integration.refresh_ends_at, integration.consent_ends_at) if at is not None]
    days_left = words.days_until(min(ends, default=None), now)
    flow = _flow(directions)
    return Card(
        integration=integration,
        state=words.of_integration(
            integration,
            is_syncing=run is not None,
            set_aside=integration.set_aside_count,
            days_left=days_left,
        ),
        initials=integration.connector_class.initials,
        category=words.category(integration.connector_class),
        flow=str(flow.label) if flow else "",
        flow_icon=words.FLOW_ICONS[flow] if flow else "",
        message=words.said(integration.status_reason),
        record_count=integration.record_count,
        set_aside_count=integration.set_aside_count,
        run=run,
        progress=progress.of(run, now) if run else None,
        days_left=days_left,
    )


def _flow(directions: set[str]) -> SyncConfig.Direction | None:
    if not directions:
        return None
    only = directions.pop() if len(directions) == 1 else SyncConfig.Direction.BOTH
    return SyncConfig.Direction(only)


def _rank(card: Card) -> tuple[int, str, str]:
    tones = {"bad": 0, "wait": 1, "live": 2, "good": 3, "off": 4}
    return tones[card.state.tone], card.integration.label.lower(), card.integration.remote_account_name
