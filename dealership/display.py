"""How money, numbers, days and instants are written for a person, in English and in French.

Pure functions of their values and the active language; the template tags in `templatetags/display.py` are
thin doors to them.
"""

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

_NBSP: Final = "\u00a0"
_SYMBOLS: Final = {
    "AUD": "$",
    "CAD": "$",
    "EUR": "€",
    "GBP": "£",
    "JPY": "¥",
    "MXN": "$",
    "NZD": "$",
    "USD": "$",
}
_WITHOUT_CENTS: Final = frozenset({"CLP", "ISK", "JPY", "KRW", "VND"})
# In French Canada only the other dollars name their country.
_FRENCH_SUFFIX: Final = {"AUD": "$ A", "CAD": "$", "MXN": "$ MX", "NZD": "$ NZ", "USD": "$ US"}
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def is_french() -> bool:
    """Whether the page is being written in French."""
    return (get_language() or "").startswith("fr")


def number(value: Decimal | int, *, places: int | None = None) -> str:
    """Group thousands the way the active language does; `places` rounds half up."""
    exact = Decimal(value)
    if places is not None:
        exact = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    text = f"{exact:,f}"
    if not is_french():
        return text
    return text.translate(str.maketrans(",.", f"{_NBSP},"))


def quantity(value: Decimal) -> str:
    """A quantity without the zeros that the database pads it with: `2`, `0.5`."""
    plain = value.normalize()
    return number(plain if int(plain.as_tuple().exponent) <= 0 else plain.quantize(Decimal(1)))


def unit_price(value: Decimal) -> str:
    """A price with its cents; more figures only where it has them."""
    plain = value.normalize()
    return number(value, places=max(2, -int(plain.as_tuple().exponent)))


def percent(value: Decimal) -> str:
    """`13%`; in French `13 %`."""
    return f"{quantity(value)}{_NBSP if is_french() else ''}%"


def amount(value: Decimal, currency: str) -> str:
    """The amount with its symbol and without the currency's code: `$4,210.00`, `46 318,70 $`."""
    figures = number(abs(value), places=0 if currency in _WITHOUT_CENTS else 2)
    sign = "-" if value < 0 and figures.strip("0.,") else ""
    if is_french():
        symbol = _FRENCH_SUFFIX.get(currency, _SYMBOLS.get(currency, currency)).replace(" ", _NBSP)
        return f"{sign}{figures}{_NBSP}{symbol}"
    return f"{sign}{_SYMBOLS.get(currency, '')}{figures}"


def money(value: Decimal, currency: str) -> str:
    """The amount with what tells its currency apart: `$4,210.00 CAD`; in French `31 240,00 $ US`."""
    if is_french():
        return amount(value, currency)
    return f"{amount(value, currency)}{_NBSP}{currency}"


def day(value: dt.date) -> str:
    """`15 November 2026`, `15 novembre 2026`, `1er novembre 2026`."""
    if isinstance(value, dt.datetime) and timezone.is_aware(value):
        value = timezone.localtime(value)
    first = is_french() and value.day == 1
    return date_format(value, r"j\e\r F Y" if first else "j F Y")


def short_day(value: dt.date) -> str:
    """`15 Nov 2026`, `15 nov. 2026`, for the columns of a table."""
    return date_format(value, "j N Y" if is_french() else "j M Y")


def instant(value: dt.datetime) -> str:
    """The day and the time to the minute, in the active time zone."""
    local = timezone.localtime(value)
    clock = f"{local.hour}{_NBSP}h{_NBSP}{local:%M}" if is_french() else f"{local:%H:%M}"
    return f"{day(local)}, {clock}"


def ago(value: dt.datetime, now: dt.datetime) -> str:
    """Relative up to a day on either side of `now`, then the date."""
    seconds = (now - value).total_seconds()
    size = abs(seconds)
    if size >= _DAY:
        return day(value)
    if size < 1:
        return _("just now")
    span = _span(int(size))
    return _("%(span)s ago") % {"span": span} if seconds > 0 else _("in %(span)s") % {"span": span}


def duration(seconds: float) -> str:
    """A length of time in its two largest units: `41 s`, `4 min 12 s`, `2 h 05 min`."""
    whole = int(seconds)
    if whole < _MINUTE:
        return _("%(count)s s") % {"count": whole}
    if whole < _HOUR:
        return _("%(minutes)s min %(seconds)s s") % {"minutes": whole // _MINUTE, "seconds": whole % _MINUTE}
    return _("%(hours)s h %(minutes)02d min") % {"hours": whole // _HOUR, "minutes": whole % _HOUR // _MINUTE}


def age(value: dt.datetime, now: dt.datetime) -> str:
    """How long ago, in one unit: `40 min`, `3 d`."""
    seconds = max(int((now - value).total_seconds()), 0)
    return _("%(count)s d") % {"count": seconds // _DAY} if seconds >= _DAY else _span(seconds)


def _span(seconds: int) -> str:
    if seconds < _MINUTE:
        return _("%(count)s s") % {"count": seconds}
    if seconds < _HOUR:
        return _("%(count)s min") % {"count": seconds // _MINUTE}
    return _("%(count)s h") % {"count": seconds // _HOUR}
