"""`manage.py import_csv`: a CSV file into a dealership's records, with the same rules as the pages."""

import argparse
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from dealership import importing
from dealership.importing import retail, values
from dealership.importing.plan import Plan, Source
from dealership.importing.problems import Problem
from dealership.importing.reading import AUTO, DELIMITERS, ENCODINGS, MAX_SIZE_BYTES
from dealership.models import Contact, Dealership, ImportFile

_SHOWN = 20


class Command(BaseCommand):
    help = "Import contacts, vehicles, invoices or payments from a CSV file."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dealership", required=True, help="The dealership's short name.")
        parser.add_argument("--kind", required=True, choices=ImportFile.Kind.values)
        parser.add_argument("--profile", default="", choices=["", retail.NAME], help="Rules of a known export.")
        parser.add_argument("--currency", default="", help="ISO code; without it the dealership's own.")
        parser.add_argument("--map", action="append", default=[], metavar="FIELD=COLUMN", dest="columns")
        parser.add_argument("--encoding", default=AUTO, choices=ENCODINGS)
        parser.add_argument("--delimiter", default=AUTO, choices=[AUTO, *DELIMITERS])
        parser.add_argument("--dates", default=AUTO, choices=[AUTO, values.ISO, values.MONTH_FIRST, values.DAY_FIRST])
        parser.add_argument("--decimal", default=values.POINT, choices=[values.POINT, values.COMMA])
        parser.add_argument("--contact-kind", default=Contact.Kind.CUSTOMER.value, choices=Contact.Kind.values)
        parser.add_argument("--skip-bad", action="store_true", help="Import the good rows, leave the others out.")
        parser.add_argument("--errors", type=Path, help="Write the rows left out to this CSV file.")
        parser.add_argument("--dry-run", action="store_true", help="Say what would happen and store nothing.")

    def handle(self, *args: Any, **options: Any) -> None:
        file = self._upload(options)
        try:
            source, plan = importing.plan_of(file)
        except importing.Unreadable as error:
            file.delete()
            raise CommandError(f"{error}\nNothing was imported.") from error
        for notice in self._notices(file, source, plan):
            self.stdout.write(notice)
        if options["dry_run"]:
            file.delete()
            self._report(plan.all_problems(), source, options["errors"])
            self._account(file, source, plan, None)
            return
        importing.queue(file, skip_bad=options["skip_bad"])
        importing.run(file.pk, progress=self._progress)
        file.refresh_from_db()
        self._result(file, source, plan, options["errors"])

    def _upload(self, options: dict[str, Any]) -> ImportFile:
        dealership = Dealership.objects.filter(slug=options["dealership"]).first()
        if dealership is None:
            raise CommandError(f"There is no dealership with the short name {options['dealership']}.")
        if options["profile"] and options["kind"] != ImportFile.Kind.INVOICES:
            raise CommandError(f"The profile {options['profile']} is for --kind invoices.")
        try:
            currency = values.read_currency(options["currency"] or dealership.currency)
            if options["file"].stat().st_size > MAX_SIZE_BYTES:
                raise CommandError("The file is larger than 20 MB. Split it.")
            data = options["file"].read_bytes()
            chosen = {name: options[name] for name in ("encoding", "delimiter", "dates", "decimal", "contact_kind")}
            chosen["currency"] = currency
            name = options["file"].name
            file = importing.upload(dealership, options["kind"], name, data, profile=options["profile"], options=chosen)
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror}.") from error
        except (importing.Unreadable, values.BadValue) as error:
            raise CommandError(f"{error}\nNothing was imported.") from error
        if options["columns"]:
            file.mapping.update(_pair(text) for text in options["columns"])
            file.save(update_fields=["mapping"])
        return file

    def _notices(self, file: ImportFile, source: Source, plan: Plan) -> list[str]:
        notices = [f"{file.rows_total:,} rows in {file.file_name} make {len(plan.candidates):,} records."]
        if source.ignored():
            notices.append(_("Columns that are not used: %(names)s.") % {"names": ", ".join(source.ignored())})
        return [*notices, *plan.notices]

    def _progress(self, done: int, total: int) -> None:
        if sys.stdout.isatty():
            self.stdout.write(f"\r{done:,} of {total:,}", ending="\n" if done == total else "")
            self.stdout.flush()

    def _result(self, file: ImportFile, source: Source, plan: Plan, errors: Path | None) -> None:
        problems = [Problem(*row) for row in file.problems]
        self._report(problems, source, errors)
        if file.status != ImportFile.Status.SUCCEEDED:
            raise CommandError(
                file.error or "Nothing was imported. Correct the rows above, or add --skip-bad to import the others."
            )
        counts = (file.created_count, file.updated_count, file.unchanged_count, file.refused_count)
        self.stdout.write("Created {:,}, updated {:,}, unchanged {:,}; rows refused {:,}.".format(*counts))
        self._account(file, source, plan, file.dealership, problems)

    def _report(self, problems: list[Problem], source: Source, errors: Path | None) -> None:
        for reason, count in importing.by_reason(problems):
            self.stdout.write(f"{count:>8,}  {reason}")
        for problem in problems[: None if errors is None else _SHOWN]:
            self.stdout.write(f"  {problem}")
        if errors is not None:
            errors.write_bytes(importing.error_file(source.sheet, problems))
            self.stdout.write(f"Every row that was refused is in {errors}.")

    def _account(
        self,
        file: ImportFile,
        source: Source,
        plan: Plan,
        dealership: Dealership | None,
        problems: list[Problem] | None = None,
    ) -> None:
        if file.profile != retail.NAME:
            return
        account = retail.account(source, plan, dealership, late=problems or [])
        currency = source.formats.currency
        rows: list[tuple[str, int, Decimal]] = [
            ("Invoices", account.invoice_count, account.invoices),
            ("Credit notes", account.credit_note_count, -account.credit_notes),
            ("Rows refused", account.refused_rows, account.refused),
            ("Sum of the above", 0, account.invoices - account.credit_notes + account.refused),
            ("Rows of the file", file.rows_total, account.rows),
        ]
        for label, count, amount in rows:
            self.stdout.write(f"{label:<18}{f'{count:,}' if count else '':>8}{amount:>18,.2f} {currency}")
        self.stdout.write(f"{'Difference':<26}{account.difference:>18,.2f} {currency}")
        if account.difference:
            raise CommandError("The totals do not agree: do not go on with these records.")


def _pair(text: str) -> tuple[str, str]:
    field, sign, column = text.partition("=")
    if not sign:
        raise CommandError(f"--map {text}: write FIELD=COLUMN.")
    return field.strip(), column.strip()
