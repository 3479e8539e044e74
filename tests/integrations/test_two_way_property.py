"""Whatever is changed on either side and in whatever order, two syncs later both sides are the same and at rest."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dealership import records
from dealership.models import Contact
from integrations.models import DeadLetter, SyncConfig
from tests.integrations.sync_cases import BothSides, counts

FIELDS = {"first_name": "GivenName", "last_name": "FamilyName", "notes": "Notes"}
POLICIES = [policy.value for policy in SyncConfig.ConflictPolicy]
VALUES = st.sampled_from(["", "a", "b", "c"])
CHANGE = st.tuples(st.sampled_from(["here", "there"]), st.sampled_from(sorted(FIELDS)), VALUES)
STEP = CHANGE | st.sampled_from([("sync", "", ""), ("push", "", "")])
NUMBERS = itertools.count(1)


def take(both: BothSides, contact: Contact, step: tuple[str, str, str]) -> None:
    where, field, value = step
    contact.refresh_from_db()
    if where == "here":
        records.update(contact, {field: value}, actor=both.person)
    elif where == "there":
        both.change_there("Customer", both.link(contact).remote_id, **{FIELDS[field]: value})
    else:
        both.sync("customers", pull=where == "sync")


def sides(both: BothSides, contact: Contact) -> list[dict[str, Any]]:
    """Here and there, in the same words."""
    contact.refresh_from_db()
    there = both.row("Customer", both.link(contact).remote_id)
    here = {field: getattr(contact, field) for field in FIELDS}
    return [here, {field: there.get(theirs, "") for field, theirs in FIELDS.items()}]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(POLICIES), st.lists(STEP, max_size=8))
def test_both_sides_come_to_rest_equal(both: BothSides, policy: str, steps: list[tuple[str, str, str]]) -> None:
    both.configure("customers", conflict_policy=policy)
    contact = both.contact(f"Customer {next(NUMBERS)}", first_name="a")
    both.sync("customers")

    for step in steps:
        take(both, contact, step)
    both.sync("customers")
    writes = both.writes()
    at_rest = both.sync("customers")

    here, there = sides(both, contact)
    assert here == there
    assert (counts(at_rest), both.writes()) == ({}, writes)
    assert not DeadLetter.objects.exists()
    assert len(both.there("Customer")) == Contact.objects.count()
