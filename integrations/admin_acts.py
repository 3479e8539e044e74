"""What staff does with a row in the admin: the same functions as the pages, told in the same words."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from connectors.errors import ConnectorError
from dealership.events import Actor
from dealership.models import User
from integrations import dead_letters, lifecycle, runs
from integrations.forms import StreamForm, save_stream_form
from integrations.models import DeadLetter, Integration, SyncLog
from integrations.views import acts

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:  # takes no parameter at run time
    ModelAdmin = admin.ModelAdmin

Answer = tuple[int, str]


@dataclass(frozen=True)
class RowAct:
    """One button of a row. `act` does it and gives the level and the text of the message."""

    name: str
    label: str | Promise
    act: Callable[[Any], Answer]


def _test(integration: Integration) -> Answer:
    try:
        result = lifecycle.test(integration)
    except ConnectorError as problem:
        return messages.ERROR, acts.failed_test(integration, problem)
    return messages.SUCCESS, acts.passed_test(integration, result)


def _sync(integration: Integration) -> Answer:
    made = runs.request_all(integration, trigger=SyncLog.Trigger.MANUAL)
    if not made:
        return messages.ERROR, acts.nothing_to_sync(integration)
    return messages.SUCCESS, f"{integration}: {acts.syncing(len(made))}"


def _retry_run(run: SyncLog) -> Answer:
    if run.is_open:
        return messages.WARNING, _("%(run)s is still under way.") % {"run": run}
    again = runs.retry(run)
    if again is None:
        return messages.ERROR, acts.nothing_to_sync(run.integration)
    return messages.SUCCESS, _("%(run)s runs again as %(again)s.") % {"run": run, "again": again.reference}


def _cancel_run(run: SyncLog) -> Answer:
    if runs.cancel(run):
        return messages.SUCCESS, _("%(run)s ends now. What it has done so far stays.") % {"run": run}
    return messages.WARNING, _("%(run)s had ended already.") % {"run": run}


def _retry_letter(letter: DeadLetter) -> Answer:
    name = {"record": letter.label or letter.remote_id}
    if dead_letters.replay(letter):
        return messages.SUCCESS, _("%(record)s is tried again.") % name
    return messages.WARNING, _("%(record)s is no longer set aside.") % name


TEST = RowAct("test", lazy("Test"), _test)
SYNC = RowAct("sync", lazy("Sync now"), _sync)
RETRY_RUN = RowAct("retry", lazy("Retry"), _retry_run)
CANCEL_RUN = RowAct("cancel", lazy("Cancel"), _cancel_run)
RETRY_LETTER = RowAct("retry", lazy("Retry"), _retry_letter)


def carry_out(request: HttpRequest, act: RowAct, rows: Iterable[Any]) -> None:
    """Each row by itself: one that fails does not stop the others."""
    for row in rows:
        level, text = act.act(row)
        messages.add_message(request, level, text)


def save_stream(request: HttpRequest, form: StreamForm) -> None:
    """A stream's setting, saved as its page saves it."""
    if form.has_changed():
        save_stream_form(form, Actor.user(cast(User, request.user)))


class RowActs(ModelAdmin):
    """Buttons in each row. They belong to the list's own form, so each carries the address it posts to."""

    acts: Collection[RowAct] = ()

    class Media:
        css = {"all": ["pages/admin-rows.css"]}

    def acts_of(self, row: Any) -> Collection[RowAct]:
        """The acts that make sense for this row now."""
        return self.acts

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Acting on a row takes the right to change it, even though nothing is edited by hand."""
        name = f"{self.opts.app_label}.change_{self.opts.model_name}"
        return bool(request.user.has_perm(name))

    @admin.display(description=lazy("now"))
    def row_acts(self, row: Any) -> str:
        buttons = ((self._url(act, row.pk), act.label) for act in self.acts_of(row))
        shown = format_html_join(" ", '<button class="button" formaction="{}">{}</button>', buttons)
        return format_html('<span class="row-acts">{}</span>', shown)

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<uuid:pk>/{act.name}/",
                self.admin_site.admin_view(self._door(act)),
                name=self._url_name(act),
            )
            for act in self.acts
        ]
        return [*own, *super().get_urls()]

    def _door(self, act: RowAct) -> Callable[..., HttpResponse]:
        def door(request: HttpRequest, pk: UUID) -> HttpResponse:
            if request.method != "POST":
                return HttpResponseNotAllowed(["POST"])
            if not self.has_operate_permission(request):
                raise PermissionDenied
            row: models.Model | None = self.get_queryset(request).filter(pk=pk).first()
            if row is None:
                raise Http404
            carry_out(request, act, [row])
            return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

        return door

    def _url(self, act: RowAct, pk: UUID) -> str:
        return reverse(f"admin:{self._url_name(act)}", args=[pk])

    def _url_name(self, act: RowAct) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{act.name}"
