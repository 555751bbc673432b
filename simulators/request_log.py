"""The record of every vendor call, in the order in which the calls arrived."""

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from simulators.calls import Call
from simulators.json_numbers import InvalidJsonError, raw_json, read_json

LIMIT = 100_000


@dataclass
class Item:
    """One item of a batch; `status` is the one that the item got."""

    call: Call
    body: Any
    status: int | None = None


@dataclass
class Entry:
    """One call; `status` stays None while it is in work, and for good if its connection was cut.

    `body` is kept as it came and parsed when the log is read. A call whose body is better told otherwise
    (a query by its statement) sets `shown`.
    """

    call: Call
    body: bytes = b""
    content_type: str = ""
    status: int | None = None
    shown: Any = None
    items: list[Item] = field(default_factory=list)

    def add_item(self, call: Call, body: Any) -> Item:
        """Note one item of this batch; the caller sets its status once it is known."""
        item = Item(call, body)
        self.items.append(item)
        return item


class RequestLog:
    """The last 100,000 calls."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._entries: deque[Entry] = deque(maxlen=limit)
        self._lock = threading.Lock()

    def add(self, entry: Entry) -> Entry:
        with self._lock:
            self._entries.append(entry)
        return entry

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

    def rows(self) -> list[dict[str, Any]]:
        """Return the calls as `GET /_simulator/requests` shows them, a batch followed by its items."""
        with self._lock:
            entries = list(self._entries)
        rows = []
        for entry in entries:
            body = entry.shown if entry.shown is not None else parsed(entry.body, entry.content_type)
            rows.append(_row(entry.call, entry.status, body))
            for item in entry.items:
                call = Call(item.call.entity, item.call.operation, entry.call.method, entry.call.path)
                rows.append({**_row(call, item.status, item.body), "batch": True})
        return rows


def _row(call: Call, status: int | None, body: Any) -> dict[str, Any]:
    return {
        "method": call.method,
        "path": call.path,
        "entity": call.entity,
        "operation": call.operation,
        "status": status,
        "body": body,
    }


def parsed(body: bytes, content_type: str) -> Any:
    """Return a request body for the log: JSON as it is, a form as an object, any other text as a string."""
    if not body:
        return None
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    try:
        read_json(body)
    except InvalidJsonError:
        return body.decode(errors="replace")
    return raw_json(body)
