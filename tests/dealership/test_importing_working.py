"""An import between upload and result: leases, checkpoints, slices, kills and bugs."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from dealership import importing, records
from dealership.importing import working
from dealership.models import Contact, Dealership, Event, ImportFile, Invoice

pytestmark = pytest.mark.django_db
Status = ImportFile.Status
CONTACTS = "Customer,City\nAmélie Gagnon,Ottawa\nBob Roy,Hull\n"


@pytest.fixture
def dealership() -> Dealership:
    return Dealership.objects.create(name="Bytown Motors", slug="bytown", currency="CAD")


def do(dealership: Dealership, kind: str, text: str, *, skip_bad: bool = False) -> ImportFile:
    file = importing.upload(dealership, kind, f"{kind}.csv", text.encode())
    assert importing.queue(file, skip_bad=skip_bad)
    importing.run(file.pk)
    file.refresh_from_db()
    return file


def counts(file: ImportFile) -> tuple[str, int, int, int, int]:
    return file.status, file.created_count, file.updated_count, file.unchanged_count, file.refused_count


def many(count: int) -> str:
    return "Invoice,Customer,Date,Amount\n" + "".join(f"N{i},C{i % 7},2026-01-01,{i}.01\n" for i in range(count))


def test_a_killed_import_goes_on_where_it_was(dealership: Dealership, monkeypatch: pytest.MonkeyPatch) -> None:
    file = importing.upload(dealership, "invoices", "many.csv", many(1_200).encode())
    importing.queue(file, skip_bad=True)

    def die(done: int, total: int) -> None:
        if done == 1_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        importing.run(file.pk, progress=die)
    file.refresh_from_db()
    assert (file.status, file.next_row, file.created_count) == (Status.RUNNING, 1_000, 1_000)

    assert importing.work_queued() == 0
    ImportFile.objects.update(lease_expires_at=timezone.now() - dt.timedelta(seconds=1))
    assert importing.work_queued() == 1

    file.refresh_from_db()
    assert counts(file) == (Status.SUCCEEDED, 1_200, 0, 0, 0)
    assert Invoice.objects.count() == 1_200
    assert Event.objects.filter(type="invoice.created").count() == 1_200


def test_an_import_that_was_taken_over_stores_nothing(dealership: Dealership) -> None:
    file = importing.upload(dealership, "contacts", "c.csv", CONTACTS.encode())
    importing.queue(file, skip_bad=False)

    def overtake(done: int, total: int) -> None:
        ImportFile.objects.update(lease_token="00000000-0000-4000-8000-000000000000")

    importing.run(file.pk, progress=overtake)

    assert not Contact.objects.exists()


def test_only_one_process_imports_a_file(dealership: Dealership) -> None:
    file = importing.upload(dealership, "contacts", "c.csv", CONTACTS.encode())
    importing.queue(file, skip_bad=False)
    ImportFile.objects.update(status=Status.RUNNING, lease_expires_at=timezone.now() + working.LEASE)

    importing.run(file.pk)

    assert not Contact.objects.exists()


def test_a_record_changed_meanwhile_puts_the_file_back_in_line(
    dealership: Dealership, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stale(*args: Any, **options: Any) -> None:
        raise records.StaleRecord

    file = importing.upload(dealership, "contacts", "c.csv", CONTACTS.encode())
    importing.queue(file, skip_bad=False)
    with monkeypatch.context() as patch:
        patch.setattr("dealership.importing.storing.Store.apply", stale)
        importing.run(file.pk)
    file.refresh_from_db()
    assert file.status == Status.QUEUED

    importing.work_queued()

    assert Contact.objects.count() == 2


def test_a_bug_is_shown_as_a_reference(dealership: Dealership, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **options: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("dealership.importing.storing.Store.apply", broken)

    file = do(dealership, "contacts", CONTACTS)

    assert file.status == Status.FAILED
    assert "Reference" in file.error
    assert "secret" not in file.error


def test_files_are_deleted_after_seven_days(dealership: Dealership) -> None:
    file = do(dealership, "contacts", CONTACTS)
    ImportFile.objects.filter(pk=file.pk).update(created_at=timezone.now() - dt.timedelta(days=7, minutes=1))

    assert importing.purge() == 1
    assert Contact.objects.count() == 2


def test_a_long_import_takes_slices_and_repeats_nothing(
    dealership: Dealership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "SLICE_SECONDS", 0.0)
    file = importing.upload(dealership, "invoices", "many.csv", many(1_200).encode())
    importing.queue(file, skip_bad=True)

    done = []
    while importing.work_queued():
        file.refresh_from_db()
        done.append((file.status, file.next_row))

    assert done == [(Status.QUEUED, 500), (Status.QUEUED, 1_000), (Status.SUCCEEDED, 1_200)]
    assert counts(file) == (Status.SUCCEEDED, 1_200, 0, 0, 0)
    assert Invoice.objects.count() == 1_200


def test_what_storing_refused_survives_the_next_slice(dealership: Dealership, monkeypatch: pytest.MonkeyPatch) -> None:
    do(dealership, "invoices", "Invoice,Customer,Date,Amount\nN0,Somebody,2026-01-01,5\n")
    monkeypatch.setattr(working, "SLICE_SECONDS", 0.0)
    file = importing.upload(dealership, "invoices", "many.csv", many(600).encode())
    importing.queue(file, skip_bad=True)

    while importing.work_queued():
        pass

    file.refresh_from_db()
    assert counts(file) == (Status.SUCCEEDED, 599, 0, 0, 1)
    assert [row[0] for row in file.problems] == [2]


def test_all_or_nothing_has_a_limit_in_the_background(dealership: Dealership, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "AT_ONCE_ROWS", 1)
    file = importing.upload(dealership, "contacts", "c.csv", CONTACTS.encode())
    importing.queue(file, skip_bad=False)

    importing.work_queued()

    file.refresh_from_db()
    assert file.status == Status.FAILED
    assert "50,000 rows" in file.problems[0][2]
    assert not Contact.objects.exists()
