"""Who may do what: the person's place in the dealership they are working in.

The dealership is remembered in the session and checked against `Membership` on every request. Somebody else's
dealership does not exist for a person: views answer 404, never 403. A member whose role is too low gets 403,
and nothing
changes.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, Final, ParamSpec, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from dealership.models import Dealership, Membership, User

Role = Membership.Role
SESSION_KEY: Final = "dealership_id"
_RANKS: Final = {Role.VIEWER: 0, Role.STAFF: 1, Role.ADMIN: 2, Role.OWNER: 3}

P = ParamSpec("P")


class DealershipRequest(HttpRequest):
    """A request of a signed-in member; what views behind `requires` receive."""

    user: User
    dealership: Dealership
    membership: Membership


View = Callable[Concatenate[DealershipRequest, P], HttpResponseBase]
Door = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def allows(membership: Membership, role: str) -> bool:
    """Whether the member has at least that role."""
    return _RANKS[Role(membership.role)] >= _RANKS[Role(role)]


def memberships_of(request: HttpRequest) -> list[Membership]:
    """The signed-in person's places, by dealership name; read once per request."""
    if not request.user.is_authenticated:
        return []
    cached = cast("list[Membership] | None", getattr(request, "_memberships", None))
    if cached is None:
        rows = Membership.objects.filter(user=request.user).select_related("dealership")
        cached = list(rows.order_by("dealership__name", "dealership_id"))
        setattr(request, "_memberships", cached)  # noqa: B010 (HttpRequest declares no such attribute)
    return cached


def current_membership(request: HttpRequest) -> Membership | None:
    """The place chosen in the session while it is still the person's own, otherwise their first."""
    places = memberships_of(request)
    chosen = request.session.get(SESSION_KEY) if places else None
    return next((m for m in places if str(m.dealership_id) == chosen), places[0] if places else None)


def choose(request: HttpRequest, dealership_id: UUID) -> Membership | None:
    """Work in that dealership from now on; None, and nothing changes, when the person has no place in it."""
    place = next((m for m in memberships_of(request) if m.dealership_id == dealership_id), None)
    if place is not None:
        request.session[SESSION_KEY] = str(dealership_id)
    return place


def requires(role: str) -> Callable[[View[P]], Door[P]]:
    """Let in members with at least `role`; sets `request.dealership` and `request.membership` and the time
    zone.

    Without a sign-in: to the sign-in page. Without any dealership: 404 with a page that says so. Role too
    low: 403.
    """

    def decorate(view: View[P]) -> Door[P]:
        @wraps(view)
        def door(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            membership = current_membership(request)
            if membership is None:
                return render(request, "dealership/none.html", status=404)
            if not allows(membership, role):
                raise PermissionDenied(
                    _("This needs the role %(role)s. Ask an owner or admin of %(dealership)s.")
                    % {"role": Role(role).label, "dealership": membership.dealership.name}
                )
            member_request = cast(DealershipRequest, request)
            member_request.dealership = membership.dealership
            member_request.membership = membership
            with timezone.override(ZoneInfo(membership.dealership.time_zone)):
                return view(member_request, *args, **kwargs)

        return cast("Door[P]", login_required(door))

    return decorate
