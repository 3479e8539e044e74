"""Where providers call us: `/hooks/<slug>/`, and the addresses that callers were given before."""

from django.urls import path

from webhooks import views

app_name = "webhooks"
urlpatterns = [path("<slug:slug>/", views.receive, name="receive")]

# Absolute, without a prefix.
legacy_urlpatterns = [
    path("webhook/<slug:slug>", views.receive),
    path("api/webhooks/<slug:slug>", views.receive),
    path("api/integrations/<slug:slug>/webhook", views.receive),
]
