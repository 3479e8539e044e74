"""QuickBooks' objects as canonical records: pure functions of an object and what its company is like."""

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from connectors.errors import RejectedRecord
from connectors.providers.quickbooks.company import DELETED_NAME, Facts
from connectors.providers.quickbooks.marks import unmarked
from connectors.records import (
    Account,
    Allocation,
    Canonical,
    Contact,
    Expense,
    ExpenseLine,
    Invoice,
    Line,
    Payment,
)
from connectors.text import text
from connectors.values import day, money, number, words

PAYMENT_TYPES = {"Cash": "cash", "Check": "check", "CreditCard": "card"}
_VOIDED = "Voided"
_VOIDED_PREFIX = re.compile(r"^Voided( - |\s*\n|$)")

Raw = Mapping[str, Any]


def contact(raw: Raw, facts: Facts, *, is_vendor: bool = False) -> Contact:
    address = _part(raw, "BillAddr")
    active = raw.get("Active") is not False
    name = words(raw.get("DisplayName"))
    if not active:
        name = name.removesuffix(DELETED_NAME)
    if not name:
        raise RejectedRecord(
            text("A name in QuickBooks has no display name."),
            next_step=text("Give it one in QuickBooks, then retry."),
        )
    return Contact(
        display_name=name,
        first_name=words(raw.get("GivenName")),
        last_name=words(raw.get("FamilyName")),
        company_name=words(raw.get("CompanyName")),
        email=words(_part(raw, "PrimaryEmailAddr").get("Address")),
        phone=words(_part(raw, "PrimaryPhone").get("FreeFormNumber")),
        address_line1=words(address.get("Line1")),
        address_line2=words(address.get("Line2")),
        city=words(address.get("City")),
        region=words(address.get("CountrySubDivisionCode")),
        postal_code=words(address.get("PostalCode")),
        country=words(address.get("Country")),
        tax_id="" if is_vendor else words(raw.get("ResaleNum")),
        notes="" if is_vendor else words(raw.get("Notes")),
        currency=_currency(raw, facts),
        active=active,
    )


def invoice(raw: Raw, facts: Facts, *, is_credit: bool = False) -> Invoice:
    place = f"{'Credit memo' if is_credit else 'Invoice'} {_name(raw)}"
    subtotal, lines = _sales_lines(raw, facts, place)
    total = money(raw.get("TotalAmt"), f"{place}: TotalAmt")
    tax_total = money(_part(raw, "TxnTaxDetail").get("TotalTax"), f"{place}: TotalTax")
    balance = raw.get("RemainingCredit", raw.get("Balance")) if is_credit else raw.get("Balance")
    return Invoice(
        number=words(raw.get("DocNumber")),
        contact_id=_needed(_ref(raw, "CustomerRef"), place, text("customer")),
        issued_on=_needed(day(raw.get("TxnDate"), f"{place}: TxnDate"), place, text("date")),
        due_on=None if is_credit else day(raw.get("DueDate"), f"{place}: DueDate"),
        currency=_currency(raw, facts),
        lines=lines,
        memo=words(_part(raw, "CustomerMemo").get("value")),
        void=is_void(raw),
        subtotal=sum((line.amount for line in lines), Decimal("0.00")) if subtotal is None else subtotal,
        tax_total=tax_total,
        total=total,
        balance=money(balance, f"{place}: Balance"),
    )


def payment(raw: Raw, facts: Facts) -> Payment:
    place = f"Payment {_name(raw)}"
    method = _part(raw, "PaymentMethodRef")
    applied: dict[str, Decimal] = {}
    for line in raw.get("Line") or []:
        invoice_id = linked_invoice(line)
        if invoice_id:
            amount = money(line.get("Amount"), f"{place}: Line.Amount")
            applied[invoice_id] = applied.get(invoice_id, Decimal("0.00")) + amount
    return Payment(
        contact_id=_needed(_ref(raw, "CustomerRef"), place, text("customer")),
        amount=money(raw.get("TotalAmt"), f"{place}: TotalAmt"),
        currency=_currency(raw, facts),
        paid_on=_needed(day(raw.get("TxnDate"), f"{place}: TxnDate"), place, text("date")),
        method=facts.methods.get(words(method.get("value"))) or words(method.get("name")),
        reference=words(raw.get("PaymentRefNum")),
        memo=note(raw),
        # QuickBooks returns them in an order of its own, so ours is by invoice.
        allocations=tuple(Allocation(invoice_id=key, amount=applied[key]) for key in sorted(applied)),
        void=is_void(raw),
    )


def bill(raw: Raw, facts: Facts) -> Expense:
    place = f"Bill {_name(raw)}"
    return Expense(
        vendor_id=_ref(raw, "VendorRef"),
        issued_on=_needed(day(raw.get("TxnDate"), f"{place}: TxnDate"), place, text("date")),
        due_on=day(raw.get("DueDate"), f"{place}: DueDate"),
        reference=words(raw.get("DocNumber")),
        description=note(raw),
        currency=_currency(raw, facts),
        lines=tuple(_expense_line(line, place) for line in expense_rows(raw)),
        void=is_void(raw),
        total=money(raw.get("TotalAmt"), f"{place}: TotalAmt"),
        balance=money(raw.get("Balance"), f"{place}: Balance"),
    )


def purchase(raw: Raw, facts: Facts) -> Expense:
    place = f"Purchase {_name(raw)}"
    payee = _part(raw, "EntityRef")
    # A credit is money that came back: QuickBooks shows it as positive amounts under a flag.
    sign = -1 if raw.get("Credit") is True else 1
    return Expense(
        vendor_id=words(payee.get("value")) if payee.get("type", "Vendor") == "Vendor" else "",
        issued_on=_needed(day(raw.get("TxnDate"), f"{place}: TxnDate"), place, text("date")),
        reference=words(raw.get("DocNumber")),
        description=note(raw),
        payment_type=PAYMENT_TYPES.get(words(raw.get("PaymentType")), ""),
        account_id=_ref(raw, "AccountRef"),
        currency=_currency(raw, facts),
        lines=tuple(_expense_line(line, place, sign=sign) for line in expense_rows(raw)),
        void=is_void(raw),
        total=sign * money(raw.get("TotalAmt"), f"{place}: TotalAmt"),
    )


def account(raw: Raw, facts: Facts) -> Account:
    return Account(
        name=words(raw.get("Name")),
        code=words(raw.get("AcctNum")),
        type=words(raw.get("AccountType")),
        subtype=words(raw.get("AccountSubType")),
        classification=words(raw.get("Classification")),
        currency=_currency(raw, facts),
        active=raw.get("Active") is not False,
        balance=money(raw.get("CurrentBalance"), f"Account {_name(raw)}: CurrentBalance"),
    )


MAPPERS: dict[str, Callable[[Raw, Facts], Canonical]] = {
    "accounts": account,
    "customers": contact,
    "vendors": lambda raw, facts: contact(raw, facts, is_vendor=True),
    "invoices": invoice,
    "credit_memos": lambda raw, facts: invoice(raw, facts, is_credit=True),
    "bills": bill,
    "purchases": purchase,
    "payments": payment,
}


def is_void(raw: Raw) -> bool:
    """QuickBooks has no flag for it: a voided transaction is zero and says so in its note."""
    return money(raw.get("TotalAmt"), "TotalAmt") == 0 and _VOIDED in words(raw.get("PrivateNote"))


def note(raw: Raw) -> str:
    """The private note as people wrote it: without our mark and without QuickBooks' word for voiding."""
    text_ = words(raw.get("PrivateNote"))
    if is_void(raw):
        text_ = _VOIDED_PREFIX.sub("", text_)
    return unmarked(text_)


def linked_invoice(line: Raw) -> str:
    """The invoice that a payment's line settles, empty where it settles something else."""
    links = line.get("LinkedTxn") or []
    return next((words(link.get("TxnId")) for link in links if link.get("TxnType") == "Invoice"), "")


def sales_rows(raw: Raw) -> list[Raw]:
    """The lines that people see: bundles opened, the subtotal left out."""
    return list(_open(raw.get("Line") or []))


def expense_rows(raw: Raw) -> list[Raw]:
    return [line for line in raw.get("Line") or [] if line.get("DetailType") != "SubTotalLineDetail"]


def sales_line(row: Raw, facts: Facts, place: str) -> Line:
    detail = _part(row, "SalesItemLineDetail")
    amount = money(row.get("Amount"), f"{place}: Line.Amount")
    if row.get("DetailType") == "DiscountLineDetail":
        amount = -amount
    quantity = number(detail.get("Qty"), f"{place}: Line.Qty") if detail.get("Qty") is not None else Decimal(1)
    price = detail.get("UnitPrice")
    if price is None:
        price = amount / quantity if quantity else amount
    code = words(_part(detail, "TaxCodeRef").get("value"))
    return Line(
        description=words(row.get("Description")),
        quantity=quantity,
        unit_price=number(price, f"{place}: Line.UnitPrice"),
        amount=amount,
        tax_code="" if code in facts.untaxed else code,
    )


def _sales_lines(raw: Raw, facts: Facts, place: str) -> tuple[Decimal | None, tuple[Line, ...]]:
    subtotals = [line for line in raw.get("Line") or [] if line.get("DetailType") == "SubTotalLineDetail"]
    subtotal = money(subtotals[-1].get("Amount"), f"{place}: subtotal") if subtotals else None
    return subtotal, tuple(sales_line(row, facts, place) for row in sales_rows(raw))


def _open(rows: list[Raw]) -> Iterator[Raw]:
    for row in rows:
        inner = _part(row, "GroupLineDetail").get("Line")
        if inner:
            yield from _open(inner)
        elif row.get("DetailType") != "SubTotalLineDetail":
            yield row


def _expense_line(row: Raw, place: str, *, sign: int = 1) -> ExpenseLine:
    return ExpenseLine(
        account_id=_ref(_part(row, "AccountBasedExpenseLineDetail"), "AccountRef"),
        description=words(row.get("Description")),
        amount=sign * money(row.get("Amount"), f"{place}: Line.Amount"),
    )


def _currency(raw: Raw, facts: Facts) -> str:
    return _ref(raw, "CurrencyRef") or facts.home_currency


def _ref(raw: Raw, name: str) -> str:
    return words(_part(raw, name).get("value"))


def _part(raw: Raw, name: str) -> Raw:
    found = raw.get(name)
    return found if isinstance(found, Mapping) else {}


def _name(raw: Raw) -> str:
    return words(raw.get("DocNumber")) or words(raw.get("Name")) or words(raw.get("Id"))


def _needed(value: Any, place: str, what: str) -> Any:
    if value:
        return value
    raise RejectedRecord(
        text("%s has no %s.") % (place, what), next_step=text("Complete it in QuickBooks, then retry.")
    )
