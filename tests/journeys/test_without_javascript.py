"""Everything that matters works in a browser that runs no scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

CONTACTS = """Name,E-mail,Phone
Nora Haddad,nora@example.com,(819) 555-0101
Hugo Roy,hugo@example.com,(819) 555-0102
"""


def test_the_main_pages_need_no_javascript(visit: Visit, house: House) -> None:
    visitor = visit(java_script_enabled=False)
    visitor.sign_in(house.newcomer("Plain Pages Motors"))

    connect(visitor, house)
    save_settings(visitor)
    sync_now(visitor)
    import_a_file(visitor)


def connect(visitor: Visitor, house: House) -> None:
    visitor.open("/integrations/")
    visitor.press("Connect QuickBooks")
    visitor.page.get_by_role("radio", name=re.compile("^Simulator")).check()
    visitor.press("Sign in at QuickBooks")
    visitor.page.wait_for_url(re.compile(house.simulator_url))
    visitor.page.get_by_role("radio", name=re.compile("Sandbox Gifts")).check()
    visitor.press("Connect")
    visitor.page.wait_for_url(re.compile(rf"{house.url}/integrations/[0-9a-f-]+/$"))
    expect(visitor.page.get_by_role("status").filter(has_text="is connected to Sandbox Gifts")).to_be_visible()
    visitor.look("50-plain-connected")


def save_settings(visitor: Visitor) -> None:
    row = visitor.page.get_by_role("row").filter(has_text="Vendors")
    row.get_by_label("Schedule of Vendors").select_option("daily")
    row.get_by_label("Sync Vendors").uncheck()
    visitor.press("Save settings")
    expect(visitor.page.get_by_text("The settings of 1 stream are saved.")).to_be_visible()
    expect(visitor.page.get_by_label("Schedule of Vendors")).to_have_value("daily")


def sync_now(visitor: Visitor) -> None:
    visitor.press("Sync now")
    expect(visitor.page.get_by_role("status").filter(has_text="being synced")).to_be_visible()
    visitor.reload_until(visitor.page.get_by_role("heading", level=1, name="QuickBooks is connected", exact=True))
    visitor.open("/integrations/runs/")
    visitor.page.get_by_role("link", name=re.compile(r"^Invoices\b.*QuickBooks")).last.click()
    expect(visitor.page.get_by_role("heading", name="Both sides are in step")).to_be_visible()


def import_a_file(visitor: Visitor) -> None:
    visitor.open("/import/")
    visitor.look("51-plain-import")
    visitor.page.get_by_label("CSV file").set_input_files(
        {"name": "contacts.csv", "mimeType": "text/csv", "buffer": CONTACTS.encode()}
    )
    visitor.press("Continue to the columns")
    visitor.look("52-plain-columns")
    visitor.press("Show the preview")
    visitor.reads("Ready to import")
    visitor.look("53-plain-preview")
    visitor.press("Import")
    visitor.reads("contacts.csv")
    visitor.look("54-plain-imported")
    visitor.press("Show the records")
    visitor.reload_until(visitor.page.get_by_role("row").filter(has_text="Nora Haddad").filter(has_text="as #"))
