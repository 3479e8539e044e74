"""What payments that the provider has not heard of yet change about the balances it tells us.

A provider derives an invoice's balance from the payments it knows. Ours go after their invoices, so until then its word
alone would open a paid invoice again.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection
from decimal import Decimal

from django.db.models import Exists, OuterRef

from dealership.models import Allocation, Payment
from integrations.models import Integration, RecordLink


def paid(integration: Integration, invoice_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Decimal]:
    """How much more is paid on these invoices than the provider knows; less where a payment ended here. Zeros left out.

    An allocation that was taken off a payment altogether is not seen: its invoice is right again once that is sent.
    """
    links = RecordLink.objects.filter(integration=integration, record_type="payment")
    agreed = links.filter(local_id=OuterRef("payment_id"), local_version=OuterRef("payment__version"))
    rows = Allocation.objects.filter(~Exists(agreed), invoice__in=invoice_ids).select_related("payment")
    waiting = [(row, row.payment) for row in rows if row.payment is not None]
    if not waiting:
        return {}
    known = _known(integration, {payment.pk for _, payment in waiting}, invoice_ids)
    more: dict[uuid.UUID, Decimal] = defaultdict(Decimal)
    for row, payment in waiting:
        counts = payment.status == Payment.Status.RECEIVED and payment.deleted_at is None
        before = known.get((payment.pk, row.invoice_id), Decimal(0))
        more[row.invoice_id] += (row.amount if counts else Decimal(0)) - before
    return {invoice_id: amount for invoice_id, amount in more.items() if amount}


def _known(
    integration: Integration, payment_ids: Collection[uuid.UUID], invoice_ids: Collection[uuid.UUID]
) -> dict[tuple[uuid.UUID, uuid.UUID], Decimal]:
    """(payment, invoice) to the amount that the provider last had."""
    links = RecordLink.objects.filter(integration=integration, remote_id__isnull=False)
    bases = links.filter(record_type="payment", local_id__in=payment_ids).values_list("local_id", "base")
    invoices = links.filter(record_type="invoice", local_id__in=invoice_ids).values_list("remote_id", "local_id")
    local_ids = dict(invoices)
    return {
        (payment_id, local_ids[part["invoice_id"]]): Decimal(part["amount"])
        for payment_id, base in bases
        if base and not base.get("void")
        for part in base.get("allocations", [])
        if part["invoice_id"] in local_ids
    }
