"""A broker that is away, silent or comes back: bounded answers to publishers, and workers that go on."""

import queue
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs
from structlog.typing import EventDict

from shared import queues
from shared.broker_connection import DEFAULT_LEASE_S
from shared.db.session import make_engine
from shared.errors import BrokerUnavailableError
from shared.messages import from_json
from shared.queues import LIVE, Publisher, open_connection
from tests.conftest import Database
from tests.integration.broker_drivers import Wire, Worker, bodies, let_time_pass
from tests.integration.broker_programs import message
from tests.integration.conftest import Broker
from tests.patience import PATIENCE_S, eventually, own_seconds

# The publisher's, where it is not that of the tests.
_SHORT_S = 1.0


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
    publisher = Publisher(wired.broker.url, wired.broker.engine, timeout_s=_SHORT_S)
    yield publisher
    wired.wire.mend()
    publisher.close()


def _fails_in_s(publisher: Publisher) -> float:
    with own_seconds() as seconds:
        with pytest.raises(BrokerUnavailableError) as raised:
            publisher.publish([message("unlucky")])
        took_s = seconds()
    assert raised.value.cause.startswith("The message broker is not available: ")
    return took_s


def _publish_in_the_end(publisher: Publisher, record_id: str) -> None:
    """Publish as whoever is told that the broker is not available: again, so a message may arrive more than once."""

    def is_confirmed() -> bool:
        try:
            publisher.publish([message(record_id)])
        except BrokerUnavailableError:
            return False
        return True

    eventually(is_confirmed, f"the confirm of {record_id!r}")


@pytest.mark.parametrize("opened_before", [False, True])
@pytest.mark.parametrize("outage", ["cut", "freeze"])
def test_publishing_fails_in_time_and_works_again_when_the_broker_is_back(
    wired: Wired, publisher: Publisher, outage: str, opened_before: bool
) -> None:
    if opened_before:
        _publish_in_the_end(publisher, "before")
    getattr(wired.wire, outage)()

    assert _fails_in_s(publisher) < _SHORT_S + 0.3
    assert _fails_in_s(publisher) < _SHORT_S + 0.3

    wired.wire.mend()
    # A frozen attempt may still be waiting out its time.
    _publish_in_the_end(publisher, "after")
    expected = {"before", "after"} if opened_before else {"after"}
    waiting = queues.depth(wired.direct.url, wired.direct.engine)[LIVE]
    arrived = {from_json(body).record_id for body in bodies(wired.direct, waiting)}
    # One that failed may have arrived all the same, never the other way round.
    assert arrived - {"unlucky"} == expected


def test_a_broker_restart_between_two_messages_goes_unnoticed(wired: Wired) -> None:
    publisher = Publisher(wired.broker.url, wired.broker.engine, timeout_s=PATIENCE_S)
    publisher.publish([message("before")])
    wired.wire.cut()
    wired.wire.mend()
    publisher.publish([message("after")])
    publisher.close()

    assert [from_json(body).record_id for body in bodies(wired.direct, 2)] == ["before", "after"]


def is_lost(told: list[EventDict]) -> bool:
    """Whether a worker has said that it lost the broker."""
    return "broker lost" in [line["event"] for line in told]


@pytest.mark.parametrize("outage", ["cut", "freeze"])
def test_a_worker_goes_on_after_an_outage(wired: Wired, outage: str) -> None:
    publisher = Publisher(wired.direct.url, wired.direct.engine, timeout_s=PATIENCE_S)
    handled: queue.SimpleQueue[str] = queue.SimpleQueue()
    with (
        capture_logs() as told,
        Worker(wired.broker, lambda body: handled.put(from_json(body).record_id)),
    ):
        publisher.publish([message("before")])
        assert handled.get(timeout=PATIENCE_S) == "before"
        getattr(wired.wire, outage)()
        publisher.publish([message("during")])
        if outage == "cut":
            eventually(lambda: is_lost(told), "the loss of the broker")
        wired.wire.mend()
        publisher.publish([message("after")])
        came: set[str] = set()
        # What was acknowledged in vain may come again.
        while not came >= {"during", "after"}:
            came.add(handled.get(timeout=PATIENCE_S))
    publisher.close()


def test_a_lost_acknowledgement_brings_the_message_again(wired: Wired) -> None:
    publisher = Publisher(wired.direct.url, wired.direct.engine, timeout_s=PATIENCE_S)
    publisher.publish([message("again")])
    publisher.close()
    handled: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def on_message(body: bytes) -> None:
        if handled.empty():
            wired.wire.cut()
        handled.put(body)

    with capture_logs() as told, Worker(wired.broker, on_message):
        eventually(lambda: is_lost(told), "the loss of the broker")
        assert handled.qsize() == 1
        wired.wire.mend()
        let_time_pass(wired.direct, DEFAULT_LEASE_S)
        eventually(lambda: handled.qsize() == 2, "the second delivery")
    assert queues.depth(wired.direct.url, wired.direct.engine)[LIVE] == 0


def test_a_refused_connection_is_reported_at_once(sqlite_database: Database) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # and does not listen
        url = f"amqp://guest:guest@127.0.0.1:{reserved.getsockname()[1]}/"
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
    publisher = Publisher("embedded://", sqlite_database.engine, timeout_s=_SHORT_S)
    with sqlite_database.engine.begin():  # takes SQLite's one place for a writer
        assert _fails_in_s(publisher) < _SHORT_S + 0.3
    _publish_in_the_end(publisher, "after")
    publisher.close()


def test_a_queue_that_was_deleted_is_declared_again(rabbitmq_url: str, sqlite_database: Database) -> None:
    engine = sqlite_database.engine
    publisher = Publisher(rabbitmq_url, engine, timeout_s=PATIENCE_S)
    publisher.publish([message("before")])
    with open_connection(rabbitmq_url, engine) as connection, connection.channel() as channel:
        channel.queue_delete(LIVE)
    publisher.publish([message("after")])
    publisher.close()

    assert queues.depth(rabbitmq_url, engine)[LIVE] == 1
