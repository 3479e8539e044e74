"""How a stream is kept in step, and the log of every run: SyncConfig, SyncLog (a run), SyncItem."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from integrations.models.base import Owned
from integrations.models.integration import Integration


class SyncConfig(Owned):
    """`pull_wanted` and `push_wanted` are the truth about what must still happen: set with whatever caused the wish,
    cleared by the run that starts to fulfil it."""

    class Direction(models.TextChoices):
        BOTH = "both", _("Both ways")
        PULL = "pull", _("Into Lotbridge")
        PUSH = "push", _("Out of Lotbridge")

    class Schedule(models.TextChoices):
        REALTIME = "realtime", _("At once, and every hour")
        HOURLY = "hourly", _("Every hour")
        DAILY = "daily", _("Every day")
        WEEKLY = "weekly", _("Every week")
        MANUAL = "manual", _("By hand only")

    class ConflictPolicy(models.TextChoices):
        LATEST_WINS = "latest_wins", _("The latest change wins")
        OURS = "ours", _("Lotbridge wins")
        THEIRS = "theirs", _("The other system wins")

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="configs")
    stream = models.CharField(_("stream"), max_length=40)
    enabled = models.BooleanField(_("on"), default=True)
    direction = models.CharField(_("direction"), max_length=4, choices=Direction.choices, default=Direction.BOTH)
    schedule = models.CharField(_("schedule"), max_length=8, choices=Schedule.choices, default=Schedule.REALTIME)
    conflict_policy = models.CharField(
        _("when both sides changed"), max_length=11, choices=ConflictPolicy.choices, default=ConflictPolicy.LATEST_WINS
    )
    rank = models.PositiveSmallIntegerField(_("order"), default=0)
    cursor_at = models.DateTimeField(_("read up to"), null=True, blank=True)
    next_due_at = models.DateTimeField(_("next due"), null=True, blank=True)
    pull_wanted = models.BooleanField(_("a pull is wanted"), default=False)
    push_wanted = models.BooleanField(_("a push is wanted"), default=False)
    wanted_trigger = models.CharField(_("wanted because of"), max_length=8, blank=True)
    last_succeeded_at = models.DateTimeField(_("last succeeded"), null=True, blank=True)
    blocked_reason = models.CharField(_("blocked"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("stream setting")
        verbose_name_plural = _("stream settings")
        ordering = ["rank"]
        constraints = [models.UniqueConstraint(fields=["integration", "stream"], name="sync_config_once")]
        indexes = [models.Index(fields=["next_due_at"], name="sync_config_due")]

    def __str__(self) -> str:
        return f"{self.integration} · {self.stream}"

    @property
    def pulls(self) -> bool:
        return self.direction in (self.Direction.BOTH, self.Direction.PULL)

    @property
    def pushes(self) -> bool:
        return self.direction in (self.Direction.BOTH, self.Direction.PUSH)


class SyncLog(Owned):
    """One run of one stream. Every transition is a function in `integrations.runs` and nothing else.

    `queued -> running -> succeeded | partial | failed | cancelled`, `running -> queued` (slice over, backing off, lease
    expired).
    """

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        SUCCEEDED = "succeeded", _("Succeeded")
        PARTIAL = "partial", _("Ended with records set aside")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    class Trigger(models.TextChoices):
        SCHEDULE = "schedule", _("the schedule")
        MANUAL = "manual", _("a person")
        WEBHOOK = "webhook", _("a webhook")
        REALTIME = "realtime", _("a change here")
        BACKFILL = "backfill", _("a backfill")

    class Phase(models.TextChoices):
        PULL = "pull", _("Into Lotbridge")
        PUSH = "push", _("Out of Lotbridge")

    OPEN = (Status.QUEUED, Status.RUNNING)

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="runs")
    config = models.ForeignKey(SyncConfig, on_delete=models.CASCADE, related_name="runs")
    stream = models.CharField(_("stream"), max_length=40)
    rank = models.PositiveSmallIntegerField(_("order"), default=0)
    status = models.CharField(_("status"), max_length=9, choices=Status.choices, default=Status.QUEUED)
    trigger = models.CharField(_("started by"), max_length=8, choices=Trigger.choices)
    pulls = models.BooleanField(_("pulls"), default=True)
    pushes = models.BooleanField(_("pushes"), default=True)
    phase = models.CharField(_("phase"), max_length=4, choices=Phase.choices, default=Phase.PULL)
    page_token = models.CharField(_("page"), max_length=500, blank=True)
    pages = models.PositiveIntegerField(_("pages read"), default=0)
    as_of = models.DateTimeField(_("reads up to"), null=True, blank=True)
    listing_needed = models.BooleanField(_("a full listing is needed"), default=False)

    read = models.PositiveIntegerField(_("read"), default=0)
    created = models.PositiveIntegerField(_("created"), default=0)
    updated = models.PositiveIntegerField(_("updated"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    sent_created = models.PositiveIntegerField(_("created there"), default=0)
    sent_updated = models.PositiveIntegerField(_("updated there"), default=0)
    skipped = models.PositiveIntegerField(_("skipped"), default=0)
    rejected = models.PositiveIntegerField(_("set aside"), default=0)
    conflicted = models.PositiveIntegerField(_("conflicts"), default=0)
    retried = models.PositiveIntegerField(_("retries"), default=0)
    expected = models.PositiveIntegerField(_("expected to send"), default=0)

    attempt = models.PositiveSmallIntegerField(_("attempt"), default=0)
    not_before = models.DateTimeField(_("not before"), null=True, blank=True)
    nudged_at = models.DateTimeField(_("nudged"), null=True, blank=True)
    lease_token = models.UUIDField(_("lease"), null=True, blank=True)
    lease_expires_at = models.DateTimeField(_("lease until"), null=True, blank=True)
    cancel_requested = models.BooleanField(_("cancel requested"), default=False)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True)
    error_kind = models.CharField(_("kind of error"), max_length=40, blank=True)
    reference = models.CharField(_("reference"), max_length=20, unique=True)

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        constraints = [
            models.UniqueConstraint(
                fields=["config"], condition=Q(status__in=["queued", "running"]), name="run_open_once_per_stream"
            ),
            # One stream of an integration at a time: parents are then never created twice by two runs.
            models.UniqueConstraint(
                fields=["integration"], condition=Q(status="running"), name="run_running_once_per_integration"
            ),
        ]
        indexes = [
            models.Index(fields=["dealership", "-created_at"], name="run_by_time"),
            models.Index(fields=["integration", "-created_at"], name="run_of_integration"),
            models.Index(fields=["status", "not_before"], condition=Q(finished_at=None), name="run_open"),
        ]

    def __str__(self) -> str:
        return f"{self.stream} · {self.reference}"

    def get_absolute_url(self) -> str:
        return reverse("integrations:run", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN

    @property
    def duration_seconds(self) -> float | None:
        if not self.started_at or not self.finished_at:
            return None
        return (self.finished_at - self.started_at).total_seconds()


class SyncItem(Owned):
    """One record that a run changed, skipped or set aside. Unchanged ones are only counted."""

    class Outcome(models.TextChoices):
        CREATED = "created", _("Created")
        UPDATED = "updated", _("Updated")
        DELETED = "deleted", _("Deleted")
        SENT_CREATED = "sent_created", _("Created there")
        SENT_UPDATED = "sent_updated", _("Updated there")
        SENT_VOIDED = "sent_voided", _("Voided there")
        LINKED = "linked", _("Linked")
        SKIPPED = "skipped", _("Skipped")
        SET_ASIDE = "set_aside", _("Set aside")
        CONFLICT = "conflict", _("Conflict")

    run = models.ForeignKey(SyncLog, on_delete=models.CASCADE, related_name="items")
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome.choices)
    record_type = models.CharField(_("record type"), max_length=30)
    local_id = models.UUIDField(_("record"), null=True, blank=True)
    remote_id = models.CharField(_("remote id"), max_length=100, blank=True)
    label = models.CharField(_("name"), max_length=300, blank=True)
    before = models.JSONField(_("before"), null=True, blank=True, encoder=DjangoJSONEncoder)
    detail = models.TextField(_("what happened"), blank=True)
    next_step = models.TextField(_("next step"), blank=True)
    code = models.CharField(_("provider's code"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        indexes = [
            models.Index(fields=["run", "created_at"], name="item_of_run"),
            models.Index(fields=["local_id"], name="item_of_record"),
        ]

    def __str__(self) -> str:
        return f"{self.label or self.remote_id} · {self.outcome}"
