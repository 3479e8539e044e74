"""How far a run is, in numbers and words. Pure functions of the run and the time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from dealership import display
from integrations.models import SyncLog
from integrations.views import words


@dataclass(frozen=True)
class Progress:
    """`total` is None while the provider has not said how many there are."""

    done: int
    total: int | None
    headline: str
    pace: str

    @property
    def sentence(self) -> str:
        return f"{self.headline} · {self.pace}" if self.pace else self.headline


def of(run: SyncLog, now: datetime) -> Progress:
    """Needs the run's integration."""
    names = {
        "stream": words.stream(run.integration.provider, run.stream),
        "provider": run.integration.label,
    }
    if run.started_at is None:
        return Progress(0, None, _("%(stream)s: waiting for its turn") % names, "")
    if run.phase == SyncLog.Phase.PULL:
        headline = _("%(stream)s: %(read)s read from %(provider)s") % {**names, "read": display.number(run.read)}
        return Progress(run.read, None, headline, _pace(run, run.read, None, now))
    done = sent(run)
    if not run.expected:
        return Progress(done, None, _("%(stream)s: looking for what to send to %(provider)s") % names, "")
    total = max(run.expected, done)
    figures = {**names, "done": display.number(done), "total": display.number(total)}
    headline = _("%(stream)s: %(done)s of %(total)s sent to %(provider)s") % figures
    return Progress(done, total, headline, _pace(run, done, total, now))


def sent(run: SyncLog) -> int:
    """What a push has worked off: written there or set aside."""
    return run.sent_created + run.sent_updated + run.rejected


def changed(run: SyncLog) -> int:
    return run.created + run.updated + run.sent_created + run.sent_updated


def figures(run: SyncLog) -> list[dict[str, Any]]:
    """The strip of counters; a direction that the run does not go is left out."""
    names = {"provider": run.integration.label}
    here = [
        (_("Created here"), run.created, ""),
        (_("Updated here"), run.updated, ""),
        (_("Unchanged"), run.unchanged, ""),
    ]
    there = [
        (_("Created in %(provider)s") % names, run.sent_created, ""),
        (_("Updated in %(provider)s") % names, run.sent_updated, ""),
    ]
    rest = [
        (_("Changed on both sides"), run.conflicted, _("merged by the setting") if run.conflicted else ""),
        (_("Set aside"), run.rejected, _("the run goes on") if run.rejected and run.is_open else ""),
    ]
    shown = [*(here if run.pulls else []), *(there if run.pushes else []), *rest]
    return [{"label": label, "value": display.number(value), "note": note} for label, value, note in shown]


def _pace(run: SyncLog, done: int, total: int | None, now: datetime) -> str:
    if run.not_before is not None and run.not_before > now:
        return _("goes on %(when)s") % {"when": display.ago(run.not_before, now)}
    seconds = (now - run.started_at).total_seconds() if run.started_at else 0
    if not done or seconds < 1:
        return ""
    rate = done / seconds
    pace = _("%(rate)s a second") % {"rate": display.number(round(rate))} if rate >= 1 else ""
    if total is None or done >= total:
        return pace
    left = _("about %(time)s left") % {"time": display.duration((total - done) / rate)}
    return f"{pace} · {left}" if pace else left
