# mypy: allow-untyped-calls
"""What only the embedded broker has: leases on rows of a table."""

import time
from collections import Counter

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
from tests.integration.broker_drivers import Worker, bodies
from tests.integration.broker_programs import message
from tests.integration.conftest import Broker


@pytest.fixture
def broker(databases: Database) -> Broker:
    return Broker("embedded://", databases.engine, databases.url)


def _publish(broker: Broker, *record_ids: str) -> None:
    publisher = Publisher(broker.url, broker.engine, timeout_s=10)
    publisher.publish([message(record_id) for record_id in record_ids])
    publisher.close()


def _connect(broker: Broker, lease_s: float = 60) -> Connection:
    return queues.open_connection(broker.url, broker.engine, lease_s=lease_s)


def test_a_lease_that_ends_brings_the_message_back_to_its_place(broker: Broker) -> None:
    _publish(broker, "a", "b", "c")
    with _connect(broker, lease_s=0.3) as connection:
        channel = connection.default_channel
        taken = [channel.basic_get(LIVE) for _ in range(2)]
        assert channel.basic_get(LIVE) is not None
        assert channel.basic_get(LIVE) is None
        time.sleep(0.35)
        again = [channel.basic_get(LIVE) for _ in range(3)]

    assert [from_json(delivery.body).record_id for delivery in taken] == ["a", "b"]
    assert [from_json(delivery.body).record_id for delivery in again] == ["a", "b", "c"]
    assert [delivery.delivery_info["redelivered"] for delivery in again] == [True] * 3


def test_acknowledging_after_the_lease_went_to_another_leaves_the_message_there(broker: Broker) -> None:
    _publish(broker, "a")
    with _connect(broker, lease_s=0.2) as slow, _connect(broker) as quick:
        late = slow.default_channel.basic_get(LIVE)
        time.sleep(0.25)
        assert quick.default_channel.basic_get(LIVE) is not None
        late.ack()
    assert len(bodies(broker, 1)) == 1


def test_a_returned_message_keeps_its_place(broker: Broker) -> None:
    _publish(broker, "a", "b", "c")
    with _connect(broker) as connection:
        connection.default_channel.basic_get(LIVE).requeue()
    assert [from_json(body).record_id for body in bodies(broker, 3)] == ["a", "b", "c"]


def test_a_living_worker_keeps_its_leases(broker: Broker) -> None:
    _publish(broker, *(f"{number}" for number in range(8)))
    handled: list[str] = []

    def on_message(body: bytes) -> None:
        time.sleep(0.25)
        handled.append(from_json(body).record_id)

    # Four messages held for a second in all, on leases of 0.6 s: without renewal the other would get some.
    with Worker(broker, on_message, lease_s=0.6, prefetch=8), Worker(broker, on_message, lease_s=0.6, prefetch=8):
        deadline = time.monotonic() + 10
        while len(handled) < 8 and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.3)
    assert Counter(handled) == Counter(f"{number}" for number in range(8))


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
