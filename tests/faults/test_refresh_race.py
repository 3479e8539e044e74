"""Many processes, one refresh token that rotates, answers that never arrive: no grant is lost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as hub
from django.utils import timezone
from pytest_django import Settings

from connectors.errors import CredentialError
from integrations.connecting import connector_for
from integrations.credentials import IntegrationTokens
from integrations.models import Credential, Integration
from tests.faults.processes import wait_until
from tests.support.connections import connect, credential_of, dealership_of
from tests.support.simulator import US_REALM, RunningSimulator, running_simulator

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
PROCESSES = 8
ROUNDS = 10


@pytest.fixture
def simulator(tmp_path: Path, settings: Settings) -> Iterator[RunningSimulator]:
    with running_simulator(tmp_path) as running:
        settings.SIMULATOR_URL = running.url
        yield running


@pytest.fixture
def integration(simulator: RunningSimulator) -> Integration:
    return connect(*dealership_of(), US_REALM)


@contextmanager
def refresher(integration: Integration, environment: dict[str, str], *, rounds: int) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.refresher", str(integration.pk), str(rounds)],
        cwd=hub.BASE_DIR,
        env=environment | {"SIMULATOR_URL": hub.SIMULATOR_URL},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.communicate()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def begin(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def test_eight_processes_and_lost_answers_lose_no_grant(
    simulator: RunningSimulator, integration: Integration, child_environment: dict[str, str]
) -> None:
    simulator.faults("drop_after_commit", match="tokens/bearer", every=3)
    simulator.faults("latency", match="tokens/bearer", value=50)

    with ExitStack() as running:
        processes = [
            running.enter_context(refresher(integration, child_environment, rounds=ROUNDS)) for _ in range(PROCESSES)
        ]
        assert [said(process) for process in processes] == ["ready"] * PROCESSES
        for process in processes:
            begin(process)
        brought = " ".join(said(process) for process in processes).split()

    simulator.clear_faults()
    credential = credential_of(integration)
    calls = simulator.state()["calls"]["token:refresh_token"]
    lost_answers = simulator.state()["faults"]["drop_after_commit"]
    assert brought == ["renewed"] * PROCESSES * ROUNDS
    assert lost_answers > 0
    assert credential.generation - 1 == calls - lost_answers
    assert (credential.lease_token, credential.refresh_intent_at, credential.refresh_failures) == (None, None, 0)
    assert Integration.objects.get().status == Integration.Status.CONNECTED
    assert connector_for(integration).check().id == US_REALM


@pytest.mark.parametrize(("grace_seconds", "is_lost"), [(60, False), (0, True)])
def test_a_refresher_that_is_killed_before_its_answer_is_followed_up(
    simulator: RunningSimulator,
    integration: Integration,
    child_environment: dict[str, str],
    grace_seconds: int,
    is_lost: bool,
) -> None:
    simulator.settings(refresh_grace_seconds=grace_seconds)
    simulator.faults("latency", match="tokens/bearer", value=1000, times=1)
    tokens = IntegrationTokens(integration)
    token = tokens.access_token()
    with refresher(integration, child_environment, rounds=1) as process:
        assert said(process) == "ready"
        begin(process)
        wait_until(lambda: simulator.state()["faults"].get("latency") == 1, seconds=10, what="it asks")
        process.kill()
        process.wait()
    wait_until(
        lambda: simulator.state()["calls"].get("token:refresh_token") == 1, seconds=10, what="the provider rotates"
    )
    assert credential_of(integration).refresh_intent_at is not None

    # The lease of the dead runs out.
    Credential.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))

    if is_lost:
        with pytest.raises(CredentialError, match="was lost on the way"):
            tokens.renewed(token)
        assert Integration.objects.get().status == Integration.Status.NEEDS_RECONNECT
        return
    assert tokens.renewed(token) != token
    assert connector_for(integration).check().id == US_REALM
    assert Integration.objects.get().status == Integration.Status.CONNECTED
