"""A connected dealership, and QuickBooks' way of calling."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from dealership.models import Dealership
from integrations.models import Integration, OAuthClient, SyncConfig

SECRET = "verifier-token-1"
LEGACY = (
    b'{"eventNotifications":[{"realmId":"310687","dataChangeEvent":{"entities":[{"name":"Customer","id":"1",'
    b'"operation":"Create","lastUpdated":"2026-03-01T10:15:30.000Z"}]}}]}'
)
LEGACY_SIGNATURE = "859NiLmGAR7aNZMuO9YrT/dIkombaaBtn7/fx+F2aQA="
CLOUD_EVENTS = (
    b'[{"specversion":"1.0","id":"0b7f6f4e-52a1-4d55-9d0e-1c1f0a6f7c11","source":"intuit.c2FtcGxl",'
    b'"type":"qbo.customer.created.v1","datacontenttype":"application/json","time":"2026-03-01T10:15:30Z",'
    b'"intuitentityid":"1","intuitaccountid":"310687","data":{}}]'
)
CLOUD_EVENTS_SIGNATURE = "ugcHn7AIotgDBxuB68DScD/f4vWjSZo6QCpVmokKEZQ="


@pytest.fixture
def oauth_client(db: None) -> OAuthClient:
    return OAuthClient.objects.create(
        provider="quickbooks", environment="production", client_id="app", client_secret="s", webhook_secret=SECRET
    )


@pytest.fixture
def connect(db: None) -> Callable[..., Integration]:
    """A connected integration with settings for the named streams."""

    def make(realm: str = "310687", streams: tuple[str, ...] = ("customers", "invoices"), **facts: Any) -> Integration:
        dealership = Dealership.objects.create(name=f"Motors {realm}", slug=f"motors-{Dealership.objects.count()}")
        integration: Integration = Integration.objects.create(
            **{
                "dealership": dealership,
                "provider": "quickbooks",
                "environment": "production",
                "remote_account_id": realm,
                "status": Integration.Status.CONNECTED,
                **facts,
            }
        )
        for rank, stream in enumerate(streams):
            SyncConfig.objects.create(dealership=dealership, integration=integration, stream=stream, rank=rank)
        return integration

    return make


@pytest.fixture
def send(client: Client) -> Callable[..., Any]:
    """One call of the provider, signed unless a signature is given."""

    def post(
        body: bytes,
        *,
        signature: str | None = None,
        secret: str = SECRET,
        path: str = "/hooks/quickbooks/",
        **extra: Any,
    ) -> Any:
        headers = {"intuit-signature": sign(body, secret) if signature is None else signature}
        return client.post(path, body, content_type="application/json", headers=headers, **extra)

    return post


def sign(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
