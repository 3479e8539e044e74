"""Stores what the provider said about each written record: the new base, or the reason it was set aside."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils import timezone

from connectors import records as canonical
from connectors.base import Connector
from connectors.errors import RejectedRecord
from connectors.records import Canonical
from connectors.streams import Found, Missing, Op, Outcome, Refused, Remote, Stale, Stream, Written
from dealership import bulk, records
from dealership.models import Event, Invoice, Record
from integrations import dead_letters, derive, matching, merge, runs, unsent
from integrations.apply import Applier, hash_of, is_in_use
from integrations.canon import MissingParents, Translator, pushed_fields
from integrations.models import DeadLetter, RecordLink, SyncItem, SyncLog
from integrations.sync_actor import actor_of


@dataclass
class Outgoing:
    """One record on its way out. `tried`: an earlier try of this very write may have arrived."""

    record: Record
    link: RecordLink
    form: Canonical
    op: Op
    tried: bool

    def wanted(self) -> Canonical:
        """What the provider should have: a deleted record that cannot be voided becomes inactive."""
        if self.record.deleted_at is not None and isinstance(self.form, canonical.Contact):
            return replace(self.form, active=False)
        return self.form


SENT = {
    Op.CREATE: (SyncItem.Outcome.SENT_CREATED, "sent_created"),
    Op.UPDATE: (SyncItem.Outcome.SENT_UPDATED, "sent_updated"),
    Op.VOID: (SyncItem.Outcome.SENT_VOIDED, "sent_updated"),
}


# Writes further apart than this are not two systems answering each other.
LOOP_WINDOW = timedelta(hours=1)


class Outcomes:
    """The answers to one run's writes of one stream."""

    def __init__(self, run: SyncLog, connector: Connector, stream: Stream, translator: Translator) -> None:
        self.run, self.connector, self.stream, self.translator = run, connector, stream, translator
        self.integration = run.integration
        self.actor = actor_of(run)
        self.again = 0
        self.put_off = 0
        self._names = pushed_fields(stream)
        self._stale: list[Remote] = []
        self._remarks: list[tuple[Outgoing, Refused]] = []

    def store(self, pairs: Sequence[tuple[Outgoing, Outcome]], counts: Counter[str]) -> None:
        """Inside the caller's transaction: links, items, dead letters."""
        written: list[tuple[Outgoing, Remote, Canonical]] = []
        for one, outcome in pairs:
            if isinstance(outcome, Written | Found):
                self._read(one, outcome, written, counts)
            elif isinstance(outcome, Stale):
                self._stale.append(outcome.remote)
                self._clear(one.link)
            elif isinstance(outcome, Missing):
                one.link.intent_key = one.link.intent_form = None
                self._refuse(one.record, one.link, _gone(), counts)
            elif isinstance(outcome, Refused):
                one.link.intent_key = one.link.intent_form = None
                self._refuse(one.record, one.link, outcome, counts)
        bulk.insert(self._written(written, counts))
        for one, remark in self._remarks:
            self._set_aside(one.record, one.link, remark, counts)
        self._remarks = []

    def _read(
        self,
        one: Outgoing,
        outcome: Written | Found,
        written: list[tuple[Outgoing, Remote, Canonical]],
        counts: Counter[str],
    ) -> None:
        """What came back must be a record like any other; one that is not is linked, and set aside."""
        try:
            answer = self.connector.canonical(self.stream, outcome.remote.raw)
        except RejectedRecord as problem:
            one.link.remote_id, one.link.remote_version = outcome.remote.id, outcome.remote.version
            one.link.intent_key = one.link.intent_form = None
            self._refuse(one.record, one.link, Refused(problem.message, problem.next_step, problem.code), counts)
            return
        if isinstance(outcome, Found):
            self._found(one, outcome.remote, answer, counts)
        else:
            written.append((one, outcome.remote, answer))

    def read_again(self) -> None:
        """Bring in what changed there since we read it; the merge is then pushed in the next pass."""
        if self._stale:
            remotes, self._stale = self._stale, []
            Applier(self.run, self.connector, self.stream).apply(remotes, force=True)
            self.again += len(remotes)

    def refuse_orphan(self, record: Record, link: RecordLink, missing: MissingParents) -> None:
        names = ", ".join(sorted(self.connector.stream(name).label.lower() for name in missing.ids))
        reason = DeadLetter.objects.filter(
            integration=self.integration,
            local_id__in=[i for ids in missing.ids.values() for i in ids],
            status__in=dead_letters.OPEN,
        ).values_list("reason", flat=True)
        because = f" That record is set aside: {reason[0]}" if reason else ""
        refused = Refused(
            f"{self.connector.label} does not have what it refers to ({names}).{because}",
            next_step=f"Sync {names} first, or choose another one on the record, then retry.",
            code=dead_letters.NO_PARENT,
        )
        self._refuse_now(record, link, refused)

    def refuse_gone(self, record: Record, link: RecordLink) -> None:
        self._refuse_now(record, link, _gone())

    def refuse_loop(self, record: Record, link: RecordLink) -> None:
        refused = Refused(
            f"Lotbridge and {self.connector.label} keep changing it back and forth.",
            next_step="Compare both sides, correct the one that is wrong, then retry.",
        )
        self._refuse_now(record, link, refused)

    def changed_by_a_person(self, link: RecordLink) -> bool:
        """Whether anybody but a sync changed the record since both sides last agreed."""
        return (
            Event.objects.of_record(link.record_type, link.local_id)
            .filter(occurred_at__gt=link.agreed_at or link.created_at)
            .exclude(actor_kind=Event.Actor.INTEGRATION)
            .exists()
        )

    def _refuse_now(self, record: Record, link: RecordLink, refused: Refused) -> None:
        with transaction.atomic():
            counts: Counter[str] = Counter()
            self._refuse(record, link, refused, counts)
            runs.checkpoint(self.run, counts=counts)

    def _refuse(self, record: Record, link: RecordLink, refused: Refused, counts: Counter[str]) -> None:
        link.refused_version = record.version
        link.save()
        self._set_aside(record, link, refused, counts)

    def _set_aside(self, record: Record, link: RecordLink, refused: Refused, counts: Counter[str]) -> None:
        counts["rejected"] += 1
        amount = getattr(record, self.stream.money_field, None) if self.stream.money_field else None
        aside = dead_letters.Aside(
            stream=self.stream.name,
            direction=DeadLetter.Direction.PUSH,
            record_type=self.stream.maps_to,
            reason=refused.message,
            next_step=refused.next_step,
            code=refused.code,
            local_id=record.pk,
            remote_id=link.remote_id or "",
            label=str(record),
            amount=amount if isinstance(amount, Decimal) else None,
            currency=getattr(record, "currency", ""),
        )
        dead_letters.set_aside(self.run, aside, actor=self.actor)

    def _found(self, one: Outgoing, remote: Remote, item: Canonical, counts: Counter[str]) -> None:
        """Something with the same name or number is there, and it is not the answer to our own write."""
        taken = RecordLink.objects.filter(
            integration=self.integration, stream=self.stream.name, remote_id=remote.id
        ).exclude(pk=one.link.pk)
        proof = matching.PROOF.get(self.stream.maps_to, ())
        same = all(getattr(item, name) == getattr(one.form, name) for name in proof)
        one.link.intent_key = one.link.intent_form = None
        if taken.exists() or not same:
            refused = Refused(
                f"{self.connector.label} has another {one.record} already (#{remote.id}).",
                next_step="Change the name or number on one side, then retry.",
            )
            self._refuse(one.record, one.link, refused, counts)
            return
        link = one.link
        link.remote_id, link.remote_version = remote.id, remote.version
        link.save()
        self._stale.append(remote)

    def _clear(self, link: RecordLink) -> None:
        link.intent_key = None
        link.save(update_fields=["intent_key"])

    def _written(self, pairs: Sequence[tuple[Outgoing, Remote, Canonical]], counts: Counter[str]) -> list[SyncItem]:
        if not pairs:
            return []
        items, links = [], []
        values = self.translator.to_local([answer for _, _, answer in pairs])
        ids = [one.record.pk for one, _, _ in pairs]
        unsent_paid = unsent.paid(self.integration, ids) if self.stream.maps_to == "invoice" else {}
        theirs = [
            self._theirs(one, answer, local, unsent_paid.get(one.record.pk))
            for (one, _, answer), local in zip(pairs, values, strict=True)
        ]
        self._adopt([(one, given) for (one, _, _), given in zip(pairs, theirs, strict=True) if given])
        for (one, remote, answer), given in zip(pairs, theirs, strict=True):
            links.append(self._agreed(one, remote, answer, 0 if given is None else one.record.version))
            outcome, counter = SENT[one.op]
            counts[counter] += 1
            items.append(self._item(one.record, remote.id, outcome))
        bulk.update(
            links,
            [
                "remote_id",
                "remote_version",
                "base",
                "raw_hash",
                "local_version",
                "agreed_at",
                "intent_key",
                "intent_form",
                "remote_deleted_at",
                "writes_since_change",
                "refused_version",
            ],
        )
        if DeadLetter.objects.filter(integration=self.integration, status__in=dead_letters.OPEN).exists():
            dead_letters.resolve(self.integration.pk, self.stream.name, local_ids=ids)
            made = [one.record.pk for one, _, _ in pairs if one.op is Op.CREATE]
            dead_letters.retry_children(self.connector, self.stream, self.integration, made)
        return items

    def _theirs(
        self, one: Outgoing, answer: Canonical, local: "dict[str, object] | MissingParents", paid: Decimal | None
    ) -> dict[str, object] | None:
        """What the provider made of the record and we take over: its number, totals, tax.

        None where the record has changed since the write was intended: the object may hold its older form. Then nothing
        agrees, and what still differs is pushed in the next pass.
        """
        sent, got = canonical.to_json(one.wanted()), canonical.to_json(answer)
        differs = merge.changed_fields(sent, got, self._names)
        undone = one.record.deleted_at is not None and is_in_use(got)
        if (differs or undone) and one.link.intent_version != one.record.version:
            self.again += 1
            return None
        if isinstance(local, MissingParents) or got.get("void") or one.record.deleted_at:
            return {}
        local = local | derive.status(self.stream.maps_to, answer)
        if paid:
            local = derive.less(local, paid)
        theirs = {name: value for name, value in local.items() if value not in ("", None) or name in differs}
        return {} if self._tax_was_lost(one, answer) else theirs

    def _adopt(self, taken: "Sequence[tuple[Outgoing, dict[str, object]]]") -> None:
        """All at once; one by one where somebody else changed one of them meanwhile, or one breaks a rule of ours."""
        changed = [(one.record, theirs, records.difference(one.record, theirs)) for one, theirs in taken]
        try:
            records.update_many(
                [(record, theirs, derive.verb(changes)) for record, theirs, changes in changed], actor=self.actor
            )
        except (records.StaleRecord, IntegrityError):
            for one, theirs in taken:
                self._adopt_one(one, theirs)

    def _adopt_one(self, one: Outgoing, theirs: "dict[str, object]") -> None:
        try:
            self._take_over(one.record, theirs)
        except records.StaleRecord:
            self.again += 1
        except IntegrityError:
            own = theirs.pop("number", "")
            self._remarks.append((one, self._number_taken(str(own))))
            self._take_over(one.record, theirs)

    def _take_over(self, record: Record, theirs: "dict[str, object]") -> None:
        changes = records.difference(record, theirs)
        if changes:
            with transaction.atomic():
                records.update(record, theirs, actor=self.actor, verb=derive.verb(changes), settle=False)

    def _number_taken(self, number: str) -> Refused:
        return Refused(
            f"{self.connector.label} gave it the number {number}, which another record here has.",
            next_step="Let one side alone give the numbers: change the number here, or switch own numbers on there.",
        )

    def _tax_was_lost(self, one: Outgoing, answer: Canonical) -> bool:
        """Our tax is never overwritten in silence by what the provider made of it."""
        if not isinstance(one.record, Invoice) or not isinstance(answer, canonical.Invoice):
            return False
        if not one.record.tax_total or answer.total == one.record.total:
            return False
        remark = Refused(
            f"{self.connector.label} made its total {answer.total}; here it is {one.record.total}.",
            next_step="Correct the tax codes of its lines, or the tax here, then retry.",
        )
        self._remarks.append((one, remark))
        return True

    def _agreed(self, one: Outgoing, remote: Remote, answer: Canonical, version: int) -> RecordLink:
        link = one.link
        long_ago = link.agreed_at is None or link.agreed_at < timezone.now() - LOOP_WINDOW
        calm = one.op == Op.CREATE or long_ago or self.changed_by_a_person(link)
        link.writes_since_change = 0 if calm else link.writes_since_change + 1
        link.remote_id, link.remote_version = remote.id, remote.version
        link.base, link.raw_hash = canonical.to_json(answer), hash_of(remote.raw)
        link.local_version, link.agreed_at = version, timezone.now()
        link.intent_key, link.intent_form, link.remote_deleted_at, link.refused_version = None, None, None, 0
        return link

    def _item(self, record: Record, remote_id: str, outcome: str) -> SyncItem:
        return SyncItem(
            dealership_id=self.integration.dealership_id,
            run=self.run,
            outcome=outcome,
            record_type=self.stream.maps_to,
            local_id=record.pk,
            remote_id=remote_id,
            label=str(record)[:300],
        )


def _gone() -> Refused:
    return Refused(
        "It no longer exists at the other side.",
        next_step="Delete it here too, or restore it there, then retry.",
    )
