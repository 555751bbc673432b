# mypy: allow-untyped-calls
"""What only the embedded broker has: leases on rows of a table."""

import time
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from kombu.connection import Connection
from kombu.entity import Exchange
from kombu.messaging import Producer

from shared import embedded_broker, queues
from shared.db.models import BrokerMessage
from shared.messages import from_json
from shared.queues import LIVE, Publisher
from tests.conftest import Database
from tests.integration.broker_drivers import Worker, bodies, let_time_pass
from tests.integration.broker_programs import message
from tests.integration.conftest import Broker
from tests.patience import PATIENCE_S, eventually

LEASE_S = 60.0


@pytest.fixture
def broker(databases: Database) -> Broker:
    return Broker("embedded://", databases.engine, databases.url)


def _publish(broker: Broker, *record_ids: str) -> None:
    publisher = Publisher(broker.url, broker.engine, timeout_s=PATIENCE_S)
    publisher.publish([message(record_id) for record_id in record_ids])
    publisher.close()


def _connect(broker: Broker) -> Connection:
    return queues.open_connection(broker.url, broker.engine, lease_s=LEASE_S)


def test_a_lease_that_ends_brings_the_message_back_to_its_place(broker: Broker) -> None:
    _publish(broker, "a", "b", "c")
    with _connect(broker) as connection:
        channel = connection.default_channel
        taken = [channel.basic_get(LIVE) for _ in range(2)]
        assert channel.basic_get(LIVE) is not None
        assert channel.basic_get(LIVE) is None
        let_time_pass(broker, LEASE_S)
        again = [channel.basic_get(LIVE) for _ in range(3)]

    assert [from_json(delivery.body).record_id for delivery in taken] == ["a", "b"]
    assert [from_json(delivery.body).record_id for delivery in again] == ["a", "b", "c"]
    assert [delivery.delivery_info["redelivered"] for delivery in again] == [True] * 3


def test_acknowledging_after_the_lease_went_to_another_leaves_the_message_there(broker: Broker) -> None:
    _publish(broker, "a")
    with _connect(broker) as slow, _connect(broker) as quick:
        late = slow.default_channel.basic_get(LIVE)
        let_time_pass(broker, LEASE_S)
        assert quick.default_channel.basic_get(LIVE) is not None
        late.ack()
    assert len(bodies(broker, 1)) == 1


def test_a_returned_message_keeps_its_place(broker: Broker) -> None:
    _publish(broker, "a", "b", "c")
    with _connect(broker) as connection:
        connection.default_channel.basic_get(LIVE).requeue()
    assert [from_json(body).record_id for body in bodies(broker, 3)] == ["a", "b", "c"]


def test_a_living_worker_keeps_its_leases(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    _publish(broker, *(f"{number}" for number in range(8)))
    passed_s = 0.0
    monkeypatch.setattr(embedded_broker, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + passed_s))
    left_to_others: list[int] = []

    def on_message(_body: bytes) -> None:
        nonlocal passed_s
        passed_s += LEASE_S * 0.4
        let_time_pass(broker, LEASE_S * 0.4)
        left_to_others.append(queues.depth(broker.url, broker.engine)[LIVE])

    # All of them are held for more than three leases: without renewal others would get some.
    with Worker(broker, on_message, lease_s=LEASE_S, prefetch=8):
        eventually(lambda: len(left_to_others) == 8, "the handling of all messages")
    assert left_to_others == [0] * 8


def test_a_publisher_that_declared_nothing_is_heard(broker: Broker) -> None:
    with _connect(broker) as connection:
        producer = Producer(connection, exchange=Exchange(queues.EXCHANGE), auto_declare=False)
        producer.publish({"hello": "there"}, routing_key=LIVE)
    assert bodies(broker, 1) == [b'{"hello": "there"}']


def test_messages_of_one_transaction_arrive_together_or_not_at_all(broker: Broker) -> None:
    with _connect(broker) as connection:
        channel = connection.default_channel
        assert isinstance(channel, embedded_broker.Channel)
        producer = Producer(channel)
        with pytest.raises(ZeroDivisionError), channel.one_transaction():
            producer.publish("a", routing_key=LIVE)
            raise ZeroDivisionError
        with channel.one_transaction():
            producer.publish("b", routing_key=LIVE)
            producer.publish("c", routing_key=LIVE)
            assert queues.depth(broker.url, broker.engine)[LIVE] == 0
    assert bodies(broker, 2) == [b"b", b"c"]


def test_a_text_can_be_read_in_the_table(broker: Broker) -> None:
    _publish(broker, "invoice 42")
    with broker.engine.connect() as connection:
        payload = connection.scalar(sa.select(BrokerMessage.payload))
    assert payload is not None and "invoice 42" in payload
