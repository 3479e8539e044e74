"""QuickBooks' side of the demo: what its own users entered there. Written through the simulator's control address."""

from typing import Any

import requests

from integrations.demo.books import SHARED_NAMES

REALM = "9341450000000001"
_OWN_NAMES = ("Bluebird Courier Co", "Wellington Limousine", "Kanata Landscaping", "Orleans Dental", "Glebe Bakery")


class OtherSide:
    """A person at the provider, typing."""

    def __init__(self, simulator_url: str, realm: str = REALM) -> None:
        self.realm = realm
        self._url = f"{simulator_url}/quickbooks/_control"
        self._session = requests.Session()
        self._session.trust_env = False

    def count(self, entity: str) -> int:
        answer = self._session.get(f"{self._url}/entities/{entity}", params={"realm": self.realm}, timeout=30)
        answer.raise_for_status()
        return len(answer.json()["entities"])

    def write(self, entity: str, body: dict[str, Any]) -> dict[str, Any]:
        wish = {"realm": self.realm, "entity": entity, "body": body, "operation": None}
        answer = self._session.post(f"{self._url}/write", json=wish, timeout=30)
        answer.raise_for_status()
        written: dict[str, Any] = answer.json()[entity]
        return written

    def first_item(self) -> str:
        answer = self._session.get(f"{self._url}/entities/Item", params={"realm": self.realm}, timeout=30)
        answer.raise_for_status()
        return str(next(row["Id"] for row in answer.json()["entities"] if row.get("Active", True)))

    def set_hooks(self, address: str) -> None:
        """Where the provider sends its notifications."""
        base = self._url.removesuffix("/quickbooks/_control")
        self._session.post(f"{base}/_control/settings", json={"hooks_url": address}, timeout=30).raise_for_status()

    def consent(self, authorize_url: str) -> str:
        """What a person does on the consent page: choose the company, press Connect. Gives the callback's address."""
        form = {"realm": self.realm, "decision": "connect"}
        answer = self._session.post(authorize_url, data=form, allow_redirects=False, timeout=30)
        return str(answer.headers["Location"])


def fill(side: OtherSide) -> None:
    """Customers known on both sides and on theirs alone, with invoices and payments; nothing the second time."""
    if side.count("Customer"):
        return
    item = side.first_item()
    for number, name in enumerate((*SHARED_NAMES, *_OWN_NAMES), start=1):
        customer = side.write("Customer", {"DisplayName": name, "PrimaryPhone": {"FreeFormNumber": "(613) 555-0200"}})
        amount = 125 * number
        detail = {"ItemRef": {"value": item}, "Qty": number, "UnitPrice": 125, "TaxCodeRef": {"value": "NON"}}
        invoice = side.write(
            "Invoice",
            {
                "CustomerRef": {"value": customer["Id"]},
                "DocNumber": f"QB-{number:03d}",
                "TxnDate": f"2026-{5 + number % 6:02d}-12",
                "Line": [
                    {
                        "DetailType": "SalesItemLineDetail",
                        "Amount": amount,
                        "Description": "Fleet service",
                        "SalesItemLineDetail": detail,
                    }
                ],
            },
        )
        if number % 2:
            linked = [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]
            side.write(
                "Payment",
                {
                    "CustomerRef": {"value": customer["Id"]},
                    "TotalAmt": amount,
                    "TxnDate": f"2026-{5 + number % 6:02d}-28",
                    "Line": [{"Amount": amount, "LinkedTxn": linked}],
                },
            )
