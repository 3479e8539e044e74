"""Pages of a list without counting it: one row more than the page holds says whether there is a next one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from django.db.models import QuerySet
from django.http import HttpRequest

PAGE_SIZE: Final = 50
# Beyond this, stepping through pages is slower than any filter.
LAST_PAGE: Final = 2000

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    number: int
    rows: list[T]
    has_next: bool

    @property
    def has_previous(self) -> bool:
        return self.number > 1

    @property
    def previous_page_number(self) -> int:
        return self.number - 1

    @property
    def next_page_number(self) -> int:
        return self.number + 1

    def __iter__(self) -> Iterator[T]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def page_of(request: HttpRequest, queryset: "QuerySet[Any]", *, size: int = PAGE_SIZE) -> Page[Any]:
    """The page that `?page=` asks for; the first one when it asks for nonsense."""
    asked = request.GET.get("page", "1")
    number = min(max(int(asked), 1), LAST_PAGE) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 1
    start = (number - 1) * size
    rows = list(queryset[start : start + size + 1])
    return Page(number, rows[:size], has_next=len(rows) > size)
