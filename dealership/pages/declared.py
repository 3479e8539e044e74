"""The pages of every kind of record, declared."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.db.models import Prefetch, Q, TextChoices
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from dealership import display
from dealership.forms.books import ExpenseForm
from dealership.forms.people import (
    ContactForm,
    DealForm,
    JobForm,
    LocationForm,
    ServiceRecordForm,
    VehicleForm,
)
from dealership.forms.sales import InvoiceForm, PaymentForm
from dealership.models import (
    Account,
    Allocation,
    Contact,
    Deal,
    Expense,
    Invoice,
    Job,
    Location,
    Payment,
    Record,
    ServiceRecord,
    Vehicle,
)
from dealership.pages.base import Column, Filter, Lines, Prefetched, RecordPages, Related, Words
from dealership.pages.text import address

Options = Callable[[], Mapping[str, tuple[Words, Q]]]


def _one_of(field: str, choices: type[TextChoices]) -> Options:
    return lambda: {choice.value: (choice.label, Q(**{field: choice})) for choice in choices}


def _with_overdue(choices: type[TextChoices], kind: str) -> Options:
    def options() -> Mapping[str, tuple[Words, Q]]:
        late = Q(kind=kind, status="open", due_on__lt=timezone.localdate(), balance__gt=0)
        return {**_one_of("status", choices)(), "overdue": (lazy("Overdue"), late)}

    return options


def _activity() -> Mapping[str, tuple[Words, Q]]:
    return {"yes": (lazy("Active"), Q(active=True)), "no": (lazy("Inactive"), Q(active=False))}


def _allocations_with(other: str) -> Prefetched:
    """What was allocated and the record at its other end, in one query."""
    return Prefetch("allocations", Allocation.objects.select_related(other))


def _invoice_heading(invoice: Invoice) -> str:
    return f"{invoice.get_kind_display()} {invoice}"


def _invoice_summary(invoice: Invoice) -> str:
    parts = [str(invoice.contact), _("issued %(day)s") % {"day": display.day(invoice.issued_on)}]
    if invoice.due_on:
        parts.append(_("due %(day)s") % {"day": display.day(invoice.due_on)})
    return " · ".join(parts)


def _payment_heading(payment: Payment) -> str:
    return _("Payment of %(amount)s") % {"amount": display.money(payment.amount, payment.currency)}


def _expense_heading(expense: Expense) -> str:
    return f"{_expense_kind(expense)} {expense.reference}".strip()


def _expense_kind(expense: Expense) -> str:
    return _("Bill") if expense.kind == Expense.Kind.BILL else _("Purchase")


def _expense_title(expense: Expense) -> str:
    return expense.reference or str(expense.vendor or "") or _("No reference")


CONTACT: Final = RecordPages(
    model=Contact,
    icon="people",
    plural=lazy("Contacts"),
    add=lazy("Add contact"),
    why=lazy("Customers, vendors and leads. Invoices, payments and expenses point at them."),
    title=str,
    title_label=lazy("Name"),
    title_sort="display_name",
    columns=(Column("kind", lead=True), Column("email"), Column("phone", sortable=False), Column("city")),
    order="-updated_at",
    search=("display_name", "email", "phone", "company_name"),
    filters=(
        Filter("kind", lazy("Kind"), _one_of("kind", Contact.Kind)),
        Filter("active", lazy("Active"), _activity),
    ),
    facts=("kind", "company_name", "email", "phone", "tax_id", "currency", "active", "notes"),
    long_facts={"address_line1": address},
    form=ContactForm,
    related=(
        Related("invoice", "contact"),
        Related("payment", "contact"),
        Related("expense", "vendor"),
    ),
)
VEHICLE: Final = RecordPages(
    model=Vehicle,
    icon="vehicle",
    plural=lazy("Vehicles"),
    add=lazy("Add vehicle"),
    why=lazy("The stock, what was sold, and customers' own cars in the workshop."),
    title=str,
    title_label=lazy("Vehicle"),
    title_sort="make",
    columns=(
        Column("status", lead=True, is_status=True),
        Column("vin", sortable=False),
        Column("stock_number", brief=False),
        Column("mileage", brief=False),
        Column("price"),
    ),
    order="-updated_at",
    search=("vin", "stock_number", "make", "model"),
    filters=(Filter("status", lazy("Status"), _one_of("status", Vehicle.Status)),),
    facts=(
        "vin",
        "stock_number",
        "trim",
        "body_style",
        "exterior_color",
        "interior_color",
        "transmission",
        "fuel",
        "mileage",
        "price",
        "purchase_price",
        "purchased_on",
        "sold_on",
        "location",
        "owner",
        "description",
    ),
    joined=("location", "owner"),
    form=VehicleForm,
    status="status",
    related=(Related("job", "vehicle"), Related("service_record", "vehicle"), Related("invoice", "vehicle")),
)
INVOICE: Final = RecordPages(
    model=Invoice,
    icon="record",
    plural=lazy("Invoices and credit notes"),
    add=lazy("Add invoice"),
    why=lazy("What customers owe, line by line. They are kept the same in your accounting system."),
    title=str,
    title_label=lazy("Number"),
    title_sort="number",
    heading=_invoice_heading,
    summary=_invoice_summary,
    note=lambda invoice: invoice.get_kind_display() if invoice.kind == Invoice.Kind.CREDIT_NOTE else "",
    columns=(
        Column("status", lead=True, is_status=True),
        Column("contact", sortable=False),
        Column("issued_on"),
        Column("total"),
        Column("balance", brief=False),
    ),
    order="-issued_on",
    search=("number", "contact__display_name"),
    filters=(
        Filter("status", lazy("Status"), _with_overdue(Invoice.Status, Invoice.Kind.INVOICE)),
        Filter("kind", lazy("Kind"), _one_of("kind", Invoice.Kind)),
    ),
    facts=("contact", "vehicle", "issued_on", "due_on", "currency", "balance", "memo"),
    joined=("contact", "vehicle"),
    form=InvoiceForm,
    form_template="dealership/invoice_form.html",
    lines=Lines("lines", "dealership/invoice_lines.html", ("lines", "taxes", _allocations_with("payment"))),
    status="status",
    can_void=True,
)
PAYMENT: Final = RecordPages(
    model=Payment,
    icon="payment",
    plural=lazy("Payments"),
    add=lazy("Add payment"),
    why=lazy("Money received, and the invoices it settles."),
    title=lambda payment: payment.reference or _("No reference"),
    title_label=lazy("Reference"),
    title_sort="reference",
    heading=_payment_heading,
    columns=(
        Column("amount", lead=True),
        Column("contact", sortable=False),
        Column("paid_on"),
        Column("method"),
        Column("status", is_status=True),
    ),
    order="-paid_on",
    search=("reference", "contact__display_name"),
    filters=(Filter("status", lazy("Status"), _one_of("status", Payment.Status)),),
    facts=("contact", "amount", "paid_on", "method", "reference", "memo"),
    joined=("contact",),
    form=PaymentForm,
    form_template="dealership/payment_form.html",
    lines=Lines("allocations", "dealership/payment_lines.html", (_allocations_with("invoice"),)),
    status="status",
    can_void=True,
)
EXPENSE: Final = RecordPages(
    model=Expense,
    icon="expense",
    plural=lazy("Expenses"),
    add=lazy("Add expense"),
    why=lazy("Bills that are owed and purchases already paid."),
    title=_expense_title,
    title_label=lazy("Reference"),
    title_sort="reference",
    heading=_expense_heading,
    note=_expense_kind,
    columns=(
        Column("status", lead=True, is_status=True),
        Column("vendor", sortable=False),
        Column("issued_on"),
        Column("total"),
        Column("balance", brief=False),
    ),
    order="-issued_on",
    search=("reference", "description", "vendor__display_name"),
    filters=(
        Filter("status", lazy("Status"), _with_overdue(Expense.Status, Expense.Kind.BILL)),
        Filter("kind", lazy("Kind"), _one_of("kind", Expense.Kind)),
    ),
    facts=(
        "kind",
        "vendor",
        "issued_on",
        "due_on",
        "payment_type",
        "account",
        "vehicle",
        "balance",
        "description",
    ),
    joined=("vendor", "account", "vehicle"),
    form=ExpenseForm,
    form_template="dealership/expense_form.html",
    lines=Lines("lines", "dealership/expense_lines.html", ("lines__account",)),
    status="status",
    can_void=True,
)
JOB: Final = RecordPages(
    model=Job,
    icon="job",
    plural=lazy("Jobs"),
    add=lazy("Add job"),
    why=lazy("Work on a car, from the first call to the invoice."),
    title=str,
    title_label=lazy("Title"),
    title_sort="title",
    columns=(
        Column("status", lead=True, is_status=True),
        Column("number", brief=False),
        Column("contact", sortable=False),
        Column("vehicle", sortable=False),
        Column("scheduled_on"),
    ),
    order="-updated_at",
    search=("number", "title", "contact__display_name"),
    filters=(Filter("status", lazy("Status"), _one_of("status", Job.Status)),),
    facts=("number", "contact", "vehicle", "invoice", "location", "scheduled_on", "notes"),
    joined=("contact", "vehicle", "invoice", "location"),
    form=JobForm,
    status="status",
    related=(Related("service_record", "job"),),
)
DEAL: Final = RecordPages(
    model=Deal,
    icon="deal",
    plural=lazy("Deals"),
    add=lazy("Add deal"),
    why=lazy("Sales on their way: who, which vehicle, how much, and by when."),
    title=str,
    title_label=lazy("Title"),
    title_sort="title",
    columns=(
        Column("stage", lead=True, is_status=True),
        Column("contact", sortable=False),
        Column("vehicle", sortable=False),
        Column("amount"),
        Column("expected_on"),
    ),
    order="-updated_at",
    search=("title", "contact__display_name"),
    filters=(Filter("stage", lazy("Stage"), _one_of("stage", Deal.Stage)),),
    facts=("contact", "vehicle", "amount", "expected_on"),
    joined=("contact", "vehicle"),
    form=DealForm,
    status="stage",
)
SERVICE_RECORD: Final = RecordPages(
    model=ServiceRecord,
    icon="service",
    plural=lazy("Service records"),
    add=lazy("Add service record"),
    why=lazy("What was done to a vehicle, when, and at which mileage."),
    title=str,
    title_label=lazy("Work"),
    title_sort="description",
    columns=(
        Column("performed_on", lead=True),
        Column("vehicle", sortable=False),
        Column("mileage"),
        Column("cost"),
    ),
    order="-performed_on",
    search=("description", "vehicle__vin", "vehicle__stock_number"),
    facts=("vehicle", "performed_on", "mileage", "cost", "job", "description"),
    joined=("vehicle", "job"),
    form=ServiceRecordForm,
)
LOCATION: Final = RecordPages(
    model=Location,
    icon="home",
    plural=lazy("Locations"),
    add=lazy("Add location"),
    why=lazy("The dealership's showrooms, workshops and lots."),
    title=str,
    title_label=lazy("Name"),
    title_sort="name",
    columns=(Column("code"), Column("city"), Column("active", sortable=False)),
    order="name",
    search=("name", "code", "city"),
    facts=("code", "city", "active"),
    form=LocationForm,
)
ACCOUNT: Final = RecordPages(
    model=Account,
    icon="account",
    plural=lazy("Accounts"),
    add="",
    why=lazy("The chart of accounts comes from your accounting system. Connect it and the accounts are here."),
    title=str,
    title_label=lazy("Account"),
    title_sort="name",
    columns=(
        Column("code"),
        Column("classification"),
        Column("type"),
        Column("active", sortable=False),
        Column("balance", lead=True),
    ),
    order="name",
    search=("name", "code"),
    filters=(Filter("active", lazy("Active"), _activity),),
    facts=("code", "type", "subtype", "classification", "currency", "balance", "active"),
)

ALL: Final[tuple[RecordPages, ...]] = (
    CONTACT,
    VEHICLE,
    INVOICE,
    PAYMENT,
    EXPENSE,
    JOB,
    DEAL,
    SERVICE_RECORD,
    ACCOUNT,
    LOCATION,
)
BY_TYPE: Final[Mapping[str, RecordPages]] = {pages.model.record_type(): pages for pages in ALL}
BY_MODEL: Final[Mapping[type[Record], RecordPages]] = {pages.model: pages for pages in ALL}


def heading(pages: RecordPages, record: Any) -> str:
    """The title of the record's own page."""
    return (pages.heading or pages.title)(record)
