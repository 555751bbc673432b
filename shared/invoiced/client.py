"""Invoiced's REST API: one method is one HTTP call (a list: one per page) with the key of one account."""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
import requests
import structlog
from requests.auth import HTTPBasicAuth

from shared.errors import (
    InvoicedKeyError,
    NotFoundError,
    RateLimitedError,
    RejectedError,
    SyncError,
    TransientError,
)
from shared.invoiced.entities import AccountingSync, CreditNote, Customer, Event, Invoice, Listed, Outline, Payment
from shared.money import encode_json
from shared.outbound import Answer, Outbound, retry_after_s

_ID = re.compile(r"[0-9]{1,20}\Z")
_PER_PAGE = 100
_FIELD = re.compile(r" - at `\$\.?(.*)`\Z")

log = structlog.get_logger()

Entity = TypeVar("Entity", Invoice, Customer, Payment, CreditNote, Listed, Event, Outline, AccountingSync)


@dataclass(frozen=True)
class Page(Generic[Entity]):
    """A page of a list, whether another follows, and how long the whole list is (None: Invoiced does not say)."""

    rows: list[Entity]
    has_next: bool
    total: int | None = None


class InvoicedClient:
    """Calls for the account that `api_key` belongs to; many threads may share one object.

    Raised by all methods: AuthLostError (401, 403), RateLimitedError (429), TransientError (5xx, no whole
    answer; `outcome_unknown` for writes), NotFoundError (404), RejectedError (any other refusal, or an object
    that is not what the API promises: it names the record and the field).

    Source: Invoiced API reference.
    """

    def __init__(self, api_url: str, api_key: str, *, outbound: Outbound) -> None:
        self._api_url = api_url.rstrip("/")
        # The key is the user; the password stays empty.
        self._auth = HTTPBasicAuth(api_key, "")
        self._outbound = outbound

    # Invoiced API reference, "Retrieve an invoice"
    def fetch_invoice(self, invoice_id: str | int) -> Invoice:
        """Fetch an invoice, drafts and voided ones too."""
        return self._fetch("invoices", invoice_id, Invoice)

    # Invoiced API reference, "Retrieve a customer"
    def fetch_customer(self, customer_id: str | int) -> Customer:
        """Fetch a customer."""
        return self._fetch("customers", customer_id, Customer)

    # Invoiced API reference, "Retrieve a payment"
    def fetch_payment(self, payment_id: str | int) -> Payment:
        """Fetch a payment with its splits."""
        return self._fetch("payments", payment_id, Payment, {"include": "applied_to"})

    # Invoiced API reference, "Retrieve a credit note"
    def fetch_credit_note(self, credit_note_id: str | int) -> CreditNote:
        """Fetch a credit note."""
        return self._fetch("credit_notes", credit_note_id, CreditNote)

    # Invoiced API reference, "List all payments"
    def list_payments_of_customer(self, customer_id: str | int) -> Iterator[Payment]:
        """Fetch the payments of a customer with their splits, the oldest first, page by page as used."""
        query = {"filter[customer]": _checked(customer_id), "include": "applied_to", "sort": "created_at"}
        return self._list("payments", Payment, query)

    # Invoiced API reference, "List all customers"
    def find_customers(
        self, *, number: str | None = None, name: str | None = None, quickbooks_customer_id: str | None = None
    ) -> list[Customer]:
        """Return the customers with exactly this number, name, and QBO customer in their metadata."""
        wanted = {
            "filter[number]": number,
            "filter[name]": name,
            "metadata[quickbooks_customer_id]": quickbooks_customer_id,
        }
        query = {key: value for key, value in wanted.items() if value is not None}
        if not query:
            raise ValueError("name what to look for")
        return list(self._list("customers", Customer, query))

    # Invoiced API reference, "List all customers", "… invoices", "… payments"
    def fetch_changed(self, plural: str, updated_after: int | None, page: int) -> Page[Listed]:
        """Fetch a page of the customers, invoices or payments (`plural`) that changed after that second, or of all,
        in the order in which they were created.

        That order stands still: what changes while the pages are fetched only joins the set. Only a deletion moves
        what comes behind it, and may hide one record of the next page.
        """
        query = {"sort": "created_at asc"}
        if updated_after is not None:
            query["updated_after"] = str(updated_after)
        return self._page(plural, Listed, query, page)

    # Invoiced API reference, "List all invoices", "List all payments"
    def fetch_outlines(self, plural: str, page: int) -> Page[Outline]:
        """Fetch a page of all invoices or payments (`plural`), the oldest first."""
        query = {"sort": "created_at asc"}
        return self._page(plural, Outline, {**query, "include": "applied_to"} if plural == "payments" else query, page)

    # Invoiced's Go client, accounting sync status
    def fetch_accounting_sync(self, invoice_id: str | int) -> AccountingSync:
        """Fetch what Invoiced's own accounting integrations say of an invoice.

        Raises:
            NotFoundError: they say nothing of it, or this account does not have that address.
        """
        checked = _checked(invoice_id)
        answer = self._call("GET", f"invoices/{checked}/accounting_sync_status")
        return _decoded(answer, AccountingSync, f"The sync status of invoice {checked}")

    # Invoiced API reference, "List all events": the newest first
    def fetch_events(self, since: int, page: int) -> Page[Event]:
        """Fetch a page of the events from that second on, the newest first: an event that comes meanwhile moves others
        to the next page, and hides none."""
        found = self._page("events", Event, {"start_date": str(since)}, page)
        rows = [event for event in found.rows if event.timestamp >= since]
        return Page(rows, found.has_next and len(rows) == len(found.rows))

    # Invoiced API reference, "Create a customer"
    def create_customer(self, fields: Mapping[str, Any]) -> Customer:
        """Create a customer and return it as it stands; Invoiced gives it a number if `fields` has none."""
        answer = self._call("POST", "customers", fields=fields)
        return _decoded(answer, Customer, "The new customer", is_write=True)

    # Invoiced API reference, "Update a customer"
    def update_customer(self, customer_id: str | int, fields: Mapping[str, Any]) -> Customer:
        """Change the fields given and return the customer as it stands; `metadata` is replaced as a whole."""
        checked = _checked(customer_id)
        answer = self._call("PATCH", f"customers/{checked}", fields=fields)
        return _decoded(answer, Customer, f"Customer {checked}", is_write=True)

    def _fetch(
        self, path: str, object_id: str | int, kind: type[Entity], query: Mapping[str, str] | None = None
    ) -> Entity:
        checked = _checked(object_id)
        answer = self._call("GET", f"{path}/{checked}", query=query)
        return _decoded(answer, kind, f"{_words(kind)} {checked}")

    def _list(self, path: str, kind: type[Entity], query: Mapping[str, str]) -> Iterator[Entity]:
        for page in self._pages(path, kind, query):
            yield from page

    def _pages(self, path: str, kind: type[Entity], query: Mapping[str, str]) -> Iterator[list[Entity]]:
        # Pages are asked for in order, as Invoiced wants it.
        for number in itertools.count(1):
            page = self._page(path, kind, query, number)
            yield page.rows
            if not page.has_next:
                return

    def _page(self, path: str, kind: type[Entity], query: Mapping[str, str], number: int) -> Page[Entity]:
        # The Link header says whether there is another. Its address is not followed: our key goes nowhere but to the
        # address that we were given.
        paging = {"per_page": str(_PER_PAGE), "page": str(number)}
        answer = self._call("GET", path, query={**query, **paging})
        rows = [_as_entity(row, kind) for row in _decoded_rows(answer)]
        total = answer.headers.get("X-Total-Count", "")
        return Page(rows, bool(rows) and _has_next(answer), int(total) if total.isdecimal() else None)

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        fields: Mapping[str, Any] | None = None,
    ) -> Answer:
        headers = {"Accept": "application/json"}
        body: bytes | None = None
        if fields is not None:
            headers["Content-Type"] = "application/json"
            body = encode_json(fields).encode()
        answer = self._outbound.send(
            method,
            f"{self._api_url}/{path}",
            params=query,
            headers=headers,
            body=body,
            auth=self._auth,
            only_reads=method == "GET",
        )
        log.debug("invoiced answered", method=method, path=path, status=answer.status)
        if not 200 <= answer.status < 300:
            raise _error(answer, f"{method} {path}", is_write=method != "GET")
        return answer


def _error(answer: Answer, call: str, *, is_write: bool) -> SyncError:
    """Return what a refusal amounts to, by its status: Invoiced's `type` is not to be relied on."""
    message, param = _explanation(answer.body)
    detail = f"{message} ({param})" if param else message
    if answer.status in (401, 403):
        return InvoicedKeyError(
            "Invoiced refuses the API key.",
            remedy="Make another key in Invoiced (Settings, Developers) and enter it under Invoiced account.",
            detail=detail,
        )
    if answer.status == 404:
        return NotFoundError(f"Invoiced does not have it: {message or call}.", detail=detail)
    if answer.status == 429:
        cause = "Invoiced asks for a pause: too many calls."
        return RateLimitedError(cause, retry_after_s=retry_after_s(answer.headers))
    if answer.status >= 500 or answer.status == 408:
        cause = f"Invoiced had an error of its own (HTTP {answer.status})."
        return TransientError(cause, outcome_unknown=is_write, detail=detail)
    if 300 <= answer.status < 400:
        return TransientError("Invoiced answered from another address.", remedy="Check INVOICED_API_URL.")
    return RejectedError(
        f"Invoiced refuses it: {detail or f'HTTP {answer.status}'}.",
        remedy="Put right in QuickBooks or in Invoiced what the message names; then sync the record again.",
        topic="refused-by-invoiced",
        code=param,
        detail=detail,
    )


def _explanation(body: bytes) -> tuple[str, str | None]:
    """Return the message of an error body and the parameter that it blames."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "", None
    if not isinstance(document, dict):
        return "", None
    message, param = document.get("message"), document.get("param")
    return str(message or "").rstrip("."), str(param) if param else None


def _decoded(answer: Answer, kind: type[Entity], record: str, *, is_write: bool = False) -> Entity:
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except msgspec.ValidationError as error:
        raise _malformed(record, error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(error, is_write=is_write) from error


def _decoded_rows(answer: Answer) -> list[msgspec.Raw]:
    try:
        return msgspec.json.decode(answer.body, type=list[msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(error, is_write=False) from error


def _as_entity(row: msgspec.Raw, kind: type[Entity]) -> Entity:
    """Decode one object of a list, so that a malformed one is named by its own id."""
    try:
        return msgspec.json.decode(row, type=kind)
    except msgspec.ValidationError as error:
        fields = msgspec.json.decode(row)
        named = fields.get("id", "without an id") if isinstance(fields, dict) else "that is no object"
        raise _malformed(f"{_words(kind)} {named}", error) from error


def _malformed(record: str, error: msgspec.ValidationError) -> RejectedError:
    text = str(error)
    field = _FIELD.search(text)
    where = f" in the field {field.group(1)}" if field and field.group(1) else ""
    return RejectedError(
        f"{record} of Invoiced cannot be read{where}.",
        remedy="Correct the record in Invoiced; if it looks right there, report it with the detail.",
        topic="refused-by-invoiced",
        code=field.group(1) if field else None,
        detail=_FIELD.sub("", text),
    )


def _unreadable(error: Exception, *, is_write: bool) -> TransientError:
    cause = "Invoiced sent an answer that is not JSON."
    return TransientError(cause, outcome_unknown=is_write, detail=str(error))


def _has_next(answer: Answer) -> bool:
    links = {
        link.get("rel"): link.get("url") for link in requests.utils.parse_header_links(answer.headers.get("Link", ""))
    }
    following = links.get("next")
    return following is not None and following != links.get("self")


def _checked(object_id: str | int) -> str:
    """Return the id as it goes into an address; anything but a whole number could reach another path."""
    text = str(object_id)
    if not _ID.match(text):
        raise RejectedError(f"{text[:60]!r} is not an id of Invoiced.")
    return text


def _words(kind: type[msgspec.Struct]) -> str:
    """Return a class name as words: `CreditNote` is a `Credit note`."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", kind.__name__).capitalize()
