"""Imported payments: which stored one a row means, and how much of it settles the named invoice."""

import uuid
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from dealership import records
from dealership.importing.plan import Candidate
from dealership.models import Dealership, ImportKey, Invoice, Payment

Known = Iterable[tuple[Candidate, Mapping[str, Any]]]


class StoredPayments:
    """The payments and invoices that a chunk of rows may mean, read in a few queries."""

    def __init__(self, dealership: Dealership, known: Known) -> None:
        rows = list(known)
        payments = Payment.objects.for_dealership(dealership).present().prefetch_related("allocations")
        self._twins: dict[tuple[Any, ...], list[Payment]] = {}
        contacts = {values["contact_id"] for _candidate, values in rows}
        days = {values["paid_on"] for _candidate, values in rows}
        for payment in payments.filter(contact_id__in=contacts - {None}, paid_on__in=days).order_by("created_at", "pk"):
            self._twins.setdefault(_key(payment.__dict__), []).append(payment)
        numbers = {candidate.number for candidate, _values in rows if candidate.number}
        keys = ImportKey.objects.filter(dealership=dealership, scope=Payment.record_type(), number__in=numbers)
        ids = dict(keys.values_list("number", "record_id"))
        stored = payments.in_bulk(list(ids.values()))
        self._numbered = {number: stored[pk] for number, pk in ids.items() if pk in stored}
        invoices = Invoice.objects.for_dealership(dealership).present().filter(kind=Invoice.Kind.INVOICE)
        named = {candidate.invoice for candidate, _values in rows if candidate.invoice}
        self.invoices = {invoice.number: invoice for invoice in invoices.filter(number__in=named)}

    def find(self, candidate: Candidate, values: Mapping[str, Any]) -> Payment | None:
        """By the file's own id, else the one that looks the same; of several, the same place in line."""
        if candidate.number:
            return self._numbered.get(candidate.number)
        twins = self._twins.get(_key(values), [])
        return twins[candidate.occurrence - 1] if candidate.occurrence <= len(twins) else None


def _key(values: Mapping[str, Any]) -> tuple[Any, ...]:
    return values.get("reference", ""), values["contact_id"], values["paid_on"], values["amount"]


def fault_of(candidate: Candidate, values: Mapping[str, Any], invoice: Invoice | None) -> str:
    """Why the payment cannot settle the invoice it names; empty when it can, or names none."""
    if not candidate.invoice:
        return ""
    if invoice is None:
        return _("No invoice with this number is here. Import the invoices first.")
    if invoice.contact_id != values["contact_id"]:
        return _("This invoice belongs to another customer.")
    if invoice.currency != values["currency"]:
        return _("This invoice is in another currency.")
    return _("This invoice is void.") if invoice.status == Invoice.Status.VOID else ""


def with_allocation(values: Mapping[str, Any], payment: Payment | None) -> dict[str, Any]:
    """`values` as `dealership.records` takes them: the named invoice is paid as far as it is open.

    What the invoice does not need stays on the payment, free for another. Other allocations are kept.
    """
    kept = {name: value for name, value in values.items() if name != "invoice"}
    invoice_id: uuid.UUID | None = values.get("invoice")
    if invoice_id is None:
        return kept
    stored = records.child_values(payment, "allocations") if payment else []
    own = sum((row["amount"] for row in stored if row["invoice_id"] == invoice_id), Decimal(0))
    others = [row for row in stored if row["invoice_id"] != invoice_id]
    if payment is not None and own and payment.amount == kept["amount"]:
        return kept
    free = kept["amount"] - sum((row["amount"] for row in others), Decimal(0))
    amount = min(free, Invoice.objects.get(pk=invoice_id).balance + own)
    if amount > 0:
        kept["allocations"] = [*others, {"invoice_id": invoice_id, "amount": amount}]
    return kept
