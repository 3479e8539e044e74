"""Finding what is in QuickBooks already: by display name, by document number, or by the mark that we left."""

from collections.abc import Callable, Mapping, Sequence

from connectors.errors import RejectedRecord
from connectors.providers.quickbooks import faults, queries
from connectors.providers.quickbooks.company import DELETED_NAME, Company
from connectors.providers.quickbooks.faults import Fault
from connectors.providers.quickbooks.marks import marker_of
from connectors.providers.quickbooks.queries import Api, Row, listed, quoted
from connectors.providers.quickbooks.streams import ENTITIES, NAME_LISTS
from connectors.records import BOTH, Canonical, Contact, Invoice, owners
from connectors.streams import Change, Found, Op, Outcome, Refused, Stream, Written
from connectors.text import text

ALSO_INACTIVE = "Active in (true, false)"
_HOLDERS = {"Customer": text("customer"), "Vendor": text("vendor")}


class Lookups:
    def __init__(self, api: Api, company: Company, stream: Stream, canonical: Callable[[Row], Canonical]) -> None:
        self._api, self._company, self._stream, self._canonical = api, company, stream, canonical
        self._entity = ENTITIES[stream.name]
        self._condition = ALSO_INACTIVE if stream.name in NAME_LISTS else ""

    def by_ids(self, ids: Sequence[str]) -> dict[str, Row]:
        rows = self._api.by_ids(self._entity, ids, where=self._condition) if ids else []
        return {str(row["Id"]): row for row in rows}

    def already_there(self, changes: Sequence[Change]) -> dict[int, Outcome]:
        """Position to outcome, where what is to be created exists: from an earlier try, or from somebody else."""
        creations = {at: change for at, change in enumerate(changes) if change.op is Op.CREATE}
        keyed = {at: natural for at, change in creations.items() if (natural := self._natural_key(change))}
        marked = {at: change for at, change in creations.items() if at not in keyed and change.tried}
        by_key = self._by_natural_key(sorted(set(keyed.values())))
        found: dict[int, Outcome] = {}
        for at, natural in keyed.items():
            if rows := by_key.get(natural.casefold()):
                found[at] = self._verdict(creations[at], rows)
        return found | self._by_marker(marked)

    def taken(self, change: Change, fault: Fault) -> Outcome:
        """Who holds the name or number that was refused as taken."""
        if fault.number == faults.NAME_TAKEN and isinstance(change.record, Contact):
            return self._name_taken(change, change.record.display_name, fault)
        if change.op is Op.CREATE and isinstance(change.record, Invoice):
            rows = self._by_natural_key([change.record.number]).get(change.record.number.casefold())
            if rows:
                return self._verdict(change, rows)
        return faults.refusal(fault)

    def _natural_key(self, change: Change) -> str:
        if isinstance(change.record, Contact):
            return change.record.display_name
        if isinstance(change.record, Invoice) and change.record.number and self._company.takes_our_numbers:
            return change.record.number
        return ""

    def _by_natural_key(self, names: Sequence[str]) -> dict[str, list[Row]]:
        if not names:
            return {}
        field = "DisplayName" if self._stream.name in NAME_LISTS else "DocNumber"
        where = f"{field} in {listed(names)}"
        found: dict[str, list[Row]] = {}
        for row in self._api.all(self._entity, f"{where} and {self._condition}" if self._condition else where):
            found.setdefault(str(row.get(field, "")).casefold(), []).append(row)
        return found

    def _verdict(self, change: Change, rows: Sequence[Row]) -> Outcome:
        ours = next((row for row in rows if marker_of(row) == change.marker), None)
        if ours is not None:
            return Written(queries.remote(ours))
        if change.tried and self._is_same(change.record, rows[0]):
            return Written(queries.remote(rows[0]))
        return Found(queries.remote(rows[0]))

    def _is_same(self, record: Canonical, row: Row) -> bool:
        try:
            theirs = self._canonical(row)
        except RejectedRecord:
            return False
        left_out = self._stream.theirs | self._stream.absent
        names = [name for name, owner in owners(type(record)).items() if owner == BOTH and name not in left_out]
        return all(getattr(record, name) == getattr(theirs, name) for name in names)

    def _by_marker(self, changes: Mapping[int, Change]) -> dict[int, Outcome]:
        """What an earlier try may have made and has no natural key: that day's objects are searched for our mark."""
        if not changes:
            return {}
        day_field = self._stream.day_field
        days = sorted({getattr(change.record, day_field).isoformat() for change in changes.values()})
        found: dict[int, Outcome] = {}
        for rows in self._api.pages(self._entity, where=f"TxnDate in {listed(days)}"):
            for row in rows:
                for at, change in changes.items():
                    if marker_of(row) == change.marker:
                        found[at] = Written(queries.remote(row))
        return found

    def _name_taken(self, change: Change, name: str, fault: Fault) -> Outcome:
        names = {name.casefold(), f"{name}{DELETED_NAME}".casefold()}
        for entity, what in _HOLDERS.items():
            # Names are unique whatever their case, and LIKE is the one comparison that takes no notice of it.
            alike = self._api.all(entity, f"DisplayName like {quoted(name + '%')} and {ALSO_INACTIVE}")
            rows = [row for row in alike if str(row.get("DisplayName")).casefold() in names]
            if not rows:
                continue
            if entity == self._entity and change.op is Op.CREATE and rows[0].get("Active") is not False:
                return self._verdict(change, rows)
            return _name_refused(name, what, fault, is_active=rows[0].get("Active") is not False)
        return Refused(
            text("“%s” is already the name of somebody else in QuickBooks, perhaps of an employee.") % name,
            text("Change the display name here or there, then retry."),
            code=fault.code,
            answer=fault.words,
        )


def _name_refused(name: str, what: str, fault: Fault, *, is_active: bool) -> Refused:
    if is_active:
        message = text("“%s” is already the name of a %s in QuickBooks.") % (name, what)
        next_step = text("Change the display name here or there, then retry.")
    else:
        message = text("“%s” is already the name of an inactive %s in QuickBooks.") % (name, what)
        next_step = text("Make that one active or rename it in QuickBooks, then retry.")
    return Refused(message, next_step, code=fault.code, answer=fault.words)
