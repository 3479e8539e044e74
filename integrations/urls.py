"""Pages of the integrations."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

app_name = "integrations"


def _soon(request: HttpRequest, **kwargs: object) -> HttpResponse:
    return HttpResponse("")


urlpatterns = [
    path("<slug:slug>/callback/", _soon, name="oauth_callback"),
    path("<uuid:pk>/", _soon, name="detail"),
]
