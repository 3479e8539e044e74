"""The pages of an import: who may, what is shown before anything is stored, and what came of it."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dealership import importing
from dealership.importing import working
from dealership.models import Contact, Dealership, ImportFile, Invoice, Membership, User

pytestmark = pytest.mark.django_db
Status = ImportFile.Status
START = "dealership:import"
PAGES = ("dealership:import_map", "dealership:import_preview", "dealership:import_result", "dealership:import_errors")
CONTACTS = "Customer,Email,Shoe size\nAmélie Gagnon,amelie@example.com,38\nBob Roy,nowhere,44\n"


@pytest.fixture
def dealership() -> Dealership:
    return Dealership.objects.create(name="Bytown Motors", slug="bytown", currency="CAD")


def client_of(dealership: Dealership, role: str) -> Client:
    user = User.objects.create_user(f"{role}@{dealership.slug}.example")
    Membership.objects.create(user=user, dealership=dealership, role=role)
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def staff(dealership: Dealership) -> Client:
    return client_of(dealership, Membership.Role.STAFF)


def upload(client: Client, text: str | bytes, kind: str = "contacts", **fields: str) -> str:
    """The address that the upload leads to, or the page's text where it leads nowhere."""
    content = text.encode() if isinstance(text, str) else text
    given = {"kind": kind, "encoding": "auto", "delimiter": "auto", **fields}
    response = client.post(reverse(START), {**given, "file": SimpleUploadedFile("people.csv", content)})
    return response["Location"] if response.status_code == 302 else response.content.decode()


def page(client: Client, name: str, file: ImportFile) -> str:
    response = client.get(reverse(name, args=[file.pk]))
    assert response.status_code == 200
    return response.content.decode()


def test_a_file_goes_from_upload_to_records(staff: Client) -> None:
    address = upload(staff, CONTACTS)
    file = ImportFile.objects.get()
    assert address == reverse("dealership:import_map", args=[file.pk])

    columns = page(staff, "dealership:import_map", file)
    assert "Amélie Gagnon · Bob Roy" in columns
    options = {"dates": "auto", "decimal": "point", "currency": "CAD", "contact_kind": "lead"}
    chosen = {"column_0": "display_name", "column_1": "email", "column_2": "notes"}
    response = staff.post(reverse("dealership:import_map", args=[file.pk]), options | chosen)
    assert response["Location"] == reverse("dealership:import_preview", args=[file.pk])

    shown = page(staff, "dealership:import_preview", file)
    assert "This is not an e-mail address." in shown
    assert "amelie@example.com" in shown
    assert not Contact.objects.exists()

    response = staff.post(reverse("dealership:import_preview", args=[file.pk]), {"skip_bad": "on"})
    assert response["Location"] == reverse("dealership:import_result", args=[file.pk])
    contact = Contact.objects.get()
    assert (contact.display_name, contact.kind, contact.notes) == ("Amélie Gagnon", "lead", "38")
    result = page(staff, "dealership:import_result", file)
    assert reverse("dealership:import_errors", args=[file.pk]) in result
    assert reverse("dealership:contact_list") in result
    assert "people.csv" in staff.get(reverse(START)).content.decode()


def test_one_bad_row_means_that_nothing_is_imported(staff: Client) -> None:
    upload(staff, CONTACTS)
    file = ImportFile.objects.get()

    staff.post(reverse("dealership:import_preview", args=[file.pk]))

    assert not Contact.objects.exists()
    result = page(staff, "dealership:import_result", file)
    assert "Nothing was imported." in result
    staff.post(reverse("dealership:import_preview", args=[file.pk]), {"skip_bad": "on"})
    assert Contact.objects.count() == 1


def test_the_error_file_can_be_downloaded(staff: Client) -> None:
    upload(staff, CONTACTS)
    file = ImportFile.objects.get()
    staff.post(reverse("dealership:import_preview", args=[file.pk]))

    response = staff.get(reverse("dealership:import_errors", args=[file.pk]))

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith("attachment;")
    lines = response.content.decode("utf-8-sig").splitlines()
    assert lines[1:] == ["3,Email,This is not an e-mail address. (nowhere),Bob Roy,nowhere,44"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"Name,Name\na,b\n", "twice"),
        ("Name,City\nAmélie,Québec\n".encode("cp1252"), "Row 2, column Name"),
        (b"Name\nA\x00b\n", "NUL"),
    ],
)
def test_what_is_no_table_is_named_and_not_kept(staff: Client, content: bytes, words: str) -> None:
    text = upload(staff, content)

    assert words in text
    assert not ImportFile.objects.exists()


def test_a_file_over_20_mb_is_refused(staff: Client) -> None:
    text = upload(staff, b"Name\n" + b"x" * (20 * 1024 * 1024))

    assert "larger than 20 MB" in text
    assert not ImportFile.objects.exists()


def test_columns_chosen_twice_or_missing_are_refused(staff: Client) -> None:
    upload(staff, CONTACTS)
    file = ImportFile.objects.get()
    options = {"dates": "auto", "decimal": "point", "currency": "CAD", "contact_kind": "customer"}
    url = reverse("dealership:import_map", args=[file.pk])

    twice = staff.post(url, options | {"column_0": "notes", "column_1": "notes"}).content.decode()

    assert "Notes is chosen for two columns: Customer, Email." in twice
    assert "Choose a column for Display name" in twice
    file.refresh_from_db()
    assert file.mapping == {"display_name": "Customer", "email": "Email"}


def test_a_question_about_dates_leads_back_to_the_columns(staff: Client) -> None:
    upload(staff, "Invoice,Customer,Date,Amount\n1,Ann,1/2/2026,5\n", "invoices")
    file = ImportFile.objects.get()

    response = staff.get(reverse("dealership:import_preview", args=[file.pk]), follow=True)

    assert response.redirect_chain[-1][0] == reverse("dealership:import_map", args=[file.pk])
    assert "Choose how the file writes its dates" in response.content.decode()


def test_the_preview_says_what_is_new_and_what_changes(staff: Client, dealership: Dealership) -> None:
    text = "Invoice,Customer,Date,Amount\n1,Ann,2026-01-01,5\n2,Ann,2026-01-01,6\n"
    first = importing.upload(dealership, "invoices", "a.csv", text.encode())
    importing.queue(first, skip_bad=False)
    importing.run(first.pk)
    upload(staff, text.replace(",6", ",7") + "3,Bob,2026-01-01,8\n", "invoices")

    shown = page(staff, "dealership:import_preview", ImportFile.objects.order_by("-created_at")[0])

    assert re.findall(r"Unchanged|Changes|New", shown.split("as they would be stored")[1]) == [
        "Unchanged",
        "Changes",
        "New",
    ]
    assert "$8.00" in shown
    assert Invoice.objects.count() == 2


def test_a_large_file_waits_for_the_worker_and_shows_progress(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dealership.views.importing.INLINE_ROWS", 1)
    upload(staff, CONTACTS.replace("nowhere", "bob@example.com"))
    file = ImportFile.objects.get()

    staff.post(reverse("dealership:import_preview", args=[file.pk]))

    waiting = page(staff, "dealership:import_result", file)
    assert '<meta http-equiv="refresh"' in waiting
    assert not Contact.objects.exists()
    assert importing.work_queued() == 1
    assert '<meta http-equiv="refresh"' not in page(staff, "dealership:import_result", file)
    assert Contact.objects.count() == 2


def test_posting_twice_imports_once(staff: Client) -> None:
    upload(staff, CONTACTS.replace("nowhere", "bob@example.com"))
    file = ImportFile.objects.get()
    url = reverse("dealership:import_preview", args=[file.pk])

    staff.post(url)
    staff.post(url)

    file.refresh_from_db()
    assert (file.created_count, file.unchanged_count) == (2, 0)


@pytest.mark.parametrize("role", ["owner", "admin", "staff"])
def test_staff_and_above_may_import(dealership: Dealership, role: str) -> None:
    assert client_of(dealership, role).get(reverse(START)).status_code == 200


def test_a_viewer_may_not_import(dealership: Dealership) -> None:
    file = importing.upload(dealership, "contacts", "c.csv", CONTACTS.encode())
    viewer = client_of(dealership, "viewer")

    assert viewer.get(reverse(START)).status_code == 403
    assert all(viewer.get(reverse(name, args=[file.pk])).status_code == 403 for name in PAGES)
    assert viewer.post(reverse("dealership:import_preview", args=[file.pk]), {"skip_bad": "on"}).status_code == 403
    assert not Contact.objects.exists()


def test_another_dealerships_file_does_not_exist(dealership: Dealership) -> None:
    file = importing.upload(dealership, "contacts", "c.csv", CONTACTS.encode())
    other = Dealership.objects.create(name="Other", slug="other", currency="CAD")
    stranger = client_of(other, "owner")

    assert all(stranger.get(reverse(name, args=[file.pk])).status_code == 404 for name in PAGES)
    assert stranger.post(reverse("dealership:import_preview", args=[file.pk]), {"skip_bad": "on"}).status_code == 404
    file.refresh_from_db()
    assert file.status == Status.DRAFT


def test_nobody_enters_without_signing_in(dealership: Dealership) -> None:
    file = importing.upload(dealership, "contacts", "c.csv", CONTACTS.encode())

    for name in PAGES:
        assert Client().get(reverse(name, args=[file.pk])).status_code == 302


@pytest.mark.parametrize("rows", [3, 400])
def test_no_page_takes_more_than_15_queries(
    staff: Client, dealership: Dealership, rows: int, django_assert_max_num_queries: object
) -> None:
    lines = "".join(f"N{i},C{i},2026-01-01,{Decimal(i) + 1}\n" for i in range(rows))
    text = f"Invoice,Customer,Date,Amount\n{lines}"
    for _ in range(2):
        file = importing.upload(dealership, "invoices", "a.csv", text.encode())
        for name in PAGES[:2]:
            with django_assert_max_num_queries(15):  # type: ignore[operator]
                page(staff, name, file)
        importing.queue(file, skip_bad=False)
        importing.run(file.pk)
        for name in PAGES[2:]:
            with django_assert_max_num_queries(15):  # type: ignore[operator]
                page(staff, name, file)
    with django_assert_max_num_queries(15):  # type: ignore[operator]
        staff.get(reverse(START))


def test_a_running_import_is_not_taken_back_to_its_columns(staff: Client, dealership: Dealership) -> None:
    file = importing.upload(dealership, "contacts", "c.csv", CONTACTS.encode())
    ImportFile.objects.update(status=Status.RUNNING, lease_expires_at=timezone.now() + dt.timedelta(minutes=1))

    response = staff.get(reverse("dealership:import_map", args=[file.pk]))

    assert response["Location"] == reverse("dealership:import_result", args=[file.pk])
    assert not importing.change(file, mapping={})
    assert dt.timedelta(minutes=2) == working.LEASE
