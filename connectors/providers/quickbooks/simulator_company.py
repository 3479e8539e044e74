"""What the simulated companies start with, and many invented records at once for tests of size."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.providers.quickbooks.simulator_books import (
    SLUG,
    Books,
    Company,
    companies,
    require_books,
    save_company,
    stamped,
)
from connectors.providers.quickbooks.simulator_checks import name_key
from connectors.providers.quickbooks.simulator_write import write
from connectors.simulator.documents import Document
from connectors.simulator.messages import BadRequest
from connectors.simulator.provider import SimulatedProvider

US_REALM = "9341450000000001"
CA_REALM = "9341450000000002"
GB_REALM = "9341450000000003"
COMPANIES = (
    Company(US_REALM, "Sandbox Motors Inc.", "Sandbox Motors Inc.", "US", "USD", "United States Dollar"),
    Company(CA_REALM, "Sandbox Autos Ltée", "Sandbox Autos Ltée", "CA", "CAD", "Canadian Dollar", False),
    Company(GB_REALM, "Sandbox Gifts Ltd", "Sandbox Gifts Limited", "GB", "GBP", "British Pound Sterling"),
)
ACCOUNTS = (
    ("1000", "Checking", "Bank", "Checking", "25000.00"),
    ("1010", "Savings", "Bank", "Savings", "80000.00"),
    ("1100", "Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable", "0"),
    ("1200", "Undeposited Funds", "Other Current Asset", "UndepositedFunds", "0"),
    ("1300", "Vehicle Inventory", "Other Current Asset", "Inventory", "310000.00"),
    ("1500", "Shop Equipment", "Fixed Asset", "MachineryAndEquipment", "42000.00"),
    ("2000", "Accounts Payable (A/P)", "Accounts Payable", "AccountsPayable", "0"),
    ("2100", "Visa Business", "Credit Card", "CreditCard", "-1250.40"),
    ("2200", "Sales Tax Payable", "Other Current Liability", "SalesTaxPayable", "0"),
    ("3000", "Owner's Equity", "Equity", "OwnersEquity", "-120000.00"),
    ("4000", "Vehicle Sales", "Income", "SalesOfProductIncome", "0"),
    ("4100", "Service Revenue", "Income", "ServiceFeeIncome", "0"),
    ("4200", "Parts Sales", "Income", "SalesOfProductIncome", "0"),
    ("5000", "Cost of Vehicles Sold", "Cost of Goods Sold", "SuppliesMaterialsCogs", "0"),
    ("6000", "Vehicle Service Expense", "Expense", "RepairMaintenance", "0"),
    ("6100", "Advertising", "Expense", "AdvertisingPromotional", "0"),
    ("6200", "Office Supplies", "Expense", "OfficeGeneralAdministrativeExpenses", "0"),
    ("6300", "Fuel", "Expense", "Auto", "0"),
    ("6400", "Rent", "Expense", "RentOrLeaseOfBuildings", "0"),
)
ITEMS = (
    ("Services", "Service Revenue", True),
    ("Labour", "Service Revenue", True),
    ("Detailing", "Service Revenue", True),
    ("Parts", "Parts Sales", True),
    ("Vehicle", "Vehicle Sales", True),
    ("Undercoating", "Service Revenue", False),
)
TERMS = (("Due on receipt", 0), ("Net 15", 15), ("Net 30", 30))
METHODS = (
    ("Cash", "NON_CREDIT_CARD"),
    ("Check", "NON_CREDIT_CARD"),
    ("Visa", "CREDIT_CARD"),
    ("E-transfer", None),
)
TAXES: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "US": (("TAX", "Taxable", "8.25"), ("NON", "Non-taxable", "0")),
    "CA": (("2", "GST", "5"), ("3", "HST ON", "13"), ("4", "GST/QST QC", "14.975"), ("5", "Exempt", "0")),
    "GB": (("2", "20.0% S", "20"), ("3", "0.0% Z", "0"), ("4", "No VAT", "0")),
}
FIRST_NAMES = [
    "Ana",
    "Omar",
    "Lucie",
    "Wei",
    "Priya",
    "Tom",
    "Inès",
    "Karl",
    "Mei",
    "Jonas",
    "Ruth",
    "Pavel",
    "Sofia",
    "Amir",
    "Nora",
    "Hugo",
]
FAMILY_NAMES = [
    "Cruz",
    "Haddad",
    "Tremblay",
    "Chen",
    "Patel",
    "Baker",
    "Moreau",
    "Vogel",
    "Tan",
    "Berg",
    "Levi",
    "Novak",
    "Rossi",
    "Khan",
    "Olsen",
    "Roy",
]
MOST_AT_ONCE = 200_000
CHUNK = 5000


def start(provider: SimulatedProvider) -> None:
    """Create the sandbox companies unless they are there."""
    if companies(provider):
        return
    for company in COMPANIES:
        save_company(provider, company)
        _open_company(require_books(provider, company.id))


def _open_company(books: Books) -> None:
    ids = {}
    for code, name, type, subtype, balance in ACCOUNTS:
        body = {"Name": name, "AcctNum": code, "AccountType": type, "AccountSubType": subtype}
        document = books.live("Account", write(books, "Account", body, "create")["Id"])
        if document is not None:
            document.body["CurrentBalance"] = document.body["CurrentBalanceWithSubAccounts"] = Decimal(balance)
            books.save(document)
            ids[name] = document.id
    for name, account, is_active in ITEMS:
        item = {
            "Name": name,
            "Type": "Service",
            "IncomeAccountRef": {"value": ids[account]},
            "Sku": name.upper(),
        }
        write(books, "Item", item | {"Active": is_active}, "create")
    for name, days in TERMS:
        write(books, "Term", {"Name": name, "Type": "STANDARD", "DueDays": days}, "create")
    for name, method_type in METHODS:
        write(books, "PaymentMethod", {"Name": name, "Type": method_type}, "create")
    for position, (code, name, rate) in enumerate(TAXES[books.company.country], 1):
        _tax(books, str(position), code, name, Decimal(rate))


def _tax(books: Books, rate_id: str, code: str, name: str, percent: Decimal) -> None:
    rate = Document("TaxRate", rate_id, seq=int(rate_id), name=name, created_at=books.now)
    rate.body = {"Name": name, "Active": True, "RateValue": percent, "SpecialTaxType": "NONE"}
    books.save(rate)
    detail = {
        "TaxRateRef": {"value": rate_id, "name": name},
        "TaxTypeApplicable": "TaxOnAmount",
        "TaxOrder": 0,
    }
    shown = code if books.is_us else name
    tax_code = Document("TaxCode", code, seq=int(rate_id), name=shown, created_at=books.now)
    tax_code.body = {
        "Name": shown,
        "Description": name,
        "Active": True,
        "Taxable": percent > 0,
        "TaxGroup": True,
    }
    tax_code.body["SalesTaxRateList"] = {"TaxRateDetail": [detail] if percent else []}
    tax_code.body["PurchaseTaxRateList"] = {"TaxRateDetail": []}
    books.save(tax_code)


def seed(books: Books, kind: str, count: int, *, spread_seconds: int = 0) -> list[str]:
    """Create many invented records; first and last id. No webhooks are sent for them.

    `spread_seconds` spreads their times evenly over that long a past; otherwise all were changed just now.
    """
    makers = {"Customer": _person, "Vendor": _person, "Invoice": _invoice}
    if kind not in makers:
        raise BadRequest(f"Only {', '.join(makers)} can be seeded.")
    if not 1 <= count <= MOST_AT_ONCE:
        raise BadRequest(f"count must be between 1 and {MOST_AT_ONCE}.")
    first = books.provider.store.next_number(SLUG, books.company.id, kind, count=count)
    owner = _seed_customer(books) if kind == "Invoice" else ""
    for offset in range(0, count, CHUNK):
        documents = []
        for position in range(offset, min(offset + CHUNK, count)):
            document = Document(kind, str(first + position), seq=first + position)
            document.created_at = document.updated_at = (
                books.now - spread_seconds + spread_seconds * (position + 1) // count
            )
            makers[kind](books, document, owner)
            document.body = stamped(document)
            documents.append(document)
        books.documents.put_many(documents)
    return [str(first), str(first + count - 1)]


def _person(books: Books, document: Document, owner: str) -> None:
    given = FIRST_NAMES[document.seq % len(FIRST_NAMES)]
    family = FAMILY_NAMES[document.seq // len(FIRST_NAMES) % len(FAMILY_NAMES)]
    prefix = "" if document.kind == "Customer" else "Supplier "
    document.name = f"{prefix}{given} {family} {document.seq:06d}"
    document.name_key = name_key(document.kind, document.name)
    document.body = {
        "DisplayName": document.name,
        "GivenName": given,
        "FamilyName": family,
        "PrintOnCheckName": document.name,
        "Active": True,
        "PrimaryEmailAddr": {"Address": f"person{document.seq}@example.com"},
        "PrimaryPhone": {"FreeFormNumber": f"(555) 01{document.seq % 100:02d}-{document.seq % 10000:04d}"},
        "BillAddr": {"Line1": f"{document.seq} Main St", "City": "Austin", "PostalCode": "78701"},
        "Balance": 0,
        "CurrencyRef": books.currency_ref(),
    }


def _seed_customer(books: Books) -> str:
    found = books.documents.find("Customer", "name = ?", ("Fleet Customer",))
    if found:
        return found[0].id
    return str(write(books, "Customer", {"DisplayName": "Fleet Customer"}, "create")["Id"])


def _invoice(books: Books, document: Document, owner: str) -> None:
    total = Decimal(document.seq % 900 + 100)
    code = {"TaxCodeRef": {"value": "NON" if books.is_us else "5"}}
    detail = {"ItemRef": {"value": "1", "name": "Services"}, "Qty": 1, "UnitPrice": total, **code}
    line = {"Id": "1", "LineNum": 1, "Amount": total, "DetailType": "SalesItemLineDetail"}
    subtotal = {"Amount": total, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
    document.number = f"S-{document.seq:07d}"
    document.parent = owner
    document.body = {
        "DocNumber": document.number,
        "TxnDate": books.today().isoformat(),
        "DueDate": books.today().isoformat(),
        "CustomerRef": {"value": owner, "name": "Fleet Customer"},
        "CurrencyRef": books.currency_ref(),
        "Line": [line | {"SalesItemLineDetail": detail}, subtotal],
        "TxnTaxDetail": {"TotalTax": 0},
        "TotalAmt": total,
        "Balance": total,
        "LinkedTxn": [],
        "EmailStatus": "NotSet",
        "PrintStatus": "NeedToPrint",
    }


def control_seed(provider: SimulatedProvider, wish: dict[str, Any]) -> dict[str, Any]:
    """The control endpoint: realm, entity, count, spread_seconds."""
    books = require_books(provider, wish.get("realm", US_REALM))
    try:
        count, spread = int(wish.get("count", 0)), int(wish.get("spread_seconds", 0))
    except (TypeError, ValueError) as error:
        raise BadRequest("count and spread_seconds must be numbers.") from error
    first, last = seed(books, str(wish.get("entity", "Customer")), count, spread_seconds=spread)
    return {"first": first, "last": last, "count": count}
