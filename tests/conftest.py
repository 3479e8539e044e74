"""What every test may use, and which tests run by default."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from urllib.parse import quote

import pytest
from django.db import connection
from django.utils.module_loading import import_string

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
LONG_MARKERS = ("faults", "browser", "live")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="full counts instead of the quick ones")


def pytest_configure(config: pytest.Config) -> None:
    if config.option.markexpr:
        return
    left_out = LONG_MARKERS if config.option.full else (*LONG_MARKERS, "full")
    config.option.markexpr = " and ".join(f"not {marker}" for marker in left_out)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.get("LOTBRIDGE_TEST_FOLDER", ""), ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if find_chromium() or os.environ.get("CI"):
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason="chromium is not installed"))


def find_chromium() -> str | None:
    """The path of an installed browser that Playwright can drive."""
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


@pytest.fixture(scope="session")
def chromium() -> str:
    path = find_chromium()
    assert path, "browser tests need chromium"
    return path


@pytest.fixture(scope="session")
def full(request: pytest.FixtureRequest) -> bool:
    """Whether the full counts were asked for."""
    return bool(request.config.getoption("--full"))


@pytest.fixture
def child_environment(transactional_db: None) -> dict[str, str]:
    """The environment with which a child process works on this test's own database."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{database['NAME']}"
    else:
        login = f"{quote(database['USER'])}:{quote(database['PASSWORD'])}"
        url = f"postgres://{login}@{database['HOST']}:{database['PORT'] or 5432}/{database['NAME']}"
    return os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"}


@pytest.fixture
def drain_queue(db: None) -> Callable[[], list[str]]:
    """Run what was queued, in its order, in this process; gives the names of the functions that ran."""
    from django_q.models import OrmQ
    from django_q.signing import SignedPackage

    def drain() -> list[str]:
        ran = []
        while queued := OrmQ.objects.order_by("id").first():
            queued.delete()
            task = SignedPackage.loads(queued.payload)
            import_string(task["func"])(*task["args"], **task["kwargs"])
            ran.append(task["func"])
        return ran

    return drain
