"""The main job, step by step, told on the terminal: connect, sync, reconcile."""

import sys
import time
from collections.abc import Callable
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from dealership.models import Dealership, User
from integrations import oauth_flow, reconcile, runs
from integrations.demo.other_side import OtherSide
from integrations.models import DeadLetter, Integration, Reconciliation, SyncLog

PATIENCE_SECONDS = 600
BAR = 30
SESSION = "demo"

Say = Callable[[str], object]


def connect(user: User, place: Dealership, side: OtherSide, say: Say) -> Integration:
    """Through the same OAuth dance as a person: consent page, code, tokens. Kept when it is connected already."""
    found = Integration.objects.for_dealership(place).filter(status=Integration.Status.CONNECTED).first()
    if isinstance(found, Integration):
        say(_("QuickBooks is connected already: %(name)s") % {"name": found.remote_account_name})
        runs.request_all(found, trigger=SyncLog.Trigger.MANUAL)
        return found
    address = oauth_flow.start(
        user=user, dealership=place, provider="quickbooks", environment="simulator", session_key=SESSION
    )
    callback = urlsplit(side.consent(address))
    made = oauth_flow.finish(
        user=user, session_key=SESSION, provider="quickbooks", params=dict(parse_qsl(callback.query))
    )
    say(_("Connected QuickBooks over OAuth: %(name)s") % {"name": made.remote_account_name})
    return made


def watch(integration: Integration, began_at: datetime, say: Say) -> bool:
    """Follow the sync with a progress bar until nothing is under way. True when no run failed."""
    runs_now = SyncLog.objects.filter(integration=integration, created_at__gte=began_at)
    since = time.monotonic()
    while time.monotonic() < since + PATIENCE_SECONDS:
        still = runs_now.filter(status__in=SyncLog.OPEN).count()
        if sys.stdout.isatty() or not still:
            _draw(runs_now, still)
        if not still:
            break
        time.sleep(0.2)
    sys.stdout.write("\n")
    failed = runs_now.filter(status=SyncLog.Status.FAILED).count()
    aside = DeadLetter.objects.filter(integration=integration, status=DeadLetter.Status.OPEN).count()
    seconds = time.monotonic() - since
    say(_("Synced in %(seconds).1f s; %(aside)d set aside.") % {"seconds": seconds, "aside": aside})
    return not failed and not still


def _draw(known: "QuerySet[SyncLog]", still: int) -> None:
    total = known.count() or 1
    sums = known.aggregate(a=Sum("read"), b=Sum("sent_created"), c=Sum("sent_updated"))
    done = BAR * (total - still) // total
    sys.stdout.write(
        f"\r  [{'#' * done}{'.' * (BAR - done)}] {total - still}/{total} "
        + _("streams, %(read)d read, %(sent)d sent")
        % {"read": sums["a"] or 0, "sent": (sums["b"] or 0) + (sums["c"] or 0)}
    )
    sys.stdout.flush()


def prove(integration: Integration, say: Say) -> bool:
    """Reconcile and print the verdict, stream by stream. True when the books agree."""
    proof = reconcile.request(integration, requested_by="demo")
    reconcile.work(proof.pk)
    proof.refresh_from_db()
    while proof.status in (Reconciliation.Status.QUEUED, Reconciliation.Status.RUNNING):
        time.sleep(0.5)
        reconcile.work(proof.pk)
        proof.refresh_from_db()
    say("")
    say(f"  {'':<16}{'Lotbridge':>24}{integration.label:>24}   ")
    for row in proof.figures:
        say(f"  {row['label']:<16}{_side(row['ours']):>24}{_side(row['theirs']):>24}   {_sign(row)}")
    say("")
    say(reconcile.verdict_sentence(proof))
    if proof.error:
        say(proof.error)
    for difference in proof.differences.all()[:20]:
        say(f"  - {difference.label}: {difference.get_kind_display()}. {difference.cause} {difference.next_step}")
    return bool(proof.status == Reconciliation.Status.COMPLETE)


def _side(side: dict[str, object]) -> str:
    totals = side["totals"]
    assert isinstance(totals, dict)
    money = " ".join(f"{amount} {currency}" for currency, amount in sorted(totals.items()))
    return f"{side['count']}  {money}".strip()


def _sign(row: dict[str, int]) -> str:
    off = row["missing_here"] + row["missing_there"] + row["doubled"] + row["differing"]
    return "=" if not off else f"≠ ({off})"
