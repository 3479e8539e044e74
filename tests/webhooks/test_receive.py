"""Messages of QuickBooks at the door: what is believed, what is kept, what is answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django_q.models import OrmQ

from dealership.models import User
from integrations.models import Integration, OAuthClient
from tests.webhooks.conftest import (
    CLOUD_EVENTS,
    CLOUD_EVENTS_SIGNATURE,
    LEGACY,
    LEGACY_SIGNATURE,
    SECRET,
    sign,
)
from webhooks.models import InboundBody, InboundWebhook, RefusedWebhook

Status = InboundWebhook.Status
Connect = Callable[..., Integration]
Send = Callable[..., Any]


def event(entity: str, remote_id: str, *, realm: str = "310687", key: str = "") -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": key or f"{realm}-{entity}-{remote_id}",
        "type": f"qbo.{entity}.updated.v1",
        "time": "2026-03-01T10:15:30Z",
        "intuitentityid": remote_id,
        "intuitaccountid": realm,
    }


def body_of(*events: dict[str, Any]) -> bytes:
    return json.dumps(list(events)).encode()


def refusals() -> list[tuple[str, int]]:
    return list(RefusedWebhook.objects.order_by("reason").values_list("reason", "count"))


@pytest.mark.parametrize(
    ("body", "signature"), [(LEGACY, LEGACY_SIGNATURE), (CLOUD_EVENTS, CLOUD_EVENTS_SIGNATURE)], ids=["legacy", "cloud"]
)
def test_it_stores_both_formats(
    body: bytes, signature: str, oauth_client: OAuthClient, connect: Connect, send: Send
) -> None:
    integration = connect()

    answer = send(body, signature=signature)

    assert (answer.status_code, answer.json()) == (200, {"received": True})
    stored = InboundWebhook.objects.get()
    assert (stored.integration, stored.dealership, stored.environment) == (
        integration,
        integration.dealership,
        "production",
    )
    assert (stored.stream, stored.remote_id, stored.event_type) == ("customers", "1", "customer.created")
    assert stored.status == Status.RECEIVED
    assert bytes(stored.body.content) == body
    assert OrmQ.objects.count() == 1


@pytest.mark.parametrize(
    "path", ["/webhook/quickbooks", "/api/webhooks/quickbooks", "/api/integrations/quickbooks/webhook"]
)
def test_the_addresses_given_before_still_work(
    path: str, oauth_client: OAuthClient, connect: Connect, send: Send
) -> None:
    connect()

    answer = send(CLOUD_EVENTS, path=path)

    assert (answer.status_code, answer.json()) == (200, {"received": True})
    assert InboundWebhook.objects.count() == 1


def test_a_message_that_comes_twice_is_stored_once(oauth_client: OAuthClient, connect: Connect, send: Send) -> None:
    connect()

    answers = [send(CLOUD_EVENTS).status_code for _time in range(3)]

    assert answers == [200, 200, 200]
    assert (InboundWebhook.objects.count(), InboundBody.objects.count()) == (1, 1)


def test_notices_that_come_again_in_another_order_are_stored_once(
    oauth_client: OAuthClient, connect: Connect, send: Send
) -> None:
    connect()
    one, two = event("invoice", "1"), event("invoice", "2")

    send(body_of(two, one))
    send(body_of(one))
    send(body_of(one, two))

    assert sorted(InboundWebhook.objects.values_list("remote_id", flat=True)) == ["1", "2"]


def test_one_message_of_two_companies_reaches_both(oauth_client: OAuthClient, connect: Connect, send: Send) -> None:
    first, second = connect("310687"), connect("999")

    send(body_of(event("invoice", "1"), event("invoice", "1", realm="999")))

    assert set(InboundWebhook.objects.values_list("integration", flat=True)) == {first.pk, second.pk}
    assert InboundBody.objects.count() == 1


def test_an_altered_message_is_refused_and_only_counted(
    oauth_client: OAuthClient, connect: Connect, send: Send
) -> None:
    connect()

    answers = [
        send(CLOUD_EVENTS.replace(b"310687", b"310688"), signature=CLOUD_EVENTS_SIGNATURE),
        send(CLOUD_EVENTS, signature=""),
        send(CLOUD_EVENTS, secret=""),
        send(CLOUD_EVENTS, signature="ünsigned"),
    ]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 401]
    assert answers[0].headers["Content-Type"] == "application/problem+json"
    assert InboundWebhook.objects.count() == InboundBody.objects.count() == OrmQ.objects.count() == 0
    assert refusals() == [("signature", 4)]


def test_nobody_can_sign_where_no_secret_is_set(oauth_client: OAuthClient, send: Send) -> None:
    OAuthClient.objects.update(webhook_secret="", former_webhook_secret="")

    assert send(CLOUD_EVENTS, secret="").status_code == 401


def test_it_takes_the_former_secret_while_they_change(oauth_client: OAuthClient, connect: Connect, send: Send) -> None:
    connect()
    OAuthClient.objects.filter(pk=oauth_client.pk).update(
        webhook_secret="verifier-token-2", former_webhook_secret=SECRET
    )

    answers = [
        send(body_of(event("invoice", "1")), secret=SECRET),
        send(body_of(event("invoice", "2")), secret="verifier-token-2"),
        send(body_of(event("invoice", "3")), secret="verifier-token-3"),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 401]


def test_the_secret_says_which_environment_is_meant(oauth_client: OAuthClient, connect: Connect, send: Send) -> None:
    OAuthClient.objects.create(
        provider="quickbooks", environment="sandbox", client_id="app", client_secret="s", webhook_secret="sand"
    )
    connect()
    sandbox = connect(environment="sandbox")

    send(CLOUD_EVENTS, secret="sand")

    assert InboundWebhook.objects.get().integration == sandbox


def test_an_account_nobody_connected_is_kept_apart(oauth_client: OAuthClient, connect: Connect, send: Send) -> None:
    connect("310687", status=Integration.Status.DISCONNECTED)

    answer = send(CLOUD_EVENTS)

    assert answer.status_code == 200
    assert InboundWebhook.objects.get().status == Status.UNKNOWN_ACCOUNT
    assert OrmQ.objects.count() == 0


def test_a_kind_of_record_that_is_not_synced_is_acknowledged(
    oauth_client: OAuthClient, connect: Connect, send: Send
) -> None:
    connect()

    answer = send(body_of(event("estimate", "1")))

    assert answer.status_code == 200
    assert InboundWebhook.objects.get().status == Status.IGNORED
    assert OrmQ.objects.count() == 0


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"no json", b'{"eventNotifications":[1]}', b"[1]", b"[" * 99_999],
    ids=["empty", "object", "text", "legacy", "cloud", "deep"],
)
def test_a_signed_message_that_makes_no_sense_is_refused_and_counted(
    body: bytes, oauth_client: OAuthClient, send: Send
) -> None:
    answer = send(body)

    assert answer.status_code == 400
    assert InboundWebhook.objects.count() == InboundBody.objects.count() == 0
    assert refusals() == [("malformed", 1)]


def test_a_message_that_is_too_large_is_refused_before_it_is_read(oauth_client: OAuthClient, send: Send) -> None:
    body = b"[" + b" " * 1024 * 1024 + b"]"

    assert send(body).status_code == 413
    assert send(body[:-1]).status_code == 413
    assert InboundBody.objects.count() == RefusedWebhook.objects.count() == 0


def test_the_announced_size_is_enough_to_refuse(oauth_client: OAuthClient, send: Send) -> None:
    assert send(CLOUD_EVENTS, CONTENT_LENGTH="1048577").status_code == 413


def test_other_doors_are_closed(oauth_client: OAuthClient, client: Client, send: Send) -> None:
    assert send(CLOUD_EVENTS, path="/hooks/nobody/").status_code == 404
    assert client.get("/hooks/quickbooks/").status_code == 405


def test_overlong_values_are_stored_as_far_as_they_fit(oauth_client: OAuthClient, connect: Connect, send: Send) -> None:
    connect()
    long_key = "k" * 500

    answers = [send(body_of(event("invoice", "9" * 300, key=long_key + end))) for end in ("a", "b", "a")]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert InboundWebhook.objects.count() == 2
    assert {len(row.remote_id) for row in InboundWebhook.objects.all()} == {100}


def test_nul_characters_do_not_break_the_store(oauth_client: OAuthClient, connect: Connect, send: Send) -> None:
    connect()

    assert send(body_of(event("invoice", "1\0", key="a\0b"))).status_code == 200
    assert InboundWebhook.objects.get().remote_id == "1"


def test_receiving_takes_a_fixed_number_of_queries(
    oauth_client: OAuthClient, connect: Connect, send: Send, django_assert_num_queries: Any
) -> None:
    connect()

    for notices in (1, 60):
        with django_assert_num_queries(10):
            send(body_of(*(event("invoice", f"{notices}-{number}") for number in range(notices))))

    assert InboundWebhook.objects.count() == 61


def test_staff_reads_the_message_in_the_admin(oauth_client: OAuthClient, connect: Connect, send: Send) -> None:
    connect()
    send(CLOUD_EVENTS)
    staff = Client()
    staff.force_login(User.objects.create_superuser("staff@example.com"))
    webhook = InboundWebhook.objects.get()

    page = staff.get(f"/admin/webhooks/inboundwebhook/{webhook.pk}/change/").content.decode()

    assert "qbo.customer.created.v1" in page
    assert SECRET not in page
    assert staff.get("/admin/webhooks/inboundwebhook/").status_code == 200
    assert staff.get("/admin/webhooks/refusedwebhook/").status_code == 200


def test_the_helper_signs_like_the_vectors() -> None:
    assert (sign(LEGACY), sign(CLOUD_EVENTS)) == (LEGACY_SIGNATURE, CLOUD_EVENTS_SIGNATURE)
