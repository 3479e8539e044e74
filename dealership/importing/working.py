"""An uploaded file from draft to result. Every change of `ImportFile.status` is here, each one `UPDATE`
that says which state it expects; a process that died leaves a lease that expires, and the next one goes on.

All or nothing: one transaction. With `skip_bad`: chunks, each in a transaction with its checkpoint, so that
a restart neither loses nor repeats a record.
"""

import contextlib
import datetime as dt
import logging
import math
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from dealership.events import Actor
from dealership.importing import building, retail
from dealership.importing.kinds import KINDS
from dealership.importing.mapping import check_mapping, guess_mapping
from dealership.importing.plan import Candidate, Plan, Source, date_order
from dealership.importing.problems import Problem, Unreadable
from dealership.importing.reading import AUTO, Sheet, read
from dealership.importing.storing import Outcome, Store
from dealership.importing.values import POINT, Formats
from dealership.models import Contact, Dealership, Event, ImportFile, User
from dealership.records import StaleRecord

CHUNK: Final = 500
INLINE_ROWS: Final = 2_000
# In the background one slice must end long before the queue's time-out; one transaction cannot be cut in slices.
SLICE_SECONDS: Final = 20.0
AT_ONCE_ROWS: Final = 50_000
LEASE: Final = dt.timedelta(minutes=2)
Progress = Callable[[int, int], None]
Status = ImportFile.Status
_logger = logging.getLogger(__name__)


class LeaseLost(Exception):
    """Another process has taken this import over: leave it alone."""


class _Refused(Exception):
    """Something cannot be stored, and all or nothing was asked for."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__()
        self.problems = problems


class _TimeUp(Exception):
    """The slice is over; the rest waits for the next one."""


def upload(
    dealership: Dealership, kind: str, file_name: str, data: bytes, *, user: User | None = None, **facts: Any
) -> ImportFile:
    """A draft with its columns guessed. Raises Unreadable, and keeps nothing, for what is not a table."""
    options = {
        "encoding": AUTO,
        "delimiter": AUTO,
        "dates": AUTO,
        "decimal": POINT,
        "currency": dealership.currency,
    }
    options |= {"contact_kind": Contact.Kind.CUSTOMER.value, **facts.pop("options", {})}
    sheet = read(data, encoding=options["encoding"], delimiter=options["delimiter"])
    return ImportFile.objects.create(
        dealership=dealership,
        kind=kind,
        # What a browser sends may carry a path, in either system's writing; only its last part is a name.
        file_name=PurePosixPath(PureWindowsPath(file_name).name).name[:255] or "import.csv",
        data=data,
        user=user,
        options=options,
        mapping=guess_mapping(KINDS[kind], sheet.header),
        rows_total=len(sheet.rows) + len(sheet.broken),
        **facts,
    )


def sheet_of(file: ImportFile) -> Sheet:
    return read(bytes(file.data), encoding=file.options["encoding"], delimiter=file.options["delimiter"])


def plan_of(file: ImportFile) -> tuple[Source, Plan]:
    """What the file would store. Raises Unreadable for a missing column or dates that read two ways."""
    sheet = sheet_of(file)
    kind = KINDS[file.kind]
    if file.profile == retail.NAME:
        source = retail.source_of(sheet, file.options["currency"])
        _require_columns(source)
        return source, retail.build(source)
    _require_columns(Source(sheet, kind, file.mapping, Formats()))
    dates = file.options["dates"]
    if dates == AUTO:
        dates = date_order(sheet, kind, file.mapping)
    source = Source(sheet, kind, file.mapping, Formats(dates, file.options["decimal"], file.options["currency"]))
    return source, building.build(source, contact_kind=file.options["contact_kind"])


def _require_columns(source: Source) -> None:
    problems = check_mapping(source.kind, source.mapping, source.sheet.header)
    if problems:
        raise Unreadable(*problems)


def actor_of(file: ImportFile) -> Actor:
    return Actor(kind=Event.Actor.IMPORT, id=file.pk, name=file.file_name[:200])


def change(file: ImportFile, **values: Any) -> bool:
    """Correct a file that has stored nothing, as a draft again. False when it is under way or done."""
    editable = ImportFile.objects.filter(pk=file.pk, status__in=(Status.DRAFT, Status.FAILED), next_row=0)
    return bool(editable.update(status=Status.DRAFT, problems=[], refused_count=0, error="", **values))


def queue(file: ImportFile, *, skip_bad: bool) -> bool:
    """Hand it over to whoever works next. False when somebody did already."""
    ready = ImportFile.objects.filter(pk=file.pk, status__in=(Status.DRAFT, Status.FAILED))
    return bool(ready.update(status=Status.QUEUED, skip_bad=skip_bad, problems=[], refused_count=0, error=""))


def work_queued(limit: int = 1) -> int:
    """A slice of what waits and of what a dead process left behind, oldest first. Gives how many had one."""
    purge()
    due = list(ImportFile.objects.due(timezone.now()).order_by("created_at").values_list("pk", flat=True)[:limit])
    for pk in due:
        run(pk, seconds=SLICE_SECONDS)
    return len(due)


def purge() -> int:
    """Delete the files past their seven days; the records and their events stay."""
    deleted, _by_model = ImportFile.objects.outdated(timezone.now()).delete()
    return deleted


def run(import_id: uuid.UUID, *, progress: Progress | None = None, seconds: float = math.inf) -> None:
    """Import one queued file. Quiet when another process has it; safe again after a kill.

    Where the time is limited, an import in chunks that takes longer goes back in line from its checkpoint.
    """
    token = uuid.uuid4()
    if not _claim(import_id, token):
        return
    file = ImportFile.objects.select_related("dealership").get(pk=import_id)
    with contextlib.suppress(LeaseLost):
        _attempt(file, token, progress or _ignore, seconds)


def _attempt(file: ImportFile, token: uuid.UUID, progress: Progress, seconds: float) -> None:
    try:
        with translation.override(file.dealership.language):
            _import(file, token, progress, seconds)
    except Unreadable as error:
        _finish(file, token, Status.FAILED, error.problems)
    except _Refused as refusal:
        _finish(file, token, Status.FAILED, refusal.problems)
    except (StaleRecord, _TimeUp):
        _checkpoint(file, token, status=Status.QUEUED, lease_token=None)
    except LeaseLost:
        raise
    except Exception:
        reference = token.hex[:8]
        _logger.exception("Import %s failed, reference %s", file.pk, reference)
        sentence = _("Something went wrong here. Reference %(reference)s; what was stored before is kept.")
        _finish(file, token, Status.FAILED, [], error=sentence % {"reference": reference})


def _ignore(done: int, total: int) -> None:
    """No one is watching."""


def _claim(import_id: uuid.UUID, token: uuid.UUID) -> bool:
    now = timezone.now()
    due = ImportFile.objects.due(now).filter(pk=import_id)
    return bool(due.update(status=Status.RUNNING, lease_token=token, lease_expires_at=now + LEASE))


def _checkpoint(file: ImportFile, token: uuid.UUID, **values: Any) -> None:
    mine = ImportFile.objects.filter(pk=file.pk, status=Status.RUNNING, lease_token=token)
    if not mine.update(lease_expires_at=timezone.now() + LEASE, **values):
        raise LeaseLost


def _import(file: ImportFile, token: uuid.UUID, progress: Progress, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    if not file.skip_bad and seconds < math.inf and file.rows_total > AT_ONCE_ROWS:
        reason = _("More than 50,000 rows cannot be all or nothing here. Split the file, or import the good rows.")
        raise _Refused([Problem(0, "", reason)])
    source, plan = plan_of(file)
    if plan.problems and not file.skip_bad:
        raise _Refused(plan.all_problems())
    _checkpoint(file, token, records_total=len(plan.candidates))
    if file.skip_bad:
        _in_chunks(file, token, source, plan, progress, deadline)
    else:
        _at_once(file, token, source, plan, progress)


def _at_once(file: ImportFile, token: uuid.UUID, source: Source, plan: Plan, progress: Progress) -> None:
    store = Store(file.dealership, source, actor=actor_of(file))
    outcome = Outcome()
    with transaction.atomic():
        # First, so that whoever finds the lease expired waits for this row instead of working beside us.
        _checkpoint(file, token)
        for start, chunk in _chunks(plan.candidates, 0):
            outcome.add(store.apply(chunk))
            progress(start + len(chunk), len(plan.candidates))
        if outcome.problems:
            raise _Refused([*plan.all_problems(), *outcome.problems])
        _finish(file, token, Status.SUCCEEDED, plan.refused, next_row=len(plan.candidates), **_counts(outcome))


def _in_chunks(
    file: ImportFile, token: uuid.UUID, source: Source, plan: Plan, progress: Progress, deadline: float
) -> None:
    store = Store(file.dealership, source, actor=actor_of(file))
    late = [Problem(*row) for row in file.problems]
    for start, chunk in _chunks(plan.candidates, file.next_row):
        with transaction.atomic():
            outcome = store.apply(chunk)
            late.extend(outcome.problems)
            counts = {name: F(name) + count for name, count in _counts(outcome).items()}
            stored = [problem.as_list() for problem in late]
            _checkpoint(file, token, next_row=start + len(chunk), problems=stored, **counts)
        progress(start + len(chunk), len(plan.candidates))
        if time.monotonic() > deadline and start + len(chunk) < len(plan.candidates):
            raise _TimeUp
    _finish(file, token, Status.SUCCEEDED, [*plan.all_problems(), *late])


def _chunks(candidates: Sequence[Candidate], first: int) -> Iterable[tuple[int, Sequence[Candidate]]]:
    return ((start, candidates[start : start + CHUNK]) for start in range(first, len(candidates), CHUNK))


def _counts(outcome: Outcome) -> dict[str, int]:
    return {
        "created_count": outcome.created,
        "updated_count": outcome.updated,
        "unchanged_count": outcome.unchanged,
    }


def _finish(file: ImportFile, token: uuid.UUID, status: str, problems: Iterable[Problem], **values: Any) -> None:
    ordered = sorted(set(problems), key=lambda problem: problem.row)
    values["problems"] = [problem.as_list() for problem in ordered]
    values["refused_count"] = len({problem.row for problem in ordered if problem.row > 1})
    _checkpoint(file, token, status=status, finished_at=timezone.now(), lease_token=None, **values)
