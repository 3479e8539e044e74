"""What is promised, as data: the name, who measures it, and the ratio it must keep."""

from dataclasses import dataclass


class Skipped(Exception):
    """It cannot be measured here; the reason is told, and it counts as neither kept nor broken."""


@dataclass(frozen=True, kw_only=True)
class Promise:
    """`measure` is a function of a module in this folder; it takes the stage and gives the ratio.

    `engine`: "own" is what DATABASE_URL names (SQLite where it names nothing), "postgresql" asks for a server.
    """

    name: str
    measure: str
    limit: float
    at_least: bool = False
    limits: bool = False
    engine: str = "own"

    def is_kept(self, ratio: float) -> bool:
        return ratio >= self.limit if self.at_least else ratio <= self.limit

    @property
    def bound(self) -> str:
        return f"at {'least' if self.at_least else 'most'} {self.limit:g}"


PROMISES = (
    Promise(name="push_new_invoices_100", measure="push_new_invoices.hundred", limit=1.5),
    Promise(name="push_new_invoices_1000", measure="push_new_invoices.thousand", limit=1.5),
    Promise(name="push_new_invoices_limited", measure="push_new_invoices.limited", limit=1.1, limits=True),
    Promise(name="changed_invoice", measure="changed_invoice.seconds", limit=1),
    Promise(name="oauth_connect", measure="oauth.connect", limit=1),
    Promise(name="token_refresh", measure="oauth.refresh", limit=1),
    Promise(name="pull_contacts_10000", measure="pull_contacts.rate", limit=0.40, at_least=True),
    Promise(
        name="pull_contacts_10000_postgresql",
        measure="pull_contacts.rate",
        limit=0.40,
        at_least=True,
        engine="postgresql",
    ),
    Promise(name="pull_memory", measure="pull_memory.growth", limit=1.2),
    Promise(name="pages", measure="pages.queries", limit=1),
    Promise(name="real_file", measure="real_file.difference", limit=0),
)
BY_NAME = {promise.name: promise for promise in PROMISES}
