"""Readable rows to records, kind by kind: rules that hold within one file."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _

from dealership.importing.plan import Candidate, Line, Plan, Source, numbered_name, read_lines
from dealership.importing.problems import Problem
from dealership.models import Contact, ImportFile, Invoice
from dealership.totals import CENT, line_amount, round_money

_TOO_LARGE: Final = Decimal(10) ** 12
_MAX_LINES: Final = 10_000
_ADDRESS: Final = ("address_line1", "address_line2", "city", "region", "postal_code", "country")
_CONTACT: Final = (
    *("kind", "first_name", "last_name", "company_name", "email", "phone", *_ADDRESS),
    *("tax_id", "notes", "currency", "active"),
)
_VEHICLE: Final = (
    *(
        "vin",
        "stock_number",
        "year",
        "make",
        "model",
        "trim",
        "body_style",
        "exterior_color",
        "interior_color",
    ),
    *("transmission", "fuel", "mileage", "price", "purchase_price", "purchased_on", "sold_on", "currency"),
    *("description", "status"),
)


def build(source: Source, *, contact_kind: str = Contact.Kind.CUSTOMER) -> Plan:
    """The plan of a whole file."""
    plan = Plan()
    lines = read_lines(source, plan)
    if source.kind.slug == ImportFile.Kind.CONTACTS:
        plan.candidates = _contacts(lines, source, plan, contact_kind)
    elif source.kind.slug == ImportFile.Kind.VEHICLES:
        plan.candidates = _vehicles(lines, source, plan)
    elif source.kind.slug == ImportFile.Kind.INVOICES:
        plan.candidates = _invoices(lines, source, plan)
    else:
        plan.candidates = _payments(lines, source, plan)
    return plan


def _contacts(lines: Iterable[Line], source: Source, plan: Plan, contact_kind: str) -> list[Candidate]:
    found = []
    for line in lines:
        name = _contact_name(line)
        if not name:
            plan.problems.append(Problem(line.row, source.column("display_name"), _("The contact has no name.")))
            continue
        values = {"kind": contact_kind, **line.own(*_CONTACT), "display_name": name}
        found.append(Candidate((line.row,), values, number=line.get("number")))
    return _once(found, plan, source.column("display_name"), keys=_contact_keys)


def _contact_keys(contact: Candidate) -> list[tuple[str, ...]]:
    kind = contact.values["kind"]
    numbered = [(kind, "number", contact.number)] if contact.number else []
    return [(kind, contact.values["display_name"].casefold()), *numbered]


def _contact_name(line: Line) -> str:
    person = f"{line.get('first_name')} {line.get('last_name')}".strip()
    number = line.get("number")
    numbered = numbered_name(number) if number else ""
    name: str = line.get("display_name") or line.get("company_name") or person or numbered or line.get("email")
    return name


def _vehicles(lines: Iterable[Line], source: Source, plan: Plan) -> list[Candidate]:
    found = []
    for line in lines:
        if not line.get("vin") and not line.get("stock_number"):
            column = source.column("vin" if "vin" in source.mapping else "stock_number")
            plan.problems.append(Problem(line.row, column, _("The vehicle has neither VIN nor stock number.")))
            continue
        values = line.own(*_VEHICLE)
        if "price" in values or "purchase_price" in values:
            values.setdefault("currency", source.formats.currency)
        found.append(Candidate((line.row,), values))
    column = source.column("vin" if "vin" in source.mapping else "stock_number")
    return _once(
        found,
        plan,
        column,
        keys=lambda c: [(f, c.values[f].casefold()) for f in ("vin", "stock_number") if f in c.values],
    )


def _once(candidates: list[Candidate], plan: Plan, column: str, *, keys: Any) -> list[Candidate]:
    """Without rows that repeat an earlier one word for word; a repeat that says otherwise is a problem."""
    first: dict[Any, Candidate] = {}
    kept = []
    for candidate in candidates:
        own = keys(candidate)
        earlier = next((first[key] for key in own if key in first), None)
        if earlier is None:
            first.update(dict.fromkeys(own, candidate))
            kept.append(candidate)
        elif (earlier.values, earlier.number) != (candidate.values, candidate.number):
            reason = _("An earlier row says something else about the same record.")
            plan.problems.append(Problem(candidate.row, column, reason, _("row %(row)s") % {"row": earlier.row}))
    return kept


def _payments(lines: Iterable[Line], source: Source, plan: Plan) -> list[Candidate]:
    """A payment may stand there twice on purpose, unless its id or reference says that it is the same one."""
    found: list[Candidate] = []
    seen: dict[Any, Candidate] = {}
    twins: Counter[Any] = Counter()
    for line in lines:
        payment = _payment(line, source, plan)
        if payment is None:
            continue
        reference = line.get("reference")
        key = payment.number or (reference, line.customer, line.get("paid_on"), line.get("amount"))
        twins[key] += 1
        if key in seen and (payment.number or reference):
            if (seen[key].values, seen[key].invoice) != (payment.values, payment.invoice):
                reason = _("An earlier row says something else about the same record.")
                place = _("row %(row)s") % {"row": seen[key].row}
                plan.problems.append(Problem(line.row, source.column("reference"), reason, place))
            continue
        seen[key] = payment
        found.append(replace(payment, occurrence=twins[key]))
    return found


def _payment(line: Line, source: Source, plan: Plan) -> Candidate | None:
    if not line.customer.name and not line.customer.number:
        reason = _("The payment has no customer.")
        plan.problems.append(Problem(line.row, source.column("customer"), reason))
        return None
    if line.get("amount") <= 0:
        reason = _("A payment must be more than zero.")
        plan.problems.append(Problem(line.row, source.column("amount"), reason, str(line.get("amount"))))
        return None
    names = ("amount", "currency", "paid_on", "method", "reference", "memo")
    values = {"currency": source.formats.currency, **line.own(*names)}
    return Candidate((line.row,), values, line.get("number"), customer=line.customer, invoice=line.get("invoice"))


def _invoices(lines: Iterable[Line], source: Source, plan: Plan) -> list[Candidate]:
    """Rows with the same number and kind are the lines of one invoice, and must agree about the rest."""
    groups: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        groups.setdefault((line.get("number"), line.get("kind")), []).append(line)
    broken = _numbers_of_bad_rows(source, plan)
    found = []
    for (number, _kind), group in groups.items():
        if number in broken:
            reason = _("Another row of the same invoice cannot be used.")
            place = _("row %(row)s") % {"row": broken[number]}
            plan.problems.extend(Problem(line.row, source.column("number"), reason, place) for line in group)
            continue
        problems = _disagreements(group, source)
        candidate = None if problems else _invoice(group, source, problems)
        plan.problems.extend(problems)
        if candidate is not None:
            found.append(candidate)
    return _number_once(found, source, plan)


def _number_once(found: list[Candidate], source: Source, plan: Plan) -> list[Candidate]:
    """An empty kind is settled by the total's sign, so two groups can end as the same invoice."""
    first: dict[tuple[str, str], Candidate] = {}
    kept = []
    for candidate in found:
        key = (candidate.values["kind"], candidate.values["number"])
        if key in first:
            reason = _("Another row of this invoice names a kind, this one does not.")
            place = _("row %(row)s") % {"row": first[key].row}
            plan.problems.extend(Problem(row, source.column("kind"), reason, place) for row in candidate.rows)
            continue
        first[key] = candidate
        kept.append(candidate)
    return kept


def _numbers_of_bad_rows(source: Source, plan: Plan) -> dict[str, int]:
    """Numbers of which a row was unreadable: half an invoice must not be imported."""
    index = source.sheet.columns[source.mapping["number"]]
    bad = {problem.row for problem in plan.problems}
    rows = (row for row in (*source.sheet.rows, *source.sheet.broken) if row.number in bad and index < len(row.cells))
    return {row.cells[index].strip(): row.number for row in rows if row.cells[index].strip()}


def _disagreements(group: list[Line], source: Source) -> list[Problem]:
    head = group[0]
    if len(group) > _MAX_LINES:
        reason = _("More than 10,000 rows have this number. Is it the right column?")
        return [Problem(head.row, source.column("number"), reason, head.get("number"))]
    reason = _("The row says something else than the first row of the same invoice.")
    problems = []
    for name in ("customer", "customer_number", "issued_on", "due_on", "currency", "vin", "total"):
        for line in group[1:]:
            if line.get(name) and line.get(name) != head.get(name):
                place = _("row %(row)s") % {"row": head.row}
                problems.append(Problem(line.row, source.column(name), reason, place))
    if not head.customer.name and not head.customer.number:
        name = "customer" if "customer" in source.mapping else "customer_number"
        problems.append(Problem(head.row, source.column(name), _("The invoice has no customer.")))
    return problems


def _invoice(group: list[Line], source: Source, problems: list[Problem]) -> Candidate | None:
    head = group[0]
    tax = sum((line.get("tax", Decimal(0)) for line in group), Decimal(0))
    lines = [row for line in group if (row := _invoice_line(line, tax, source, problems)) is not None]
    if problems:
        return None
    total = sum((row["amount"] for row in lines), tax)
    if not all(map(fits, [total, *(row["amount"] for row in lines)])):
        problems.append(Problem(head.row, source.column("number"), _("The amount is too large."), str(total)))
        return None
    stated = head.get("total", total)
    if stated != total:
        reason = _("The lines and the tax do not add up to the total.")
        problems.append(Problem(head.row, source.column("total"), reason, f"{total} / {stated}"))
        return None
    kind = head.get("kind") or (Invoice.Kind.CREDIT_NOTE if total < 0 else Invoice.Kind.INVOICE)
    if total < 0 and kind == Invoice.Kind.INVOICE:
        problems.append(Problem(head.row, source.column("kind"), _("An invoice cannot be negative."), str(total)))
        return None
    if total < 0:
        lines, tax = [_turned(row) for row in lines], -tax
    values = {
        "currency": source.formats.currency,
        **head.own("number", "issued_on", "due_on", "currency", "memo"),
    }
    values |= {"kind": kind, "lines": lines}
    if "tax" in source.mapping:
        values["taxes"] = [{"name": _("Tax"), "rate_percent": None, "amount": tax}] if tax else []
    rows = tuple(line.row for line in group)
    return Candidate(rows, values, customer=head.customer, vin=head.get("vin"))


def _invoice_line(line: Line, tax: Decimal, source: Source, problems: list[Problem]) -> dict[str, Any] | None:
    """The row's amount is given, or quantity x unit price, or the total without its tax."""
    quantity, price, amount = (
        line.get("quantity", None),
        line.get("unit_price", None),
        line.get("amount", None),
    )
    quantity = Decimal(1) if quantity is None else quantity
    if amount is None and price is not None:
        amount = line_amount(quantity, price)
    if amount is None and "total" in line.cells:
        amount = line.get("total") - tax
    if amount is None:
        name = "amount" if "amount" in source.mapping else "unit_price"
        problems.append(Problem(line.row, source.column(name), _("The row has no amount.")))
        return None
    if price is None:
        # Exact where it can be; otherwise one piece of the whole amount, because a rounded price would not
        # multiply back.
        exact = quantity and (amount / quantity).quantize(Decimal("0.000001"))
        quantity, price = (quantity, exact) if quantity and exact * quantity == amount else (Decimal(1), amount)
    elif abs(line_amount(quantity, price) - amount) > CENT:
        reason = _("Quantity times unit price is not the amount.")
        problems.append(Problem(line.row, source.column("amount"), reason, f"{quantity} x {price} / {amount}"))
        return None
    text = " ".join(part for part in (line.get("code"), line.get("description")) if part)
    return {"description": text, "quantity": quantity, "unit_price": price, "amount": round_money(amount)}


def fits(amount: Decimal) -> bool:
    """Whether the database can keep it."""
    return abs(amount) < _TOO_LARGE


def _turned(row: dict[str, Any]) -> dict[str, Any]:
    """A line of a negative invoice as a line of a credit note: the quantity stays positive where it can."""
    if row["quantity"] < 0:
        return {**row, "quantity": -row["quantity"], "amount": -row["amount"]}
    return {**row, "unit_price": -row["unit_price"], "amount": -row["amount"]}
