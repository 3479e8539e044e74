"""Who may see and do what on the pages of the integrations, and that no page grows with the number of rows."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations.models import DeadLetter, Heartbeat, Integration, Reconciliation, SyncLog
from tests.dealership import page_cases as dealership_cases
from tests.integrations import page_cases
from tests.integrations.page_cases import TOKEN, World

pytestmark = pytest.mark.django_db

MOST_QUERIES = 15
RANKS = ("viewer", "staff", "admin", "owner")

# What the address needs -> names of the pages that only show.
SHOWN = {
    "": ("list", "add", "run_list", "dead_letters", "reconciliations"),
    "integration": ("detail", "card", "detail_runs"),
    "run": ("run", "run_progress", "run_items"),
    "proof": ("reconciliation", "reconciliation_progress", "reconciliation_export"),
}
# Name -> what the address needs, and the lowest role that may do it.
ACTS = {
    "sync": ("integration", "staff"),
    "test": ("integration", "staff"),
    "reconcile": ("integration", "staff"),
    "pause": ("integration", "admin"),
    "resume": ("integration", "admin"),
    "disconnect": ("integration", "admin"),
    "reconnect": ("integration", "admin"),
    "detail": ("integration", "admin"),
    "run_retry": ("run", "staff"),
    "run_cancel": ("run", "staff"),
    "dead_letter_retry": ("letter", "staff"),
    "dead_letter_dismiss": ("letter", "staff"),
    "dead_letters_retry": ("", "staff"),
}
PAGES = [(name, needs) for needs, names in SHOWN.items() for name in names]
OWNED = [(name, needs) for name, needs in PAGES if needs] + [(n, needs) for n, (needs, _) in ACTS.items() if needs]


@pytest.fixture
def world() -> World:
    return page_cases.world()


def address(world: World, name: str, needs: str) -> str:
    return reverse(f"integrations:{name}", args=[getattr(world, needs).pk] if needs else [])


def body(response: Any) -> str:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return str(content.decode())


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        response = client.get(url)
        assert response.status_code == 200
        body(response)
    return len(captured)


@pytest.mark.parametrize(("name", "needs"), PAGES)
@pytest.mark.parametrize("role", ["viewer", "owner"])
def test_every_member_reads_every_page_and_no_page_shows_a_secret(
    world: World, name: str, needs: str, role: str
) -> None:
    response = world.client(role).get(address(world, name, needs))

    assert response.status_code == 200
    assert TOKEN not in body(response)


@pytest.mark.parametrize(("name", "needs"), PAGES)
def test_a_page_takes_few_queries_however_many_rows_there_are(world: World, name: str, needs: str) -> None:
    client, url = world.client("owner"), address(world, name, needs)
    client.get(url)
    few = queries(client, url)
    page_cases.more_rows(world, 12)

    many = queries(client, url)

    assert many <= few <= MOST_QUERIES


@pytest.mark.parametrize(("name", "needs"), PAGES)
def test_without_a_sign_in_one_is_sent_to_the_door(world: World, name: str, needs: str) -> None:
    response = Client().get(address(world, name, needs))

    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize(("name", "needs"), OWNED)
def test_another_dealership_finds_nothing_and_changes_nothing(world: World, name: str, needs: str) -> None:
    client, before = page_cases.client_of_stranger(), page_cases.traces(world)

    responses = [ask(address(world, name, needs)) for ask in (client.get, client.post)]

    assert {response.status_code for response in responses} <= {404, 405}
    assert 404 in {response.status_code for response in responses}
    assert page_cases.traces(world) == before


@pytest.mark.parametrize(
    ("name", "role"),
    [(name, role) for name, (_, lowest) in ACTS.items() for role in RANKS[: RANKS.index(lowest)]],
)
def test_a_role_too_low_is_refused_and_changes_nothing(world: World, name: str, role: str) -> None:
    client, before = world.client(role), page_cases.traces(world)

    response = client.post(address(world, name, ACTS[name][0]))

    assert response.status_code == 403
    assert page_cases.traces(world) == before


@pytest.mark.parametrize("name", [n for n in ACTS if n not in ("detail", "disconnect", "reconnect")])
def test_looking_changes_nothing(world: World, name: str) -> None:
    before = page_cases.traces(world)

    response = world.client("owner").get(address(world, name, ACTS[name][0]))

    assert response.status_code == 405
    assert page_cases.traces(world) == before


def test_the_list_names_its_state_and_what_is_wrong(world: World) -> None:
    Integration.objects.filter(pk=world.integration.pk).update(
        status=Integration.Status.NEEDS_RECONNECT, status_reason="The company ended our access."
    )

    content = body(world.client("owner").get(reverse("integrations:list")))

    assert "QuickBooks needs you" in content
    assert "The company ended our access." in content
    assert address(world, "reconnect", "integration") in content


def test_the_list_is_filtered_by_name_category_and_status(world: World) -> None:
    page_cases.integration(world.dealership, remote_account_name="Ogdensburg Ltd", status=Integration.Status.PAUSED)
    client = world.client("viewer")
    shown = {
        query: [card.integration.remote_account_name for card in client.get(f"/integrations/{query}").context["cards"]]
        for query in ("?name=ogdens", "?status=off", "?category=accounting", "?category=crm", "?name=nobody")
    }

    assert shown["?name=ogdens"] == shown["?status=off"] == ["Ogdensburg Ltd"]
    assert len(shown["?category=accounting"]) == len(shown["?category=crm"]) == 2
    assert shown["?name=nobody"] == []


def test_a_stopped_worker_is_named_where_people_wait_for_it(world: World) -> None:
    Heartbeat.objects.all().delete()
    client = world.client("viewer")

    listed = body(client.get(reverse("integrations:list")))
    running = body(client.get(address(world, "detail", "integration")))

    assert "Background work is not running." in listed
    assert "Background work is not running." in running


def test_sync_now_asks_for_every_stream_once(world: World) -> None:
    client = world.client("staff")

    for _ in range(2):
        response = client.post(address(world, "sync", "integration"), {"from": "list"}, follow=True)

    assert response.redirect_chain == [("/integrations/", 302)]
    assert "8 streams are being synced." in body(response)
    assert SyncLog.objects.filter(status=SyncLog.Status.QUEUED).count() == 8


def test_one_stream_is_synced_from_its_row(world: World) -> None:
    url = reverse("integrations:sync_stream", args=[world.integration.pk, "invoices"])

    response = world.client("staff").post(url)

    run = SyncLog.objects.get(status=SyncLog.Status.QUEUED)
    assert response["Location"] == run.get_absolute_url()
    assert run.stream == "invoices"


def test_an_unknown_stream_is_not_found(world: World) -> None:
    url = reverse("integrations:sync_stream", args=[world.integration.pk, "horses"])

    assert world.client("staff").post(url).status_code == 404


def test_a_paused_integration_says_why_nothing_starts(world: World) -> None:
    Integration.objects.update(status=Integration.Status.PAUSED)

    response = world.client("staff").post(address(world, "sync", "integration"), follow=True)

    assert "Nothing was started: QuickBooks is not connected." in body(response)
    assert SyncLog.objects.filter(status=SyncLog.Status.QUEUED).count() == 0


def test_pause_and_resume(world: World) -> None:
    client = world.client("admin")

    client.post(address(world, "pause", "integration"))
    paused = Integration.objects.get().status
    client.post(address(world, "resume", "integration"))

    assert paused == Integration.Status.PAUSED
    assert Integration.objects.get().status == Integration.Status.CONNECTED
    assert SyncLog.objects.filter(status=SyncLog.Status.QUEUED).count() == 8


def test_disconnecting_says_first_what_happens(world: World) -> None:
    content = body(world.client("owner").get(address(world, "disconnect", "integration")))

    assert "The settings, the links between records" in content
    assert Integration.objects.get().status == Integration.Status.CONNECTED


def test_a_run_of_the_past_is_run_again(world: World) -> None:
    response = world.client("staff").post(address(world, "run_retry", "run"))

    again = SyncLog.objects.get(status=SyncLog.Status.QUEUED)
    assert response["Location"] == again.get_absolute_url()


def test_a_queued_run_is_cancelled(world: World) -> None:
    waiting = page_cases.run(world.integration, "payments", SyncLog.Status.QUEUED)

    world.client("staff").post(reverse("integrations:run_cancel", args=[waiting.pk]))

    waiting.refresh_from_db()
    assert waiting.status == SyncLog.Status.CANCELLED


def test_an_open_run_is_polled_and_a_finished_one_loads_the_page_anew(world: World) -> None:
    going = page_cases.run(
        world.integration,
        "payments",
        SyncLog.Status.RUNNING,
        phase=SyncLog.Phase.PUSH,
        expected=100,
        sent_created=58,
        sent_updated=3,
        rejected=1,
    )
    client = world.client("viewer")

    page = body(client.get(going.get_absolute_url()))
    ended = client.get(address(world, "run_progress", "run"))

    assert 'max="100" value="62"' in page
    assert "62 of 100 sent to QuickBooks" in page
    assert reverse("integrations:run_progress", args=[going.pk]) in page
    assert '<noscript><meta http-equiv="refresh"' in page
    assert ended["HX-Refresh"] == "true"


def test_the_items_of_a_run_are_narrowed_to_what_needs_somebody(world: World) -> None:
    client, url = world.client("viewer"), address(world, "run", "run")

    every, needing = client.get(url), client.get(f"{url}?show=needs")

    assert [item["label"] for item in needing.context["items"]] == ["INV-2"]
    assert len(every.context["items"]) == 2
    assert "QuickBooks refuses 31 September as a date." in body(needing)


def test_the_items_are_downloaded_without_formulas(world: World) -> None:
    page_cases.item(world.run, world.invoice, "skipped", detail="=HYPERLINK(1)")

    content = body(world.client("viewer").get(address(world, "run_items", "run")))

    assert content.startswith("\ufeffTime,")
    assert "'=HYPERLINK(1)" in content
    assert len(content.splitlines()) == 4


def test_runs_are_filtered_and_nonsense_is_left_out(world: World) -> None:
    page_cases.run(world.integration, "payments", SyncLog.Status.FAILED)
    client, url = world.client("viewer"), reverse("integrations:run_list")

    failed = client.get(url, {"status": "failed", "integration": str(world.integration.pk)})
    nonsense = client.get(url, {"status": "sideways", "integration": "'; --"})

    assert [row["run"].stream for row in failed.context["rows"]] == ["payments"]
    assert len(nonsense.context["rows"]) == 2


def test_what_is_set_aside_is_sorted_by_money_and_links_to_its_record(world: World) -> None:
    other = dealership_cases.invoice(world.dealership, world.invoice.contact, "INV-3")
    page_cases.letter(world.run, other, amount=None, currency="")
    page_cases.letter(world.run, world.invoice, amount="9000.00")

    response = world.client("viewer").get(reverse("integrations:dead_letters"))

    assert [row["label"] for row in response.context["rows"]] == ["INV-1", "INV-2", "INV-3"]
    assert reverse("dealership:invoice_detail", args=[other.pk]) in body(response)


def test_retry_keeps_the_filter_and_asks_for_a_push(world: World) -> None:
    url = address(world, "dead_letter_retry", "letter")

    response = world.client("staff").post(url, {"stream": "invoices"})

    world.letter.refresh_from_db()
    assert response["Location"] == "/integrations/set-aside/?stream=invoices"
    assert world.letter.status == DeadLetter.Status.REPLAYED
    assert SyncLog.objects.get(status=SyncLog.Status.QUEUED).pushes


def test_retry_all_takes_only_what_the_filter_shows(world: World) -> None:
    other = page_cases.run(world.integration, "payments", SyncLog.Status.PARTIAL)
    elsewhere = page_cases.letter(other, world.invoice)

    world.client("staff").post(reverse("integrations:dead_letters_retry"), {"stream": "invoices"})

    elsewhere.refresh_from_db()
    world.letter.refresh_from_db()
    assert (world.letter.status, elsewhere.status) == (DeadLetter.Status.REPLAYED, DeadLetter.Status.OPEN)


def test_dismissing_closes_the_letter(world: World) -> None:
    world.client("staff").post(address(world, "dead_letter_dismiss", "letter"))

    world.letter.refresh_from_db()
    assert world.letter.status == DeadLetter.Status.DISMISSED


def test_checking_again_asks_for_one_reconciliation(world: World) -> None:
    client = world.client("staff")

    for _ in range(2):
        response = client.post(address(world, "reconcile", "integration"))

    asked = Reconciliation.objects.get(status=Reconciliation.Status.QUEUED)
    assert response["Location"] == asked.get_absolute_url()
    assert asked.requested_by == "The staff"
    assert "The books will be compared shortly" in body(client.get(asked.get_absolute_url()))
