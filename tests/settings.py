"""The settings of tests: config.settings, the environment fixed so that a developer's .env changes nothing.

Child processes of tests (workers, web servers) inherit them together with the environment.
"""

import os
import tempfile
from pathlib import Path

# One folder for a whole run: processes of pytest-xdist and children inherit the variable.
if "LOTBRIDGE_TEST_FOLDER" not in os.environ:
    os.environ["LOTBRIDGE_TEST_FOLDER"] = tempfile.mkdtemp(prefix="lotbridge-tests-")
_folder = Path(os.environ["LOTBRIDGE_TEST_FOLDER"])

os.environ |= {
    "DEBUG": "false",
    "SECRET_KEY": "only-for-tests",
    "CREDENTIAL_KEYS": f"test={'7e' * 32}",
    "BASE_URL": "http://127.0.0.1:8000",
    "TRUST_PROXY_HEADERS": "false",
    "EMAIL_URL": "memorymail://",
    "DEFAULT_FROM_EMAIL": "Lotbridge <lotbridge@example.com>",
    "DEFAULT_LANGUAGE": "en",
    "TIME_ZONE": "UTC",
}
# What CI and the tests that start processes vary.
os.environ.setdefault("DATABASE_URL", f"sqlite:///{_folder / 'unused.sqlite3'}")
os.environ.setdefault("LOTBRIDGE_BROKER", "orm")
os.environ.setdefault("REDIS_URL", "")
os.environ.setdefault("SIMULATOR_URL", "http://127.0.0.1:8899")
os.environ.setdefault("LOG_LEVEL", "WARNING")

from config.settings import *  # noqa: E402, F403
from config.settings import CACHES, DATABASES, STORAGES  # noqa: E402

# A file, because worker and web processes of tests open the same database.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": str(_folder / "test.sqlite3")}
CACHES["default"] = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "tests"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# No collectstatic before a test that renders a page.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
STATIC_ROOT = _folder
WHITENOISE_USE_FINDERS = True
MEDIA_ROOT = _folder / "media"
