"""The running simulation: which provider answers, what faults come first, and the control endpoints of the engine."""

from __future__ import annotations

import logging
import time
from typing import Any

from connectors.simulator import faults, pages
from connectors.simulator.hooks import HookSender
from connectors.simulator.limits import InFlight
from connectors.simulator.messages import DROPPED, BadRequest, Request, Response, json_response
from connectors.simulator.provider import ENGINE_SETTINGS, SimulatedProvider, discover
from connectors.simulator.store import Store

logger = logging.getLogger(__name__)

GATEWAY_PAGE = "<html><head><title>Bad Gateway</title></head><body><h1>The upstream did not answer.</h1></body></html>"


class Simulation:
    """Everything behind the HTTP server; `respond` may be called from many threads."""

    def __init__(self, db_path: str, settings: dict[str, Any] | None = None) -> None:
        self.store = Store(db_path)
        self.providers = discover(self.store)
        self.start_settings = settings or {}
        self.in_flight = InFlight()
        with self.store.transaction():
            self._begin()
        HookSender(self.store, self.providers).start()

    def respond(self, request: Request) -> Response:
        """The answer to any request."""
        try:
            return self._route(request)
        except BadRequest as error:
            return json_response({"error": str(error)}, status=400)
        except Exception:
            logger.exception("%s %s", request.method, request.path)
            return json_response({"error": "The simulator failed; its log says why."}, status=500)

    def _route(self, request: Request) -> Response:
        first, _, rest = request.path.lstrip("/").partition("/")
        if first not in self.providers:
            with self.store.transaction():
                return self._engine(request)
        provider = self.providers[first]
        inner = Request(request.method, f"/{rest}", request.query, request.headers, request.body, request.query_string)
        if provider.is_api(inner.path):
            return self._api(provider, inner)
        pages.refuse_foreign_post(request)
        with self.store.transaction():
            if inner.path.startswith("/_control/"):
                return provider.control(inner)
            return provider.page(inner)

    def _api(self, provider: SimulatedProvider, request: Request) -> Response:
        account = provider.account_of(request.path)
        with self.in_flight.entered(f"{provider.slug}:{account}") as running:
            with self.store.transaction():
                fired = faults.fire_faults(self.store, provider.slug, request.line)
                delay_ms = int(provider.setting("latency_ms"))
                crowded = bool(account and provider.setting("limits") and running > provider.max_in_flight)
            delay_ms += sum(fault.value for fault in fired if fault.kind == "latency")
            if delay_ms:
                time.sleep(delay_ms / 1000)
            if crowded:
                return provider.throttled(1)
            return self._answer(provider, request, fired)

    def _answer(self, provider: SimulatedProvider, request: Request, fired: list[faults.Fault]) -> Response:
        for fault in fired:
            if fault.kind == "drop":
                return DROPPED
            if fault.kind in ("status", "error_before"):
                return provider.failure(fault.value or 500)
            if fault.kind == "html":
                return Response(fault.value, GATEWAY_PAGE, "text/html;charset=UTF-8")
            if fault.kind == "throttle":
                return provider.throttled(fault.retry_after)
        kinds = {fault.kind for fault in fired}
        with self.store.transaction():
            if "expire_tokens" in kinds:
                provider.grants.expire_access_tokens()
            if "revoke" in kinds:
                provider.grants.revoke_all()
            answer = provider.api(request)
        if "drop_after_commit" in kinds:
            return DROPPED
        return provider.failure(500) if "error_after_commit" in kinds else answer

    def _engine(self, request: Request) -> Response:
        match request.method, request.path:
            case "GET", "/":
                return pages.index(list(self.providers.values()))
            case "GET", "/_static/simulator.css":
                return pages.stylesheet()
            case "GET", "/_faults":
                return pages.fault_list(faults.list_faults(self.store), list(self.providers.values()))
            case "POST", "/_faults":
                pages.refuse_foreign_post(request)
                return self._fault_form(request.form())
            case "GET", "/_control/state":
                return json_response(self.state())
            case _ if request.path.startswith("/_control/"):
                pages.refuse_foreign_post(request)
                return self._control(request)
        return pages.not_found()

    def _control(self, request: Request) -> Response:
        match request.method, request.path:
            case "POST", "/_control/faults":
                return json_response({"id": faults.add_fault(self.store, request.json_object())}, status=201)
            case "GET", "/_control/faults":
                return json_response({"faults": faults.list_faults(self.store)})
            case "DELETE", "/_control/faults":
                faults.clear_faults(self.store)
                return json_response({})
            case "POST", "/_control/settings":
                self._change_settings(request.json_object())
                return json_response(self._settings())
            case "POST", "/_control/reset":
                self.store.wipe()
                self._begin()
                return json_response({})
        return json_response({"error": "There is no such control endpoint."}, status=404)

    def _fault_form(self, form: dict[str, str]) -> Response:
        if "clear" in form:
            faults.clear_faults(self.store, int(form["clear"]) if form["clear"].isdigit() else None)
        else:
            faults.add_fault(self.store, {key: value for key, value in form.items() if value != ""})
        return Response(303, "", "text/plain;charset=UTF-8", {"Location": "/_faults"})

    def _begin(self) -> None:
        self._change_settings(self.start_settings)
        for provider in self.providers.values():
            provider.start()

    def _defaults(self) -> dict[str, Any]:
        merged = dict(ENGINE_SETTINGS)
        for provider in self.providers.values():
            merged.update(provider.settings)
        return merged

    def _settings(self) -> dict[str, Any]:
        return self._defaults() | self.store.settings()

    def _change_settings(self, changes: dict[str, Any]) -> None:
        unknown = set(changes) - set(self._defaults())
        if unknown:
            raise BadRequest(f"Unknown settings: {', '.join(sorted(unknown))}.")
        self.store.change_settings(changes)

    def state(self) -> dict[str, Any]:
        """Counters, record counts, webhooks and faults, for tests and for the curious."""
        shown: dict[str, Any] = {}
        for slug in self.providers:
            counters: dict[str, dict[str, int]] = {"calls": {}, "faults": {}, "hooks": {}}
            for family, name, value in self.store.rows(
                "SELECT family, name, value FROM counters WHERE provider = ?", (slug,)
            ):
                counters.setdefault(family, {})[name] = value
            waiting = "SELECT count(*) FROM notices WHERE provider = ? AND state = 'waiting'"
            counters["hooks"]["waiting"] = self.store.value(waiting, (slug,))
            shown[slug] = {**counters, "entities": self._entity_counts(slug)}
        return {"providers": shown, "settings": self._settings(), "faults": faults.list_faults(self.store)}

    def _entity_counts(self, slug: str) -> dict[str, dict[str, int]]:
        counts: dict[str, dict[str, int]] = {}
        for account, kind, count in self.store.rows(
            "SELECT account, kind, count(*) FROM documents WHERE provider = ? AND deleted = 0 GROUP BY account, kind",
            (slug,),
        ):
            counts.setdefault(account, {})[kind] = count
        return counts
