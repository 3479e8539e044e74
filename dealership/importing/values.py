"""One cell of text to one value. Pure functions; what can be read in two ways is refused, never guessed."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

ISO, MONTH_FIRST, DAY_FIRST = "iso", "mdy", "dmy"
POINT, COMMA = "point", "comma"

_TIME: Final = r"(?:[T ]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:[AaPp]\.?[Mm]\.?)?\s*(?:Z|[+-]\d{2}:?\d{2})?)?"
_ISO_DATE: Final = re.compile(rf"(\d{{4}})-(\d{{1,2}})-(\d{{1,2}}){_TIME}")
_OTHER_DATE: Final = re.compile(rf"(\d{{1,2}})([/.-])(\d{{1,2}})\2(\d{{4}}|\d{{2}}){_TIME}")
# Thousands are grouped in threes or not at all: "1,23" is never 123.
_NUMBERS: Final = {
    POINT: re.compile(r"(?:\d+|\d{1,3}(?:[, \u00a0\u202f']\d{3})+)(?:\.\d+)?|\.\d+"),
    COMMA: re.compile(r"(?:\d+|\d{1,3}(?:[. \u00a0\u202f']\d{3})+)(?:,\d+)?|,\d+"),
}
_SIGNS: Final = {
    "$": {"USD", "CAD", "AUD", "NZD", "MXN", "SGD", "HKD"},
    "€": {"EUR"},
    "£": {"GBP"},
    "¥": {"JPY", "CNY"},
}
_VIN: Final = re.compile(r"[A-HJ-NPR-Z0-9]{5,17}")
# Two figures for the year: up to 68 is this century, as POSIX has it.
_CENTURY_TURNS: Final = 69


@dataclass(frozen=True)
class Formats:
    """How one file writes its dates and amounts, and the currency where a row names none."""

    dates: str = ISO
    decimal: str = POINT
    currency: str = "USD"


class BadValue(Exception):
    """The reason, as a sentence for the person who has the file."""


class AmbiguousDates(Exception):
    """Every date could be month first or day first: the person must say."""


def read_date(text: str, order: str) -> dt.date:
    """The day, as written; a time of day is read and left out."""
    iso = _ISO_DATE.fullmatch(text)
    if iso:
        return _day(int(iso[1]), int(iso[2]), int(iso[3]))
    other = _OTHER_DATE.fullmatch(text)
    if not other:
        raise BadValue(_("This is not a date."))
    if order == ISO:
        raise BadValue(_("This date is not year-month-day. Choose how the file writes its dates."))
    first, second, year = int(other[1]), int(other[3]), int(other[4])
    if len(other[4]) == 2:
        year += 2000 if year < _CENTURY_TURNS else 1900
    month, day = (first, second) if order == MONTH_FIRST else (second, first)
    return _day(year, month, day)


def _day(year: int, month: int, day: int) -> dt.date:
    if not 1900 <= year <= 2100:
        raise BadValue(_("The year is not between 1900 and 2100."))
    try:
        return dt.date(year, month, day)
    except ValueError:
        raise BadValue(_("This day does not exist in the chosen date order.")) from None


def date_order(texts: Iterable[str]) -> str:
    """How the dates of a file are written, from the dates themselves.

    Raises AmbiguousDates where every one can be read both ways. A file that mixes the orders gets month
    first: its other rows are then named one by one.
    """
    day_first = month_first = undecided = False
    for match in filter(None, map(_OTHER_DATE.fullmatch, texts)):
        undecided = True
        day_first |= int(match[1]) > 12
        month_first |= int(match[3]) > 12
    if not undecided:
        return ISO
    if not day_first and not month_first:
        raise AmbiguousDates
    return MONTH_FIRST if month_first else DAY_FIRST


def read_decimal(text: str, formats: Formats, *, places: int, digits: int) -> Decimal:
    """An exact number; `(12.00)`, `-12.00` and `12.00-` are negative. More places than fit are refused."""
    bare, negative = _without_sign(text.strip())
    if not _NUMBERS[formats.decimal].fullmatch(bare):
        raise BadValue(_("This is not a number in the chosen format."))
    grouping = r"[, \u00a0\u202f']" if formats.decimal == POINT else r"[. \u00a0\u202f']"
    value = Decimal(re.sub(grouping, "", bare).replace(",", "."))
    exponent = value.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > places:
        raise BadValue(_("The number has more than %(places)s decimal places.") % {"places": places})
    if value >= Decimal(10) ** (digits - places):
        raise BadValue(_("The number is too large."))
    return -value if negative else value


def read_money(text: str, formats: Formats) -> Decimal:
    return read_decimal(_without_currency(text, formats.currency), formats, places=2, digits=14)


def read_unit_price(text: str, formats: Formats) -> Decimal:
    return read_decimal(_without_currency(text, formats.currency), formats, places=6, digits=18)


def _without_sign(text: str) -> tuple[str, bool]:
    if text.startswith("(") and text.endswith(")"):
        return text[1:-1].strip(), True
    if text.startswith(("-", "\u2212")):
        return text[1:].strip(), True
    if text.endswith("-"):
        return text[:-1].strip(), True
    return text.removeprefix("+").strip(), False


def _without_currency(text: str, currency: str) -> str:
    """Without its sign or code, which must be the import's own: a file in euros is not read as dollars."""
    named = set(re.findall(r"[A-Z]{3}", text))
    if named - {currency}:
        raise BadValue(_("The amount is in another currency than %(currency)s.") % {"currency": currency})
    for sign, currencies in _SIGNS.items():
        if sign in text and currency not in currencies:
            raise BadValue(_("The amount is in another currency than %(currency)s.") % {"currency": currency})
    bare = re.sub(r"[$€£¥]", "", text, count=1).replace(currency, "", 1).strip()
    return re.sub(r"^([(-])\s+", r"\1", bare)


def read_whole(text: str, formats: Formats) -> int:
    value = read_decimal(text, formats, places=0, digits=9)
    if value < 0:
        raise BadValue(_("The number is negative."))
    return int(value)


def read_year(text: str) -> int:
    if not re.fullmatch(r"(19|20)\d{2}", text):
        raise BadValue(_("This is not a model year."))
    return int(text)


def read_vin(text: str) -> str:
    """Capital letters and digits without I, O and Q; 17 of them since 1981, fewer on older cars."""
    vin = re.sub(r"[\s-]", "", text).upper()
    if not _VIN.fullmatch(vin):
        raise BadValue(_("This is not a VIN: at most 17 letters and digits, without I, O and Q."))
    return vin


def read_currency(text: str) -> str:
    code = text.strip().upper()
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise BadValue(_("This is not a currency: three letters, such as CAD."))
    return code


def read_email(text: str) -> str:
    """One address, or several with commas or semicolons between, as accounting programs keep them."""
    addresses = [part.strip() for part in re.split(r"[,;]", text) if part.strip()]
    try:
        for address in addresses:
            validate_email(address)
    except ValidationError:
        raise BadValue(_("This is not an e-mail address.")) from None
    return ", ".join(addresses)


def read_choice(text: str, words: Mapping[str, Any]) -> Any:
    """What the word means, whatever its case."""
    found = words.get(" ".join(re.split(r"[\s_-]+", text.casefold())))
    if found is None:
        raise BadValue(_("This word is not known here."))
    return found
