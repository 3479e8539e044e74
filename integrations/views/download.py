"""Reports as CSV files, sent line by line."""

import csv
import io
from collections.abc import Iterable, Iterator

from django.http import StreamingHttpResponse
from django.utils import translation

from dealership.importing.report import harmless


def as_csv(lines: Iterable[str], name: str) -> StreamingHttpResponse:
    """The file as a download, in the language of the page that it was asked from."""
    response = StreamingHttpResponse(
        _in_language(translation.get_language() or "en", lines), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def line(cells: Iterable[object]) -> str:
    """One row; nothing in it runs as a formula in a spreadsheet."""
    out = io.StringIO(newline="")
    csv.writer(out).writerow(["" if cell is None else harmless(str(cell)) for cell in cells])
    return out.getvalue()


def _in_language(language: str, lines: Iterable[str]) -> Iterator[str]:
    """The body is written after the request's language was left."""
    with translation.override(language):
        yield from lines
