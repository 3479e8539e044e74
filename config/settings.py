"""All settings, grouped in the order a reader asks. `.env.example` explains every variable read here."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from config import logs
from config.environment import Environment
from integrations.timings import QUEUE_LIMIT, TIMINGS, WORKERS

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment(BASE_DIR / ".env")

# Is this a developer's machine, and which secrets protect it?

DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.secret_key("SECRET_KEY", debug=DEBUG)
CREDENTIAL_KEYS = env.credential_keys("CREDENTIAL_KEYS", debug=DEBUG)

# Where is it reached?

BASE_URL = env.web_address("BASE_URL", "http://127.0.0.1:8000")
_base = urlsplit(BASE_URL)
_is_https = _base.scheme == "https"
_loopback = ["127.0.0.1", "localhost", "[::1]"]
ALLOWED_HOSTS = _loopback if _base.hostname in ("127.0.0.1", "localhost", "::1") else [str(_base.hostname)]
CSRF_TRUSTED_ORIGINS = [BASE_URL]
TRUST_PROXY_HEADERS = env.flag("TRUST_PROXY_HEADERS", default=False)

# Where are the data, the queue and the cache?

DATABASES = {"default": env.database("DATABASE_URL", BASE_DIR)}
ATOMIC_REQUESTS = False
REDIS_URL = env.text("REDIS_URL", "")
BROKER = env.broker("LOTBRIDGE_BROKER", redis_url=REDIS_URL)
CACHES = {
    # Shared by all processes: the limits on wrong passwords are counted in it.
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "lotbridge_cache"}
    ),
    # The queue writes its status here twice a second; nobody else reads it.
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}
Q_CLUSTER = {
    "name": "lotbridge",
    "label": "Queue",
    "workers": WORKERS,
    "queue_limit": QUEUE_LIMIT,
    "bulk": 1,
    "timeout": TIMINGS.task_timeout_seconds,
    "retry": TIMINGS.task_retry_seconds,
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": -1,
    "catch_up": False,
    "poll": 0.2,
    "recycle": 500,
    "cache": "process",
    **({"redis": REDIS_URL} if BROKER == "redis" else {"orm": "default"}),
}

# Which other side do we talk to, and how does mail leave?

SIMULATOR_URL = env.web_address("SIMULATOR_URL", "http://127.0.0.1:8899", may_be_empty=True)
SIMULATOR_LIMITS = env.flag("SIMULATOR_LIMITS", default=True)
vars().update(env.email("EMAIL_URL"))
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Lotbridge <lotbridge@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# What is it made of?

INSTALLED_APPS = [
    "dealership",
    "integrations",
    "webhooks",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "csp",
    "django_filters",
    "django_htmx",
    "django_q",
    "rest_framework",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dealership.context.frame",
            ]
        },
    }
]

# Who may sign in?

AUTH_USER_MODEL = "dealership.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "dealership.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
# People are added by their dealership, never by themselves, so an address needs no second proof.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Lotbridge: "
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _base.scheme
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if TRUST_PROXY_HEADERS else 0

# What protects the browser?

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _is_https
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _is_https else 0
# Behind a proxy that we do not trust to say "https", a redirect would go round in circles.
SECURE_SSL_REDIRECT = _is_https and TRUST_PROXY_HEADERS
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUST_PROXY_HEADERS else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}
# Other hosts of the operator's domain may serve plain http; that is not ours to forbid (subdomains, preload).
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

# How does the API answer?

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
}

# Which language and time do people see?

LANGUAGES = [("en", _("English")), ("fr", _("French"))]
LANGUAGE_CODE = env.choice("DEFAULT_LANGUAGE", "en", tuple(code for code, _name in LANGUAGES))
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.time_zone("TIME_ZONE", "UTC")
USE_TZ = True

# Which files does it serve?

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}
MEDIA_ROOT = BASE_DIR / "var" / "media"

# What does it say while it runs?

LOG_LEVEL = env.log_level("LOG_LEVEL", "INFO")
LOGGING_CONFIG = "config.logs.configure"
LOGGING = logs.settings(level=LOG_LEVEL, as_json=not DEBUG)
