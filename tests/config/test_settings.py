"""What follows from the settings, as a browser or an operator sees it."""

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings
from django.test import Client

ROOT = Path(settings.BASE_DIR)
# Stated, so that a .env beside manage.py cannot answer for them.
STATED = {
    "SECRET_KEY": "x" * 50,
    "CREDENTIAL_KEYS": f"k1={'ab' * 32}",
    "DEBUG": "false",
    "TRUST_PROXY_HEADERS": "false",
}


def settings_of(expression: str, **environment: str) -> str:
    """The value of an expression over the settings of a fresh process."""
    code = f"from config import settings; print({expression})"
    clean = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=clean | STATED | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_an_https_address_makes_cookies_safe_and_browsers_stay() -> None:
    shown = settings_of(
        "settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE, settings.SECURE_HSTS_SECONDS, "
        "settings.ALLOWED_HOSTS, settings.CSRF_TRUSTED_ORIGINS, settings.SECURE_SSL_REDIRECT",
        BASE_URL="https://hub.example.com",
    )

    assert shown == "True True 31536000 ['hub.example.com'] ['https://hub.example.com'] False"


def test_a_trusted_proxy_says_which_requests_were_https() -> None:
    shown = settings_of(
        "settings.SECURE_SSL_REDIRECT, settings.SECURE_PROXY_SSL_HEADER, settings.ALLAUTH_TRUSTED_PROXY_COUNT",
        BASE_URL="https://hub.example.com",
        TRUST_PROXY_HEADERS="true",
    )

    assert shown == "True ('HTTP_X_FORWARDED_PROTO', 'https') 1"


def test_the_queue_is_the_database_unless_redis_is_chosen() -> None:
    chosen = settings_of(
        "settings.Q_CLUSTER['redis'], 'orm' in settings.Q_CLUSTER",
        LOTBRIDGE_BROKER="redis",
        REDIS_URL="redis://127.0.0.1:6379/15",
    )

    assert settings.Q_CLUSTER["name"] == "lotbridge"
    assert chosen == "redis://127.0.0.1:6379/15 False"


def test_manage_says_what_is_missing() -> None:
    clean = {"PATH": os.environ["PATH"], "SECRET_KEY": ""}

    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "Lotbridge is not set up: SECRET_KEY is not set." in done.stderr


def test_every_page_has_the_strict_content_security_policy(client: Client) -> None:
    response = client.get("/accounts/login/")

    policy = response.headers["Content-Security-Policy"]

    assert "default-src 'self'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
