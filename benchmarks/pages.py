"""How many queries each page takes, with 50 and with 5,000 records of each kind: at most 15, never more with more."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from benchmarks import books
from benchmarks.stage import Stage, tell, work
from dealership import bulk, records
from dealership.events import SYSTEM
from dealership.models import (
    Account,
    Contact,
    Deal,
    Expense,
    Invoice,
    Job,
    Location,
    Payment,
    Record,
    ServiceRecord,
    User,
    Vehicle,
)
from dealership.pages import declared
from integrations import reconcile, runs
from integrations.models import DeadLetter, Integration, Reconciliation, SyncLog

FEW, MANY = 50, 5_000
MOST_QUERIES = 15
R = TypeVar("R", bound=Record)


def queries(stage: Stage) -> float:
    integration = stage.connect()
    # Sending customers and invoices is enough to fill the pages of a run and of a reconciliation.
    integration.configs.exclude(stream__in=("customers", "invoices")).update(enabled=False)
    client = _signed_in()
    taken = {count: _pages(client, _filled(integration, count), integration) for count in (FEW, MANY)}
    growth = 1.0
    for page, many in taken[MANY].items():
        few = taken[FEW][page]
        tell(f"{many:>3} queries: {page}" + (f", but {few} with {FEW} records" if many > few else ""))
        growth = max(growth, many / few)
    return max(max(taken[MANY].values()) / MOST_QUERIES, growth if growth > 1 else 0)


def _signed_in() -> Client:
    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.get(), backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def _pages(client: Client, rows: dict[str, Record], integration: Integration) -> dict[str, int]:
    """Name of the page to its number of queries, the second time that it is asked for."""
    proof = Reconciliation.objects.latest("created_at")
    largest = SyncLog.objects.filter(integration=integration).order_by("-sent_created")[0]
    addresses = {
        "home": reverse("dealership:home"),
        "search": reverse("dealership:search") + "?q=1",
        "import": reverse("dealership:import"),
        "integrations": reverse("integrations:list"),
        "integration": integration.get_absolute_url(),
        "runs": reverse("integrations:run_list"),
        "run": largest.get_absolute_url(),
        "set aside": reverse("integrations:dead_letters"),
        "reconciliation": proof.get_absolute_url(),
    }
    for kind, pages in declared.BY_TYPE.items():
        addresses[f"{kind} list"] = reverse(f"dealership:{kind}_list")
        addresses[f"{kind} detail"] = reverse(f"dealership:{kind}_detail", args=[rows[kind].pk])
        if pages.form is not None:
            addresses[f"{kind} form"] = reverse(f"dealership:{kind}_edit", args=[rows[kind].pk])
    return {name: _count(client, address) for name, address in addresses.items()}


def _count(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(address)
    if answer.status_code != 200:
        raise RuntimeError(f"{address} answers with {answer.status_code}.")
    return len(captured)


def _filled(integration: Integration, count: int) -> dict[str, Record]:
    """So many records of each kind, those that can be at the provider there too; one of each kind."""
    here = Contact.objects.filter(kind="customer").count()
    customers = books.customers(integration, count - here, after=here)
    invoices = books.invoices(integration, customers, after=here)
    made = {"contact": customers[0], "invoice": invoices[0], **_others(integration, customers, invoices)}
    runs.request_all(integration, trigger=SyncLog.Trigger.MANUAL)
    work(integration)
    # What a reconciliation then finds different, and what a person has to look at.
    Contact.objects.filter(kind="customer").update(notes="Changed", version=F("version") + 1)
    run = SyncLog.objects.filter(integration=integration, stream="invoices").latest("created_at")
    bulk.insert([_letter(run, invoice) for invoice in invoices])
    reconcile.work(reconcile.request(integration, requested_by="benchmark").pk)
    return made


def _others(integration: Integration, customers: Sequence[Contact], invoices: Sequence[Invoice]) -> dict[str, Record]:
    def make(model: type[R], rows: list[dict[str, Any]]) -> list[R]:
        return records.create_many(model, integration.dealership_id, rows, actor=SYSTEM)

    day, cost, first = date(2026, 5, 4), Decimal("12.00"), customers[0].display_name
    numbers = range(len(customers))
    owned = [{"contact_id": contact.pk} for contact in customers]
    vendors = make(Contact, [{"kind": "vendor", "display_name": f"Vendor of {c.display_name}"} for c in customers])
    vehicles = make(
        Vehicle, [{"make": "Kia", "stock_number": f"{first}-{n}", "owner_id": customers[n].pk} for n in numbers]
    )
    paid = [{"invoice_id": invoice.pk, "amount": cost} for invoice in invoices]
    payments = [
        {**owned[n], "amount": cost, "currency": "USD", "paid_on": day, "allocations": [paid[n]]} for n in numbers
    ]
    line = {"account_id": None, "description": "Phone", "amount": cost}
    bought = {"issued_on": day, "currency": "USD", "lines": [line], "total": cost, "balance": cost, "kind": "bill"}
    services = [{"vehicle_id": vehicle.pk, "performed_on": day, "description": "Oil"} for vehicle in vehicles]
    return {
        "vehicle": vehicles[0],
        "payment": make(Payment, payments)[0],
        "expense": make(Expense, [{**bought, "vendor_id": vendor.pk} for vendor in vendors])[0],
        "job": make(Job, [{**one, "title": "Brakes"} for one in owned])[0],
        "deal": make(Deal, [{**one, "title": "A car", "currency": "USD"} for one in owned])[0],
        "service_record": make(ServiceRecord, services)[0],
        "account": make(Account, [{"name": f"Account {first} {n}"} for n in numbers])[0],
        "location": make(Location, [{"name": f"Lot {first} {n}"} for n in numbers])[0],
    }


def _letter(run: SyncLog, invoice: Invoice) -> DeadLetter:
    return DeadLetter(
        dealership_id=invoice.dealership_id,
        integration_id=run.integration_id,
        run=run,
        stream="invoices",
        direction=DeadLetter.Direction.PUSH,
        record_type="invoice",
        local_id=invoice.pk,
        label=invoice.number,
        amount=invoice.total,
        currency=invoice.currency,
        reason="The number is too long.",
        next_step="Shorten it, then retry.",
    )
