"""The router at the HTTP seam, and a running simulator."""

from collections.abc import Iterator

import pytest
import responses

from connectors import http
from connectors.providers.quickbooks.connector import QuickBooks
from tests.providers.quickbooks.live import connected
from tests.providers.quickbooks.support import Router
from tests.support.simulator import RunningSimulator, running_simulator


@pytest.fixture
def router(monkeypatch: pytest.MonkeyPatch) -> Iterator[Router]:
    monkeypatch.setattr(http, "QUICK_PAUSE_SECONDS", 0)
    with responses.RequestsMock() as mock:
        yield Router(mock)


@pytest.fixture(scope="session")
def shared_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    with running_simulator(tmp_path_factory.mktemp("simulator")) as simulator:
        yield simulator


@pytest.fixture
def simulator(shared_simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> RunningSimulator:
    monkeypatch.setattr(http, "QUICK_PAUSE_SECONDS", 0)
    shared_simulator.reset()
    return shared_simulator


@pytest.fixture
def quickbooks(simulator: RunningSimulator) -> QuickBooks:
    return connected(simulator)
