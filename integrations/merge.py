"""The three-way merge of one record, on canonical JSON forms. Pure.

`base` is what both sides last agreed on. A field that only one side changed is taken from it; a field that both changed
to different values is a conflict, which the policy decides; what the provider owns or derives is always theirs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]
EMPTY: tuple[Any, ...] = ("", None, [])


@dataclass(frozen=True)
class Merge:
    """`merged` is the form both sides should have; `conflicts` maps a field to (base, ours, theirs)."""

    merged: dict[str, Any]
    conflicts: dict[str, tuple[Any, Any, Any]] = field(default_factory=dict)
    kept_ours: bool = field(default=False, compare=False)


def changed_fields(before: Json, after: Json, names: Iterable[str]) -> list[str]:
    return [name for name in names if before.get(name) != after.get(name)]


def three_way(base: Json | None, ours: Json, theirs: Json, *, pushed: Iterable[str], keep_ours: bool) -> Merge:
    """`pushed` are the fields both sides may change; `keep_ours` is the policy's verdict for conflicts.

    Without a base (two records met for the first time) every difference in a pushed field is decided by the policy,
    except that a value never loses to an empty one.
    """
    merged = dict(theirs)
    conflicts: dict[str, tuple[Any, Any, Any]] = {}
    for name in pushed:
        mine, other = ours.get(name), theirs.get(name)
        if mine == other:
            continue
        if base is None:
            merged[name] = other if mine in EMPTY or (not keep_ours and other not in EMPTY) else mine
            continue
        agreed = base.get(name)
        if other == agreed:
            merged[name] = mine
        elif mine != agreed:
            conflicts[name] = (agreed, mine, other)
            merged[name] = mine if keep_ours else other
    return Merge(merged, conflicts, keep_ours)


def with_own_write(base: Json | None, intended: Json | None, theirs: Json, names: Iterable[str]) -> Json | None:
    """The base, where a write of ours whose answer was lost turns out to have arrived: what we wrote is agreed on."""
    if intended is None:
        return base
    arrived = {name: theirs[name] for name in names if theirs.get(name) == intended.get(name)}
    return {**(base if base is not None else intended), **arrived}
