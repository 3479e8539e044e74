"""The main job in a browser: connect QuickBooks, bring both sides to the same state, prove it, disconnect."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from integrations.demo import books, other_side
from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.visitor import PATIENCE_MS, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.timeout(280)]

# Slow enough to see the first sync at work.
SLOW_MS = 2000
NEW_PRICE = "4321.09"
THEIR_MEMO = "Ready on Friday, ask for Priya"


def test_a_person_connects_syncs_proves_and_disconnects(visitor: Visitor, house: House) -> None:
    visitor.open("/accounts/login/")
    visitor.look("01-sign-in")
    visitor.sign_in(books.EMAIL)
    visitor.look("02-home-before")

    integration = connect(visitor, house)
    watch_the_first_sync(visitor, integration)
    change_an_invoice_here(visitor, house)
    change_an_invoice_there(visitor, house, integration)
    prove(visitor, integration)
    disconnect(visitor, integration)


def test_refusing_at_quickbooks_connects_nothing(visit: Visit, house: House) -> None:
    visitor = visit()
    visitor.sign_in(house.newcomer("Gatineau Motors"))
    visitor.open("/integrations/connect/quickbooks/")
    choose_the_simulator(visitor)

    with visitor.expecting("status of 400"):
        visitor.press("Refuse")
        visitor.reads("Connecting QuickBooks did not work")
        expect(visitor.page.get_by_role("alert")).to_contain_text(
            "Access was refused at QuickBooks, so nothing is connected."
        )
        assert "state=" not in visitor.page.locator("main").inner_html(), "the address of the callback is in the page"
        visitor.look("40-refused")
    visitor.press("Back to the integrations")

    visitor.reads("Nothing is connected yet")


def connect(visitor: Visitor, house: House) -> str:
    """From the empty state through the consent page; the integration's address."""
    visitor.open("/integrations/")
    visitor.reads("Nothing is connected yet")
    visitor.look("03-integrations-empty")
    visitor.press("Choose another system")
    visitor.look("04-add")
    visitor.press("Connect QuickBooks")
    visitor.look("05-connect")
    choose_the_simulator(visitor)
    visitor.look("06-consent")
    visitor.press("Connect")
    visitor.page.wait_for_url(re.compile(rf"{house.url}/integrations/[0-9a-f-]+/$"))
    house.hurry(latency_ms=SLOW_MS)
    expect(visitor.page.get_by_role("status").filter(has_text="is connected to")).to_be_visible()
    visitor.look("07-connected")
    return visitor.page.url


def choose_the_simulator(visitor: Visitor) -> None:
    """On the connect page; ends at the consent page."""
    visitor.page.get_by_role("radio", name=re.compile("^Simulator")).check()
    visitor.press("Sign in at QuickBooks")
    visitor.page.wait_for_url(re.compile(visitor.house.simulator_url))
    expect(visitor.page.locator("h1")).to_contain_text("connect QuickBooks")


def watch_the_first_sync(visitor: Visitor, integration: str) -> None:
    visitor.open("/integrations/")
    visitor.look("08-integrations-syncing")
    visitor.open("/integrations/runs/")
    visitor.look("09-runs")
    visitor.page.get_by_role("link", name=re.compile(r"^Invoices\b.*QuickBooks")).last.click()
    visitor.look("10-run-under-way")
    expect(visitor.page.get_by_role("progressbar")).to_be_visible()
    visitor.house.hurry()

    expect(visitor.page.get_by_role("heading", name="Both sides are in step")).to_be_visible(timeout=PATIENCE_MS)
    visitor.look("11-run-ended")

    visitor.open(integration)
    visitor.reload_until(visitor.page.get_by_role("heading", level=1, name="QuickBooks is connected", exact=True))
    visitor.look("12-integration")
    visitor.open("/integrations/")
    visitor.reads("QuickBooks is connected")
    visitor.look("13-integrations")


def change_an_invoice_here(visitor: Visitor, house: House) -> None:
    visitor.open("/invoices/?q=INV-1002")
    row = visitor.page.get_by_role("row").filter(has_text="INV-1002")
    expect(row).to_contain_text(re.compile(r"as #\d+"))
    visitor.look("14-invoices")
    row.get_by_role("link", name="INV-1002").click()
    visitor.look("15-invoice")
    number = quickbooks_id(visitor)
    visitor.press("Edit")
    visitor.look("16-invoice-form")
    visitor.page.locator("[name=lines-0-quantity]").fill("1")
    visitor.page.locator("[name=lines-0-unit_price]").fill(NEW_PRICE)
    visitor.press("Save")
    expect(visitor.page.locator("main")).to_contain_text("4,321.09")

    visitor.open(f"{house.simulator_url}/quickbooks/record/Invoice/{number}?realm={other_side.REALM}")
    price = visitor.page.get_by_label("First line, unit price")
    visitor.reload_until(visitor.page.locator(f"input[name=UnitPrice][value='{NEW_PRICE}']"))
    expect(price).to_have_value(NEW_PRICE)
    visitor.look("17-changed-in-quickbooks")


def change_an_invoice_there(visitor: Visitor, house: House, integration: str) -> None:
    visitor.open(f"{house.simulator_url}/quickbooks/?realm={other_side.REALM}&q=INV-1004")
    visitor.look("18-quickbooks")
    visitor.page.get_by_role("link", name=re.compile("^INV-1004")).click()
    visitor.page.get_by_label("Memo that the customer sees").fill(THEIR_MEMO)
    visitor.page.get_by_label("First line, quantity").fill("7")
    visitor.press("Save")
    expect(visitor.page.get_by_label("First line, quantity")).to_have_value(re.compile(r"^7(\.0)?$"))

    visitor.open(integration)
    visitor.press("Sync now")
    expect(visitor.page.get_by_role("status").filter(has_text="being synced")).to_be_visible()
    visitor.open("/invoices/?q=INV-1004")
    visitor.page.get_by_role("link", name="INV-1004", exact=True).click()
    visitor.reload_until(visitor.page.get_by_text(THEIR_MEMO).first)
    expect(visitor.page.get_by_role("cell", name="7", exact=True)).to_be_visible()
    visitor.look("19-invoice-changed-there")


def quickbooks_id(visitor: Visitor) -> str:
    """The number behind "as #" on a record's page."""
    note = visitor.page.get_by_text(re.compile(r"as #\d+")).first.inner_text()
    found = re.search(r"as #(\d+)", note)
    assert found
    return found[1]


def prove(visitor: Visitor, integration: str) -> None:
    visitor.open(integration)
    visitor.reload_until(visitor.page.get_by_role("heading", level=1, name="QuickBooks is connected", exact=True))
    visitor.press("Reconcile")

    verdict = visitor.page.get_by_role("heading", name=re.compile("The books agree"))
    expect(verdict).to_be_visible(timeout=PATIENCE_MS)
    visitor.look("20-reconciliation")


def disconnect(visitor: Visitor, integration: str) -> None:
    visitor.open(integration)
    visitor.press("Disconnect QuickBooks")
    visitor.reads("Disconnect QuickBooks?")
    visitor.look("21-disconnect")
    visitor.press("Disconnect QuickBooks")

    visitor.reads("QuickBooks is disconnected")
    expect(visitor.page.get_by_role("status").filter(has_text="disconnected, there too")).to_be_visible()
    visitor.look("22-disconnected")
