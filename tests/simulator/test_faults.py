"""Faults on purpose, rate limits, and kill -9."""

from __future__ import annotations

import os
import threading
import time

import pytest
import requests

from tests.simulator.client import Client
from tests.support.simulator import RunningSimulator

CREATE = "POST .*/customer"


def test_latency_delays_only_what_matches(simulator: RunningSimulator, client: Client) -> None:
    simulator.faults("latency", match="/query", value=300, times=1)

    def seconds() -> float:
        started = time.monotonic()
        client.query("select * from Item")
        return time.monotonic() - started

    assert seconds() >= 0.3
    assert seconds() < 0.3


def test_a_status_fault_changes_nothing_and_stops_after_its_times(simulator: RunningSimulator, client: Client) -> None:
    simulator.faults("error_before", match=CREATE, times=2)
    body = {"DisplayName": "Ana"}

    answers = [client.send("POST", "customer", body=body).status_code for _ in range(3)]

    assert answers == [500, 500, 200]
    assert len(simulator.entities("Customer")) == 1
    assert simulator.state()["faults"] == {"error_before": 2}


def test_an_error_after_commit_is_healed_by_the_same_requestid(simulator: RunningSimulator, client: Client) -> None:
    simulator.faults("error_after_commit", match=CREATE, times=1)
    query, body = {"requestid": "r-1"}, {"DisplayName": "Ana"}

    lost = client.send("POST", "customer", query=query, body=body)
    found = client.send("POST", "customer", query=query, body=body)

    assert (lost.status_code, found.status_code) == (500, 200)
    assert len(simulator.entities("Customer")) == 1


@pytest.mark.parametrize(("kind", "left"), [("drop", 0), ("drop_after_commit", 1)])
def test_a_dropped_connection(simulator: RunningSimulator, client: Client, kind: str, left: int) -> None:
    simulator.faults(kind, match=CREATE, times=1)

    with pytest.raises(requests.ConnectionError):
        client.send("POST", "customer", body={"DisplayName": "Ana"})

    assert len(simulator.entities("Customer")) == left


def test_throttle_carries_retry_after(simulator: RunningSimulator, client: Client) -> None:
    simulator.faults("throttle", match="/query", retry_after=2, times=1)

    answer = client.send("GET", "query", query={"query": "select * from Item"})

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
    assert answer.json()["Fault"]["Error"][0]["code"] == "003001"


def test_a_gateway_page_is_html(simulator: RunningSimulator, client: Client) -> None:
    simulator.faults("html", match="/query", times=1)

    answer = requests.get(
        f"{simulator.base}/v3/company/{client.realm}/query",
        params={"query": "select * from Item"},
        headers={"Authorization": f"Bearer {client.access_token}"},
        timeout=10,
    )

    assert answer.status_code == 502
    assert answer.headers["Content-Type"].startswith("text/html")


def test_expired_tokens_can_be_refreshed_and_revoked_ones_cannot(simulator: RunningSimulator) -> None:
    client = Client(simulator)
    refresh_token = simulator.connect()["refresh_token"]

    simulator.faults("expire_tokens", match="/preferences", times=1)
    assert client.send("GET", "preferences").status_code == 401
    refreshed = simulator.token(grant_type="refresh_token", refresh_token=refresh_token)
    assert refreshed.status_code == 200

    simulator.faults("revoke", match="/preferences", times=1)
    client.access_token = refreshed.json()["access_token"]
    assert client.send("GET", "preferences").status_code == 401
    newest = refreshed.json()["refresh_token"]
    assert simulator.token(grant_type="refresh_token", refresh_token=newest).json()["error"] == "invalid_grant"


def test_every_nth_and_a_seeded_probability_repeat_exactly(simulator: RunningSimulator, client: Client) -> None:
    def run(**rule: object) -> list[int]:
        simulator.clear_faults()
        simulator.faults("status", value=503, match="/preferences", **rule)
        url = f"{simulator.base}/v3/company/{client.realm}/preferences"
        headers = {"Authorization": f"Bearer {client.access_token}"}
        return [simulator.session.get(url, headers=headers, timeout=10).status_code for _ in range(12)]

    assert run(every=3) == [200, 200, 503] * 4
    first = run(probability=0.5, seed=7)
    assert set(first) == {200, 503}
    assert run(probability=0.5, seed=7) == first


def test_a_rule_that_makes_no_sense_is_refused(simulator: RunningSimulator) -> None:
    for rule in ({"kind": "explode"}, {"kind": "drop", "match": "("}, {"kind": "drop", "often": 1}):
        answer = requests.post(f"{simulator.url}/_control/faults", json=rule, timeout=10)
        assert answer.status_code == 400
        assert answer.json()["error"]


def test_five_hundred_requests_a_minute_and_forty_batches(simulator: RunningSimulator, client: Client) -> None:
    simulator.settings(limits=True)
    item = [{"bId": "1", "Query": "select count(*) from Item"}]
    body = {"BatchItemRequest": item}

    batches = [client.send("POST", "batch", body=body) for _ in range(41)]
    singles = [client.send("GET", "preferences").status_code for _ in range(460)]

    assert [answer.status_code for answer in batches] == [200] * 40 + [429]
    assert 1 <= int(batches[-1].headers["Retry-After"]) <= 60
    assert singles.count(429) == 1
    simulator.settings(clock_offset_seconds=61)
    assert client.send("GET", "preferences").status_code == 200


def test_more_than_ten_in_flight_are_refused(simulator: RunningSimulator, client: Client) -> None:
    simulator.settings(limits=True, latency_ms=400)
    statuses: list[int] = []

    def ask() -> None:
        url = f"{simulator.base}/v3/company/{client.realm}/preferences"
        answer = requests.get(url, headers={"Authorization": f"Bearer {client.access_token}"}, timeout=10)
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=ask) for _ in range(14)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [200] * 10 + [429] * 4


def test_a_batch_of_writes_is_fast(client: Client) -> None:
    def items(batch: int) -> list[dict[str, object]]:
        names = [f"Customer {batch}-{n}" for n in range(30)]
        return [
            {"bId": str(n), "operation": "create", "Customer": {"DisplayName": name}} for n, name in enumerate(names)
        ]

    started = time.monotonic()
    for batch in range(10):
        client.send("POST", "batch", body={"BatchItemRequest": items(batch)})

    assert 300 / (time.monotonic() - started) > 300


@pytest.mark.faults
def test_what_was_answered_survives_kill_nine(own_simulator: RunningSimulator) -> None:
    client = Client(own_simulator)
    simulator = own_simulator
    simulator.faults("latency", match="nothing", value=1)

    first = client.post("Customer", {"DisplayName": "Ana"}, requestid="r-1")
    simulator.kill()
    simulator.restart()
    again = client.post("Customer", {"DisplayName": "Ana"}, requestid="r-1")

    assert again == first
    assert len(simulator.entities("Customer")) == 1
    assert simulator.state()["calls"]["replay"] == 1
    assert len(simulator.call("GET", "/_control/faults")["faults"]) == 1


@pytest.mark.faults
def test_a_kill_in_the_middle_of_writes_loses_no_answered_one(own_simulator: RunningSimulator) -> None:
    client = Client(own_simulator)
    answered: list[str] = []

    def write_on() -> None:
        for number in range(10_000):
            try:
                answered.append(client.customer(f"Customer {number}")["DisplayName"])
            except requests.RequestException:
                return

    writer = threading.Thread(target=write_on)
    writer.start()
    while len(answered) < 50:
        os.sched_yield()
    own_simulator.kill()
    writer.join()
    own_simulator.restart()

    kept = {row["DisplayName"] for row in own_simulator.entities("Customer")}
    assert set(answered) <= kept
    assert len(kept) - len(answered) <= 1


@pytest.mark.faults
def test_a_polite_stop_is_quick(own_simulator: RunningSimulator) -> None:
    client = Client(own_simulator)
    client.query("select * from Item")

    started = time.monotonic()
    own_simulator.stop()

    assert own_simulator.process.returncode == 0
    assert time.monotonic() - started < 2
