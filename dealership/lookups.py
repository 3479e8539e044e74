"""Finding one record by what a person types: the name, number, VIN or e-mail in a form, and the search of the
frame.
"""

import uuid
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q

from dealership.models import Contact, Dealership, Expense, Invoice, Job, Payment, Record, Vehicle

SUGGESTIONS: Final = 8
SEPARATOR: Final = " · "


@dataclass(frozen=True)
class Lookup:
    """`fields` are searched; `label` fields tell two records apart, the first one being its name."""

    fields: tuple[str, ...]
    label: tuple[str, ...]


LOOKUPS: Final[dict[type[Record], Lookup]] = {
    Contact: Lookup(("display_name", "email", "phone"), ("display_name", "email")),
    Vehicle: Lookup(("vin", "stock_number", "make", "model"), ("vin", "stock_number", "year", "make", "model")),
    Invoice: Lookup(("number",), ("number",)),
    Job: Lookup(("number", "title"), ("title", "number")),
    Payment: Lookup(("reference",), ("reference",)),
    Expense: Lookup(("reference", "description"), ("reference", "description")),
}


def label(record: Record) -> str:
    """What stands in a form's text field for that record, and finds it again."""
    lookup = LOOKUPS[type(record)]
    parts = [str(getattr(record, name)) for name in lookup.label if getattr(record, name)]
    return SEPARATOR.join(parts) or str(record)


def details(record: Record) -> str:
    """The label with what tells two of the same label apart."""
    more = [str(getattr(record, name, "")) for name in ("phone", "city", "issued_on")]
    return SEPARATOR.join([label(record), *(part for part in more if part)])


def find(dealership: Dealership, model: type[Record], words: str) -> list[Any]:
    """The records meant by `words`, best first: one label or name that fits exactly, else whatever contains
    it.
    """
    words = words.strip()
    rows = model.objects.for_dealership(dealership).present()
    if not words:
        return []
    if _is_id(words):
        return list(rows.filter(pk=words))
    first = words.split(SEPARATOR)[0]
    exact = list(rows.filter(_where(model, first, "iexact"))[: SUGGESTIONS * 8])
    labelled = [row for row in exact if label(row) == words]
    if len(labelled) == 1:
        return labelled
    return (labelled or exact or containing(dealership, model, first))[:SUGGESTIONS]


def containing(dealership: Dealership, model: type[Record], words: str, *, limit: int = SUGGESTIONS) -> list[Any]:
    """Present records with `words` somewhere in a searched field, the last changed first."""
    if not words.strip():
        return []
    rows = model.objects.for_dealership(dealership).present().filter(_where(model, words.strip(), "icontains"))
    return list(rows.order_by("-updated_at")[:limit])


def _where(model: type[Record], words: str, how: str) -> Q:
    condition = Q()
    for name in LOOKUPS[model].fields:
        condition |= Q(**{f"{name}__{how}": words})
    return condition


def _is_id(words: str) -> bool:
    try:
        uuid.UUID(words)
    except ValueError:
        return False
    return True
