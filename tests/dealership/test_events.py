"""Events are written with the change, never altered, and shown to every reader once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from dealership import events, records
from dealership.events import SYSTEM, Actor, record_event
from dealership.models import Contact, Dealership, Event, User

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def home(db: None) -> Dealership:
    return Dealership.objects.create(name="Rideau Auto", slug="rideau-auto")


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the only reader was shown."""
    shown: list[str] = []
    monkeypatch.setattr(events, "_readers", [])
    events.register_reader(lambda rows: shown.extend(row.type for row in rows))
    return shown


def tell(home: Dealership, *kinds: str, at: datetime = NOON) -> None:
    for position, kind in enumerate(kinds):
        record_event(kind, home, actor=SYSTEM, at=at + timedelta(seconds=position))


def test_each_event_is_shown_once_oldest_first(home: Dealership, seen: list[str]) -> None:
    tell(home, "b", at=NOON + timedelta(hours=1))
    tell(home, "a")

    shown = [events.dispatch(), events.dispatch()]

    assert (shown, seen) == ([2, 0], ["a", "b"])
    assert not events.has_undispatched()


def test_an_event_that_commits_late_with_an_early_time_is_still_shown(home: Dealership, seen: list[str]) -> None:
    tell(home, "early", "later")
    events.dispatch()
    tell(home, "slow transaction", at=NOON - timedelta(minutes=5))

    events.dispatch()

    assert seen == ["early", "later", "slow transaction"]


def test_more_than_a_batch_is_shown_in_order_batch_by_batch(home: Dealership, seen: list[str]) -> None:
    tell(home, "a", "b", "c", "d", "e")

    batches = [events.dispatch(limit=2) for _ in range(4)]

    assert (batches, seen) == ([2, 2, 1, 0], ["a", "b", "c", "d", "e"])


def test_a_reader_that_fails_leaves_the_events_to_be_shown_again(
    home: Dealership, seen: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(rows: Sequence[Event]) -> None:
        Dealership.objects.update(name="Half done")
        raise ZeroDivisionError

    tell(home, "a")
    with monkeypatch.context() as patch:
        patch.setattr(events, "_readers", [broken])
        with pytest.raises(ZeroDivisionError):
            events.dispatch()

    home.refresh_from_db()
    assert (home.name, events.has_undispatched()) == ("Rideau Auto", True)
    assert events.dispatch() == 1
    assert seen == ["a"]


def test_events_that_another_process_took_meanwhile_are_not_shown_twice(
    home: Dealership, seen: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(home, "a", "b")

    def taken_meanwhile() -> datetime:
        Event.objects.filter(type="a").update(dispatched_at=NOON)
        return NOON

    monkeypatch.setattr(timezone, "now", taken_meanwhile)

    assert (events.dispatch(), seen) == (0, [])
    assert not Event.objects.filter(type="b", dispatched_at=NOON).exists()


def test_a_reader_is_registered_once(seen: list[str], home: Dealership) -> None:
    def reader(rows: Sequence[Event]) -> None:
        seen.append("second reader")

    events.register_reader(reader)
    events.register_reader(reader)
    tell(home, "a")
    events.dispatch()

    assert seen == ["a", "second reader"]


def test_an_event_cannot_be_changed(home: Dealership) -> None:
    tell(home, "a")

    with pytest.raises(TypeError, match="append-only"):
        Event.objects.update(type="b")
    with pytest.raises(TypeError, match="append-only"):
        Event.objects.update(dispatched_at=NOON, changes={})

    assert Event.objects.get().type == "a"


def test_a_change_that_is_rolled_back_tells_nothing(home: Dealership) -> None:
    with transaction.atomic():
        records.create(Contact, home, {"display_name": "Ana Cruz"}, actor=SYSTEM)
        transaction.set_rollback(True)

    assert (Contact.objects.count(), Event.objects.count()) == (0, 0)


def test_a_life_story_is_of_one_record_newest_first(home: Dealership) -> None:
    ana = records.create(Contact, home, {"display_name": "Ana Cruz"}, actor=SYSTEM)
    records.create(Contact, home, {"display_name": "Omar Haddad"}, actor=SYSTEM)
    records.update(ana, {"phone": "555-0100"}, actor=SYSTEM)

    kinds = [event.type for event in Event.objects.of_record("contact", ana.pk)]

    assert kinds == ["contact.updated", "contact.created"]


def test_it_says_who_did_it(home: Dealership) -> None:
    claire = User.objects.create_user("claire@rideau.example", name="Claire Nadeau")
    run_id = home.pk

    record_event("a", home, actor=Actor.user(claire))
    record_event("b", home, actor=Actor.integration(home.pk, "QuickBooks").in_run(run_id))

    person, integration = Event.objects.order_by("type")
    assert (person.actor_kind, person.actor_id, person.actor_name) == ("user", claire.pk, str(claire))
    assert (integration.actor_kind, integration.actor_name, integration.run_id) == (
        "integration",
        "QuickBooks",
        run_id,
    )
