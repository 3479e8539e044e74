"""What every page's frame needs: where the person is, what they may do, the menu. Read only if the page shows
it.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language, get_language_info

from dealership import access, nav
from dealership.models import Dealership, Membership


@dataclass
class Frame:
    """`frame` in templates; everything is looked up at first use."""

    request: HttpRequest

    @cached_property
    def membership(self) -> Membership | None:
        return access.current_membership(self.request)

    @property
    def dealership(self) -> Dealership | None:
        return self.membership.dealership if self.membership else None

    @property
    def memberships(self) -> list[Membership]:
        return access.memberships_of(self.request)

    @property
    def can_edit(self) -> bool:
        """Staff and above."""
        return self.membership is not None and access.allows(self.membership, access.Role.STAFF)

    @property
    def can_manage(self) -> bool:
        """Admins and owners."""
        return self.membership is not None and access.allows(self.membership, access.Role.ADMIN)

    @cached_property
    def menu(self) -> list[nav.Group]:
        return nav.groups(self.dealership, self.request.path) if self.dealership else []

    @property
    def dock(self) -> list[nav.Entry]:
        """The four places of the phone's bottom bar."""
        return [entry for group in self.menu for entry in group.entries if entry.dock][:4]

    @property
    def language(self) -> str:
        """The page's language as HTML writes it, with the region whose words we use."""
        return {"en": "en-CA", "fr": "fr-CA"}.get(get_language() or "en", "en-CA")

    @property
    def other_languages(self) -> list[dict[str, Any]]:
        current = get_language()
        return [dict(get_language_info(code)) for code, _name in settings.LANGUAGES if code != current]


def frame(request: HttpRequest) -> dict[str, Frame]:
    """Context processor."""
    return {"frame": Frame(request)}
