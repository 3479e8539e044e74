"""Why a difference is there and what to do about it, in words."""

from collections.abc import Iterator, Sequence

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Q
from django.utils.translation import gettext as _

from dealership.models import Record
from integrations.dead_letters import OPEN
from integrations.models import DeadLetter, ReconciliationDifference, SyncConfig

LOOK_UP = 500
Kind = ReconciliationDifference.Kind


def explain(differences: Sequence[ReconciliationDifference], config: SyncConfig) -> None:
    """Fill in cause and next step. A record that was set aside says it best itself."""
    for start in range(0, len(differences), LOOK_UP):
        chunk = differences[start : start + LOOK_UP]
        letters = {key: letter for letter in _letters(chunk, config) for key in _keys(letter)}
        for difference in chunk:
            letter = letters.get(difference.local_id) or letters.get(difference.remote_id)
            if letter is not None:
                difference.cause, difference.next_step = letter.reason, letter.next_step
            difference.cause = difference.cause or _usual_cause(difference, config)
            difference.next_step = difference.next_step or _usual_step(difference, config)


def field_words(model: type[Record], name: str) -> str:
    """A canonical field as people call it."""
    try:
        found = model._meta.get_field(name.removesuffix("_id"))
    except FieldDoesNotExist:
        return _("void") if name == "void" else name
    words = getattr(found, "verbose_name", None)
    if words is None and isinstance(found.related_model, type):
        words = found.related_model._meta.verbose_name_plural
    return str(words or name)


def _letters(differences: Sequence[ReconciliationDifference], config: SyncConfig) -> Iterator[DeadLetter]:
    named = Q(local_id__in=[d.local_id for d in differences if d.local_id])
    named |= Q(remote_id__in=[d.remote_id for d in differences if d.remote_id])
    letters = DeadLetter.objects.filter(named, integration=config.integration_id, stream=config.stream, status__in=OPEN)
    return iter(letters.order_by("created_at"))


def _keys(letter: DeadLetter) -> list[object]:
    return [key for key in (letter.local_id, letter.remote_id) if key]


def _usual_cause(difference: ReconciliationDifference, config: SyncConfig) -> str:
    if config.blocked_reason:
        return config.blocked_reason
    if difference.kind == Kind.MISSING_THERE:
        return _("Not sent yet.") if config.pushes else _("This stream is not sent out of Lotbridge.")
    return _("Not received yet.") if config.pulls else _("This stream is not received by Lotbridge.")


def _usual_step(difference: ReconciliationDifference, config: SyncConfig) -> str:
    provider = config.integration.label
    if difference.kind == Kind.DOUBLED_THERE:
        return _("Delete or void one of the two in %(provider)s, then check again.") % {"provider": provider}
    possible = config.pushes if difference.kind == Kind.MISSING_THERE else config.pulls
    if difference.kind == Kind.DIFFERS or possible:
        return _("Sync this stream, then check again.")
    return _("Let the stream go both ways, or enter the record by hand on the other side.")
