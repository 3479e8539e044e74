"""What each entity becomes before it is stored: required properties, defaults, references, totals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from connectors.providers.quickbooks.simulator_books import Books
from connectors.providers.quickbooks.simulator_checks import (
    DELETED_SUFFIX,
    amount,
    check_lines,
    check_name,
    check_number,
    name_key,
    point,
    ref,
)
from connectors.providers.quickbooks.simulator_entities import CLASSIFICATIONS, ENTITIES
from connectors.providers.quickbooks.simulator_faults import business, malformed, missing
from connectors.providers.quickbooks.simulator_ledger import ZERO, allocations, applied, numbered, priced
from connectors.simulator.documents import Document

Prepare = Callable[[Books, Document, Document | None, bool], None]

SALE_LINES = frozenset({"SalesItemLineDetail", "DiscountLineDetail", "DescriptionOnly", "SubTotalLineDetail"})
EXPENSE_LINES = frozenset({"AccountBasedExpenseLineDetail", "ItemBasedExpenseLineDetail", "DescriptionOnly"})
PAID_FROM = {"CreditCard": {"Credit Card"}, "Check": {"Bank"}, "Cash": {"Bank", "Other Current Asset"}}
NAME_PARTS = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")


def person(books: Books, document: Document, before: Document | None, keeps_line_ids: bool) -> None:
    """Customer and Vendor."""
    body = document.body
    if not body.get("DisplayName"):
        body["DisplayName"] = " ".join(str(body[part]) for part in NAME_PARTS if body.get(part))
    _name_list(books, document, before)
    body.setdefault("PrintOnCheckName", body.get("CompanyName") or body["DisplayName"])
    body["Balance"] = amount(before.body, "Balance") if before else ZERO
    body["CurrencyRef"] = _home_currency(books, body)
    if document.kind == "Customer":
        body["FullyQualifiedName"] = body["DisplayName"]
        body["BalanceWithJobs"] = body["Balance"]
        body.setdefault("Taxable", True)
        body.setdefault("Job", False)
        body.setdefault("PreferredDeliveryMethod", "None")
        point(books, body, "SalesTermRef", "Term")
        point(books, body, "PaymentMethodRef", "PaymentMethod")
    else:
        body.setdefault("Vendor1099", False)
        body.pop("FullyQualifiedName", None)
        point(books, body, "TermRef", "Term")
    for name in ("TaxIdentifier", "PrimaryTaxIdentifier"):
        if body.get(name) and not str(body[name]).startswith("XXX"):
            body[name] = f"XXXXX{str(body[name])[-4:]}"
    for name in ("BillAddr", "ShipAddr"):
        if isinstance(body.get(name), dict):
            old_id = (before.body.get(name) or {}).get("Id") if before else None
            body[name] = {**body[name], "Id": old_id or books.next_id("address")}


def _name_list(books: Books, document: Document, before: Document | None) -> None:
    """Name, activity and uniqueness; an inactive entry shows "(deleted)" and still holds its name."""
    entity = ENTITIES[document.kind]
    property = str(entity.name_property)
    body = document.body
    given = str(body.get(property) or "")
    was_active = before.active if before else True
    document.active = body.get("Active", was_active) is not False
    if not document.active or not was_active:
        given = given.removesuffix(DELETED_SUFFIX)
    check_name(books, entity, document, given)
    shown = given if document.active else f"{given}{DELETED_SUFFIX}"
    body[property] = shown
    body["Active"] = document.active
    document.name = shown
    document.name_key = name_key(document.kind, given)


def account(books: Books, document: Document, before: Document | None, keeps_line_ids: bool) -> None:
    """Account. Balances of accounts are those of the start; transactions do not move them here."""
    body = document.body
    if not body.get("AccountType"):
        if not body.get("AccountSubType"):
            raise missing("AccountType")
        body["AccountType"] = before.body["AccountType"] if before else "Expense"
    _name_list(books, document, before)
    body["FullyQualifiedName"] = body["Name"]
    body["Classification"] = CLASSIFICATIONS[body["AccountType"]]
    body["CurrencyRef"] = _home_currency(books, body)
    body.setdefault("SubAccount", False)
    balance = amount(before.body, "CurrentBalance") if before else ZERO
    body["CurrentBalance"] = body["CurrentBalanceWithSubAccounts"] = balance


def item(books: Books, document: Document, before: Document | None, keeps_line_ids: bool) -> None:
    """Item."""
    body = document.body
    body.setdefault("Type", "Service")
    income = point(books, body, "IncomeAccountRef", "Account")
    expense = point(books, body, "ExpenseAccountRef", "Account")
    point(books, body, "AssetAccountRef", "Account")
    if body["Type"] != "Category" and income is None and expense is None:
        raise missing("IncomeAccountRef")
    if income is not None and CLASSIFICATIONS[income.body["AccountType"]] != "Revenue":
        raise business("You need to select a valid income account for this item.")
    _name_list(books, document, before)
    body["FullyQualifiedName"] = body["Name"]
    body.setdefault("UnitPrice", 0)
    body.setdefault("TrackQtyOnHand", False)


def plain_list(books: Books, document: Document, before: Document | None, keeps_line_ids: bool) -> None:
    """Term and PaymentMethod."""
    if document.kind == "PaymentMethod":
        document.body.setdefault("Type", "NON_CREDIT_CARD")
    _name_list(books, document, before)


def sale(books: Books, document: Document, before: Document | None, keeps_line_ids: bool) -> None:
    """Invoice and CreditMemo."""
    body = document.body
    customer = point(books, body, "CustomerRef", "Customer")
    if customer is None:
        raise missing("CustomerRef")
    document.parent = customer.id
    if before and before.parent != customer.id and before.body.get("LinkedTxn"):
        raise business("The customer cannot be changed while payments are applied.")
    _transaction(books, document, before)
    _automatic_number(books, document, before)
    _due_date(books, body, "SalesTermRef")
    point(books, body, "DepositToAccountRef", "Account")
    point(books, body, "PaymentMethodRef", "PaymentMethod")
    lines = check_lines(books, body, SALE_LINES)
    subtotal, tax_detail, total = priced(books, lines, body)
    if total < 0:
        raise business("Transaction amount must be 0 or greater.")
    settled = amount(before.body, "TotalAmt") - amount(before.body, "Balance") if before else ZERO
    if total < settled:
        raise business("The total cannot be less than what payments have settled already.")
    subtotal_line = {"Amount": subtotal, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
    body["Line"] = [*numbered(lines, before, keeps_ids=keeps_line_ids), subtotal_line]
    body["TxnTaxDetail"] = tax_detail
    body["TotalAmt"] = total
    body["Balance"] = total - settled
    body["LinkedTxn"] = before.body.get("LinkedTxn", []) if before else []
    if document.kind == "CreditMemo":
        body["RemainingCredit"] = body["Balance"]
        body.pop("DueDate", None)
    body.setdefault("EmailStatus", "NotSet")
    body.setdefault("PrintStatus", "NeedToPrint")
    body.setdefault("ApplyTaxAfterDiscount", False)


def payment(books: Books, document: Document, before: Document | None, keeps_line_ids: bool) -> None:
    """Payment."""
    body = document.body
    customer = point(books, body, "CustomerRef", "Customer")
    if customer is None:
        raise missing("CustomerRef")
    if body.get("TotalAmt") is None:
        raise missing("TotalAmt")
    document.parent = customer.id
    _transaction(books, document, before)
    point(books, body, "PaymentMethodRef", "PaymentMethod")
    if ref(body, "DepositToAccountRef") is None:
        body["DepositToAccountRef"] = {"value": _account_id(books, "Undeposited Funds")}
    point(books, body, "DepositToAccountRef", "Account")
    body["TotalAmt"] = amount(body, "TotalAmt")
    if body["TotalAmt"] < 0:
        raise business("Transaction amount must be 0 or greater.")
    lines = body.get("Line") or []
    if not isinstance(lines, list):
        raise malformed("Line must be a list", "Line")
    body["Line"] = lines
    unapplied = body["TotalAmt"] - applied(allocations(body))
    if unapplied < 0:
        raise business("The amount applied is more than the amount of the payment.")
    body["UnappliedAmt"] = unapplied
    body["Line"] = [{**line, "Amount": amount(line, "Amount")} for line in lines]
    body["ProcessPayment"] = False


def bill(books: Books, document: Document, before: Document | None, keeps_line_ids: bool) -> None:
    """Bill."""
    body = document.body
    vendor = point(books, body, "VendorRef", "Vendor")
    if vendor is None:
        raise missing("VendorRef")
    document.parent = vendor.id
    _transaction(books, document, before)
    _due_date(books, body, "SalesTermRef")
    if ref(body, "APAccountRef") is None:
        body["APAccountRef"] = {"value": _account_id(books, "Accounts Payable (A/P)")}
    point(books, body, "APAccountRef", "Account")
    _expense_lines(books, document, before, keeps_line_ids=keeps_line_ids)
    body["Balance"] = body["TotalAmt"]


def purchase(books: Books, document: Document, before: Document | None, keeps_line_ids: bool) -> None:
    """Purchase: the account paid from must fit the way of paying."""
    body = document.body
    if not body.get("PaymentType"):
        raise missing("PaymentType")
    paid_from = point(books, body, "AccountRef", "Account")
    if paid_from is None:
        raise missing("AccountRef")
    if paid_from.body["AccountType"] not in PAID_FROM[body["PaymentType"]]:
        raise business(f"You need to select a different account for a payment of type {body['PaymentType']}.")
    payee = body.get("EntityRef")
    if payee is not None:
        kind = payee.get("type", "Vendor") if isinstance(payee, dict) else "Vendor"
        if kind not in ("Vendor", "Customer"):
            raise malformed("EntityRef.type must be Vendor or Customer", "EntityRef")
        point(books, body, "EntityRef", kind)
        body["EntityRef"]["type"] = kind
    document.parent = ref(body, "EntityRef")
    _transaction(books, document, before)
    point(books, body, "PaymentMethodRef", "PaymentMethod")
    _expense_lines(books, document, before, keeps_line_ids=keeps_line_ids)
    body.setdefault("Credit", False)


def _expense_lines(books: Books, document: Document, before: Document | None, *, keeps_line_ids: bool) -> None:
    body = document.body
    lines = check_lines(books, body, EXPENSE_LINES)
    _, tax_detail, total = priced(books, lines, body)
    for line in lines:
        if line["DetailType"] == "AccountBasedExpenseLineDetail":
            line["AccountBasedExpenseLineDetail"].setdefault("BillableStatus", "NotBillable")
    body["Line"] = numbered(lines, before, keeps_ids=keeps_line_ids)
    body["TotalAmt"] = total
    if not books.is_us or body.get("TxnTaxDetail"):
        body["TxnTaxDetail"] = tax_detail


def _transaction(books: Books, document: Document, before: Document | None) -> None:
    body = document.body
    body.setdefault("TxnDate", before.body["TxnDate"] if before else books.today().isoformat())
    body["CurrencyRef"] = _home_currency(books, body)
    text = str(body.get("DocNumber") or (before.number if before else "") or "")
    if text:
        body["DocNumber"] = text
        if before is None or before.number != text:
            check_number(books, document, text)
    document.number = text or None


def _automatic_number(books: Books, document: Document, before: Document | None) -> None:
    """Numbers that are sent count only when the company has custom transaction numbers switched on."""
    if books.company.custom_txn_numbers and document.number:
        return
    number = before.number if before else None
    if number is None:
        number = str(books.provider.store.next_number("quickbooks", books.company.id, "DocNumber", start=1001))
    document.number = document.body["DocNumber"] = number


def _due_date(books: Books, body: dict[str, Any], terms: str) -> None:
    term = point(books, body, terms, "Term")
    days = int(term.body.get("DueDays", 0)) if term else 0
    body.setdefault("DueDate", (date.fromisoformat(body["TxnDate"]) + timedelta(days=days)).isoformat())


def _home_currency(books: Books, body: dict[str, Any]) -> dict[str, str]:
    if ref(body, "CurrencyRef") not in (None, books.company.currency):
        raise business("Multi Currency should be enabled to perform this operation.")
    return books.currency_ref()


def _account_id(books: Books, name: str) -> str:
    found = books.documents.find("Account", "name = ?", (name,))
    if not found:
        raise business(f"The company has no account named {name}.")
    return found[0].id


PREPARE: Mapping[str, Prepare] = {
    "Customer": person,
    "Vendor": person,
    "Invoice": sale,
    "CreditMemo": sale,
    "Payment": payment,
    "Bill": bill,
    "Purchase": purchase,
    "Account": account,
    "Item": item,
    "Term": plain_list,
    "PaymentMethod": plain_list,
}
