"""Reads a gettext catalogue (.po), as far as tests look at one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Entry:
    """One message: `msgid` and perhaps its plural, and what they are translated with."""

    flags: set[str] = field(default_factory=set)
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def originals(self) -> list[str]:
        return [self.texts[name] for name in ("msgid", "msgid_plural") if name in self.texts]

    @property
    def translations(self) -> list[str]:
        return [text for name, text in self.texts.items() if name.startswith("msgstr")]

    @property
    def key(self) -> tuple[str, ...]:
        """What makes it the same message in two catalogues."""
        return (self.texts.get("msgctxt", ""), *self.originals)


def read(path: Path) -> list[Entry]:
    """Every message but the header."""
    blocks = path.read_text("utf-8").split("\n\n")
    entries = [_entry(block) for block in blocks]
    return [entry for entry in entries if entry.texts.get("msgid")]


def _entry(block: str) -> Entry:
    entry = Entry()
    for line in block.splitlines():
        if line.startswith("#,"):
            entry.flags |= {flag.strip() for flag in line[2:].split(",")}
    for name, text in _texts(block):
        entry.texts[name] = entry.texts.get(name, "") + text
    return entry


def _texts(block: str) -> Iterator[tuple[str, str]]:
    """Each keyword with each of its pieces."""
    name = ""
    for line in block.splitlines():
        if line.startswith("#") or not line:
            continue
        if not line.startswith('"'):
            name, _space, line = line.partition(" ")
        yield name, ast.literal_eval(line)
