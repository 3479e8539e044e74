"""The durations of background work keep their order, however they are divided."""

import dataclasses
from typing import Any

import pytest
from django.conf import settings

from integrations.checks import queue_errors, scheduler_errors, timing_errors
from integrations.timings import TIMINGS, Timings


@pytest.mark.parametrize("divisor", [1, 2, 3, 7, 10, 20, 50, 90, 100, 200, 1000])
def test_divided_timings_stay_in_order_and_whole_for_the_queue(divisor: float) -> None:
    timings = Timings().divided(divisor)

    assert timing_errors(timings) == []
    assert isinstance(timings.task_timeout_seconds, int)
    assert isinstance(timings.task_retry_seconds, int)
    assert timings.task_timeout_seconds >= 1


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"slice_seconds": 60}, "lotbridge.E001"),
        ({"lease_seconds": 90}, "lotbridge.E001"),
        ({"task_retry_seconds": 180}, "lotbridge.E002"),
    ],
)
def test_timings_that_do_not_fit_are_named(change: dict[str, Any], error: str) -> None:
    (found,) = timing_errors(dataclasses.replace(Timings(), **change))

    assert found.id == error


def test_the_queue_is_set_as_the_timings_assume() -> None:
    assert queue_errors(settings.Q_CLUSTER, TIMINGS) == []
    assert scheduler_errors() == []


@pytest.mark.parametrize(("key", "value"), [("retry", 60), ("max_attempts", 0), ("ack_failures", False), ("bulk", 10)])
def test_a_changed_queue_setting_is_named(key: str, value: object) -> None:
    (found,) = queue_errors(settings.Q_CLUSTER | {key: value}, TIMINGS)

    assert repr(key) in found.msg
