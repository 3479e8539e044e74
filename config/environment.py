"""Typed readers of environment variables.

Each returns a checked value or raises `ImproperlyConfigured` with a sentence that names the variable and what
is allowed.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import environ
from django.core.exceptions import ImproperlyConfigured

KEY_BYTES = 32
DATABASE_SCHEMES = ("sqlite:///", "postgres://", "postgresql://")
# Measured to give no "database is locked" with several processes. WAL without IMMEDIATE makes it worse.
SQLITE_OPTIONS = {
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}


class Environment:
    """The process environment, completed by the file `.env` where there is one."""

    def __init__(self, dotenv: Path) -> None:
        self._env = environ.Env()
        if dotenv.is_file():
            self._env.read_env(str(dotenv))

    def text(self, name: str, default: str) -> str:
        """The value without surrounding blanks. An empty value stays empty."""
        return str(self._env.str(name, default)).strip()

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.text(name, "true" if default else "false").lower()
        if value in ("true", "1", "yes", "on"):
            return True
        if value in ("false", "0", "no", "off"):
            return False
        raise ImproperlyConfigured(f"{name} is {value!r}: allowed are true and false.")

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in allowed:
            raise ImproperlyConfigured(f"{name} is {value!r}: allowed are {', '.join(allowed)}.")
        return value

    def secret_key(self, name: str, *, debug: bool) -> str:
        value = self.text(name, "only-for-debugging" if debug else "")
        if not value:
            raise ImproperlyConfigured(
                f"{name} is not set. It must be a long random text: "
                "./lotbridge writes one into .env, or set it in the environment."
            )
        return value

    def credential_keys(self, name: str, *, debug: bool) -> dict[str, str]:
        """Key ids and hexadecimal keys in the order given: the first encrypts, all decrypt."""
        text = self.text(name, f"debug={'0' * 2 * KEY_BYTES}" if debug else "")
        keys = dict(_credential_key(name, part) for part in text.split(",") if part.strip())
        if not keys:
            raise ImproperlyConfigured(
                f"{name} is not set. It must be name=key, the key being {2 * KEY_BYTES} hexadecimal "
                "digits; several are separated by commas and the first one encrypts."
            )
        return keys

    def web_address(self, name: str, default: str, *, may_be_empty: bool = False) -> str:
        """An http or https address without a path or a slash at its end."""
        value = self.text(name, default).rstrip("/")
        if not value and may_be_empty:
            return ""
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
            raise ImproperlyConfigured(
                f"{name} is {value!r}: it must be http:// or https:// with a host, perhaps a port, no path."
            )
        return value

    def database(self, name: str, root: Path) -> dict[str, Any]:
        """Django's settings for one database; the path of an SQLite file counts from `root`."""
        url = self.text(name, "sqlite:///var/lotbridge.sqlite3")
        if not url.startswith(DATABASE_SCHEMES) or url == "sqlite:///":
            raise ImproperlyConfigured(
                f"{name} must start with sqlite:/// (a file) or postgres:// (user:password@host/database)."
            )
        database: dict[str, Any] = dict(environ.Env.db_url_config(url))
        if database["ENGINE"].endswith("sqlite3"):
            return database | {"NAME": str(root / database["NAME"]), "OPTIONS": SQLITE_OPTIONS}
        # No psycopg pool: it cannot be shared with the worker, whose processes are forked.
        return database | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}

    def email(self, name: str) -> dict[str, Any]:
        """Django's EMAIL_* settings; the default prints mail to the console."""
        url = self.text(name, "consolemail://")
        try:
            settings = environ.Env.email_url_config(url)
        except (ImproperlyConfigured, ValueError) as error:
            raise ImproperlyConfigured(
                f"{name} must be consolemail:// or one of smtp://, smtp+tls://, smtp+ssl:// "
                "with user:password@host:port."
            ) from error
        return {key: value for key, value in settings.items() if value is not None}

    def broker(self, name: str, *, redis_url: str) -> str:
        """`orm` (the queue is a table of the database) or `redis`."""
        broker = self.choice(name, "orm", ("orm", "redis"))
        if broker == "redis" and not redis_url:
            raise ImproperlyConfigured(f"{name} is redis, so REDIS_URL must say where: redis://host:6379/0.")
        return broker

    def time_zone(self, name: str, default: str) -> str:
        value = self.text(name, default)
        if value not in available_timezones():
            raise ImproperlyConfigured(f"{name} is {value!r}: it must be a name such as America/Toronto or UTC.")
        return value

    def log_level(self, name: str, default: str) -> str:
        levels = tuple(level for level in logging.getLevelNamesMapping() if level not in ("NOTSET", "WARN", "FATAL"))
        return self.choice(name, default, levels)


def _credential_key(variable: str, part: str) -> tuple[str, str]:
    name, _, key = part.strip().partition("=")
    try:
        length = len(bytes.fromhex(key))
    except ValueError:
        length = 0
    if not name or length != KEY_BYTES:
        # The value itself is a secret and stays out of the message.
        raise ImproperlyConfigured(
            f"{variable}: the key named {name!r} must be {2 * KEY_BYTES} hexadecimal digits, as in name=key."
        )
    return name, key
