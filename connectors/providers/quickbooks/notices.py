"""What QuickBooks' notifications say, in the form of CloudEvents and in the older one.

Both carry no data, only what to read again. Announced end of the older form: 15 May 2026, later reported as
31 July 2026 (Intuit Developer blog, 2025-11-12), so both are read.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from connectors import values
from connectors.errors import RejectedRecord, UnexpectedResponse
from connectors.providers.quickbooks.streams import ENTITIES
from connectors.text import text
from connectors.webhooks import Notice

_STREAMS = {entity.lower(): stream for stream, entity in ENTITIES.items()}
_ACTS = {
    "create": "created",
    "update": "updated",
    "delete": "deleted",
    "merge": "merged",
    "void": "voided",
    "emailed": "emailed",
}


def read(body: bytes) -> list[Notice]:
    """What has changed where; an entity that is not synchronised has an empty stream."""
    try:
        said = json.loads(body)
        if isinstance(said, list):
            return [notice for event in said for notice in _cloud_event(event)]
        return [notice for part in said["eventNotifications"] for notice in _legacy(part)]
    except (ValueError, KeyError, TypeError, AttributeError, RejectedRecord):
        raise UnexpectedResponse(text("The notification is not in a form that QuickBooks uses.")) from None


def _cloud_event(event: Mapping[str, Any]) -> Iterator[Notice]:
    _qbo, entity, act, _version = event["type"].split(".")
    gone = (event.get("data") or {}).get("deletedid")
    for suffix, remote_id in _touched(str(event["intuitentityid"]), gone):
        yield Notice(
            remote_account_id=str(event["intuitaccountid"]),
            stream=_STREAMS.get(entity.lower(), ""),
            remote_id=remote_id,
            dedupe_key=str(event["id"]) + suffix,
            event_type=f"{entity.lower()}.{act}",
            changed_at=values.instant(event.get("time"), "time"),
        )


def _legacy(part: Mapping[str, Any]) -> Iterator[Notice]:
    for entity in (part.get("dataChangeEvent") or {}).get("entities") or []:
        realm_id, name, act = str(part["realmId"]), entity["name"], entity["operation"]
        # There is no event id: these together are one.
        key = ":".join([realm_id, name, str(entity["id"]), act, entity.get("lastUpdated", "")])
        for suffix, remote_id in _touched(str(entity["id"]), entity.get("deletedId")):
            yield Notice(
                remote_account_id=realm_id,
                stream=_STREAMS.get(name.lower(), ""),
                remote_id=remote_id,
                dedupe_key=key + suffix,
                event_type=f"{name.lower()}.{_ACTS.get(act.lower(), act.lower())}",
                changed_at=values.instant(entity.get("lastUpdated"), "lastUpdated"),
            )


def _touched(remote_id: str, gone: Any) -> Iterator[tuple[str, str]]:
    """A merge touches two: the one that stays and the one that went into it."""
    yield "", remote_id
    if gone:
        yield f":{gone}", str(gone)
