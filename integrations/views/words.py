"""What states and streams are called on pages: a word first, then the tone of its shape and colour."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connectors import registry
from connectors.base import Connector
from dealership import display
from integrations.models import Integration, Reconciliation, SyncConfig, SyncItem, SyncLog

ENDS_SOON_DAYS = 7


@dataclass(frozen=True)
class State:
    """A word and its tone: good, live, wait, bad or off."""

    text: str
    tone: str


_INTEGRATION_TONES = {
    Integration.Status.DRAFT: "off",
    Integration.Status.CONNECTING: "live",
    Integration.Status.CONNECTED: "good",
    Integration.Status.NEEDS_RECONNECT: "bad",
    Integration.Status.PAUSED: "off",
    Integration.Status.DISCONNECTED: "off",
}
_RUN_TONES = {
    SyncLog.Status.QUEUED: "live",
    SyncLog.Status.RUNNING: "live",
    SyncLog.Status.SUCCEEDED: "good",
    SyncLog.Status.FAILED: "bad",
    SyncLog.Status.CANCELLED: "off",
}
_ITEM_TONES = {
    SyncItem.Outcome.SET_ASIDE: "bad",
    SyncItem.Outcome.CONFLICT: "wait",
    SyncItem.Outcome.DELETED: "off",
    SyncItem.Outcome.SENT_VOIDED: "off",
    SyncItem.Outcome.SKIPPED: "off",
    SyncItem.Outcome.LINKED: "off",
}
_PROOF_TONES = {
    Reconciliation.Status.QUEUED: "live",
    Reconciliation.Status.RUNNING: "live",
    Reconciliation.Status.COMPLETE: "good",
    Reconciliation.Status.DIFFERENT: "bad",
    Reconciliation.Status.FAILED: "bad",
}
# Direction -> the icon that stands beside its name.
FLOW_ICONS = {
    SyncConfig.Direction.BOTH: "both-ways",
    SyncConfig.Direction.PULL: "inward",
    SyncConfig.Direction.PUSH: "outward",
}


def said(message: str) -> str:
    """A message that was stored in English, in the reader's language where it is known."""
    return _(message) if message else ""


def of_integration(
    integration: Integration, *, is_syncing: bool = False, set_aside: int = 0, days_left: int | None = None
) -> State:
    """What matters most about a connection now."""
    status = Integration.Status(integration.status)
    if status != Integration.Status.CONNECTED:
        return State(str(status.label), _INTEGRATION_TONES[status])
    if is_syncing:
        return State(_("Syncing"), "live")
    if set_aside:
        return State(_("%(count)s set aside") % {"count": display.number(set_aside)}, "wait")
    if days_left is not None and days_left <= ENDS_SOON_DAYS:
        text = ngettext("Ends in %(days)s day", "Ends in %(days)s days", days_left) % {"days": days_left}
        return State(text, "wait")
    return State(str(status.label), "good")


def of_run(run: SyncLog, now: datetime | None = None) -> State:
    """Between two slices a run is queued again: for a reader it is still running."""
    status = SyncLog.Status(run.status)
    if status == SyncLog.Status.QUEUED and run.started_at:
        waits = run.not_before is not None and run.not_before > (now or timezone.now())
        return State(_("Retrying"), "wait") if waits else State(str(SyncLog.Status.RUNNING.label), "live")
    if status == SyncLog.Status.PARTIAL:
        return State(_("%(count)s set aside") % {"count": display.number(run.rejected)}, "bad")
    return State(str(status.label), _RUN_TONES[status])


def of_item(item: SyncItem) -> State:
    outcome = SyncItem.Outcome(item.outcome)
    return State(str(outcome.label), _ITEM_TONES.get(outcome, "good"))


def of_proof(proof: Reconciliation) -> State:
    status = Reconciliation.Status(proof.status)
    brief = {Reconciliation.Status.COMPLETE: _("Agrees"), Reconciliation.Status.DIFFERENT: _("Differs")}
    return State(brief.get(status, str(status.label)), _PROOF_TONES[status])


def days_until(end: datetime | None, now: datetime) -> int | None:
    """Whole days left, 0 on the last one."""
    return None if end is None else max((end - now).days, 0)


def category(connector_class: type[Connector]) -> str:
    return {
        "accounting": _("Accounting"),
        "crm": _("CRM"),
        "payments": _("Payments"),
        "dms": _("DMS and listings"),
        "marketing": _("Marketing"),
        "signatures": _("Signatures"),
        "files": _("Files"),
        "messaging": _("Messaging"),
    }.get(connector_class.category, connector_class.category.capitalize())


def stream(provider: str, name: str) -> str:
    """The stream as people call it; its own name when the connector no longer has it."""
    labels = {s.name: s.label for s in registry.get(provider).streams}
    return _(labels[name]) if name in labels else name


def run_title(run: SyncLog) -> str:
    """`Invoices from QuickBooks`, `Invoices, both ways with QuickBooks`; needs the run's integration."""
    names = {"stream": stream(run.integration.provider, run.stream), "provider": run.integration.label}
    if run.pulls and run.pushes:
        return _("%(stream)s, both ways with %(provider)s") % names
    return (_("%(stream)s from %(provider)s") if run.pulls else _("%(stream)s to %(provider)s")) % names
