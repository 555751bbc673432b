"""A broker that is away, silent or comes back: bounded answers to publishers, and workers that go on."""

import queue
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import pytest
import sqlalchemy as sa

from shared import queues
from shared.db.session import make_engine
from shared.errors import BrokerUnavailableError
from shared.messages import from_json
from shared.queues import LIVE, Publisher, open_connection
from tests.conftest import Database
from tests.integration.broker_drivers import Wire, Worker, bodies
from tests.integration.broker_programs import message
from tests.integration.conftest import Broker

_PATIENCE_S = 1.0


@dataclass(frozen=True)
class Wired:
    """A broker that the product reaches over a wire which can be cut; `direct` is the way around it."""

    broker: Broker
    wire: Wire
    direct: Broker


@pytest.fixture(params=["embedded on postgresql", "rabbitmq"])
def wired(request: pytest.FixtureRequest) -> Iterator[Wired]:
    if request.param == "rabbitmq":
        sqlite: Database = request.getfixturevalue("sqlite_database")
        url: str = request.getfixturevalue("rabbitmq_url")
        parts = urlsplit(url)
        wire = Wire((parts.hostname or "127.0.0.1", parts.port or 5672))
        over_wire = parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{wire.port}")
        engine = sqlite.engine
        broker = Broker(urlunsplit(over_wire), engine, sqlite.url)
        direct = Broker(url, engine, sqlite.url)
    else:
        database: Database = request.getfixturevalue("postgresql_database")
        address = sa.make_url(database.url)
        wire = Wire((address.host or "127.0.0.1", address.port or 5432))
        over = address.set(host="127.0.0.1", port=wire.port, query={"connect_timeout": "2"})
        engine = make_engine(over.render_as_string(hide_password=False))
        broker = Broker("embedded://", engine, over.render_as_string(hide_password=False))
        direct = Broker("embedded://", database.engine, database.url)
    yield Wired(broker, wire, direct)
    wire.close()
    engine.dispose()


@pytest.fixture
def publisher(wired: Wired) -> Iterator[Publisher]:
    publisher = Publisher(wired.broker.url, wired.broker.engine, timeout_s=_PATIENCE_S)
    yield publisher
    wired.wire.mend()
    publisher.close()


def _fails_in_s(publisher: Publisher) -> float:
    started = time.monotonic()
    with pytest.raises(BrokerUnavailableError) as raised:
        publisher.publish([message("unlucky")])
    assert raised.value.cause.startswith("The message broker is not available: ")
    return time.monotonic() - started


@pytest.mark.parametrize("opened_before", [False, True])
@pytest.mark.parametrize("outage", ["cut", "freeze"])
def test_publishing_fails_in_time_and_works_again_when_the_broker_is_back(
    wired: Wired, publisher: Publisher, outage: str, opened_before: bool
) -> None:
    if opened_before:
        publisher.publish([message("before")])
    getattr(wired.wire, outage)()

    assert _fails_in_s(publisher) < _PATIENCE_S + 0.3
    assert _fails_in_s(publisher) < _PATIENCE_S + 0.3

    wired.wire.mend()
    deadline = time.monotonic() + 10
    while True:
        try:
            publisher.publish([message("after")])
            break
        except BrokerUnavailableError:
            # A frozen attempt may still be waiting out its time.
            assert time.monotonic() < deadline
    expected = {"before", "after"} if opened_before else {"after"}
    waiting = queues.depth(wired.direct.url, wired.direct.engine)[LIVE]
    arrived = {from_json(body).record_id for body in bodies(wired.direct, waiting)}
    # One that failed may have arrived all the same, never the other way round.
    assert arrived - {"unlucky"} == expected


def test_a_broker_restart_between_two_messages_goes_unnoticed(wired: Wired, publisher: Publisher) -> None:
    publisher.publish([message("before")])
    wired.wire.cut()
    wired.wire.mend()
    publisher.publish([message("after")])

    assert [from_json(body).record_id for body in bodies(wired.direct, 2)] == ["before", "after"]


@pytest.mark.parametrize("outage", ["cut", "freeze"])
def test_a_worker_goes_on_after_an_outage(wired: Wired, outage: str) -> None:
    publisher = Publisher(wired.direct.url, wired.direct.engine, timeout_s=10)
    handled: queue.SimpleQueue[str] = queue.SimpleQueue()
    with Worker(wired.broker, lambda body: handled.put(from_json(body).record_id)):
        publisher.publish([message("before")])
        assert handled.get(timeout=5) == "before"
        getattr(wired.wire, outage)()
        publisher.publish([message("during")])
        time.sleep(0.5)
        wired.wire.mend()
        publisher.publish([message("after")])
        # "before" may come again, if its acknowledgement was cut off.
        came = {handled.get(timeout=10), handled.get(timeout=10)}
        if "before" in came:
            came.add(handled.get(timeout=10))
        assert came >= {"during", "after"}
    publisher.close()


def test_a_lost_acknowledgement_brings_the_message_again(wired: Wired) -> None:
    publisher = Publisher(wired.direct.url, wired.direct.engine, timeout_s=10)
    publisher.publish([message("again")])
    publisher.close()
    handled: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def on_message(body: bytes) -> None:
        if handled.empty():
            wired.wire.cut()
            threading.Timer(0.4, wired.wire.mend).start()
        handled.put(body)

    with Worker(wired.broker, on_message, lease_s=1.0):
        deadline = time.monotonic() + 10
        while handled.qsize() < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
    assert handled.qsize() == 2
    assert queues.depth(wired.direct.url, wired.direct.engine)[LIVE] == 0


def test_a_refused_connection_is_reported_at_once(sqlite_database: Database) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    url = f"amqp://guest:guest@127.0.0.1:{port}/"
    publisher = Publisher(url, sqlite_database.engine)

    assert _fails_in_s(publisher) < 0.5
    with pytest.raises(BrokerUnavailableError):
        queues.depth(url, sqlite_database.engine)
    publisher.close()


def test_a_server_that_accepts_and_never_answers_is_given_up(sqlite_database: Database) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"amqp://guest:guest@127.0.0.1:{silent.getsockname()[1]}/"
        publisher = Publisher(url, sqlite_database.engine)
        assert _fails_in_s(publisher) < 3
        assert _fails_in_s(publisher) < 3
        publisher.close()


def test_a_database_that_somebody_else_keeps_locked_is_given_up(sqlite_database: Database) -> None:
    publisher = Publisher("embedded://", sqlite_database.engine, timeout_s=_PATIENCE_S)
    with sqlite_database.engine.begin():  # takes SQLite's one place for a writer
        assert _fails_in_s(publisher) < _PATIENCE_S + 0.3
    publisher.publish([message("after")])
    publisher.close()


def test_a_queue_that_was_deleted_is_declared_again(rabbitmq_url: str, sqlite_database: Database) -> None:
    engine = sqlite_database.engine
    publisher = Publisher(rabbitmq_url, engine, timeout_s=10)
    publisher.publish([message("before")])
    with open_connection(rabbitmq_url, engine) as connection, connection.channel() as channel:
        channel.queue_delete(LIVE)
    publisher.publish([message("after")])
    publisher.close()

    assert queues.depth(rabbitmq_url, engine)[LIVE] == 1
