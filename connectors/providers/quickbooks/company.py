"""What is true of one QuickBooks company: its settings, and the few objects that writing needs to name.

What is found is kept in the connector's memory: it is asked once for an integration, not once for a record.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.errors import RejectedRecord, UnexpectedResponse
from connectors.providers.quickbooks import faults
from connectors.providers.quickbooks.queries import Api, Row, listed, quoted
from connectors.text import text
from connectors.values import words

SALES_ITEM = "Lotbridge sales"
# QuickBooks adds it to a name that is made inactive, and takes it away again.
DELETED_NAME = " (deleted)"
_ACCOUNT_TYPES = {"cash": "Bank", "check": "Bank", "card": "Credit Card"}


@dataclass(frozen=True)
class Facts:
    """What reading needs to know of the company. `untaxed` are the tax codes that mean no tax code."""

    home_currency: str = ""
    untaxed: frozenset[str] = frozenset({"NON"})
    methods: Mapping[str, str] = field(default_factory=dict)


class Company:
    def __init__(self, api: Api, realm_id: str, memory: dict[str, Any]) -> None:
        self._api, self._realm_id, self._memory = api, realm_id, memory

    def refresh(self) -> str:
        """Ask for the company's settings and keep them; gives its name."""
        info = self._api.get(f"companyinfo/{self._realm_id}").get("CompanyInfo")
        preferences = self._api.get("preferences").get("Preferences")
        if not isinstance(info, Mapping) or not isinstance(preferences, Mapping):
            raise UnexpectedResponse(text("QuickBooks did not describe the company."))
        currencies = preferences.get("CurrencyPrefs") or {}
        self._memory["country"] = words(info.get("Country"))
        self._memory["currency"] = words((currencies.get("HomeCurrency") or {}).get("value"))
        self._memory["multi_currency"] = bool(currencies.get("MultiCurrencyEnabled"))
        self._memory["custom_numbers"] = bool((preferences.get("SalesFormsPrefs") or {}).get("CustomTxnNumbers"))
        if not self.is_american:
            self._find_untaxed_code()
        return words(info.get("CompanyName")) or words(info.get("LegalName"))

    def facts(self) -> Facts:
        untaxed = {"NON", words(self._memory.get("untaxed_code"))} - {""}
        return Facts(
            home_currency=words(self._memory.get("currency")),
            untaxed=frozenset(untaxed),
            methods=self._memory.get("payment_methods", {}),
        )

    @property
    def country(self) -> str:
        return str(self._setting("country"))

    @property
    def currency(self) -> str:
        return str(self._setting("currency"))

    @property
    def is_american(self) -> bool:
        return self.country in ("US", "USA", "")

    @property
    def takes_many_currencies(self) -> bool:
        return bool(self._setting("multi_currency"))

    @property
    def takes_our_numbers(self) -> bool:
        """Whether a number that is sent is kept; otherwise QuickBooks numbers by itself."""
        return bool(self._setting("custom_numbers"))

    def forget_objects(self) -> None:
        """Drop the objects that were found: one of them has become inactive or is gone."""
        for name in ("sales_item", "expense_account", "bank_account", "card_account"):
            self._memory.pop(name, None)

    def sales_item(self, key: str) -> str:
        """The item that our invoice lines are booked on: a service of our own, made when it is missing."""
        if "sales_item" not in self._memory:
            names = listed([SALES_ITEM, SALES_ITEM + DELETED_NAME])
            rows = self._api.all("Item", f"Name in {names} and Active in (true, false)")
            active = next((row for row in rows if row.get("Active") is not False), None)
            if rows and active is None:
                # Its name stays taken, and whoever made it inactive may have had a reason.
                raise RejectedRecord(
                    text("The item “%s”, which our invoice lines are booked on, is inactive in QuickBooks.")
                    % SALES_ITEM,
                    next_step=text("Make the item active in QuickBooks, then retry."),
                )
            self._memory["sales_item"] = str(active["Id"]) if active else self._new_sales_item(key)
        return str(self._memory["sales_item"])

    def default_tax_code(self) -> str:
        """The code of a line without one: US companies take the word NON, others an id of their own."""
        if self.is_american:
            return "NON"
        if not self._memory.get("untaxed_code"):
            self._find_untaxed_code()
        code = words(self._memory.get("untaxed_code"))
        if code:
            return code
        raise RejectedRecord(
            text("QuickBooks wants a tax code on every line, and the company has none that is free of tax."),
            next_step=text("Set a tax code on each line, then retry."),
        )

    def method(self, name: str, key: str) -> str:
        """The id of the payment method of that name, made when it is missing."""
        found = self._known_method(name)
        if found:
            return found
        self.learn_methods()
        return self._known_method(name) or self._new_method(name, key)

    def learn_methods(self) -> None:
        rows = self._api.all("PaymentMethod", "Active in (true, false)")
        self._memory["payment_methods"] = {str(row["Id"]): words(row.get("Name")) for row in rows}

    def learn_methods_of(self, payments: Iterable[Row]) -> None:
        """Know the names of the methods that these payments point to: an answer may hold the id alone."""
        used = {words((row.get("PaymentMethodRef") or {}).get("value")) for row in payments} - {""}
        if used - set(self._memory.get("payment_methods", {})):
            self.learn_methods()

    def expense_account(self) -> str:
        """Where an expense line without an account is booked: the first expense account."""
        return self._account("expense_account", "Expense")

    def paying_account(self, payment_type: str) -> str:
        """The bank or card account that a purchase without one was paid from: the first of its kind."""
        name = "card_account" if payment_type == "card" else "bank_account"
        return self._account(name, _ACCOUNT_TYPES[payment_type])

    def _setting(self, name: str) -> Any:
        if name not in self._memory:
            self.refresh()
        return self._memory[name]

    def _find_untaxed_code(self) -> None:
        rows = [row for row in self._api.all("TaxCode") if row.get("Active", True)]
        free = [row for row in rows if row.get("Taxable") is False]
        self._memory["untaxed_code"] = str(free[0]["Id"]) if free else ""

    def _account(self, name: str, kind: str) -> str:
        if name not in self._memory:
            self._memory[name] = str(self._first_account(kind)["Id"])
        return str(self._memory[name])

    def _first_account(self, kind: str, *, named: str = "") -> Row:
        rows = self._api.all("Account", f"AccountType = {quoted(kind)}")
        if not rows:
            raise RejectedRecord(
                text("The QuickBooks company has no active account of the type %s.") % kind,
                next_step=text("Choose an account here, or create one in QuickBooks, then retry."),
            )
        return next((row for row in rows if named and named in words(row.get("Name")).lower()), rows[0])

    def _new_sales_item(self, key: str) -> str:
        income = self._first_account("Income", named="sales")
        body = {"Name": SALES_ITEM, "Type": "Service", "IncomeAccountRef": {"value": str(income["Id"])}}
        return self._create("Item", body, key)

    def _known_method(self, name: str) -> str:
        methods: Mapping[str, str] = self._memory.get("payment_methods", {})
        return next((found for found, known in methods.items() if known.casefold() == name.casefold()), "")

    def _new_method(self, name: str, key: str) -> str:
        made = self._create("PaymentMethod", {"Name": name}, key)
        self._memory["payment_methods"] = {**self._memory.get("payment_methods", {}), made: name}
        return made

    def _create(self, entity: str, body: Mapping[str, Any], key: str) -> str:
        # A key of its own, made from the batch's, so that a repeated batch does not make the object again.
        own_key = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{key}/{entity}/{body['Name']}"))
        answer = self._api.send(entity, body, key=own_key)
        if isinstance(answer.get(entity), Mapping):
            return str(answer[entity]["Id"])
        refused = faults.refusal(faults.parse(answer))
        raise RejectedRecord(
            text("QuickBooks did not let us create “%s”: %s") % (body["Name"], refused.message),
            next_step=refused.next_step,
            code=refused.code,
        )
