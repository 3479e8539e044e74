"""`manage.py set_up_schedules`: the queue's schedules, declared in one place. Safe to run again."""

from typing import Any

from django.core.management.base import BaseCommand
from django_q.models import Schedule

SCHEDULES: dict[str, dict[str, Any]] = {
    "sweep": {"func": "integrations.tasks.sweep", "schedule_type": Schedule.MINUTES, "minutes": 1},
    "nightly proof": {"func": "integrations.tasks.reconcile_all", "schedule_type": Schedule.CRON, "cron": "0 6 * * *"},
}


class Command(BaseCommand):
    help = "Sets up what happens by the clock."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, facts in SCHEDULES.items():
            Schedule.objects.update_or_create(name=name, defaults=facts)
        Schedule.objects.filter(func__startswith="integrations.").exclude(name__in=SCHEDULES).delete()
