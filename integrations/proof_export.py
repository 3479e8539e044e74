"""A reconciliation in words and as a file."""

import csv
import io
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dealership import display
from dealership.importing.report import harmless
from integrations.models import Reconciliation

Status = Reconciliation.Status
CHUNK = 500


def verdict_sentence(reconciliation: Reconciliation) -> str:
    """The report's title: what was found, or how far it is."""
    if reconciliation.status == Status.COMPLETE:
        return _("The books agree: %(what)s") % {"what": _counted(reconciliation)}
    if reconciliation.status == Status.DIFFERENT:
        return _difference_sentence(reconciliation)
    if reconciliation.status == Status.FAILED:
        return _("The books could not be compared: %(error)s") % {"error": reconciliation.error}
    if reconciliation.status == Status.RUNNING:
        return ngettext(
            "The books are being compared: %(count)s record so far",
            "The books are being compared: %(count)s records so far",
            reconciliation.compared,
        ) % {"count": display.number(reconciliation.compared)}
    return _("The books will be compared shortly")


def export_csv(reconciliation: Reconciliation) -> Iterator[str]:
    """The whole report, a few lines at a time: what was compared and when, the figures, each difference.

    Starts with UTF-8's mark, for spreadsheets; nothing in it runs as a formula there.
    """
    yield "\ufeff"
    yield _lines(_header(reconciliation))
    yield _lines(_figure_rows(reconciliation))
    head = [_("Stream"), _("Kind"), _("Record"), _("Id there"), _("Lotbridge"), reconciliation.integration.label]
    yield _lines([[], [*head, _("Difference"), _("Currency"), _("Fields"), _("Cause"), _("Next step")]])
    labels = {figure["stream"]: _(figure["label"]) for figure in reconciliation.figures}
    differences = reconciliation.differences.order_by("stream", "kind", "label", "pk")
    for difference in differences.iterator(chunk_size=CHUNK):
        yield _lines([_difference_row(difference, labels)])


def _difference_sentence(reconciliation: Reconciliation) -> str:
    count = reconciliation.difference_count
    records = ngettext("%(count)s record", "%(count)s records", count) % {"count": display.number(count)}
    amounts = net_differences(reconciliation.figures)
    if not amounts:
        return _("The books differ: %(records)s") % {"records": records}
    return _("The books differ by %(amount)s: %(records)s") % {"amount": _amounts(amounts), "records": records}


def net_differences(figures: Iterable[dict[str, Any]]) -> dict[str, Decimal]:
    """How far the sides are apart, per currency. Only credit notes and invoices make up for each other."""
    net: dict[tuple[str, str], Decimal] = {}
    for figure in figures:
        for side, sign in (("ours", figure["sign"]), ("theirs", -figure["sign"])):
            for currency, total in figure[side]["totals"].items():
                key = (figure["record_type"], currency)
                net[key] = net.get(key, Decimal(0)) + sign * Decimal(total)
    apart: dict[str, Decimal] = {}
    for (_record_type, currency), amount in net.items():
        apart[currency] = apart.get(currency, Decimal(0)) + abs(amount)
    return {currency: amount for currency, amount in apart.items() if amount}


def _counted(reconciliation: Reconciliation) -> str:
    """The first stream of invoices with its totals; without one, how many records there are."""
    figures = reconciliation.figures
    chief = next((f for f in figures if f["record_type"] == "invoice" and f["ours"]["count"]), None)
    if chief is None:
        count = sum(figure["ours"]["count"] for figure in figures)
        return ngettext("%(count)s record", "%(count)s records", count) % {"count": display.number(count)}
    count = chief["ours"]["count"]
    counted = ngettext("%(count)s invoice", "%(count)s invoices", count) % {"count": display.number(count)}
    totals = {currency: Decimal(total) for currency, total in chief["ours"]["totals"].items()}
    return f"{counted}, {_amounts(totals)}"


def _amounts(amounts: dict[str, Decimal]) -> str:
    if len(amounts) == 1:
        return "".join(display.amount(amount, currency) for currency, amount in amounts.items())
    return " + ".join(display.money(amount, currency) for currency, amount in sorted(amounts.items()))


def _header(reconciliation: Reconciliation) -> list[list[Any]]:
    integration = reconciliation.integration
    at = reconciliation.finished_at or reconciliation.created_at
    return [
        [_("Reconciliation"), integration.label],
        [_("Remote account"), integration.remote_account_name, integration.remote_account_id],
        [_("Environment"), integration.get_environment_display()],
        [_("Dealership"), reconciliation.dealership.name],
        [_("Checked"), at.isoformat(timespec="seconds")],
        [_("Asked by"), reconciliation.requested_by],
        [_("Verdict"), verdict_sentence(reconciliation)],
        [],
    ]


def _figure_rows(reconciliation: Reconciliation) -> Iterator[list[Any]]:
    there = reconciliation.integration.label
    yield [
        _("Stream"),
        _("Month"),
        _("Currency"),
        _("Records in Lotbridge"),
        _("Records in %(provider)s") % {"provider": there},
        _("Total in Lotbridge"),
        _("Total in %(provider)s") % {"provider": there},
        _("Difference"),
    ]
    for figure in reconciliation.figures:
        label, ours, theirs = _(figure["label"]), figure["ours"], figure["theirs"]
        for row in figure["months"]:
            sums = (row["ours_total"], row["theirs_total"], row["difference"])
            yield [label, row["month"], row["currency"], row["ours_count"], row["theirs_count"], *sums]
        currencies = sorted({*ours["totals"], *theirs["totals"]})
        if not currencies:
            yield [label, _("All"), "", ours["count"], theirs["count"], "", "", ""]
        for currency in currencies:
            here, over_there = (Decimal(side["totals"].get(currency, "0.00")) for side in (ours, theirs))
            yield [label, _("All"), currency, *_counts(figure, currency), here, over_there, here - over_there]


def _counts(figure: dict[str, Any], currency: str) -> tuple[int, int]:
    rows = [row for row in figure["months"] if row["currency"] == currency]
    return sum(row["ours_count"] for row in rows), sum(row["theirs_count"] for row in rows)


def _difference_row(difference: Any, labels: dict[str, str]) -> list[Any]:
    ours, theirs = difference.ours, difference.theirs
    apart = None if ours is None and theirs is None else (ours or Decimal("0.00")) - (theirs or Decimal("0.00"))
    told = "; ".join(f"{name}: {here} | {there}" for name, (here, there) in difference.fields.items())
    return [
        labels.get(difference.stream, difference.stream),
        difference.get_kind_display(),
        difference.label,
        difference.remote_id,
        ours,
        theirs,
        apart,
        difference.currency,
        told,
        difference.cause,
        difference.next_step,
    ]


def _lines(rows: Iterable[Iterable[Any]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for row in rows:
        writer.writerow(["" if cell is None else harmless(str(cell)) for cell in row])
    return out.getvalue()
