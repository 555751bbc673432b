"""QBO's webhook body → the records that changed, each with its company. Pure.

Two forms are in use: an array of CloudEvents, and the older object with `eventNotifications`. One delivery
may carry several companies.

Source: QBO webhooks documentation; CloudEvents 1.0, JSON batch format.
"""

import re
from collections.abc import Iterator

import msgspec

from shared.messages import PREFERENCES_ID, Kind
from webhook_receiver.events import Change, Delivery, decode, event_id_of, id_of, instant_of, make_delivery

# QBO's own ids are short; anything else must not reach a query or an address.
_ENTITY_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,39}")
_REALM_ID = re.compile(r"[0-9]{1,40}")
_EVENT_TYPE = re.compile(r"qbo\.(?P<entity>[a-z]+)\.[a-z]+\.v[0-9]+")
# A company has one set of preferences, which QBO reads without an id.


class _CloudEvent(msgspec.Struct):
    type: str
    id: object = None
    time: object = None
    intuitentityid: object = None
    intuitaccountid: object = None
    data: object = None


class _LegacyEntity(msgspec.Struct, rename="camel"):
    name: str
    id: object = None
    operation: object = None
    last_updated: object = None
    deleted_id: object = None


class _LegacyChanges(msgspec.Struct):
    entities: list[_LegacyEntity] = []


class _LegacyNotification(msgspec.Struct, rename="camel"):
    realm_id: object = None
    data_change_event: _LegacyChanges | None = None


class _LegacyBody(msgspec.Struct, rename="camel"):
    event_notifications: list[_LegacyNotification]


def read_quickbooks(body: bytes) -> Delivery:
    """Return the customers and preferences that changed, with their companies; all else is passed over.

    An event that names no company or no record is passed over too: refusing the delivery for it would hold
    back all others in it.

    Raises:
        NotAnEventError: the body is neither an array of CloudEvents nor the older object.
    """
    delivery = decode(body, list[_CloudEvent] | _LegacyBody)  # type: ignore[arg-type]
    changes: list[Change] = []
    passed_over: list[str] = []
    for told, found in _legacy(delivery) if isinstance(delivery, _LegacyBody) else _cloud_events(delivery):
        changes += found
        if not found:
            passed_over.append(told)
    return make_delivery(changes, passed_over)


def _cloud_events(events: list[_CloudEvent]) -> Iterator[tuple[str, list[Change]]]:
    for event in events:
        named = _EVENT_TYPE.fullmatch(event.type)
        deleted_id = event.data.get("deletedid") if isinstance(event.data, dict) else None
        yield (
            event.type,
            _changes(
                entity=named["entity"] if named else "",
                realm_id=event.intuitaccountid,
                entity_ids=(event.intuitentityid, deleted_id),
                event_id=event.id,
                told_at=event.time,
            ),
        )


def _legacy(body: _LegacyBody) -> Iterator[tuple[str, list[Change]]]:
    for notification in body.event_notifications:
        if notification.data_change_event is None:
            continue
        for entity in notification.data_change_event.entities:
            yield (
                f"{entity.name} {entity.operation}",
                _changes(
                    entity=entity.name.lower(),
                    realm_id=notification.realm_id,
                    entity_ids=(entity.id, entity.deleted_id),
                    event_id=None,
                    told_at=entity.last_updated,
                ),
            )


def _changes(
    *, entity: str, realm_id: object, entity_ids: tuple[object, ...], event_id: object, told_at: object
) -> list[Change]:
    realm = id_of(realm_id, _REALM_ID)
    if realm is None:
        return []
    if entity == "preferences":
        kind, record_ids = Kind.QUICKBOOKS_PREFERENCES, [PREFERENCES_ID]
    elif entity == "customer":
        # After a merge `entity_ids` holds the customer that stays and the one that is gone.
        kind = Kind.QUICKBOOKS_CUSTOMER
        record_ids = [text for each in entity_ids if (text := id_of(each, _ENTITY_ID)) is not None]
    else:
        return []
    known_as, occurred_at = event_id_of(event_id), instant_of(told_at)
    return [Change(kind, each, realm, known_as, occurred_at) for each in record_ids]
