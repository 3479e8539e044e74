"""One whole hub for a fault test: its database, simulator, worker and web server as real processes.

The test's own process works on the same database: it enters records as a person would, looks and counts.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.test import Client

from dealership import records
from dealership.events import Actor
from dealership.models import Contact, Dealership, Event, Invoice, Payment, User
from integrations import oauth_flow, reconcile, runs
from integrations.demo.stage import free_port
from integrations.models import DeadLetter, Integration, Reconciliation, RecordLink, SyncConfig, SyncLog
from tests.faults.accounts import Books, account
from tests.faults.processes import Worker, descendants, wait_until, worker
from tests.support.connections import SESSION, answer_consent, begin, connect, dealership_of
from tests.support.simulator import US_REALM, RunningSimulator
from webhooks.models import InboundWebhook

# Slice 2 s, lease 6 s, a killed task again after 19 s, a tick each 0.05 s.
DIVISOR = "10"
CSRF = "c" * 32
WRITES = ("create:", "update:", "void:", "delete:")


class Hub:
    def __init__(self, address: str, folder: Path) -> None:
        # Ours and the simulator's; on, they would make most tests wait for the next minute.
        self.limits = False
        self.folder = folder
        self.mail_folder = folder / "mail"
        self._running = contextlib.ExitStack()
        self._worker: contextlib.ExitStack | None = None
        self._web: subprocess.Popen[bytes] | None = None
        self.web_port = free_port(0)
        self.simulator = self._start_simulator()
        self._environment = os.environ | {
            "DATABASE_URL": address,
            "DJANGO_SETTINGS_MODULE": "tests.faults.child_settings",
            "LOTBRIDGE_TIMINGS_DIVISOR": DIVISOR,
            "SIMULATOR_URL": self.simulator.url,
            "MAIL_FOLDER": str(self.mail_folder),
            "LOG_LEVEL": "ERROR",
        }

    # Its processes

    def _start_simulator(self) -> RunningSimulator:
        started = RunningSimulator(self.folder / "simulator.sqlite3", "--limits", "off")
        self._running.callback(self._end_simulator)
        return started

    def _end_simulator(self) -> None:
        if self.simulator.process.poll() is None:
            self.simulator.kill()

    def start_worker(self) -> Worker:
        self._worker = contextlib.ExitStack()
        self._running.push(self._worker)
        return self._worker.enter_context(worker(self._environment | {"SIMULATOR_LIMITS": str(self.limits).lower()}))

    def stop_worker(self) -> None:
        """kill -9 for all of it."""
        if self._worker is not None:
            self._worker.close()

    @property
    def web_url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    def start_web(self) -> None:
        command = [sys.executable, "-m", "gunicorn", "config.wsgi:application", "--bind", f"127.0.0.1:{self.web_port}"]
        options = ["--worker-class", "gthread", "--threads", "4", "--no-control-socket", "--log-level", "critical"]
        self._web = subprocess.Popen(
            [*command, *options], cwd=settings.BASE_DIR, env=self._environment, start_new_session=True
        )
        self._running.callback(self.kill_web)
        wait_until(self._web_answers, seconds=30, what="the web server answers")

    def _web_answers(self) -> bool:
        with contextlib.suppress(requests.ConnectionError):
            return requests.get(f"{self.web_url}/healthz", timeout=5).status_code in (200, 503)
        return False

    def post(self, path: str, form: Mapping[str, str]) -> None:
        """A form sent by the owner's browser; whether an answer comes does not matter."""
        browser = Client()
        browser.force_login(self.user)
        cookies = {"sessionid": browser.cookies["sessionid"].value, "csrftoken": CSRF}
        with contextlib.suppress(requests.ConnectionError):
            requests.post(self.web_url + path, data={**form, "csrfmiddlewaretoken": CSRF}, cookies=cookies, timeout=60)

    def kill_web(self) -> None:
        """kill -9 for the master and its workers."""
        if self._web is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._web.pid, signal.SIGKILL)
        self._web.wait()
        self._web = None

    def close(self) -> None:
        self._running.close()

    # Its people and their records

    def open_dealership(self) -> tuple[User, Dealership]:
        self.user, self.dealership = dealership_of()
        return self.user, self.dealership

    @property
    def actor(self) -> Actor:
        return Actor.user(self.user)

    def connect(self) -> Integration:
        """Through the consent page; the first runs are queued by it."""
        self.integration = connect(self.user, self.dealership, US_REALM)
        return self.integration

    def reconnect(self) -> None:
        params = answer_consent(begin(self.user, self.dealership, self.integration), US_REALM)
        oauth_flow.finish(user=self.user, session_key=SESSION, provider="quickbooks", params=params)

    def customers(self, count: int, *, prefix: str = "Ours", kind: str = "customer") -> list[Contact]:
        rows = [
            {
                "kind": kind,
                "display_name": f"{prefix} {number:05d}",
                "first_name": "Ana",
                "last_name": f"Cruz {number}",
                "email": f"{prefix.lower()}{number}@example.com",
            }
            for number in range(1, count + 1)
        ]
        return records.create_many(Contact, self.dealership.pk, rows, actor=self.actor)

    def invoices(self, contacts: Sequence[Contact], count: int, *, prefix: str = "INV") -> list[Invoice]:
        """Two lines each, with cents that do not come out even."""
        rows = []
        for number in range(1, count + 1):
            prices = (Decimal("19.99") + number, Decimal("0.01") * (number % 97) + 1)
            rows.append(invoice_values(contacts[number % len(contacts)], f"{prefix}-{number:05d}", *prices))
        return records.create_many(Invoice, self.dealership.pk, rows, actor=self.actor)

    def payments(self, invoices: Sequence[Invoice]) -> list[Payment]:
        """Each invoice is paid in full."""
        return [
            records.create(
                Payment,
                self.dealership,
                {
                    "contact_id": invoice.contact_id,
                    "amount": invoice.total,
                    "currency": "USD",
                    "paid_on": date(2026, 6, 1),
                    "allocations": [{"invoice_id": invoice.pk, "amount": invoice.total}],
                },
                actor=self.actor,
            )
            for invoice in invoices
        ]

    def change(self, record: Contact | Invoice, **values: Any) -> None:
        """As a person does it: once more when a sync was faster."""
        while True:
            record.refresh_from_db()
            with contextlib.suppress(records.StaleRecord):
                records.update(record, values, actor=self.actor)
                return

    def remote_id(self, record: Any) -> str:
        return str(RecordLink.objects.get(local_id=record.pk).remote_id)

    def local(self, stream: str, remote_id: str) -> Any:
        link = RecordLink.objects.get(stream=stream, remote_id=remote_id)
        return {"contact": Contact, "invoice": Invoice, "payment": Payment}[link.record_type].objects.get(
            pk=link.local_id
        )

    def change_there(self, entity: str, remote_id: str, **values: Any) -> None:
        """What one of QuickBooks' own users does."""
        self.simulator.write(entity, {"Id": remote_id, "sparse": True, **values}, operation="update")

    # What happens, and what is then

    def sync(self, *, seconds: float = 60) -> None:
        """A full sync of every stream, to its end."""
        self.request_sync()
        self.rest(seconds=seconds)

    def dispatch(self) -> None:
        """Until every event has been shown to its readers."""
        wait_until(lambda: not Event.objects.filter(dispatched_at=None).exists(), seconds=20, what="events are read")

    def request_sync(self) -> None:
        self.integration.refresh_from_db()
        runs.request_all(self.integration, trigger=SyncLog.Trigger.MANUAL)

    def rest(self, *, seconds: float = 60) -> float:
        """Until nothing is under way and nothing is wanted; how long that took."""
        calm: list[bool] = []

        def has_rested() -> bool:
            # Twice in a row: between two of the questions, work moves on from one place to the next.
            calm.append(self._is_calm())
            return calm[-2:] == [True, True]

        try:
            return wait_until(has_rested, seconds=seconds, what="the hub is at rest")
        except AssertionError as problem:
            raise AssertionError(f"{problem}; {self.story()}") from None

    def _is_calm(self) -> bool:
        connected = SyncConfig.objects.filter(enabled=True, integration__status=Integration.Status.CONNECTED)
        return not (
            self.simulator.state()["hooks"].get("waiting")
            or InboundWebhook.objects.filter(status=InboundWebhook.Status.RECEIVED).exists()
            or Event.objects.filter(dispatched_at=None).exists()
            or connected.filter(pull_wanted=True).exists()
            or connected.filter(push_wanted=True).exists()
            or SyncLog.objects.filter(status__in=SyncLog.OPEN).exists()
        )

    def story(self) -> str:
        """The runs that did not succeed, for a failed test's message."""
        odd = SyncLog.objects.exclude(status=SyncLog.Status.SUCCEEDED)
        return "; ".join(f"{run.stream} {run.status} {run.attempt} {run.error_kind} {run.error}" for run in odd)

    def outcomes(self) -> dict[str, int]:
        """How many runs ended in which way."""
        return dict(Counter(SyncLog.objects.values_list("status", flat=True)))

    def account(self) -> dict[str, Books]:
        return account(self.integration, self.simulator)

    def proof(self) -> str:
        """The hub's own verdict, after the account has been found in order."""
        proof = reconcile.request(self.integration, requested_by="a test")
        wait_until(lambda: self._is_proven(proof), seconds=60, what="the reconciliation ended")
        return str(proof.status)

    def _is_proven(self, proof: Reconciliation) -> bool:
        reconcile.work(proof.pk)
        proof.refresh_from_db()
        return proof.finished_at is not None

    def versions(self) -> dict[str, int]:
        """The version of every record here, by its id."""
        models = (Contact, Invoice, Payment)
        return {str(pk): version for model in models for pk, version in model.objects.values_list("pk", "version")}

    def memos(self) -> list[Any]:
        """The messages on the provider's invoices."""
        return [raw.get("CustomerMemo") for raw in self.simulator.entities("Invoice")]

    def status_of(self, invoice: Invoice) -> str:
        invoice.refresh_from_db()
        return invoice.status

    def tick_of_the_provider(self) -> None:
        """Until the provider's clock, which knows whole seconds, has moved on."""
        started = int(time.time())
        wait_until(lambda: int(time.time()) > started, seconds=2, what="the next second")

    def letters(self) -> list[DeadLetter]:
        return list(DeadLetter.objects.filter(status=DeadLetter.Status.OPEN).order_by("created_at"))

    def mails(self) -> list[str]:
        return [path.read_text() for path in sorted(self.mail_folder.glob("*"))]

    def requests(self) -> int:
        """How many requests the provider's API has answered."""
        calls = self.simulator.state()["calls"]
        return sum(calls.get(name, 0) for name in ("query", "cdc", "batch", "companyinfo", "preferences"))

    def writes(self) -> int:
        """How many records were written through the provider's API, refused ones included.

        The item that every line names is written once for all and not counted.
        """
        calls: Mapping[str, int] = self.simulator.state()["calls"]
        return sum(count for name, count in calls.items() if name.startswith(WRITES) and not name.endswith(":Item"))


def invoice_values(contact: Contact, number: str, *prices: Decimal) -> dict[str, Any]:
    """The values of an open invoice with one line a price."""
    lines = [
        {"description": f"Line {place}", "quantity": Decimal(1), "unit_price": price, "amount": price}
        for place, price in enumerate(prices, start=1)
    ]
    total = sum(prices, Decimal(0))
    return {
        "number": number,
        "contact_id": contact.pk,
        "issued_on": date(2026, 5, 4),
        "due_on": date(2026, 5, 4) + timedelta(days=30),
        "currency": "USD",
        "lines": lines,
        "subtotal": total,
        "total": total,
        "balance": total,
    }


def kill(*pids: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def parts_of(worker: Worker) -> dict[str, list[int]]:
    """What may be killed of a worker, by name; empty while its cluster is not complete."""
    with contextlib.suppress(IndexError):
        workers, below = worker.workers, descendants(worker.supervisor)
        parts = {
            "a worker": workers[:1],
            "the monitor": [worker.monitor],
            "the sentinel": [worker.sentinel],
            "the whole cluster": below,
            "the supervisor": [worker.supervisor],
        }
        return parts if len(below) == 6 else {}
    return {}


@contextlib.contextmanager
def hub_at(address: str, folder: Path, settings: Any) -> Iterator[Hub]:
    """A hub with a dealership and a simulator, its other processes not started yet."""
    made = Hub(address, folder)
    settings.SIMULATOR_URL, settings.SIMULATOR_LIMITS = made.simulator.url, False
    try:
        made.open_dealership()
        yield made
    finally:
        made.close()
