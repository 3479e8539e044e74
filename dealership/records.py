"""The one way to change a dealership's records.

Every function raises the record's version and writes its event in the same transaction. Children (lines, taxes,
allocations) are part of their record: they are given as a list of dicts and replaced as a whole.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from django.db import models, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from dealership import bulk, totals
from dealership.events import Actor, build_event
from dealership.models import (
    Allocation,
    Contact,
    Dealership,
    Event,
    Expense,
    ExpenseLine,
    Invoice,
    InvoiceLine,
    InvoiceTax,
    Payment,
    Record,
)

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Children:
    model: type[models.Model]
    parent: str
    fields: tuple[str, ...]
    numbered: bool = False


CHILDREN: dict[type[Record], dict[str, Children]] = {
    Invoice: {
        "lines": Children(
            InvoiceLine, "invoice_id", ("description", "quantity", "unit_price", "amount", "tax_code"), numbered=True
        ),
        "taxes": Children(InvoiceTax, "invoice_id", ("name", "rate_percent", "amount")),
    },
    Expense: {
        "lines": Children(ExpenseLine, "expense_id", ("account_id", "description", "amount"), numbered=True),
    },
    Payment: {
        "allocations": Children(Allocation, "payment_id", ("invoice_id", "amount")),
    },
}


class StaleRecord(Exception):
    """Somebody changed the record since it was read: read it again and re-apply the change."""


class FixedField(Exception):
    """A value that is given once, when the record is made."""


class ForeignRecord(Exception):
    """A reference to a record of another dealership, or to none."""


def create(model: type[R], dealership: Dealership, values: Mapping[str, Any], *, actor: Actor) -> R:
    """One new record with its children. Totals that follow from the lines are filled in."""
    with transaction.atomic():
        _check_references(model, dealership.pk, values)
        record = create_many(model, dealership.pk, [totals.fill(model, dict(values))], actor=actor)[0]
        if isinstance(record, Payment):
            _settle(record, actor=actor, before=None)
        record.refresh_from_db()
    return record


def create_many(
    model: type[R], dealership_id: uuid.UUID, rows: Sequence[Mapping[str, Any]], *, actor: Actor
) -> list[R]:
    """Many new records in a few statements. References and totals are taken as given."""
    children = CHILDREN.get(model, {})
    records = [
        model(dealership_id=dealership_id, **{k: v for k, v in row.items() if k not in children}) for row in rows
    ]
    bulk.insert(records)
    for name, spec in children.items():
        _write_children(
            spec, dealership_id, ((r.pk, row.get(name) or ()) for r, row in zip(records, rows, strict=True))
        )
    bulk.insert(
        [
            _event(record, "created", actor, {k: [None, plain(v)] for k, v in row.items() if v not in (None, "", [])})
            for record, row in zip(records, rows, strict=True)
        ]
    )
    return records


def update(
    record: Record,
    changes: Mapping[str, Any],
    *,
    actor: Actor,
    expected_version: int | None = None,
    verb: str = "updated",
    settle: bool = True,
) -> bool:
    """Apply the values that really differ; False when none does. `record` is brought up to date.

    Raises StaleRecord when the stored version is not the expected one (by default the one of `record`), FixedField when
    the kind of an invoice, expense or contact would change.
    """
    _refuse_fixed(record, changes)
    if settle:
        _check_references(type(record), record.dealership_id, changes)
        changes = totals.fill(type(record), dict(changes), record)
    different = difference(record, changes)
    if not different:
        return False
    expected = record.version if expected_version is None else expected_version
    children = CHILDREN.get(type(record), {})
    with transaction.atomic():
        plain_fields = {k: v for k, v in changes.items() if k in different and k not in children}
        moved = (
            type(record)
            .objects.filter(pk=record.pk, version=expected)
            .update(version=F("version") + 1, updated_at=timezone.now(), **plain_fields)
        )
        if not moved:
            raise StaleRecord(_("%(record)s was changed by somebody else meanwhile.") % {"record": record})
        for name in different.keys() & children.keys():
            _replace_children(record, children[name], changes[name])
        record.refresh_from_db()
        _event(record, verb, actor, different).save(force_insert=True)
        if settle and isinstance(record, Payment):
            _settle(record, actor=actor, before=different)
    return True


def update_many(changed: Sequence[tuple[Record, Mapping[str, Any], str]], *, actor: Actor) -> None:
    """Many records of one kind in a few statements, each with its changes and its verb. Totals are taken as given.

    All of them or none: raises StaleRecord when the stored version of one is not that of the given record.
    """
    for record, changes, _verb in changed:
        _refuse_fixed(record, changes)
    told = [(record, changes, verb, difference(record, changes)) for record, changes, verb in changed]
    told = [one for one in told if one[3]]
    if not told:
        return
    model = type(told[0][0])
    children = CHILDREN.get(model, {})
    with transaction.atomic():
        _move_on(
            model, [(record, {k: changes[k] for k in new if k not in children}) for record, changes, _verb, new in told]
        )
        for name, spec in children.items():
            families = {record.pk: changes[name] for record, changes, _verb, new in told if name in new}
            if families:
                spec.model._default_manager.filter(**{f"{spec.parent}__in": list(families)}).delete()
                _write_children(spec, told[0][0].dealership_id, families.items())
        for record, changes, _verb, new in told:
            _bring_up_to_date(record, {name: changes[name] for name in new}, children)
        bulk.insert([_event(record, verb, actor, new) for record, _changes, verb, new in told])


def _move_on(model: type[Record], changed: Sequence[tuple[Record, Mapping[str, Any]]]) -> None:
    """Write the values and the next version of each, where it has the version that we know."""
    now = timezone.now()
    alike: dict[tuple[str, ...], list[list[Any]]] = {}
    for record, values in changed:
        row = [*values.values(), record.version + 1, now, record.pk, record.version]
        alike.setdefault(tuple(values), []).append(row)
    for names, rows in alike.items():
        if bulk.update_where(model, (*names, "version", "updated_at"), ("id", "version"), rows) != len(rows):
            raise StaleRecord(_("One of the records was changed by somebody else meanwhile."))


def _bring_up_to_date(record: Record, values: Mapping[str, Any], children: Mapping[str, Children]) -> None:
    record.version += 1
    for name, value in values.items():
        if name in children:
            getattr(record, "_prefetched_objects_cache", {}).pop(name, None)
        else:
            setattr(record, name, value)


def delete(record: Record, *, actor: Actor, settle: bool = True) -> bool:
    """Soft delete: the row and its links stay, and it can be restored."""
    return update(record, {"deleted_at": timezone.now()}, actor=actor, verb="deleted", settle=settle)


def restore(record: Record, *, actor: Actor) -> bool:
    return update(record, {"deleted_at": None}, actor=actor, verb="restored")


def void(record: Invoice | Payment | Expense, *, actor: Actor) -> bool:
    """Keep the record and its amounts, but count it no more."""
    changes: dict[str, Any] = {"status": type(record).Status.VOID}
    if not isinstance(record, Payment):
        changes["balance"] = Decimal(0)
    return update(record, changes, actor=actor, verb="voided")


def difference(record: Record, changes: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What `changes` would really alter: field to [before, after], as JSON-ready values."""
    children = CHILDREN.get(type(record), {})
    found: dict[str, list[Any]] = {}
    for name, after in changes.items():
        if name in children:
            before_rows, after_rows = child_values(record, name), _normal(children[name], after)
            if before_rows != after_rows:
                found[name] = [plain(before_rows), plain(after_rows)]
        elif getattr(record, name) != after:
            found[name] = [plain(getattr(record, name)), plain(after)]
    return found


def child_values(record: Record, name: str) -> list[dict[str, Any]]:
    """The record's children as the dicts that `update` takes. Uses a prefetch where there is one."""
    spec = CHILDREN[type(record)][name]
    rows = getattr(record, name).all()
    if spec.numbered:
        rows = sorted(rows, key=lambda row: row.position)
    return [{field: getattr(row, field) for field in spec.fields} for row in rows]


def plain(value: Any) -> Any:
    """A value as JSON keeps it: decimals, dates and ids as text."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, models.Model):
        return str(value.pk)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _settle(payment: Payment, *, actor: Actor, before: Mapping[str, Any] | None) -> None:
    """Move the balances of the invoices it pays by what it pays more or less now. `before`: None for a new payment.

    By the difference, never from the start: an invoice may also be paid by what is kept elsewhere.
    """
    was = {} if before is None else _paid_before(payment, before)
    now = _paid(payment, child_values(payment, "allocations"), payment.status, payment.deleted_at)
    more = {key: now.get(key, Decimal(0)) - was.get(key, Decimal(0)) for key in {*was, *now}}
    for invoice in Invoice.objects.for_dealership(payment.dealership_id).filter(pk__in=[k for k in more if more[k]]):
        if invoice.status != Invoice.Status.VOID:
            changes = totals.owed(invoice, invoice.balance - more[str(invoice.pk)])
            became_paid = changes["status"] == Invoice.Status.PAID != invoice.status
            update(invoice, changes, actor=actor, verb="paid" if became_paid else "updated", settle=False)


def _paid_before(payment: Payment, before: Mapping[str, Any]) -> dict[str, Decimal]:
    rows = before["allocations"][0] if "allocations" in before else child_values(payment, "allocations")
    status = before["status"][0] if "status" in before else payment.status
    return _paid(payment, rows, status, before["deleted_at"][0] if "deleted_at" in before else payment.deleted_at)


def _paid(payment: Payment, rows: Iterable[Mapping[str, Any]], status: str, deleted_at: Any) -> dict[str, Decimal]:
    """Invoice to amount; nothing for a payment that does not count."""
    if status != Payment.Status.RECEIVED or deleted_at:
        return {}
    return {str(row["invoice_id"]): Decimal(row["amount"]) for row in rows}


def _refuse_fixed(record: Record, changes: Mapping[str, Any]) -> None:
    """What a record is at the systems it was sent to cannot be changed there: a new one must be made."""
    if not isinstance(record, Contact | Invoice | Expense) or record.kind == Contact.Kind.LEAD:
        return
    if changes.get("kind", record.kind) != record.kind:
        raise FixedField(
            _("The kind of %(record)s cannot be changed. Make a new record of the other kind.") % {"record": record}
        )


def _event(record: Record, verb: str, actor: Actor, changes: Mapping[str, Any]) -> Event:
    kind = record.record_type()
    return build_event(
        f"{kind}.{verb}",
        record.dealership_id,
        actor=actor,
        record_type=kind,
        record_id=record.pk,
        record_version=record.version,
        changes=changes,
    )


def _write_children(
    spec: Children, dealership_id: uuid.UUID, families: Iterable[tuple[uuid.UUID, Iterable[Mapping[str, Any]]]]
) -> None:
    rows = []
    for parent_id, children in families:
        for position, values in enumerate(children, start=1):
            extra: dict[str, Any] = {"position": position} if spec.numbered else {}
            if spec.model is Allocation:
                extra["dealership_id"] = dealership_id
            rows.append(spec.model(**{spec.parent: parent_id}, **values, **extra))
    bulk.insert(rows)


def _replace_children(record: Record, spec: Children, rows: Iterable[Mapping[str, Any]]) -> None:
    spec.model._default_manager.filter(**{spec.parent: record.pk}).delete()
    _write_children(spec, record.dealership_id, [(record.pk, rows)])


def _normal(spec: Children, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    defaults = {field: spec.model().__dict__.get(field) for field in spec.fields}
    return [{field: row.get(field, defaults[field]) for field in spec.fields} for row in rows]


def _check_references(model: type[Record], dealership_id: uuid.UUID, values: Mapping[str, Any]) -> None:
    """Every record that `values` points to belongs to the same dealership."""
    for field in model._meta.concrete_fields:
        target = field.related_model
        given = values.get(field.attname) or values.get(field.name)
        if not given or not isinstance(target, type) or not issubclass(target, Record):
            continue
        _require_own(target, dealership_id, {given.pk if isinstance(given, models.Model) else given})
    for name, spec in CHILDREN.get(model, {}).items():
        for field in spec.model._meta.concrete_fields:
            target = field.related_model
            if field.attname == spec.parent or not isinstance(target, type) or not issubclass(target, Record):
                continue
            _require_own(
                target, dealership_id, {row[field.attname] for row in values.get(name) or () if row.get(field.attname)}
            )


def _require_own(target: type[Record], dealership_id: uuid.UUID, ids: set[Any]) -> None:
    if ids and target.objects.for_dealership(dealership_id).filter(pk__in=ids).count() != len(ids):
        raise ForeignRecord(_("This %(kind)s does not exist here.") % {"kind": target._meta.verbose_name})
