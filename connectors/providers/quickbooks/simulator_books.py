"""One simulated company's books: its facts, its records, and the small things every write needs."""

from __future__ import annotations

import functools
import json
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from connectors.providers.quickbooks.simulator_entities import ENTITIES
from connectors.simulator.documents import Document, Documents
from connectors.simulator.messages import BadRequest
from connectors.simulator.provider import SimulatedProvider

COMPANY_ZONE = timezone(timedelta(hours=-8))
SLUG = "quickbooks"


@dataclass(frozen=True)
class Company:
    """A realm and its preferences."""

    id: str
    name: str
    legal_name: str
    country: str
    currency: str
    currency_name: str
    custom_txn_numbers: bool = True


@functools.lru_cache(maxsize=256)
def company_time(instant: int) -> str:
    """The company's own offset, as MetaData shows it."""
    return datetime.fromtimestamp(instant, COMPANY_ZONE).isoformat()


def answer_time(instant: float) -> str:
    """Milliseconds in the company's offset, as `time` at the end of an answer."""
    return datetime.fromtimestamp(instant, COMPANY_ZONE).isoformat(timespec="milliseconds")


def utc_time(instant: float) -> str:
    """UTC, as webhooks show it."""
    return datetime.fromtimestamp(int(instant), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Books:
    """The company at the moment of one request; `now` is the same for everything the request changes."""

    company: Company
    provider: SimulatedProvider
    now: int
    documents: Documents = field(init=False)

    def __post_init__(self) -> None:
        self.documents = Documents(self.provider.store, SLUG, self.company.id)

    @property
    def is_us(self) -> bool:
        """US companies use the tax codes TAX and NON only."""
        return self.company.country == "US"

    @property
    def warns_on_duplicates(self) -> bool:
        """The company preference behind error 6140."""
        chosen = self.provider.setting("duplicate_warnings")
        return self.company.id in chosen if isinstance(chosen, list) else bool(chosen)

    def today(self) -> date:
        """The company's date."""
        return datetime.fromtimestamp(self.now, COMPANY_ZONE).date()

    def next_id(self, kind: str) -> str:
        """The next id of an entity."""
        return str(self.provider.store.next_number(SLUG, self.company.id, kind))

    def currency_ref(self) -> dict[str, str]:
        """The home currency."""
        return {"value": self.company.currency, "name": self.company.currency_name}

    def live(self, kind: str, id: str) -> Document | None:
        """The record unless it was deleted."""
        found = self.documents.get(kind, id)
        return None if found is None or found.deleted else found

    def new_document(self, kind: str) -> Document:
        """An empty record with its id."""
        id = self.next_id(kind)
        return Document(kind=kind, id=id, seq=int(id), created_at=self.now, updated_at=self.now)

    def save(self, document: Document, *, operation: str | None = None) -> dict[str, Any]:
        """Stamp and store the record; with an operation (Create, Update, ...) webhooks tell of it."""
        document.updated_at = self.now
        document.body = stamped(document)
        self.documents.put(document)
        if operation is not None:
            self.provider.notify(self.company.id, document.kind, document.id, operation, self.now)
        return document.body


def stamped(document: Document) -> dict[str, Any]:
    """The body with the system properties first, as QuickBooks answers it."""
    own = {key: value for key, value in document.body.items() if key not in ("Id", "SyncToken", "MetaData")}
    return own | {
        "domain": "QBO",
        "sparse": False,
        "Id": document.id,
        "SyncToken": str(document.version),
        "MetaData": {
            "CreateTime": company_time(document.created_at),
            "LastUpdatedTime": company_time(document.updated_at),
        },
    }


def open_books(provider: SimulatedProvider, realm: str) -> Books | None:
    """The company's books, or None when there is no such company."""
    facts = provider.store.value("SELECT facts FROM accounts WHERE provider = ? AND id = ?", (SLUG, realm))
    if facts is None:
        return None
    return Books(Company(**json.loads(facts)), provider, int(provider.store.now()))


def require_books(provider: SimulatedProvider, realm: object) -> Books:
    """The company's books for a control request."""
    books = open_books(provider, str(realm or ""))
    if books is None:
        raise BadRequest(f"There is no company {realm}.")
    return books


def require_kind(kind: object) -> str:
    """The entity named in a control request."""
    if kind not in ENTITIES:
        raise BadRequest(f"There is no entity {kind}.")
    return str(kind)


def companies(provider: SimulatedProvider) -> list[Company]:
    """Every company, by id."""
    rows = provider.store.rows("SELECT facts FROM accounts WHERE provider = ? ORDER BY id", (SLUG,))
    return [Company(**json.loads(row[0])) for row in rows]


def save_company(provider: SimulatedProvider, company: Company) -> None:
    """Create or change a company."""
    provider.store.execute(
        "INSERT INTO accounts VALUES (?, ?, ?) ON CONFLICT (provider, id) DO UPDATE SET facts = excluded.facts",
        (SLUG, company.id, json.dumps(asdict(company))),
    )


def change_company(provider: SimulatedProvider, realm: object, *, custom_txn_numbers: bool) -> None:
    """Switch a company preference."""
    company = require_books(provider, realm).company
    save_company(provider, replace(company, custom_txn_numbers=custom_txn_numbers))


def company_info(books: Books) -> dict[str, Any]:
    """The CompanyInfo entity."""
    company = books.company
    return {
        "CompanyName": company.name,
        "LegalName": company.legal_name,
        "Country": company.country,
        "Email": {"Address": f"office@{company.id}.example.com"},
        "FiscalYearStartMonth": "January",
        "SupportedLanguages": "en",
        "NameValue": [
            {"Name": "CompanyType", "Value": "Other"},
            {"Name": "SubscriptionStatus", "Value": "SUBSCRIBED"},
            {"Name": "OfferingSku", "Value": "QuickBooks Online Plus"},
        ],
        "domain": "QBO",
        "sparse": False,
        "Id": "1",
        "SyncToken": "0",
        "MetaData": {
            "CreateTime": "2025-01-02T08:00:00-08:00",
            "LastUpdatedTime": "2025-01-02T08:00:00-08:00",
        },
    }


def preferences(books: Books) -> dict[str, Any]:
    """The Preferences entity."""
    warns = "true" if books.warns_on_duplicates else "false"
    return {
        "AccountingInfoPrefs": {"UseAccountNumbers": True, "CustomerTerminology": "Customers"},
        "SalesFormsPrefs": {
            "CustomTxnNumbers": books.company.custom_txn_numbers,
            "AllowDeposit": False,
            "AllowDiscount": True,
            "AutoApplyCredit": False,
        },
        "TaxPrefs": {"UsingSalesTax": True, "PartnerTaxEnabled": False},
        "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": books.company.currency}},
        "OtherPrefs": {"NameValue": [{"Name": "WarnDuplicateTxnNumber", "Value": warns}]},
        "domain": "QBO",
        "sparse": False,
        "Id": "1",
        "SyncToken": "0",
        "MetaData": {
            "CreateTime": "2025-01-02T08:00:00-08:00",
            "LastUpdatedTime": "2025-01-02T08:00:00-08:00",
        },
    }
