"""Who is meant: contacts of one kind by outside number or display name; creates those that are missing."""

import uuid
from collections.abc import Iterable

from django.utils.translation import gettext as _

from dealership import records
from dealership.events import Actor
from dealership.importing.plan import Customer
from dealership.models import Contact, Dealership, ImportKey


class Unclear(Exception):
    """More than one contact could be meant; the message says so."""


class Directory:
    """Display names are unique here per kind; where older ones are not, the number must decide."""

    def __init__(self, dealership: Dealership, kind: str) -> None:
        self.dealership = dealership
        self.kind = kind
        self._names: dict[str, list[uuid.UUID]] = {}
        contacts = Contact.objects.for_dealership(dealership).present().filter(kind=kind)
        present = set()
        for pk, name in contacts.values_list("pk", "display_name"):
            present.add(pk)
            self._names.setdefault(name.casefold(), []).append(pk)
        keys = ImportKey.objects.filter(dealership=dealership, scope=kind).values_list("number", "record_id")
        self._numbers = {number: pk for number, pk in keys if pk in present}
        self._number_of = {pk: number for number, pk in self._numbers.items()}

    def find(self, name: str, number: str) -> uuid.UUID | None:
        """The contact with that number, else the one of that name if no other number is known for it."""
        if number in self._numbers:
            return self._numbers[number]
        found = self._names.get(name.casefold(), [])
        found = [pk for pk in found if not number or self._number_of.get(pk, number) == number]
        if len(found) > 1:
            raise Unclear(_("More than one contact has this name."))
        return found[0] if found else None

    def is_taken(self, name: str, by_other_than: uuid.UUID | None) -> bool:
        return any(pk != by_other_than for pk in self._names.get(name.casefold(), []))

    def note(self, pk: uuid.UUID, name: str, number: str) -> None:
        """Remember a contact that was just stored."""
        if pk not in self._names.setdefault(name.casefold(), []):
            self._names[name.casefold()].append(pk)
        if number:
            self._numbers[number] = pk
            self._number_of[pk] = number

    def create_missing(self, customers: Iterable[Customer], currency: str, *, actor: Actor) -> None:
        """One contact for each customer that is not known, with the country of its first row."""
        rows: dict[str, dict[str, str]] = {}
        numbers: dict[str, str] = {}
        asked: set[tuple[str, str]] = set()
        for customer in customers:
            identity = (customer.number, "" if customer.number else customer.name.casefold())
            if identity in asked:
                continue
            asked.add(identity)
            try:
                known = self.find(customer.display_name, customer.number)
            except Unclear:
                continue
            if known is not None:
                self._learn(known, customer.number)
                continue
            name = self._free_name(customer, rows)
            rows[name.casefold()] = {
                "kind": self.kind,
                "display_name": name,
                "country": customer.country,
                "currency": currency,
            }
            numbers[name.casefold()] = customer.number
        created = records.create_many(Contact, self.dealership.pk, list(rows.values()), actor=actor) if rows else []
        for contact in created:
            self.note(contact.pk, contact.display_name, numbers[contact.display_name.casefold()])
        keep_numbers(
            self.dealership,
            self.kind,
            {n: c.pk for c in created if (n := numbers[c.display_name.casefold()])},
        )

    def _learn(self, pk: uuid.UUID, number: str) -> None:
        if number and number not in self._numbers:
            self._numbers[number] = pk
            self._number_of[pk] = number
            keep_numbers(self.dealership, self.kind, {number: pk})

    def _free_name(self, customer: Customer, rows: dict[str, dict[str, str]]) -> str:
        name = customer.display_name
        if customer.number and (self._names.get(name.casefold()) or name.casefold() in rows):
            return f"{name} ({customer.number})"
        return name


def keep_numbers(dealership: Dealership, scope: str, numbers: dict[str, uuid.UUID]) -> None:
    """Remember which record each outside number means."""
    ImportKey.objects.bulk_create(
        [ImportKey(dealership=dealership, scope=scope, number=number, record_id=pk) for number, pk in numbers.items()],
        update_conflicts=True,
        update_fields=["record_id"],
        unique_fields=["dealership", "scope", "number"],
    )
