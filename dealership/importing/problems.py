"""What is wrong with a row, named so that a person finds the cell."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Problem:
    """`row` counts as a spreadsheet does: the header is row 1; 0 is the file as a whole.

    `reason` is the same sentence for the same fault, so that equal ones can be counted; what differs is in
    `value`.
    """

    row: int
    column: str
    reason: str
    value: str = ""

    def __str__(self) -> str:
        place = ""
        if self.row and self.column:
            place = _("Row %(row)s, column %(column)s: ") % {"row": self.row, "column": self.column}
        elif self.row:
            place = _("Row %(row)s: ") % {"row": self.row}
        elif self.column:
            place = _("Column %(column)s: ") % {"column": self.column}
        return place + self.sentence

    @property
    def sentence(self) -> str:
        """The reason with the value that caused it."""
        return f"{self.reason} ({self.value})" if self.value else self.reason

    def as_list(self) -> list[int | str]:
        return [self.row, self.column, self.reason, self.value[:200]]


class Unreadable(Exception):
    """The file cannot be understood as a table; nothing of it can be used."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def by_reason(problems: Iterable[Problem]) -> list[tuple[str, int]]:
    """How many rows each reason concerns, the most frequent first."""
    return Counter(reason for _row, reason in {(p.row, p.reason) for p in problems}).most_common()
