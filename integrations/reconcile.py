"""Reconciliation: the dated proof that both sides agree, or each difference by name.

    queued -> running -> complete | different | failed
    running -> queued     the slice is over (goes on with the next stream), or the provider is busy (starts over)

Each transition is one conditional UPDATE. A reconciliation whose worker died starts over: a proof that was interrupted
for long would be of two different days. What is compared, and how: `proof_compare`.
"""

import logging
import time
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from connectors.errors import ConnectorError, CredentialError, RateLimited, TransientError
from integrations import background, lifecycle, schedule
from integrations.connecting import connector_for
from integrations.models import Integration, Reconciliation, ReconciliationDifference, SyncConfig
from integrations.proof_compare import StreamComparison
from integrations.proof_export import export_csv, verdict_sentence
from integrations.timings import TIMINGS

__all__ = ["export_csv", "request", "verdict_sentence", "work"]

logger = logging.getLogger(__name__)

TASK: Final = "integrations.tasks.reconcile"
NOT_COMPARED: Final = ("account",)
RENEW_SECONDS: Final = min(1.0, TIMINGS.lease_seconds / 10)
Status = Reconciliation.Status


class LeaseLost(Exception):
    """Another worker has it now: stop without a word."""


def request(integration: Integration, *, requested_by: str) -> Reconciliation:
    """Ask for a proof. Gives the open one where there is one."""
    with transaction.atomic():
        open_ones = Reconciliation.objects.filter(integration=integration, status__in=(Status.QUEUED, Status.RUNNING))
        still_open = open_ones.first()
        if isinstance(still_open, Reconciliation):
            return still_open
        proof = Reconciliation(
            dealership_id=integration.dealership_id,
            integration=integration,
            requested_by=requested_by[:200],
            nudged_at=timezone.now(),
        )
        try:
            with transaction.atomic():
                proof.save(force_insert=True)
        except IntegrityError:
            # Somebody asked in this very moment.
            other: Reconciliation = open_ones.get()
            return other
        background.enqueue(TASK, proof.pk)
    return proof


def work(reconciliation_id: uuid.UUID, *, deadline: float | None = None) -> None:
    """Compare both sides. Past `deadline` (time.monotonic) it goes back to the queue after the stream in hand."""
    proof = _claim(reconciliation_id)
    if proof is None:
        return
    with translation.override(proof.dealership.language):
        try:
            _Worker(proof, deadline).run()
        except LeaseLost:
            return
        except RateLimited as problem:
            _back_off(proof, _(problem.message), wait_seconds=problem.retry_after_seconds)
        except TransientError as problem:
            _back_off(proof, _(problem.message))
        except CredentialError as problem:
            lifecycle.needs_reconnect(proof.integration, problem.message)
            _finish(proof, Status.FAILED, error=_(problem.message))
        except ConnectorError as problem:
            _finish(proof, Status.FAILED, error=_(problem.message))
        except Exception:
            logger.exception("reconciliation %s", proof.pk)
            _finish(proof, Status.FAILED, error=_("An error in Lotbridge. Reference: %(id)s") % {"id": proof.pk})


class _Worker:
    """One worker's hold on a reconciliation, and its way through the streams."""

    def __init__(self, proof: Reconciliation, deadline: float | None) -> None:
        self.proof, self.deadline = proof, deadline
        self.compared = proof.compared
        self.renewed_at = time.monotonic()

    def run(self) -> None:
        connector = connector_for(self.proof.integration, before_call=self.renew)
        try:
            done = {figure["stream"] for figure in self.proof.figures}
            left = [config for config in _configs(self.proof.integration) if config.stream not in done]
            passed: list[StreamComparison] = []
            for config in left:
                comparison = StreamComparison(self.proof, connector, config, keep=self.keep)
                self._first_pass(comparison)
                passed.append(comparison)
                if self.deadline is not None and time.monotonic() > self.deadline:
                    break
            for comparison in passed:
                self._second_pass(comparison)
        finally:
            connector.client.close()
        if len(passed) < len(left):
            _release(self.proof)
        else:
            _conclude(self.proof)

    def renew(self) -> None:
        """Keep the lease and show how far it is. Raises LeaseLost when somebody else has it."""
        if time.monotonic() - self.renewed_at >= RENEW_SECONDS:
            self._hold()

    def keep(self, differences: Sequence[ReconciliationDifference]) -> None:
        """Write differences while the lease is ours."""
        with transaction.atomic():
            self._hold()
            ReconciliationDifference.objects.bulk_create(differences, batch_size=500)

    def _first_pass(self, comparison: StreamComparison) -> None:
        before = self.compared
        for compared in comparison.first_pass():
            self.compared = before + compared
            self.renew()

    def _second_pass(self, comparison: StreamComparison) -> None:
        differences = comparison.second_pass()
        figures = [*self.proof.figures, comparison.tally.figures()]
        with transaction.atomic():
            ReconciliationDifference.objects.bulk_create(differences, batch_size=500)
            self._hold(
                figures=figures,
                difference_count=self.proof.difference_count + comparison.tally.kinds.total(),
            )

    def _hold(self, **progress: Any) -> None:
        until = timezone.now() + timedelta(seconds=TIMINGS.lease_seconds)
        if not _held(self.proof).update(lease_expires_at=until, compared=self.compared, **progress):
            raise LeaseLost
        self.renewed_at = time.monotonic()
        for name, value in progress.items():
            setattr(self.proof, name, value)


def _configs(integration: Integration) -> list[SyncConfig]:
    """The enabled streams of records that both sides keep, parents first."""
    streams = {stream.name for stream in integration.connector_class.streams if stream.maps_to not in NOT_COMPARED}
    configs = SyncConfig.objects.select_related("integration").filter(integration=integration, enabled=True)
    return [config for config in configs.order_by("rank") if config.stream in streams]


def _claim(pk: uuid.UUID) -> Reconciliation | None:
    now = timezone.now()
    due = Q(status=Status.QUEUED) & (Q(not_before=None) | Q(not_before__lte=now))
    abandoned = Q(status=Status.RUNNING, lease_expires_at__lt=now)
    with transaction.atomic():
        found = Reconciliation.objects.filter(due | abandoned, pk=pk).first()
        if found is None:
            return None
        # Only a worker that died leaves the end of its lease behind.
        died = found.lease_expires_at is not None
        attempt = found.attempt + died
        claimed = Reconciliation.objects.filter(due | abandoned, pk=pk, lease_token=found.lease_token).update(
            status=Status.RUNNING,
            lease_token=uuid.uuid4(),
            lease_expires_at=now + timedelta(seconds=TIMINGS.lease_seconds),
            started_at=found.started_at if found.figures and not died else now,
            attempt=attempt,
            not_before=None,
            **(_blank() if died else {}),
        )
        if not claimed:
            return None
        if died:
            ReconciliationDifference.objects.filter(reconciliation=pk).delete()
    proof: Reconciliation = Reconciliation.objects.select_related("integration__dealership", "dealership").get(pk=pk)
    if died and schedule.backoff_seconds(attempt) is None:
        _finish(proof, Status.FAILED, error=_("Its worker stopped again and again. Look into the worker's log."))
        return None
    return proof


def _blank() -> dict[str, Any]:
    return {"figures": [], "difference_count": 0, "compared": 0}


def _held(proof: Reconciliation) -> Any:
    return Reconciliation.objects.filter(pk=proof.pk, status=Status.RUNNING, lease_token=proof.lease_token)


def _release(proof: Reconciliation) -> None:
    with transaction.atomic():
        released = _held(proof).update(
            status=Status.QUEUED, lease_token=None, lease_expires_at=None, nudged_at=timezone.now()
        )
        if released:
            background.enqueue(TASK, proof.pk)


def _back_off(proof: Reconciliation, message: str, *, wait_seconds: float | None = None) -> None:
    """Start over later. With `wait_seconds` the provider said when: that is not a failed try."""
    attempt = proof.attempt + (1 if wait_seconds is None else 0)
    seconds = schedule.backoff_seconds(attempt) if wait_seconds is None else wait_seconds
    if seconds is None:
        _finish(proof, Status.FAILED, error=message)
        return
    with transaction.atomic():
        moved = _held(proof).update(
            status=Status.QUEUED,
            lease_token=None,
            lease_expires_at=None,
            attempt=attempt,
            not_before=timezone.now() + timedelta(seconds=seconds),
            nudged_at=None,
            error=message,
            **_blank(),
        )
        if moved:
            ReconciliationDifference.objects.filter(reconciliation=proof).delete()


def _conclude(proof: Reconciliation) -> None:
    agree = not proof.difference_count and all(figure["ours"] == figure["theirs"] for figure in proof.figures)
    _finish(proof, Status.COMPLETE if agree else Status.DIFFERENT)


def _finish(proof: Reconciliation, status: str, *, error: str = "") -> None:
    _held(proof).update(
        status=status, finished_at=timezone.now(), lease_token=None, lease_expires_at=None, not_before=None, error=error
    )
