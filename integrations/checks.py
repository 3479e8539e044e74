"""System checks: the durations of background work fit together, and the queue is set as they assume."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from integrations.timings import QUEUE_LIMIT, TIMINGS, WORKERS, Timings


@register
def check_background_work(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    """Run by `manage.py check` and before every command that needs the database."""
    return [*timing_errors(TIMINGS), *queue_errors(settings.Q_CLUSTER, TIMINGS), *scheduler_errors()]


def timing_errors(timings: Timings) -> list[CheckMessage]:
    """What is wrong between slice, lease, time-out and retry."""
    ordered = [
        ("slice_seconds", timings.slice_seconds),
        ("lease_seconds", timings.lease_seconds),
        ("task_timeout_seconds", timings.task_timeout_seconds),
    ]
    errors: list[CheckMessage] = [
        Error(
            f"TIMINGS.{shorter} ({a:g}) must be shorter than TIMINGS.{longer} ({b:g}).",
            hint="Change integrations/timings.py.",
            id="lotbridge.E001",
        )
        for (shorter, a), (longer, b) in pairwise(ordered)
        if a >= b
    ]
    if timings.task_retry_seconds <= timings.shortest_safe_retry_seconds:
        errors.append(
            Error(
                f"TIMINGS.task_retry_seconds ({timings.task_retry_seconds}) must be longer than "
                f"{timings.shortest_safe_retry_seconds:g}, or the queue starts tasks twice.",
                hint="It must exceed the time-out x (1 + queue limit / workers).",
                id="lotbridge.E002",
            )
        )
    return errors


def queue_errors(queue: dict[str, Any], timings: Timings) -> list[CheckMessage]:
    """Where `Q_CLUSTER` says something else than the design counts on."""
    expected = {
        "workers": WORKERS,
        "queue_limit": QUEUE_LIMIT,
        "timeout": timings.task_timeout_seconds,
        "retry": timings.task_retry_seconds,
        "bulk": 1,
        "max_attempts": 1,
        "ack_failures": True,
        "catch_up": False,
    }
    return [
        Error(
            f"Q_CLUSTER[{key!r}] is {queue.get(key)!r}, but must be {value!r}.",
            hint="Change integrations/timings.py or take the setting back.",
            id="lotbridge.E003",
        )
        for key, value in expected.items()
        if queue.get(key) != value
    ]


def scheduler_errors() -> list[CheckMessage]:
    """django-q2 installs without croniter and then fails at the first cron schedule."""
    if find_spec("croniter"):
        return []
    return [Error("croniter is not installed, so cron schedules cannot run.", id="lotbridge.E004")]
