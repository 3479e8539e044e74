"""Canonical records as QuickBooks takes them: only the fields that are asked for, so updates stay sparse.

A `Line` array replaces all lines even in a sparse update. Our record knows less of a line than QuickBooks does
(item, class, billing), so each line keeps what the line it was made from has.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connectors.errors import RejectedRecord
from connectors.providers.quickbooks import mapping
from connectors.providers.quickbooks.company import Company
from connectors.providers.quickbooks.marks import marked
from connectors.records import Contact, Expense, ExpenseLine, Invoice, Line, Payment
from connectors.text import text
from connectors.values import CENT, words

Raw = Mapping[str, Any]
Body = dict[str, Any]

_CONTACT = {
    "display_name": "DisplayName",
    "first_name": "GivenName",
    "last_name": "FamilyName",
    "company_name": "CompanyName",
    "notes": "Notes",
    "tax_id": "ResaleNum",
}
_ADDRESS = {
    "address_line1": "Line1",
    "address_line2": "Line2",
    "city": "City",
    "region": "CountrySubDivisionCode",
    "postal_code": "PostalCode",
    "country": "Country",
}
_PAYMENT_TYPES = {ours: theirs for theirs, ours in mapping.PAYMENT_TYPES.items()}

# Fields of which QuickBooks has more than we do: their object is read before they are written.
KEPT = frozenset({"lines", "allocations", "amount", *_ADDRESS})


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One record on its way out: the fields to write, and the object as it is now where that was read."""

    is_new: bool
    wanted: AbstractSet[str]
    existing: Raw
    marker: str
    key: str

    def wants(self, name: str) -> bool:
        return name in self.wanted


def contact(record: Contact, draft: Draft, company: Company, *, is_vendor: bool = False) -> Body:
    body: Body = {}
    for ours, theirs in _CONTACT.items():
        value = getattr(record, ours)
        if draft.wants(ours) and (value or not draft.is_new) and not (is_vendor and ours in ("tax_id", "notes")):
            body[theirs] = value
    if draft.wants("email") and (record.email or not draft.is_new):
        body["PrimaryEmailAddr"] = {"Address": record.email}
    if draft.wants("phone") and (record.phone or not draft.is_new):
        body["PrimaryPhone"] = {"FreeFormNumber": record.phone}
    address = {theirs: getattr(record, ours) for ours, theirs in _ADDRESS.items() if draft.wants(ours)}
    if draft.is_new:
        address = {name: value for name, value in address.items() if value}
    if address:
        body["BillAddr"] = {**(draft.existing.get("BillAddr") or {}), **address}
    if draft.wants("active") and not draft.is_new:
        body["Active"] = record.active
    return body | _currency(record.currency, draft, company)


def invoice(record: Invoice, draft: Draft, company: Company, *, is_credit: bool = False) -> Body:
    body: Body = {}
    if draft.wants("number") and record.number:
        body["DocNumber"] = record.number
    if draft.wants("contact_id"):
        body["CustomerRef"] = {"value": record.contact_id}
    if draft.wants("issued_on"):
        body["TxnDate"] = record.issued_on.isoformat()
    if draft.wants("due_on") and record.due_on and not is_credit:
        body["DueDate"] = record.due_on.isoformat()
    if draft.wants("lines"):
        body["Line"] = _sales_lines(record, draft, company)
        if not company.is_american:
            # Our amounts are without tax; the default outside the US depends on the company.
            body["GlobalTaxCalculation"] = "TaxExcluded"
    if draft.wants("memo") and (record.memo or not draft.is_new):
        body["CustomerMemo"] = {"value": record.memo}
    if draft.is_new:
        body["PrivateNote"] = marked("", draft.marker)
    return body | _currency(record.currency, draft, company)


def payment(record: Payment, draft: Draft, company: Company) -> Body:
    body: Body = {}
    if draft.wants("contact_id"):
        body["CustomerRef"] = {"value": record.contact_id}
    if draft.wants("paid_on"):
        body["TxnDate"] = record.paid_on.isoformat()
    if draft.wants("method") and record.method:
        body["PaymentMethodRef"] = {"value": company.method(record.method, draft.key)}
    if draft.wants("reference") and (record.reference or not draft.is_new):
        body["PaymentRefNum"] = record.reference
    if draft.wants("memo"):
        body["PrivateNote"] = marked(record.memo, draft.marker)
    if draft.wants("amount") or draft.wants("allocations"):
        # An update without its lines may leave the whole amount unapplied, so they go together.
        body["TotalAmt"] = float(record.amount)
        body["Line"] = _allocations(record, draft)
    return body | _currency(record.currency, draft, company)


def bill(record: Expense, draft: Draft, company: Company) -> Body:
    body = _expense(record, draft, company)
    if draft.wants("vendor_id"):
        body["VendorRef"] = {"value": record.vendor_id}
    if draft.wants("due_on") and record.due_on:
        body["DueDate"] = record.due_on.isoformat()
    return body


def purchase(record: Expense, draft: Draft, company: Company) -> Body:
    body = _expense(record, draft, company)
    if draft.wants("vendor_id") and record.vendor_id:
        body["EntityRef"] = {"value": record.vendor_id, "type": "Vendor"}
    if draft.wants("payment_type") or draft.wants("account_id"):
        # The account must match the type, so they go together.
        account = record.account_id or company.paying_account(record.payment_type)
        body["PaymentType"] = _PAYMENT_TYPES[record.payment_type]
        body["AccountRef"] = {"value": account}
    elif record.payment_type:
        # Required in every write of a purchase, sparse ones included.
        body["PaymentType"] = _PAYMENT_TYPES[record.payment_type]
    if draft.wants("lines") and _is_money_back(record):
        body["Credit"] = True
        body["Line"] = [{**line, "Amount": -line["Amount"]} for line in body["Line"]]
    return body


BUILDERS: dict[str, Callable[[Any, Draft, Company], Body]] = {
    "customers": contact,
    "vendors": lambda record, draft, company: contact(record, draft, company, is_vendor=True),
    "invoices": invoice,
    "credit_memos": lambda record, draft, company: invoice(record, draft, company, is_credit=True),
    "bills": bill,
    "purchases": purchase,
    "payments": payment,
}


def _expense(record: Expense, draft: Draft, company: Company) -> Body:
    body: Body = {}
    if draft.wants("issued_on"):
        body["TxnDate"] = record.issued_on.isoformat()
    if draft.wants("reference") and (record.reference or not draft.is_new):
        body["DocNumber"] = record.reference
    if draft.wants("description"):
        body["PrivateNote"] = marked(record.description, draft.marker)
    if draft.wants("lines"):
        rows = _paired(record.lines, mapping.expense_rows(draft.existing))
        body["Line"] = [_expense_line(line, row, company) for line, row in zip(record.lines, rows, strict=True)]
        if not company.is_american:
            body["GlobalTaxCalculation"] = "TaxExcluded"
    return body | _currency(record.currency, draft, company)


def _currency(currency: str, draft: Draft, company: Company) -> Body:
    """QuickBooks fixes the currency at creation, and knows others only in multi-currency companies."""
    if not draft.is_new or not currency or currency == company.currency:
        return {}
    if company.takes_many_currencies:
        return {"CurrencyRef": {"value": currency}}
    raise RejectedRecord(
        text("The record is in %s, and the QuickBooks company keeps its books in %s alone.")
        % (currency, company.currency),
        next_step=text("Turn on multi-currency in QuickBooks or change the currency here, then retry."),
    )


def _is_money_back(record: Expense) -> bool:
    return record.payment_type == "card" and sum((line.amount for line in record.lines), Decimal(0)) < 0


def _paired(lines: Sequence[Line | ExpenseLine], rows: Sequence[Raw]) -> list[Raw]:
    """For each line the row it was made from: the one of the same description, else of the same place."""
    free = dict(enumerate(rows))
    found: dict[int, Raw] = {}
    for index, line in enumerate(lines):
        at = next((at for at, row in free.items() if words(row.get("Description")) == line.description), None)
        if at is not None and line.description:
            found[index] = free.pop(at)
    return [found[index] if index in found else free.pop(index, {}) for index in range(len(lines))]


def _sales_lines(record: Invoice, draft: Draft, company: Company) -> list[Body]:
    if any(row.get("DetailType") == "GroupLineDetail" for row in draft.existing.get("Line") or []):
        raise RejectedRecord(
            text("The lines hold a bundle of QuickBooks, which can only be changed there."),
            next_step=text("Change the lines in QuickBooks, then take over its version here."),
        )
    rows = _paired(record.lines, mapping.sales_rows(draft.existing))
    return [_sales_line(line, row, draft, company) for line, row in zip(record.lines, rows, strict=True)]


def _sales_line(line: Line, row: Raw, draft: Draft, company: Company) -> Body:
    kind = row.get("DetailType")
    common = {**_identity(row), "Description": line.description, "Amount": float(line.amount)}
    if kind == "DiscountLineDetail" and line.amount <= 0:
        detail = {**(row.get(kind) or {}), "PercentBased": False}
        detail.pop("DiscountPercent", None)
        return common | {"Amount": float(-line.amount), "DetailType": kind, kind: detail}
    if kind == "DescriptionOnly" and not line.amount:
        return {**_identity(row), "Description": line.description, "DetailType": kind}
    detail = dict(row.get("SalesItemLineDetail") or {})
    detail.pop("Qty", None)
    detail.pop("UnitPrice", None)
    if not detail.get("ItemRef"):
        detail["ItemRef"] = {"value": company.sales_item(draft.key)}
    if (line.quantity * line.unit_price).quantize(CENT, rounding=ROUND_HALF_UP) == line.amount:
        # Anything else is refused with 6070; the amount is what counts.
        detail |= {"Qty": float(line.quantity), "UnitPrice": float(line.unit_price)}
    if mapping.sales_line(row, company.facts(), "").tax_code != line.tax_code or not detail.get("TaxCodeRef"):
        detail["TaxCodeRef"] = {"value": line.tax_code or company.default_tax_code()}
    return common | {"DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}


def _allocations(record: Payment, draft: Draft) -> list[Body]:
    """The invoices' lines, and after them what else the payment settles, such as credits."""
    ours = [
        {
            "Amount": float(part.amount),
            "LinkedTxn": [{"TxnId": part.invoice_id, "TxnType": "Invoice"}],
        }
        for part in record.allocations
    ]
    return ours + [dict(row) for row in draft.existing.get("Line") or [] if not mapping.linked_invoice(row)]


def _expense_line(line: ExpenseLine, row: Raw, company: Company) -> Body:
    common = {**_identity(row), "Description": line.description, "Amount": float(line.amount)}
    item = row.get("ItemBasedExpenseLineDetail")
    if item and not line.account_id:
        detail = dict(item)
        if Decimal(str(row.get("Amount"))) != line.amount:
            detail.pop("Qty", None)
            detail.pop("UnitPrice", None)
        return common | {"DetailType": "ItemBasedExpenseLineDetail", "ItemBasedExpenseLineDetail": detail}
    detail = dict(row.get("AccountBasedExpenseLineDetail") or {})
    detail["AccountRef"] = {"value": line.account_id or company.expense_account()}
    if not company.is_american and not detail.get("TaxCodeRef"):
        detail["TaxCodeRef"] = {"value": company.default_tax_code()}
    return common | {"DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": detail}


def _identity(row: Raw) -> Body:
    return {"Id": row["Id"]} if row.get("Id") else {}
