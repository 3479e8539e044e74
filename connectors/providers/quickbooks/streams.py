"""The streams of QuickBooks as data: what is read, where it belongs here, and how it is written."""

from connectors.streams import Deletes, Idempotency, Limit, Push, Stream
from connectors.text import text

_XSD = "intuit/QuickBooks-V3-PHP-SDK src/XSD @5bb480b505726d9f7b89ff0747b9acc629236a77 (2026-07-17)"
_WRITES = "ej2/python-quickbooks @264a0f63d6336b006e77bfaadfe27131fa5607bd (void, delete, batch, cdc)"
_LIMITS = "Intuit Developer blog, 2023-07-19: 500 requests and 40 batch calls a minute per company and app"

# Intuit says 30, its samples 50, its PHP SDK refuses more than 25: the smallest of them works everywhere.
BATCH_SIZE = 25

LIMITS = (Limit("requests", 500, 60, _LIMITS), Limit("batch", 40, 60, _LIMITS))

ENTITIES = {
    "accounts": "Account",
    "customers": "Customer",
    "vendors": "Vendor",
    "invoices": "Invoice",
    "credit_memos": "CreditMemo",
    "bills": "Bill",
    "purchases": "Purchase",
    "payments": "Payment",
}

# Their rows are never deleted, only made inactive; a query hides inactive ones unless asked.
NAME_LISTS = frozenset({"accounts", "customers", "vendors"})


def _push(*, voids: bool = False) -> Push:
    return Push(batch_size=BATCH_SIZE, idempotency=Idempotency.KEY, voids=voids, source=_WRITES)


STREAMS = (
    Stream(
        name="accounts",
        label=text("Accounts"),
        maps_to="account",
        rank=10,
        deletes=Deletes.FLAGGED,
        source=_XSD,
    ),
    Stream(
        name="customers",
        label=text("Customers"),
        maps_to="contact",
        rank=20,
        where={"kind": "customer"},
        deletes=Deletes.FLAGGED,
        push=_push(),
        source=_XSD,
    ),
    Stream(
        name="vendors",
        label=text("Vendors"),
        maps_to="contact",
        rank=21,
        where={"kind": "vendor"},
        deletes=Deletes.FLAGGED,
        push=_push(),
        # The tax number comes back masked, so it could never be compared.
        absent=frozenset({"tax_id", "notes"}),
        source=_XSD,
    ),
    Stream(
        name="invoices",
        label=text("Invoices"),
        maps_to="invoice",
        rank=40,
        where={"kind": "invoice"},
        references={"contact_id": "customers"},
        deletes=Deletes.TOMBSTONES,
        push=_push(voids=True),
        money_field="total",
        day_field="issued_on",
        source=_XSD,
    ),
    Stream(
        name="credit_memos",
        label=text("Credit memos"),
        maps_to="invoice",
        rank=41,
        where={"kind": "credit_note"},
        references={"contact_id": "customers"},
        deletes=Deletes.TOMBSTONES,
        push=_push(),
        absent=frozenset({"due_on"}),
        money_field="total",
        day_field="issued_on",
        source=_XSD,
    ),
    Stream(
        name="bills",
        label=text("Bills"),
        maps_to="expense",
        rank=50,
        where={"kind": "bill"},
        references={"vendor_id": "vendors", "lines.account_id": "accounts"},
        deletes=Deletes.TOMBSTONES,
        push=_push(),
        absent=frozenset({"payment_type", "account_id"}),
        money_field="total",
        day_field="issued_on",
        source=_XSD,
    ),
    Stream(
        name="purchases",
        label=text("Purchases"),
        maps_to="expense",
        rank=51,
        where={"kind": "purchase"},
        references={"vendor_id": "vendors", "account_id": "accounts", "lines.account_id": "accounts"},
        deletes=Deletes.TOMBSTONES,
        push=_push(),
        absent=frozenset({"due_on", "balance"}),
        money_field="total",
        day_field="issued_on",
        source=_XSD,
    ),
    Stream(
        name="payments",
        label=text("Payments"),
        maps_to="payment",
        rank=60,
        references={"contact_id": "customers", "allocations.invoice_id": "invoices"},
        deletes=Deletes.TOMBSTONES,
        push=_push(voids=True),
        money_field="amount",
        day_field="paid_on",
        source=_XSD,
    ),
)
