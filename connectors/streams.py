"""What a provider has, as data: streams to read, pushes to write, and what travels between it and the engine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from connectors.records import Canonical


class Deletes(StrEnum):
    """How a stream tells that something is gone."""

    NONE = "none"
    FLAGGED = "flagged"
    TOMBSTONES = "tombstones"


class Idempotency(StrEnum):
    """What keeps a repeated create from doubling."""

    KEY = "key"
    NATURAL = "natural"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Push:
    """How one stream is written. `batch_size` records go in one call; `voids` is False where nothing can be voided."""

    batch_size: int
    idempotency: Idempotency
    voids: bool
    source: str


@dataclass(frozen=True, kw_only=True)
class Stream:
    """One kind of record at the provider.

    `where` picks our records that belong to it (`{"kind": "customer"}`); `references` maps each reference field, such
    as `lines.account_id`, to the stream it points into; `rank` is the order of streams in a full sync;
    `overlap_seconds` is taken off the cursor on each read; fields in `theirs` only come in; those in `absent` have no
    home at this provider: they are neither pushed nor compared.
    """

    name: str
    label: str
    maps_to: str
    rank: int
    where: Mapping[str, str] = field(default_factory=dict)
    references: Mapping[str, str] = field(default_factory=dict)
    overlap_seconds: int = 300
    deletes: Deletes = Deletes.NONE
    push: Push | None = None
    theirs: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    money_field: str = ""
    day_field: str = ""
    source: str = ""


@dataclass(frozen=True)
class Limit:
    """A rate limit of the provider: so many calls in any window of so many seconds, per remote account."""

    name: str
    calls: int
    seconds: int
    source: str


@dataclass(frozen=True, kw_only=True)
class Remote:
    """One object as the provider has it. `raw` is its JSON; `changed_at` aware UTC; a deleted one has only its id.

    `marker` is the hub's own record id where the object carries it in its note: it was written by us.
    """

    id: str
    version: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict)
    changed_at: datetime | None = None
    deleted: bool = False
    marker: str = ""


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some objects and how to go on. `next_token` is empty on the last page; `as_of` is the provider's clock.

    `complete_deletes` is False when the provider's cap may have hidden a deletion: only a listing of all ids tells.
    """

    remotes: list[Remote]
    next_token: str = ""
    as_of: datetime | None = None
    complete_deletes: bool = True


class Op(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    VOID = "void"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One write that is wanted. `label` names the record in messages; `marker` is the hub's own id of the record.

    `tried` says that an earlier try of this very write may have reached the provider.
    """

    op: Op
    item: int
    label: str
    marker: str
    record: Canonical
    remote_id: str = ""
    remote_version: str = ""
    base: Canonical | None = None
    tried: bool = False


@dataclass(frozen=True)
class Written:
    """Done: the object as the provider answered it."""

    remote: Remote


@dataclass(frozen=True)
class Found:
    """Nothing was written: this object with the same natural key is there already."""

    remote: Remote


@dataclass(frozen=True)
class Stale:
    """Nothing was written: the provider's object has changed since it was read, this is it now."""

    remote: Remote


@dataclass(frozen=True)
class Refused:
    """The provider will not take it as it is."""

    message: str
    next_step: str = ""
    code: str = ""
    answer: str = ""


@dataclass(frozen=True)
class Missing:
    """The provider's object is gone: there is nothing to update."""


@dataclass(frozen=True)
class Retry:
    """The provider was in trouble with this one alone: it stays pending and is tried again under a new key."""

    message: str


Outcome = Written | Found | Stale | Refused | Missing | Retry
