"""Pages of the integrations."""

from django.urls import path

from integrations.views import acts, catalogue, connecting, dead_letters, detail, reconciliation, runs

app_name = "integrations"
urlpatterns = [
    path("", catalogue.listing, name="list"),
    path("add/", catalogue.add, name="add"),
    path("connect/<slug:slug>/", connecting.connect, name="connect"),
    path("runs/", runs.listing, name="run_list"),
    path("runs/<uuid:pk>/", runs.run, name="run"),
    path("runs/<uuid:pk>/progress/", runs.run_progress, name="run_progress"),
    path("runs/<uuid:pk>/items.csv", runs.run_items, name="run_items"),
    path("runs/<uuid:pk>/retry/", runs.retry, name="run_retry"),
    path("runs/<uuid:pk>/cancel/", runs.cancel, name="run_cancel"),
    path("set-aside/", dead_letters.listing, name="dead_letters"),
    path("set-aside/retry/", dead_letters.retry_all, name="dead_letters_retry"),
    path("set-aside/<uuid:pk>/retry/", dead_letters.retry, name="dead_letter_retry"),
    path("set-aside/<uuid:pk>/dismiss/", dead_letters.dismiss, name="dead_letter_dismiss"),
    path("reconciliation/", reconciliation.newest, name="reconciliations"),
    path("reconciliation/<uuid:pk>/", reconciliation.reconciliation, name="reconciliation"),
    path(
        "reconciliation/<uuid:pk>/progress/",
        reconciliation.reconciliation_progress,
        name="reconciliation_progress",
    ),
    path("reconciliation/<uuid:pk>/report.csv", reconciliation.export, name="reconciliation_export"),
    path("<slug:slug>/callback/", connecting.oauth_callback, name="oauth_callback"),
    path("<uuid:pk>/", detail.detail, name="detail"),
    path("<uuid:pk>/card/", catalogue.card, name="card"),
    path("<uuid:pk>/runs/", detail.detail_runs, name="detail_runs"),
    path("<uuid:pk>/reconnect/", connecting.reconnect, name="reconnect"),
    path("<uuid:pk>/sync/", acts.sync, name="sync"),
    path("<uuid:pk>/sync/<slug:stream>/", acts.sync_stream, name="sync_stream"),
    path("<uuid:pk>/test/", acts.test, name="test"),
    path("<uuid:pk>/pause/", acts.pause, name="pause"),
    path("<uuid:pk>/resume/", acts.resume, name="resume"),
    path("<uuid:pk>/disconnect/", acts.disconnect, name="disconnect"),
    path("<uuid:pk>/reconcile/", reconciliation.check, name="reconcile"),
]
