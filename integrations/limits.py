"""The provider's rate limits, counted in the database so that every process of every machine shares them.

One row a limit and remote account holds a fixed window that begins with its first call. Each call is one conditional
UPDATE: counted while the window is open and not full, else a new window when the old one is over.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from connectors.errors import RateLimited
from connectors.streams import Limit
from connectors.text import text
from integrations.models import RateBudget


@dataclass(frozen=True)
class Usage:
    """What the open window of one limit has counted."""

    name: str
    used: int
    window_started_at: datetime


class DatabaseBudget:
    """`connectors.http.Budget` for one remote account, whoever connected it."""

    def __init__(self, account_key: str, limits: Sequence[Limit]) -> None:
        self._account_key = account_key
        self._limits = {limit.name: limit for limit in limits}

    def take(self, name: str) -> None:
        """Count one call. Raises RateLimited with the seconds until the window ends when it is full."""
        limit = self._limits[name]
        rows = RateBudget.objects.filter(account_key=self._account_key, name=name)
        now = timezone.now()
        if not (_count(rows, limit, now) or _begin_again(rows, limit, now) or self._begin(limit, now)):
            # Between our UPDATEs another process may have begun a new window.
            self._count_or_refuse(rows, limit, now)

    def hold(self, name: str, seconds: float) -> None:
        """Count the window as full until so many seconds from now, for every stream and process of the account."""
        limit = self._limits[name]
        began_at = timezone.now() + timedelta(seconds=seconds - limit.seconds)
        RateBudget.objects.filter(account_key=self._account_key, name=name).update(
            used=limit.calls, window_started_at=began_at
        )

    def _begin(self, limit: Limit, now: datetime) -> bool:
        """The first window ever. False when there is one already."""
        if RateBudget.objects.filter(account_key=self._account_key, name=limit.name).exists():
            return False
        try:
            with transaction.atomic():
                RateBudget.objects.create(account_key=self._account_key, name=limit.name, window_started_at=now, used=1)
        except IntegrityError:
            return False
        return True

    def _count_or_refuse(self, rows: QuerySet[RateBudget], limit: Limit, now: datetime) -> None:
        if _count(rows, limit, now):
            return
        started_at = rows.values_list("window_started_at", flat=True).get()
        ends_at = started_at + timedelta(seconds=limit.seconds)
        raise RateLimited(
            text("The provider's limit on calls is used up. It goes on by itself."),
            retry_after_seconds=max(0.0, math.ceil((ends_at - now).total_seconds() * 1000) / 1000),
            code=limit.name,
        )


def usage(account_key: str) -> list[Usage]:
    """What was counted last for each limit of that remote account; for pages."""
    rows = RateBudget.objects.filter(account_key=account_key).order_by("name")
    return [Usage(row.name, row.used, row.window_started_at) for row in rows]


def _count(rows: QuerySet[RateBudget], limit: Limit, now: datetime) -> bool:
    open_since = now - timedelta(seconds=limit.seconds)
    return bool(rows.filter(window_started_at__gt=open_since, used__lt=limit.calls).update(used=F("used") + 1))


def _begin_again(rows: QuerySet[RateBudget], limit: Limit, now: datetime) -> bool:
    over_since = now - timedelta(seconds=limit.seconds)
    return bool(rows.filter(window_started_at__lte=over_since).update(window_started_at=now, used=1))
