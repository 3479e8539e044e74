"""The queue in Redis, where one answers: a task queued there is done by a worker."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings

from tests.faults.processes import wait_until, worker

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

# A database of its own, so that a hub that uses this Redis is not disturbed.
REDIS_URL = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/15")


@pytest.fixture
def environment(child_environment: dict[str, str]) -> Iterator[dict[str, str]]:
    server = redis.from_url(REDIS_URL)
    try:
        server.flushdb()
    except redis.ConnectionError:
        pytest.skip("no Redis answers")
    yield child_environment | {"LOTBRIDGE_BROKER": "redis", "REDIS_URL": REDIS_URL}
    server.flushdb()


def test_a_task_queued_in_redis_is_done(environment: dict[str, str], tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    queue_it = f"from django_q.tasks import async_task; async_task('tests.faults.tasks.mark', {str(notes)!r}, 'done')"

    with worker(environment):
        subprocess.run(
            [sys.executable, "manage.py", "shell", "-v0", "-c", queue_it],
            cwd=settings.BASE_DIR,
            env=environment,
            check=True,
        )

        wait_until(notes.exists, seconds=30, what="the task ran")
