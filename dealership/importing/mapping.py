"""Which column of a file fills which field: guessed from the names, checked before it is used."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from django.utils.translation import gettext as _

from dealership.importing.kinds import Kind
from dealership.importing.problems import Problem


def plain_name(text: str) -> str:
    """A column name without case, accents and punctuation."""
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", " ", bare.casefold()).strip()


def guess_mapping(kind: Kind, header: Iterable[str]) -> dict[str, str]:
    """Field to column name, for the columns whose name is known; each column serves one field."""
    free = {plain_name(name): name for name in header}
    mapping: dict[str, str] = {}
    for field in kind.fields:
        own = [plain_name(field.name), *field.names.split("|")]
        found = next((name for name in own if name in free), None)
        if found is not None:
            mapping[field.name] = free.pop(found)
    return mapping


def check_mapping(kind: Kind, mapping: Mapping[str, str], header: Iterable[str]) -> list[Problem]:
    """What keeps the mapping from being used: columns that are missing, unknown or taken twice."""
    names = set(header)
    columns = ", ".join(header)
    problems = [
        Problem(1, column, _("The file has no column of this name."), columns)
        for column in mapping.values()
        if column not in names
    ]
    for field in kind.fields:
        if field.required and field.name not in mapping:
            problems.append(Problem(1, str(field.label), _("A required column is missing from the file."), columns))
    for group in kind.one_of:
        if not mapping.keys() & set(group):
            labels = _(" or ").join(str(kind.field(name).label) for name in group)
            problems.append(Problem(1, labels, _("A required column is missing from the file."), columns))
    taken = list(mapping.values())
    for column in {c for c in taken if taken.count(c) > 1}:
        problems.append(Problem(1, column, _("The column is used for two fields.")))
    return problems
