"""The rows that were not imported, as a file to correct and import again."""

import csv
import io
import re
from collections.abc import Iterable
from typing import Final

from django.utils.translation import gettext as _

from dealership.importing.problems import Problem
from dealership.importing.reading import Sheet

# A spreadsheet would run these as formulas.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_NUMBER: Final = re.compile(r"[+-]?\d[\d.,\s]*|[+-]?[.,]\d+")


def error_file(sheet: Sheet, problems: Iterable[Problem]) -> bytes:
    """Row, column and reason before the row as it stood; several problems of one row are one line.

    UTF-8 with its mark, for spreadsheets. Importing it again ignores the first three columns.
    """
    originals = sheet.originals()
    by_row: dict[int, list[Problem]] = {}
    for problem in problems:
        by_row.setdefault(problem.row, []).append(problem)
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([_("Row in the file"), _("Wrong column"), _("Why it was refused"), *map(harmless, sheet.header)])
    for row in sorted(by_row):
        own = by_row[row]
        columns = "; ".join(dict.fromkeys(problem.column for problem in own if problem.column))
        reasons = "; ".join(dict.fromkeys(problem.sentence for problem in own))
        cells = originals.get(row, ())
        writer.writerow([str(row), *map(harmless, (columns, reasons, *cells))])
    return out.getvalue().encode("utf-8-sig")


def harmless(cell: str) -> str:
    """With an apostrophe before what a spreadsheet would run; numbers stay numbers."""
    if not cell.lstrip(" \n").startswith(_FORMULA) or _NUMBER.fullmatch(cell.strip()):
        return cell
    return f"'{cell}"
