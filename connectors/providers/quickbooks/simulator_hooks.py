"""Intuit's webhooks in both forms, signed: the legacy object and the array of CloudEvents."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from itertools import groupby

from connectors.providers.quickbooks.simulator_books import utc_time
from connectors.simulator.messages import dump_json
from connectors.simulator.provider import HookMessage, Notice

VERIFIER_TOKEN = "simulator-verifier-token"
CLOUD_OPERATIONS = {
    "Create": "created",
    "Update": "updated",
    "Delete": "deleted",
    "Void": "voided",
    "Emailed": "emailed",
}


def signature(body: bytes) -> str:
    """The `intuit-signature` of a raw body."""
    return base64.b64encode(hmac.new(VERIFIER_TOKEN.encode(), body, hashlib.sha256).digest()).decode()


def messages(notices: Sequence[Notice], form: str) -> list[HookMessage]:
    """One signed request for all the changes; `form` is legacy or cloudevents."""
    body = dump_json(_legacy(notices) if form == "legacy" else _cloud_events(notices)).encode()
    return [HookMessage(body, {"Content-Type": "application/json", "intuit-signature": signature(body)})]


def _legacy(notices: Sequence[Notice]) -> dict[str, object]:
    by_realm = groupby(sorted(notices, key=lambda notice: notice.account), key=lambda notice: notice.account)
    return {
        "eventNotifications": [
            {"realmId": realm, "dataChangeEvent": {"entities": [_legacy_entity(notice) for notice in group]}}
            for realm, group in by_realm
        ]
    }


def _legacy_entity(notice: Notice) -> dict[str, str]:
    return {
        "name": notice.kind,
        "id": notice.document_id,
        "operation": notice.operation,
        "lastUpdated": utc_time(notice.changed_at).replace("Z", ".000Z"),
    }


def _cloud_events(notices: Sequence[Notice]) -> list[dict[str, object]]:
    return [
        {
            "specversion": "1.0",
            "id": notice.event_id,
            "source": "intuit.c2ltdWxhdG9y",
            "type": f"qbo.{notice.kind.lower()}.{CLOUD_OPERATIONS[notice.operation]}.v1",
            "datacontenttype": "application/json",
            "time": utc_time(notice.changed_at),
            "intuitentityid": notice.document_id,
            "intuitaccountid": notice.account,
            "data": {},
        }
        for notice in notices
    ]
