"""One stream of a reconciliation: every record of both sides, side by side, to the cent and field by field.

The books go on changing while they are read, so what differs in the first pass is only a suspect: the second pass looks
at it again, with the provider's object fetched anew and our row read anew, before it is called a difference.

Counted is what stands in the books: a void record counts as 0, a deleted one not at all, and one that is void or
inactive on one side and absent on the other needs no partner. Drafts and leads are ours alone.
"""

import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from connectors import records as canonical
from connectors.base import Connector
from connectors.errors import RejectedRecord
from connectors.records import Canonical
from connectors.streams import Remote, Stream
from dealership.models import Record
from integrations.canon import MissingParents, Translator, compared_fields
from integrations.matching import NATURAL_KEYS
from integrations.models import Reconciliation, ReconciliationDifference, RecordLink, SyncConfig
from integrations.proof_causes import explain, field_words
from integrations.proof_figures import Side, Tally, home_currency

CHUNK = 1000
# So many suspects are looked at again. Where more differ, the books were not just moving.
MOST_SUSPECTS = 1000
RECHECK_CHUNK = 200

Kind = ReconciliationDifference.Kind
T = TypeVar("T")


@dataclass(frozen=True)
class Link:
    """What the proof needs of a record link."""

    local_id: uuid.UUID
    remote_id: str | None
    remote_deleted_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one record counts for on each side, and the difference where there is one."""

    remote_id: str
    local_id: uuid.UUID | None
    ours: Side | None = None
    theirs: Side | None = None
    difference: ReconciliationDifference | None = None


class StreamComparison:
    """`first_pass`, then `second_pass`; then `tally` holds the figures. `keep` takes differences that are certain."""

    def __init__(
        self,
        proof: Reconciliation,
        connector: Connector,
        config: SyncConfig,
        *,
        keep: Callable[[Sequence[ReconciliationDifference]], None],
    ) -> None:
        self.proof, self.connector, self.config = proof, connector, config
        self.stream: Stream = connector.stream(config.stream)
        self.tally = Tally(self.stream)
        self.compared = 0
        self._keep = keep
        self._translator = Translator(proof.integration, self.stream)
        self._names = compared_fields(self.stream)
        self._home = home_currency(proof.integration)
        self._holders: dict[str, str] = {}
        self._suspects: list[Verdict] = []
        self._certain: list[ReconciliationDifference] = []

    def first_pass(self) -> Iterator[int]:
        """Read both sides once; yields how many records were compared so far, a page at a time."""
        seen_there: set[str] = set()
        seen_here: set[uuid.UUID] = set()
        token, reading = "", True
        while reading:
            page = self.connector.read(self.stream, since=None, token=token)
            fresh = {r.id: r for r in page.remotes if not r.deleted and r.id not in seen_there}
            seen_there.update(fresh)
            self._judge_first(list(fresh.values()), (), seen_here)
            yield self.compared
            token = page.next_token
            reading = bool(token)
        rows = self._translator.model.objects.for_dealership(self.proof.dealership_id).present()
        ids = rows.filter(**self.stream.where).values_list("pk", flat=True)
        for chunk in chunked([pk for pk in ids if pk not in seen_here], CHUNK):
            self._judge_first((), chunk, seen_here)
            yield self.compared

    def second_pass(self) -> list[ReconciliationDifference]:
        """Look at the suspects again. Gives the differences that are left, explained."""
        settled: set[Any] = set()
        for chunk in chunked(self._suspects, RECHECK_CHUNK):
            local_ids = {s.local_id for s in chunk if s.local_id}
            remote_ids = {s.remote_id for s in chunk if s.remote_id}
            remote_ids |= {link.remote_id for link in self._links((), local_ids) if link.remote_id}
            remotes = self.connector.fetch(self.stream, sorted(remote_ids - settled))
            for verdict in self._judge([r for r in remotes if not r.deleted], local_ids - settled):
                if verdict.remote_id in settled or verdict.local_id in settled:
                    continue
                settled |= {verdict.remote_id, verdict.local_id} - {"", None}
                self._settle(verdict)
        self._suspects = []
        explain(self._certain, self.config)
        return self._certain

    def _judge_first(
        self, remotes: Sequence[Remote], local_ids: Collection[uuid.UUID], seen_here: set[uuid.UUID]
    ) -> None:
        for verdict in self._judge(remotes, local_ids):
            self.compared += verdict.ours is not None or verdict.theirs is not None
            if verdict.local_id:
                seen_here.add(verdict.local_id)
            if verdict.difference is not None and len(self._suspects) < MOST_SUSPECTS:
                self._suspects.append(verdict)
            else:
                self._settle(verdict)
        if len(self._certain) >= CHUNK:
            explain(self._certain, self.config)
            self._keep(self._certain)
            self._certain = []

    def _settle(self, verdict: Verdict) -> None:
        self.tally.add(verdict.ours, verdict.theirs)
        if verdict.difference is not None:
            self.tally.count(verdict.difference.kind)
            self._certain.append(verdict.difference)

    def _judge(self, remotes: Sequence[Remote], local_ids: Collection[uuid.UUID]) -> list[Verdict]:
        """Bring together what belongs together: these objects, these rows, and their partners here."""
        links = self._links([r.id for r in remotes], local_ids)
        by_remote = {link.remote_id: link for link in links if link.remote_id}
        by_local = {link.local_id: link for link in links}
        rows = self._translator.local_rows({*local_ids, *by_local})
        paired = [rows[by_remote[r.id].local_id] for r in remotes if _partner(r, by_remote, rows)]
        forms = dict(zip([row.pk for row in paired], self._translator.to_canonical(paired), strict=True))
        verdicts = [self._judge_remote(r, _partner(r, by_remote, rows), forms) for r in remotes]
        alone = [pk for pk in local_ids if pk in rows and pk not in forms]
        return [*verdicts, *(self._only_here(rows[pk], by_local.get(pk)) for pk in alone)]

    def _judge_remote(
        self, remote: Remote, row: Record | None, forms: dict[uuid.UUID, Canonical | MissingParents]
    ) -> Verdict:
        try:
            theirs = self.connector.canonical(self.stream, remote.raw)
        except RejectedRecord as problem:
            kind = Kind.MISSING_HERE if row is None else Kind.DIFFERS
            found = self._difference(
                kind, remote=remote, row=row, cause=_(problem.message), next_step=problem.next_step
            )
            return Verdict(
                remote_id=remote.id, local_id=row.pk if row else None, ours=self._our_side(row), difference=found
            )
        self._note_holder(remote, theirs, linked=row is not None)
        if row is None or row.deleted_at:
            return self._only_there(remote, theirs, row)
        return self._both(remote, theirs, row, forms[row.pk])

    def _both(self, remote: Remote, theirs: Canonical, row: Record, ours: Canonical | MissingParents) -> Verdict:
        verdict = Verdict(
            remote_id=remote.id,
            local_id=row.pk,
            ours=self._our_side(row, _currency(theirs)),
            theirs=self._their_side(theirs, _currency(row)),
        )
        if isinstance(ours, MissingParents):
            cause = _("It refers to a record that is not in %(provider)s.") % {"provider": self._provider}
            return self._with(verdict, Kind.DIFFERS, remote=remote, item=theirs, row=row, cause=cause)
        differing = _differing(ours, theirs, self._names)
        if not differing:
            return verdict
        here, there = canonical.to_json(ours), canonical.to_json(theirs)
        return self._with(
            verdict,
            Kind.DIFFERS,
            remote=remote,
            item=theirs,
            row=row,
            fields={name: [here[name], there[name]] for name in differing},
            cause=_("Not the same on both sides: %(fields)s.")
            % {"fields": ", ".join(field_words(type(row), name) for name in differing)},
        )

    def _only_there(self, remote: Remote, theirs: Canonical, row: Record | None) -> Verdict:
        nothing = Verdict(remote_id=remote.id, local_id=row.pk if row else None)
        if not _stands(theirs):
            return nothing
        verdict = Verdict(remote_id=remote.id, local_id=nothing.local_id, theirs=self._their_side(theirs))
        holders = (self._holders.get(identity) for identity in self._identities(remote, theirs))
        other = next((holder for holder in holders if holder not in (None, remote.id)), None)
        if row is not None:
            cause = _("Deleted in Lotbridge, but not in %(provider)s.") % {"provider": self._provider}
            return self._with(verdict, Kind.MISSING_HERE, remote=remote, item=theirs, row=row, cause=cause)
        if other is None:
            return self._with(verdict, Kind.MISSING_HERE, remote=remote, item=theirs)
        cause = _("The same record as #%(other)s there.") % {"other": other}
        return self._with(verdict, Kind.DOUBLED_THERE, remote=remote, item=theirs, cause=cause)

    def _only_here(self, row: Record, link: Link | None) -> Verdict:
        if not _is_expected_there(row):
            return Verdict(remote_id="", local_id=row.pk)
        verdict = Verdict(remote_id="", local_id=row.pk, ours=self._our_side(row))
        if link is None or not link.remote_id:
            return self._with(verdict, Kind.MISSING_THERE, row=row)
        cause = _("It was there as #%(id)s and is gone.") % {"id": link.remote_id}
        next_step = _("Delete it in Lotbridge too, or bring it back in %(provider)s.") % {"provider": self._provider}
        return self._with(verdict, Kind.MISSING_THERE, row=row, cause=cause, next_step=next_step)

    def _with(self, verdict: Verdict, kind: str, **facts: Any) -> Verdict:
        found = self._difference(kind, ours=verdict.ours, theirs=verdict.theirs, **facts)
        return Verdict(
            remote_id=verdict.remote_id,
            local_id=verdict.local_id,
            ours=verdict.ours,
            theirs=verdict.theirs,
            difference=found,
        )

    def _difference(
        self,
        kind: str,
        *,
        ours: Side | None = None,
        theirs: Side | None = None,
        remote: Remote | None = None,
        item: Canonical | None = None,
        row: Record | None = None,
        fields: dict[str, Any] | None = None,
        cause: str = "",
        next_step: str = "",
    ) -> ReconciliationDifference:
        has_money = bool(self.stream.money_field)
        side = ours or theirs
        return ReconciliationDifference(
            dealership_id=self.proof.dealership_id,
            reconciliation=self.proof,
            stream=self.stream.name,
            kind=kind,
            record_type=self.stream.maps_to,
            local_id=row.pk if row else None,
            remote_id=remote.id if remote else "",
            label=_label(row, item, remote)[:300],
            ours=ours.amount if ours and has_money else None,
            theirs=theirs.amount if theirs and has_money else None,
            currency=side.currency if side and has_money else "",
            fields=fields or {},
            cause=cause,
            next_step=next_step,
        )

    def _our_side(self, row: Record | None, other_currency: str = "") -> Side | None:
        if row is None or row.deleted_at:
            return None
        return self._side(row, void=getattr(row, "status", "") == "void", other_currency=other_currency)

    def _their_side(self, item: Canonical, other_currency: str = "") -> Side:
        return self._side(item, void=getattr(item, "void", False), other_currency=other_currency)

    def _side(self, record: Any, *, void: bool, other_currency: str) -> Side:
        if not self.stream.money_field:
            return Side()
        day = getattr(record, self.stream.day_field, None) if self.stream.day_field else None
        return Side(
            amount=Decimal("0.00") if void else getattr(record, self.stream.money_field),
            currency=_currency(record) or other_currency or self._home,
            month=f"{day:%Y-%m}" if day else "",
        )

    def _note_holder(self, remote: Remote, theirs: Canonical, *, linked: bool) -> None:
        for identity in self._identities(remote, theirs) if _stands(theirs) else ():
            if linked:
                self._holders[identity] = remote.id
            else:
                self._holders.setdefault(identity, remote.id)

    def _identities(self, remote: Remote, theirs: Canonical) -> list[str]:
        """What two objects share only when they are the same record: our own mark, the stream's natural key."""
        name = NATURAL_KEYS.get(self.stream.maps_to)
        key = getattr(theirs, name).casefold() if name else ""
        return [identity for identity in (remote.marker and f"mark {remote.marker}", key and f"key {key}") if identity]

    def _links(self, remote_ids: Collection[str], local_ids: Collection[uuid.UUID]) -> list[Link]:
        rows = RecordLink.objects.filter(integration=self.proof.integration_id, stream=self.stream.name)
        wanted = (rows.filter(remote_id__in=remote_ids), rows.filter(local_id__in=local_ids))
        facts = ("local_id", "remote_id", "remote_deleted_at")
        return list({Link(*found) for links in wanted for found in links.values_list(*facts)})

    @property
    def _provider(self) -> str:
        return self.connector.label


def chunked(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _partner(remote: Remote, by_remote: dict[str, Link], rows: dict[uuid.UUID, Record]) -> Record | None:
    link = by_remote.get(remote.id)
    return rows.get(link.local_id) if link else None


def _differing(ours: Canonical, theirs: Canonical, names: Iterable[str]) -> list[str]:
    """The fields that are not equal. Once one side is void, its emptied fields say nothing more."""
    if getattr(ours, "void", False) or getattr(theirs, "void", False):
        return [] if getattr(ours, "void", False) == getattr(theirs, "void", False) else ["void"]
    found = [name for name in names if getattr(ours, name) != getattr(theirs, name)]
    if "currency" in found and not (ours.currency and theirs.currency):
        found.remove("currency")
    return found


def _stands(item: Canonical) -> bool:
    return bool(getattr(item, "active", True) and not getattr(item, "void", False))


def _is_expected_there(row: Record) -> bool:
    if row.deleted_at or not getattr(row, "active", True):
        return False
    return getattr(row, "status", "") not in ("draft", "void") and getattr(row, "kind", "") != "lead"


def _currency(record: Any) -> str:
    return str(getattr(record, "currency", ""))


def _label(row: Record | None, item: Canonical | None, remote: Remote | None) -> str:
    if row is not None:
        return str(row)
    names = ("number", "display_name", "reference")
    known = next((value for name in names if (value := getattr(item, name, ""))), "")
    return known or (f"#{remote.id}" if remote else "")
