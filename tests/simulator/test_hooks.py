"""Signed webhooks to the hub."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from connectors.providers.quickbooks.simulator_hooks import VERIFIER_TOKEN
from tests.support.simulator import US_REALM, RunningSimulator
from tests.support.spec import Spec


class Receiver:
    """A hub that takes webhooks, after refusing the first `refusals` of them."""

    def __init__(self) -> None:
        self.received: queue.Queue[tuple[bytes, str]] = queue.Queue()
        self.refusals = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                refused = receiver.refusals > 0
                receiver.refusals -= int(refused)
                if not refused:
                    receiver.received.put((body, self.headers["intuit-signature"]))
                self.send_response(500 if refused else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hooks/quickbooks/"

    def next(self) -> Any:
        """The next body, its signature checked."""
        body, signature = self.received.get(timeout=10)
        digest = hmac.new(VERIFIER_TOKEN.encode(), body, hashlib.sha256).digest()
        assert signature == base64.b64encode(digest).decode()
        return json.loads(body)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_changes_travel_together_as_cloud_events(simulator: RunningSimulator, receiver: Receiver) -> None:
    simulator.connect()
    simulator.settings(hooks_url=receiver.url)

    customer = simulator.write("Customer", {"DisplayName": "Ana"})
    simulator.write("Customer", {"Id": customer["Id"], "sparse": True, "Notes": "x"})
    events = receiver.next()

    Spec.load("quickbooks").check_schema("CloudEventBatch", events)
    assert [event["type"] for event in events] == ["qbo.customer.created.v1", "qbo.customer.updated.v1"]
    assert {event["intuitaccountid"] for event in events} == {US_REALM}
    assert len({event["id"] for event in events}) == 2


def test_the_legacy_form(simulator: RunningSimulator, receiver: Receiver) -> None:
    simulator.connect()
    simulator.settings(hooks_url=receiver.url, hook_format="legacy")

    simulator.write("Vendor", {"DisplayName": "Parts Co"})
    body = receiver.next()

    Spec.load("quickbooks").check_schema("LegacyWebhook", body)
    entity = body["eventNotifications"][0]["dataChangeEvent"]["entities"][0]
    assert (entity["name"], entity["id"], entity["operation"]) == ("Vendor", "1", "Create")


def test_only_connected_companies_send(simulator: RunningSimulator, receiver: Receiver) -> None:
    simulator.settings(hooks_url=receiver.url)

    simulator.write("Customer", {"DisplayName": "Unheard"})

    assert simulator.state()["hooks"]["waiting"] == 0


def test_a_refused_webhook_is_sent_again(simulator: RunningSimulator, receiver: Receiver) -> None:
    simulator.connect()
    receiver.refusals = 1
    simulator.settings(hooks_url=receiver.url)

    simulator.write("Customer", {"DisplayName": "Ana"})

    assert len(receiver.next()) == 1


def test_duplicates_and_reordering_can_be_switched_on(simulator: RunningSimulator, receiver: Receiver) -> None:
    simulator.connect()
    simulator.settings(hooks_url=receiver.url, hook_duplicate=True, hook_reorder=True)

    for name in ("Ana", "Bo"):
        simulator.write("Customer", {"DisplayName": name})
    ids = [receiver.next()[0]["intuitentityid"] for _ in range(4)]

    assert ids == ["2", "2", "1", "1"]
