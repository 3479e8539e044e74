"""The pages where a person plays the other side: look at a company's books and change them by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from html import escape
from typing import Any
from urllib.parse import urlencode

from connectors.providers.quickbooks.simulator_books import Books, companies, open_books
from connectors.providers.quickbooks.simulator_checks import cents
from connectors.providers.quickbooks.simulator_entities import ENTITIES
from connectors.providers.quickbooks.simulator_faults import Refused
from connectors.providers.quickbooks.simulator_write import open_balance, write
from connectors.simulator import pages
from connectors.simulator.documents import Document
from connectors.simulator.messages import BadRequest, Request, Response, dump_json, redirect
from connectors.simulator.provider import SimulatedProvider

TITLE = "Simulator: QuickBooks"
SHOWN = 50
SECTIONS = (
    ("Customer", "Customers"),
    ("Invoice", "Invoices"),
    ("Payment", "Payments"),
    ("CreditMemo", "Credit memos"),
    ("Vendor", "Vendors"),
    ("Bill", "Bills"),
    ("Purchase", "Purchases"),
    ("Item", "Items"),
    ("Account", "Accounts"),
)


def respond(provider: SimulatedProvider, request: Request) -> Response:
    """One page or one form of the company's side."""
    known = companies(provider)
    books = open_books(provider, request.query.get("realm", known[0].id))
    if books is None:
        return pages.not_found()
    match request.method, request.path.strip("/").split("/"):
        case "GET", [""]:
            return _company_page(books, provider, request.query.get("q", "").strip())
        case "POST", ["new", "Customer"]:
            return _change(books, "Customer", None, request.form())
        case _, ["record", kind, id] if kind in ENTITIES:
            document = books.live(kind, id)
            if document is None:
                return pages.not_found()
            if request.method == "POST":
                return _change(books, kind, document, request.form())
            return _record_page(books, document)
    return pages.not_found()


def _company_page(books: Books, provider: SimulatedProvider, text: str) -> Response:
    realms = [(company.id, f"{company.name} ({company.country})") for company in companies(provider)]
    chooser = f"""<form method="get" class="panel">
{pages.select("Company", "realm", realms, books.company.id)}
{pages.field("Name, number or id", "q", text, type="search")}
<button>Show</button>
</form>"""
    tables = "".join(
        pages.table(label, ("Name", "Id", "Amount or contact", "Changed"), _rows(books, kind, text))
        for kind, label in SECTIONS
    )
    add = f"""<form method="post" action="/quickbooks/new/Customer?{_realm(books)}" class="panel">
<h2>Add a customer</h2>
{pages.field("Name", "DisplayName", extra="required")}
{pages.field("E-mail", "email", type="email")}
{pages.field("Phone", "phone", type="tel")}
<button>Add customer</button>
</form>"""
    intro = f"<p>{escape(books.company.name)}, company {books.company.id}. The latest {SHOWN} of each are shown.</p>"
    return pages.page(TITLE, intro + chooser + tables + add)


def _rows(books: Books, kind: str, text: str) -> list[list[str]]:
    where, parameters = "deleted = 0", tuple[object, ...]()
    if text:
        where += " AND (name LIKE ? OR number LIKE ? OR id = ?)"
        parameters = (f"%{text}%", f"%{text}%", text)
    bodies = books.documents.bodies(kind, where, parameters, f"ORDER BY updated_at DESC, seq DESC LIMIT {SHOWN}")
    return [_row(books, kind, json.loads(body)) for body in bodies]


def _row(books: Books, kind: str, body: dict[str, Any]) -> list[str]:
    holder = body.get("CustomerRef") or body.get("VendorRef") or body.get("EntityRef") or {}
    title = body.get("DisplayName") or body.get("Name") or body.get("DocNumber") or f"{kind} {body['Id']}"
    if holder.get("name"):
        title = f"{title}, {holder['name']}"
    amount = body.get("PrimaryEmailAddr", {}).get("Address", "") or body.get("AccountType", "")
    if "TotalAmt" in body:
        amount = f"{body['TotalAmt']:.2f} {books.company.currency}"
        amount += f", open {body['Balance']:.2f}" if "Balance" in body else ""
    changed = body["MetaData"]["LastUpdatedTime"]
    link = f'<a href="/quickbooks/record/{kind}/{body["Id"]}?{_realm(books)}">{escape(title)}</a>'
    return [link, escape(body["Id"]), escape(amount), f'<time datetime="{changed}">{changed[:16]}</time>']


def _realm(books: Books) -> str:
    return urlencode({"realm": books.company.id})


def _record_page(books: Books, document: Document, problem: str = "") -> Response:
    form = {"Invoice": _invoice_form, "Customer": _person_form, "Vendor": _person_form}.get(document.kind)
    alert = f'<p role="alert" class="banner">{escape(problem)}</p>' if problem else ""
    back = f'<p><a href="/quickbooks/?{_realm(books)}">All of {escape(books.company.name)}</a></p>'
    raw = json.dumps(json.loads(dump_json(document.body)), indent=2, ensure_ascii=False)
    body = "".join(
        (
            alert,
            back,
            form(books, document) if form else "",
            _payment_form(books, document) if document.kind == "Invoice" else "",
            _end_form(books, document),
            "<h2>As the API answers it</h2>",
            f'<pre role="region" tabindex="0" aria-label="JSON">{escape(raw)}</pre>',
        )
    )
    name = document.name or document.number or document.id
    return pages.page(f"{TITLE}, {document.kind} {name}", body, status=400 if problem else 200)


def _form(books: Books, document: Document, title: str, act: str, content: str, button: str) -> str:
    target = f"/quickbooks/record/{document.kind}/{document.id}?{_realm(books)}"
    return f"""<form method="post" action="{target}" class="panel">
<h2>{escape(title)}</h2>{pages.hidden("act", act)}
{content}
<button>{escape(button)}</button>
</form>"""


def _person_form(books: Books, document: Document) -> str:
    body = document.body
    content = "".join(
        (
            pages.field("Name", "DisplayName", body.get("DisplayName", ""), extra="required"),
            pages.field("E-mail", "email", body.get("PrimaryEmailAddr", {}).get("Address", ""), type="email"),
            pages.field("Phone", "phone", body.get("PrimaryPhone", {}).get("FreeFormNumber", ""), type="tel"),
        )
    )
    return _form(books, document, "Edit", "save", content, "Save")


def _first_line(document: Document) -> dict[str, Any] | None:
    lines = document.body.get("Line", [])
    return next((line for line in lines if line["DetailType"] == "SalesItemLineDetail"), None)


def _invoice_form(books: Books, document: Document) -> str:
    line = _first_line(document)
    content = pages.field("Memo that the customer sees", "memo", document.body.get("CustomerMemo", {}).get("value", ""))
    content += pages.field("Due date", "DueDate", document.body.get("DueDate", ""), type="date")
    if line is not None:
        detail = line["SalesItemLineDetail"]
        price = detail.get("UnitPrice", line["Amount"])
        content += pages.field("First line, quantity", "Qty", detail.get("Qty", 1), type="number", extra='step="any"')
        content += pages.field("First line, unit price", "UnitPrice", price, type="number", extra='step="any"')
    return _form(books, document, "Edit", "save", content, "Save")


def _payment_form(books: Books, document: Document) -> str:
    if open_balance(document) == "0.00":
        return ""
    amount = pages.field("Amount", "amount", open_balance(document), type="number", extra='step="0.01" min="0.01"')
    return _form(books, document, "Record a payment", "pay", amount, "Record payment")


def _end_form(books: Books, document: Document) -> str:
    entity = ENTITIES[document.kind]
    forms = ""
    if entity.can_void:
        forms += _form(books, document, "Void", "void", "<p>Amounts become zero, the record stays.</p>", "Void")
    if entity.can_delete:
        forms += _form(books, document, "Delete", "delete", "<p>The record is gone for good.</p>", "Delete")
    if entity.name_property and entity.is_writable:
        act, label = ("deactivate", "Make inactive") if document.active else ("activate", "Make active")
        forms += _form(books, document, label, act, "", label)
    return forms


def _change(books: Books, kind: str, document: Document | None, form: dict[str, str]) -> Response:
    """Do what a form asks, then show the result; a refusal is shown with QuickBooks' own words."""
    act = form.get("act", "save")
    if document is None:
        kind, body, operation = kind, _person_fields(form), "create"
    else:
        kind, body, operation = _ACTS[act](document, form) if act in _ACTS else _unknown_act()
    try:
        with books.provider.store.undone_on_error():
            written = write(books, kind, body, operation)
    except Refused as refused:
        if document is None:
            raise BadRequest(str(refused)) from refused
        return _record_page(books, document, str(refused))
    if operation == "delete":
        return redirect(f"/quickbooks/?{_realm(books)}")
    return redirect(f"/quickbooks/record/{kind}/{written['Id']}?{_realm(books)}")


Change = tuple[str, dict[str, Any], str]


def _unknown_act() -> Change:
    raise BadRequest("The form does not say what to do.")


def _sparse(document: Document, fields: dict[str, Any]) -> dict[str, Any]:
    return {"Id": document.id, "SyncToken": str(document.version), "sparse": True, **fields}


def _person_fields(form: dict[str, str]) -> dict[str, Any]:
    email, phone = form.get("email", ""), form.get("phone", "")
    return {
        "DisplayName": form.get("DisplayName", ""),
        "PrimaryEmailAddr": {"Address": email} if email else None,
        "PrimaryPhone": {"FreeFormNumber": phone} if phone else None,
    }


def _save(document: Document, form: dict[str, str]) -> Change:
    if document.kind != "Invoice":
        return document.kind, _sparse(document, _person_fields(form)), "update"
    memo = form.get("memo", "")
    fields: dict[str, Any] = {
        "CustomerMemo": {"value": memo} if memo else None,
        "DueDate": form.get("DueDate"),
    }
    line = _first_line(document)
    if line is not None and "Qty" in form and "UnitPrice" in form:
        quantity, price = _decimal(form["Qty"]), _decimal(form["UnitPrice"])
        line["Amount"] = cents(quantity * price)
        line["SalesItemLineDetail"] |= {"Qty": quantity, "UnitPrice": price}
        fields["Line"] = document.body["Line"]
    return "Invoice", _sparse(document, fields), "update"


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise BadRequest(f"{text} is not a number.") from error


def _pay(document: Document, form: dict[str, str]) -> Change:
    amount = cents(_decimal(form.get("amount", "")))
    link = {"TxnId": document.id, "TxnType": "Invoice"}
    body = {
        "CustomerRef": {"value": document.parent},
        "TotalAmt": amount,
        "Line": [{"Amount": amount, "LinkedTxn": [link]}],
    }
    return "Payment", body, "create"


def _void(document: Document, form: dict[str, str]) -> Change:
    return document.kind, _sparse(document, {}), "void"


def _delete(document: Document, form: dict[str, str]) -> Change:
    return document.kind, _sparse(document, {}), "delete"


def _activate(document: Document, form: dict[str, str]) -> Change:
    return document.kind, _sparse(document, {"Active": True}), "update"


def _deactivate(document: Document, form: dict[str, str]) -> Change:
    return document.kind, _sparse(document, {"Active": False}), "update"


_ACTS: dict[str, Callable[[Document, dict[str, str]], Change]] = {
    "save": _save,
    "pay": _pay,
    "void": _void,
    "delete": _delete,
    "activate": _activate,
    "deactivate": _deactivate,
}
