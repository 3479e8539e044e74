"""The menu of the frame, and the slot through which upper apps add their places to it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dealership.models import Dealership

RECORDS: Final = _("Records")
CONNECTIONS: Final = _("Connections")
PROOF: Final = _("Proof")
DEVELOPERS: Final = _("Developers")
DEALERSHIP: Final = _("Dealership")
_ORDER: Final = ("", RECORDS, CONNECTIONS, PROOF, DEVELOPERS, DEALERSHIP)


@dataclass(frozen=True)
class Item:
    """One place in the menu. `count` says how many things wait there; `dock` puts it in the phone's bottom
    bar too.
    """

    group: str | Promise
    label: str | Promise
    icon: str
    url_name: str
    order: int = 50
    count: Callable[[Dealership], int] | None = None
    dock: bool = False


@dataclass(frozen=True)
class Entry:
    """An item as the page shows it."""

    label: str
    icon: str
    url: str
    count: int
    dock: bool
    is_here: bool


@dataclass(frozen=True)
class Group:
    label: str
    entries: list[Entry]


_items: list[Item] = []


def register(*items: Item) -> None:
    """Add places to the menu; call it in `AppConfig.ready`."""
    _items.extend(item for item in items if item not in _items)


def groups(dealership: Dealership, path: str) -> list[Group]:
    """The whole menu with its counts; the place whose address is the longest start of `path` is where we
    are.
    """
    urls = {item: reverse(item.url_name) for item in _items}
    here = _here(urls.values(), path)
    found = []
    for label in _ORDER:
        members = sorted((i for i in _items if i.group == label), key=lambda i: (i.order, str(i.label)))
        entries = [_entry(item, urls[item], dealership, is_here=urls[item] == here) for item in members]
        if entries:
            found.append(Group(str(label), entries))
    return found


def _here(urls: Iterable[str], path: str) -> str:
    matches = [url for url in urls if path == url or (url != "/" and path.startswith(url))]
    return max(matches, key=len, default="")


def _entry(item: Item, url: str, dealership: Dealership, *, is_here: bool) -> Entry:
    count = item.count(dealership) if item.count else 0
    return Entry(str(item.label), item.icon, url, count, item.dock, is_here)
