"""Signing in and connecting with the keyboard alone, seeing at each step where one is."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.house import PASSWORD, House
from tests.journeys.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def test_signing_in_and_connecting_needs_no_mouse(visitor: Visitor, house: House) -> None:
    page, keyboard = visitor.page, visitor.page.keyboard
    visitor.open("/accounts/login/")

    visitor.tab_to(page.locator("input[name=login]"))
    keyboard.type(house.newcomer("Keyboard Motors"))
    visitor.tab_to(page.locator("input[name=password]"))
    keyboard.type(PASSWORD)
    keyboard.press("Enter")
    visitor.reads("Nothing needs you")
    skip_to_the_content(visitor)

    visitor.tab_to(page.get_by_role("navigation", name="Main").get_by_role("link", name="Integrations"))
    keyboard.press("Enter")
    visitor.reads("Nothing is connected yet")
    visitor.tab_to(visitor.button("Connect QuickBooks"))
    keyboard.press("Enter")
    visitor.reads("Connect QuickBooks")
    visitor.tab_to(page.get_by_role("radio", name=re.compile("^Simulator")))
    visitor.tab_to(visitor.button("Sign in at QuickBooks"))
    keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("connect QuickBooks")

    visitor.tab_to(page.get_by_role("radio").first)
    keyboard.press("ArrowUp")
    expect(page.get_by_role("radio", name=re.compile("Sandbox Gifts"))).to_be_checked()
    visitor.tab_to(visitor.button("Connect"))
    keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="is connected to Sandbox Gifts")).to_be_visible()
    open_the_menu(visitor)


def skip_to_the_content(visitor: Visitor) -> None:
    """The first stop of every page leads past the menu."""
    visitor.page.reload()
    visitor.tab_to(visitor.page.get_by_role("link", name="Skip to content"))
    visitor.page.keyboard.press("Enter")
    visitor.page.keyboard.press("Tab")
    assert visitor.page.evaluate("document.querySelector('main').contains(document.activeElement)")


def open_the_menu(visitor: Visitor) -> None:
    """It opens with Enter, closes with Escape and gives the focus back."""
    summary = visitor.page.locator("header summary")
    visitor.tab_to(summary)
    visitor.page.keyboard.press("Enter")
    expect(visitor.button("Sign out")).to_be_visible()
    visitor.page.keyboard.press("Escape")
    expect(visitor.button("Sign out")).to_be_hidden()
    assert summary.evaluate("element => element === document.activeElement")
