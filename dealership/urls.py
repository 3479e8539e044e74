"""The dealership's pages. Every kind of record has the same addresses under its plural."""

from django.urls import URLPattern, include, path

from dealership.pages import declared
from dealership.views import home, importing, records

app_name = "dealership"

# `accounts/` is where people sign in.
_PLURALS = {"account": "chart-of-accounts", "service_record": "service-records"}


def _record_urls(kind: str) -> list[URLPattern]:
    base = _PLURALS.get(kind, f"{kind}s")
    pages = declared.BY_TYPE[kind]
    given = {"kind": kind}
    urls = [
        path(f"{base}/", records.listing, given, name=f"{kind}_list"),
        path(f"{base}/<uuid:pk>/", records.detail, given, name=f"{kind}_detail"),
    ]
    if pages.form is not None:
        urls += [
            path(f"{base}/new/", records.create, given, name=f"{kind}_create"),
            path(f"{base}/<uuid:pk>/edit/", records.edit, given, name=f"{kind}_edit"),
            path(f"{base}/<uuid:pk>/delete/", records.delete, given, name=f"{kind}_delete"),
            path(f"{base}/<uuid:pk>/restore/", records.restore, given, name=f"{kind}_restore"),
        ]
    if pages.can_void:
        urls.append(path(f"{base}/<uuid:pk>/void/", records.void, given, name=f"{kind}_void"))
    return urls


urlpatterns = [
    path("", home.home, name="home"),
    path("search/", home.search, name="search"),
    path("lookup/<slug:kind>/", home.lookup, name="lookup"),
    path("dealerships/", home.switch, name="switch"),
    *(url for kind in declared.BY_TYPE for url in _record_urls(kind)),
    path("import/", include(importing.urlpatterns)),
]
