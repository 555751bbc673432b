"""What the receiver answers to whom, and that a 200 means the message is in the queue."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from shared.messages import Kind, Message, Why
from shared.queues import Publisher
from tests.integration.conftest import Broker
from tests.patience import PATIENCE_S
from tests.receiver_setup import (
    config_of,
    connect,
    environment,
    invoiced_event,
    invoiced_headers,
    queued,
    quickbooks_headers,
)
from webhook_receiver.app import create_app
from webhook_receiver.request_body import LONGEST_BODY

SECRET = "the webhook secret"
REALM, OTHER_REALM = "9341453908059321", "4620816365000000000"


@dataclass
class Receiver:
    """The application on a database and a broker, with two connections."""

    client: Any
    broker: Broker
    path: str
    connection_id: str
    other_path: str
    other_connection_id: str

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> Any:
        return self.client.post(path, data=body, headers=headers)

    def queued(self) -> list[Message]:
        return queued(self.broker.url, self.broker.engine)


@pytest.fixture
def receiver(brokers: Broker, tmp_path: Path) -> Iterator[Receiver]:
    yield from running(brokers, tmp_path)


@pytest.fixture
def embedded_receiver(sqlite_database: Any, tmp_path: Path) -> Iterator[Receiver]:
    """For what has nothing to do with the broker."""
    yield from running(Broker("embedded://", sqlite_database.engine, sqlite_database.url), tmp_path)


def running(broker: Broker, folder: Path) -> Iterator[Receiver]:
    config = config_of(environment(folder, broker.database_url, broker.url))
    publisher = Publisher(broker.url, broker.engine, timeout_s=PATIENCE_S)
    app = create_app(config, broker.engine, publisher)
    ids = [
        connect(broker.engine, secret=SECRET, realm_id=REALM),
        connect(broker.engine, secret="another secret", realm_id=OTHER_REALM),
    ]
    paths = [f"/webhooks/invoiced/{connection_id}" for connection_id in ids]
    yield Receiver(app.test_client(), broker, paths[0], ids[0], paths[1], ids[1])
    publisher.close()


def cloud_event(type_: str, entity_id: str, realm_id: str) -> dict[str, Any]:
    return {
        "id": "88cd52aa",
        "type": type_,
        "time": "2025-09-10T21:31:25.179851517Z",
        "intuitentityid": entity_id,
        "intuitaccountid": realm_id,
    }


def test_an_invoiced_webhook_is_in_the_queue_when_it_is_answered(receiver: Receiver) -> None:
    body = invoiced_event()
    before = datetime.now(UTC)
    answer = receiver.post(receiver.path, body, invoiced_headers(SECRET, body))
    after = datetime.now(UTC)
    assert (answer.status_code, answer.json) == (200, {"queued": 1})
    [message] = receiver.queued()
    assert before <= message.seen_at <= after
    assert message == Message(
        connection_id=receiver.connection_id,
        kind=Kind.INVOICE,
        record_id="46225",
        why=Why.WEBHOOK,
        seen_at=message.seen_at,
        event_id="11296106",
        occurred_at=datetime(2014, 11, 18, 9, 20, tzinfo=UTC),
    )


def test_each_company_of_a_quickbooks_delivery_gets_its_own(receiver: Receiver) -> None:
    body = json.dumps(
        [
            cloud_event("qbo.customer.updated.v1", "58", REALM),
            cloud_event("qbo.customer.updated.v1", "58", REALM),
            cloud_event("qbo.customer.updated.v1", "58", OTHER_REALM),
            cloud_event("qbo.customer.updated.v1", "58", "77"),
            cloud_event("qbo.invoice.void.v1", "130", REALM),
            cloud_event("qbo.preferences.updated.v1", "1", OTHER_REALM),
        ]
    ).encode()
    answer = receiver.post("/webhooks/quickbooks", body, quickbooks_headers(body))
    assert (answer.status_code, answer.json) == (200, {"queued": 3})
    found = sorted((each.connection_id, each.kind, each.record_id) for each in receiver.queued())
    assert found == sorted(
        [
            (receiver.connection_id, Kind.QUICKBOOKS_CUSTOMER, "58"),
            (receiver.other_connection_id, Kind.QUICKBOOKS_CUSTOMER, "58"),
            (receiver.other_connection_id, Kind.QUICKBOOKS_PREFERENCES, "1"),
        ]
    )


def test_many_customers_in_one_delivery(receiver: Receiver) -> None:
    entities = [{"name": "Customer", "id": str(number), "operation": "Update"} for number in range(1, 301)]
    body = json.dumps({"eventNotifications": [{"realmId": REALM, "dataChangeEvent": {"entities": entities}}]}).encode()
    assert receiver.post("/webhooks/quickbooks", body, quickbooks_headers(body)).status_code == 200
    assert {each.record_id for each in receiver.queued()} == {str(number) for number in range(1, 301)}


def test_whoever_is_known_already_costs_no_query(receiver: Receiver) -> None:
    body = invoiced_event()
    customers = json.dumps([cloud_event("qbo.customer.updated.v1", "58", REALM)]).encode()
    statements: list[str] = []

    def deliver() -> None:
        assert receiver.post(receiver.path, body, invoiced_headers(SECRET, body)).status_code == 200
        answer = receiver.post("/webhooks/quickbooks", customers, quickbooks_headers(customers))
        assert answer.status_code == 200

    deliver()
    sa.event.listen(
        receiver.broker.engine, "before_cursor_execute", lambda _c, _cursor, text, *_: statements.append(text)
    )
    deliver()
    # The embedded broker's own insert is all that reaches the database.
    verbs = [text.split()[0] for text in statements if not text.startswith("BEGIN")]
    assert verbs == (["INSERT", "INSERT"] if receiver.broker.is_embedded else [])


def signed(body: bytes, content_type: str = "application/json", secret: str = SECRET) -> dict[str, str]:
    return invoiced_headers(secret, body) | {"Content-Type": content_type}


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "application/cloudevents+json",
        "application/cloudevents-batch+json; charset=UTF-8",
    ],
)
def test_json_by_any_name_is_taken(embedded_receiver: Receiver, content_type: str) -> None:
    body = invoiced_event()
    assert embedded_receiver.post(embedded_receiver.path, body, signed(body, content_type)).status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [
        *("", "text/plain", "text/json", "application/jsonp", "application/+json", "application/a b+json"),
        *("application/x-www-form-urlencoded", "multipart/form-data; boundary=x"),
    ],
)
def test_anything_but_json_is_refused(embedded_receiver: Receiver, content_type: str) -> None:
    body = invoiced_event()
    for path, headers in (
        (embedded_receiver.path, signed(body, content_type)),
        ("/webhooks/quickbooks", quickbooks_headers(body) | {"Content-Type": content_type}),
    ):
        answer = embedded_receiver.post(path, body, headers)
        assert (answer.status_code, list(answer.json)) == (415, ["error"])
    assert embedded_receiver.queued() == []


def test_the_longest_body_is_taken_and_one_byte_more_is_not(embedded_receiver: Receiver) -> None:
    event = invoiced_event()
    body = event + b" " * (LONGEST_BODY - len(event))
    assert embedded_receiver.post(embedded_receiver.path, body, signed(body)).status_code == 200
    body += b" "
    assert embedded_receiver.post(embedded_receiver.path, body, signed(body)).status_code == 413
    assert len(embedded_receiver.queued()) == 1


def test_an_unknown_connection(receiver: Receiver) -> None:
    body = invoiced_event()
    strange = ("%00", "..%2Fquickbooks", "' OR 1=1 --", "a/b", "%F0%9F%92%A5", "\x7f", "{id}", "0" * 1000)
    for name in ("unknown", "", *strange):
        answer = receiver.post(f"/webhooks/invoiced/{name}", body, invoiced_headers(SECRET, body))
        assert answer.status_code == 404, name
        assert answer.json["error"]
    assert receiver.queued() == []


def test_a_wrong_signature(embedded_receiver: Receiver) -> None:
    body, other = invoiced_event(), invoiced_event(7)
    own, quickbooks = embedded_receiver.path, "/webhooks/quickbooks"
    without = {"Content-Type": "application/json"}
    wrong = [
        (own, without),
        (own, without | {"X-Invoiced-Signature": ""}),
        (own, without | {"X-Invoiced-Signature": "\xe9" * 64}),
        (own, without | {"X-Invoiced-Signature": "0" * 5000}),
        (own, signed(other)),
        (own, signed(body, secret="another secret")),
        (own, quickbooks_headers(body)),
        (embedded_receiver.other_path, signed(body)),
        (quickbooks, without),
        (quickbooks, quickbooks_headers(other)),
        (quickbooks, signed(body)),
    ]
    for path, headers in wrong:
        # What is not signed is not parsed: it makes no difference whether it is JSON.
        for sent in (body, b"{", b""):
            answer = embedded_receiver.post(path, sent, headers)
            assert (answer.status_code, sorted(answer.json)) == (401, ["error", "remedy"]), (path, headers)
            assert "WWW-Authenticate" in answer.headers
    assert embedded_receiver.queued() == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 1_000_000,
        b'{"type":"invoice.updated","data":{"object":' + b'{"a":' * 300_000,
        b'{"type":"invoice.updated","data":{"object":{}}}',
        b'{"type":"invoice.updated","data":{"object":{"id":"../customers"}}}',
        b'{"type":"invoice.updated","timestamp":1e400,"data":{"object":{"id":1}}}',
        b'{"type":"invoice.updated","data":{"object":{"id":' + b"9" * 100_000 + b"}}}",
    ],
    ids=lambda body: repr(body[:40]),
)
def test_a_signed_body_that_is_no_event(embedded_receiver: Receiver, body: bytes) -> None:
    answer = embedded_receiver.post(embedded_receiver.path, body, signed(body))
    assert (answer.status_code, list(answer.json)) == (400, ["error"])
    if body != b"[]":
        assert embedded_receiver.post("/webhooks/quickbooks", body, quickbooks_headers(body)).status_code == 400
    assert embedded_receiver.queued() == []


def test_what_is_not_for_us_is_welcome_all_the_same(embedded_receiver: Receiver) -> None:
    deliveries = [
        (embedded_receiver.path, invoiced_event(type_="contact.updated"), invoiced_headers),
        (embedded_receiver.path, b'{"type":"ping"}', invoiced_headers),
    ]
    for path, body, headers in deliveries:
        answer = embedded_receiver.post(path, body, headers(SECRET, body))
        assert (answer.status_code, answer.json) == (200, {"queued": 0})
    not_for_us = [
        cloud_event("qbo.bill.created.v1", "1", REALM),
        cloud_event("qbo.customer.created.v1", "1", "77"),
    ]
    for events in ([], not_for_us):
        body = json.dumps(events).encode()
        answer = embedded_receiver.post("/webhooks/quickbooks", body, quickbooks_headers(body))
        assert (answer.status_code, answer.json) == (200, {"queued": 0})
    assert embedded_receiver.queued() == []


def test_a_connection_is_known_the_moment_it_is_added(embedded_receiver: Receiver) -> None:
    body = json.dumps([cloud_event("qbo.customer.updated.v1", "58", "77")]).encode()

    def deliver() -> Any:
        return embedded_receiver.post("/webhooks/quickbooks", body, quickbooks_headers(body)).json

    assert deliver() == {"queued": 0}
    new = connect(embedded_receiver.broker.engine, secret="new", realm_id="77")
    assert deliver() == {"queued": 1}
    event = invoiced_event()
    answer = embedded_receiver.post(f"/webhooks/invoiced/{new}", event, invoiced_headers("new", event))
    assert answer.status_code == 200


def test_other_methods_and_addresses(embedded_receiver: Receiver) -> None:
    client = embedded_receiver.client
    answer = client.get(embedded_receiver.path)
    assert answer.status_code == 405
    assert sorted(answer.headers["Allow"].split(", ")) == ["OPTIONS", "POST"]
    answer = client.put("/webhooks/quickbooks", data=b"{}")
    assert (answer.status_code, list(answer.json)) == (405, ["error"])
    answer = client.get("/webhooks/nothing/here")
    assert (answer.status_code, list(answer.json)) == (404, ["error"])
