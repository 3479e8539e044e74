"""Canonical records: the contract between connectors and the sync engine.

Field names are those of the dealership's own records. A reference (`contact_id`, `lines[].account_id`) holds the
*provider's* id; the engine translates it through the record links. Money is Decimal to the cent, dates are dates.

Who owns a field decides what a difference means: `BOTH` is merged, pushed and pulled; `THEIRS` only comes in;
`DERIVED` (totals, balance, status) follows from other fields: it is pulled, compared and shown, never pushed and
never a conflict.
"""

from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

BOTH = "both"
THEIRS = "theirs"
DERIVED = "derived"


def _derived(default: Any) -> Any:
    return field(default=default, metadata={"owner": DERIVED})


def _theirs(default: Any) -> Any:
    return field(default=default, metadata={"owner": THEIRS})


@dataclass(frozen=True, kw_only=True)
class Contact:
    display_name: str
    first_name: str = ""
    last_name: str = ""
    company_name: str = ""
    email: str = ""
    phone: str = ""
    address_line1: str = ""
    address_line2: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    tax_id: str = ""
    notes: str = ""
    currency: str = _theirs("")
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class Line:
    description: str = ""
    quantity: Decimal = Decimal(1)
    unit_price: Decimal = Decimal(0)
    amount: Decimal = Decimal("0.00")
    tax_code: str = ""


@dataclass(frozen=True, kw_only=True)
class Invoice:
    """An invoice or credit note; which one is said by the stream. Amounts are positive."""

    number: str = ""
    contact_id: str
    issued_on: date
    due_on: date | None = None
    currency: str = _theirs("")
    lines: tuple[Line, ...] = ()
    memo: str = ""
    void: bool = False
    subtotal: Decimal = _derived(Decimal("0.00"))
    tax_total: Decimal = _derived(Decimal("0.00"))
    total: Decimal = _derived(Decimal("0.00"))
    balance: Decimal = _derived(Decimal("0.00"))


@dataclass(frozen=True, kw_only=True)
class Allocation:
    invoice_id: str
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class Payment:
    contact_id: str
    amount: Decimal
    currency: str = _theirs("")
    paid_on: date
    method: str = ""
    reference: str = ""
    memo: str = ""
    allocations: tuple[Allocation, ...] = ()
    void: bool = False


@dataclass(frozen=True, kw_only=True)
class ExpenseLine:
    account_id: str = ""
    description: str = ""
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class Expense:
    """`payment_type` is empty for a bill that is still owed, else cash, check or card."""

    vendor_id: str = ""
    issued_on: date
    due_on: date | None = None
    reference: str = ""
    description: str = ""
    payment_type: str = ""
    account_id: str = ""
    currency: str = _theirs("")
    lines: tuple[ExpenseLine, ...] = ()
    void: bool = False
    total: Decimal = _derived(Decimal("0.00"))
    balance: Decimal = _derived(Decimal("0.00"))


@dataclass(frozen=True, kw_only=True)
class Account:
    name: str = _theirs("")
    code: str = _theirs("")
    type: str = _theirs("")
    subtype: str = _theirs("")
    classification: str = _theirs("")
    currency: str = _theirs("")
    active: bool = _theirs(True)
    balance: Decimal = _derived(Decimal("0.00"))


Canonical: TypeAlias = Contact | Invoice | Payment | Expense | Account
CLASSES: dict[str, type[Any]] = {
    "contact": Contact,
    "invoice": Invoice,
    "payment": Payment,
    "expense": Expense,
    "account": Account,
}
_PARTS: dict[tuple[str, str], type[Any]] = {
    ("Invoice", "lines"): Line,
    ("Payment", "allocations"): Allocation,
    ("Expense", "lines"): ExpenseLine,
}

_ALL = (*CLASSES.values(), *_PARTS.values())
_NAMES = {cls.__name__: tuple(f.name for f in fields(cls)) for cls in _ALL}
_OWNERS = {cls.__name__: {f.name: f.metadata.get("owner", BOTH) for f in fields(cls)} for cls in _ALL}


def field_names(cls: type[Any]) -> tuple[str, ...]:
    return _NAMES[cls.__name__]


def owners(cls: type[Any]) -> dict[str, str]:
    """Field name to BOTH, THEIRS or DERIVED."""
    return _OWNERS[cls.__name__]


def part(cls: type[Any], name: str) -> type[Any] | None:
    """The class of the rows in a list field, None for a plain field."""
    return _PARTS.get((cls.__name__, name))


def to_json(record: Any) -> dict[str, Any]:
    """The record as JSON keeps it: decimals and dates as text. Equal records give equal results."""
    return {name: _plain(getattr(record, name)) for name in field_names(type(record))}


def from_json(cls: type[Any], values: dict[str, Any]) -> Any:
    """The inverse of `to_json`; unknown keys are ignored, so an older base can still be read."""
    return cls(**{f.name: _typed(cls, f, values[f.name]) for f in fields(cls) if f.name in values})


def _plain(value: Any) -> Any:
    if isinstance(value, str | bool) or value is None:
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    return value.isoformat()


def _typed(cls: type[Any], spec: "Field[Any]", value: Any) -> Any:
    row = part(cls, spec.name)
    if row is not None:
        return tuple(from_json(row, item) for item in value)
    if value is None or isinstance(value, bool):
        return value
    if spec.type is Decimal or (spec.default is not MISSING and isinstance(spec.default, Decimal)):
        return Decimal(value)
    if spec.name.endswith("_on"):
        return date.fromisoformat(value)
    return value
