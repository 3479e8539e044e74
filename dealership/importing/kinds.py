"""What can be imported: the fields of each kind, the column names they go by, and how their cells are read.

Column names are those of people (English, French) and of QuickBooks' exports, written as `mapping.plain_name`
gives them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from dealership.importing import values
from dealership.importing.values import Formats
from dealership.models import Contact, ImportFile, Invoice, Vehicle

Reader = Callable[[str, Formats], Any]


def _text(limit: int) -> Reader:
    def read(text: str, formats: Formats) -> str:
        if len(text) > limit:
            raise values.BadValue(_("The text is longer than %(limit)s characters.") % {"limit": limit})
        return text

    return read


def _words(words: Mapping[str, Any]) -> Reader:
    return lambda text, formats: values.read_choice(text, words)


def _date(text: str, formats: Formats) -> Any:
    return values.read_date(text, formats.dates)


def _quantity(text: str, formats: Formats) -> Any:
    return values.read_decimal(text, formats, places=6, digits=16)


LONG: Final = _text(10_000)
CONTACT_KINDS: Final = {
    "customer": Contact.Kind.CUSTOMER,
    "client": Contact.Kind.CUSTOMER,
    "vendor": Contact.Kind.VENDOR,
    "supplier": Contact.Kind.VENDOR,
    "fournisseur": Contact.Kind.VENDOR,
    "lead": Contact.Kind.LEAD,
    "prospect": Contact.Kind.LEAD,
}
INVOICE_KINDS: Final = {
    "invoice": Invoice.Kind.INVOICE,
    "facture": Invoice.Kind.INVOICE,
    "credit note": Invoice.Kind.CREDIT_NOTE,
    "credit memo": Invoice.Kind.CREDIT_NOTE,
    "note de crédit": Invoice.Kind.CREDIT_NOTE,
    "avoir": Invoice.Kind.CREDIT_NOTE,
}
VEHICLE_STATUSES: Final = {
    "in stock": Vehicle.Status.IN_STOCK,
    "available": Vehicle.Status.IN_STOCK,
    "en stock": Vehicle.Status.IN_STOCK,
    "disponible": Vehicle.Status.IN_STOCK,
    "pending": Vehicle.Status.PENDING,
    "sale pending": Vehicle.Status.PENDING,
    "en attente": Vehicle.Status.PENDING,
    "sold": Vehicle.Status.SOLD,
    "vendu": Vehicle.Status.SOLD,
    "customer": Vehicle.Status.CUSTOMER,
    "client": Vehicle.Status.CUSTOMER,
}
YES_NO: Final = {
    **dict.fromkeys(("yes", "y", "true", "1", "oui", "vrai", "active", "actif"), True),
    **dict.fromkeys(("no", "n", "false", "0", "non", "faux", "inactive", "inactif"), False),
}


@dataclass(frozen=True)
class Field:
    """`names` are the column names it is recognised by, `|` between; `required` fields must have a column."""

    name: str
    label: str | Promise
    names: str
    read: Reader
    required: bool = False
    is_date: bool = False


@dataclass(frozen=True)
class Kind:
    """`one_of` lists sets of fields of which one must have a column."""

    slug: str
    fields: tuple[Field, ...]
    one_of: tuple[tuple[str, ...], ...] = ()

    def field(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)


def _field(name: str, label: Any, names: str, read: Reader, **facts: bool) -> Field:
    return Field(name, label, names, read, **facts)


def _day_field(name: str, label: Any, names: str, *, required: bool = False) -> Field:
    return Field(name, label, names, _date, required=required, is_date=True)


CURRENCY = _field(
    "currency",
    lazy("Currency"),
    "currency|currency code|devise|monnaie",
    lambda text, formats: values.read_currency(text),
)
MONEY: Final[Reader] = values.read_money
CUSTOMER: Final = (
    _field(
        "customer",
        lazy("Customer"),
        "customer|customer name|customer full name|client|nom du client|name|nom|bill to|sold to|received from",
        _text(500),
    ),
    _field(
        "customer_number",
        lazy("Customer number"),
        "customer number|customer no|customer id|customerid|client no|numero de client|no client|account number",
        _text(100),
    ),
)

CONTACTS = Kind(
    ImportFile.Kind.CONTACTS,
    (
        _field(
            "display_name",
            lazy("Display name"),
            "display name|name|full name|customer|customer name|customer full name|vendor|"
            "vendor name|contact|nom|"
            "nom complet|client|nom du client|fournisseur|nom d affichage",
            _text(500),
        ),
        _field(
            "number",
            lazy("Number"),
            "number|no|customer number|customer id|customerid|account number|account no|"
            "id|external id|numero|"
            "numero de client|no client",
            _text(100),
        ),
        _field("kind", lazy("Kind"), "kind|type|contact type|genre", _words(CONTACT_KINDS)),
        _field("first_name", lazy("First name"), "first name|given name|prenom", _text(100)),
        _field("last_name", lazy("Last name"), "last name|surname|family name|nom de famille", _text(100)),
        _field(
            "company_name",
            lazy("Company"),
            "company|company name|business|entreprise|societe|compagnie",
            _text(200),
        ),
        _field(
            "email",
            lazy("E-mail"),
            "email|e mail|mail|main email|email address|courriel|adresse courriel|adresse electronique",
            lambda text, formats: _text(254)(values.read_email(text), formats),
        ),
        _field(
            "phone",
            lazy("Phone"),
            "phone|phone number|phone numbers|main phone|telephone|tel|mobile",
            _text(50),
        ),
        _field(
            "address_line1",
            lazy("Address"),
            "address|street|street address|address 1|address line 1|billing address|"
            "billing street|bill address|"
            "adresse|rue|adresse de facturation",
            _text(500),
        ),
        _field(
            "address_line2",
            lazy("Address, second line"),
            "address 2|address line 2|adresse 2|complement",
            _text(500),
        ),
        _field("city", lazy("City"), "city|town|billing city|bill city|ville", _text(255)),
        _field(
            "region",
            lazy("State or province"),
            "state|province|region|billing state|billing province|bill state",
            _text(255),
        ),
        _field(
            "postal_code",
            lazy("Postal code"),
            "zip|zip code|postal code|postcode|billing zip|billing zip code|bill zip|code postal",
            _text(30),
        ),
        _field("country", lazy("Country"), "country|billing country|bill country|pays", _text(255)),
        _field(
            "tax_id",
            lazy("Tax number"),
            "tax id|tax number|vat number|tax reg no|resale no|numero de taxe|numero tva",
            _text(50),
        ),
        _field("notes", lazy("Notes"), "notes|note|comment|comments|commentaire|remarques", LONG),
        CURRENCY,
        _field("active", lazy("Active"), "active|is active|actif", _words(YES_NO)),
    ),
    one_of=(("display_name", "company_name", "first_name", "last_name", "number", "email"),),
)

VEHICLES = Kind(
    ImportFile.Kind.VEHICLES,
    (
        _field(
            "vin",
            lazy("VIN"),
            "vin|vin number|vehicle identification number|niv|numero de serie|no de serie|serial number",
            lambda text, formats: values.read_vin(text),
        ),
        _field(
            "stock_number",
            lazy("Stock number"),
            "stock|stock number|stock no|inventory number|numero de stock|no stock|numero d inventaire",
            _text(50),
        ),
        _field(
            "year",
            lazy("Year"),
            "year|model year|annee|annee modele",
            lambda text, formats: values.read_year(text),
        ),
        _field("make", lazy("Make"), "make|manufacturer|brand|marque", _text(100)),
        _field("model", lazy("Model"), "model|modele", _text(100)),
        _field("trim", lazy("Trim"), "trim|trim level|version|finition", _text(100)),
        _field("body_style", lazy("Body style"), "body|body style|body type|carrosserie", _text(100)),
        _field(
            "exterior_color",
            lazy("Exterior colour"),
            "color|colour|exterior color|exterior colour|couleur|couleur exterieure",
            _text(100),
        ),
        _field(
            "interior_color",
            lazy("Interior colour"),
            "interior color|interior colour|couleur interieure",
            _text(100),
        ),
        _field("transmission", lazy("Transmission"), "transmission|boite|boite de vitesses", _text(100)),
        _field("fuel", lazy("Fuel"), "fuel|fuel type|carburant", _text(50)),
        _field(
            "mileage",
            lazy("Mileage"),
            "mileage|odometer|miles|kilometers|km|kilometrage|odometre",
            values.read_whole,
        ),
        _field("price", lazy("Price"), "price|asking price|list price|sale price|prix|prix de vente", MONEY),
        _field("purchase_price", lazy("Purchase price"), "purchase price|cost|cout|prix d achat", MONEY),
        _day_field("purchased_on", lazy("Purchased on"), "purchased on|purchase date|date d achat"),
        _day_field("sold_on", lazy("Sold on"), "sold on|sale date|date of sale|date de vente"),
        CURRENCY,
        _field("description", lazy("Description"), "description|notes|comments|remarques", LONG),
        _field("status", lazy("Status"), "status|statut|etat", _words(VEHICLE_STATUSES)),
    ),
    one_of=(("vin", "stock_number"),),
)

INVOICES = Kind(
    ImportFile.Kind.INVOICES,
    (
        _field(
            "number",
            lazy("Number"),
            "number|num|no|invoice|invoice number|invoice no|invoiceno|invoice num|"
            "doc number|numero|numero de facture|"
            "no de facture|facture",
            _text(50),
            required=True,
        ),
        *CUSTOMER,
        _field("country", lazy("Customer's country"), "country|billing country|pays", _text(255)),
        _day_field(
            "issued_on",
            lazy("Issued on"),
            "date|invoice date|invoicedate|issued on|txn date|transaction date|date de facture|date d emission",
            required=True,
        ),
        _day_field("due_on", lazy("Due on"), "due date|due on|due|echeance|date d echeance"),
        _field("kind", lazy("Kind"), "kind|type|transaction type|txn type|genre", _words(INVOICE_KINDS)),
        CURRENCY,
        _field(
            "memo",
            lazy("Message to the customer"),
            "memo|message|customer message|note|message au client",
            LONG,
        ),
        _field("vin", lazy("VIN"), "vin|niv|vehicle", lambda text, formats: values.read_vin(text)),
        _field(
            "code",
            lazy("Item"),
            "item|stock code|stockcode|product|product service|sku|article|produit",
            _text(200),
        ),
        _field(
            "description",
            lazy("Line description"),
            "description|item description|line description|memo description|product service description",
            LONG,
        ),
        _field("quantity", lazy("Quantity"), "quantity|qty|quantite|qte", _quantity),
        _field(
            "unit_price",
            lazy("Unit price"),
            "unit price|unitprice|price|rate|sales price|prix unitaire|prix|taux",
            values.read_unit_price,
        ),
        _field(
            "amount",
            lazy("Line amount"),
            "amount|line amount|net amount|amount line|montant|montant ligne",
            MONEY,
        ),
        _field("tax", lazy("Tax"), "tax|tax amount|vat|sales tax|taxe|taxes|tva|montant de taxe", MONEY),
        _field("total", lazy("Total with tax"), "total|invoice total|total amount|montant total", MONEY),
    ),
    one_of=(("customer", "customer_number"), ("amount", "unit_price", "total")),
)

PAYMENTS = Kind(
    ImportFile.Kind.PAYMENTS,
    (
        _field(
            "number",
            lazy("Payment id"),
            "id|payment id|external id|payment number|numero de paiement",
            _text(100),
        ),
        *CUSTOMER,
        _day_field(
            "paid_on",
            lazy("Paid on"),
            "date|paid on|payment date|txn date|transaction date|date de paiement",
            required=True,
        ),
        _field(
            "amount",
            lazy("Amount"),
            "amount|total|payment|payment amount|amount received|montant|paiement",
            MONEY,
            required=True,
        ),
        CURRENCY,
        _field("method", lazy("Method"), "method|payment method|pmt method|methode|mode de paiement", _text(50)),
        _field(
            "reference",
            lazy("Reference"),
            "reference|ref|reference no|ref number|num|no|number|check number|cheque|numero|reference de paiement",
            _text(50),
        ),
        _field("memo", lazy("Note"), "memo|note|notes|memo description|remarque", LONG),
        _field(
            "invoice",
            lazy("Invoice it pays"),
            "invoice|invoice number|invoice no|applied to|facture|numero de facture",
            _text(50),
        ),
    ),
    one_of=(("customer", "customer_number"),),
)

KINDS: Final = {kind.slug: kind for kind in (CONTACTS, VEHICLES, INVOICES, PAYMENTS)}
