"""What needs a person, for the home page. Each source takes a fixed number of queries."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Min, OuterRef, Q, Subquery, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dealership import display
from dealership.attention import Row
from dealership.models import Dealership, Event
from integrations import reconcile
from integrations.models import Credential, DeadLetter, Integration, Reconciliation, SyncConfig

CONSENT_ENDS_WITHIN = timedelta(days=14)
# A grant is renewed a week before it lapses; closer than this, the renewal does not work.
GRANT_ENDS_WITHIN = timedelta(days=5)


def ended_access(dealership: Dealership) -> Iterator[Row]:
    """Integrations that only a new sign-in brings back."""
    rows = Integration.objects.for_dealership(dealership)
    ended = list(rows.filter(status=Integration.Status.NEEDS_RECONNECT))
    events = Event.objects.filter(record_id__in=[i.pk for i in ended], type="integration.needs_reconnect")
    since: dict[Any, Any] = dict(events.values_list("record_id").annotate(at=Max("occurred_at")))
    for integration in ended:
        why = _(integration.status_reason) if integration.status_reason else _("Access has ended.")
        yield Row(
            problem=_("%(provider)s needs you") % {"provider": integration.label},
            detail=_("%(why)s Changes wait on both sides; settings and links are kept.") % {"why": why},
            action=_("Reconnect"),
            url=integration.get_absolute_url(),
            since=since.get(integration.pk, integration.created_at),
        )


def ending_access(dealership: Dealership) -> Iterator[Row]:
    """Access that lapses soon and does not renew itself."""
    now = timezone.now()
    lapsing = Q(hard_expires_at__lte=now + CONSENT_ENDS_WITHIN) | Q(refresh_expires_at__lte=now + GRANT_ENDS_WITHIN)
    connected = Credential.objects.for_dealership(dealership).filter(
        lapsing, integration__status__in=(Integration.Status.CONNECTED, Integration.Status.PAUSED)
    )
    for credential in connected.defer("secret").select_related("integration"):
        ends = [at for at in (credential.hard_expires_at, credential.refresh_expires_at) if at is not None]
        names = {"provider": credential.integration.label}
        yield Row(
            problem=_("Access to %(provider)s ends soon") % names,
            detail=_("Sign in there again and it goes on without a gap."),
            action=_("Renew access"),
            url=credential.integration.get_absolute_url(),
            since=credential.refreshed_at or credential.created_at,
            days_left=max((min(ends) - now).days, 0),
        )


def set_aside(dealership: Dealership) -> Iterator[Row]:
    """Records set aside: one row an integration and currency."""
    letters = DeadLetter.objects.for_dealership(dealership).filter(status=DeadLetter.Status.OPEN)
    groups = letters.order_by().values("integration", "currency")
    counted = groups.annotate(
        n=Count("pk"), money=Sum("amount"), first=Min("created_at"), reason=Min("reason"), label=Min("label")
    )
    found = list(counted)
    labels = _labels({group["integration"] for group in found})
    for group in found:
        names = {"provider": labels[group["integration"]], "count": display.number(group["n"]), "label": group["label"]}
        is_one = group["n"] == 1
        problem = (
            _("%(label)s is set aside for %(provider)s")
            if is_one and group["label"]
            else ngettext(
                "%(count)s record is set aside for %(provider)s",
                "%(count)s records are set aside for %(provider)s",
                group["n"],
            )
        )
        yield Row(
            problem=problem % names,
            detail=_(group["reason"]) if is_one else _("Each has its reason and its next step. The others go on."),
            action=_("Open it") if is_one else _("Go through them"),
            url=f"{reverse('integrations:dead_letters')}?integration={group['integration']}",
            since=group["first"],
            amount=group["money"],
            currency=group["currency"],
        )


def blocked_streams(dealership: Dealership) -> Iterator[Row]:
    """Streams that stopped until a setting is changed."""
    configs = SyncConfig.objects.for_dealership(dealership).filter(
        enabled=True, integration__status=Integration.Status.CONNECTED
    )
    for config in configs.exclude(blocked_reason="").select_related("integration"):
        streams = {stream.name: stream.label for stream in config.integration.connector_class.streams}
        names = {"provider": config.integration.label, "stream": _(streams.get(config.stream, config.stream))}
        yield Row(
            problem=_("%(stream)s from %(provider)s stopped") % names,
            detail=_(config.blocked_reason),
            action=_("Change settings"),
            url=config.integration.get_absolute_url(),
            since=config.last_succeeded_at or config.created_at,
        )


def differing_books(dealership: Dealership) -> Iterator[Row]:
    """Integrations whose newest finished proof found differences."""
    ended = Reconciliation.objects.filter(integration=OuterRef("integration"), finished_at__isnull=False)
    newest = ended.order_by("-created_at").values("pk")[:1]
    rows = Reconciliation.objects.for_dealership(dealership).filter(
        pk=Subquery(newest),
        status=Reconciliation.Status.DIFFERENT,
        integration__status=Integration.Status.CONNECTED,
    )
    for proof in rows.select_related("integration"):
        yield Row(
            problem=reconcile.verdict_sentence(proof),
            detail=_("Lotbridge and %(provider)s. Each difference has its cause and its next step.")
            % {"provider": proof.integration.label},
            action=_("View differences"),
            url=proof.get_absolute_url(),
            since=proof.finished_at or proof.created_at,
        )


def _labels(ids: set[UUID]) -> dict[UUID, str]:
    return {i.pk: i.label for i in Integration.objects.filter(pk__in=ids)}


SOURCES = (ended_access, ending_access, set_aside, blocked_streams, differing_books)
