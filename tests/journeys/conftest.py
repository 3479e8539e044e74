"""`house`: a hub with everything running; `visitor`: a browser with a fresh profile in front of it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser, sync_playwright
from pytest_django import DjangoDbBlocker

from connectors.providers.quickbooks.simulator_company import CA_REALM
from tests.journeys.house import House
from tests.journeys.visitor import DESKTOP, Visitor

FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]

Visit = Callable[..., Visitor]


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Iterator[House]:
    compile_translations()
    made = House(tmp_path_factory.mktemp("house"), django_db_blocker)
    try:
        made.open()
        yield made
    finally:
        made.stage.end()


@pytest.fixture(scope="session")
def settled(house: House) -> str:
    """The owner of a dealership whose books are here and in QuickBooks, for tests that only look."""
    return house.settled("Outaouais Autos", CA_REALM)


@pytest.fixture(scope="session")
def browser(chromium: str, house: House) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pictures of the pages are put."""
    folder = Path(os.environ.get("LOTBRIDGE_SCREENSHOTS") or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def visit(browser: Browser, house: House, pictures: Path) -> Iterator[Visit]:
    """Opens a browser with a fresh profile; afterwards nothing may have been wrong on any page."""
    opened: list[Visitor] = []

    def start(*, java_script_enabled: bool = True, locale: str = "en-CA") -> Visitor:
        context = browser.new_context(
            viewport={"width": DESKTOP[0], "height": DESKTOP[1]},
            java_script_enabled=java_script_enabled,
            locale=locale,
            reduced_motion="reduce",
        )
        context.set_default_timeout(15_000)
        opened.append(Visitor(context.new_page(), house, pictures, has_scripts=java_script_enabled))
        return opened[-1]

    yield start
    for visitor in opened:
        visitor.page.context.close()
    problems = [problem for visitor in opened for problem in visitor.problems]
    assert not problems, "\n".join(problems)


@pytest.fixture
def visitor(visit: Visit) -> Visitor:
    return visit()


def compile_translations() -> None:
    """As ./lotbridge does before the tests, for who starts pytest alone."""
    for source in (settings.BASE_DIR / "locale").rglob("*.po"):
        compiled = source.with_suffix(".mo")
        is_old = not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime
        if is_old and shutil.which("msgfmt"):
            subprocess.run(["msgfmt", "-o", compiled, source], check=True)
