"""Every model of the integrations, importable from one place."""

from integrations.models.background import Heartbeat, RateBudget
from integrations.models.integration import Credential, Integration, OAuthClient, OAuthState
from integrations.models.links import DeadLetter, RecordLink
from integrations.models.proof import Reconciliation, ReconciliationDifference
from integrations.models.sync import SyncConfig, SyncItem, SyncLog

__all__ = [
    "Credential",
    "DeadLetter",
    "Heartbeat",
    "Integration",
    "OAuthClient",
    "OAuthState",
    "RateBudget",
    "Reconciliation",
    "ReconciliationDifference",
    "RecordLink",
    "SyncConfig",
    "SyncItem",
    "SyncLog",
]
