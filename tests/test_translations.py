"""Every text that people see is in the French catalogue, translated, with the same placeholders."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import override_settings

from tests.support import catalogue
from tests.support.catalogue import Entry

FRENCH = settings.BASE_DIR / "locale" / "fr" / "LC_MESSAGES" / "django.po"
PLACEHOLDERS = re.compile(r"%\(\w+\)[\d.]*[a-z]|%[sd]")
TAGS = re.compile(r"</?\w+>")
NARROW, WIDE = "\u202f", "\u00a0"


def entries() -> list[Entry]:
    found = catalogue.read(FRENCH)
    assert len(found) > 1000
    return found


def wrong(is_wrong: Callable[[Entry], bool]) -> list[tuple[str, ...]]:
    return [entry.key for entry in entries() if is_wrong(entry)]


def test_every_text_is_translated() -> None:
    assert not wrong(lambda entry: not all(entry.translations) or "fuzzy" in entry.flags)


def test_placeholders_and_tags_are_those_of_the_original() -> None:
    def differs(entry: Entry) -> bool:
        # The first form may leave the number out, for it is always one (or none).
        pairs = zip(entry.originals, entry.translations, strict=True)
        return any(
            sorted(pattern.findall(original)) != sorted(pattern.findall(text))
            for original, text in pairs
            for pattern in (PLACEHOLDERS, TAGS)
        )

    assert not wrong(differs)


def test_spaces_around_a_translation_are_those_of_the_original() -> None:
    def differs(entry: Entry) -> bool:
        pairs = zip(entry.originals, entry.translations, strict=True)
        return any(original.endswith((" ", "\n")) != text.endswith((" ", "\n")) for original, text in pairs)

    assert not wrong(differs)


def test_french_punctuation_never_stands_alone_on_a_line() -> None:
    ordinary_space = re.compile(r" [:;!?»]|« |\d \d{3}\b|'")
    missing_space = re.compile(rf"[^{NARROW}\s][;!?](?=\s|$)|«[^{WIDE}]|[^{WIDE}]»")

    def is_loose(text: str) -> bool:
        return bool(ordinary_space.search(text) or missing_space.search(text))

    assert not wrong(lambda entry: any(map(is_loose, entry.translations)))


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="gettext is not installed")
def test_nothing_is_missing_from_the_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # From a folder that only points at the sources: makemessages would write into a locale folder beside them.
    for name in ("config", "connectors", "dealership", "integrations", "templates", "webhooks"):
        (tmp_path / name).symlink_to(settings.BASE_DIR / name)
    (tmp_path / "locale").mkdir()
    monkeypatch.chdir(tmp_path)

    with override_settings(LOCALE_PATHS=[tmp_path / "locale"]):
        call_command("makemessages", symlinks=True, verbosity=0)

    extracted = catalogue.read(tmp_path / "locale" / "fr" / "LC_MESSAGES" / "django.po")
    assert {entry.key for entry in extracted} == {entry.key for entry in entries()}
