"""What each connected system says of a record: "QuickBooks: Agrees, as #1045". A fixed number of queries."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from connectors.streams import Stream
from dealership.badges import Badge
from dealership.models import Dealership
from integrations import dead_letters
from integrations.canon import MODELS
from integrations.models import DeadLetter, Integration, RecordLink, SyncConfig

NEVER_SENT_STATUSES = ("draft", "void")


@dataclass(frozen=True)
class _Way:
    """A stream of a connected integration by which such records leave Lotbridge."""

    integration: Integration
    stream: Stream


def of_records(dealership: Dealership, record_type: str, ids: Sequence[UUID]) -> dict[UUID, list[Badge]]:
    """For `dealership.badges`: one badge a record and integration, in the order of the integrations."""
    model = MODELS.get(record_type)
    if model is None:
        return {}
    integrations = {i.pk: i for i in Integration.objects.for_dealership(dealership).order_by("created_at")}
    if not integrations:
        return {}
    ways = _ways_out(integrations, record_type)
    links = _by_record(RecordLink.objects.for_dealership(dealership), record_type, ids)
    open_letters = DeadLetter.objects.for_dealership(dealership).filter(status__in=dead_letters.OPEN)
    letters = _by_record(open_letters, record_type, ids)
    found: dict[UUID, list[Badge]] = {}
    for record in model.objects.for_dealership(dealership).filter(pk__in=list(ids)).values():
        own = [
            _badge(
                integration,
                record,
                links.get((pk, record["id"])),
                letters.get((pk, record["id"])),
                ways=ways[pk],
                others=integrations.values(),
            )
            for pk, integration in integrations.items()
        ]
        found[record["id"]] = [badge for badge in own if badge]
    return found


def _label(integration: Integration, others: Collection[Integration]) -> str:
    """The provider; with its account where the dealership has several of the same."""
    same = sum(other.provider == integration.provider for other in others)
    return str(integration) if same > 1 else integration.label


def _by_record(rows: Any, record_type: str, ids: Sequence[UUID]) -> dict[tuple[UUID, UUID], Any]:
    wanted = rows.filter(record_type=record_type, local_id__in=list(ids))
    return {(row.integration_id, row.local_id): row for row in wanted}


def _ways_out(integrations: dict[UUID, Integration], record_type: str) -> dict[UUID, list[_Way]]:
    ways: dict[UUID, list[_Way]] = defaultdict(list)
    connected = [pk for pk, i in integrations.items() if i.status != Integration.Status.DISCONNECTED]
    configs = SyncConfig.objects.filter(integration__in=connected, enabled=True)
    for config in configs:
        integration = integrations[config.integration_id]
        streams = {stream.name: stream for stream in integration.connector_class.streams}
        stream = streams.get(config.stream)
        if stream is not None and stream.push and stream.maps_to == record_type and config.pushes:
            ways[config.integration_id].append(_Way(integration, stream))
    return ways


def _badge(
    integration: Integration,
    record: dict[str, Any],
    link: RecordLink | None,
    letter: DeadLetter | None,
    *,
    ways: list[_Way],
    others: Collection[Integration],
) -> Badge | None:
    label, url = _label(integration, others), integration.get_absolute_url()
    note = _("as #%(id)s") % {"id": link.remote_id} if link is not None and link.remote_id else ""
    goes_out = any(all(record.get(k) == v for k, v in way.stream.where.items()) for way in ways)
    if letter is not None:
        aside = f"{reverse('integrations:dead_letters')}?integration={integration.pk}"
        return Badge(label, _("Set aside"), aside, "wait", note or _(letter.reason), letter.created_at)
    if link is None:
        unsent = goes_out and not record["deleted_at"] and record.get("status") not in NEVER_SENT_STATUSES
        return Badge(label, _("Waiting to be sent"), url, "wait") if unsent else None
    if integration.status == Integration.Status.DISCONNECTED:
        return Badge(label, _("Not connected"), url, "off", note, link.agreed_at)
    if link.remote_deleted_at is not None:
        return Badge(label, _("Gone there"), url, "off", note, link.remote_deleted_at)
    if link.local_version == record["version"]:
        return Badge(label, _("Agrees"), url, "good", note, link.agreed_at)
    if link.refused_version == record["version"]:
        return Badge(label, _("Not sent"), url, "off", note, link.agreed_at)
    if goes_out:
        return Badge(label, _("Waiting to be sent"), url, "wait", note, link.agreed_at)
    return Badge(label, _("Changed here only"), url, "off", note, link.agreed_at)
