"""Translates between the dealership's records and canonical records of one stream.

Field names are the same on both sides; what differs are the references, which the record links translate, a few words
(`status` here, `void` there) and the fields that a stream does not have.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connectors import records as canonical
from connectors import values
from connectors.records import Canonical
from connectors.streams import Stream
from dealership.models import Account, Contact, Expense, Invoice, Payment, Record
from integrations.models import Integration, RecordLink

MODELS: dict[str, type[Record]] = {
    "contact": Contact,
    "invoice": Invoice,
    "payment": Payment,
    "expense": Expense,
    "account": Account,
}
PREFETCH: dict[str, tuple[str, ...]] = {
    "invoice": ("lines",),
    "payment": ("allocations",),
    "expense": ("lines",),
}
VOIDABLE = ("invoice", "payment", "expense")


@dataclass
class MissingParents:
    """References that no link translates yet: stream name to the ids on the side that was given."""

    ids: dict[str, set[str]] = field(default_factory=dict)

    def add(self, stream: str, identifier: str) -> None:
        self.ids.setdefault(stream, set()).add(identifier)


def compared_fields(stream: Stream) -> list[str]:
    """The canonical fields that mean something in this stream."""
    return [name for name in canonical.field_names(canonical.CLASSES[stream.maps_to]) if name not in stream.absent]


def pushed_fields(stream: Stream) -> list[str]:
    """The fields we may write at the provider."""
    owners = canonical.owners(canonical.CLASSES[stream.maps_to])
    return [n for n in compared_fields(stream) if owners[n] == canonical.BOTH and n not in stream.theirs]


class Translator:
    """One stream of one integration. Links are looked up once for a whole sequence."""

    def __init__(self, integration: Integration, stream: Stream) -> None:
        self.integration, self.stream = integration, stream
        self.model = MODELS[stream.maps_to]
        self._cls = canonical.CLASSES[stream.maps_to]
        self._plain_refs = {k: v for k, v in stream.references.items() if "." not in k}
        self._row_refs: dict[str, dict[str, str]] = {}
        for path, target in stream.references.items():
            if "." in path:
                rows, name = path.split(".")
                self._row_refs.setdefault(rows, {})[name] = target

    def local_rows(self, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Record]:
        """Those records of this dealership, with the children that a canonical record needs."""
        rows = self.model.objects.for_dealership(self.integration.dealership_id).filter(pk__in=list(ids))
        return {row.pk: row for row in rows.prefetch_related(*PREFETCH.get(self.stream.maps_to, ()))}

    def for_merge(self, records: Sequence[Record]) -> list[Canonical]:
        """Our records in the provider's terms; a parent that is not there yet is named by our own id."""
        return [item for item in self._outgoing(records, named=True) if not isinstance(item, MissingParents)]

    def to_canonical(self, records: Sequence[Record]) -> list[Canonical | MissingParents]:
        """Our records in the provider's terms; MissingParents holds the local ids that are not there yet."""
        return self._outgoing(records, named=False)

    def _outgoing(self, records: Sequence[Record], *, named: bool) -> list[Canonical | MissingParents]:
        wanted: dict[str, set[str]] = {}
        for record in records:
            for target, local_id in self._local_references(record):
                wanted.setdefault(target, set()).add(local_id)
        links = {target: self._remote_ids(target, ids) for target, ids in wanted.items()}
        if named:
            links = {t: {i: f"local:{i}" for i in ids} | links[t] for t, ids in wanted.items()}
        return [self._one_to_canonical(record, links) for record in records]

    def to_local(self, items: Sequence[Canonical]) -> list[dict[str, Any] | MissingParents]:
        """Values for `dealership.records`; MissingParents holds the remote ids that are not here yet."""
        wanted: dict[str, set[str]] = {}
        for item in items:
            for target, remote_id in self._remote_references(item):
                wanted.setdefault(target, set()).add(remote_id)
        links = {target: self._local_ids(target, ids) for target, ids in wanted.items()}
        return [self._one_to_local(item, links) for item in items]

    def _one_to_canonical(self, record: Record, links: Mapping[str, Mapping[str, str]]) -> Canonical | MissingParents:
        missing = MissingParents()
        for target, local_id in self._local_references(record):
            if local_id not in links[target]:
                missing.add(target, local_id)
        if missing.ids:
            return missing
        given = {name: self._outward(record, name, links) for name in compared_fields(self.stream)}
        result: Canonical = self._cls(**given)
        return result

    def _outward(self, record: Record, name: str, links: Mapping[str, Mapping[str, str]]) -> Any:
        if name == "void":
            return record.status == "void"  # type: ignore[attr-defined]
        row_class = canonical.part(self._cls, name)
        if row_class is not None:
            refs = self._row_refs.get(name, {})
            rows = getattr(record, name).all()
            if name == "lines":
                rows = sorted(rows, key=lambda row: row.position)
            made = [
                row_class(**{f: _field(row, f, refs, links) for f in canonical.field_names(row_class)}) for row in rows
            ]
            return tuple(sorted(made, key=lambda row: row.invoice_id) if name == "allocations" else made)
        return _field(record, name, self._plain_refs, links)

    def _one_to_local(self, item: Canonical, links: Mapping[str, Mapping[str, str]]) -> dict[str, Any] | MissingParents:
        missing = MissingParents()
        for target, remote_id in self._remote_references(item):
            if remote_id not in links[target]:
                missing.add(target, remote_id)
        if missing.ids:
            return missing
        result: dict[str, Any] = {}
        for name in compared_fields(self.stream):
            value = getattr(item, name)
            if name == "void":
                continue
            if canonical.part(self._cls, name) is not None:
                refs = self._row_refs.get(name, {})
                result[name] = [
                    {f: _inward(getattr(row, f), refs.get(f), links) for f in canonical.field_names(type(row))}
                    for row in value
                ]
            else:
                result[name] = _inward(value, self._plain_refs.get(name), links)
        return result

    def _local_references(self, record: Record) -> Iterable[tuple[str, str]]:
        for name, target in self._plain_refs.items():
            if value := getattr(record, name):
                yield target, str(value)
        for rows, refs in self._row_refs.items():
            for row in getattr(record, rows).all():
                for name, target in refs.items():
                    if value := getattr(row, name):
                        yield target, str(value)

    def _remote_references(self, item: Canonical) -> Iterable[tuple[str, str]]:
        for name, target in self._plain_refs.items():
            if value := getattr(item, name):
                yield target, value
        for rows, refs in self._row_refs.items():
            for row in getattr(item, rows):
                for name, target in refs.items():
                    if value := getattr(row, name):
                        yield target, value

    def _remote_ids(self, target: str, local_ids: set[str]) -> dict[str, str]:
        rows = RecordLink.objects.filter(
            integration=self.integration, stream=target, local_id__in=local_ids, remote_id__isnull=False
        ).values_list("local_id", "remote_id")
        return {str(local_id): str(remote_id) for local_id, remote_id in rows}

    def _local_ids(self, target: str, remote_ids: set[str]) -> dict[str, str]:
        rows = RecordLink.objects.filter(
            integration=self.integration, stream=target, remote_id__in=remote_ids
        ).values_list("remote_id", "local_id")
        return {str(remote_id): str(local_id) for remote_id, local_id in rows}


def _field(row: Any, name: str, refs: Mapping[str, str], links: Mapping[str, Mapping[str, str]]) -> Any:
    value = getattr(row, name)
    if name in refs:
        return links[refs[name]][str(value)] if value else ""
    if isinstance(value, Decimal):
        return values.number(value, name) if name in ("quantity", "unit_price") else values.money(value, name)
    if isinstance(value, uuid.UUID):
        return str(value)
    return value


def _inward(value: Any, target: str | None, links: Mapping[str, Mapping[str, str]]) -> Any:
    if target is None:
        return value
    return uuid.UUID(links[target][value]) if value else None
