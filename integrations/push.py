"""Sends what differs from the base to the provider, batch by batch.

A push happens when our canonical record differs from what the provider last answered, whatever caused it. Each batch is
first intended (committed with its idempotency key), then sent, then its outcomes are stored. A batch whose answer never
came is sent again with the same key before anything else; the connector looks first whether it arrived.
"""

import time
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from connectors import records as canonical
from connectors.base import Connector
from connectors.errors import TransientError
from connectors.records import Canonical
from connectors.streams import Change, Op, Push, Retry, Stream
from dealership import bulk
from dealership.models import Record
from integrations import dead_letters, merge, runs
from integrations.canon import MissingParents, Translator, pushed_fields
from integrations.models import RecordLink, SyncConfig, SyncLog
from integrations.outcomes import Outcomes, Outgoing

LOOK_AHEAD = 500
PASSES = 4
# Three writes of one link that no human change asked for are a loop between two systems, not a sync.
MOST_WRITES_WITHOUT_CHANGE = 3


class Pusher:
    """Writes one stream of one run's integration."""

    def __init__(self, run: SyncLog, connector: Connector, stream: Stream | None = None) -> None:
        self.run, self.connector = run, connector
        self.stream = stream or connector.stream(run.stream)
        self.integration = run.integration
        self.translator = Translator(self.integration, self.stream)
        self._names = pushed_fields(self.stream)
        self._cls = canonical.CLASSES[self.stream.maps_to]
        self._outcomes = Outcomes(run, connector, self.stream, self.translator)

    def push_dirty(self, deadline: float) -> bool:
        """Send everything that differs. False when the slice ended first; raises TransientError to try some later."""
        if self._push is None:
            return True
        if not self._recover(deadline):
            return False
        for _ in range(PASSES):
            before = self._outcomes.again
            if not self._pass(deadline):
                return False
            if self._outcomes.again == before:
                break
        else:
            # Both sides are being changed as fast as we write: go on in a run of its own.
            SyncConfig.objects.filter(integration=self.integration, stream=self.stream.name).update(push_wanted=True)
        if self._outcomes.put_off:
            raise TransientError(f"{self._outcomes.put_off} records could not be taken now. They are sent again.")
        return True

    def push_ids(self, local_ids: Iterable[uuid.UUID]) -> None:
        """Send these records now: the parents of others."""
        if self._push is None:
            return
        for key in self._intents().filter(local_id__in=list(local_ids)):
            self._resend(key)
        ids = list(self._dirty().filter(pk__in=list(local_ids)).values_list("pk", flat=True))
        for start in range(0, len(ids), self._push.batch_size):
            self._batch(ids[start : start + self._push.batch_size])

    @property
    def _push(self) -> Push | None:
        """How the stream is written, None where it is not or the dealership has switched that off."""
        if self.stream.push is None:
            return None
        config = SyncConfig.objects.filter(integration=self.integration, stream=self.stream.name).first()
        return self.stream.push if config and config.enabled and config.pushes else None

    def _links(self) -> QuerySet[RecordLink]:
        return RecordLink.objects.filter(integration=self.integration, stream=self.stream.name)

    def _intents(self) -> Any:
        """Keys of the batches whose answer is not known."""
        return self._links().filter(intent_key__isnull=False).values_list("intent_key", flat=True).distinct()

    def _dirty(self) -> QuerySet[Record]:
        """Records whose version neither agreed nor was refused. Drafts and never-sent deleted ones stay here."""
        mine = self._links_of_outer()
        settled = mine.filter(Q(local_version=OuterRef("version")) | Q(refused_version=OuterRef("version")))
        linked = mine.filter(remote_id__isnull=False)
        rows = self.translator.model.objects.for_dealership(self.integration.dealership_id).filter(**self.stream.where)
        rows = rows.filter(~Exists(settled))
        if self.stream.maps_to == "invoice":
            rows = rows.exclude(status="draft")
        if "void" in self._names:
            rows = rows.filter(Exists(linked) | ~Q(status="void"))
        return rows.filter(Q(deleted_at=None) | Exists(linked))

    def _links_of_outer(self) -> QuerySet[RecordLink]:
        """The links of the outer query's record, looked up by its id whatever the planner believes.

        Coalesce hides the integration from the indexes that begin with it: without statistics, as in a first sync soon
        after an import, PostgreSQL takes one of those and compares every record with every link.
        """
        links = RecordLink.objects.alias(of=Coalesce("integration_id", "integration_id"))
        return links.filter(of=self.integration.pk, stream=self.stream.name, local_id=OuterRef("pk"))

    def _recover(self, deadline: float) -> bool:
        for key in list(self._intents()):
            self._resend(key)
            if time.monotonic() >= deadline:
                return False
        return True

    def _resend(self, key: uuid.UUID) -> None:
        """The same batch once more, with the same key and the same places.

        One that was given a new parent meanwhile, which cannot be sent, keeps its intent and waits.
        """
        links = list(self._links().filter(intent_key=key).order_by("intent_item"))
        rows = self.translator.local_rows([link.local_id for link in links])
        forms = self._with_parents([rows[link.local_id] for link in links])
        batch = []
        for link, form in zip(links, forms, strict=True):
            record = rows[link.local_id]
            if not isinstance(form, MissingParents):
                batch.append(Outgoing(record, link, form, self._op(record, link, form) or Op.UPDATE, tried=True))
            elif link.refused_version != record.version:
                self._outcomes.refuse_orphan(record, link, form)
        if batch:
            ids = [one.link.pk for one in batch]
            RecordLink.objects.filter(pk__in=ids).update(intent_tries=F("intent_tries") + 1)
            self._send(key, batch)

    def _pass(self, deadline: float) -> bool:
        """Once over everything that differs, in the order of the ids: what changes behind us has its own wish."""
        assert self._push is not None
        last: uuid.UUID | None = None
        first = True
        while True:
            rows = self._dirty().order_by("pk")
            ids = list((rows if last is None else rows.filter(pk__gt=last)).values_list("pk", flat=True)[:LOOK_AHEAD])
            if not ids:
                return True
            if first:
                first = False
                self._expect(self._dirty().count() if len(ids) == LOOK_AHEAD else len(ids))
            for start in range(0, len(ids), self._push.batch_size):
                self._batch(ids[start : start + self._push.batch_size])
                if time.monotonic() >= deadline:
                    return False
            last = ids[-1]

    def _expect(self, number: int) -> None:
        """What the progress bar counts to: sent so far and still to send."""
        sent = F("sent_created") + F("sent_updated") + F("rejected")
        SyncLog.objects.filter(pk=self.run.pk).update(expected=sent + number)

    def _batch(self, ids: Sequence[uuid.UUID]) -> None:
        rows = self.translator.local_rows(ids)
        records = [rows[pk] for pk in ids if pk in rows]
        forms = self._with_parents(records)
        links = {link.local_id: link for link in self._links().filter(local_id__in=ids)}
        batch: list[Outgoing] = []
        agreed: list[RecordLink] = []
        for record, form in zip(records, forms, strict=True):
            link = links.get(record.pk) or RecordLink(
                dealership_id=record.dealership_id,
                integration=self.integration,
                stream=self.stream.name,
                record_type=self.stream.maps_to,
                local_id=record.pk,
            )
            if link.intent_key is not None:
                continue  # its answer is not known yet: only the same write may be repeated
            if isinstance(form, MissingParents):
                self._outcomes.refuse_orphan(record, link, form)
                continue
            op = self._op(record, link, form)
            if op is None and link.remote_deleted_at and record.deleted_at is None:
                self._outcomes.refuse_gone(record, link)
            elif op is None:
                link.local_version = record.version
                agreed.append(link)
            elif link.writes_since_change >= MOST_WRITES_WITHOUT_CHANGE and not self._outcomes.changed_by_a_person(
                link
            ):
                self._outcomes.refuse_loop(record, link)
            else:
                batch.append(Outgoing(record, link, form, op, tried=False))
        bulk.update(agreed, ["local_version"])
        if agreed:
            dead_letters.resolve(self.integration.pk, self.stream.name, local_ids=[link.local_id for link in agreed])
        if batch:
            self._intend_and_send(batch)

    def _with_parents(self, records: Sequence[Record]) -> list[Canonical | MissingParents]:
        forms = self.translator.to_canonical(records)
        wanted: dict[str, set[uuid.UUID]] = {}
        for form in forms:
            if isinstance(form, MissingParents):
                for stream, ids in form.ids.items():
                    wanted.setdefault(stream, set()).update(uuid.UUID(i) for i in ids)
        if not wanted:
            return forms
        for name, local_ids in wanted.items():
            Pusher(self.run, self.connector, self.connector.stream(name)).push_ids(local_ids)
        return self.translator.to_canonical(records)

    def _op(self, record: Record, link: RecordLink, form: Canonical) -> Op | None:
        """What has to be written, None when both sides agree already."""
        if not link.remote_id:
            return Op.CREATE
        if link.remote_deleted_at:
            return None
        base = link.base or {}
        gone = record.deleted_at is not None or getattr(form, "void", False)
        if "void" in self._names and gone:
            return None if base.get("void") else Op.VOID
        if record.deleted_at is not None:
            # What cannot be voided is set inactive; see `Outgoing.change`.
            return Op.UPDATE if base.get("active") else None
        return Op.UPDATE if merge.changed_fields(base, canonical.to_json(form), self._names) else None

    def _intend_and_send(self, batch: Sequence[Outgoing]) -> None:
        key = uuid.uuid4()
        for item, one in enumerate(batch, start=1):
            one.link.intent_key, one.link.intent_item, one.link.intent_tries = key, item, 1
            one.link.intent_version = one.record.version
            one.link.intent_form = canonical.to_json(one.wanted())
        with transaction.atomic():
            runs.checkpoint(self.run)
            bulk.update(
                [one.link for one in batch if not one.link._state.adding],
                ["intent_key", "intent_item", "intent_tries", "intent_version", "intent_form"],
            )
            bulk.insert([one.link for one in batch if one.link._state.adding])
        self._send(key, batch)

    def _send(self, key: uuid.UUID, batch: Sequence[Outgoing]) -> None:
        outcomes = self.connector.write(self.stream, [self._change(one) for one in batch], key=str(key))
        pairs = list(zip(batch, outcomes, strict=True))
        with transaction.atomic():
            counts: Counter[str] = Counter()
            self._outcomes.store(pairs, counts)
            runs.checkpoint(self.run, counts=counts)
        self._outcomes.put_off += sum(isinstance(outcome, Retry) for _, outcome in pairs)
        self._outcomes.read_again()

    def _change(self, one: Outgoing) -> Change:
        return Change(
            op=one.op,
            item=one.link.intent_item,
            label=str(one.record),
            marker=str(one.record.pk),
            record=one.wanted(),
            remote_id=one.link.remote_id or "",
            remote_version=one.link.remote_version,
            base=canonical.from_json(self._cls, one.link.base) if one.link.base else None,
            tried=one.tried,
        )
