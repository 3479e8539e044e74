"""The three-way merge: what only one side changed is kept, what both changed is decided, and nothing else moves."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from integrations.merge import Merge, changed_fields, three_way

PUSHED = ("name", "phone", "notes")
DERIVED = ("total",)
VALUES = st.sampled_from(["", "a", "b", "c"])
FORMS = st.fixed_dictionaries(dict.fromkeys((*PUSHED, *DERIVED), VALUES))


def merge(base: dict[str, Any] | None, ours: dict[str, Any], theirs: dict[str, Any], *, keep_ours: bool) -> Merge:
    return three_way(base, ours, theirs, pushed=PUSHED, keep_ours=keep_ours)


def test_what_only_one_side_changed_is_taken_from_it() -> None:
    base = {"name": "Ana", "phone": "1", "notes": ""}
    ours, theirs = base | {"phone": "2"}, base | {"notes": "Mornings"}

    result = merge(base, ours, theirs, keep_ours=True)

    assert (result.merged, result.conflicts) == ({"name": "Ana", "phone": "2", "notes": "Mornings"}, {})


def test_an_emptied_field_is_a_change_too() -> None:
    base = {"name": "Ana", "phone": "1", "notes": "Old"}

    assert merge(base, base | {"notes": ""}, base, keep_ours=False).merged["notes"] == ""
    assert merge(base, base, base | {"notes": ""}, keep_ours=True).merged["notes"] == ""


def test_records_that_meet_for_the_first_time_fill_each_others_gaps() -> None:
    ours = {"name": "Ana", "phone": "", "notes": "Ours"}
    theirs = {"name": "Ana", "phone": "2", "notes": "Theirs"}

    result = merge(None, ours, theirs, keep_ours=False)

    assert (result.merged, result.conflicts) == ({"name": "Ana", "phone": "2", "notes": "Theirs"}, {})


@given(FORMS, FORMS, FORMS, st.booleans())
def test_each_field_is_one_of_the_two_sides_and_a_conflict_only_where_all_three_differ(
    base: dict[str, str], ours: dict[str, str], theirs: dict[str, str], keep_ours: bool
) -> None:
    result = merge(base, ours, theirs, keep_ours=keep_ours)

    for name in PUSHED:
        three = {base[name], ours[name], theirs[name]}
        is_conflict = len(three) == 3
        assert (name in result.conflicts) == is_conflict
        if is_conflict:
            assert result.merged[name] == (ours if keep_ours else theirs)[name]
            assert result.conflicts[name] == (base[name], ours[name], theirs[name])
        elif ours[name] == base[name]:
            assert result.merged[name] == theirs[name]
        else:
            assert result.merged[name] == ours[name]


@given(FORMS, FORMS, FORMS, st.booleans())
def test_what_the_provider_derives_is_always_theirs(
    base: dict[str, str], ours: dict[str, str], theirs: dict[str, str], keep_ours: bool
) -> None:
    assert merge(base, ours, theirs, keep_ours=keep_ours).merged["total"] == theirs["total"]


@given(st.none() | FORMS, FORMS, FORMS, st.booleans())
def test_a_merge_that_both_sides_took_over_is_the_end_of_it(
    base: dict[str, str] | None, ours: dict[str, str], theirs: dict[str, str], keep_ours: bool
) -> None:
    merged = merge(base, ours, theirs, keep_ours=keep_ours).merged

    again = merge(merged, merged, merged, keep_ours=keep_ours)

    assert (again.merged, again.conflicts) == (merged, {})
    assert changed_fields(merged, again.merged, PUSHED) == []


@given(FORMS, FORMS, FORMS)
def test_it_makes_no_difference_from_which_side_one_looks(
    base: dict[str, str], ours: dict[str, str], theirs: dict[str, str]
) -> None:
    here = merge(base, ours, theirs, keep_ours=True).merged
    there = merge(base, theirs, ours, keep_ours=False).merged

    assert {name: here[name] for name in PUSHED} == {name: there[name] for name in PUSHED}


@given(FORMS, FORMS, st.booleans())
def test_a_first_meeting_never_loses_a_value_to_an_empty_one(
    ours: dict[str, str], theirs: dict[str, str], keep_ours: bool
) -> None:
    merged = merge(None, ours, theirs, keep_ours=keep_ours).merged

    assert all(merged[name] for name in PUSHED if ours[name] or theirs[name])
