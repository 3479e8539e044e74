"""The two forms of an import: the file with its kind, then what its columns mean."""

from collections.abc import Iterator
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from dealership.forms.base import is_currency
from dealership.importing import values
from dealership.importing.kinds import KINDS
from dealership.importing.mapping import check_mapping
from dealership.importing.reading import AUTO, MAX_SIZE_BYTES, Sheet
from dealership.models import Contact, ImportFile

_SAMPLES: Final = 3
ENCODING_CHOICES: Final = (
    (AUTO, lazy("Recognise it (UTF-8, UTF-16)")),
    ("cp1252", lazy("Windows-1252 (older programs)")),
    ("utf-16", lazy("UTF-16 without a mark")),
)
DELIMITER_CHOICES: Final = (
    (AUTO, lazy("Recognise it")),
    ("comma", lazy("Comma")),
    ("semicolon", lazy("Semicolon")),
    ("tab", lazy("Tab")),
)
DATE_CHOICES: Final = (
    (AUTO, lazy("Recognise it")),
    (values.ISO, lazy("Year-month-day: 2026-12-31")),
    (values.MONTH_FIRST, lazy("Month/day/year: 12/31/2026")),
    (values.DAY_FIRST, lazy("Day/month/year: 31/12/2026")),
)
DECIMAL_CHOICES: Final = (
    (values.POINT, lazy("Point: 1,234.56")),
    (values.COMMA, lazy("Comma: 1.234,56 or 1 234,56")),
)


class UploadForm(forms.Form):
    kind = forms.ChoiceField(label=lazy("What is in the file?"), choices=ImportFile.Kind.choices)
    file = forms.FileField(
        label=lazy("CSV file"),
        help_text=lazy("With column names in the first row; at most 20 MB."),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv"}),
    )
    encoding = forms.ChoiceField(label=lazy("Encoding"), choices=ENCODING_CHOICES, initial=AUTO)
    delimiter = forms.ChoiceField(label=lazy("Between columns"), choices=DELIMITER_CHOICES, initial=AUTO)

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if (file.size or 0) > MAX_SIZE_BYTES:
            raise forms.ValidationError(_("The file is larger than 20 MB. Split it."))
        return file


class ColumnsForm(forms.Form):
    """One choice for each column of the file, and how the file writes dates and amounts."""

    dates = forms.ChoiceField(label=lazy("Dates"), choices=DATE_CHOICES)
    decimal = forms.ChoiceField(label=lazy("Decimal sign"), choices=DECIMAL_CHOICES)
    currency = forms.CharField(
        label=lazy("Currency"),
        max_length=3,
        validators=[is_currency],
        help_text=lazy("Where a row names none."),
    )
    contact_kind = forms.ChoiceField(label=lazy("They are"), choices=Contact.Kind.choices)

    def __init__(self, *args: Any, file: ImportFile, sheet: Sheet, **options: Any) -> None:
        names = ("dates", "decimal", "currency", "contact_kind")
        options["initial"] = {name: file.options[name] for name in names}
        super().__init__(*args, **options)
        self.sheet = sheet
        self.kind = KINDS[file.kind]
        if file.kind != ImportFile.Kind.CONTACTS:
            del self.fields["contact_kind"]
        choices = [("", _("Not imported")), *((field.name, field.label) for field in self.kind.fields)]
        field_of = {column: name for name, column in file.mapping.items()}
        for index, column in enumerate(sheet.header):
            self.fields[f"column_{index}"] = forms.ChoiceField(
                label=column, choices=choices, required=False, initial=field_of.get(column, "")
            )

    def options_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if not name.startswith("column_")]

    def columns(self) -> Iterator[dict[str, Any]]:
        """Each column with a few of its values, for the person to recognise it."""
        for index, column in enumerate(self.sheet.header):
            filled = (row.cells[index].strip() for row in self.sheet.rows[:200])
            samples = list(dict.fromkeys(text for text in filled if text))[:_SAMPLES]
            yield {
                "name": column,
                "samples": [text[:60] for text in samples],
                "field": self[f"column_{index}"],
            }

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name, columns in self._chosen().items():
            if len(columns) > 1:
                label = self.kind.field(name).label
                sentence = _("%(field)s is chosen for two columns: %(columns)s.")
                self.add_error(None, sentence % {"field": label, "columns": ", ".join(columns)})
        for problem in check_mapping(self.kind, self.mapping, self.sheet.header):
            self.add_error(None, _("Choose a column for %(field)s.") % {"field": problem.column})
        return cleaned

    def _chosen(self) -> dict[str, list[str]]:
        chosen: dict[str, list[str]] = {}
        for index, column in enumerate(self.sheet.header):
            name = self.cleaned_data.get(f"column_{index}")
            if name:
                chosen.setdefault(name, []).append(column)
        return chosen

    @property
    def mapping(self) -> dict[str, str]:
        """Field to column name."""
        return {name: columns[0] for name, columns in self._chosen().items()}

    @property
    def options(self) -> dict[str, str]:
        return {name: value for name, value in self.cleaned_data.items() if not name.startswith("column_")}
