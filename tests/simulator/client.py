"""A client of the simulated QuickBooks that checks every answer against the document, and bodies to send."""

from __future__ import annotations

import json
from typing import Any

import requests

from tests.support.simulator import US_REALM, RunningSimulator
from tests.support.spec import Spec


class Client:
    """Speaks to the simulated QuickBooks with a token; every answer is checked against the document."""

    def __init__(self, simulator: RunningSimulator, realm: str = US_REALM) -> None:
        self.simulator = simulator
        self.realm = realm
        self.spec = Spec.load("quickbooks")
        self.access_token: str = simulator.connect(realm)["access_token"]

    def send(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str] | None = None,
        body: Any = None,
        text: str | None = None,
    ) -> requests.Response:
        path = f"/v3/company/{self.realm}/{path}"
        headers = {"Authorization": f"Bearer {self.access_token}", "Accept": "application/json"}
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        if text is not None:
            headers["Content-Type"] = "application/text"
            data = text.encode()
        answer = self.simulator.session.request(
            method, f"{self.simulator.base}{path}", params=query, headers=headers, data=data, timeout=30
        )
        self.spec.check_response(method, path, answer.status_code, answer.content)
        assert answer.headers["intuit_tid"]
        return answer

    def post(self, entity: str, body: Any, *, status: int = 200, **query: str) -> Any:
        answer = self.send("POST", entity.lower(), query=query, body=body)
        assert answer.status_code == status, answer.text
        return answer.json()[entity] if status == 200 else answer.json()["Fault"]["Error"][0]["code"]

    def read(self, entity: str, id: str) -> Any:
        return self.send("GET", f"{entity.lower()}/{id}").json()[entity]

    def query(self, text: str, *, status: int = 200) -> Any:
        answer = self.send("GET", "query", query={"query": text, "minorversion": "75"})
        assert answer.status_code == status, answer.text
        return answer.json()["QueryResponse"] if status == 200 else answer.json()["Fault"]["Error"][0]["code"]

    def batch(self, items: list[dict[str, Any]], **query: str) -> Any:
        answer = self.send("POST", "batch", query=query, body={"BatchItemRequest": items})
        assert answer.status_code == 200, answer.text
        return answer.json()["BatchItemResponse"]

    def customer(self, name: str = "Ana Cruz") -> Any:
        return self.post("Customer", {"DisplayName": name})

    def invoice(self, customer_id: str, amount: float = 450, **fields: Any) -> Any:
        return self.post("Invoice", invoice_body(customer_id, amount, **fields))


def invoice_body(customer_id: str, amount: float = 450, **fields: Any) -> dict[str, Any]:
    detail = {"ItemRef": {"value": "2"}, "Qty": 1, "UnitPrice": amount, "TaxCodeRef": {"value": "NON"}}
    line = {"DetailType": "SalesItemLineDetail", "Amount": amount, "SalesItemLineDetail": detail}
    return {"CustomerRef": {"value": customer_id}, "Line": [line], **fields}


def payment_body(customer_id: str, amount: float, invoice_id: str | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"CustomerRef": {"value": customer_id}, "TotalAmt": amount}
    if invoice_id:
        body["Line"] = [{"Amount": amount, "LinkedTxn": [{"TxnId": invoice_id, "TxnType": "Invoice"}]}]
    return body
