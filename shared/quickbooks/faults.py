"""One answer of QBO: the document that it holds, or the error that it amounts to. Pure.

Faults come in two shapes: the entity service's (`Fault`, `Error`, `Message`) and the gateway's (`fault`,
`error`, `message`), which answers for authorisation and throttling. Either may come under status 200;
gateways also send XML and HTML. Source: Intuit, "Handling common errors", and recorded replies.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from shared.errors import (
    AccessRevokedError,
    AuthExpiredError,
    ConflictError,
    DuplicateNameError,
    DuplicateNumberError,
    NotFoundError,
    RateLimitedError,
    RejectedError,
    SyncError,
    TransientError,
)
from shared.money import decode_json
from shared.outbound import DEFAULT_RETRY_AFTER_S, retry_after_s
from shared.quickbooks.advice import ADVICE, DELETED, RECONNECT, UNKNOWN
from shared.quickbooks.entities import unreadable

_ACCESS_LOST = frozenset({"120", "3100"})
_TOKEN_REFUSED = "3200"
_THROTTLED = "3001"
_NOT_FOUND = "610"
_REFERENCE_LOST = frozenset({_NOT_FOUND, "2500"})
_STALE = "5010"
_NUMBER_TAKEN = "6140"
_NAME_TAKEN = "6240"
_DISCOUNT_REFUSED = "6090"
# "Duplicate Request ID": when it fires is documented nowhere, but it says that the write may have been done.
_REQUEST_ID_USED = "600"
_RESOLVABLE = frozenset({_STALE, _NUMBER_TAKEN, _NAME_TAKEN})
_SYSTEM_CODES_FROM = 10_000


@dataclass(frozen=True)
class Fault:
    """One entry of a fault; `element` names the field that it is about, or is empty."""

    code: str
    message: str
    detail: str
    element: str = ""

    @property
    def words(self) -> str:
        """QBO's own explanation, with the field where it names one that the text does not."""
        text = self.detail or self.message
        return f"{text} ({self.element})" if self.element and self.element not in text else text


@dataclass(frozen=True)
class Refusal:
    """All that one fault says: its entries in QBO's order, and its type."""

    faults: tuple[Fault, ...]
    type: str = ""

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(fault.code for fault in self.faults)

    @property
    def code(self) -> str | None:
        return self.faults[0].code if self.faults else None

    @property
    def words(self) -> str:
        if len(self.faults) == 1:
            return self.faults[0].words
        return "; ".join(f"{fault.code} {fault.words}" for fault in self.faults)


def read_answer(status: int, headers: Mapping[str, str], body: bytes, *, is_read: bool) -> dict[str, Any]:
    """Return the decoded document of an answer that says yes; numbers with a fraction are exact Decimals.

    Raises:
        SyncError: what the answer amounts to, by the table in the tests. For a read no outcome is unknown.
    """
    document = _decoded(body)
    refusal = _refusal_in_xml(body) if document is None else _refusal(document)
    if 200 <= status < 300 and refusal is None:
        if document is None:
            raise unreadable(_snippet(body) or "it is empty", is_read=is_read)
        return document
    raise _error(status, headers, refusal or Refusal(()), is_read=is_read, shown=_snippet(body))


def error_of_batch_item(fault: Mapping[str, Any]) -> SyncError:
    """Return the error for the `Fault` of one item of a batch, by the same table as for a call of its own."""
    return _error(400, {}, _refusal({"Fault": fault}) or Refusal(()), is_read=False, shown="")


def _error(status: int, headers: Mapping[str, str], refusal: Refusal, *, is_read: bool, shown: str) -> SyncError:
    codes, code, detail = refusal.codes, refusal.code, refusal.words or shown
    if status == 429 or _THROTTLED in codes:
        wait_s = retry_after_s(headers) if status == 429 else DEFAULT_RETRY_AFTER_S
        return RateLimitedError("QuickBooks asks for a pause: too many calls.", retry_after_s=wait_s)
    if status >= 500 or status == 408 or _is_system_fault(refusal):
        cause = f"QuickBooks had an error of its own (HTTP {status})."
        return TransientError(cause, outcome_unknown=not is_read, code=code, detail=detail)
    if _REQUEST_ID_USED in codes:
        cause = "QuickBooks says that it has had this very request before."
        return TransientError(cause, outcome_unknown=not is_read, code=code, detail=detail)
    if codes & _ACCESS_LOST:
        cause = "QuickBooks does not allow this sync into the company any more."
        return AccessRevokedError(cause, remedy=RECONNECT, code=code, detail=detail)
    if status == 401 or _TOKEN_REFUSED in codes or refusal.type.lower().startswith("authentication"):
        return AuthExpiredError("QuickBooks refused the access token.", code=code, detail=detail)
    if is_read and _NOT_FOUND in codes:
        return NotFoundError("QuickBooks does not hold this object any more.", code=_NOT_FOUND, detail=detail)
    if 300 <= status < 400:
        remedy = "Check QUICKBOOKS_API_URL."
        return TransientError("QuickBooks answered from another address.", remedy=remedy, detail=detail)
    return _resolvable(refusal) or _rejected(status, refusal, detail)


def _resolvable(refusal: Refusal) -> SyncError | None:
    """Return the error that the sync can resolve by itself, unless another stands in the way as well."""
    if not refusal.codes or not refusal.codes <= _RESOLVABLE:
        return None
    fault = min(refusal.faults, key=lambda fault: fault.code)
    if fault.code == _STALE:
        cause = "The object was changed in QuickBooks since we last saw it."
        return ConflictError(cause, code=fault.code, detail=refusal.words)
    if fault.code == _NUMBER_TAKEN:
        # "… DocNumber=O0010714 is assigned to TxnType=Invoice with TxnId=45823"; the number may hold anything.
        holder_id = _named(r".*\bTxnId=(\w+)", fault.detail)
        cause = f"Another document in QuickBooks carries this number{_which(fault.detail, holder_id)}."
        return DuplicateNumberError(cause, holder_id=holder_id, code=fault.code, detail=refusal.words)
    # "The name supplied already exists. : Id=123"; the holder may be a customer, a vendor or an employee.
    holder_id = _named(r"\bId=(\w+)", fault.detail)
    named = f" (id {holder_id})" if holder_id else ""
    cause = f"Another name in QuickBooks is the same{named}."
    return DuplicateNameError(cause, holder_id=holder_id, code=fault.code, detail=refusal.words)


def _rejected(status: int, refusal: Refusal, detail: str) -> RejectedError:
    blocking = next((fault for fault in refusal.faults if fault.code not in _RESOLVABLE), None)
    if blocking is None:
        cause = f"{UNKNOWN.cause[:-1]} (HTTP {status})."
        return RejectedError(cause, remedy=UNKNOWN.remedy, detail=detail)
    advice = ADVICE.get(blocking.code, UNKNOWN)
    if blocking.code in _REFERENCE_LOST and "deleted this transaction" in blocking.detail:
        advice = DELETED
    topic = "deleted-in-quickbooks" if advice is DELETED else None
    # Discounts may have been switched off since the preferences were read: then their return releases the record.
    setting = "discounts" if blocking.code == _DISCOUNT_REFUSED else None
    return RejectedError(
        advice.cause, remedy=advice.remedy, code=blocking.code, detail=detail, setting=setting, topic=topic
    )


def _is_system_fault(refusal: Refusal) -> bool:
    if refusal.type == "SystemFault" and not refusal.codes & ADVICE.keys():
        return True
    return any(fault.code.isdecimal() and int(fault.code) >= _SYSTEM_CODES_FROM for fault in refusal.faults)


def json_or_text(body: bytes) -> Any:
    """Return a body for people to read: decoded JSON, or its text where it is something else."""
    try:
        return decode_json(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body.decode("utf-8", "replace")


def _decoded(body: bytes) -> dict[str, Any] | None:
    document = json_or_text(body)
    return document if isinstance(document, dict) else None


def _refusal(document: dict[str, Any] | None) -> Refusal | None:
    fault = _either(document or {}, "Fault", "fault")
    if fault is None:
        return None
    if not isinstance(fault, Mapping):
        return Refusal(())
    entries = _either(fault, "Error", "error")
    found = [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, list) else []
    return Refusal(tuple(_fault(entry) for entry in found), _text(fault.get("type")))


def _fault(entry: Mapping[str, Any]) -> Fault:
    return Fault(
        code=_text(entry.get("code")).lstrip("0"),
        message=_text(_either(entry, "Message", "message")),
        detail=_text(_either(entry, "Detail", "detail")),
        element=_text(entry.get("element")),
    )


def _refusal_in_xml(body: bytes) -> Refusal | None:
    """Read code and texts of a fault that came as XML although JSON was asked for."""
    text = body[:10_000].decode("utf-8", "replace")
    code = _named(r"<Error\b[^>]*\bcode=\"0*(\d+)\"", text)
    if code is None:
        return None
    message = _named(r"<Message>(.*?)</Message>", text) or ""
    return Refusal((Fault(code, message, _named(r"<Detail>(.*?)</Detail>", text) or ""),))


def _which(detail: str, holder_id: str | None) -> str:
    kind = _named(r".*\bTxnType=(\w+)", detail)
    return f": {kind or 'id'} {holder_id}" if holder_id else ""


def _named(pattern: str, text: str) -> str | None:
    match = re.search(pattern, text, re.DOTALL)
    return match.group(1) if match else None


def _either(found: Mapping[str, Any], *names: str) -> Any:
    return next((found[name] for name in names if found.get(name) is not None), None)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _snippet(body: bytes) -> str:
    """Return the beginning of a body as plain text, tags taken off, for people to read."""
    text = re.sub(r"<[^>]*>", " ", body[:2000].decode("utf-8", "replace"))
    return " ".join(text.split())[:200]
