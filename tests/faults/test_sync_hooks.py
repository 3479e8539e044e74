"""The provider's webhooks to a real web server: doubled, reordered, in both forms; what changed there arrives here."""

from __future__ import annotations

import pytest

from dealership.models import Contact
from tests.faults.accounts import Books
from tests.faults.databases import SQLITE
from tests.faults.hub import Hub
from tests.faults.processes import wait_until
from webhooks.models import InboundWebhook

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]
ENGINES = (SQLITE,)


def listen(hub: Hub, **settings: object) -> None:
    hub.connect()
    hub.start_worker()
    hub.rest()
    hub.start_web()
    hub.simulator.settings(hooks_url=f"{hub.web_url}/hooks/{{provider}}/", **settings)


@pytest.mark.parametrize("form", ["cloudevents", "legacy"])
def test_doubled_and_reordered_webhooks_bring_each_change_once(hub: Hub, form: str) -> None:
    listen(hub, hook_format=form, hook_duplicate=True, hook_reorder=True)

    written = [hub.simulator.write("Customer", {"DisplayName": f"Theirs {number}"}) for number in range(10)]
    wait_until(lambda: Contact.objects.count() == 10, seconds=20, what="the customers are here")
    for number, customer in enumerate(written):
        hub.change_there("Customer", customer["Id"], DisplayName=f"Theirs {number}, renamed")
    wait_until(
        lambda: Contact.objects.filter(display_name__endswith=", renamed").count() == 10,
        seconds=20,
        what="the new names are here",
    )
    hub.rest()

    assert hub.simulator.state()["hooks"] == {"delivered": 20, "waiting": 0}
    assert InboundWebhook.objects.filter(status=InboundWebhook.Status.DISPATCHED).count() == 20
    assert hub.account() == {"customers": Books(10)}
    assert hub.writes() == 0


def test_an_invoice_paid_there_is_paid_here_without_anybody_asking(hub: Hub) -> None:
    invoice = hub.invoices(hub.customers(1), 1)[0]
    listen(hub)
    remote_id, customer_id = hub.remote_id(invoice), hub.remote_id(invoice.contact)
    line = {"Amount": 22, "LinkedTxn": [{"TxnId": remote_id, "TxnType": "Invoice"}]}

    hub.simulator.write("Payment", {"CustomerRef": {"value": customer_id}, "TotalAmt": 22, "Line": [line]})
    wait_until(lambda: hub.status_of(invoice) == "paid", seconds=20, what="it is paid here")
    hub.rest()

    assert {stream: found.count for stream, found in hub.account().items()} == {
        "customers": 1,
        "invoices": 1,
        "payments": 1,
    }
    assert hub.writes() == 2
