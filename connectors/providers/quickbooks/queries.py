"""QuickBooks' calls: query language, paging that loses nothing, change data capture, writes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors import values
from connectors.errors import ConfigurationError, RejectedRecord, UnexpectedResponse
from connectors.http import ApiClient, FaultAnswer
from connectors.providers.quickbooks import faults
from connectors.providers.quickbooks.faults import Fault
from connectors.providers.quickbooks.marks import marker_of
from connectors.streams import Remote
from connectors.text import text

MINOR_VERSION = 75
PAGE_SIZE = 1000
IDS_IN_A_QUERY = 100
# A query longer than this travels in a POST: URLs are cut by proxies long before QuickBooks minds.
_LONGEST_URL_QUERY = 1500

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Rows:
    rows: list[Row]
    next_token: str
    as_of: datetime | None


def quoted(value: str) -> str:
    """A text as the query language takes it."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def listed(values_: Iterable[str]) -> str:
    return "(" + ", ".join(quoted(value) for value in values_) + ")"


def instant(at: datetime) -> str:
    """An instant as filters take it: they are precise to the second, so it is rounded down."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def remote(row: Row) -> Remote:
    """The row as the engine takes it; a tombstone of change data capture has only its id."""
    if not row.get("Id"):
        raise UnexpectedResponse(text("QuickBooks answered with an object that has no id."))
    changed_at = _clock((row.get("MetaData") or {}).get("LastUpdatedTime"))
    if row.get("status") == "Deleted":
        return Remote(id=str(row["Id"]), changed_at=changed_at, deleted=True)
    return Remote(
        id=str(row["Id"]),
        version=str(row.get("SyncToken", "")),
        raw=row,
        changed_at=changed_at,
        marker=marker_of(row),
    )


def batch_results(answer: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    responses = answer.get("BatchItemResponse")
    if not isinstance(responses, list):
        raise UnexpectedResponse(text("QuickBooks answered a batch without results."))
    return {str(item.get("bId", "")): item for item in responses}


class Api:
    """The calls of one company."""

    def __init__(self, client: ApiClient, realm_id: str) -> None:
        self._client = client
        self._base = f"/v3/company/{realm_id}"

    def get(self, path: str, **params: str) -> dict[str, Any]:
        with _translated():
            answer = self._client.get(
                f"{self._base}/{path}", params={**params, "minorversion": MINOR_VERSION}, limits=("requests",)
            )
        return _object(answer)

    def send(self, entity: str, body: Mapping[str, Any], *, key: str, **params: str) -> dict[str, Any]:
        """Write one object; a refusal comes back as `{"Fault": ...}`. The key makes a repeat harmless."""
        return self._write(entity.lower(), body, key=key, limits=("requests",), **params)

    def batch(self, items: Sequence[Mapping[str, Any]], *, key: str) -> dict[str, dict[str, Any]]:
        """Write several objects; `bId` to the answer of that one. HTTP is 200 even when items failed."""
        limits = ("requests", "batch")
        answer = self._write("batch", {"BatchItemRequest": list(items)}, key=key, limits=limits)
        if "Fault" in answer:
            fault = faults.parse(answer)
            raise faults.stops_reading(fault) or UnexpectedResponse(faults.refusal(fault).message, code=fault.code)
        return batch_results(answer)

    def query(self, entity: str, statement: str) -> tuple[list[Row], datetime | None]:
        """The rows of a query, and QuickBooks' clock."""
        if len(statement) <= _LONGEST_URL_QUERY:
            answer = self.get("query", query=statement)
        else:
            with _translated():
                answer = _object(
                    self._client.post(
                        f"{self._base}/query",
                        text=statement,
                        params={"minorversion": MINOR_VERSION},
                        limits=("requests",),
                        repeatable=True,
                    )
                )
        return _rows(answer.get("QueryResponse"), entity), _clock(answer.get("time"))

    def all(self, entity: str, where: str = "") -> list[Row]:
        """Every row of a short list, up to one page."""
        rows, _at = self.query(entity, _statement(entity, "*", where, 1))
        return rows

    def page(self, entity: str, *, where: str = "", fields: str = "*", token: str = "") -> Rows:
        """One page in the order of ids, losing nothing although positions move while paging.

        A token is the next position and the id before it. The page starts at that id again; where it is not
        there, rows before it have gone and unread ones moved up, so the page before is read once more, and the
        one before that until the id is found or the beginning is reached. Rows that come twice are harmless.
        """
        position, last_id = _position(token)
        first = max(1, position - 1)
        rows, as_of = self.query(entity, _statement(entity, fields, where, first))
        if last_id and last_id not in _ids(rows):
            first = max(1, first - PAGE_SIZE)
            rows, as_of = self.query(entity, _statement(entity, fields, where, first))
            if first > 1 and last_id not in _ids(rows):
                return Rows(rows, f"{first}:{last_id}", as_of)
        more = len(rows) >= PAGE_SIZE
        return Rows(rows, f"{first + len(rows)}:{rows[-1].get('Id')}" if more else "", as_of)

    def pages(self, entity: str, *, where: str = "", fields: str = "*") -> Iterator[list[Row]]:
        token = ""
        while True:
            page = self.page(entity, where=where, fields=fields, token=token)
            yield page.rows
            if not page.next_token:
                return
            token = page.next_token

    def changes(self, entity: str, since: datetime) -> Rows | None:
        """What changed, deletions included, in one answer; None when the answer was cut at its cap."""
        answer = self.get("cdc", entities=entity, changedSince=instant(since))
        parts = answer.get("CDCResponse")
        if not isinstance(parts, list):
            raise UnexpectedResponse(text("QuickBooks answered the question for changes with something else."))
        rows = [row for part in parts for found in part.get("QueryResponse") or [] for row in _rows(found, entity)]
        return Rows(rows, "", _clock(answer.get("time"))) if len(rows) < PAGE_SIZE else None

    def by_ids(self, entity: str, ids: Sequence[str], *, where: str = "") -> list[Row]:
        """Those objects as they are now; the ones that are gone are left out."""
        wanted = list(dict.fromkeys(ids))
        found: list[Row] = []
        for at in range(0, len(wanted), IDS_IN_A_QUERY):
            one_of = f"Id in {listed(wanted[at : at + IDS_IN_A_QUERY])}"
            found += self.all(entity, f"{one_of} and {where}" if where else one_of)
        return found

    def _write(
        self, path: str, body: Mapping[str, Any], *, key: str, limits: tuple[str, ...], **params: str
    ) -> dict[str, Any]:
        sent = {**params, "requestid": key, "minorversion": MINOR_VERSION}
        try:
            answer = self._client.post(f"{self._base}/{path}", json=body, params=sent, limits=limits, repeatable=True)
        except FaultAnswer as problem:
            fault = _fault(problem)
            if stop := faults.stops_everything(fault, problem.request_id):
                raise stop from None
            return _as_answer(fault)
        except ConfigurationError as problem:
            fault = Fault(problem.code, problem.message)
            if not fault.number:
                raise
            if stop := faults.stops_everything(fault, problem.request_id):
                raise stop from None
            return _as_answer(fault)
        return _object(answer)


@contextmanager
def _translated() -> Iterator[None]:
    """Reads: a fault about access or settings becomes the error that says so."""
    try:
        yield
    except FaultAnswer as problem:
        if stop := faults.stops_reading(_fault(problem), problem.request_id):
            raise stop from None
        raise
    except ConfigurationError as problem:
        if stop := faults.stops_reading(Fault(problem.code, problem.message), problem.request_id):
            raise stop from None
        raise


def _fault(problem: FaultAnswer) -> Fault:
    try:
        fault = faults.parse(problem.answer.json())
    except ValueError:
        fault = Fault()
    return fault if fault != Fault() else Fault(problem.code, problem.message)


def _as_answer(fault: Fault) -> dict[str, Any]:
    return {"Fault": {"Error": [{"code": fault.code, "Message": fault.message, "Detail": fault.detail}]}}


def _statement(entity: str, fields: str, where: str, start: int) -> str:
    condition = f" where {where}" if where else ""
    paging = f"orderby Id startposition {start} maxresults {PAGE_SIZE}"
    return f"select {fields} from {entity}{condition} {paging}"  # noqa: S608 - QuickBooks' language, texts are quoted


def _position(token: str) -> tuple[int, str]:
    position, _colon, last_id = token.partition(":")
    return (int(position), last_id) if last_id else (1, "")


def _ids(rows: Sequence[Row]) -> set[str]:
    return {str(row.get("Id")) for row in rows}


def _rows(response: Any, entity: str) -> list[Row]:
    if not isinstance(response, Mapping):
        raise UnexpectedResponse(text("QuickBooks answered a query without a result."))
    # With no rows the entity's key is absent.
    return list(response.get(entity) or [])


def _object(answer: Any) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise UnexpectedResponse(text("QuickBooks answered with something that is not an object."))
    return answer


def _clock(value: Any) -> datetime | None:
    try:
        return values.instant(value, "time")
    except RejectedRecord:
        return None
