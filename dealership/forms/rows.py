"""A record's rows (lines, taxes) as a formset: spare rows without JavaScript, and the values
`dealership.records` takes.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from django import forms
from django.forms.formsets import BaseFormSet, formset_factory
from django.utils.translation import gettext as _

from dealership.forms.base import unix_lines

MAX_ROWS: Final = 500

if TYPE_CHECKING:
    _FormSet = BaseFormSet["RowForm"]
else:
    _FormSet = BaseFormSet


class RowForm(forms.Form):
    """One row. An empty one is left out; so is one whose `DELETE` is ticked."""

    def values(self) -> dict[str, Any]:
        """What is kept of the row."""
        return {name: unix_lines(value) for name, value in self.cleaned_data.items() if name != "DELETE"}


class RowSet(_FormSet):
    def kept(self) -> list[RowForm]:
        """The rows that have content and are not to be deleted, in their order."""
        return [form for form in self.forms if form.has_changed() and not form.cleaned_data.get("DELETE")]

    def values(self) -> list[dict[str, Any]]:
        return [form.values() for form in self.kept()]

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if "DELETE" in form.fields:
            form.fields["DELETE"].label = _("Remove")

    def get_deletion_widget(self) -> forms.CheckboxInput:  # type: ignore[override]
        return forms.CheckboxInput({"aria-label": _("Remove this row")})


def row_set(
    form: type[RowForm],
    data: Mapping[str, Any] | None,
    *,
    prefix: str,
    initial: Sequence[Mapping[str, Any]],
    extra: int,
    form_kwargs: dict[str, Any] | None = None,
) -> RowSet:
    """The formset over the rows that exist, with `extra` empty ones below."""
    made = formset_factory(
        form,
        formset=RowSet,
        extra=extra,
        can_delete=True,
        max_num=MAX_ROWS,
        absolute_max=MAX_ROWS,
        validate_max=True,
    )
    rows = cast(RowSet, made(data, prefix=prefix, initial=list(initial), form_kwargs=form_kwargs or {}))
    # Existing rows are resent whole, so every one counts as content even when nobody touched it.
    for row in rows.initial_forms:
        row.empty_permitted = False
        row.has_changed = lambda: True  # type: ignore[method-assign]
    return rows
