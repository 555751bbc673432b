"""One endpoint for each sender: verify, publish, answer.

Intuit wants its answer within 3 seconds, and a sender that is refused too often switches its webhook off. So
nothing slower than a publish happens here, and whatever is signed but not for us gets a 200 and a log line.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

import structlog
from flask import Blueprint, Response, jsonify, request

from shared.messages import Message, Why
from webhook_receiver.connections_cache import ConnectionsCache
from webhook_receiver.events import Change, Delivery, NotAnEventError
from webhook_receiver.invoiced_events import read_invoiced
from webhook_receiver.quickbooks_events import read_quickbooks
from webhook_receiver.refusals import Refusal
from webhook_receiver.request_body import read_body
from webhook_receiver.signatures import invoiced_signed, quickbooks_signed

INVOICED_SIGNATURE = "X-Invoiced-Signature"
QUICKBOOKS_SIGNATURE = "intuit-signature"

_JSON_TYPE = re.compile(r"application/(json|[^/\s]+\+json)")
_CONNECTION_ID = re.compile(r"[0-9A-Za-z_-]{1,32}")

log = structlog.get_logger()


def make_webhooks(
    connections: ConnectionsCache,
    verifier_token: str,
    publish: Callable[[Sequence[Message]], None],
    note_arrival: Callable[[str, str], None],
) -> Blueprint:
    """Return the two endpoints.

    `note_arrival` is told, after the publish, from which sender something signed came for which connection. `publish`
    returns when the broker holds every message for good. What it and the database raise when they
    are out of reach passes through: the app answers 503, and the sender comes back.
    """
    webhooks = Blueprint("webhooks", __name__, url_prefix="/webhooks")

    @webhooks.post("/invoiced/<connection_id>")
    def take_invoiced(connection_id: str) -> Response:
        body = _body()
        is_id = _CONNECTION_ID.fullmatch(connection_id) is not None
        secret = connections.find_webhook_secret(connection_id) if is_id else None
        if secret is None:
            raise Refusal(
                404,
                "unknown connection",
                remedy="Enter the webhook_url that `invoiced-quickbooks connection show` gives.",
            )
        if not invoiced_signed(secret, body, request.headers.get(INVOICED_SIGNATURE)):
            raise _wrong_signature(
                INVOICED_SIGNATURE, "Give the connection the secret that Invoiced shows for this webhook."
            )
        delivery = _read(read_invoiced, body)
        seen_at = datetime.now(UTC)
        messages = [_message(connection_id, change, seen_at) for change in delivery.changes]
        answer = _publish("invoiced", delivery, messages)
        note_arrival("invoiced", connection_id)
        return answer

    @webhooks.post("/quickbooks")
    def take_quickbooks() -> Response:
        body = _body()
        if not quickbooks_signed(verifier_token, body, request.headers.get(QUICKBOOKS_SIGNATURE)):
            raise _wrong_signature(
                QUICKBOOKS_SIGNATURE, "Set QUICKBOOKS_VERIFIER_TOKEN to the verifier token of the Intuit app."
            )
        delivery = _read(read_quickbooks, body)
        seen_at = datetime.now(UTC)
        messages: list[Message] = []
        for realm_id, changes in _by_company(delivery):
            connection_id = connections.find_id_of_realm(realm_id)
            if connection_id is None:
                log.info("company is not connected", realm_id=realm_id, events=len(changes))
                continue
            messages += [_message(connection_id, change, seen_at) for change in changes]
        answer = _publish("quickbooks", delivery, messages)
        for told in {message.connection_id for message in messages}:
            note_arrival("quickbooks", told)
        return answer

    def _publish(sender: str, delivery: Delivery, messages: list[Message]) -> Response:
        if delivery.passed_over:
            log.info("events not for us", sender=sender, types=delivery.passed_over[:20])
        if messages:
            publish(messages)
            log.info(
                "webhook queued",
                sender=sender,
                connections=sorted({message.connection_id for message in messages}),
                records=[f"{message.kind}:{message.record_id}" for message in messages[:20]],
                messages=len(messages),
                event_id=messages[0].event_id,
            )
        return jsonify({"queued": len(messages)})

    return webhooks


def _body() -> bytes:
    """Return the raw body of a JSON request."""
    if not _JSON_TYPE.fullmatch(request.mimetype):
        raise Refusal(415, "the content type must be application/json or application/*+json")
    return read_body()


def _read(reader: Callable[[bytes], Delivery], body: bytes) -> Delivery:
    try:
        return reader(body)
    except NotAnEventError as error:
        raise Refusal(400, str(error)) from error


def _by_company(delivery: Delivery) -> Iterable[tuple[str, list[Change]]]:
    companies: dict[str, list[Change]] = {}
    for change in delivery.changes:
        if change.realm_id is not None:
            companies.setdefault(change.realm_id, []).append(change)
    return companies.items()


def _message(connection_id: str, change: Change, seen_at: datetime) -> Message:
    return Message(
        connection_id=connection_id,
        kind=change.kind,
        record_id=change.record_id,
        why=Why.WEBHOOK,
        seen_at=seen_at,
        event_id=change.event_id,
        occurred_at=change.occurred_at,
    )


def _wrong_signature(header: str, remedy: str) -> Refusal:
    log.warning("signature refused", path=request.path, header=header, missing=header not in request.headers)
    return Refusal(
        401,
        f"{header} is missing or is not the signature of this body",
        remedy=remedy,
        headers={"WWW-Authenticate": f'Signature header="{header}"'},
    )
