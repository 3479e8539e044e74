"""The profile `online-retail`: a retailer's export in which one row is an invoice, or a line of one.

Its rules. A row's amount is quantity x unit price, rounded half up to the cent. Rows of one number, day and
customer are lines of one invoice; any other repeat of a number is refused whole. Numbers that begin with C,
and negative quantities, become credit notes (whose amounts are positive here). A price of zero or less, and
a number that begins with A (an adjustment of bad debt), are refused by name, as is a row that nobody can be
charged for. So for every file

    invoices - credit notes + refused rows = all rows

to the cent; `Account` states each figure.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _

from dealership.importing.building import fits
from dealership.importing.kinds import INVOICES
from dealership.importing.mapping import guess_mapping
from dealership.importing.plan import Candidate, Customer, Line, Plan, Source, read_lines
from dealership.importing.problems import Problem
from dealership.importing.reading import Sheet
from dealership.importing.values import MONTH_FIRST, POINT, Formats
from dealership.models import Dealership, Invoice
from dealership.totals import line_amount

NAME: Final = "online-retail"
# How the export writes that a row has no customer number. Its sales are real, so they are kept under one
# contact.
NOBODY: Final = "(blank)"
_CREDIT, _ADJUSTMENT = "C", "A"
_LOOKUP: Final = 400


@dataclass(frozen=True)
class Account:
    """Where the money of a file went; `difference` must be zero."""

    rows: Decimal
    invoices: Decimal
    credit_notes: Decimal
    refused: Decimal
    invoice_count: int
    credit_note_count: int
    refused_rows: int

    @property
    def difference(self) -> Decimal:
        return self.invoices - self.credit_notes + self.refused - self.rows


def source_of(sheet: Sheet, currency: str) -> Source:
    return Source(sheet, INVOICES, guess_mapping(INVOICES, sheet.header), Formats(MONTH_FIRST, POINT, currency))


def build(source: Source) -> Plan:
    plan = Plan()
    lines = [line for line in read_lines(source, plan) if not _is_refused(line, source, plan)]
    plan.candidates = [_candidate(kind, group, source) for kind, group in _groups(lines, source, plan)]
    nobody = sum(len(c.rows) for c in plan.candidates if c.customer and c.customer.number == NOBODY)
    if nobody:
        facts = {"count": nobody, "number": NOBODY, "name": Customer(number=NOBODY).display_name}
        plan.notices.append(_("%(count)s rows give their customer as %(number)s: kept under “%(name)s”.") % facts)
    return plan


def row_amount(line: Line) -> Decimal:
    return line_amount(line.cells["quantity"], line.cells["unit_price"])


def _is_refused(line: Line, source: Source, plan: Plan) -> bool:
    refusal = _refusal(line)
    if refusal is None:
        return False
    name, reason = refusal
    value = ", ".join([line.get("number"), str(line.get(name, ""))] if name != "number" else [line.get("number")])
    plan.refused.append(Problem(line.row, source.column(name), reason, value))
    return True


def _refusal(line: Line) -> tuple[str, str] | None:
    number, quantity, price = line.get("number"), line.get("quantity", None), line.get("unit_price", None)
    if quantity is None or price is None:
        return ("quantity" if quantity is None else "unit_price"), _("The cell is empty.")
    if number.upper().startswith(_ADJUSTMENT):
        return "number", _("A number that begins with A is an adjustment, not an invoice.")
    if price <= 0:
        return "unit_price", _("The unit price is zero or less.")
    if quantity == 0:
        return "quantity", _("The quantity is zero.")
    if quantity > 0 and number.upper().startswith(_CREDIT):
        return "quantity", _("A cancellation must have a negative quantity.")
    if not fits(row_amount(line)):
        return "unit_price", _("The amount is too large.")
    if not line.get("customer_number"):
        return "customer_number", _("The row has no customer.")
    return None


def _groups(lines: Iterable[Line], source: Source, plan: Plan) -> Iterator[tuple[str, list[Line]]]:
    """The lines of each invoice and credit note; later groups that take a number again are refused whole."""
    groups: dict[tuple[str, Any, str], list[Line]] = {}
    for line in lines:
        groups.setdefault((line.get("number"), line.get("issued_on"), line.get("customer_number")), []).append(line)
    first: dict[str, Line] = {}
    for (number, _day, _customer), group in groups.items():
        if number in first:
            reason = _("The number repeats one of another day or customer.")
            value = _("%(number)s, first in row %(row)s") % {"number": number, "row": first[number].row}
            plan.refused.extend(Problem(line.row, source.column("number"), reason, value) for line in group)
            continue
        first[number] = group[0]
        sold = [line for line in group if line.cells["quantity"] > 0]
        returned = [line for line in group if line.cells["quantity"] < 0]
        if sold:
            yield Invoice.Kind.INVOICE, sold
        if returned:
            yield Invoice.Kind.CREDIT_NOTE, returned


def _candidate(kind: str, group: list[Line], source: Source) -> Candidate:
    head = group[0]
    values = {
        "kind": kind,
        "number": head.get("number"),
        "issued_on": head.get("issued_on"),
        "currency": source.formats.currency,
        "lines": [
            {
                "description": " ".join(filter(None, (line.get("code"), line.get("description")))),
                "quantity": abs(line.cells["quantity"]),
                "unit_price": line.cells["unit_price"],
                "amount": abs(row_amount(line)),
            }
            for line in group
        ],
    }
    return Candidate(tuple(line.row for line in group), values, customer=head.customer)


def account(source: Source, plan: Plan, dealership: Dealership | None, *, late: Iterable[Problem] = ()) -> Account:
    """The figures of one file: its rows' as read, its invoices' as stored (as planned, without a dealership).

    `late` are problems that only storing found. Rows whose amount cannot be read have none and count as zero.
    """
    amounts = {
        line.row: row_amount(line)
        for line in read_lines(source, Plan())
        if line.cells.keys() >= {"quantity", "unit_price"}
    }
    refused = {problem.row for problem in (*plan.all_problems(), *late)}
    kept = [candidate for candidate in plan.candidates if not refused & set(candidate.rows)]
    sums = {kind: _total(kept, kind, dealership) for kind in (Invoice.Kind.INVOICE, Invoice.Kind.CREDIT_NOTE)}
    return Account(
        rows=sum(amounts.values(), Decimal(0)),
        invoices=sums[Invoice.Kind.INVOICE],
        credit_notes=sums[Invoice.Kind.CREDIT_NOTE],
        refused=sum((amounts.get(row, Decimal(0)) for row in refused), Decimal(0)),
        invoice_count=sum(candidate.values["kind"] == Invoice.Kind.INVOICE for candidate in kept),
        credit_note_count=sum(candidate.values["kind"] == Invoice.Kind.CREDIT_NOTE for candidate in kept),
        refused_rows=len(refused),
    )


def _total(candidates: list[Candidate], kind: str, dealership: Dealership | None) -> Decimal:
    mine = [candidate for candidate in candidates if candidate.values["kind"] == kind]
    if dealership is None:
        return sum((row["amount"] for candidate in mine for row in candidate.values["lines"]), Decimal(0))
    numbers = [candidate.values["number"] for candidate in mine]
    stored = Invoice.objects.for_dealership(dealership).present().filter(kind=kind)
    total = Decimal(0)
    for start in range(0, len(numbers), _LOOKUP):
        # Added here, not by the database: SQLite would add them as floating point numbers.
        total += sum(stored.filter(number__in=numbers[start : start + _LOOKUP]).values_list("total", flat=True))
    return total
