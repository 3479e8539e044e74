"""What notifications say, in both forms."""

import json
from datetime import UTC, datetime

import pytest

from connectors.errors import UnexpectedResponse
from connectors.providers.quickbooks.connector import QuickBooks
from connectors.webhooks import Notice
from tests.providers.quickbooks.support import fixture
from tests.support.spec import Spec


def body(name: str) -> bytes:
    return json.dumps(fixture(name)).encode()


def test_the_fixtures_have_the_provider_s_shape() -> None:
    spec = Spec.load("quickbooks")

    spec.check_schema("CloudEventBatch", fixture("hook__cloud_events"))
    spec.check_schema("LegacyWebhook", fixture("hook__legacy"))


def test_cloud_events() -> None:
    notices = QuickBooks.notices(body("hook__cloud_events"))

    assert notices[0] == Notice(
        remote_account_id="310687",
        stream="customers",
        remote_id="1",
        dedupe_key="0b7f6f4e-52a1-4d55-9d0e-1c1f0a6f7c11",
        event_type="customer.created",
        changed_at=datetime(2026, 3, 1, 10, 15, 30, tzinfo=UTC),
    )
    assert [(n.remote_account_id, n.stream, n.remote_id, n.event_type) for n in notices[1:]] == [
        ("310688", "credit_memos", "250", "creditmemo.voided"),
        ("310687", "vendors", "71", "vendor.merged"),
        ("310687", "vendors", "70", "vendor.merged"),
        ("310687", "", "9", "estimate.updated"),
    ]


def test_the_older_form() -> None:
    notices = QuickBooks.notices(body("hook__legacy"))

    assert [(n.stream, n.remote_id, n.event_type) for n in notices] == [
        ("customers", "1", "customer.created"),
        ("vendors", "71", "vendor.merged"),
        ("vendors", "70", "vendor.merged"),
        ("", "9", "estimate.emailed"),
    ]
    assert notices[0].dedupe_key == "310687:Customer:1:Create:2026-03-01T10:15:30.000Z"


@pytest.mark.parametrize("name", ["hook__cloud_events", "hook__legacy"])
def test_every_notice_has_a_key_of_its_own(name: str) -> None:
    notices = QuickBooks.notices(body(name))

    assert len({notice.dedupe_key for notice in notices}) == len(notices)


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"<html>",
        b"{}",
        b"7",
        b"null",
        b'["x"]',
        b'[{"type":"qbo.customer.created.v1"}]',
        b'[{"type":"strange"}]',
        b'{"eventNotifications":[7]}',
        b'{"eventNotifications":[{"realmId":"1","dataChangeEvent":{"entities":[{"name":"Customer"}]}}]}',
        b'[{"id":"1","type":"qbo.customer.created.v1","time":"now","intuitentityid":"1","intuitaccountid":"2"}]',
    ],
)
def test_anything_else_is_unexpected(given: bytes) -> None:
    with pytest.raises(UnexpectedResponse):
        QuickBooks.notices(given)


def test_a_notification_about_nothing_says_nothing() -> None:
    assert QuickBooks.notices(b"[]") == []
    assert QuickBooks.notices(b'{"eventNotifications":[]}') == []
