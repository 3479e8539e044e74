"""Both sides' books in tests of the proof: what is written here and there, and what the proof finds."""

from __future__ import annotations

import time
import uuid
from datetime import date
from decimal import Decimal
from typing import Any

from dealership import records
from dealership.events import SYSTEM
from dealership.models import Contact, Invoice
from integrations import configs, engine, reconcile, runs
from integrations.models import Integration, Reconciliation, RecordLink, SyncLog
from tests.support.connections import connect, dealership_of
from tests.support.simulator import US_REALM, RunningSimulator


def books_in_step(simulator: RunningSimulator) -> Integration:
    """Connected, with two customers (and the one of the invoices) and three invoices there, all of them here too."""
    made = connect(*dealership_of(), US_REALM)
    configs.ensure(made)
    simulator.seed("Customer", 2)
    simulator.seed("Invoice", 3)
    sync(made)
    return made


def sync(integration: Integration) -> None:
    runs.request_all(integration, trigger=SyncLog.Trigger.MANUAL)
    engine.work_integration(integration.pk, deadline=time.monotonic() + 60)
    assert set(SyncLog.objects.values_list("status", flat=True)) == {SyncLog.Status.SUCCEEDED}


def prove(integration: Integration) -> Reconciliation:
    proof = reconcile.request(integration, requested_by="Claire Nadeau")
    reconcile.work(proof.pk)
    proof.refresh_from_db()
    return proof


def found(proof: Reconciliation) -> list[tuple[str, str, str]]:
    return list(proof.differences.order_by("stream", "kind", "label").values_list("stream", "kind", "label"))


def figure(proof: Reconciliation, stream: str) -> dict[str, Any]:
    return next(row for row in proof.figures if row["stream"] == stream)


def write_invoice(integration: Integration, number: str, amount: str = "100.00", **values: Any) -> Invoice:
    contact = Contact.objects.filter(dealership=integration.dealership_id, kind="customer").order_by("display_name")[0]
    price = Decimal(amount)
    line = {"description": "Service", "quantity": Decimal(1), "unit_price": price, "amount": price}
    facts = {
        "number": number,
        "contact_id": contact.pk,
        "issued_on": date(2026, 10, 5),
        "due_on": date(2026, 10, 20),
        "currency": "USD",
        "lines": [line],
        **values,
    }
    return records.create(Invoice, integration.dealership, facts, actor=SYSTEM)


def their_invoice(simulator: RunningSimulator, position: int = 0) -> dict[str, Any]:
    return simulator.entities("Invoice")[position]


def change_there(simulator: RunningSimulator, entity: str, remote_id: str, **values: Any) -> None:
    simulator.write(entity, {"Id": remote_id, "sparse": True, **values}, operation="update")


def local_of(stream: str, remote_id: str) -> uuid.UUID:
    return RecordLink.objects.get(stream=stream, remote_id=remote_id).local_id
