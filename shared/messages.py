"""What travels on the queue: ids only, never a record's content. Pure."""

import json
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum


class Kind(StrEnum):
    """What kind of record a message, a lease or an outcome is about."""

    INVOICE = "invoice"
    PAYMENT = "payment"
    CUSTOMER = "customer"
    QUICKBOOKS_CUSTOMER = "quickbooks-customer"
    QUICKBOOKS_PREFERENCES = "quickbooks-preferences"
    # Never in a message: what a document refers to, created on first use under a lease of its own.
    ITEM = "item"
    ACCOUNT = "account"
    TAX_CODE = "tax-code"
    PAYMENT_METHOD = "payment-method"


# QuickBooks has one set of preferences for a company.
PREFERENCES_ID = "1"


class Why(StrEnum):
    """Why somebody should look at the record."""

    WEBHOOK = "webhook"
    SWEEP = "sweep"
    RETRY = "retry"
    MANUAL = "manual"


@dataclass(frozen=True)
class Message:
    """Somebody should look at this record of this connection.

    `occurred_at` is when the sender says the change happened, `seen_at` when we first heard of it; both are
    aware UTC instants. `event_id` is the sender's own id of the event.
    """

    connection_id: str
    kind: Kind
    record_id: str
    why: Why
    seen_at: datetime
    event_id: str | None = None
    occurred_at: datetime | None = None


class MalformedMessageError(ValueError):
    """The body of a queued message is not one of ours."""


def to_json(message: Message) -> str:
    """Return the message as a JSON object; instants are ISO 8601 in UTC."""
    return json.dumps(
        {
            "connection": message.connection_id,
            "kind": message.kind.value,
            "record": message.record_id,
            "why": message.why.value,
            "seen_at": message.seen_at.astimezone(UTC).isoformat(),
            "event": message.event_id,
            "occurred_at": message.occurred_at.astimezone(UTC).isoformat() if message.occurred_at else None,
        }
    )


def from_json(body: str | bytes) -> Message:
    """Return the message that `to_json` wrote.

    Raises:
        MalformedMessageError: the body is not such a message.
    """
    try:
        fields = json.loads(body)
        return Message(
            connection_id=_id(fields["connection"], 32),
            kind=Kind(fields["kind"]),
            record_id=_id(fields["record"], 320),
            why=Why(fields["why"]),
            seen_at=_instant(fields["seen_at"]),
            event_id=None if fields.get("event") is None else _text(fields["event"]),
            occurred_at=None if fields.get("occurred_at") is None else _instant(fields["occurred_at"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MalformedMessageError(f"not a sync message: {error}") from error


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"expected a text, got {value!r}")
    return value


def _id(value: object, longest: int) -> str:
    text = _text(value)
    # Control characters and half surrogate pairs: databases refuse them, and no id or name has them.
    if len(text) > longest or any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise ValueError(f"not an id: {text[:40]!r}")
    return text


def _instant(value: object) -> datetime:
    instant = datetime.fromisoformat(_text(value))
    if instant.tzinfo is None:
        raise ValueError(f"instant without a time zone: {value!r}")
    return instant.astimezone(UTC)
