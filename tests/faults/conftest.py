"""`hub`: a whole hub on a database of its own, on the engines that the test's module names; with --full on all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker, Settings

from tests.faults.databases import BOTH, Templates, used
from tests.faults.hub import Hub, hub_at


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Iterator[Templates]:
    made = Templates(tmp_path_factory.mktemp("templates"))
    yield made
    made.drop()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "hub" in metafunc.fixturenames:
        engines = BOTH if metafunc.config.option.full else metafunc.module.ENGINES
        metafunc.parametrize("hub", engines, indirect=True)


@pytest.fixture
def hub(
    request: pytest.FixtureRequest,
    templates: Templates,
    tmp_path: Path,
    settings: Settings,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Hub]:
    with (
        django_db_blocker.unblock(),
        templates.copy(request.param, tmp_path) as address,
        used(address),
        hub_at(address, tmp_path, settings) as made,
    ):
        yield made
