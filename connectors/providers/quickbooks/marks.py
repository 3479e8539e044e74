"""Our mark in a transaction's private note: its last line names the hub's record, so a lost answer is recognised."""

from collections.abc import Mapping
from typing import Any

from connectors.values import words

_START = "Lotbridge "


def marked(memo: str, marker: str) -> str:
    """The private note: the memo, and our mark under it."""
    return f"{memo}\n{_START}{marker}" if memo else f"{_START}{marker}"


def marker_of(raw: Mapping[str, Any]) -> str:
    """The hub's record that the object was written for, empty where it carries no mark."""
    lines = words(raw.get("PrivateNote")).splitlines()
    return next((line.removeprefix(_START).strip() for line in reversed(lines) if line.startswith(_START)), "")


def unmarked(note: str) -> str:
    return "\n".join(line for line in note.splitlines() if not line.startswith(_START)).strip()
