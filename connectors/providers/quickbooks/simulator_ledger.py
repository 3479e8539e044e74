"""The simulated company's arithmetic: totals, taxes, what a payment settles, what a customer owes."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from connectors.providers.quickbooks.simulator_books import Books
from connectors.providers.quickbooks.simulator_checks import amount, cents, number, ref
from connectors.providers.quickbooks.simulator_faults import bad_reference, business, malformed
from connectors.simulator.documents import Document

ZERO = Decimal("0.00")
Allocations = dict[tuple[str, str], Decimal]


def priced(books: Books, lines: list[dict[str, Any]], body: dict[str, Any]) -> tuple[Decimal, dict[str, Any], Decimal]:
    """Subtotal, TxnTaxDetail and total of checked lines. Percentage discounts get their amount here."""
    subtotal = sum((line["Amount"] for line in lines if _adds(line)), ZERO)
    discount = ZERO
    for line in lines:
        if line["DetailType"] != "DiscountLineDetail":
            continue
        detail = line["DiscountLineDetail"]
        if detail.get("PercentBased"):
            percent = number(detail.get("DiscountPercent", 0), "DiscountPercent")
            line["Amount"] = cents(subtotal * percent / 100)
        discount += line["Amount"]
    tax_detail = dict(body.get("TxnTaxDetail") or {})
    if tax_detail.get("TotalTax") is None:
        tax_detail = _computed_tax(books, lines, body.get("GlobalTaxCalculation"))
    tax = cents(number(tax_detail["TotalTax"], "TotalTax"))
    tax_detail["TotalTax"] = tax
    added_tax = ZERO if body.get("GlobalTaxCalculation") == "TaxInclusive" else tax
    return subtotal, tax_detail, subtotal - discount + added_tax


def _adds(line: dict[str, Any]) -> bool:
    return line["DetailType"] not in ("DescriptionOnly", "DiscountLineDetail")


def _computed_tax(books: Books, lines: list[dict[str, Any]], mode: object) -> dict[str, Any]:
    """Outside the US the tax codes decide; in the US a tax that is not sent is none (no automated sales tax here)."""
    if books.is_us or mode == "NotApplicable":
        return {"TotalTax": ZERO}
    total = ZERO
    for line in lines:
        code = ref(line.get(line["DetailType"]) or {}, "TaxCodeRef")
        rate = _rate(books, code) if code else ZERO
        share = rate / (100 + rate) if mode == "TaxInclusive" else rate / 100
        total += cents(line.get("Amount", ZERO) * share)
    return {"TotalTax": total}


def _rate(books: Books, code: str) -> Decimal:
    document = books.live("TaxCode", code)
    details = document.body.get("SalesTaxRateList", {}).get("TaxRateDetail", []) if document else []
    rates = [books.live("TaxRate", detail["TaxRateRef"]["value"]) for detail in details]
    return sum((Decimal(str(rate.body["RateValue"])) for rate in rates if rate), ZERO)


def numbered(lines: list[dict[str, Any]], before: Document | None, *, keeps_ids: bool) -> list[dict[str, Any]]:
    """Lines with Id and LineNum; a full update gives every line a new id."""
    old = [int(line["Id"]) for line in (before.body.get("Line", []) if before else []) if "Id" in line]
    following = max(old, default=0) + 1
    shown = []
    for position, line in enumerate(lines, 1):
        id = str(line.get("Id") or "")
        if not (keeps_ids and id.isdigit() and int(id) in old):
            id, following = str(following), following + 1
        shown.append({**line, "Id": id, "LineNum": position})
    return shown


def allocations(body: dict[str, Any]) -> Allocations:
    """What a payment's lines settle: amount by (Invoice or CreditMemo, id)."""
    found: Allocations = defaultdict(lambda: ZERO)
    for line in body.get("Line") or []:
        if not isinstance(line, dict):
            raise malformed("Each Line must be an object", "Line")
        for linked in line.get("LinkedTxn") or []:
            kind, id = str(linked.get("TxnType")), str(linked.get("TxnId"))
            if kind not in ("Invoice", "CreditMemo"):
                raise bad_reference("LinkedTxn.TxnType", kind)
            found[kind, id] += amount(line, "Amount")
    return found


def applied(found: Allocations) -> Decimal:
    """How much of the payment itself is used: invoices settled less credit notes spent."""
    return sum((value if kind == "Invoice" else -value for (kind, _), value in found.items()), ZERO)


def settle(books: Books, payment: Document, before: Allocations, after: Allocations) -> None:
    """Move the balances of the invoices and credit notes that a payment settles from one state to another."""
    for key in dict.fromkeys([*before, *after]):
        target = books.live(*key)
        if target is None:
            if key in after:
                raise bad_reference("LinkedTxn.TxnId", key[1])
            continue
        if key in after and target.parent != payment.parent:
            raise business("The payment and the transaction it settles belong to different customers.")
        change = before.get(key, ZERO) - after.get(key, ZERO)
        if change == 0 and (key in before) == (key in after):
            continue
        balance = amount(target.body, "Balance") + change
        if balance < 0:
            raise business(f"The amount applied to {key[0]} {key[1]} is more than its open balance.")
        _relink(target, payment.id, linked=key in after)
        _set_balance(target, balance)
        target.version += 1
        books.save(target, operation="Update")


def _relink(target: Document, payment_id: str, *, linked: bool) -> None:
    others = [link for link in target.body.get("LinkedTxn", []) if link["TxnId"] != payment_id]
    target.body["LinkedTxn"] = [*others, {"TxnId": payment_id, "TxnType": "Payment"}] if linked else others


def _set_balance(target: Document, balance: Decimal) -> None:
    target.body["Balance"] = balance
    if target.kind == "CreditMemo":
        target.body["RemainingCredit"] = balance


def release(books: Books, document: Document) -> None:
    """Take a voided or deleted invoice or credit note out of the payments that settle it."""
    for link in document.body.get("LinkedTxn", []):
        payment = books.live("Payment", link["TxnId"])
        if payment is None:
            continue
        payment.body["Line"] = [line for line in payment.body["Line"] if not _is_for(line, document)]
        payment.body["UnappliedAmt"] = amount(payment.body, "TotalAmt") - applied(allocations(payment.body))
        payment.version += 1
        books.save(payment, operation="Update")


def _is_for(line: dict[str, Any], document: Document) -> bool:
    links = line.get("LinkedTxn", [])
    return any(link["TxnType"] == document.kind and link["TxnId"] == document.id for link in links)


_OWED_SIGN = {"Invoice": 1, "Bill": 1, "CreditMemo": -1, "Payment": -1}
_OWED_BY = {"Invoice": "Customer", "CreditMemo": "Customer", "Payment": "Customer", "Bill": "Vendor"}


def owed(document: Document | None) -> dict[tuple[str, str], Decimal]:
    """What a transaction adds to whose balance."""
    if document is None or document.deleted or document.kind not in _OWED_SIGN or document.parent is None:
        return {}
    holder = (_OWED_BY[document.kind], document.parent)
    return {holder: amount(document.body, "TotalAmt") * _OWED_SIGN[document.kind]}


def move_balances(books: Books, before: dict[tuple[str, str], Decimal], after: dict[tuple[str, str], Decimal]) -> None:
    """Bring the balances of customers and vendors up to date.

    The customer's LastUpdatedTime moves with it while its SyncToken stays, as the example answers in Intuit's
    reference show; no webhook is sent for it.
    """
    for holder in dict.fromkeys([*before, *after]):
        change = after.get(holder, ZERO) - before.get(holder, ZERO)
        target = books.live(*holder)
        if change == 0 or target is None:
            continue
        target.body["Balance"] = amount(target.body, "Balance") + change
        if target.kind == "Customer":
            target.body["BalanceWithJobs"] = target.body["Balance"]
        books.save(target)
