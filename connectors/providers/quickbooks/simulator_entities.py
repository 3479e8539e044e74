"""What the simulated QuickBooks knows about each entity: its properties, lengths, choices and abilities.

Facts are from Intuit's "QuickBooks Online Accounting API" reference and the XSD files of intuit/QuickBooks-V3-PHP-SDK
(read 2026-07-17); lengths are those of the current reference, which are larger than the XSD's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

COMMON = "Id SyncToken MetaData CustomField AttachableRef domain status sparse IntuitId"
PERSON = (
    "Title GivenName MiddleName FamilyName Suffix FullyQualifiedName CompanyName DisplayName PrintOnCheckName Active"
    " V4IDPseudonym PrimaryPhone AlternatePhone Mobile Fax PrimaryEmailAddr WebAddr OtherContactInfo"
    " DefaultTaxCodeRef BillAddr ShipAddr Notes ParentRef Balance OpenBalanceDate AcctNum CurrencyRef CreditLimit"
    " BusinessNumber GSTIN GSTRegistrationType TDSEnabled Source"
)
CUSTOMER = (
    "Taxable Job BillWithParent RootCustomerRef Level CustomerTypeRef SalesTermRef PaymentMethodRef BalanceWithJobs"
    " PreferredDeliveryMethod ResaleNum SecondaryTaxIdentifier ARAccountRef PrimaryTaxIdentifier TaxExemptionReasonId"
    " IsProject ClientEntityId TaxRegime"
)
VENDOR = "ContactName TaxIdentifier TermRef BillRate CostRate Vendor1099 APAccountRef TaxReportingBasis HasTPAR"
TRANSACTION = (
    "DocNumber TxnDate DepartmentRef CurrencyRef ExchangeRate PrivateNote TxnStatus LinkedTxn Line TxnTaxDetail"
    " TxnSource TransactionLocationType Tag RecurDataRef ProjectRef TotalAmt HomeTotalAmt"
)
SALE = (
    "CustomerRef CustomerMemo BillAddr ShipAddr FreeFormAddress ShipFromAddr ClassRef SalesTermRef DueDate SalesRepRef"
    " ShipMethodRef ShipDate TrackingNum GlobalTaxCalculation ApplyTaxAfterDiscount PrintStatus EmailStatus BillEmail"
    " BillEmailCc BillEmailBcc ARAccountRef Balance HomeBalance PaymentMethodRef PaymentRefNum DepositToAccountRef"
    " DeliveryInfo TaxExemptionRef PONumber"
)
INVOICE = (
    "AutoDocNumber Deposit AllowIPNPayment AllowOnlinePayment AllowOnlineCreditCardPayment AllowOnlineACHPayment"
    " InvoiceLink"
)
CREDIT_MEMO = "RemainingCredit InvoiceRef AutoDocNumber"
PAYMENT = (
    "CustomerRef ARAccountRef DepositToAccountRef PaymentMethodRef PaymentRefNum PaymentType CreditCardPayment"
    " CheckPayment UnappliedAmt ProcessPayment"
)
BILL = "VendorRef APAccountRef GlobalTaxCalculation SalesTermRef DueDate VendorAddr RemitToAddr ShipAddr Balance Memo"
PURCHASE = (
    "AccountRef PaymentMethodRef PaymentRefNum PaymentType EntityRef Credit RemitToAddr Memo PrintStatus"
    " GlobalTaxCalculation"
)
ACCOUNT = (
    "Name SubAccount ParentRef Description FullyQualifiedName AccountAlias Active Classification AccountType"
    " AccountSubType AcctNum BankNum OpeningBalance OpeningBalanceDate CurrentBalance CurrentBalanceWithSubAccounts"
    " CurrencyRef TaxCodeRef"
)
ITEM = (
    "Name Sku Description Active SubItem ParentRef Level FullyQualifiedName Taxable SalesTaxIncluded UnitPrice"
    " RatePercent Type IncomeAccountRef PurchaseDesc PurchaseTaxIncluded PurchaseCost ExpenseAccountRef"
    " AssetAccountRef PrefVendorRef TrackQtyOnHand QtyOnHand ReorderPoint SalesTaxCodeRef PurchaseTaxCodeRef"
    " InvStartDate ItemCategoryType TaxClassificationRef ClassRef Source"
)
TERM = "Name Active Type DiscountPercent DueDays DiscountDays DayOfMonthDue DueNextMonthDays DiscountDayOfMonth"
TAX_CODE = "Name Description Active Hidden Taxable TaxGroup SalesTaxRateList PurchaseTaxRateList TaxCodeConfigType"
TAX_RATE = "Name Description Active RateValue AgencyRef EffectiveTaxRate SpecialTaxType DisplayType"

NUMBERS = frozenset(
    [
        "Balance",
        "BalanceWithJobs",
        "TotalAmt",
        "UnappliedAmt",
        "UnitPrice",
        "PurchaseCost",
        "CurrentBalance",
        "RateValue",
        "ExchangeRate",
        "CurrentBalanceWithSubAccounts",
        "QtyOnHand",
        "DueDays",
        "CreditLimit",
        "HomeTotalAmt",
        "RemainingCredit",
    ]
)
BOOLEANS = frozenset(
    [
        "Taxable",
        "Job",
        "BillWithParent",
        "SubAccount",
        "SubItem",
        "TrackQtyOnHand",
        "Vendor1099",
        "Hidden",
        "TaxGroup",
    ]
)
SUBPROPERTIES = {
    "PrimaryEmailAddr": "Address",
    "BillEmail": "Address",
    "PrimaryPhone": "FreeFormNumber",
    "Mobile": "FreeFormNumber",
    "WebAddr": "URI",
    "CustomerMemo": "value",
}
DETAIL_TYPES = frozenset(
    [
        "SalesItemLineDetail",
        "DiscountLineDetail",
        "DescriptionOnly",
        "SubTotalLineDetail",
        "AccountBasedExpenseLineDetail",
        "ItemBasedExpenseLineDetail",
    ]
)
LENGTHS: Mapping[str, int] = {
    "DisplayName": 500,
    "GivenName": 100,
    "MiddleName": 100,
    "FamilyName": 100,
    "CompanyName": 100,
    "PrintOnCheckName": 110,
    "PrimaryEmailAddr.Address": 100,
    "PrimaryPhone.FreeFormNumber": 30,
    "BillAddr.Line1": 500,
    "BillAddr.Line2": 500,
    "BillAddr.City": 255,
    "BillAddr.CountrySubDivisionCode": 255,
    "BillAddr.PostalCode": 30,
    "BillAddr.Country": 255,
    "Notes": 2000,
    "DocNumber": 21,
    "PaymentRefNum": 21,
    "CustomerMemo.value": 1000,
    "PrivateNote": 4000,
    "Name": 100,
    "Sku": 100,
}
LINE_DESCRIPTION_LENGTH = 4000
CLASSIFICATIONS: Mapping[str, str] = {
    "Bank": "Asset",
    "Accounts Receivable": "Asset",
    "Other Current Asset": "Asset",
    "Fixed Asset": "Asset",
    "Other Asset": "Asset",
    "Accounts Payable": "Liability",
    "Credit Card": "Liability",
    "Other Current Liability": "Liability",
    "Long Term Liability": "Liability",
    "Equity": "Equity",
    "Income": "Revenue",
    "Other Income": "Revenue",
    "Cost of Goods Sold": "Expense",
    "Expense": "Expense",
    "Other Expense": "Expense",
}
CHOICES: Mapping[str, frozenset[str]] = {
    "AccountType": frozenset(CLASSIFICATIONS),
    "PaymentType": frozenset({"Cash", "Check", "CreditCard"}),
    "GlobalTaxCalculation": frozenset({"TaxExcluded", "TaxInclusive", "NotApplicable"}),
    "EmailStatus": frozenset({"NotSet", "NeedToSend", "EmailSent"}),
    "PrintStatus": frozenset({"NotSet", "NeedToPrint", "PrintComplete"}),
    "Type": frozenset({"Service", "NonInventory", "Inventory", "Category", "Group", "STANDARD", "DATE_DRIVEN"})
    | frozenset({"CREDIT_CARD", "NON_CREDIT_CARD"}),
}


@dataclass(frozen=True)
class Entity:
    """One entity. `name_property` marks a name list: made inactive instead of deleted, names unique."""

    name: str
    properties: frozenset[str]
    name_property: str | None = None
    parent_property: str | None = None
    parent_kind: str | None = None
    is_writable: bool = True
    can_delete: bool = False
    can_void: bool = False
    in_cdc: bool = True
    hidden: frozenset[str] = field(default_factory=frozenset)


def _entity(name: str, *texts: str, **facts: object) -> Entity:
    properties = frozenset(f"{COMMON} {' '.join(texts)}".split())
    return Entity(name, properties, **facts)  # type: ignore[arg-type]


ENTITIES: Mapping[str, Entity] = {
    entity.name: entity
    for entity in (
        _entity("Customer", PERSON, CUSTOMER, name_property="DisplayName"),
        _entity("Vendor", PERSON, VENDOR, name_property="DisplayName"),
        _entity(
            *("Invoice", TRANSACTION, SALE, INVOICE),
            parent_property="CustomerRef",
            parent_kind="Customer",
            can_delete=True,
            can_void=True,
        ),
        _entity(
            *("CreditMemo", TRANSACTION, SALE, CREDIT_MEMO),
            parent_property="CustomerRef",
            parent_kind="Customer",
            can_delete=True,
            can_void=True,
        ),
        _entity(
            *("Payment", TRANSACTION, PAYMENT),
            parent_property="CustomerRef",
            parent_kind="Customer",
            can_delete=True,
            can_void=True,
        ),
        _entity(
            *("Bill", TRANSACTION, BILL),
            parent_property="VendorRef",
            parent_kind="Vendor",
            can_delete=True,
        ),
        _entity("Purchase", TRANSACTION, PURCHASE, parent_property="EntityRef", can_delete=True, can_void=True),
        _entity("Account", ACCOUNT, name_property="Name"),
        _entity("Item", ITEM, name_property="Name", hidden=frozenset({"Sku"})),
        _entity("Term", TERM, name_property="Name"),
        _entity("PaymentMethod", "Name Active Type", name_property="Name"),
        _entity("TaxCode", TAX_CODE, name_property="Name", is_writable=False, in_cdc=False),
        _entity("TaxRate", TAX_RATE, name_property="Name", is_writable=False, in_cdc=False),
    )
}
BY_PATH: Mapping[str, Entity] = {name.lower(): entity for name, entity in ENTITIES.items()}
