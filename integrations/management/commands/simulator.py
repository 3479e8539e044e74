"""`manage.py simulator`: the providers' simulator, for trying Lotbridge without credentials."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from connectors.simulator import server


class Command(BaseCommand):
    help = "Serves the simulated providers over HTTP. Nothing leaves this machine."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        server.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        server.run(options)
