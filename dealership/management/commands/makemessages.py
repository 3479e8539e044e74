"""`manage.py makemessages`, knowing the project's own ways to mark a text; docs/translating.md says how it is used."""

from __future__ import annotations

from django.core.management.base import CommandParser
from django.core.management.commands import makemessages


class Command(makemessages.Command):
    # `lazy` is gettext_lazy where `_` is gettext; `text` marks the texts of connectors, which know no Django.
    xgettext_options = [*makemessages.Command.xgettext_options, "--keyword=lazy", "--keyword=_lazy", "--keyword=text"]

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(
            locale=["fr"],
            # In the settings, env.text("NAME") reads a variable.
            ignore_patterns=[".venv", "benchmarks", "tests", "var", "config/settings.py"],
            add_location="file",
            no_obsolete=True,
        )
