# mypy: allow-untyped-calls
# (kombu is typed in part only)
"""Connections to the broker, RabbitMQ or the embedded one: what is declared there, when a message is safe."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
import structlog
from kombu.connection import Connection
from kombu.entity import Exchange, Queue
from kombu.exceptions import ChannelError
from kombu.exceptions import ConnectionError as AmqpConnectionError
from kombu.messaging import Producer

from shared import embedded_broker
from shared.errors import BrokerUnavailableError

EXCHANGE = "invoiced-quickbooks"
LIVE = "invoiced-quickbooks.live"
BULK = "invoiced-quickbooks.bulk"
DEAD_LETTERS = "invoiced-quickbooks.dead-letters"

# A broker refuses to declare a queue again with other arguments: these are fixed for good. A message that was
# returned 20 times has most likely killed 20 consumers, and is put aside; at-least-once (which needs
# reject-publish) keeps it from getting lost on the way.
_WORK = {
    "x-queue-type": "quorum",
    "x-delivery-limit": 20,
    "x-dead-letter-exchange": EXCHANGE,
    "x-dead-letter-routing-key": DEAD_LETTERS,
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
}
# Without a limit of its own RabbitMQ 4 would drop a dead letter that was looked at and put back 20 times.
_ASIDE = {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000}

_EXCHANGE = Exchange(EXCHANGE, type="direct", durable=True, delivery_mode="persistent")
QUEUES = {
    name: Queue(name, _EXCHANGE, routing_key=name, durable=True, queue_arguments=arguments)
    for name, arguments in ((LIVE, _WORK), (BULK, _WORK), (DEAD_LETTERS, _ASIDE))
}

# What a broken or unwilling RabbitMQ raises, and the same with the embedded broker's database.
AMQP_ERRORS = (OSError, AmqpConnectionError, ChannelError)
BROKER_ERRORS: tuple[type[BaseException], ...] = (*AMQP_ERRORS, *embedded_broker.CONNECTION_ERRORS)

DEFAULT_LEASE_S = embedded_broker.DEFAULT_LEASE_S
_CONSUMER_HEARTBEAT_S = 60
_PUBLISHER_HEARTBEAT_S = 30
_NOT_FOUND = 404

log = structlog.get_logger()


def open_connection(
    broker_url: str,
    engine: sa.Engine,
    *,
    heartbeat_s: float = _CONSUMER_HEARTBEAT_S,
    timeout_s: float = 5.0,
    confirm_publish: bool = True,
    lease_s: float = DEFAULT_LEASE_S,
) -> Connection:
    """Return an open connection for one thread; no single step of opening it waits longer than `timeout_s`.

    `engine` and `lease_s` matter to the embedded broker, the other choices to RabbitMQ.

    Raises:
        BrokerUnavailableError: the broker cannot be reached.
    """
    if broker_url.startswith("embedded:"):
        embedded_broker.register()
        connection = Connection("embedded://", transport_options={"engine": engine, "lease_s": lease_s})
    else:
        connection = Connection(
            broker_url,
            connect_timeout=timeout_s,
            heartbeat=heartbeat_s,
            # Without a server name the certificate would be checked, but not whose it is.
            ssl={"server_hostname": None} if broker_url.startswith("amqps:") else False,
            # Without a read timeout the answer to a declaration would be awaited for ever.
            transport_options={"confirm_publish": confirm_publish, "read_timeout": timeout_s},
        )
    try:
        # One try for each host in the address; left alone, kombu sleeps two seconds and tries again.
        connection.ensure_connection(max_retries=max(len(connection.alt) - 1, 0), reraise_as_library_errors=False)
    except BROKER_ERRORS as error:
        connection.collect()
        raise unavailable(error) from error
    return connection


def declare(connection: Connection) -> None:
    """Make the exchange and the queues where they do not exist yet."""
    with connection.channel() as channel:
        for queue in QUEUES.values():
            queue(channel).declare()


def listen(connection: Connection, timeout_s: float) -> None:
    """Take in one event of the broker, if one comes in time, and keep up the heartbeat or the leases.

    Raises:
        OSError, kombu or SQLAlchemy errors (`BROKER_ERRORS`): the connection is lost.
    """
    if not connection.connected:
        # kombu would open another connection here, on which nobody consumes.
        raise ConnectionResetError("the connection to the broker is closed")
    with suppress(TimeoutError):
        connection.drain_events(timeout=timeout_s)
    connection.heartbeat_check()


def waiting(connection: Connection, queue: str) -> int:
    """Return how many messages of the queue no consumer holds; 0 if it was never declared."""
    channel = connection.channel()
    try:
        return int(channel.queue_declare(queue, passive=True).message_count)
    except ChannelError as error:
        if getattr(error, "code", None) == _NOT_FOUND:
            return 0
        raise
    finally:
        connection.maybe_close_channel(channel)


def unavailable(error: BaseException) -> BrokerUnavailableError:
    """Return the error that says why the broker could not do its part."""
    reason = str(error) or "no answer in time"
    return BrokerUnavailableError(
        f"The message broker is not available: {reason}",
        remedy="See that the broker named by BROKER_URL is running and can be reached.",
    )


@dataclass(frozen=True)
class Letter:
    """A body as it goes into a queue."""

    queue: str
    body: bytes
    content_type: str = "application/json"
    content_encoding: str = "utf-8"
    headers: dict[str, str] = field(default_factory=dict)


class ConfirmedLine:
    """An open connection to publish on, for one thread. After an error it is thrown away."""

    def __init__(self, broker_url: str, engine: sa.Engine, *, timeout_s: float) -> None:
        """Connect and declare the queues.

        Raises:
            BrokerUnavailableError: the broker cannot be reached.
            OSError, kombu or SQLAlchemy errors (`BROKER_ERRORS`): it was lost again at once.
        """
        self._connection = open_connection(
            broker_url, engine, heartbeat_s=_PUBLISHER_HEARTBEAT_S, timeout_s=timeout_s, confirm_publish=False
        )
        self._sent = 0
        self._unconfirmed: set[int] = set()
        self._refused = False
        try:
            declare(self._connection)
            self._channel: Any = self._connection.channel()
            self._is_embedded = isinstance(self._channel, embedded_broker.Channel)
            if not self._is_embedded:
                # The library's own way to confirm waits for each message; here a whole batch is on its way.
                self._channel.confirm_select()
                self._channel.events["basic_ack"].add(self._on_ack)
                self._channel.events["basic_nack"].add(self._on_nack)
            self._producer = Producer(self._channel, exchange=_EXCHANGE, auto_declare=False)
        except BaseException:
            self.throw_away()
            raise

    def send(self, letters: Sequence[Letter], *, timeout_s: float) -> None:
        """Return once every letter is safe: confirmed by RabbitMQ, or committed, all in one transaction.

        Raises:
            TimeoutError: RabbitMQ did not confirm in time; the letters may have arrived.
            OSError, kombu or SQLAlchemy errors (`BROKER_ERRORS`): the connection broke, or a letter was
                refused or fits no queue; some may have arrived.
        """
        deadline = time.monotonic() + timeout_s
        with self._channel.one_transaction() if self._is_embedded else self._confirmed(deadline):
            for letter in letters:
                self._producer.publish(
                    letter.body,
                    routing_key=letter.queue,
                    content_type=letter.content_type,
                    content_encoding=letter.content_encoding,
                    headers=dict(letter.headers),
                    # A message that fits no queue would otherwise be confirmed, and dropped.
                    mandatory=True,
                    timeout=timeout_s,
                )
                self._sent += 1
                self._unconfirmed.add(self._sent)
        self._unconfirmed.clear()

    def is_alive(self) -> bool:
        """Keep up an idle connection; if it is lost, throw it away and return False."""
        try:
            listen(self._connection, 0)
        except BROKER_ERRORS as error:
            log.info("idle connection to the broker lost", reason=str(error))
            self.throw_away()
            return False
        return True

    def close(self) -> None:
        """Take leave of the broker."""
        self._connection.release()

    def throw_away(self) -> None:
        """Close the socket without a word: nobody may be listening at the other end."""
        self._connection.collect()

    @contextmanager
    def _confirmed(self, deadline: float) -> Iterator[None]:
        yield
        while self._unconfirmed and not self._refused:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise TimeoutError("no confirm in time")
            self._connection.drain_events(timeout=left_s)
        if self._refused:
            raise ChannelError("the broker refused a message")

    def _on_ack(self, delivery_tag: int, multiple: bool) -> None:
        if multiple:
            self._unconfirmed = {tag for tag in self._unconfirmed if tag > delivery_tag}
        else:
            self._unconfirmed.discard(delivery_tag)

    def _on_nack(self, _delivery_tag: int, _multiple: bool) -> None:
        self._refused = True
