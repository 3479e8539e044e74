"""One simulator process for all tests of the sync; each test starts with empty companies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from connectors import http
from tests.integrations import sync_cases
from tests.support.simulator import RunningSimulator, running_simulator


@pytest.fixture(scope="session")
def company_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    with running_simulator(tmp_path_factory.mktemp("companies")) as process:
        yield process


@pytest.fixture
def simulator(company_process: RunningSimulator, settings: Settings) -> RunningSimulator:
    company_process.reset()
    company_process.clear_faults()
    settings.SIMULATOR_URL = company_process.url
    return company_process


@pytest.fixture
def both(simulator: RunningSimulator, db: None) -> sync_cases.BothSides:
    """A dealership connected to the American company; nothing was synced yet."""
    return sync_cases.connected(simulator)


@pytest.fixture
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's quick tries follow each other at once."""
    monkeypatch.setattr(http, "QUICK_PAUSE_SECONDS", 0)
