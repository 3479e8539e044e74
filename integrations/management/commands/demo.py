"""`manage.py demo`: the main job on SQLite and the simulator, with no server and no credentials."""

import os
import secrets
import signal
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

# Set once the addresses are known: settings are read at start, so the command starts itself again with them.
READY = "LOTBRIDGE_DEMO"


class Command(BaseCommand):
    help = "Connects the simulated QuickBooks, syncs both ways, reconciles, then serves the pages."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="stop after the verdict; 0 only when it is complete")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        if READY not in os.environ:
            self._start_again()
        from integrations.demo.stage import Stage

        signal.signal(signal.SIGTERM, signal.default_int_handler)
        stage = Stage(settings.BASE_DIR, settings.BASE_DIR / "var" / "demo-logs")
        try:
            complete = self._show(stage)
            if once:
                if not complete:
                    raise CommandError(_("The books do not agree."))
                return
            self._serve(stage)
        except KeyboardInterrupt:
            self.say("")
        finally:
            stage.end()

    def say(self, line: str) -> None:
        """At once, also into a file or a pipe."""
        self.stdout.write(line)
        self.stdout.flush()

    def _start_again(self) -> None:
        from integrations.demo.stage import free_port

        folder = settings.BASE_DIR / "var"
        folder.mkdir(exist_ok=True)
        web, simulator = free_port(8000), free_port(8899)
        os.environ |= {
            READY: "1",
            "BASE_URL": f"http://127.0.0.1:{web}",
            "SIMULATOR_URL": f"http://127.0.0.1:{simulator}",
            "DATABASE_URL": os.environ.get("DEMO_DATABASE_URL", f"sqlite:///{folder / 'demo.sqlite3'}"),
        }
        os.execv(sys.executable, [sys.executable, *sys.argv])

    def _show(self, stage: Any) -> bool:
        from integrations.demo import books, other_side, show

        self.say(_("Preparing the database and the demo dealership ..."))
        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        call_command("set_up_schedules", verbosity=0)
        self.password = secrets.token_urlsafe(9)
        place = books.dealership()
        user = books.owner(place, self.password)
        books.fill(place)
        self._start(stage)
        side = other_side.OtherSide(settings.SIMULATOR_URL)
        other_side.fill(side)
        side.set_hooks(f"{settings.BASE_URL}/hooks/quickbooks/")
        began_at = timezone.now()
        integration = show.connect(user, place, side, self.say)
        calm = show.watch(integration, began_at, self.say)
        return show.prove(integration, self.say) and calm

    def _start(self, stage: Any) -> None:
        port = settings.SIMULATOR_URL.rsplit(":", 1)[1]
        database = settings.BASE_DIR / "var" / "demo-simulator.sqlite3"
        stage.manage("simulator", "simulator", "--port", port, "--db", str(database))
        stage.start(
            "web",
            str(settings.BASE_DIR / ".venv" / "bin" / "gunicorn"),
            "config.wsgi:application",
            *("--bind", settings.BASE_URL.removeprefix("http://"), "--worker-class", "gthread", "--threads", "4"),
            *("--no-control-socket", "--graceful-timeout", "10"),
        )
        stage.manage("worker", "worker")
        stage.wait_for(settings.SIMULATOR_URL)
        stage.wait_for(f"{settings.BASE_URL}/healthz")

    def _serve(self, stage: Any) -> None:
        from integrations.demo import books

        self.say("")
        self.say(_("Lotbridge:  %(url)s") % {"url": settings.BASE_URL})
        self.say(_("Sign in:    %(email)s   %(word)s") % {"email": books.EMAIL, "word": self.password})
        self.say(_("QuickBooks: %(url)s/quickbooks/ (simulator)") % {"url": settings.SIMULATOR_URL})
        self.say(_("Ctrl-C ends it."))
        while not stage.failed():
            time.sleep(1)
        raise CommandError(_("A part of the demo stopped. The logs in var/demo-logs say why."))
