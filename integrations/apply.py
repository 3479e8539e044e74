"""Writes what a page brought into the dealership's records: chunk by chunk, each with its links, events and counters.

Idempotent: an object whose hash the link already holds is only counted. The network is never called inside a
transaction; missing parents are fetched before it begins.
"""

import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import DataError, IntegrityError, transaction
from django.utils import timezone

from connectors import records as canonical
from connectors.base import Connector
from connectors.errors import RejectedRecord
from connectors.records import Canonical
from connectors.streams import Remote, Stream
from connectors.text import text
from dealership import bulk, records
from dealership.models import Expense, Invoice, Record
from integrations import dead_letters, derive, matching, merge, runs, unsent
from integrations.canon import MissingParents, Translator, pushed_fields
from integrations.models import DeadLetter, RecordLink, SyncConfig, SyncItem, SyncLog
from integrations.sync_actor import actor_of

CHUNK = 200
CHUNK_TRIES = 5
# Stands for the id in the letter that asks a person about many deletions at once.
DELETIONS = "(deletions)"

Outcome = SyncItem.Outcome
UNFIT = RejectedRecord(
    text("A value in it is longer or larger than can be kept here."),
    next_step=text("Shorten it there, then retry."),
)


def hash_of(raw: Mapping[str, Any]) -> str:
    """Equal objects give equal hashes, whatever the order of their keys."""
    return hashlib.sha256(json.dumps(raw, sort_keys=True, separators=(",", ":"), default=str).encode()).hexdigest()


@dataclass
class Incoming:
    """One object on its way in."""

    remote: Remote
    raw_hash: str
    item: Canonical
    form: dict[str, Any]
    values: dict[str, Any]
    link: RecordLink | None
    differs: bool = False


class Applier:
    """Brings objects of one stream into the dealership on behalf of one run."""

    def __init__(self, run: SyncLog, connector: Connector, stream: Stream) -> None:
        self.run, self.connector, self.stream = run, connector, stream
        self.integration = run.integration
        self.config: SyncConfig = (
            run.config if run.stream == stream.name else self.integration.configs.get(stream=stream.name)
        )
        self.translator = Translator(self.integration, stream)
        self.actor = actor_of(run)
        self._pushed = pushed_fields(stream)

    def apply(self, remotes: Sequence[Remote], *, force: bool = False) -> None:
        """Bring them in. `force` looks at objects again that are known unchanged."""
        unique = list({remote.id: remote for remote in remotes}.values())
        for start in range(0, len(unique), CHUNK):
            self._chunk(unique[start : start + CHUNK], force=force)

    def delete(self, remote_ids: Sequence[str]) -> None:
        """They are gone at the provider: delete them here too."""
        for start in range(0, len(remote_ids), CHUNK):
            self._chunk([Remote(id=pk, deleted=True) for pk in remote_ids[start : start + CHUNK]], force=False)

    def ask_before_deleting(self, gone: int, linked: int) -> None:
        """Too many are gone at once: nothing is deleted here until a person says that it is meant."""
        aside = dead_letters.Aside(
            stream=self.stream.name,
            direction=DeadLetter.Direction.PULL,
            record_type=self.stream.maps_to,
            reason=f"{gone} of {linked} records are no longer listed there. Nothing was deleted here.",
            next_step="Look into the account there. If that was meant, retry, and they are deleted here too.",
            remote_id=DELETIONS,
            label=self.stream.label,
        )
        with transaction.atomic():
            dead_letters.set_aside(self.run, aside, actor=self.actor)
            runs.checkpoint(self.run, counts={"rejected": 1})

    def end_pull(self, **place: Any) -> None:
        """The last checkpoint: the cursor moves with it."""
        with transaction.atomic():
            SyncConfig.objects.filter(pk=self.config.pk).update(cursor_at=place["as_of"])
            runs.checkpoint(self.run, phase=SyncLog.Phase.PUSH, **{**place, "page_token": ""})

    def _chunk(self, remotes: Sequence[Remote], *, force: bool) -> None:
        for attempt in range(1, CHUNK_TRIES + 1):
            links = self._links(remotes)
            counts: Counter[str] = Counter(read=len(remotes))
            changed = [r for r in remotes if force or self._is_news(r, links.get(r.id), counts)]
            if not force:
                changed = self._not_refused_before(changed, counts)
            gone = [links[r.id] for r in changed if r.deleted and r.id in links]
            deleted = [r.id for r in remotes if r.deleted]
            incoming, refused = self._translated([r for r in changed if not r.deleted], links)
            try:
                with transaction.atomic():
                    self._write(incoming, refused, gone, counts)
                    dead_letters.resolve(self.integration.pk, self.stream.name, remote_ids=deleted)
                    runs.checkpoint(self.run, counts=counts)
                return
            except records.StaleRecord:
                # Somebody here changed the same records in this very moment: read again and merge with that.
                if attempt == CHUNK_TRIES:
                    raise
            except (IntegrityError, DataError) as problem:
                self._clash(remotes, matching.CLASH if isinstance(problem, IntegrityError) else UNFIT, force=force)
                return

    def _clash(self, remotes: Sequence[Remote], reason: RejectedRecord, *, force: bool) -> None:
        """One of them breaks a rule of ours, such as a number used twice: find it, set it aside, keep the others."""
        half = len(remotes) // 2
        if half:
            self._chunk(remotes[:half], force=force)
            self._chunk(remotes[half:], force=force)
            return
        counts = Counter(read=1)
        with transaction.atomic():
            self._set_aside(remotes[0], reason, counts)
            runs.checkpoint(self.run, counts=counts)

    def _links(self, remotes: Iterable[Remote]) -> dict[str, RecordLink]:
        found = RecordLink.objects.filter(
            integration=self.integration, stream=self.stream.name, remote_id__in=[r.id for r in remotes]
        )
        return {str(link.remote_id): link for link in found}

    def _is_news(self, remote: Remote, link: RecordLink | None, counts: Counter[str]) -> bool:
        if remote.deleted:
            known = link is not None and link.remote_deleted_at is None
            counts["unchanged"] += not known
            return known
        if link is not None and link.remote_deleted_at is None and link.raw_hash == hash_of(remote.raw):
            counts["unchanged"] += 1
            return False
        return True

    def _not_refused_before(self, remotes: Sequence[Remote], counts: Counter[str]) -> list[Remote]:
        """Without those set aside as they are now: an overlap brings them again, a person's retry forces them."""
        letters = DeadLetter.objects.filter(
            integration=self.integration,
            stream=self.stream.name,
            direction=DeadLetter.Direction.PULL,
            status=DeadLetter.Status.OPEN,
            remote_id__in=[remote.id for remote in remotes],
        )
        hashes = dict(letters.values_list("remote_id", "raw_hash"))
        news = [r for r in remotes if r.id not in hashes or hashes[r.id] != hash_of(r.raw)]
        counts["unchanged"] += len(remotes) - len(news)
        return news

    def _translated(
        self, remotes: Sequence[Remote], links: Mapping[str, RecordLink]
    ) -> tuple[list[Incoming], list[tuple[Remote, RejectedRecord]]]:
        mapped: list[tuple[Remote, Canonical]] = []
        refused: list[tuple[Remote, RejectedRecord]] = []
        for remote in remotes:
            try:
                mapped.append((remote, self.connector.canonical(self.stream, remote.raw)))
            except RejectedRecord as problem:
                refused.append((remote, problem))
        values = self.translator.to_local([item for _, item in mapped])
        missing = [v for v in values if isinstance(v, MissingParents)]
        if missing:
            self._fetch_parents(missing)
            values = self.translator.to_local([item for _, item in mapped])
        incoming = []
        for (remote, item), value in zip(mapped, values, strict=True):
            if isinstance(value, MissingParents):
                refused.append((remote, _no_parent(value)))
                continue
            value |= derive.status(self.stream.maps_to, item)
            form = canonical.to_json(item)
            incoming.append(Incoming(remote, hash_of(remote.raw), item, form, value, links.get(remote.id)))
        return incoming, refused

    def _fetch_parents(self, missing: Iterable[MissingParents]) -> None:
        wanted: dict[str, set[str]] = {}
        for one in missing:
            for stream, ids in one.ids.items():
                wanted.setdefault(stream, set()).update(ids)
        for name, ids in wanted.items():
            parent = self.connector.stream(name)
            Applier(self.run, self.connector, parent).apply(self.connector.fetch(parent, sorted(ids)))

    def _write(
        self,
        incoming: Sequence[Incoming],
        refused: Sequence[tuple[Remote, RejectedRecord]],
        gone: Sequence[RecordLink],
        counts: Counter[str],
    ) -> None:
        known = [one for one in incoming if one.link is not None]
        fresh = matching.adopt([one for one in incoming if one.link is None], self.integration, self.stream)
        refused = [*refused, *((one.remote, matching.CLASH) for one in fresh.clashing)]
        items = self._write_known([*known, *fresh.matched], counts)
        items += self._write_new(fresh.unmatched, counts)
        items += [item for link in gone if (item := self._delete_one(link, counts))]
        bulk.insert(items)
        for remote, problem in refused:
            self._set_aside(remote, problem, counts)
        aside = {remote.id for remote, _ in refused}
        passed = [one.remote.id for one in incoming if one.remote.id not in aside] + [
            str(link.remote_id) for link in gone
        ]
        agreed = [o.link.local_id for o in incoming if o.link and o.remote.id not in aside and not o.differs]
        if passed:
            dead_letters.resolve(self.integration.pk, self.stream.name, remote_ids=passed, local_ids=agreed)

    def _write_new(self, incoming: Sequence[Incoming], counts: Counter[str]) -> list[SyncItem]:
        if not incoming:
            return []
        rows = [{**one.values, **self.stream.where} for one in incoming]
        made = records.create_many(self.translator.model, self.integration.dealership_id, rows, actor=self.actor)
        bulk.insert(
            [
                self._agreed(RecordLink(local_id=record.pk), one, record.version)
                for record, one in zip(made, incoming, strict=True)
            ]
        )
        counts["created"] += len(made)
        return [self._item(Outcome.CREATED, one.remote.id, record) for record, one in zip(made, incoming, strict=True)]

    def _write_known(self, incoming: Sequence[Incoming], counts: Counter[str]) -> list[SyncItem]:
        if not incoming:
            return []
        rows = self.translator.local_rows([one.link.local_id for one in incoming if one.link])
        touched = [one for one in incoming if one.link and self._changed_here(one.link, rows[one.link.local_id])]
        forms = self.translator.for_merge([rows[one.link.local_id] for one in touched if one.link])
        ours = {one.remote.id: form for one, form in zip(touched, forms, strict=True)}
        unsent_paid = self._unsent_paid(list(rows))
        items = []
        for one in incoming:
            assert one.link is not None
            if paid := unsent_paid.get(one.link.local_id):
                one.values = derive.less(one.values, paid)
            item = self._write_one(one, one.link, rows[one.link.local_id], ours.get(one.remote.id), counts)
            items += [item] if item else []
        return items

    def _unsent_paid(self, local_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Decimal]:
        return unsent.paid(self.integration, local_ids) if self.stream.maps_to == "invoice" else {}

    def _changed_here(self, link: RecordLink, record: Record) -> bool:
        return link.local_version != record.version

    def _write_one(
        self,
        one: Incoming,
        link: RecordLink,
        record: Record,
        ours: Canonical | None,
        counts: Counter[str],
    ) -> SyncItem | None:
        values, merged = self._wanted_here(one, link, record, ours)
        changes = records.difference(record, values)
        first_meeting = not link.remote_id
        records.update(record, values, actor=self.actor, verb=derive.verb(changes), settle=False)
        differs = merged is not None and merge.changed_fields(one.form, merged.merged, self._pushed)
        tell_them = one.differs = bool(differs) or (record.deleted_at is not None and is_in_use(one.form))
        self._agreed(link, one, record.version - 1 if tell_them else record.version).save()
        if tell_them and self.config.pushes and not (self.run.pushes and self.config.pk == self.run.config_id):
            SyncConfig.objects.filter(pk=self.config.pk).update(push_wanted=True)
        counts["conflicted"] += bool(merged and merged.conflicts)
        counts["updated" if changes else "unchanged"] += 1
        if merged and merged.conflicts:
            return self._conflict_item(one, record, merged, changes)
        if first_meeting:
            return self._item(Outcome.LINKED, one.remote.id, record, before=changes)
        return self._item(Outcome.UPDATED, one.remote.id, record, before=changes) if changes else None

    def _wanted_here(
        self, one: Incoming, link: RecordLink, record: Record, ours: Canonical | None
    ) -> tuple[dict[str, Any], merge.Merge | None]:
        """The values to store, and the merge that they come from where both sides may have changed."""
        values = dict(one.values)
        if one.form.get("void"):
            # A void keeps our amounts: what it was worth stays readable.
            return {"status": "void"} | ({"balance": values["balance"]} if "balance" in values else {}), None
        if link.remote_deleted_at is not None:
            # It was deleted here only because it was not there.
            values["deleted_at"] = None
        if ours is None:
            return values, None
        keep_ours = self._keep_ours(record, one.remote)
        base = merge.with_own_write(link.base, link.intent_form, one.form, self._pushed)
        merged = merge.three_way(base, canonical.to_json(ours), one.form, pushed=self._pushed, keep_ours=keep_ours)
        kept = set(merge.changed_fields(one.form, merged.merged, self._pushed))
        values = {name: value for name, value in values.items() if name not in kept}
        if "void" in kept:
            values = {name: value for name, value in values.items() if name not in ("status", "balance")}
        elif isinstance(record, Invoice | Expense) and "lines" in kept:
            values = derive.with_own_lines(values, record.total)
        return values, merged

    def _keep_ours(self, record: Record, remote: Remote) -> bool:
        policy = self.config.conflict_policy
        if policy == SyncConfig.ConflictPolicy.LATEST_WINS:
            return remote.changed_at is None or record.updated_at >= remote.changed_at
        return policy == SyncConfig.ConflictPolicy.OURS

    def _agreed(self, link: RecordLink, one: Incoming, local_version: int) -> RecordLink:
        link.dealership_id = self.integration.dealership_id
        link.integration = self.integration
        link.stream, link.record_type = self.stream.name, self.stream.maps_to
        link.remote_id, link.remote_version = one.remote.id, one.remote.version
        link.base, link.raw_hash, link.local_version = one.form, one.raw_hash, local_version
        link.agreed_at, link.remote_deleted_at = timezone.now(), None
        link.intent_key = link.intent_form = None
        return link

    def _delete_one(self, link: RecordLink, counts: Counter[str]) -> SyncItem | None:
        record = self.translator.model.objects.filter(pk=link.local_id).first()
        link.remote_deleted_at = timezone.now()
        if record is None or record.deleted_at:
            link.save(update_fields=["remote_deleted_at"])
            counts["unchanged"] += 1
            return None
        records.delete(record, actor=self.actor, settle=False)
        link.local_version = record.version
        link.save(update_fields=["remote_deleted_at", "local_version"])
        counts["updated"] += 1
        return self._item(Outcome.DELETED, str(link.remote_id), record)

    def _item(
        self, outcome: str, remote_id: str, record: Record, *, before: Mapping[str, Any] | None = None, detail: str = ""
    ) -> SyncItem:
        return SyncItem(
            dealership_id=self.integration.dealership_id,
            run=self.run,
            outcome=outcome,
            record_type=self.stream.maps_to,
            local_id=record.pk,
            remote_id=remote_id,
            label=str(record)[:300],
            before={name: pair[0] for name, pair in before.items()} if before else None,
            detail=detail,
        )

    def _conflict_item(
        self, one: Incoming, record: Record, merged: merge.Merge, changes: Mapping[str, Any]
    ) -> SyncItem:
        kept = "ours" if merged.kept_ours else "theirs"
        told = "; ".join(f"{k}: {ours!r} here, {theirs!r} there" for k, (_, ours, theirs) in merged.conflicts.items())
        item = self._item(Outcome.CONFLICT, one.remote.id, record, before=changes, detail=told)
        item.code = kept
        return item

    def _set_aside(self, remote: Remote, problem: RejectedRecord, counts: Counter[str]) -> None:
        counts["rejected"] += 1
        local_id = next((link.local_id for link in self._links([remote]).values()), None)
        aside = dead_letters.Aside(
            stream=self.stream.name,
            direction=DeadLetter.Direction.PULL,
            record_type=self.stream.maps_to,
            reason=problem.message,
            next_step=problem.next_step,
            code=problem.code,
            local_id=local_id,
            remote_id=remote.id,
            raw_hash=hash_of(remote.raw),
            label=f"{self.stream.label} #{remote.id}",
        )
        dead_letters.set_aside(self.run, aside, actor=self.actor)


def is_in_use(form: Mapping[str, Any]) -> bool:
    """Whether the provider still counts with it: neither void nor inactive."""
    return bool(form.get("active", not form.get("void")))


def _no_parent(missing: MissingParents) -> RejectedRecord:
    named = ", ".join(f"{stream} #{', #'.join(sorted(ids))}" for stream, ids in missing.ids.items())
    return RejectedRecord(
        f"It refers to {named}, which cannot be read there.",
        next_step="Restore that record at the provider, or correct this one there, then retry.",
    )
