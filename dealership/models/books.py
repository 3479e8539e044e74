"""The other side of the books: the chart of accounts and what the dealership spends."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from dealership.models.base import Record, currency, money
from dealership.models.people import Contact
from dealership.models.vehicles import Vehicle


class Account(Record):
    """An account of the chart of accounts, as the accounting system keeps it."""

    code = models.CharField(_("number"), max_length=20, blank=True)
    name = models.CharField(_("name"), max_length=200)
    type = models.CharField(_("type"), max_length=50, blank=True)
    subtype = models.CharField(_("subtype"), max_length=100, blank=True)
    classification = models.CharField(_("class"), max_length=50, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True, help_text=_("ISO 4217 code."))
    balance = money(_("balance"), default=0)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        indexes = [models.Index(fields=["dealership", "name"], name="account_by_name")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}".strip()


class Expense(Record):
    """A bill that is owed to a vendor, or a purchase already paid by cash, cheque or card."""

    class Kind(models.TextChoices):
        BILL = "bill", _("Bill, to be paid")
        PURCHASE = "purchase", _("Purchase, already paid")

    class PaymentType(models.TextChoices):
        CASH = "cash", _("Cash")
        CHECK = "check", _("Cheque")
        CARD = "card", _("Credit card")

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        PAID = "paid", _("Paid")
        VOID = "void", _("Void")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.BILL)
    vendor = models.ForeignKey(
        Contact, on_delete=models.PROTECT, null=True, blank=True, related_name="expenses", verbose_name=_("vendor")
    )
    vehicle = models.ForeignKey(
        Vehicle, on_delete=models.SET_NULL, null=True, blank=True, related_name="expenses", verbose_name=_("vehicle")
    )
    issued_on = models.DateField(_("date"))
    due_on = models.DateField(_("due on"), null=True, blank=True)
    reference = models.CharField(_("reference"), max_length=50, blank=True)
    description = models.TextField(_("description"), blank=True)
    payment_type = models.CharField(_("paid by"), max_length=5, choices=PaymentType.choices, blank=True)
    account = models.ForeignKey(
        Account,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="paid_expenses",
        help_text=_("The bank or card account it was paid from."),
        verbose_name=_("account"),
    )
    currency = currency()
    total = money(_("total"), default=0)
    balance = money(_("balance"), default=0)
    status = models.CharField(_("status"), max_length=5, choices=Status.choices, default=Status.OPEN)

    class Meta:
        verbose_name = _("expense")
        verbose_name_plural = _("expenses")
        indexes = [
            models.Index(fields=["dealership", "-issued_on"], name="expense_by_date"),
            models.Index(fields=["dealership", "-updated_at"], name="expense_by_change"),
        ]

    def __str__(self) -> str:
        return self.reference or self.description or f"{self.total} {self.currency}"


class ExpenseLine(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    expense = models.ForeignKey(Expense, on_delete=models.CASCADE, related_name="lines", verbose_name=_("expense"))
    position = models.PositiveSmallIntegerField(_("position"))
    account = models.ForeignKey(
        Account,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="expense_lines",
        verbose_name=_("account"),
    )
    description = models.TextField(_("description"), blank=True)
    amount = money(_("amount"))

    class Meta:
        verbose_name = _("expense line")
        verbose_name_plural = _("expense lines")
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["expense", "position"], name="expense_line_once")]

    def __str__(self) -> str:
        return f"{self.position}. {self.description}"
