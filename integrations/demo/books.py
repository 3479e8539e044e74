"""The demo dealership's own side: people, vehicles, invoices, payments, expenses. Invented, and the same every time."""

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from dealership import records
from dealership.events import Actor
from dealership.models import Contact, Dealership, Event, Expense, Invoice, Membership, Payment, User, Vehicle
from dealership.totals import line_amount

SLUG = "rideau-auto"
EMAIL = "owner@rideau-auto.example"
ACTOR = Actor(kind=Event.Actor.SYSTEM, name="Demo")

_FIRST = ("Ana", "Marc", "Claire", "Jean", "Priya", "Owen", "Sofia", "Liam", "Nora", "Hugo", "Mei", "Tom")
_LAST = ("Cruz", "Ouellet", "Nadeau", "Tremblay", "Patel", "Murphy", "Rossi", "Walker", "Haddad", "Roy")
_VENDORS = ("Capital Parts Ltd", "Ottawa Tire Depot", "Northern Paint & Body", "Gatineau Oil", "Bytown Detailing")
_CARS = (("Honda", "Civic"), ("Toyota", "RAV4"), ("Ford", "F-150"), ("Mazda", "CX-5"), ("Ram", "1500"))
_WORK = ("Brake service", "Winter tires", "Oil change", "Detailing", "Diagnostics", "Windshield", "Alignment")
SHARED_NAMES = tuple(f"{first} {_LAST[0]}" for first in _FIRST[:6])


def dealership() -> Dealership:
    found, _ = Dealership.objects.get_or_create(
        slug=SLUG, defaults={"name": "Rideau Auto, Ottawa", "currency": "USD", "country": "US", "language": "en"}
    )
    return found


def owner(place: Dealership, password: str) -> User:
    """The person who signs in; the password is set anew."""
    user = User.objects.filter(email=EMAIL).first() or User.objects.create_user(EMAIL, name="Claire Nadeau")
    user.set_password(password)
    user.is_staff = user.is_superuser = True
    user.save()
    Membership.objects.get_or_create(user=user, dealership=place, defaults={"role": Membership.Role.OWNER})
    return user


def fill(place: Dealership) -> None:
    """Records of some months; nothing when there are any already."""
    if Contact.objects.for_dealership(place).exists():
        return
    dice = random.Random(7)
    customers = [_customer(place, f"{first} {last}", dice) for last in _LAST[:6] for first in _FIRST[:8]]
    vendors = [_create(Contact, place, kind="vendor", display_name=name, active=True) for name in _VENDORS]
    vehicles = [_vehicle(place, number, dice) for number in range(1, 25)]
    invoices = [_invoice(place, 1001 + n, dice.choice(customers), dice.choice(vehicles), dice) for n in range(60)]
    for invoice in invoices[::2]:
        _payment(place, invoice, dice)
    for number in range(12):
        _expense(place, number, dice.choice(vendors), dice)


def _create(model: Any, place: Dealership, /, **values: Any) -> Any:
    return records.create(model, place, values, actor=ACTOR)


def _customer(place: Dealership, name: str, dice: random.Random) -> Contact:
    first, last = name.split(" ")
    made: Contact = _create(
        Contact,
        place,
        display_name=name,
        first_name=first,
        last_name=last,
        email=f"{first}.{last}@example.com".lower(),
        phone=f"(613) 555-{dice.randrange(100, 199):04d}",
        address_line1=f"{dice.randrange(1, 400)} Bank Street",
        city="Ottawa",
        region="ON",
        postal_code="K1P 1A1",
        country="Canada",
    )
    return made


def _vehicle(place: Dealership, number: int, dice: random.Random) -> Vehicle:
    make, model = dice.choice(_CARS)
    made: Vehicle = _create(
        Vehicle,
        place,
        stock_number=f"R{number:04d}",
        year=dice.randrange(2016, 2026),
        make=make,
        model=model,
        mileage=dice.randrange(5_000, 120_000),
        price=Decimal(dice.randrange(9_000, 60_000)),
        currency=place.currency,
    )
    return made


def _invoice(place: Dealership, number: int, customer: Contact, car: Vehicle, dice: random.Random) -> Invoice:
    lines = []
    for work in dice.sample(_WORK, dice.randrange(1, 4)):
        quantity, price = Decimal(dice.randrange(1, 5)), Decimal(dice.randrange(4_000, 60_000)) / 100
        lines.append(
            {
                "description": f"{work}, {car}",
                "quantity": quantity,
                "unit_price": price,
                "amount": line_amount(quantity, price),
            }
        )
    issued_on = date(2026, 6, 1) + timedelta(days=dice.randrange(0, 165))
    made: Invoice = _create(
        Invoice,
        place,
        number=f"INV-{number}",
        contact_id=customer.pk,
        vehicle_id=car.pk,
        issued_on=issued_on,
        due_on=issued_on + timedelta(days=30),
        currency=place.currency,
        memo="Thank you",
        lines=lines,
    )
    return made


def _payment(place: Dealership, invoice: Invoice, dice: random.Random) -> Payment:
    amount = invoice.total if dice.random() < 0.7 else (invoice.total / 2).quantize(Decimal("0.01"))
    made: Payment = _create(
        Payment,
        place,
        contact_id=invoice.contact_id,
        amount=amount,
        currency=place.currency,
        paid_on=invoice.issued_on + timedelta(days=dice.randrange(1, 30)),
        method=dice.choice(("Cash", "Check", "Visa")),
        reference=f"R-{invoice.number[4:]}",
        allocations=[{"invoice_id": invoice.pk, "amount": amount}],
    )
    return made


def _expense(place: Dealership, number: int, vendor: Contact, dice: random.Random) -> Expense:
    amount = Decimal(dice.randrange(5_000, 90_000)) / 100
    paid = number % 3 == 0
    made: Expense = _create(
        Expense,
        place,
        kind=Expense.Kind.PURCHASE if paid else Expense.Kind.BILL,
        payment_type=Expense.PaymentType.CASH if paid else "",
        vendor_id=vendor.pk,
        issued_on=date(2026, 7, 1) + timedelta(days=dice.randrange(0, 130)),
        reference=f"B-{number + 1:03d}",
        description="Parts and supplies",
        currency=place.currency,
        lines=[{"description": "Parts and supplies", "amount": amount}],
    )
    return made
