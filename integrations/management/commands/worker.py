"""`manage.py worker`: do the background work of this hub. Any number may run, on any number of machines."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from integrations.timings import TIMINGS


class Command(BaseCommand):
    help = "Does the background work: runs, retries, schedules. Stop it with SIGTERM or Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        # The supervisor starts itself again with its own process id; nobody types this.
        parser.add_argument("--inner", type=int, metavar="PID", help=argparse.SUPPRESS)

    def handle(self, *args: Any, inner: int | None, **options: Any) -> None:
        if inner is not None:
            from integrations.guard import run_cluster

            run_cluster(supervisor_pid=inner)
            return

        from integrations import background
        from integrations.supervisor import Supervisor

        call_command("set_up_schedules", verbosity=0)
        background.sweep()
        command = [
            sys.executable,
            str(settings.BASE_DIR / "manage.py"),
            "worker",
            "--inner",
            str(os.getpid()),
        ]
        Supervisor(command, timings=TIMINGS, tick=background.tick, beat=background.beat).run()
