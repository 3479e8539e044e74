"""What the simulated QuickBooks checks before it writes: forms, lengths, choices, names, references, lines."""

from __future__ import annotations

import re
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from connectors.providers.quickbooks.simulator_books import Books
from connectors.providers.quickbooks.simulator_entities import (
    CHOICES,
    DETAIL_TYPES,
    LENGTHS,
    LINE_DESCRIPTION_LENGTH,
    Entity,
)
from connectors.providers.quickbooks.simulator_faults import (
    Refused,
    bad_reference,
    business,
    malformed,
    missing,
    not_found,
    too_long,
    unsupported_value,
)
from connectors.simulator.documents import Document

CENT = Decimal("0.01")
DELETED_SUFFIX = " (deleted)"
_EMAIL = re.compile(r"[^@\s,]+@[^@\s,]+\.[^@\s,.]+")
_FORBIDDEN_IN_NAMES = {"DisplayName": ":\t\n", "Name": ':"\t\n'}


def cents(value: Decimal) -> Decimal:
    """Rounded half up to two places."""
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


def number(value: object, element: str) -> Decimal:
    """A number as QuickBooks takes it: a JSON number or its text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise malformed(f"Property {element} must be a number", element)
    try:
        parsed = Decimal(str(value))
    except InvalidOperation as error:
        raise malformed(f"Property {element} must be a number", element) from error
    if not parsed.is_finite():
        raise malformed(f"Property {element} must be a number", element)
    return parsed


def amount(body: dict[str, Any], name: str) -> Decimal:
    """A money property, nothing being zero."""
    return cents(number(body.get(name, 0), name))


def ref(body: dict[str, Any], name: str) -> str | None:
    """The id in a reference, or None when there is none."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("value"), str | int) or value["value"] == "":
        raise malformed(f"Property {name} must be a reference with a value", name)
    return str(value["value"])


def point(books: Books, body: dict[str, Any], name: str, kind: str) -> Document | None:
    """Check the reference `name` to an entity of `kind`, write the name it shows, and give the target.

    Inactive items are refused as bad references, other inactive ones as objects not found, as seen at QuickBooks.
    """
    id = ref(body, name)
    if id is None:
        return None
    target = books.live(kind, id)
    if target is None or (kind == "Item" and not target.active):
        raise bad_reference(name, id)
    if not target.active:
        raise not_found(f"{kind} {id}")
    body[name] = {key: value for key, value in body[name].items() if key == "type"} | {"value": id}
    if target.name:
        body[name]["name"] = target.name
    return target


def check_properties(entity: Entity, body: object) -> dict[str, Any]:
    """The body without empty properties; Refused for unknown names, long texts and words that are no choice."""
    if not isinstance(body, dict):
        raise malformed(f"{entity.name} must be an object")
    for name, value in body.items():
        if name not in entity.properties:
            raise malformed(f"Property Name:Can not find property {name} for {entity.name} is unsupported", name)
        if name in CHOICES and value not in (None, "") and value not in CHOICES[name]:
            raise unsupported_value(name, value)
    for path, limit in LENGTHS.items():
        top, _, inner = path.partition(".")
        value = body.get(top)
        text = value.get(inner) if inner and isinstance(value, dict) else value
        if isinstance(text, str) and len(text) > limit:
            raise too_long(path, limit)
    for name in ("TxnDate", "DueDate"):
        _check_date(body.get(name), name)
    _check_email(body, "PrimaryEmailAddr")
    _check_email(body, "BillEmail")
    return body


def _check_date(value: object, name: str) -> None:
    if value in (None, ""):
        return
    try:
        date.fromisoformat(value if isinstance(value, str) and len(value) == 10 else "")
    except ValueError as error:
        raise malformed(f"{name} must be a date in the form YYYY-MM-DD", name) from error


def _check_email(body: dict[str, Any], name: str) -> None:
    holder = body.get(name)
    if holder is None:
        return
    if not isinstance(holder, dict):
        raise malformed(f"Property {name} must be an object", name)
    for address in str(holder.get("Address") or "").split(","):
        if address.strip() and not _EMAIL.fullmatch(address.strip()):
            detail = f"Email Address does not conform to the syntax rules of RFC 822. {name}"
            raise Refused("2210", "Invalid Email Address format", detail, element=name)


def name_key(kind: str, name: str) -> str:
    """What must be unique: Customer, Vendor and Employee share their names, inactive ones keep theirs."""
    family = "person" if kind in ("Customer", "Vendor", "Employee") else kind
    return f"{family}:{name.removesuffix(DELETED_SUFFIX).strip().casefold()}"


def check_name(books: Books, entity: Entity, document: Document, name: str) -> None:
    """Refused when the name is empty, has forbidden characters, or is taken."""
    property = str(entity.name_property)
    if not name.strip():
        raise missing(property)
    if any(character in name for character in _FORBIDDEN_IN_NAMES[property]):
        raise Refused("2040", "Invalid String", f"Invalid String. {property} holds a character that is not allowed")
    taken = books.provider.store.row(
        "SELECT 1 FROM documents WHERE provider = 'quickbooks' AND account = ? AND name_key = ? AND deleted = 0"
        " AND NOT (kind = ? AND id = ?) LIMIT 1",
        (books.company.id, name_key(entity.name, name), entity.name, document.id),
    )
    if taken:
        detail = "The name supplied already exists. : null"
        raise Refused("6240", "Duplicate Name Exists Error", detail, element=property)


def check_number(books: Books, document: Document, text: str) -> None:
    """Refused 6140 when the company warns on duplicate numbers and this one is taken."""
    if not books.warns_on_duplicates:
        return
    if books.documents.find(document.kind, "number = ? AND id <> ?", (text, document.id)):
        detail = f"Duplicate Document Number Error : You must specify a different number. {text} has already been used."
        raise Refused("6140", "Duplicate Document Number Error", detail, element="DocNumber")


def check_lines(books: Books, body: dict[str, Any], allowed: frozenset[str]) -> list[dict[str, Any]]:
    """The lines of a sale or expense with references named; the subtotal line is QuickBooks' own and left out."""
    lines = body.get("Line")
    if not isinstance(lines, list) or not lines:
        raise missing("Line")
    checked = []
    for line in lines:
        if not isinstance(line, dict):
            raise malformed("Each Line must be an object", "Line")
        type = line.get("DetailType")
        if type is None:
            raise missing("Line.DetailType")
        if type not in DETAIL_TYPES & allowed:
            raise unsupported_value("DetailType", type)
        if type == "SubTotalLineDetail":
            continue
        checked.append(_check_line(books, line, type, body.get("GlobalTaxCalculation")))
    if not checked:
        raise missing("Line")
    return checked


def _check_line(books: Books, line: dict[str, Any], type: str, tax_mode: object) -> dict[str, Any]:
    line = dict(line)
    if len(str(line.get("Description") or "")) > LINE_DESCRIPTION_LENGTH:
        raise too_long("Line.Description", LINE_DESCRIPTION_LENGTH)
    if type == "DescriptionOnly":
        return {key: value for key, value in line.items() if key != "Amount"}
    detail = line.get(type)
    if not isinstance(detail, dict):
        raise missing(f"Line.{type}")
    detail = line[type] = dict(detail)
    if type == "DiscountLineDetail":
        if not detail.get("PercentBased"):
            line["Amount"] = cents(number(line.get("Amount", 0), "Line.Amount"))
        return line
    if line.get("Amount") is None:
        raise missing("Line.Amount")
    line["Amount"] = cents(number(line["Amount"], "Line.Amount"))
    _check_product(line["Amount"], detail)
    if type == "AccountBasedExpenseLineDetail":
        if point(books, detail, "AccountRef", "Account") is None:
            raise missing("AccountRef")
        _check_billable(detail)
        point(books, detail, "CustomerRef", "Customer")
    elif point(books, detail, "ItemRef", "Item") is None:
        raise missing("ItemRef")
    _check_tax_code(books, detail, tax_mode)
    return line


def _check_product(line_amount: Decimal, detail: dict[str, Any]) -> None:
    if detail.get("Qty") is None or detail.get("UnitPrice") is None:
        return
    product = number(detail["Qty"], "Qty") * number(detail["UnitPrice"], "UnitPrice")
    if cents(product) != line_amount:
        message = "Amount calculation incorrect in the request"
        detail_text = f"Amount is not equal to UnitPrice * Qty. Supplied value:{line_amount}"
        raise Refused("6070", message, detail_text, element="Line.Amount")


def _check_billable(detail: dict[str, Any]) -> None:
    status = detail.get("BillableStatus")
    if status not in (None, "Billable", "NotBillable", "HasBeenBilled"):
        raise unsupported_value("BillableStatus", status)
    if status == "Billable" and ref(detail, "CustomerRef") is None:
        raise business("When you make an expense billable, you must select a customer.")


def _check_tax_code(books: Books, detail: dict[str, Any], tax_mode: object) -> None:
    code = ref(detail, "TaxCodeRef")
    if books.is_us:
        if code not in (None, "TAX", "NON"):
            raise bad_reference("TaxCodeRef", code)
        return
    if tax_mode == "NotApplicable":
        return
    if code is None:
        raise business("Make sure all your transactions have a GST/HST rate before you save.")
    point(books, detail, "TaxCodeRef", "TaxCode")
