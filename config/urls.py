"""The only list of URL prefixes."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from config.health import healthz
from webhooks.urls import legacy_urlpatterns

# One way in for everybody, with its limits on wrong passwords.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("accounts/", include("allauth.account.urls")),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("hooks/", include("webhooks.urls")),
    *legacy_urlpatterns,
    path("integrations/", include("integrations.urls")),
    path("", include("dealership.urls")),
]
