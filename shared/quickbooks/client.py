"""QBO's Accounting API: one method is one HTTP call for one company."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol
from urllib.parse import quote, urlencode

import structlog

from shared.errors import AuthExpiredError, RateLimitedError, RejectedError, SyncError, TransientError
from shared.money import encode_json
from shared.outbound import Answer, Outbound
from shared.quickbooks.company import to_preferences
from shared.quickbooks.entities import unreadable
from shared.quickbooks.faults import error_of_batch_item, json_or_text, read_answer
from shared.settings import Preferences

# Every lower version is served as this one; breaking changes come as new ones.
MINOR_VERSION = "75"
# Intuit's limits for `requestid`, for a batch's, and for the items of a batch.
REQUEST_ID_LENGTH = 50
BATCH_REQUEST_ID_LENGTH = 36
BATCH_ITEM_ID_LENGTH = 10
BATCH_ITEMS = 30

_ID = re.compile(r"[A-Za-z0-9_-]{1,40}\Z")

log = structlog.get_logger()

Body = Mapping[str, Any]


class Pace(Protocol):
    """Keeps the calls to one company under Intuit's limits, across all processes."""

    def before_call(self) -> None:
        """Book a call and wait for its turn; RateLimitedError when that would take long."""

    def before_batch(self) -> None:
        """Book a batch, which is a call as well."""

    def refused(self, retry_after_s: float) -> None:
        """Let nobody call before that many seconds are over: QBO answered 429."""


@dataclass(frozen=True)
class Exchange:
    """One call as it went over the wire, without tokens; status and reply are None where none arrived.

    `path` carries the query string; `body` and `reply` are decoded JSON, or text where they were not JSON.
    """

    method: str
    path: str
    body: Any
    status: int | None
    reply: Any
    intuit_tid: str | None


@dataclass(frozen=True)
class BatchItem:
    """One write of a batch; `item_id` (at most 10 characters) names it in the reply.

    It cannot refer to an object that another item of the same batch creates.
    """

    item_id: str
    entity: str
    body: Body
    operation: Literal["create", "update", "delete"] = "create"


@dataclass(frozen=True)
class BatchReply:
    """What became of one item: either `reply` (the object as it stands now) or `error`."""

    item_id: str
    reply: dict[str, Any] | None
    error: SyncError | None


def quoted(value: str) -> str:
    """Return the value as a literal of QBO's query language: `O'Neil` becomes `'O\\'Neil'`."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


class QuickBooksClient:
    """Calls for the company `realm_id`; many threads may share one object.

    `api_url` is the base without `/v3`. `access_token` returns a valid token; it is called with the token
    that QBO has just refused, else with None. Each exchange is handed to `on_exchange` in the calling thread,
    before its answer is judged. Nothing is tried again but what an expired access token stopped.

    Raised by all methods: the errors of `shared.errors` that `faults` reads out of an answer, TransientError
    where none arrived, and whatever `access_token` raises.
    """

    def __init__(
        self,
        api_url: str,
        realm_id: str,
        *,
        access_token: Callable[[str | None], str],
        pace: Pace,
        outbound: Outbound,
        on_exchange: Callable[[Exchange], None] | None = None,
    ) -> None:
        self._api_url = api_url.rstrip("/")
        self._realm_id = realm_id
        self._access_token = access_token
        self._pace = pace
        self._outbound = outbound
        self._on_exchange = on_exchange

    # QBO API reference, "Create" and "Update" of each entity
    def create(
        self, entity: str, body: Body, request_id: str, *, params: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Create an object and return it as it stands; the same `request_id` never writes twice."""
        return self._write(entity, body, request_id, params or {})

    def update(self, entity: str, body: Body, request_id: str) -> dict[str, Any]:
        """Update the object that `Id` and `SyncToken` of the body name (sparse if the body says so)."""
        return self._write(entity, body, request_id, {})

    # QBO API reference, Invoice "Void an invoice"; Payment "Void a payment"
    def void(self, entity: str, body: Body, request_id: str) -> dict[str, Any]:
        """Void an invoice or a payment (`Id`, `SyncToken` in the body): it stays, with all amounts zero."""
        if entity == "Invoice":
            return self._write(entity, body, request_id, {"operation": "void"})
        if entity == "Payment":
            params = {"operation": "update", "include": "void"}
            return self._write(entity, {**body, "sparse": True}, request_id, params)
        raise ValueError(f"the API cannot void a {entity}")

    # QBO API reference, "Delete" of each transaction
    def delete(self, entity: str, body: Body, request_id: str) -> dict[str, Any]:
        """Delete a transaction (`Id`, `SyncToken` in the body); the reply holds its id and status alone."""
        return self._write(entity, body, request_id, {"operation": "delete"})

    # QBO API reference, TaxService
    def create_tax_code(self, body: Body, request_id: str) -> dict[str, Any]:
        """Create a tax code with its rates and return QBO's reply: `TaxCodeId` and `TaxRateDetails`."""
        reply = self._call("POST", "taxservice/taxcode", params=_request_id(request_id), body=body)
        if not reply.get("TaxCodeId"):
            raise unreadable("TaxCodeId is missing")
        return reply

    # QBO API reference, Batch
    def batch(self, items: Sequence[BatchItem], request_id: str) -> list[BatchReply]:
        """Make up to 30 writes in one call; each succeeds or fails by itself, in the order of `items`."""
        too_long = [item.item_id for item in items if len(item.item_id) > BATCH_ITEM_ID_LENGTH]
        if not 1 <= len(items) <= BATCH_ITEMS or too_long:
            raise ValueError(f"a batch takes 1 to {BATCH_ITEMS} items with short ids, not {len(items)}, {too_long}")
        body = {
            "BatchItemRequest": [
                {"bId": item.item_id, "operation": item.operation, item.entity: item.body} for item in items
            ]
        }
        params = _request_id(request_id, BATCH_REQUEST_ID_LENGTH)
        reply = self._call("POST", "batch", params=params, body=body, is_batch=True)
        answers = reply.get("BatchItemResponse")
        if not isinstance(answers, list):
            raise unreadable("BatchItemResponse is missing")
        by_id = {answer.get("bId"): answer for answer in answers if isinstance(answer, dict)}
        return [_batch_reply(item, by_id.get(item.item_id, {})) for item in items]

    # QBO API reference, "Read" of each entity
    def read(self, entity: str, object_id: str) -> dict[str, Any]:
        """Read one object by id.

        Raises:
            NotFoundError: QBO holds it no more (610).
            RejectedError: this can be no id of QBO.
        """
        if not _ID.match(object_id):
            raise RejectedError(f"{object_id[:60]!r} is not an id of QuickBooks.")
        reply = self._call("GET", f"{entity.lower()}/{quote(object_id, safe='')}")
        return _object(reply, entity, is_read=True)

    # Intuit, "Data queries"
    def query(self, entity: str, statement: str) -> list[dict[str, Any]]:
        """Return the objects of `entity` that a statement finds: 100 at most, unless it says MAXRESULTS.

        Values go into the statement through `quoted`. Inactive names are found only where it asks for them.
        """
        reply = self._call("POST", "query", body=statement, is_read=True)
        found = reply.get("QueryResponse")
        rows = found.get(entity, []) if isinstance(found, dict) else None
        if not isinstance(rows, list):
            raise unreadable("QueryResponse is missing", is_read=True)
        return rows

    # Intuit, "Change data capture"
    def changed_since(self, entity: str, instant: datetime) -> list[dict[str, Any]]:
        """Return the objects of `entity` that changed since then (aware; QBO looks back 30 days): at most 1,000. One
        that was deleted is there with its id and `status` alone."""
        query = {"entities": entity, "changedSince": instant.astimezone(UTC).isoformat(timespec="seconds")}
        reply = self._call("GET", "cdc", params=query)
        try:
            answers = reply["CDCResponse"][0]["QueryResponse"]
            return [found for answer in answers for found in answer.get(entity, [])]
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise unreadable("CDCResponse is missing", is_read=True) from error

    # QBO API reference, Preferences
    def fetch_preferences(self) -> dict[str, Any]:
        """Read the company's preferences."""
        return _object(self._call("GET", "preferences"), "Preferences", is_read=True)

    # QBO API reference, CompanyInfo
    def fetch_company_info(self) -> dict[str, Any]:
        """Read the company's name, country and addresses."""
        reply = self._call("GET", f"companyinfo/{quote(self._realm_id, safe='')}")
        return _object(reply, "CompanyInfo", is_read=True)

    def read_company(self) -> Preferences:
        """Read what the sync needs to know of the company: two calls."""
        return to_preferences(self.fetch_preferences(), self.fetch_company_info())

    def _write(self, entity: str, body: Body, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
        reply = self._call("POST", entity.lower(), params={**_request_id(request_id), **params}, body=body)
        return _object(reply, entity, is_read=False)

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Body | str | None = None,
        is_read: bool = False,
        is_batch: bool = False,
    ) -> dict[str, Any]:
        url = f"/v3/company/{quote(self._realm_id, safe='')}/{path}?" + urlencode(
            {"minorversion": MINOR_VERSION, **(params or {})}
        )
        is_read = is_read or method == "GET"
        token = self._access_token(None)
        try:
            return self._call_with(token, method, url, body, is_read=is_read, is_batch=is_batch)
        except AuthExpiredError:
            token = self._access_token(token)
        try:
            return self._call_with(token, method, url, body, is_read=is_read, is_batch=is_batch)
        except AuthExpiredError as error:
            # Where the authorization is really gone, it is the refresh token that gets refused.
            raise TransientError(
                "QuickBooks refuses an access token that it has only just issued.",
                code=error.code,
                detail=error.detail,
            ) from error

    def _call_with(
        self, token: str, method: str, url: str, body: Body | str | None, *, is_read: bool, is_batch: bool
    ) -> dict[str, Any]:
        if is_batch:
            self._pace.before_batch()
        else:
            self._pace.before_call()
        answer = self._send(token, method, url, body, is_read=is_read)
        try:
            return read_answer(answer.status, answer.headers, answer.body, is_read=is_read)
        except RateLimitedError as error:
            self._pace.refused(error.retry_after_s)
            raise

    def _send(self, token: str, method: str, url: str, body: Body | str | None, *, is_read: bool) -> Answer:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        content: bytes | None = None
        if body is not None:
            headers["Content-Type"] = "application/text" if isinstance(body, str) else "application/json"
            content = (body if isinstance(body, str) else encode_json(body)).encode()
        began_s = time.monotonic()
        try:
            answer = self._outbound.send(method, self._api_url + url, headers=headers, body=content, only_reads=is_read)
        except TransientError as error:
            log.debug("quickbooks call broke", method=method, path=url, cause=error.cause, detail=error.detail)
            self._report(method, url, body, None)
            raise
        tid = answer.headers.get("intuit_tid")
        took_s = round(time.monotonic() - began_s, 3)
        log.debug(
            "quickbooks answered",
            method=method,
            path=url,
            status=answer.status,
            intuit_tid=tid,
            took_s=took_s,
        )
        self._report(method, url, body, answer)
        return answer

    def _report(self, method: str, path: str, body: Body | str | None, answer: Answer | None) -> None:
        if self._on_exchange is None:
            return
        if answer is None:
            self._on_exchange(Exchange(method, path, body, None, None, None))
            return
        tid = answer.headers.get("intuit_tid")
        self._on_exchange(Exchange(method, path, body, answer.status, json_or_text(answer.body), tid))


def _request_id(request_id: str, longest: int = REQUEST_ID_LENGTH) -> dict[str, str]:
    if not 1 <= len(request_id) <= longest:
        raise ValueError(f"a request id has 1 to {longest} characters: {request_id!r}")
    return {"requestid": request_id}


def _object(reply: Mapping[str, Any], entity: str, *, is_read: bool) -> dict[str, Any]:
    found = reply.get(entity)
    if not isinstance(found, dict):
        raise unreadable(f"{entity} is missing", is_read=is_read)
    return found


def _batch_reply(item: BatchItem, answer: Mapping[str, Any]) -> BatchReply:
    fault, found = answer.get("Fault"), answer.get(item.entity)
    if isinstance(fault, Mapping):
        return BatchReply(item.item_id, None, error_of_batch_item(fault))
    if isinstance(found, dict):
        return BatchReply(item.item_id, found, None)
    return BatchReply(item.item_id, None, unreadable(f"nothing about item {item.item_id} of the batch"))
