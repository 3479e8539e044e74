"""The signature scheme of QuickBooks against vectors that other implementations made."""

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.webhooks import HmacSha256Base64

VECTORS = Path(__file__).resolve().parents[1] / "data" / "webhook-signature-vectors.json"
SCHEME = HmacSha256Base64("intuit-signature")
CLOUD_EVENT = (
    '[{"specversion":"1.0","id":"0b7f6f4e-52a1-4d55-9d0e-1c1f0a6f7c11","source":"intuit.c2FtcGxl",'
    '"type":"qbo.customer.created.v1","datacontenttype":"application/json","time":"2026-03-01T10:15:30Z",'
    '"intuitentityid":"1","intuitaccountid":"310687","data":{}}]'
)
LEGACY = (
    '{"eventNotifications":[{"realmId":"310687","dataChangeEvent":{"entities":[{"name":"Customer","id":"1",'
    '"operation":"Create","lastUpdated":"2026-03-01T10:15:30.000Z"}]}}]}'
)


def vectors() -> list[dict[str, Any]]:
    everything = json.loads(VECTORS.read_text("utf-8"))["vectors"]
    return [vector for vector in everything if vector["provider"] == "quickbooks"]


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector["id"])
def test_it_agrees_with_the_vector(vector: dict[str, Any]) -> None:
    secrets = vector["secret"] if isinstance(vector["secret"], list) else [vector["secret"]]

    assert SCHEME.verify(vector["body"].encode(), vector["headers"], secrets) is vector["valid"]


def test_there_are_vectors() -> None:
    assert len(vectors()) == 9


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (LEGACY, "859NiLmGAR7aNZMuO9YrT/dIkombaaBtn7/fx+F2aQA="),
        (CLOUD_EVENT, "ugcHn7AIotgDBxuB68DScD/f4vWjSZo6QCpVmokKEZQ="),
    ],
)
def test_it_agrees_with_the_signed_examples(body: str, signature: str) -> None:
    assert SCHEME.verify(body.encode(), {"Intuit-Signature": signature}, ["verifier-token-1"])


def test_it_refuses_without_any_secret() -> None:
    assert not SCHEME.verify(b"{}", {"intuit-signature": ""}, [])


def test_a_signature_that_is_not_ascii_is_only_wrong() -> None:
    assert not SCHEME.verify(b"{}", {"intuit-signature": "é"}, ["secret"])
