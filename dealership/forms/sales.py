"""Forms of invoices with their lines and taxes, and of payments with the invoices they settle."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from dealership import display, records, totals
from dealership.forms.base import RecordForm
from dealership.forms.rows import RowForm, RowSet, row_set
from dealership.models import Contact, Invoice, Payment

SPARE_LINES: Final = 3
_LIST: Final = 50


class LineForm(RowForm):
    description = forms.CharField(
        label=_lazy("Description"), required=False, max_length=4000, widget=forms.Textarea({"rows": 1})
    )
    quantity = forms.DecimalField(label=_lazy("Quantity"), max_digits=16, decimal_places=6, initial=1)
    unit_price = forms.DecimalField(label=_lazy("Unit price"), max_digits=18, decimal_places=6)
    tax_code = forms.CharField(label=_lazy("Tax code"), required=False, max_length=50)

    def values(self) -> dict[str, Any]:
        given = super().values()
        return {**given, "amount": totals.line_amount(given["quantity"], given["unit_price"])}


class TaxForm(RowForm):
    name = forms.CharField(label=_lazy("Tax"), max_length=100)
    rate_percent = forms.DecimalField(
        label=_lazy("Rate, %"), required=False, max_digits=7, decimal_places=4, min_value=0
    )
    amount = forms.DecimalField(label=_lazy("Amount"), required=False, max_digits=14, decimal_places=2)

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        if not self.errors and cleaned.get("amount") is None and cleaned.get("rate_percent") is None:
            raise ValidationError(_("Give the rate or the amount."))
        return cleaned

    def values_on(self, subtotal: Decimal) -> dict[str, Any]:
        """The tax with its amount; an amount that is not given is the rate of the subtotal, rounded half
        up.
        """
        given = self.values()
        if given["amount"] is None:
            given["amount"] = totals.round_money(subtotal * given["rate_percent"] / 100)
        return given


class InvoiceForm(RecordForm):
    references = ("contact", "vehicle")
    unique = (("number", "kind"),)

    lines: RowSet
    taxes: RowSet
    line_labels = (_lazy("Description"), _lazy("Quantity"), _lazy("Unit price"), _lazy("Tax code"))
    tax_labels = (_lazy("Tax"), _lazy("Rate, %"), _lazy("Amount"))

    class Meta:
        model = Invoice
        fields = ("kind", "number", "contact", "vehicle", "issued_on", "due_on", "currency", "status", "memo")

    def __init__(self, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        self._offer_status()
        self.fields["kind"].disabled = self.record is not None
        self.suggest("issued_on", timezone.localdate())
        lines = records.child_values(self.record, "lines") if self.record else []
        taxes = records.child_values(self.record, "taxes") if self.record else []
        rates = [{**row, "rate_percent": _plain(row["rate_percent"])} for row in taxes]
        shown = [{**row, "quantity": _plain(row["quantity"]), "unit_price": _price(row["unit_price"])} for row in lines]
        self.lines = row_set(LineForm, data, prefix="lines", initial=shown, extra=SPARE_LINES)
        self.taxes = row_set(TaxForm, data, prefix="taxes", initial=rates, extra=1)

    def _offer_status(self) -> None:
        """Only a draft may choose: paid and open follow from the balance, void has its own page."""
        if isinstance(self.record, Invoice) and self.record.status != Invoice.Status.DRAFT:
            del self.fields["status"]
            return
        offered = (Invoice.Status.DRAFT, Invoice.Status.OPEN)
        self.fields["status"] = forms.ChoiceField(
            label=_lazy("Status"), choices=[(s.value, s.label) for s in offered], initial=Invoice.Status.OPEN
        )

    def is_valid(self) -> bool:
        own, lines, taxes = super().is_valid(), self.lines.is_valid(), self.taxes.is_valid()
        if own and lines and not self.lines.kept():
            self.add_error(None, _("An invoice needs at least one line."))
            return False
        return own and lines and taxes

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        issued_on, due_on = cleaned.get("issued_on"), cleaned.get("due_on")
        if issued_on and due_on and due_on < issued_on:
            self.add_error("due_on", _("This is before the day of the invoice."))
        return cleaned

    def values(self) -> dict[str, Any]:
        lines = self.lines.values()
        subtotal = sum((row["amount"] for row in lines), Decimal(0))
        taxes = [form.values_on(subtotal) for form in self.taxes.kept() if isinstance(form, TaxForm)]
        values = {**super().values(), "lines": lines}
        # What came in has a tax total without rows: saving another field must not take it away.
        if taxes or self.record is None or records.child_values(self.record, "taxes"):
            values["taxes"] = taxes
        return values


class PaymentForm(RecordForm):
    """`offers` are the customer's invoices that it may settle, each with the amount this payment gives to
    it.
    """

    references = ("contact",)

    class Meta:
        model = Payment
        fields = ("contact", "amount", "currency", "paid_on", "method", "reference", "memo")

    def __init__(self, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.suggest("paid_on", timezone.localdate())
        self.given = _allocated(self.record)
        self.offers: list[Invoice] = []
        self.offer(self._first_contact())

    def _first_contact(self) -> Contact | None:
        """Whose invoices the page showed, so that the amounts in the request can be read."""
        shown = self.data.get("offered_to") if self.is_bound else self.initial.get("contact")
        if isinstance(shown, Contact):
            return shown
        own = Contact.objects.for_dealership(self.dealership)
        field = forms.UUIDField(required=False)
        try:
            contact_id = field.clean(shown)
        except ValidationError:
            return None
        return own.filter(pk=contact_id).first() if contact_id else None

    def offer(self, contact: Contact | None) -> None:
        """Show that customer's open invoices, and those this payment settles already, each with an amount
        field.
        """
        self.offered_to = contact
        self.offers = _settleable(contact, set(self.given)) if contact else []
        for invoice in self.offers:
            self.fields[f"allocation_{invoice.pk}"] = forms.DecimalField(
                required=False,
                min_value=0,
                max_digits=14,
                decimal_places=2,
                initial=self.given.get(invoice.pk),
                label=_("Amount for %(invoice)s") % {"invoice": invoice},
            )

    @property
    def offered_rows(self) -> list[tuple[Invoice, forms.BoundField]]:
        return [(invoice, self[f"allocation_{invoice.pk}"]) for invoice in self.offers]

    def clean_amount(self) -> Decimal:
        amount: Decimal = self.cleaned_data["amount"]
        if amount <= 0:
            raise ValidationError(_("A payment is more than nothing."))
        return amount

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        contact = cleaned.get("contact")
        if contact is not None and contact != self.offered_to:
            self.offer(contact)
            if self.offers:
                raise ValidationError(_("Choose which invoices this payment settles, then save again."))
        self._check_allocations(cleaned)
        return cleaned

    def _check_allocations(self, cleaned: dict[str, Any]) -> None:
        for invoice in self.offers:
            amount = cleaned.get(f"allocation_{invoice.pk}") or Decimal(0)
            room = invoice.balance + self.given.get(invoice.pk, Decimal(0))
            if amount > room:
                text = _("Only %(amount)s is open on this invoice.")
                self.add_error(f"allocation_{invoice.pk}", text % {"amount": display.money(room, invoice.currency)})
            if amount and invoice.currency != cleaned.get("currency"):
                self.add_error(f"allocation_{invoice.pk}", _("This invoice is in another currency."))
        total = sum((row["amount"] for row in self._allocations()), Decimal(0))
        if cleaned.get("amount") is not None and total > cleaned["amount"]:
            self.add_error("amount", _("The invoices below add up to more than this."))

    def _allocations(self) -> list[dict[str, Any]]:
        found = ((i.pk, self.cleaned_data.get(f"allocation_{i.pk}")) for i in self.offers)
        return [{"invoice_id": pk, "amount": amount} for pk, amount in found if amount]

    def values(self) -> dict[str, Any]:
        return {**super().values(), "allocations": self._allocations()}


def _price(value: Decimal) -> Decimal:
    """With its cents, without the four zeros after them."""
    cents = totals.round_money(value)
    return cents if cents == value else Decimal(f"{value.normalize():f}")


def _plain(value: Decimal | None) -> Decimal | None:
    """Without the zeros that the database pads it with, and never as `1E+2`."""
    return None if value is None else Decimal(f"{value.normalize():f}")


def _allocated(payment: Any) -> dict[Any, Decimal]:
    if payment is None:
        return {}
    return {row["invoice_id"]: row["amount"] for row in records.child_values(payment, "allocations")}


def _settleable(contact: Contact, chosen: set[Any]) -> list[Invoice]:
    own = Invoice.objects.for_dealership(contact.dealership_id)
    due = own.present().filter(contact=contact, kind=Invoice.Kind.INVOICE, status=Invoice.Status.OPEN, balance__gt=0)
    rows = list(due.exclude(pk__in=chosen).order_by("due_on", "issued_on")[:_LIST])
    return [*own.filter(pk__in=chosen).order_by("issued_on"), *rows]
