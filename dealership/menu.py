"""The dealership's own places in the menu, and its own rows on the home page. Filled in `apps.ready`."""

import datetime as dt
from collections.abc import Iterator

from django.db.models import Count, Min, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from dealership import attention, nav
from dealership.models import Dealership, Invoice


def register() -> None:
    """Called once, from `DealershipConfig.ready`."""
    nav.register(
        nav.Item("", _("Home"), "home", "dealership:home", dock=True),
        nav.Item(nav.RECORDS, _("Contacts"), "people", "dealership:contact_list", order=10),
        nav.Item(nav.RECORDS, _("Vehicles"), "vehicle", "dealership:vehicle_list", order=20),
        nav.Item(nav.RECORDS, _("Invoices"), "record", "dealership:invoice_list", order=30, dock=True),
        nav.Item(nav.RECORDS, _("Payments"), "payment", "dealership:payment_list", order=40),
        nav.Item(nav.RECORDS, _("Expenses"), "expense", "dealership:expense_list", order=50),
        nav.Item(nav.RECORDS, _("Jobs"), "job", "dealership:job_list", order=60),
        nav.Item(nav.RECORDS, _("Deals"), "deal", "dealership:deal_list", order=70),
        nav.Item(nav.RECORDS, _("Service records"), "service", "dealership:service_record_list", order=80),
        nav.Item(nav.RECORDS, _("Accounts"), "account", "dealership:account_list", order=90),
        nav.Item(nav.RECORDS, _("Import CSV"), "import", "dealership:import", order=100),
        nav.Item(nav.DEALERSHIP, _("Locations"), "list", "dealership:location_list", order=10),
    )
    attention.register(overdue_invoices)


def overdue_invoices(dealership: Dealership) -> Iterator[attention.Row]:
    """One row a currency: what customers owe past the day."""
    today = timezone.localdate()
    late = (
        Invoice.objects.for_dealership(dealership)
        .present()
        .filter(kind=Invoice.Kind.INVOICE, status=Invoice.Status.OPEN, due_on__lt=today, balance__gt=0)
    )
    groups = late.order_by().values("currency").annotate(owed=Sum("balance"), n=Count("pk"), first=Min("due_on"))
    for group in groups:
        count = group["n"]
        yield attention.Row(
            problem=ngettext("%(n)s invoice is overdue", "%(n)s invoices are overdue", count) % {"n": count},
            detail=ngettext("Its customer has not paid in time.", "Their customers have not paid in time.", count),
            action=str(_("View invoices")),
            url=f"{reverse('dealership:invoice_list')}?status=overdue",
            since=timezone.make_aware(dt.datetime.combine(group["first"], dt.time())),
            amount=group["owed"],
            currency=group["currency"],
        )
