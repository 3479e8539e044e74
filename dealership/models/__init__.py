"""Every model of the dealership, importable from one place."""

from dealership.models.base import Record, RecordQuerySet
from dealership.models.books import Account, Expense, ExpenseLine
from dealership.models.events import Event
from dealership.models.imports import ImportFile, ImportKey
from dealership.models.people import Contact, Location
from dealership.models.sales import Allocation, Deal, Invoice, InvoiceLine, InvoiceTax, Payment, PaymentAttempt
from dealership.models.tenancy import Dealership, Membership, User
from dealership.models.vehicles import Vehicle
from dealership.models.work import Job, ServiceRecord

__all__ = [
    "Account",
    "Allocation",
    "Contact",
    "Deal",
    "Dealership",
    "Event",
    "Expense",
    "ExpenseLine",
    "ImportFile",
    "ImportKey",
    "Invoice",
    "InvoiceLine",
    "InvoiceTax",
    "Job",
    "Location",
    "Membership",
    "Payment",
    "PaymentAttempt",
    "Record",
    "RecordQuerySet",
    "ServiceRecord",
    "User",
    "Vehicle",
]
