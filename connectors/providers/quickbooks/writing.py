"""Writing to QuickBooks so that nothing is doubled and nothing is overwritten unseen.

look up (name, number, our mark) -> read what an update must keep -> check -> one call or batch -> outcomes
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.errors import RejectedRecord, TransientError, UnexpectedResponse
from connectors.providers.quickbooks import faults, queries
from connectors.providers.quickbooks.bodies import BUILDERS, KEPT, Draft
from connectors.providers.quickbooks.checks import CHECKS
from connectors.providers.quickbooks.company import Company
from connectors.providers.quickbooks.faults import Fault
from connectors.providers.quickbooks.lookups import Lookups
from connectors.providers.quickbooks.queries import Api, Row
from connectors.providers.quickbooks.streams import ENTITIES
from connectors.records import BOTH, Canonical, owners
from connectors.streams import Change, Missing, Op, Outcome, Refused, Retry, Stale, Stream, Written
from connectors.text import text

Results = Mapping[str, Mapping[str, Any]]

# Faults after which the object itself must be seen to know what happened.
_LOOK_AGAIN = (faults.STALE, faults.NOT_FOUND)
# A sparse update that leaves one of these out keeps it, and none of them may be sent empty.
_NEVER_EMPTIED = frozenset({"number", "due_on", "method", "vendor_id"})
_VOIDS: Mapping[str, tuple[dict[str, str], dict[str, Any]]] = {
    "invoices": ({"operation": "void"}, {}),
    "payments": ({"operation": "update", "include": "void"}, {"sparse": True}),
}


@dataclass(frozen=True, kw_only=True)
class Sending:
    """One change as it goes out."""

    at: int
    change: Change
    body: dict[str, Any]

    @property
    def label(self) -> str:
        """The name of the item inside its batch: QuickBooks takes ten characters."""
        return f"i{self.change.item}"


class Writer:
    def __init__(self, api: Api, company: Company, stream: Stream, canonical: Callable[[Row], Canonical]) -> None:
        self._api, self._company, self._stream = api, company, stream
        self._entity = ENTITIES[stream.name]
        self._lookups = Lookups(api, company, stream, canonical)

    def write(self, changes: Sequence[Change], key: str) -> list[Outcome]:
        outcomes: dict[int, Outcome] = self._lookups.already_there(changes)
        existing = self._existing([change for at, change in enumerate(changes) if at not in outcomes])
        sendings = []
        for at, change in enumerate(changes):
            if at in outcomes:
                continue
            ready = self._prepare(at, change, existing, key)
            if isinstance(ready, Sending):
                sendings.append(ready)
            else:
                outcomes[at] = ready
        if sendings:
            # One change or several is decided by what was asked, so that a repeat goes to the same address.
            results = self._send(sendings, key, in_batch=len(changes) > 1)
            if not outcomes:
                _raise_if_all_wait([self._fault(sending, results) for sending in sendings])
            outcomes |= self._settle(sendings, results)
        return [outcomes[at] for at in range(len(changes))]

    def _existing(self, changes: Sequence[Change]) -> dict[str, Row]:
        ids = [change.remote_id for change in changes if change.op is not Op.CREATE and self._must_be_read(change)]
        return self._lookups.by_ids(ids)

    def _must_be_read(self, change: Change) -> bool:
        # Without a base nothing is known of what QuickBooks has: it is read and merged before it is written.
        if not change.remote_version or change.base is None:
            return True
        wanted = self._wanted(change)
        return change.op is Op.UPDATE and (not wanted or bool(wanted & KEPT))

    def _wanted(self, change: Change) -> set[str]:
        """The fields to write: ours or shared ones that differ from what QuickBooks last answered."""
        left_out = self._stream.theirs | self._stream.absent
        mine = {name for name, owner in owners(type(change.record)).items() if owner == BOTH} - left_out
        if change.base is None:
            return mine
        return {name for name in mine if getattr(change.record, name) != getattr(change.base, name)}

    def _prepare(self, at: int, change: Change, existing: Mapping[str, Row], key: str) -> Sending | Outcome:
        row = existing.get(change.remote_id, {})
        if change.op is not Op.CREATE and self._must_be_read(change):
            if not row:
                return Missing()
            if change.base is None or (
                change.remote_version and str(row.get("SyncToken", "")) != change.remote_version
            ):
                return Stale(queries.remote(row))
        try:
            if change.op is Op.VOID:
                return Sending(at=at, change=change, body=self._void_body(change, row))
            return self._with_fields(at, change, row, key)
        except RejectedRecord as problem:
            return Refused(problem.message, problem.next_step, code=problem.code)

    def _with_fields(self, at: int, change: Change, row: Row, key: str) -> Sending | Outcome:
        wanted = self._wanted(change)
        if "void" in wanted and change.base is not None:
            raise RejectedRecord(
                text("It is void in QuickBooks and cannot be brought back."),
                next_step=text("Make a new one here, or take over QuickBooks' version."),
            )
        if change.op is Op.UPDATE and not wanted:
            return Written(queries.remote(row))
        CHECKS[self._stream.name](change.record, wanted, change.marker)
        self._refuse_emptied(change, wanted)
        is_new = change.op is Op.CREATE
        draft = Draft(is_new=is_new, wanted=wanted, existing=row, marker=change.marker, key=key)
        body = BUILDERS[self._stream.name](change.record, draft, self._company)
        if is_new:
            return Sending(at=at, change=change, body=body)
        if not body:
            return Written(queries.remote(row or self._lookups.by_ids([change.remote_id])[change.remote_id]))
        return Sending(at=at, change=change, body={**_identity(change, row), "sparse": True, **body})

    def _refuse_emptied(self, change: Change, wanted: set[str]) -> None:
        emptied = sorted(n for n in wanted & _NEVER_EMPTIED if change.base and not getattr(change.record, n))
        if emptied:
            raise RejectedRecord(
                text("QuickBooks cannot empty the field: %s.") % emptied[0].removesuffix("_id").replace("_", " "),
                next_step=text("Fill it in again, or empty it in QuickBooks."),
            )

    def _void_body(self, change: Change, row: Row) -> dict[str, Any]:
        if self._stream.name not in _VOIDS:
            raise RejectedRecord(
                text("QuickBooks has no way to void this kind of record from outside."),
                next_step=text("Void or delete it in QuickBooks; the next run takes that over."),
            )
        return _identity(change, row) | _VOIDS[self._stream.name][1]

    def _send(self, sendings: Sequence[Sending], key: str, *, in_batch: bool) -> Results:
        results = self._send_batch(sendings, key) if in_batch else self._send_one(sendings[0], key)
        for sending in sendings:
            # A batch sent again under its key gives its first answer again, so what failed in it goes alone.
            fault = self._fault(sending, results)
            if sending.change.tried and fault is not None and fault.may_pass:
                own_key = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{key}/{sending.label}"))
                results |= self._send_one(sending, own_key)
        return results

    def _send_batch(self, sendings: Sequence[Sending], key: str) -> dict[str, dict[str, Any]]:
        return self._api.batch([self._batch_item(sending) for sending in sendings], key=key)

    def _send_one(self, sending: Sending, key: str) -> dict[str, dict[str, Any]]:
        params = _VOIDS[self._stream.name][0] if sending.change.op is Op.VOID else {}
        answer = self._api.send(self._entity, sending.body, key=key, **params)
        if "BatchItemResponse" in answer:
            # The key was first used for a batch of which this one alone is left: its first answer comes again.
            return queries.batch_results(answer)
        return {sending.label: answer}

    def _batch_item(self, sending: Sending) -> dict[str, Any]:
        item = {"bId": sending.label, self._entity: sending.body}
        if sending.change.op is Op.VOID:
            return item | {"operation": "update", "optionsData": "void"}
        return item | {"operation": "create" if sending.change.op is Op.CREATE else "update"}

    def _fault(self, sending: Sending, results: Results) -> Fault | None:
        """Why this one was not written, an empty Fault where nothing was answered, None when it was written."""
        answer = results.get(sending.label, {})
        return None if isinstance(answer.get(self._entity), Mapping) else faults.parse(answer)

    def _settle(self, sendings: Sequence[Sending], results: Results) -> dict[int, Outcome]:
        refused = {sending.at: self._fault(sending, results) for sending in sendings}
        again = [s.change.remote_id for s in sendings if (f := refused[s.at]) is not None and f.number in _LOOK_AGAIN]
        now = self._lookups.by_ids([remote_id for remote_id in again if remote_id])
        outcomes: dict[int, Outcome] = {}
        for sending in sendings:
            fault = refused[sending.at]
            if fault is None:
                outcomes[sending.at] = Written(queries.remote(results[sending.label][self._entity]))
            else:
                outcomes[sending.at] = self._refused(sending.change, fault, now)
        return outcomes

    def _refused(self, change: Change, fault: Fault, now: Mapping[str, Row]) -> Outcome:
        if fault == Fault():
            return Retry(text("QuickBooks gave no answer for this record."))
        if fault.may_pass:
            return Retry(str(faults.stops_everything(fault)))
        if stop := faults.stops_everything(fault):
            raise stop
        if change.op is not Op.CREATE and fault.number in _LOOK_AGAIN:
            if change.remote_id not in now:
                return Missing()
            if fault.number == faults.STALE:
                return Stale(queries.remote(now[change.remote_id]))
        if fault.number in (faults.NOT_FOUND, faults.BAD_REFERENCE):
            self._company.forget_objects()
        if fault.number in (faults.NAME_TAKEN, faults.NUMBER_TAKEN):
            return self._lookups.taken(change, fault)
        return faults.refusal(fault)


def _raise_if_all_wait(refused: Sequence[Fault | None]) -> None:
    """Trouble with every one of them is trouble with QuickBooks and not with a record."""
    waiting = [fault for fault in refused if fault is not None and fault.may_pass]
    if len(waiting) < len(refused):
        return
    worst = next((fault for fault in waiting if fault.number == faults.THROTTLED), waiting[0])
    raise faults.stops_everything(worst) or TransientError(text("QuickBooks gave no answer. It is tried again."))


def _identity(change: Change, row: Row) -> dict[str, Any]:
    version = change.remote_version or str(row.get("SyncToken", ""))
    if not change.remote_id or not version:
        raise UnexpectedResponse(text("QuickBooks' version of the record is not known."))
    return {"Id": change.remote_id, "SyncToken": version}
