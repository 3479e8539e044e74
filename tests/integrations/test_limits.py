"""Rate budgets are shared by everybody who calls the same remote account."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection

from connectors.errors import RateLimited
from connectors.streams import Limit
from integrations.limits import DatabaseBudget, usage

MINUTE = Limit("requests", 3, 60, "invented")
BATCH = Limit("batch", 1, 60, "invented")
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def budget(account: str = "quickbooks:simulator:1", *limits: Limit) -> DatabaseBudget:
    return DatabaseBudget(account, limits or (MINUTE, BATCH))


@pytest.mark.django_db
def test_calls_beyond_the_limit_are_told_when_the_window_ends() -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        for _ in range(3):
            budget().take("requests")
        clock.shift(timedelta(seconds=20))

        with pytest.raises(RateLimited) as refused:
            budget().take("requests")

    assert refused.value.retry_after_seconds == 40


@pytest.mark.django_db
def test_a_new_window_begins_with_the_first_call_after_the_old_one() -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        budget().take("batch")
        clock.shift(timedelta(seconds=75))
        budget().take("batch")
        clock.shift(timedelta(seconds=59))

        with pytest.raises(RateLimited) as refused:
            budget().take("batch")

    assert refused.value.retry_after_seconds == 1


@pytest.mark.django_db
@pytest.mark.parametrize("seconds", [3, 600])
def test_what_the_provider_holds_back_nobody_calls_before(seconds: int) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        budget().take("requests")
        budget().hold("requests", seconds)
        clock.shift(timedelta(seconds=1))

        with pytest.raises(RateLimited) as refused:
            budget().take("requests")
        clock.shift(timedelta(seconds=seconds - 1))
        budget().take("requests")

    assert refused.value.retry_after_seconds == seconds - 1
    assert [(row.name, row.used) for row in usage("quickbooks:simulator:1")] == [("requests", 1)]


@pytest.mark.django_db
def test_accounts_and_limits_are_counted_apart() -> None:
    budget().take("batch")

    budget().take("requests")
    budget("quickbooks:simulator:2").take("batch")

    assert [(row.name, row.used) for row in usage("quickbooks:simulator:1")] == [("batch", 1), ("requests", 1)]
    assert [(row.name, row.used) for row in usage("quickbooks:simulator:2")] == [("batch", 1)]


@pytest.mark.django_db(transaction=True)
def test_many_callers_at_once_get_exactly_the_limit() -> None:
    limit = Limit("requests", 50, 60, "invented")

    def call_often(_caller: int) -> int:
        granted = 0
        for _ in range(10):
            try:
                budget("shared", limit).take("requests")
                granted += 1
            except RateLimited:
                pass
        connection.close()
        return granted

    with ThreadPoolExecutor(8) as callers:
        granted = sum(callers.map(call_often, range(8)))

    assert granted == 50
    assert [row.used for row in usage("shared")] == [50]
