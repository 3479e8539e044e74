"""A running simulator per test, and a client that is connected to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulator.client import Client
from tests.support.simulator import RunningSimulator, running_simulator


@pytest.fixture(scope="session")
def shared_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    with running_simulator(tmp_path_factory.mktemp("simulator")) as simulator:
        yield simulator


@pytest.fixture
def simulator(shared_simulator: RunningSimulator) -> RunningSimulator:
    """The shared process, emptied."""
    shared_simulator.reset()
    return shared_simulator


@pytest.fixture
def client(simulator: RunningSimulator) -> Client:
    return Client(simulator)


@pytest.fixture
def own_simulator(tmp_path: Path) -> Iterator[RunningSimulator]:
    """A process that the test may kill."""
    with running_simulator(tmp_path) as simulator:
        yield simulator
