"""What a delivery of either sender says: which records changed, according to it. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from shared.messages import Kind

_Shape = TypeVar("_Shape")

# Visible ASCII only: PostgreSQL keeps no NUL in a text, and an id is quoted in logs and on the page.
_EVENT_ID = re.compile(r"[!-~]{1,255}")
_SHOWN_TYPE_LENGTH = 80


class NotAnEventError(ValueError):
    """The signed body is not JSON or not an event of this sender; the text says in what, for the sender."""


@dataclass(frozen=True)
class Change:
    """A sender says that this record changed; whether it did is seen when the record is fetched.

    `realm_id` is the QBO company, None in a delivery of Invoiced, whose address names the connection.
    """

    kind: Kind
    record_id: str
    realm_id: str | None = None
    event_id: str | None = None
    occurred_at: datetime | None = None


@dataclass(frozen=True)
class Delivery:
    """The changes of one POST, each record once, and the types of events in it that ask nothing of us."""

    changes: tuple[Change, ...]
    passed_over: tuple[str, ...] = ()


def make_delivery(changes: Iterable[Change], passed_over: Iterable[str]) -> Delivery:
    """Return the delivery; of several changes of one record the latest stands for all of them."""
    latest: dict[tuple[str | None, Kind, str], Change] = {}
    for change in changes:
        key = (change.realm_id, change.kind, change.record_id)
        if key not in latest or _is_later(change, latest[key]):
            latest[key] = change
    types = dict.fromkeys(text[:_SHOWN_TYPE_LENGTH] for text in passed_over)
    return Delivery(tuple(latest.values()), tuple(types))


def decode(body: bytes | msgspec.Raw, shape: type[_Shape]) -> _Shape:
    """Return the JSON body in the given shape; what the shape does not name is only checked to be JSON.

    Raises:
        NotAnEventError: the body is not JSON, not UTF-8, nested beyond measure, or of another shape.
    """
    try:
        return msgspec.json.decode(bytes(body).decode(), type=shape)
    except msgspec.ValidationError as error:
        raise NotAnEventError(f"not an event: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotAnEventError(f"not JSON: {error}") from error
    except RecursionError as error:
        raise NotAnEventError("not an event: nested too deeply") from error


def event_id_of(value: object) -> str | None:
    """Return the sender's id of an event as a text, None where it has none that can be kept."""
    return id_of(value, _EVENT_ID)


def id_of(value: object, pattern: re.Pattern[str]) -> str | None:
    """Return a number or text of a JSON body as an id, None where `pattern` does not match all of it."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return text if pattern.fullmatch(text) else None


def instant_of(value: object) -> datetime | None:
    """Return an ISO 8601 text (`Z` or an offset, any fraction of a second) as an aware UTC instant.

    None where it cannot be read: when something happened is only told, never acted on.
    """
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value)
        return instant.astimezone(UTC) if instant.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _is_later(change: Change, other: Change) -> bool:
    if change.occurred_at is None or other.occurred_at is None:
        return other.occurred_at is None
    return change.occurred_at >= other.occurred_at
