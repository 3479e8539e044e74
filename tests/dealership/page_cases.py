"""A dealership with one record of each kind, its people, and clients signed in as them."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from django.test import Client

from dealership import records
from dealership.events import SYSTEM
from dealership.models import (
    Account,
    Contact,
    Deal,
    Dealership,
    Expense,
    Invoice,
    Job,
    Location,
    Membership,
    Payment,
    Record,
    ServiceRecord,
    User,
    Vehicle,
)

DAY = dt.date(2026, 11, 2)
R = TypeVar("R", bound=Record)


@dataclass
class World:
    """`rows` holds one record a kind of the dealership."""

    dealership: Dealership
    rows: dict[str, Any]

    def client(self, role: str) -> Client:
        """A browser signed in as a member with that role."""
        return signed_in(member(self.dealership, role))


def member(dealership: Dealership, role: str) -> User:
    user = User.objects.create_user(f"{role}-{User.objects.count()}@lot.example", name=f"The {role}")
    Membership.objects.create(user=user, dealership=dealership, role=role)
    return user


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def dealership(name: str = "Rideau Auto") -> Dealership:
    return Dealership.objects.create(
        name=name, slug=name.lower().replace(" ", "-"), currency="CAD", country="CA", time_zone="America/Toronto"
    )


def world() -> World:
    """A dealership in which every kind of record exists once."""
    place = dealership()
    rows: dict[str, Any] = {}
    rows["contact"] = contact(place, "Amélie Gagnon", email="amelie@lot.example")
    rows["account"] = _create(Account, place, code="6410", name="Shop supplies")
    rows["location"] = _create(Location, place, name="Main lot")
    rows["vehicle"] = _create(Vehicle, place, vin="1C6SRFFT7PN610284", make="Ram", model="1500", year=2023)
    rows["invoice"] = invoice(place, rows["contact"], "INV-1")
    rows["payment"] = _create(
        Payment,
        place,
        contact_id=rows["contact"].pk,
        amount=Decimal("40.00"),
        currency="CAD",
        paid_on=DAY,
        reference="PAY-1",
        allocations=[{"invoice_id": rows["invoice"].pk, "amount": Decimal("40.00")}],
    )
    rows["expense"] = expense(place, rows["contact"], "B-1")
    rows["job"] = _create(Job, place, title="Brakes", contact_id=rows["contact"].pk)
    rows["deal"] = _create(Deal, place, title="Ram for Amélie", contact_id=rows["contact"].pk, currency="CAD")
    rows["service_record"] = _create(
        ServiceRecord, place, vehicle_id=rows["vehicle"].pk, performed_on=DAY, description="Oil"
    )
    return World(place, rows)


def contact(place: Dealership, name: str, **values: Any) -> Contact:
    return _create(Contact, place, display_name=name, **values)


def invoice(place: Dealership, customer: Contact, number: str) -> Invoice:
    """Two lines of 100.00 in all, and 13 % on them."""
    return _create(
        Invoice,
        place,
        contact_id=customer.pk,
        number=number,
        issued_on=DAY,
        due_on=DAY,
        currency="CAD",
        lines=[_line("Tires", "80.00"), _line("Fitting", "20.00")],
        taxes=[{"name": "HST", "rate_percent": Decimal(13), "amount": Decimal("13.00")}],
    )


def expense(place: Dealership, vendor: Contact, reference: str) -> Expense:
    line = {"account_id": None, "description": "Phone", "amount": Decimal("50.00")}
    return _create(
        Expense, place, vendor_id=vendor.pk, reference=reference, issued_on=DAY, currency="CAD", lines=[line]
    )


def more_of(kind: str, world: World, count: int, *, start: int = 0) -> None:
    """That many further records of the kind, each with its own customer, lines and events."""
    made: dict[str, Callable[[int], object]] = {
        "contact": lambda n: contact(world.dealership, f"Contact {n}"),
        "vehicle": lambda n: _create(Vehicle, world.dealership, make="Ram", stock_number=f"S{n}"),
        "invoice": lambda n: invoice(world.dealership, contact(world.dealership, f"Customer {n}"), f"INV-M{n}"),
        "payment": lambda n: _create(
            Payment,
            world.dealership,
            contact_id=contact(world.dealership, f"Payer {n}").pk,
            amount=Decimal(1),
            currency="CAD",
            paid_on=DAY,
        ),
        "expense": lambda n: expense(world.dealership, contact(world.dealership, f"Vendor {n}"), f"B-M{n}"),
        "job": lambda n: _create(
            Job, world.dealership, title=f"Job {n}", contact_id=contact(world.dealership, f"Driver {n}").pk
        ),
        "deal": lambda n: _create(
            Deal,
            world.dealership,
            title=f"Deal {n}",
            contact_id=contact(world.dealership, f"Buyer {n}").pk,
            currency="CAD",
        ),
        "service_record": lambda n: _create(
            ServiceRecord,
            world.dealership,
            vehicle_id=_create(Vehicle, world.dealership, make="Kia", stock_number=f"V{n}").pk,
            performed_on=DAY,
            description=f"Service {n}",
        ),
        "account": lambda n: _create(Account, world.dealership, name=f"Account {n}"),
        "location": lambda n: _create(Location, world.dealership, name=f"Lot {n}"),
    }
    for n in range(start, start + count):
        made[kind](n)


def _line(description: str, amount: str) -> dict[str, Any]:
    return {
        "description": description,
        "quantity": Decimal(1),
        "unit_price": Decimal(amount),
        "amount": Decimal(amount),
        "tax_code": "",
    }


def _create(model: type[R], place: Dealership, /, **values: Any) -> R:
    return records.create(model, place, values, actor=SYSTEM)
