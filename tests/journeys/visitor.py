"""A person at a browser, who notices what is wrong with any page they come past."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Locator, Page, Response, expect

from tests.journeys.house import PASSWORD, House

DESKTOP, PHONE = (1280, 900), (360, 740)
GRAVE = ("serious", "critical")
PATIENCE_MS = 60_000


class Visitor:
    def __init__(self, page: Page, house: House, pictures: Path, *, has_scripts: bool = True) -> None:
        self.page, self.house = page, house
        self.problems: list[str] = []
        self._pictures, self._has_scripts = pictures, has_scripts
        self._expected = ""
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.problems.append(f"{page.url}: {error}"))
        page.on("response", self._notice)

    def _hear(self, message: ConsoleMessage) -> None:
        """What breaks the content security policy is said here too."""
        if message.type == "error" and not (self._expected and self._expected in message.text):
            self.problems.append(f"{self.page.url}: {message.text}")

    def _notice(self, response: Response) -> None:
        if response.status >= 500:
            self.problems.append(f"{response.url}: {response.status}")

    @contextmanager
    def expecting(self, text: str) -> Iterator[None]:
        """Console messages with this text are in order for now."""
        self._expected = text
        yield
        self._expected = ""

    # Going about

    def open(self, path: str) -> None:
        self.page.goto(path if path.startswith("http") else f"{self.house.url}{path}")

    def sign_in(self, email: str) -> None:
        self.open("/accounts/login/")
        self.page.locator("input[name=login]").fill(email)
        self.page.locator("input[name=password]").fill(PASSWORD)
        self.page.locator("form[action$='login/'] button").click()
        expect(self.page.locator("h1")).to_be_visible()
        assert "/accounts/" not in self.page.url, "not signed in"

    def press(self, name: str) -> None:
        """A button or link by what it says."""
        self.button(name).click()

    def button(self, name: str) -> Locator:
        wanted = re.compile(rf"^\s*{re.escape(name)}\s*$")
        return self.page.get_by_role("button", name=wanted).or_(self.page.get_by_role("link", name=wanted)).first

    def reads(self, heading: str, *, timeout: float = 5000) -> None:
        expect(self.page.locator("h1")).to_have_text(heading, timeout=timeout)

    def reload_until(self, found: Locator) -> None:
        """For pages that do not bring themselves up to date."""
        expect_soon = expect(found)
        for _attempt in range(PATIENCE_MS // 1000):
            try:
                expect_soon.to_be_visible(timeout=1000)
                return
            except AssertionError:
                self.page.reload()
        expect_soon.to_be_visible()

    def tab_to(self, target: Locator) -> None:
        """With the keyboard alone; and one must see where one is."""
        for _step in range(80):
            self.page.keyboard.press("Tab")
            if target.evaluate("element => element === document.activeElement"):
                break
        assert target.evaluate("element => element === document.activeElement"), f"Tab never reaches {target}"
        is_seen = "e => getComputedStyle(e).outlineStyle !== 'none' || getComputedStyle(e).boxShadow !== 'none'"
        assert target.evaluate(is_seen), f"the focus on {target} cannot be seen"

    # Looking

    def look(self, name: str) -> None:
        """Pictures of the page as it is, light, dark and on a phone; each must be in order."""
        self._see(name, "light", DESKTOP)
        if self._has_scripts:
            self._see(name, "dark", DESKTOP)
        self._see(name, "light", PHONE)
        width, room = self.page.evaluate("[document.scrollingElement.scrollWidth, innerWidth]")
        if width > room:
            self.problems.append(f"{self.page.url}: {width - room} px too wide for a phone: {self._too_wide()}")
        self.page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
        self.page.emulate_media(color_scheme="light")

    def _see(self, name: str, scheme: str, size: tuple[int, int]) -> None:
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        self.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        kind = "phone" if size == PHONE else scheme
        if self._has_scripts:
            self._judge(kind)
        # As high as the page: what sticks to the window's edges is not left in the middle of the picture.
        height = self.page.evaluate("document.documentElement.scrollHeight")
        self.page.set_viewport_size({"width": size[0], "height": max(height, size[1])})
        self.page.screenshot(path=self._pictures / f"{name}-{kind}.png")

    def _judge(self, kind: str) -> None:
        for found in Axe().run(self.page).response["violations"]:
            if found["impact"] in GRAVE:
                nodes = "; ".join(str(node["html"])[:160] for node in found["nodes"][:3])
                self.problems.append(f"{self.page.url} ({kind}): {found['id']}, {found['help']}: {nodes}")

    def _too_wide(self) -> list[str]:
        found: list[str] = self.page.evaluate(
            "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
            ".slice(0, 5).map(e => e.tagName + '.' + e.className)"
        )
        return found
