"""Connecting over OAuth and renewing access, in seconds against the promised ones."""

import time
from statistics import median

from django.utils import timezone

from benchmarks.stage import Stage, tell
from integrations.credentials import IntegrationTokens
from integrations.models import Credential, Integration
from tests.support import connections
from tests.support.simulator import US_REALM

TIMES = 5
CONNECT_SECONDS = 3.0
REFRESH_SECONDS = 2.0


def connect(stage: Stage) -> float:
    """The start, the consent page, the callback with all that it stores."""
    user, dealership = connections.dealership_of()
    taken = []
    with stage.latency():
        for _ in range(TIMES):
            started = time.perf_counter()
            connections.connect(user, dealership, US_REALM)
            taken.append(time.perf_counter() - started)
            Integration.objects.all().delete()
    tell(f"connected in {median(taken):.2f} s, slowest {max(taken):.2f} s")
    return median(taken) / CONNECT_SECONDS


def refresh(stage: Stage) -> float:
    """A token that has ended, asked for: the provider renews it, and it is stored before it is used."""
    integration = stage.connect()
    taken = []
    with stage.latency():
        for _ in range(TIMES):
            Credential.objects.update(access_expires_at=timezone.now())
            started = time.perf_counter()
            IntegrationTokens(integration).access_token()
            taken.append(time.perf_counter() - started)
    if stage.calls("token:refresh_token") != TIMES:
        raise RuntimeError("Not every refresh reached the provider.")
    tell(f"refreshed in {median(taken):.2f} s, slowest {max(taken):.2f} s")
    return median(taken) / REFRESH_SECONDS
