"""QuickBooks Online as the simulator plays it: which path is which, who may, and how answers and refusals look.

Written from Intuit's public documentation (read 2026-07-17), not from the connector. Mounted so that the hub's
addresses are the base, `http://host:port/quickbooks`, and Intuit's real path.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from connectors.providers.quickbooks import simulator_oauth, simulator_pages
from connectors.providers.quickbooks.simulator_batch import run_batch
from connectors.providers.quickbooks.simulator_books import (
    SLUG,
    Books,
    answer_time,
    change_company,
    company_info,
    open_books,
    preferences,
    require_books,
    require_kind,
)
from connectors.providers.quickbooks.simulator_company import control_seed, start
from connectors.providers.quickbooks.simulator_entities import BY_PATH
from connectors.providers.quickbooks.simulator_faults import (
    Refused,
    malformed,
    missing,
    not_found,
    too_long,
    unsupported,
)
from connectors.providers.quickbooks.simulator_hooks import messages
from connectors.providers.quickbooks.simulator_oauth import CLIENT_ID, CLIENT_SECRET
from connectors.providers.quickbooks.simulator_query import all_rows, answer, changes
from connectors.providers.quickbooks.simulator_write import send_by_mail, write
from connectors.simulator import limits
from connectors.simulator.grants import GrantRefused
from connectors.simulator.messages import BadRequest, Request, Response, json_response
from connectors.simulator.provider import HookMessage, Notice, SimulatedProvider

__all__ = ["CLIENT_ID", "CLIENT_SECRET", "PROVIDER", "QuickBooksSimulator"]

REQUESTS_A_MINUTE = 500
BATCHES_A_MINUTE = 40
ANSWER_MEMORY_SECONDS = 24 * 3600
REQUEST_ID_LENGTH = 50
BATCH_REQUEST_ID_LENGTH = 36


class QuickBooksSimulator(SimulatedProvider):
    """Intuit's accounting API, its OAuth and its webhooks."""

    slug = SLUG
    label = "QuickBooks Online"
    settings: ClassVar[Mapping[str, Any]] = {
        "rotate": "always",
        "refresh_grace_seconds": 60,
        "hook_format": "cloudevents",
        "duplicate_warnings": False,
    }

    def start(self) -> None:
        """Two companies with a chart of accounts, items, terms and payment methods."""
        start(self)

    def is_api(self, path: str) -> bool:
        """Everything below the API, token and revocation addresses."""
        return path.startswith(("/v3/", "/oauth2/", "/v2/"))

    def account_of(self, path: str) -> str:
        """The realm in the path."""
        parts = path.split("/")
        return parts[3] if len(parts) > 3 and parts[1:3] == ["v3", "company"] else ""

    def api(self, request: Request) -> Response:
        """Answer as Intuit does, with an `intuit_tid`."""
        match request.method, request.path:
            case "POST", "/oauth2/v1/tokens/bearer":
                return _tagged(simulator_oauth.token(self, request))
            case "POST", "/v2/oauth2/tokens/revoke":
                return _tagged(simulator_oauth.revoke(self, request))
        return _tagged(self._company_api(request))

    def _company_api(self, request: Request) -> Response:
        realm = self.account_of(request.path)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            granted = self.grants.account_of(token.strip() if scheme.lower() == "bearer" else "")
        except GrantRefused as refusal:
            return self._unauthenticated(str(refusal))
        books = open_books(self, realm)
        try:
            if books is None or granted != realm:
                detail = "ApplicationAuthorizationFailed: the token is not for this company"
                raise Refused("100", "General Authentication Error", detail, status=403, type="AuthorizationFault")
            self._limit(realm, request.path)
            return self._once(books, request)
        except limits.Throttled as throttled:
            return self.throttled(throttled.retry_after)
        except Refused as refused:
            return self._refusal(refused)

    def _limit(self, realm: str, path: str) -> None:
        if not self.setting("limits"):
            return
        limits.take(self.store, self.slug, realm, limit=REQUESTS_A_MINUTE)
        if path.endswith("/batch"):
            limits.take(self.store, self.slug, f"{realm}:batch", limit=BATCHES_A_MINUTE)

    def _once(self, books: Books, request: Request) -> Response:
        """The first answer again when the `requestid` of a write was met before."""
        key = request.query.get("requestid", "") if request.method == "POST" else ""
        if not key:
            return self._dispatch(books, request)
        longest = BATCH_REQUEST_ID_LENGTH if request.path.endswith("/batch") else REQUEST_ID_LENGTH
        if len(key) > longest:
            raise too_long("requestid", longest)
        forgotten_before = self.store.now() - ANSWER_MEMORY_SECONDS
        known = self.store.row(
            "SELECT status, body FROM answers WHERE provider = ? AND account = ? AND key = ? AND answered_at > ?",
            (self.slug, books.company.id, key, forgotten_before),
        )
        if known:
            self.count("replay")
            return Response(*known)
        try:
            first = self._dispatch(books, request)
        except Refused as refused:
            first = self._refusal(refused)
        self.store.execute(
            "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?)",
            (self.slug, books.company.id, key, self.store.now(), first.status, first.body),
        )
        return first

    def _dispatch(self, books: Books, request: Request) -> Response:
        parts = request.path.split("/")[4:]
        match request.method, parts:
            case "GET", ["companyinfo", id] if id == books.company.id:
                self.count("companyinfo")
                return self._body(books, "CompanyInfo", company_info(books))
            case "GET", ["preferences"]:
                self.count("preferences")
                return self._body(books, "Preferences", preferences(books))
            case (("GET" | "POST"), ["query"]):
                self.count("query")
                return Response(200, answer(books, _query_text(request)))
            case "GET", ["cdc"]:
                self.count("cdc")
                return Response(200, _changes(books, request))
            case "POST", ["batch"]:
                self.count("batch")
                return json_response(run_batch(books, _json(request)))
            case "GET", [path, id] if path in BY_PATH:
                return self._read(books, BY_PATH[path].name, id)
            case "POST", [path] if path in BY_PATH:
                return self._write(books, BY_PATH[path].name, request)
            case "POST", [("invoice" | "creditmemo" | "payment") as path, id, "send"]:
                self.count(f"send:{BY_PATH[path].name}")
                sent = send_by_mail(books, BY_PATH[path].name, id, request.query.get("sendTo", ""))
                return self._body(books, BY_PATH[path].name, sent)
        raise unsupported(f"Operation {request.method} /{'/'.join(parts)} is not supported")

    def _read(self, books: Books, kind: str, id: str) -> Response:
        self.count(f"read:{kind}")
        document = books.live(kind, id)
        if document is None:
            raise not_found(f"{kind} {id}")
        return self._body(books, kind, document.body)

    def _write(self, books: Books, kind: str, request: Request) -> Response:
        body = _json(request)
        operation = _operation(kind, request.query, body)
        self.count(f"{operation}:{kind}")
        with self.store.undone_on_error():
            return self._body(books, kind, write(books, kind, body, operation))

    def _body(self, books: Books, kind: str, entity: dict[str, Any]) -> Response:
        return json_response({kind: entity, "time": answer_time(self.store.now())})

    def _refusal(self, refused: Refused) -> Response:
        return json_response({"Fault": refused.fault, "time": answer_time(self.store.now())}, status=refused.status)

    def _unauthenticated(self, reason: str) -> Response:
        """Authentication failures come with lower case keys."""
        error = {
            "message": "message=AuthenticationFailed; errorCode=003200; statusCode=401",
            "detail": f"Token expired or invalid: {reason}",
            "code": "3200",
        }
        fault = {"error": [error], "type": "AUTHENTICATION"}
        body = {"fault": fault, "requestId": secrets.token_hex(16), "time": answer_time(self.store.now())}
        return json_response(body, status=401)

    def failure(self, status: int) -> Response:
        """A severe error in Intuit's words."""
        error = {
            "Message": "An application error has occurred while processing your request",
            "Detail": "System Failure Error",
            "code": "10000",
            "element": "",
        }
        return _tagged(json_response({"Fault": {"Error": [error], "type": "SystemFault"}}, status=status))

    def throttled(self, retry_after: int | None) -> Response:
        """429 with code 003001, and Retry-After when it is known."""
        error = {
            "Message": "message=ThrottleExceeded; errorCode=003001; statusCode=429",
            "Detail": "The request limit was reached; wait before sending the next one.",
            "code": "003001",
            "element": "",
        }
        answer = _tagged(json_response({"Fault": {"Error": [error], "type": "SystemFault"}}, status=429))
        wait = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return replace(answer, headers={**answer.headers, **wait})

    def page(self, request: Request) -> Response:
        """The consent page and the company's pages."""
        if request.path == "/connect/oauth2":
            return simulator_oauth.consent_page(self, request)
        return simulator_pages.respond(self, request)

    def control(self, request: Request) -> Response:
        """Seed, write without a token, list records, switch a company's preference."""
        match request.method, request.path.removeprefix("/_control/").split("/"):
            case "POST", ["seed"]:
                return json_response(control_seed(self, request.json_object()))
            case "POST", ["write"]:
                return self._control_write(request.json_object())
            case "POST", ["company"]:
                wish = request.json_object()
                change_company(self, wish.get("realm"), custom_txn_numbers=bool(wish.get("custom_txn_numbers")))
                return json_response({})
            case "GET", ["entities", kind]:
                books = require_books(self, request.query.get("realm"))
                return json_response({"entities": all_rows(books, require_kind(kind))})
        return json_response({"error": "There is no such control endpoint."}, status=404)

    def _control_write(self, wish: dict[str, Any]) -> Response:
        books = require_books(self, wish.get("realm"))
        kind, body = require_kind(wish.get("entity")), wish.get("body")
        if not isinstance(body, dict):
            raise BadRequest("body must be the entity.")
        operation = wish.get("operation") or ("update" if body.get("Id") else "create")
        if operation not in ("create", "update", "delete", "void"):
            raise BadRequest("operation must be create, update, delete or void.")
        current = books.live(kind, str(body.get("Id", "")))
        if operation != "create" and "SyncToken" not in body and current is not None:
            body = {"SyncToken": str(current.version), **body}
        try:
            with self.store.undone_on_error():
                return self._body(books, kind, write(books, kind, body, operation))
        except Refused as refused:
            return self._refusal(refused)

    def hook_messages(self, notices: Sequence[Notice]) -> list[HookMessage]:
        """Signed, in the form that the setting names."""
        return messages(notices, str(self.setting("hook_format")))


def _tagged(response: Response) -> Response:
    tid = f"1-{secrets.token_hex(4)}-{secrets.token_hex(12)}"
    return replace(response, headers={**response.headers, "intuit_tid": tid})


def _json(request: Request) -> Any:
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise malformed("The Content-Type must be application/json")
    try:
        return request.json()
    except ValueError as error:
        raise malformed("The body cannot be parsed") from error


def _operation(kind: str, query: Mapping[str, str], body: object) -> str:
    """Create, update, delete or void, from the query and whether there is an Id.

    Invoices are voided by operation=void; the others by operation=update with include=void.
    """
    operation = query.get("operation", "")
    if query.get("include") == "void" and operation in ("", "update"):
        return "void"
    if operation == "delete" or (operation == "void" and kind == "Invoice"):
        return operation
    if operation not in ("", "update"):
        raise unsupported(f"Operation {operation} is not supported for {kind}")
    has_id = isinstance(body, dict) and bool(body.get("Id"))
    return "update" if has_id or operation == "update" else "create"


def _query_text(request: Request) -> str:
    if request.method == "GET":
        if not request.query.get("query"):
            raise missing("query")
        return request.query["query"]
    if not request.headers.get("content-type", "").startswith("application/text"):
        raise malformed("The Content-Type of a query must be application/text")
    return request.body.decode("utf-8", "replace")


def _changes(books: Books, request: Request) -> str:
    for name in ("entities", "changedSince"):
        if not request.query.get(name):
            raise missing(name)
    return changes(books, request.query["entities"], request.query["changedSince"])


PROVIDER = QuickBooksSimulator
