"""A person at a browser, who notices what is wrong with any page they come past."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Error, Locator, Page, Response, expect

from tests.journeys.house import PASSWORD, House

DESKTOP, PHONE = (1280, 900), (360, 740)
GRAVE = ("serious", "critical")
PATIENCE_MS = 60_000

WORDS = """() => {
  const found = [document.title.split(" · ")[0]];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode;
    if (!text.parentElement.closest("body [lang], script, style, template")) found.push(text.data);
  }
  for (const element of document.querySelectorAll("body *")) {
    for (const name of ["aria-label", "placeholder", "title", "alt", "data-label"]) {
      found.push(element.getAttribute(name) ?? "");
    }
  }
  return found;
}"""

# What reaches over the edge of the window or of its panel, where nothing scrolls.
CUT_OFF = """() => [...document.querySelectorAll("body *")].filter((element) => {
  if (element.closest(".scroll, pre, .unseen, .skip, thead, option") || !element.checkVisibility()) return false;
  const edge = element.closest(".panel")?.getBoundingClientRect().right ?? innerWidth;
  return element.getBoundingClientRect().right > edge + 1;
}).slice(0, 5).map((element) => `${element.tagName}.${element.className}`)"""


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

    def menu(self) -> list[str]:
        """The addresses that the menu leads to."""
        return [str(link.get_attribute("href")) for link in self.page.locator(".side .nav a").all()]

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

    def words(self) -> set[str]:
        """Every text of the page that a person sees or hears, but for what is marked as another language."""
        found: list[str] = self.page.evaluate(WORDS)
        return {" ".join(text.split()) for text in found} - {""}

    def look(self, name: str, *, in_the_dark: bool = True) -> None:
        """Pictures of the page as it is, light, dark and on a phone; each must be in order."""
        self._see(name, "light", DESKTOP)
        if in_the_dark and self._has_scripts:
            self._see(name, "dark", DESKTOP)
        self._see(name, "light", PHONE)
        self.page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
        self.page.emulate_media(color_scheme="light")

    def _see(self, name: str, scheme: str, size: tuple[int, int]) -> None:
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        self.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        kind = "phone" if size == PHONE else scheme
        # On a phone the page is the same, only laid out otherwise.
        if self._has_scripts and kind != "phone":
            self._judge(kind)
        width, room = self.page.evaluate("[document.scrollingElement.scrollWidth, innerWidth]")
        if width > room or self.page.evaluate(CUT_OFF):
            self.problems.append(
                f"{self.page.url} ({kind}): {width} px in {room}, cut off: {self.page.evaluate(CUT_OFF)}"
            )
        # As high as the page: what sticks to the window's edges is not left in the middle of the picture.
        height = self.page.evaluate("document.documentElement.scrollHeight")
        self.page.set_viewport_size({"width": size[0], "height": max(height, size[1])})
        self.page.screenshot(path=self._pictures / f"{name}-{kind}.png")

    def _judge(self, kind: str) -> None:
        for found in self._findings():
            if found["impact"] in GRAVE:
                nodes = "; ".join(str(node["html"])[:160] for node in found["nodes"][:3])
                self.problems.append(f"{self.page.url} ({kind}): {found['id']}, {found['help']}: {nodes}")

    def _findings(self) -> list[dict[str, Any]]:
        """What axe finds; again on the new page where a live one replaced itself in the middle of it."""
        for _try in range(3):
            try:
                found: list[dict[str, Any]] = Axe().run(self.page).response["violations"]
            except Error:
                self.page.wait_for_load_state()
            else:
                return found
        raise AssertionError(f"{self.page.url} does not stand still long enough to be judged.")
