"""What every record's form has in common: it belongs to a dealership, and gives values instead of saving."""

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.forms.renderers import BaseRenderer
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from dealership import lookups
from dealership.models import Dealership, Record

if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[Any]
else:
    _ModelForm = forms.ModelForm

is_currency: Final = RegexValidator(r"^[A-Z]{3}$", lazy("A currency is three capital letters, such as CAD."))


def unix_lines(value: Any) -> Any:
    """Browsers send a text area with CR LF; kept so, every save would look like a change."""
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


class ReferenceInput(forms.TextInput):
    """A text field for another record; after an ambiguous entry, its candidates as radio choices."""

    template_name = "components/reference.html"

    def __init__(self, kind: str) -> None:
        super().__init__({"autocomplete": "off", "data-lookup": kind})
        self.kind = kind
        self.candidates: list[Record] = []

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return data.get(f"{name}_choice") or data.get(name)

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["candidates"] = [(row.pk, lookups.details(row)) for row in self.candidates]
        return context

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: BaseRenderer | None = None
    ) -> SafeString:
        """With the project's own templates: the form renderer only knows those of the installed apps."""
        return render_to_string(self.template_name, self.get_context(name, value, attrs))


class ReferenceField(forms.Field):
    """Another record of the same dealership, named by what a person types. Holds no list, however many there
    are.
    """

    widget: ReferenceInput

    def __init__(self, model: type[Record], dealership: Dealership, **options: Any) -> None:
        super().__init__(widget=ReferenceInput(model.record_type()), **options)
        self.model = model
        self.dealership = dealership

    def prepare_value(self, value: Any) -> Any:
        """What the text field shows for a record, its id, or what was typed."""
        if isinstance(value, self.model):
            return lookups.label(value)
        found = lookups.find(self.dealership, self.model, str(value)) if value and len(str(value)) == 36 else []
        return lookups.label(found[0]) if found else value

    def clean(self, value: Any) -> Record | None:
        words = str(value or "").strip()
        if not words:
            super().validate(None)
            return None
        found: list[Record] = lookups.find(self.dealership, self.model, words)
        if not found:
            raise ValidationError(_("Nothing here is called “%(words)s”.") % {"words": words})
        if len(found) > 1:
            self.widget.candidates = found
            raise ValidationError(_("More than one fits “%(words)s”. Choose one.") % {"words": words})
        return found[0]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return True


class RecordForm(_ModelForm):
    """`references` become text look-ups; `choices_of` stay a select of the dealership's own rows.

    `unique` lists the sets of fields that may exist only once among the dealership's present records.
    """

    references: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        dealership: Dealership,
        record: Record | None = None,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        self.dealership = dealership
        self.record = record
        # A copy: validation writes into the form's instance, and the record must still be what is stored.
        instance = copy.copy(record) if record is not None else self._meta.model(dealership=dealership)
        super().__init__(data, instance=instance, initial=dict(initial or {}))
        self.fields["version"].initial = record.version if record else None
        for name, field in list(self.fields.items()):
            self._adapt(name, field)

    def _adapt(self, name: str, field: forms.Field) -> None:
        if isinstance(field, forms.DateField):
            field.widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        if isinstance(field.widget, forms.Textarea):
            field.widget.attrs["rows"] = 3
        if name == "currency":
            field.validators.append(is_currency)
            if field.required:
                self.suggest("currency", self.dealership.currency)
        if isinstance(field, forms.ModelChoiceField):
            self._adapt_choice(name, field)

    def suggest(self, name: str, value: Any) -> None:
        """What an empty field of a new record starts with."""
        if self.record is None and not self.initial.get(name):
            self.initial[name] = value

    def _adapt_choice(self, name: str, field: "forms.ModelChoiceField[Any]") -> None:
        model = cast("type[Record]", self._meta.model._meta.get_field(name).related_model)
        if name not in self.references:
            field.queryset = model.objects.for_dealership(self.dealership).present().order_by("name")
            return
        if self.record is not None:
            self.initial[name] = getattr(self.record, name)
        self.fields[name] = ReferenceField(
            model, self.dealership, label=field.label, help_text=field.help_text, required=field.required
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for names in self.unique:
            self._check_unique(names)
        return cleaned

    def _check_unique(self, names: tuple[str, ...]) -> None:
        values = {name: self.cleaned_data.get(name) for name in names}
        if not all(values.values()):
            return
        twins = self._meta.model.objects.for_dealership(self.dealership).present().filter(**values)
        if self.record is not None:
            twins = twins.exclude(pk=self.record.pk)
        if twins.exists():
            self.add_error(names[0], _("This one exists already."))

    def values(self) -> dict[str, Any]:
        """What `dealership.records` takes; references by id."""
        given: dict[str, Any] = {}
        for name in self._meta.fields or ():
            if name not in self.fields:
                continue
            value = self.cleaned_data[name]
            is_reference = self._meta.model._meta.get_field(name).is_relation
            if is_reference:
                given[f"{name}_id"] = value.pk if value else None
            else:
                given[name] = unix_lines(value)
        return given

    @property
    def expected_version(self) -> int | None:
        """The version that the person saw when they began to edit."""
        version: int | None = self.cleaned_data.get("version")
        return version
