"""A dealership with QuickBooks in the simulator: streams, linked records, runs, records set aside, a reconciliation."""

import datetime as dt
import secrets
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.test import Client
from django.utils import timezone

from dealership.models import Contact, Dealership, Event, Invoice
from integrations import background, configs
from integrations.models import (
    Credential,
    DeadLetter,
    Integration,
    OAuthClient,
    Reconciliation,
    ReconciliationDifference,
    RecordLink,
    SyncConfig,
    SyncItem,
    SyncLog,
)
from tests.dealership import page_cases as dealership_cases

TOKEN = "token-that-no-page-may-show"
Status = SyncLog.Status


@dataclass
class World:
    """`run` has ended, `letter` is open, `proof` found a difference."""

    dealership: Dealership
    integration: Integration
    invoice: Invoice
    run: SyncLog
    letter: DeadLetter
    proof: Reconciliation

    def client(self, role: str) -> Client:
        return dealership_cases.signed_in(dealership_cases.member(self.dealership, role))

    def config(self, stream: str) -> SyncConfig:
        found: SyncConfig = self.integration.configs.get(stream=stream)
        return found


def world(name: str = "Rideau Auto") -> World:
    place = dealership_cases.dealership(name)
    connected = integration(place)
    customer = dealership_cases.contact(place, "Amélie Gagnon")
    record = dealership_cases.invoice(place, customer, "INV-1")
    link(connected, "invoices", record, "1045")
    done = run(connected, "invoices", Status.PARTIAL, sent_created=1, rejected=1)
    item(done, record, SyncItem.Outcome.SENT_CREATED, remote_id="1045")
    refused = dealership_cases.invoice(place, customer, "INV-2")
    aside = letter(done, refused)
    item(done, refused, SyncItem.Outcome.SET_ASIDE, detail=aside.reason, next_step=aside.next_step)
    background.beat()
    return World(place, connected, record, done, aside, proof(connected, refused))


def client_of_stranger(name: str = "Elsewhere Motors") -> Client:
    """The owner of another dealership."""
    place = dealership_cases.dealership(name)
    return dealership_cases.signed_in(dealership_cases.member(place, "owner"))


def integration(place: Dealership, **facts: Any) -> Integration:
    values = {
        "provider": "quickbooks",
        "environment": "simulator",
        "remote_account_id": secrets.token_hex(6),
        "remote_account_name": "Rideau Auto Inc.",
        "status": Integration.Status.CONNECTED,
        "connected_at": timezone.now(),
        "last_synced_at": timezone.now(),
    }
    made = Integration.objects.create(dealership=place, **(values | facts))
    configs.ensure(made)
    Credential.objects.create(
        dealership=place,
        integration=made,
        refresh_expires_at=timezone.now() + dt.timedelta(days=100, hours=1),
        secret={"owner": f"{place.pk}:{made.pk}", "access_token": TOKEN, "refresh_token": TOKEN},
    )
    return made


def app_keys(environment: str = "production") -> OAuthClient:
    return OAuthClient.objects.create(
        provider="quickbooks", environment=environment, client_id="app-1", client_secret=TOKEN, webhook_secret=TOKEN
    )


def link(connected: Integration, stream: str, record: Any, remote_id: str, **facts: Any) -> RecordLink:
    values = {"local_version": record.version, "agreed_at": timezone.now()} | facts
    return RecordLink.objects.create(
        dealership_id=connected.dealership_id,
        integration=connected,
        stream=stream,
        record_type=record.record_type(),
        local_id=record.pk,
        remote_id=remote_id,
        **values,
    )


def run(connected: Integration, stream: str, status: str, **facts: Any) -> SyncLog:
    now = timezone.now()
    is_open = status in SyncLog.OPEN
    times = {"started_at": now - dt.timedelta(seconds=12), "finished_at": None if is_open else now}
    return SyncLog.objects.create(
        dealership_id=connected.dealership_id,
        integration=connected,
        config=connected.configs.get(stream=stream),
        stream=stream,
        status=status,
        trigger=SyncLog.Trigger.MANUAL,
        reference=f"run_{secrets.token_hex(4)}",
        **(times | facts),
    )


def item(of: SyncLog, record: Any, outcome: str, **facts: Any) -> SyncItem:
    return SyncItem.objects.create(
        dealership_id=of.dealership_id,
        run=of,
        outcome=outcome,
        record_type=record.record_type(),
        local_id=record.pk,
        label=str(record),
        **facts,
    )


def letter(of: SyncLog, record: Any, **facts: Any) -> DeadLetter:
    values = {"amount": Decimal("113.00"), "currency": "CAD", "reason": "QuickBooks refuses 31 September as a date."}
    return DeadLetter.objects.create(
        dealership_id=of.dealership_id,
        integration_id=of.integration_id,
        stream=of.stream,
        direction=DeadLetter.Direction.PUSH,
        record_type=record.record_type(),
        local_id=record.pk,
        label=str(record),
        next_step="Correct the date, then retry.",
        run=of,
        **(values | facts),
    )


def figure(stream: str, label: str, record_type: str, ours: tuple[int, str], theirs: tuple[int, str]) -> dict[str, Any]:
    apart = Decimal(ours[1]) - Decimal(theirs[1])
    month = {
        "month": "2026-11",
        "currency": "CAD",
        "ours_count": ours[0],
        "ours_total": ours[1],
        "theirs_count": theirs[0],
        "theirs_total": theirs[1],
        "difference": str(apart),
    }
    return {
        "stream": stream,
        "label": label,
        "record_type": record_type,
        "sign": 1,
        "ours": {"count": ours[0], "totals": {"CAD": ours[1]}},
        "theirs": {"count": theirs[0], "totals": {"CAD": theirs[1]}},
        "months": [month],
        "missing_here": 0,
        "missing_there": ours[0] - theirs[0],
        "doubled": 0,
        "differing": 0,
    }


def proof(connected: Integration, missing: Invoice | None = None, **facts: Any) -> Reconciliation:
    """Complete, or with that invoice missing there."""
    theirs = (1, "113.00") if missing else (2, "226.00")
    values = {
        "status": Reconciliation.Status.DIFFERENT if missing else Reconciliation.Status.COMPLETE,
        "difference_count": 1 if missing else 0,
        "compared": 5,
        "requested_by": "schedule",
        "figures": [
            figure("invoices", "Invoices", "invoice", (2, "226.00"), theirs),
            figure("payments", "Payments", "payment", (1, "40.00"), (1, "40.00")),
        ],
        "started_at": timezone.now(),
        "finished_at": timezone.now(),
    }
    made = Reconciliation.objects.create(
        dealership_id=connected.dealership_id, integration=connected, **(values | facts)
    )
    if missing:
        difference(made, missing)
    return made


def difference(of: Reconciliation, missing: Invoice) -> ReconciliationDifference:
    return ReconciliationDifference.objects.create(
        dealership_id=of.dealership_id,
        reconciliation=of,
        stream="invoices",
        kind=ReconciliationDifference.Kind.MISSING_THERE,
        record_type="invoice",
        local_id=missing.pk,
        label=str(missing),
        ours=missing.total,
        currency="CAD",
        cause="Not sent yet.",
        next_step="Sync this stream, then check again.",
    )


def more_rows(world: World, count: int) -> None:
    """That many more of everything a page lists, all of the one integration; and more reports."""
    for number in range(count):
        customer = dealership_cases.contact(world.dealership, f"Customer {number} {secrets.token_hex(2)}")
        record = dealership_cases.invoice(world.dealership, customer, f"INV-{secrets.token_hex(4)}")
        link(world.integration, "invoices", record, secrets.token_hex(5))
        letter(world.run, record)
        item(world.run, record, SyncItem.Outcome.SET_ASIDE)
        run(world.integration, "customers", Status.SUCCEEDED)
        difference(world.proof, record)
        proof(world.integration, created_at=timezone.now() - dt.timedelta(days=2))


def traces(world: World) -> tuple[Any, ...]:
    """What a refusal must leave as it was."""
    return (
        list(Integration.objects.order_by("pk").values_list("pk", "status", "status_reason", "tested_at")),
        list(SyncConfig.objects.order_by("pk").values()),
        list(SyncLog.objects.order_by("pk").values_list("pk", "status", "cancel_requested")),
        list(DeadLetter.objects.order_by("pk").values_list("pk", "status")),
        Reconciliation.objects.count(),
        Contact.objects.count(),
        Event.objects.count(),
    )
