"""A walk along the menu: each list, one record of it, its form."""

from __future__ import annotations

import re

import pytest

from tests.journeys.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.timeout(280)]


def test_every_page_of_the_menu_is_in_order(visitor: Visitor, settled: str) -> None:
    visitor.sign_in(settled)

    for path in visitor.menu():
        visitor.open(path)
        visitor.look(picture(path), in_the_dark=False)
        look_at_the_first_record(visitor, path)
    for path in ("/search/?q=Ana", "/dealerships/", "/accounts/password/change/"):
        visitor.open(path)
        visitor.look(picture(path))
    with visitor.expecting("status of 404"):
        visitor.open("/nowhere/")
        visitor.look(picture("/not-found/"))


def look_at_the_first_record(visitor: Visitor, path: str) -> None:
    """Of a list of records; the forms to change it and to add another."""
    first = visitor.page.locator(".record-table tbody th a")
    if first.count():
        visitor.open(str(first.first.get_attribute("href")))
        visitor.look(picture(path, "record"))
        edit = visitor.page.locator(".head .button-main")
        if edit.count():
            visitor.open(str(edit.get_attribute("href")))
            visitor.look(picture(path, "form"))


def picture(path: str, what: str = "") -> str:
    words = re.findall(r"[a-z]+", path) or ["home"]
    return "-".join(["6", *words[:2], *([what] if what else [])])
