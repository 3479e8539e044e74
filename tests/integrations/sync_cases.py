"""Both sides of one connection: a dealership's records here, a simulated company's there, and the sync between."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django_q.models import OrmQ

from dealership import records
from dealership.events import Actor
from dealership.models import Account, Contact, Dealership, Event, Expense, Invoice, Payment, Record
from integrations import engine, runs
from integrations.models import DeadLetter, Integration, RecordLink, SyncConfig, SyncItem, SyncLog
from tests.support.connections import connect, dealership_of
from tests.support.simulator import US_REALM, RunningSimulator

ISSUED_ON = date(2026, 10, 5)
SERVICE = {"value": "1"}
COUNTERS = ("created", "updated", "sent_created", "sent_updated", "rejected", "conflicted")
Status = SyncLog.Status
Row = dict[str, Any]


@dataclass
class BothSides:
    """`person` signs what is changed here; words ending in `there` act on the company as one of its own users."""

    integration: Integration
    simulator: RunningSimulator
    realm: str
    person: Actor
    currency: str = "USD"

    @property
    def dealership(self) -> Dealership:
        return self.integration.dealership

    def sync(self, *streams: str, pull: bool = True, push: bool = True) -> list[SyncLog]:
        """Sync these streams (all of them where none is named), with what follows from it; the runs that ended."""
        before = set(SyncLog.objects.values_list("pk", flat=True))
        for stream in streams or [config.stream for config in self.integration.configs.order_by("rank")]:
            runs.request(self.config(stream), pull=pull, push=push, trigger=SyncLog.Trigger.MANUAL)
        self.work()
        return list(SyncLog.objects.exclude(pk__in=before).order_by("created_at"))

    def work(self) -> None:
        engine.work_integration(self.integration.pk, deadline=time.monotonic() + 60)

    def config(self, stream: str) -> SyncConfig:
        found: SyncConfig = self.integration.configs.get(stream=stream)
        return found

    def configure(self, stream: str, **values: Any) -> None:
        SyncConfig.objects.filter(integration=self.integration, stream=stream).update(**values)

    def link(self, record: Record) -> RecordLink:
        return RecordLink.objects.get(integration=self.integration, local_id=record.pk)

    def record_of(self, stream: str, remote: Row) -> Any:
        """Our record of that object of theirs."""
        model = {"customers": Contact, "vendors": Contact, "payments": Payment, "accounts": Account}
        found = RecordLink.objects.get(integration=self.integration, stream=stream, remote_id=remote["Id"])
        kind = Expense if stream in ("bills", "purchases") else model.get(stream, Invoice)
        return kind._default_manager.get(pk=found.local_id)

    def contact(self, name: str = "Ana Cruz", **values: Any) -> Contact:
        facts = {"display_name": name, "currency": self.currency, **values}
        return records.create(Contact, self.dealership, facts, actor=self.person)

    def invoice(self, contact: Contact, number: str = "INV-1", amount: str = "100.00", **values: Any) -> Invoice:
        facts = {
            "number": number,
            "contact_id": contact.pk,
            "issued_on": ISSUED_ON,
            "due_on": date(2026, 10, 20),
            "currency": self.currency,
            "lines": [line(amount)],
            "status": Invoice.Status.OPEN,
            **values,
        }
        return records.create(Invoice, self.dealership, facts, actor=self.person)

    def payment(self, invoice: Invoice, amount: str = "100.00", **values: Any) -> Payment:
        facts = {
            "contact_id": invoice.contact_id,
            "amount": Decimal(amount),
            "currency": self.currency,
            "paid_on": date(2026, 10, 8),
            "allocations": [{"invoice_id": invoice.pk, "amount": Decimal(amount)}],
            **values,
        }
        return records.create(Payment, self.dealership, facts, actor=self.person)

    def expense(self, amount: str = "60.40", **values: Any) -> Expense:
        lines = values.pop("lines", [{"account_id": None, "description": "Brake pads", "amount": Decimal(amount)}])
        facts = {"issued_on": ISSUED_ON, "currency": self.currency, "kind": "bill", "lines": lines, **values}
        return records.create(Expense, self.dealership, facts, actor=self.person)

    def change(self, record: Record, **values: Any) -> None:
        record.refresh_from_db()
        assert records.update(record, values, actor=self.person)

    def there(self, entity: str) -> list[Row]:
        return self.simulator.entities(entity, self.realm)

    def row(self, entity: str, remote_id: str | None) -> Row:
        return next(row for row in self.there(entity) if row["Id"] == remote_id)

    def create_there(self, entity: str, **body: Any) -> Row:
        return self.simulator.write(entity, body, realm=self.realm)

    def customer_there(self, name: str = "Ana Cruz", **body: Any) -> Row:
        return self.create_there("Customer", DisplayName=name, **body)

    def invoice_there(self, customer: Row, number: str = "INV-1", amount: float = 100.0, **body: Any) -> Row:
        facts = {"CustomerRef": {"value": customer["Id"]}, "DocNumber": number, "Line": [line_there(amount)], **body}
        return self.create_there("Invoice", **facts)

    def payment_there(self, invoice: Row, amount: float = 100.0, **body: Any) -> Row:
        applied = {"Amount": amount, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
        facts = {"CustomerRef": invoice["CustomerRef"], "TotalAmt": amount, "Line": [applied], **body}
        return self.create_there("Payment", **facts)

    def change_there(self, entity: str, remote_id: str | None, **values: Any) -> Row:
        body = {"Id": remote_id, "sparse": True, **values}
        return self.simulator.write(entity, body, operation="update", realm=self.realm)

    def end_there(self, entity: str, remote_id: str | None, operation: str) -> Row:
        """Void or delete."""
        return self.simulator.write(entity, {"Id": remote_id}, operation=operation, realm=self.realm)

    def writes(self) -> int:
        """Calls that wrote at the provider so far."""
        calls = self.simulator.state()["calls"]
        return sum(number for name, number in calls.items() if is_write(name))

    def events(self, record: Record) -> list[tuple[str, str]]:
        """What happened to it and what kind of actor did it, oldest first."""
        found = Event.objects.of_record(record.record_type(), record.pk).order_by("occurred_at")
        return list(found.values_list("type", "actor_kind"))

    def letter(self) -> DeadLetter:
        return DeadLetter.objects.get(integration=self.integration)


def connected(
    simulator: RunningSimulator,
    realm: str = US_REALM,
    *,
    name: str = "Rideau Auto",
    email: str = "owner@rideau.example",
    currency: str = "USD",
) -> BothSides:
    """Connected through the consent page; the first runs, which connecting asks for, are taken out of the queue."""
    owner, dealership = dealership_of(email, name=name)
    integration = connect(owner, dealership, realm)
    SyncLog.objects.filter(integration=integration).delete()
    OrmQ.objects.all().delete()
    return BothSides(integration, simulator, realm, Actor.user(owner), currency)


def line(amount: str, description: str = "Service") -> Row:
    return {
        "description": description,
        "quantity": Decimal(1),
        "unit_price": Decimal(amount),
        "amount": Decimal(amount),
    }


def line_there(amount: float, description: str = "Service") -> Row:
    detail = {"ItemRef": SERVICE, "Qty": 1, "UnitPrice": amount}
    return {
        "Amount": amount,
        "Description": description,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": detail,
    }


def counts(ended: Sequence[SyncLog]) -> dict[str, int]:
    """What these runs did together; zeros are left out."""
    total = Counter({name: sum(getattr(run, name) for run in ended) for name in COUNTERS})
    return {name: number for name, number in total.items() if number}


def statuses(ended: Sequence[SyncLog]) -> set[str]:
    return {run.status for run in ended}


def items(ended: Sequence[SyncLog]) -> list[tuple[str, str]]:
    """Outcome and name of each item, in their order."""
    found = SyncItem.objects.filter(run__in=ended).order_by("created_at", "label")
    return list(found.values_list("outcome", "label"))


def is_write(call: str) -> bool:
    return call == "batch" or call.split(":")[0] in ("create", "update", "void", "delete")
