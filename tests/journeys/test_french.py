"""The pages in French: chosen on the sign-in page, kept on all others, without English left behind."""

from __future__ import annotations

import functools
import re

import pytest
from django.conf import settings
from playwright.sync_api import expect

from tests.journeys.visitor import Visitor
from tests.support import catalogue

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

# Typed by people or kept by the accounting system: data, that only looks like words of ours.
DATA = {"Cash"}
LOOKED_AT = ("/", "/invoices/", "/import/", "/integrations/", "/integrations/runs/", "/integrations/reconciliation/")


def test_a_person_works_in_french(visitor: Visitor, settled: str) -> None:
    visitor.open("/accounts/login/")
    visitor.press("Français")
    visitor.reads("Se connecter")
    expect(visitor.page.locator("html")).to_have_attribute("lang", "fr-CA")
    has_no_english(visitor)
    visitor.look("70-fr-sign-in", in_the_dark=False)
    visitor.sign_in(settled)

    for path in visitor.menu():
        visitor.open(path)
        has_no_english(visitor)
        if path in LOOKED_AT:
            visitor.look("-".join(["71-fr", *re.findall("[a-z]+", path)]), in_the_dark=False)
    for name, path in behind_the_menu(visitor).items():
        visitor.open(path)
        has_no_english(visitor)
        visitor.look(f"72-fr-{name}", in_the_dark=False)


def behind_the_menu(visitor: Visitor) -> dict[str, str]:
    visitor.open("/integrations/")
    integration = address(visitor, ".card h3 a")
    visitor.open("/integrations/runs/")
    run = address(visitor, ".run-table th a")
    visitor.open("/invoices/")
    invoice = address(visitor, ".record-table tbody th a")
    return {
        "integration": integration,
        "disconnect": f"{integration}disconnect/",
        "run": run,
        "invoice": invoice,
        "invoice-form": f"{invoice}edit/",
        "invoice-void": f"{invoice}void/",
        "add": "/integrations/add/",
        "connect": "/integrations/connect/quickbooks/",
    }


def address(visitor: Visitor, selector: str) -> str:
    return str(visitor.page.locator(selector).first.get_attribute("href"))


@functools.cache
def english() -> frozenset[str]:
    """The texts that are written otherwise in French."""
    entries = catalogue.read(settings.BASE_DIR / "locale" / "fr" / "LC_MESSAGES" / "django.po")
    originals = {text for entry in entries for text in entry.originals}
    return frozenset(originals - {text for entry in entries for text in entry.translations} - DATA)


def has_no_english(visitor: Visitor) -> None:
    """No text of the page is an English one that the catalogue translates."""
    left = visitor.words() & english()
    assert not left, f"{visitor.page.url}: {sorted(left)}"
