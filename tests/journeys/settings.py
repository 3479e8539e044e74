"""The settings of tests for a hub that a browser visits: at its own address, and with the simulator's limits off."""

import os

from tests.settings import *  # noqa: F403

BASE_URL = os.environ["JOURNEY_URL"]
CSRF_TRUSTED_ORIGINS = [BASE_URL]
SIMULATOR_LIMITS = False
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
