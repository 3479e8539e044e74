"""Signature schemes of inbound webhooks, and what a provider's notification says. All comparisons are constant-time."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class HmacSha256Base64:
    """base64(HMAC-SHA256(secret, raw body)) in one header; no timestamp, so no replay window."""

    header: str

    def verify(self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> bool:
        """True when any of the secrets (two during a rotation) made the signature."""
        given = next((v for k, v in headers.items() if k.lower() == self.header.lower()), "")
        good = False
        for secret in secrets:
            made = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
            good |= hmac.compare_digest(made.encode(), given.encode())
        return good


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One thing that a notification says has changed: a hint to read the object again."""

    remote_account_id: str
    stream: str
    remote_id: str
    dedupe_key: str
    event_type: str
    changed_at: datetime | None = None
