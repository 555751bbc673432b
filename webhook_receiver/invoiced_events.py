"""Invoiced's webhook body → the records that changed. Pure.

The body is one event: `{"id", "type": "invoice.updated", "timestamp", "data": {"object", "previous"}}`, its
`object` the whole record after the change. Only the id is taken: the record is fetched when it is worked on.

Source: Invoiced API reference, Events; Invoiced documentation, Webhooks.
"""

import re
from datetime import UTC, datetime

import msgspec

from shared.messages import Kind
from webhook_receiver.events import (
    Change,
    Delivery,
    NotAnEventError,
    decode,
    event_id_of,
    id_of,
    make_delivery,
)

_KINDS = {"invoice": Kind.INVOICE, "payment": Kind.PAYMENT, "customer": Kind.CUSTOMER}
_RECORD_ID = re.compile(r"[1-9][0-9]{0,19}")


class _Event(msgspec.Struct):
    type: str
    id: object = None
    timestamp: int | float | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")
    # The reference shows it here once, and says elsewhere that it lies in `data`.
    previous: msgspec.Raw = msgspec.Raw(b"null")


class _Record(msgspec.Struct):
    id: object


class _Data(msgspec.Struct):
    object: _Record
    previous: msgspec.Raw = msgspec.Raw(b"null")


def read_invoiced(body: bytes) -> Delivery:
    """Return the records that the event is about; events about anything else are passed over.

    Raises:
        NotAnEventError: the body is not an event, or one of a record we know but without its id.
    """
    event = decode(body, _Event)
    kind = _KINDS.get(event.type.partition(".")[0])
    if kind is None:
        return make_delivery((), (event.type,))
    data = decode(event.data, _Data)
    record_id = id_of(data.object.id, _RECORD_ID)
    if record_id is None:
        raise NotAnEventError("not an event: data.object.id is not the id of a record")
    record_ids = {record_id: None}
    if event.type == "customer.merged":
        # A merge ends one of two customers: where the event names the other one, both are looked at.
        record_ids |= dict.fromkeys(_former_ids(data.previous, event.previous))
    event_id, occurred_at = event_id_of(event.id), _occurred_at(event.timestamp)
    return make_delivery([Change(kind, each, event_id=event_id, occurred_at=occurred_at) for each in record_ids], ())


def _former_ids(*previous: msgspec.Raw) -> list[str]:
    found = []
    for values in previous:
        # An empty map may come as an empty list.
        fields = decode(values, object)
        record_id = id_of(fields.get("id"), _RECORD_ID) if isinstance(fields, dict) else None
        if record_id is not None:
            found.append(record_id)
    return found


def _occurred_at(timestamp: int | float | None) -> datetime | None:
    if timestamp is None:
        return None
    try:
        return datetime.fromtimestamp(timestamp, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise NotAnEventError("not an event: timestamp is not a time") from error
