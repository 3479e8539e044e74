"""When a stream is due again, and how long a failed run waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from integrations import runs, schedule
from integrations.models import SyncConfig, SyncLog
from tests.integrations.sync_cases import BothSides

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "after"),
    [
        ("realtime", timedelta(hours=1)),
        ("hourly", timedelta(hours=1)),
        ("daily", timedelta(days=1)),
        ("weekly", timedelta(days=7)),
        ("manual", None),
    ],
)
def test_each_schedule_is_due_again_after_its_interval(name: str, after: timedelta | None) -> None:
    assert schedule.next_due(name, NOW) == (NOW + after if after else None)


def test_the_first_three_waits_are_exact_and_the_last_is_an_hour() -> None:
    waits = [schedule.backoff_seconds(attempt, spread=0) for attempt in range(1, 12)]

    assert waits == [1, 2, 4, 30, 120, 600, 1800, 3600, 3600, 3600, None]


@given(st.integers(4, 10), st.floats(0, 1))
def test_later_waits_are_spread_by_a_fifth_at_most(attempt: int, spread: float) -> None:
    exact, waited = schedule.LADDER_SECONDS[attempt - 1], schedule.backoff_seconds(attempt, spread=spread)

    assert waited is not None
    assert exact <= waited <= exact * 1.2


def due_streams(both: BothSides, at: datetime) -> list[str]:
    with time_machine.travel(at, tick=False):
        runs.queue_due_configs()
    found = list(SyncLog.objects.order_by("rank").values_list("stream", flat=True))
    SyncLog.objects.all().delete()
    return found


def test_the_sweep_starts_what_is_due_once_an_interval(both: BothSides) -> None:
    SyncConfig.objects.update(schedule="manual")
    both.configure("customers", schedule="hourly")
    both.configure("invoices", schedule="daily")

    seen = [due_streams(both, NOW + timedelta(hours=hours)) for hours in (0, 0.5, 1, 1.5, 2, 24, 25)]

    # The first look only sets the time: connecting has just asked for everything.
    assert seen == [[], [], ["customers"], [], ["customers"], ["customers", "invoices"], ["customers"]]


def test_a_due_stream_is_read_and_sent(both: BothSides) -> None:
    SyncConfig.objects.update(schedule="manual")
    both.configure("customers", schedule="hourly", next_due_at=NOW)

    with time_machine.travel(NOW, tick=False):
        assert runs.queue_due_configs() == 1

    run = SyncLog.objects.get()
    assert (run.pulls, run.pushes, run.trigger) == (True, True, "schedule")
    assert both.config("customers").next_due_at == NOW + timedelta(hours=1)


def test_a_blocked_stream_is_not_started_by_the_schedule(both: BothSides) -> None:
    SyncConfig.objects.update(schedule="manual")
    both.configure("customers", schedule="hourly", next_due_at=NOW, blocked_reason="The subscription has lapsed.")

    assert due_streams(both, NOW) == []
    assert both.config("customers").blocked_reason == "The subscription has lapsed."


def test_a_wish_that_no_run_took_up_is_found_by_the_sweep(both: BothSides) -> None:
    SyncConfig.objects.update(schedule="manual")
    both.configure("customers", push_wanted=True)

    assert runs.queue_due_configs() == 1
    assert SyncLog.objects.get().stream == "customers"
    assert runs.queue_due_configs() == 0
