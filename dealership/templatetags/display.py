"""Template tags of the design system: icons, money, times, form fields. Load with `{% load display %}`."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dealership import display
from dealership.icons import ICONS

register = template.Library()


@register.simple_tag
def icon(name: str, size: int = 16) -> SafeString:
    """The outline of that name, hidden from screen readers: the word stands beside it."""
    return format_html(
        '<svg class="icon" width="{}" height="{}" viewBox="0 0 16 16" aria-hidden="true"><path d="{}"/></svg>',
        size,
        size,
        ICONS[name],
    )


@register.simple_tag
def money(amount: Decimal | None, currency: str) -> str:
    """`$4,210.00 CAD`; nothing for no amount."""
    return "" if amount is None else display.money(amount, currency)


@register.simple_tag
def amount(value: Decimal | None, currency: str) -> str:
    """`$4,210.00`, where the page says the currency beside it."""
    return "" if value is None else display.amount(value, currency)


@register.simple_tag
def age(value: dt.datetime) -> SafeString:
    """`40 min`, `3 d` in a `<time>`: how long something has waited."""
    return _time(value, display.age(value, timezone.now()))


@register.simple_tag
def ago(value: dt.datetime | None) -> str:
    """`4 min ago` in a `<time>` that carries the exact instant; a date once it is more than a day away."""
    if value is None:
        return ""
    return _time(value, display.ago(value, timezone.now()))


@register.simple_tag
def instant(value: dt.datetime | None) -> str:
    """`15 November 2026, 14:12` in a `<time>`."""
    return "" if value is None else _time(value, display.instant(value))


@register.filter
def day(value: dt.date | None) -> str:
    """`15 November 2026`; nothing for no date."""
    return "" if value is None else display.day(value)


@register.filter
def number(value: Decimal | int | None) -> str:
    """Grouped thousands: `1,204`."""
    return "" if value is None else display.number(value)


@register.filter
def quantity(value: Decimal | None) -> str:
    """A quantity without padded zeros."""
    return "" if value is None else display.quantity(value)


@register.filter
def price(value: Decimal | None) -> str:
    """A unit price with its cents, and with more figures only where it has them."""
    return "" if value is None else display.unit_price(value)


@register.filter
def percent(value: Decimal | None) -> str:
    """`13%`, in French `13 %`."""
    return "" if value is None else display.percent(value)


@register.filter
def duration(seconds: float | None) -> str:
    """`4 min 12 s`."""
    return "" if seconds is None else display.duration(seconds)


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, label: str = "") -> dict[str, Any]:
    """A form field with its label, hint and error, tied together for screen readers."""
    widget = bound.field.widget
    is_group = isinstance(widget, (RadioSelect, CheckboxSelectMultiple))
    is_tick = isinstance(widget, CheckboxInput)
    # A placeholder would only say the label again.
    attrs: dict[str, str | bool] = {} if is_group or is_tick else {"class": "input", "placeholder": False}
    return {
        "field": bound,
        "label": label or bound.label,
        "control": bound.as_widget(attrs=attrs),
        "is_group": is_group,
        "is_tick": is_tick,
    }


@register.simple_tag
def control(bound: BoundField, label: str) -> SafeString:
    """Only the control, for a table cell: the label is for screen readers, the error is the caller's to
    show.
    """
    return bound.as_widget(attrs={"class": "input", "aria-label": label})


def _time(value: dt.datetime, text: str) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', value.isoformat(timespec="seconds"), text)
