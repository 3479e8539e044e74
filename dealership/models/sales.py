"""What the dealership sells and is paid for: deals, invoices and credit notes, payments and their allocation."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dealership.models.base import Record, currency, money
from dealership.models.people import Contact, Location
from dealership.models.tenancy import Dealership
from dealership.models.vehicles import Vehicle


class Invoice(Record):
    """An invoice or a credit note. Amounts of both are positive; `kind` says which way the money goes."""

    class Kind(models.TextChoices):
        INVOICE = "invoice", _("Invoice")
        CREDIT_NOTE = "credit_note", _("Credit note")

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        OPEN = "open", _("Open")
        PAID = "paid", _("Paid")
        VOID = "void", _("Void")

    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, default=Kind.INVOICE)
    number = models.CharField(_("number"), max_length=50, blank=True)
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="invoices", verbose_name=_("contact"))
    vehicle = models.ForeignKey(
        Vehicle, on_delete=models.SET_NULL, null=True, blank=True, related_name="invoices", verbose_name=_("vehicle")
    )
    location = models.ForeignKey(
        Location, on_delete=models.SET_NULL, null=True, blank=True, related_name="invoices", verbose_name=_("location")
    )
    issued_on = models.DateField(_("issued on"))
    due_on = models.DateField(_("due on"), null=True, blank=True)
    currency = currency()
    status = models.CharField(_("status"), max_length=8, choices=Status.choices, default=Status.OPEN)
    memo = models.TextField(_("message to the customer"), blank=True)
    subtotal = money(_("subtotal"), default=0)
    tax_total = money(_("tax"), default=0)
    total = money(_("total"), default=0)
    balance = money(_("balance"), default=0)

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        indexes = [
            models.Index(fields=["dealership", "-issued_on"], name="invoice_by_date"),
            models.Index(fields=["dealership", "-updated_at"], name="invoice_by_change"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["dealership", "kind", "number"],
                condition=Q(deleted_at=None) & ~Q(number=""),
                name="invoice_number_once",
            )
        ]

    def __str__(self) -> str:
        return self.number or str(_("(no number)"))


class InvoiceLine(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="lines", verbose_name=_("invoice"))
    position = models.PositiveSmallIntegerField(_("position"))
    description = models.TextField(_("description"), blank=True)
    quantity = models.DecimalField(_("quantity"), max_digits=16, decimal_places=6, default=1)
    unit_price = models.DecimalField(_("unit price"), max_digits=18, decimal_places=6, default=0)
    amount = money(_("amount"))
    tax_code = models.CharField(_("tax code"), max_length=50, blank=True)

    class Meta:
        verbose_name = _("invoice line")
        verbose_name_plural = _("invoice lines")
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["invoice", "position"], name="invoice_line_once")]

    def __str__(self) -> str:
        return f"{self.position}. {self.description}"


class InvoiceTax(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="taxes", verbose_name=_("invoice"))
    name = models.CharField(_("tax"), max_length=100)
    rate_percent = models.DecimalField(_("rate"), max_digits=7, decimal_places=4, null=True, blank=True)
    amount = money(_("amount"))

    class Meta:
        verbose_name = _("invoice tax")
        verbose_name_plural = _("invoice taxes")
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} {self.amount}"


class Payment(Record):
    """Money received from a customer."""

    class Status(models.TextChoices):
        RECEIVED = "received", _("Received")
        VOID = "void", _("Void")

    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="payments", verbose_name=_("contact"))
    amount = money(_("amount"))
    currency = currency()
    paid_on = models.DateField(_("paid on"))
    method = models.CharField(_("method"), max_length=50, blank=True)
    reference = models.CharField(_("reference"), max_length=50, blank=True)
    memo = models.TextField(_("note"), blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.RECEIVED)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        indexes = [
            models.Index(fields=["dealership", "-paid_on"], name="payment_by_date"),
            models.Index(fields=["dealership", "-updated_at"], name="payment_by_change"),
        ]

    def __str__(self) -> str:
        return self.reference or f"{self.amount} {self.currency}"


class Allocation(models.Model):
    """The part of a payment, or of a credit note, that settles one invoice."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    dealership = models.ForeignKey(Dealership, on_delete=models.CASCADE, related_name="+", verbose_name=_("dealership"))
    payment = models.ForeignKey(
        Payment, on_delete=models.CASCADE, null=True, blank=True, related_name="allocations", verbose_name=_("payment")
    )
    credit_note = models.ForeignKey(
        Invoice,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="credit_allocations",
        verbose_name=_("credit note"),
    )
    invoice = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, related_name="allocations", verbose_name=_("invoice")
    )
    amount = money(_("amount"))

    class Meta:
        verbose_name = _("allocation")
        verbose_name_plural = _("allocations")
        constraints = [
            models.CheckConstraint(
                condition=Q(payment=None, credit_note__isnull=False) | Q(payment__isnull=False, credit_note=None),
                name="allocation_has_one_source",
            ),
            models.UniqueConstraint(fields=["payment", "invoice"], name="allocation_payment_once"),
            models.UniqueConstraint(fields=["credit_note", "invoice"], name="allocation_credit_once"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} → {self.invoice}"


class PaymentAttempt(models.Model):
    """One try to collect money, successful or not, as a payment provider reported it."""

    class Outcome(models.TextChoices):
        SUCCEEDED = "succeeded", _("Succeeded")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    dealership = models.ForeignKey(Dealership, on_delete=models.CASCADE, related_name="+", verbose_name=_("dealership"))
    invoice = models.ForeignKey(
        Invoice, on_delete=models.CASCADE, null=True, blank=True, related_name="attempts", verbose_name=_("invoice")
    )
    payment = models.ForeignKey(
        Payment, on_delete=models.CASCADE, null=True, blank=True, related_name="attempts", verbose_name=_("payment")
    )
    amount = money(_("amount"))
    currency = currency()
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    attempted_at = models.DateTimeField(_("attempted"), default=timezone.now)

    class Meta:
        verbose_name = _("payment attempt")
        verbose_name_plural = _("payment attempts")
        ordering = ["-attempted_at"]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} {self.outcome}"


class Deal(Record):
    """A sale on its way."""

    class Stage(models.TextChoices):
        OPEN = "open", _("Open")
        WON = "won", _("Won")
        LOST = "lost", _("Lost")

    title = models.CharField(_("title"), max_length=255)
    contact = models.ForeignKey(
        Contact, on_delete=models.PROTECT, null=True, blank=True, related_name="deals", verbose_name=_("contact")
    )
    vehicle = models.ForeignKey(
        Vehicle, on_delete=models.SET_NULL, null=True, blank=True, related_name="deals", verbose_name=_("vehicle")
    )
    amount = money(_("amount"), null=True, blank=True)
    currency = currency()
    stage = models.CharField(_("stage"), max_length=5, choices=Stage.choices, default=Stage.OPEN)
    expected_on = models.DateField(_("expected on"), null=True, blank=True)

    class Meta:
        verbose_name = _("deal")
        verbose_name_plural = _("deals")
        indexes = [models.Index(fields=["dealership", "-updated_at"], name="deal_by_change")]

    def __str__(self) -> str:
        return self.title
