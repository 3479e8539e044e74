"""`/healthz`: can this process reach its database, and is anybody doing the background work?

Open to everyone, so it says states and ages and nothing about the data.
"""

from __future__ import annotations

from datetime import datetime

from django.apps import apps
from django.db import DatabaseError
from django.db.models import Max
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from integrations.timings import TIMINGS

NOT_RUNNING = "background work is not running"


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when all is well, else 503 with what is not."""
    try:
        last_beat_at = _last_beat_at()
    except DatabaseError:
        return JsonResponse({"status": "down", "database": "does not answer"}, status=503)

    age_seconds = (timezone.now() - last_beat_at).total_seconds() if last_beat_at else None
    if age_seconds is None or age_seconds > TIMINGS.heartbeat_stale_seconds:
        return JsonResponse(
            {"status": "degraded", "database": "ok", "worker": NOT_RUNNING, "last_beat_seconds": age_seconds},
            status=503,
        )
    return JsonResponse({"status": "ok", "database": "ok", "worker": "ok", "last_beat_seconds": age_seconds})


def _last_beat_at() -> datetime | None:
    heartbeats = apps.get_model("integrations", "Heartbeat")
    latest: datetime | None = heartbeats.objects.aggregate(latest=Max("beat_at"))["latest"]
    return latest
