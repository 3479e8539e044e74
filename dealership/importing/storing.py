"""Planned records against the stored ones: create, update what differs, leave the rest alone.

A record is found again by its natural key: an outside number, or a contact's kind and display name, a
vehicle's VIN or stock number, an invoice's kind and number, a payment's reference, customer, day and
amount. So the same rows imported twice change nothing.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from dealership import records, totals
from dealership.events import Actor
from dealership.importing import paying
from dealership.importing.directory import Directory, Unclear, keep_numbers
from dealership.importing.plan import Candidate, Source, numbered_name
from dealership.importing.problems import Problem
from dealership.models import Contact, Dealership, ImportFile, Invoice, Payment, Record, Vehicle


@dataclass
class Outcome:
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        self.created += other.created
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.problems.extend(other.problems)


@dataclass(frozen=True)
class Match:
    """A candidate with its stored record, if there is one, and the values it should have."""

    candidate: Candidate
    record: Record | None
    values: dict[str, Any]

    @property
    def difference(self) -> dict[str, list[Any]]:
        return records.difference(self.record, self.values) if self.record is not None else {}


class Store:
    """Stores the candidates of one file. Knows what it stored, so make a new one after a rollback."""

    def __init__(self, dealership: Dealership, source: Source, *, actor: Actor) -> None:
        self.dealership = dealership
        self.source = source
        self.actor = actor
        self._directories: dict[str, Directory] = {}

    def apply(self, candidates: Sequence[Candidate]) -> Outcome:
        """Write them, inside the caller's transaction. Raises StaleRecord when somebody edits one meanwhile."""
        if self.source.kind.slug in (ImportFile.Kind.INVOICES, ImportFile.Kind.PAYMENTS):
            customers = [candidate.customer for candidate in candidates if candidate.customer]
            self._directory(Contact.Kind.CUSTOMER).create_missing(
                customers, self.source.formats.currency, actor=self.actor
            )
        outcome = Outcome()
        matches = self.match(candidates, outcome.problems)
        self._create([match for match in matches if match.record is None], outcome)
        for match in matches:
            if match.record is not None:
                self._update(match, match.record, outcome)
        return outcome

    def match(self, candidates: Sequence[Candidate], problems: list[Problem]) -> list[Match]:
        """What is stored of each candidate; those that cannot be stored become problems. Writes nothing."""
        kind = self.source.kind.slug
        if kind == ImportFile.Kind.CONTACTS:
            return list(self._match_contacts(candidates, problems))
        if kind == ImportFile.Kind.VEHICLES:
            return list(self._match_vehicles(candidates, problems))
        if kind == ImportFile.Kind.INVOICES:
            return list(self._match_invoices(candidates, problems))
        return list(self._match_payments(candidates, problems))

    def _create(self, matches: list[Match], outcome: Outcome) -> None:
        if not matches:
            return
        model = _MODELS[self.source.kind.slug]
        paying_invoices = [match for match in matches if match.values.get("invoice")]
        plain = [match for match in matches if not match.values.get("invoice")]
        rows = [totals.fill(model, {k: v for k, v in match.values.items() if k != "invoice"}) for match in plain]
        created = list(zip(plain, records.create_many(model, self.dealership.pk, rows, actor=self.actor), strict=True))
        for match in paying_invoices:
            values = paying.with_allocation(match.values, None)
            created.append((match, records.create(model, self.dealership, values, actor=self.actor)))
        self._remember([(match.candidate, record) for match, record in created])
        outcome.created += len(matches)

    def _update(self, match: Match, record: Record, outcome: Outcome) -> None:
        values = match.values
        if isinstance(record, Payment):
            values = paying.with_allocation(values, record)
        different = records.difference(record, values)
        if not different:
            outcome.unchanged += 1
            return
        if isinstance(record, Invoice | Payment) and record.status == type(record).Status.VOID:
            reason = _("The record is void here, and the row would change it.")
            outcome.problems.append(Problem(match.candidate.row, "", reason, str(record)))
            return
        records.update(record, values, actor=self.actor)
        self._remember([(match.candidate, record)])
        outcome.updated += 1

    def _remember(self, stored: Iterable[tuple[Candidate, Record]]) -> None:
        numbers: dict[str, dict[str, uuid.UUID]] = {}
        for candidate, record in stored:
            scope = record.kind if isinstance(record, Contact) else record.record_type()
            if isinstance(record, Contact):
                self._directory(scope).note(record.pk, record.display_name, candidate.number)
            if candidate.number:
                numbers.setdefault(scope, {})[candidate.number] = record.pk
        for scope, own in numbers.items():
            keep_numbers(self.dealership, scope, own)

    def _directory(self, kind: str) -> Directory:
        if kind not in self._directories:
            self._directories[kind] = Directory(self.dealership, kind)
        return self._directories[kind]

    def _match_contacts(self, candidates: Sequence[Candidate], problems: list[Problem]) -> Iterable[Match]:
        column = self.source.column("display_name")
        found: list[tuple[Candidate, uuid.UUID | None]] = []
        for candidate in candidates:
            directory = self._directory(candidate.values["kind"])
            name = candidate.values["display_name"]
            try:
                pk = directory.find(name, candidate.number)
            except Unclear as error:
                problems.append(Problem(candidate.row, column, str(error), name))
                continue
            if directory.is_taken(name, pk):
                reason = _("Another contact has this name.")
                problems.append(Problem(candidate.row, column, reason, name))
                continue
            found.append((candidate, pk))
        stored = Contact.objects.for_dealership(self.dealership).in_bulk([pk for _candidate, pk in found if pk])
        for candidate, pk in found:
            values = dict(candidate.values)
            # A name made from the number must not undo the name that somebody has given since.
            if pk and candidate.number and values["display_name"] == numbered_name(candidate.number):
                del values["display_name"]
            yield Match(candidate, stored[pk] if pk else None, values)

    def _match_vehicles(self, candidates: Sequence[Candidate], problems: list[Problem]) -> Iterable[Match]:
        vins = self._vehicles("vin", [c.values.get("vin", "") for c in candidates])
        stocks = self._vehicles("stock_number", [c.values.get("stock_number", "") for c in candidates])
        for candidate in candidates:
            vin = candidate.values.get("vin", "")
            by_vin = vins.get(vin)
            by_stock = stocks.get(candidate.values.get("stock_number", ""))
            contradiction = by_vin and by_stock and by_vin.pk != by_stock.pk
            if contradiction or (by_stock and not by_vin and vin and by_stock.vin):
                reason = _("The stock number belongs to a vehicle with another VIN.")
                value = candidate.values["stock_number"]
                problems.append(Problem(candidate.row, self.source.column("stock_number"), reason, value))
                continue
            yield Match(candidate, by_vin or by_stock, dict(candidate.values))

    def _vehicles(self, name: str, keys: Iterable[str]) -> dict[str, Vehicle]:
        wanted = {key for key in keys if key}
        rows = Vehicle.objects.for_dealership(self.dealership).present().filter(**{f"{name}__in": wanted})
        return {getattr(vehicle, name): vehicle for vehicle in rows}

    def _match_invoices(self, candidates: Sequence[Candidate], problems: list[Problem]) -> Iterable[Match]:
        rows = Invoice.objects.for_dealership(self.dealership).present()
        rows = rows.filter(number__in={c.values["number"] for c in candidates}).prefetch_related("lines", "taxes")
        stored = {(invoice.kind, invoice.number): invoice for invoice in rows}
        vehicles = self._vehicles("vin", [candidate.vin for candidate in candidates])
        for candidate in candidates:
            contact_id = self._contact_of(candidate, problems)
            if contact_id is False:
                continue
            if candidate.vin and candidate.vin not in vehicles:
                reason = _("No vehicle with this VIN is here. Import the vehicles first.")
                problems.extend(
                    Problem(row, self.source.column("vin"), reason, candidate.vin) for row in candidate.rows
                )
                continue
            record = stored.get((candidate.values["kind"], candidate.values["number"]))
            if record is not None and record.contact_id != contact_id:
                reason = _("This number already belongs to another customer here.")
                value = candidate.values["number"]
                problems.extend(Problem(row, self.source.column("number"), reason, value) for row in candidate.rows)
                continue
            values = {**candidate.values, "contact_id": contact_id}
            if candidate.vin:
                values["vehicle_id"] = vehicles[candidate.vin].pk
            yield Match(candidate, record, _without_equal_children(values, record) if record else values)

    def _match_payments(self, candidates: Sequence[Candidate], problems: list[Problem]) -> Iterable[Match]:
        known = []
        for candidate in candidates:
            contact_id = self._contact_of(candidate, problems)
            if contact_id is not False:
                known.append((candidate, {**candidate.values, "contact_id": contact_id}))
        stored = paying.StoredPayments(self.dealership, known)
        for candidate, values in known:
            invoice = stored.invoices.get(candidate.invoice)
            fault = paying.fault_of(candidate, values, invoice)
            if fault:
                problems.append(Problem(candidate.row, self.source.column("invoice"), fault, candidate.invoice))
                continue
            if invoice is not None:
                values = {**values, "invoice": invoice.pk}
            yield Match(candidate, stored.find(candidate, values), values)

    def _contact_of(self, candidate: Candidate, problems: list[Problem]) -> Any:
        """The customer's id, None where it would be created, False where it is not clear (a problem then)."""
        customer = candidate.customer
        if customer is None:
            return None
        try:
            return self._directory(Contact.Kind.CUSTOMER).find(customer.display_name, customer.number)
        except Unclear as error:
            column = self.source.column("customer")
            problems.extend(Problem(row, column, str(error), customer.display_name) for row in candidate.rows)
            return False


_MODELS: dict[str, type[Record]] = {
    ImportFile.Kind.CONTACTS: Contact,
    ImportFile.Kind.VEHICLES: Vehicle,
    ImportFile.Kind.INVOICES: Invoice,
    ImportFile.Kind.PAYMENTS: Payment,
}


def _without_equal_children(values: dict[str, Any], invoice: Invoice) -> dict[str, Any]:
    """Leaves out lines and taxes that say the same: a tax code added since must not be taken away again."""
    kept = dict(values)
    fields = ("description", "quantity", "unit_price", "amount")
    lines = sorted(invoice.lines.all(), key=lambda line: line.position)
    if [[getattr(line, f) for f in fields] for line in lines] == [[row[f] for f in fields] for row in values["lines"]]:
        del kept["lines"]
    if "taxes" in kept and sum(t.amount for t in invoice.taxes.all()) == sum(t["amount"] for t in kept["taxes"]):
        del kept["taxes"]
    return kept
