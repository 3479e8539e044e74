"""A table, its mapping and its formats to the records that would be stored. Nothing here asks the database.

A `Plan` says for each record which rows it comes from; whatever is wrong with a row is a `Problem`. A
profile may also refuse rows by its own rules: those are listed too, but do not stop the others.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from dealership.importing import values
from dealership.importing.kinds import Kind
from dealership.importing.problems import Problem, Unreadable
from dealership.importing.reading import Row, Sheet
from dealership.importing.values import BadValue, Formats


def numbered_name(number: str) -> str:
    """The name of somebody who has only a number. Stored, so it is the same in every language."""
    return f"Customer {number}"


@dataclass(frozen=True)
class Customer:
    """How a row names its customer; at least one of name and number is there."""

    name: str = ""
    number: str = ""
    country: str = ""

    @property
    def display_name(self) -> str:
        return self.name or numbered_name(self.number)


@dataclass(frozen=True)
class Candidate:
    """One record as it would be stored. `values` are the model's fields without references to other records.

    `number` is the file's own id of the record; `occurrence` tells apart payments that look the same.
    """

    rows: tuple[int, ...]
    values: Mapping[str, Any]
    number: str = ""
    customer: Customer | None = None
    vin: str = ""
    invoice: str = ""
    occurrence: int = 1

    @property
    def row(self) -> int:
        return self.rows[0]


@dataclass
class Plan:
    """`problems` are bad input; `refused` are rows that a profile's rules leave out by name."""

    candidates: list[Candidate] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    refused: list[Problem] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def all_problems(self) -> list[Problem]:
        return sorted([*self.problems, *self.refused], key=lambda problem: problem.row)


@dataclass(frozen=True)
class Line:
    """One readable row: the values of its mapped, filled cells."""

    row: int
    cells: Mapping[str, Any]

    def get(self, name: str, default: Any = "") -> Any:
        return self.cells.get(name, default)

    def own(self, *names: str) -> dict[str, Any]:
        """Those of `names` that the row fills: an empty cell never clears a stored value."""
        return {name: self.cells[name] for name in names if name in self.cells}

    @property
    def customer(self) -> Customer:
        return Customer(self.get("customer"), self.get("customer_number"), self.get("country"))


@dataclass(frozen=True)
class Source:
    """A table with what makes its cells mean something."""

    sheet: Sheet
    kind: Kind
    mapping: Mapping[str, str]
    formats: Formats

    def column(self, name: str) -> str:
        """The file's own name for a field, for a problem's place."""
        return self.mapping.get(name, str(self.kind.field(name).label))

    def texts(self, name: str) -> Iterator[str]:
        index = self.sheet.columns[self.mapping[name]]
        return (row.cells[index].strip() for row in self.sheet.rows)

    def ignored(self) -> list[str]:
        """Columns that no field takes."""
        used = set(self.mapping.values())
        return [name for name in self.sheet.header if name not in used]


def date_order(sheet: Sheet, kind: Kind, mapping: Mapping[str, str]) -> str:
    """How this file writes its dates. Raises Unreadable with a question where the dates do not tell."""
    source = Source(sheet, kind, mapping, Formats())
    names = [f.name for f in kind.fields if f.is_date and f.name in mapping]
    texts = [text for name in names for text in source.texts(name)]
    try:
        return values.date_order(texts)
    except values.AmbiguousDates:
        reason = _("Every date could be month/day or day/month. Choose how the file writes its dates.")
        example = next(text for text in texts if text)
        raise Unreadable(Problem(0, source.column(names[0]), reason, example)) from None


def read_lines(source: Source, plan: Plan) -> list[Line]:
    """The rows whose every cell can be read; each other cell becomes a problem of the plan."""
    plan.problems.extend(source.sheet.problems)
    places = [(source.kind.field(name), source.sheet.columns[column]) for name, column in source.mapping.items()]
    places.sort(key=lambda place: place[0].name != "currency")
    lines = []
    for row in source.sheet.rows:
        problems: list[Problem] = []
        cells = _read_row(row, places, source, problems)
        plan.problems.extend(problems)
        if not problems:
            lines.append(Line(row.number, cells))
    return lines


def _read_row(row: Row, places: list[Any], source: Source, problems: list[Problem]) -> dict[str, Any]:
    cells: dict[str, Any] = {}
    formats = source.formats
    for spec, index in places:
        text = _bare(row.cells[index])
        if not text:
            if spec.required:
                problems.append(Problem(row.number, source.column(spec.name), _("The cell is empty.")))
            continue
        try:
            cells[spec.name] = spec.read(text, formats)
        except BadValue as error:
            problems.append(Problem(row.number, source.column(spec.name), str(error), text[:80]))
            continue
        if spec.name == "currency":
            formats = Formats(formats.dates, formats.decimal, cells["currency"])
    return cells


def _bare(cell: str) -> str:
    """Without blanks around, and without the apostrophe that our error file puts before a formula."""
    text = cell.strip()
    return text[1:].strip() if text[:1] == "'" and text[1:2] in tuple("=+-@") else text
