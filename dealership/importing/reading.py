"""Bytes of a CSV file to a table of text, or the row and column where it cannot be one."""

import codecs
import contextlib
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from django.utils.translation import gettext as _

from dealership.importing.problems import Problem, Unreadable

MAX_SIZE_BYTES: Final = 20 * 1024 * 1024
AUTO: Final = "auto"
ENCODINGS: Final = (AUTO, "utf-8", "utf-16", "cp1252")
DELIMITERS: Final = {"comma": ",", "semicolon": ";", "tab": "\t"}
_SNIFFED_ROWS: Final = 50
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Row:
    """`number` as a spreadsheet shows it: the header is row 1 and empty rows count."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """`broken` are the rows whose width is not the header's; each has its problem."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]
    broken: tuple[Row, ...] = ()
    problems: tuple[Problem, ...] = ()
    delimiter: str = ","
    encoding: str = "utf-8"
    columns: dict[str, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.columns.update({name: index for index, name in enumerate(self.header)})

    def originals(self) -> dict[int, tuple[str, ...]]:
        """Every row as it stands in the file, by its number."""
        return {row.number: row.cells for row in (*self.rows, *self.broken)}


def read(data: bytes, *, encoding: str = AUTO, delimiter: str = AUTO) -> Sheet:
    """The table in `data`. UTF-8 and UTF-16 (with its mark) are recognised; Windows-1252 only when asked for.

    Raises Unreadable for a wrong encoding, no or doubled column names, an open quote, or no rows at all.
    """
    if len(data) > MAX_SIZE_BYTES:
        raise Unreadable(Problem(0, "", _("The file is larger than 20 MB. Split it.")))
    if not data.strip(b"\x00\t\r\n ,;\xef\xbb\xbf\xff\xfe"):
        raise Unreadable(Problem(0, "", _("The file is empty.")))
    text, used = _decode(data, encoding, delimiter)
    sign = DELIMITERS.get(delimiter) or _sniff(text)
    if "\x00" in text:
        reason = _("A NUL byte: this is not a text file, or it is UTF-16 without its mark.")
        raise Unreadable(_placed(text[: text.index("\x00")], sign, reason))
    return _table(text, sign, used)


def _decode(data: bytes, encoding: str, delimiter: str) -> tuple[str, str]:
    marked = next((name for bom, name in _BOMS if data.startswith(bom)), "")
    if encoding == "cp1252" and marked:
        reason = _("The file says itself that it is not Windows-1252. Choose “recognise”.")
        raise Unreadable(Problem(1, "", reason))
    name = marked or ("utf-8" if encoding == AUTO else encoding)
    if name == "utf-16" and not marked:
        name = "utf-16-le" if data[1:2] == b"\x00" else "utf-16-be"
    try:
        return data.decode(name), name
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(name, errors="ignore")
        sign = DELIMITERS.get(delimiter) or _sniff(before)
        reason = _("This is not %(encoding)s text. Choose the encoding in which the file was saved.")
        problem = _placed(before, sign, reason % {"encoding": name.upper().removesuffix("-SIG")})
        raise Unreadable(problem) from error


def _placed(before: str, sign: str, reason: str) -> Problem:
    """A problem in the cell that follows the text `before`."""
    rows = list(_records(before + ".", sign)) or [[""]]
    position = len(rows[-1])
    header = rows[0] if len(rows) > 1 else []
    return Problem(len(rows), header[position - 1] if position <= len(header) else str(position), reason)


def _sniff(text: str) -> str:
    """The one delimiter that fits; never a guess between two."""
    first = next(_records(text, ","), [""])
    widths = {sign: len(next(_records(text, sign), [""])) for sign in DELIMITERS.values()}
    found = [sign for sign, width in widths.items() if width > 1]
    if len(found) > 1:
        even = [sign for sign in found if _is_even(text, sign, widths[sign])]
        found = even or found
    if len(found) > 1:
        reason = _("The delimiter is not clear: comma, semicolon and tab would all make columns. Choose it.")
        raise Unreadable(Problem(1, "", reason, ", ".join(first)[:80]))
    return found[0] if found else ","


def _is_even(text: str, sign: str, width: int) -> bool:
    rows = (row for _index, row in zip(range(_SNIFFED_ROWS), _records(text, sign), strict=False))
    return all(len(row) == width for row in rows if row)


def _records(text: str, sign: str) -> Iterator[list[str]]:
    """Loosely, to look ahead; the strict pass says what is wrong."""
    with contextlib.suppress(csv.Error):
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=sign)


def _table(text: str, sign: str, encoding: str) -> Sheet:
    header: tuple[str, ...] = ()
    rows: list[Row] = []
    broken: list[Row] = []
    problems: list[Problem] = []
    for row in _strict_rows(text, sign):
        if row.number == 1:
            header = _header(row.cells)
        elif not any(cell.strip() for cell in row.cells):
            continue
        elif len(row.cells) != len(header):
            broken.append(row)
            problems.append(_width_problem(row, header))
        else:
            rows.append(row)
    if not rows and not broken:
        raise Unreadable(Problem(0, "", _("The file has column names but no rows.")))
    return Sheet(header, tuple(rows), tuple(broken), tuple(problems), sign, encoding)


def _strict_rows(text: str, sign: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sign, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            yield Row(number, tuple(cells))
    except csv.Error as error:
        reason = _("A quotation mark is not closed, or stands inside a quoted cell without being doubled.")
        if "field larger" in str(error):
            reason = _("A cell is longer than 131,072 characters; a quotation mark may be missing.")
        raise Unreadable(Problem(number + 1, "", reason)) from error


def _header(cells: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(cell.strip() for cell in cells)
    if not any(names):
        raise Unreadable(Problem(1, "", _("The first row has no column names.")))
    problems = [Problem(1, str(i), _("The column has no name.")) for i, name in enumerate(names, start=1) if not name]
    seen: set[str] = set()
    for name in filter(None, names):
        if name.casefold() in seen:
            problems.append(Problem(1, name, _("The column name stands there twice.")))
        seen.add(name.casefold())
    if problems:
        raise Unreadable(*problems)
    return names


def _width_problem(row: Row, header: tuple[str, ...]) -> Problem:
    count = f"{len(row.cells)} / {len(header)}"
    if len(row.cells) < len(header):
        return Problem(row.number, header[len(row.cells)], _("The row has too few columns."), count)
    return Problem(row.number, str(len(header) + 1), _("The row has too many columns."), count)
