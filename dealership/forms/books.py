"""The form of bills and purchases with their lines."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from dealership import records
from dealership.forms.base import RecordForm
from dealership.forms.rows import RowForm, RowSet, row_set
from dealership.models import Account, Dealership, Expense

SPARE_LINES: Final = 3


class ExpenseLineForm(RowForm):
    """`accounts` is read once for all rows."""

    account_id = forms.TypedChoiceField(label=_lazy("Account"), required=False, coerce=UUID, empty_value=None)
    description = forms.CharField(
        label=_lazy("Description"), required=False, max_length=4000, widget=forms.Textarea({"rows": 1})
    )
    amount = forms.DecimalField(label=_lazy("Amount"), max_digits=14, decimal_places=2)

    def __init__(self, *args: Any, accounts: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["account_id"].choices = accounts  # type: ignore[attr-defined]


class ExpenseForm(RecordForm):
    references = ("vendor", "vehicle")

    lines: RowSet
    line_labels = (_lazy("Account"), _lazy("Description"), _lazy("Amount"))

    class Meta:
        model = Expense
        fields = (
            "kind",
            "vendor",
            "reference",
            "issued_on",
            "due_on",
            "currency",
            "payment_type",
            "account",
            "vehicle",
            "description",
        )

    def __init__(self, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["kind"].disabled = self.record is not None
        self.suggest("issued_on", timezone.localdate())
        lines = records.child_values(self.record, "lines") if self.record else []
        self.lines = row_set(
            ExpenseLineForm,
            data,
            prefix="lines",
            initial=lines,
            extra=SPARE_LINES,
            form_kwargs={"accounts": _accounts(self.dealership)},
        )

    def is_valid(self) -> bool:
        own, lines = super().is_valid(), self.lines.is_valid()
        if own and lines and not self.lines.kept():
            self.add_error(None, _("An expense needs at least one line."))
            return False
        return own and lines

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("kind") == Expense.Kind.PURCHASE and not cleaned.get("payment_type"):
            self.add_error("payment_type", _("Say how this purchase was paid."))
        if cleaned.get("kind") == Expense.Kind.BILL and "vendor" in cleaned and cleaned["vendor"] is None:
            self.add_error("vendor", _("Say who is owed this bill."))
        return cleaned

    def values(self) -> dict[str, Any]:
        values = {**super().values(), "lines": self.lines.values()}
        if self.record is None and values["kind"] == Expense.Kind.PURCHASE:
            values["status"] = Expense.Status.PAID
        return values


def _accounts(dealership: Dealership) -> list[tuple[str, str]]:
    rows = Account.objects.for_dealership(dealership).present().filter(active=True).order_by("code", "name")
    return [("", _("No account")), *((str(row.pk), str(row)) for row in rows)]
