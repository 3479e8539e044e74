"""Stores what the provider said about each written record: the new base, or the reason it was set aside."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from connectors import records as canonical
from connectors.base import Connector
from connectors.records import Canonical
from connectors.streams import Found, Missing, Op, Outcome, Refused, Remote, Stale, Stream, Written
from dealership import records
from dealership.models import Event, Record
from integrations import dead_letters, derive, matching, merge, runs
from integrations.apply import Applier, hash_of
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

    def store(self, pairs: Sequence[tuple[Outgoing, Outcome]], counts: Counter[str]) -> None:
        """Inside the caller's transaction: links, items, dead letters."""
        items: list[SyncItem] = []
        written: list[tuple[Outgoing, Remote]] = []
        for one, outcome in pairs:
            if isinstance(outcome, Written):
                written.append((one, outcome.remote))
            elif isinstance(outcome, Found):
                self._found(one, outcome.remote, counts)
            elif isinstance(outcome, Stale):
                self._stale.append(outcome.remote)
                self._clear(one.link)
            elif isinstance(outcome, Missing):
                self._refuse(one.record, one.link, _gone(), counts)
            elif isinstance(outcome, Refused):
                self._refuse(one.record, one.link, outcome, counts)
        items += self._written(written, counts)
        SyncItem.objects.bulk_create(items)

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
        )
        self._refuse_now(record, link, refused)

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
        link.intent_key, link.refused_version = None, record.version
        link.save()
        counts["rejected"] += 1
        amount = getattr(record, self.stream.money_field, None) if self.stream.money_field else None
        dead_letters.set_aside(
            self.run,
            stream=self.stream.name,
            direction=DeadLetter.Direction.PUSH,
            record_type=self.stream.maps_to,
            reason=refused.message,
            next_step=refused.next_step,
            code=refused.code,
            actor=self.actor,
            local_id=record.pk,
            remote_id=link.remote_id or "",
            label=str(record),
            amount=amount if isinstance(amount, Decimal) else None,
            currency=getattr(record, "currency", ""),
        )

    def _found(self, one: Outgoing, remote: Remote, counts: Counter[str]) -> None:
        """Something with the same name or number is there, and it is not the answer to our own write."""
        taken = RecordLink.objects.filter(
            integration=self.integration, stream=self.stream.name, remote_id=remote.id
        ).exclude(pk=one.link.pk)
        item = self.connector.canonical(self.stream, remote.raw)
        proof = matching.PROOF.get(self.stream.maps_to, ())
        same = all(getattr(item, name) == getattr(one.form, name) for name in proof)
        if taken.exists() or not same:
            refused = Refused(
                f"{self.connector.label} has another {one.record} already (#{remote.id}).",
                next_step="Change the name or number on one side, then retry.",
            )
            self._refuse(one.record, one.link, refused, counts)
            return
        link = one.link
        link.remote_id, link.remote_version, link.intent_key = remote.id, remote.version, None
        link.save()
        self._stale.append(remote)

    def _clear(self, link: RecordLink) -> None:
        link.intent_key = None
        link.save(update_fields=["intent_key"])

    def _written(self, pairs: Sequence[tuple[Outgoing, Remote]], counts: Counter[str]) -> list[SyncItem]:
        if not pairs:
            return []
        answers, items, links = [], [], []
        for one, remote in pairs:
            answers.append(self.connector.canonical(self.stream, remote.raw))
        values = self.translator.to_local(answers)
        for (one, remote), answer, local in zip(pairs, answers, values, strict=True):
            version = self._adopt(one, answer, local)
            links.append(self._agreed(one, remote, answer, version))
            outcome, counter = SENT[one.op]
            counts[counter] += 1
            items.append(self._item(one.record, remote.id, outcome))
        RecordLink.objects.bulk_update(
            links,
            [
                "remote_id",
                "remote_version",
                "base",
                "raw_hash",
                "local_version",
                "agreed_at",
                "intent_key",
                "remote_deleted_at",
                "writes_since_change",
                "refused_version",
            ],
        )
        if DeadLetter.objects.filter(integration=self.integration, status__in=dead_letters.OPEN).exists():
            dead_letters.resolve(self.integration.pk, self.stream.name, local_ids=[o.record.pk for o, _ in pairs])
        return items

    def _adopt(self, one: Outgoing, answer: Canonical, local: "dict[str, object] | MissingParents") -> int:
        """Take over what the provider made of the record (its number, totals, tax); gives the version that agrees.

        Where the record has changed since the write was intended, the object may hold its older form: then nothing is
        taken over, and what still differs is pushed in the next pass.
        """
        sent, got = canonical.to_json(one.wanted()), canonical.to_json(answer)
        differs = merge.changed_fields(sent, got, self._names)
        if differs and one.link.intent_version != one.record.version:
            self.again += 1
            return 0
        if isinstance(local, MissingParents) or got.get("void") or one.record.deleted_at:
            return one.record.version
        local = local | derive.status(self.stream.maps_to, answer)
        theirs = {name: value for name, value in local.items() if value not in ("", None) or name in differs}
        if not records.difference(one.record, theirs):
            return one.record.version
        version = one.record.version
        try:
            with transaction.atomic():
                records.update(one.record, theirs, actor=self.actor, settle=False)
        except records.StaleRecord:
            self.again += 1
            return version
        return one.record.version

    def _agreed(self, one: Outgoing, remote: Remote, answer: Canonical, version: int) -> RecordLink:
        link = one.link
        human = one.op == Op.CREATE or self._is_human(one)
        link.writes_since_change = 0 if human else link.writes_since_change + 1
        link.remote_id, link.remote_version = remote.id, remote.version
        link.base, link.raw_hash = canonical.to_json(answer), hash_of(remote.raw)
        link.local_version, link.agreed_at = version, timezone.now()
        link.intent_key, link.remote_deleted_at, link.refused_version = None, None, 0
        return link

    def _is_human(self, one: Outgoing) -> bool:
        return self.changed_by_a_person(one.link)

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
