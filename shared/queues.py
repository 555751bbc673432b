# mypy: allow-untyped-calls
# (kombu is typed in part only)
"""How messages get into the queues and out again; the same on RabbitMQ and on the embedded broker.

Every message is delivered at least once. It is safe when `Publisher.publish` returns, and it leaves its queue
only after the handler of a `QueueWorker` has returned.
"""

import queue as thread_queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import sqlalchemy as sa
import structlog
from kombu.connection import Connection
from kombu.message import Message as Delivered
from kombu.messaging import Consumer

from shared.broker_connection import (
    AMQP_ERRORS,
    BROKER_ERRORS,
    BULK,
    DEAD_LETTERS,
    DEFAULT_LEASE_S,
    EXCHANGE,
    LIVE,
    QUEUES,
    ConfirmedLine,
    Letter,
    declare,
    listen,
    open_connection,
    unavailable,
    waiting,
)
from shared.errors import BrokerUnavailableError
from shared.messages import Message, to_json

__all__ = [
    "BULK",
    "DEAD_LETTERS",
    "EXCHANGE",
    "LIVE",
    "Publisher",
    "QueueWorker",
    "declare",
    "depth",
    "open_connection",
]

_LETTERS_AT_A_TIME = 1_000
_IDLE_S = 7.5
_LISTEN_S = 0.5
_RECONNECT_AFTER_S = (0.2, 0.5, 1, 2, 5, 10)
# Five minutes in all. While the handler fails the message stays in hand: returned at once, again and again,
# it would reach the delivery limit while, say, the database is away.
_RETRY_AFTER_S = (0.5, 1, 2, 4, 8, 15, *(30,) * 9)

_LOST: tuple[type[BaseException], ...] = (BrokerUnavailableError, *BROKER_ERRORS)

log = structlog.get_logger()


def depth(broker_url: str, engine: sa.Engine) -> dict[str, int]:
    """Return how many messages wait in each queue, by its name; those that a consumer holds do not count.

    Raises:
        BrokerUnavailableError: the broker cannot be reached.
    """
    with open_connection(broker_url, engine) as connection:
        try:
            return {name: waiting(connection, name) for name in QUEUES}
        except BROKER_ERRORS as error:
            raise unavailable(error) from error


@dataclass(frozen=True)
class _Delivery:
    """What one caller of the publisher waits for."""

    letters: list[Letter]
    confirmed: Future[None] = field(default_factory=Future)


_Inbox = thread_queue.SimpleQueue[_Delivery | None]


class Publisher:
    """Puts messages into the queues; one for a process, for all of its threads.

    A thread of its own holds the one connection, opened at the first message (and so after a fork). It sends
    what several callers hand in as one batch: they share the broker's confirm, or the transaction of the
    embedded broker. And whatever the broker or the database does to that thread, a caller waits no longer
    than `timeout_s`.
    """

    def __init__(self, broker_url: str, engine: sa.Engine, *, timeout_s: float = 2.5) -> None:
        self._broker_url = broker_url
        self._engine = engine
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._inbox = _Inbox()

    def publish(self, messages: Sequence[Message], queue: str = LIVE) -> None:
        """Return once the broker has confirmed every message.

        After an error, some of the messages may be in the queue all the same.

        Raises:
            BrokerUnavailableError: not all were confirmed within `timeout_s`.
        """
        self._hand_in([Letter(queue, to_json(message).encode()) for message in messages])

    def publish_dead_letter(self, body: bytes | str, reason: str) -> None:
        """Put a body that nobody can parse on the dead-letter queue, with the reason in the header `reason`.

        Raises:
            BrokerUnavailableError: it was not confirmed within `timeout_s`.
        """
        raw = body.encode() if isinstance(body, str) else body
        headers = {"reason": reason[:1000]}
        self._hand_in([Letter(DEAD_LETTERS, raw, "application/octet-stream", "binary", headers)])

    def close(self) -> None:
        """Send what was handed in and close the connection; a later `publish` opens another."""
        with self._lock:
            thread, self._thread = self._thread, None
            self._inbox.put(None)
        if thread is not None:
            thread.join(self._timeout_s)

    def _hand_in(self, letters: list[Letter]) -> None:
        if not letters:
            return
        delivery = _Delivery(letters)
        with self._lock:
            # A thread does not live on in a forked process, and its connection must not.
            if self._thread is None or not self._thread.is_alive():
                self._inbox = _Inbox()
                self._thread = threading.Thread(
                    target=self._send_all, args=(self._inbox,), name="publisher", daemon=True
                )
                self._thread.start()
            self._inbox.put(delivery)
        try:
            delivery.confirmed.result(self._timeout_s)
        except BROKER_ERRORS as error:
            delivery.confirmed.cancel()
            raise unavailable(error) from error

    def _send_all(self, inbox: _Inbox) -> None:
        line: ConfirmedLine | None = None
        while True:
            try:
                first = inbox.get(timeout=_IDLE_S)
            except thread_queue.Empty:
                line = line if line is not None and line.is_alive() else None
                continue
            if first is None:
                break
            # One whose caller has lost patience meanwhile is left out.
            batch = [
                delivery
                for delivery in _with_those_behind(first, inbox)
                if delivery.confirmed.set_running_or_notify_cancel()
            ]
            try:
                line = self._send([letter for delivery in batch for letter in delivery.letters], line)
            except Exception as error:  # whatever it is, it is for those who wait
                line = None
                for delivery in batch:
                    delivery.confirmed.set_exception(error)
            else:
                for delivery in batch:
                    delivery.confirmed.set_result(None)
        if line is not None:
            line.close()

    def _send(self, letters: list[Letter], line: ConfirmedLine | None) -> ConfirmedLine:
        """Send over the open line, or over a new one if there is none or it broke since it was last used."""
        if line is not None:
            try:
                line.send(letters, timeout_s=self._timeout_s)
                return line
            except BaseException as error:
                line.throw_away()
                if isinstance(error, TimeoutError) or not isinstance(error, AMQP_ERRORS):
                    raise
                log.info("connection to the broker lost, opening another", reason=str(error))
        # Half of the callers' patience, so that they hear of the cause.
        line = ConfirmedLine(self._broker_url, self._engine, timeout_s=self._timeout_s / 2)
        try:
            line.send(letters, timeout_s=self._timeout_s)
        except BaseException:
            line.throw_away()
            raise
        return line


def _with_those_behind(first: _Delivery, inbox: _Inbox) -> Iterator[_Delivery]:
    """Yield the first delivery and those that wait behind it, up to a batch."""
    yield first
    count = len(first.letters)
    while count < _LETTERS_AT_A_TIME:
        try:
            delivery = inbox.get_nowait()
        except thread_queue.Empty:
            return
        if delivery is None:
            inbox.put(None)
            return
        count += len(delivery.letters)
        yield delivery


class QueueWorker:
    """Takes messages from one queue and has them handled, one at a time, in the thread that calls `run`.

    A message is acknowledged when `on_message` has returned. When it raises, the message is tried again after
    a while, and given back to the queue after five minutes. Handling may take up to two minutes; after that
    the broker may deliver the message to somebody else as well.

    `prefetch` bounds how many messages are held here, the one in work included; `lease_s` matters to the
    embedded broker.
    """

    def __init__(
        self,
        broker_url: str,
        engine: sa.Engine,
        queue: str,
        on_message: Callable[[bytes], None],
        stop: threading.Event,
        prefetch: int = 4,
        *,
        lease_s: float = DEFAULT_LEASE_S,
    ) -> None:
        self._broker_url = broker_url
        self._engine = engine
        self._queue = queue
        self._on_message = on_message
        self._stop = stop
        self._prefetch = prefetch
        self._lease_s = lease_s
        self._lost_in_a_row = 0

    def run(self) -> None:
        """Work until `stop` is set; a lost connection is opened again, backing off."""
        while not self._stop.is_set():
            try:
                self._work()
            except _LOST as error:
                delay_s = _RECONNECT_AFTER_S[min(self._lost_in_a_row, len(_RECONNECT_AFTER_S) - 1)]
                self._lost_in_a_row += 1
                log.warning("broker lost", queue=self._queue, reason=str(error), retry_in_s=delay_s)
                self._stop.wait(delay_s)

    def _work(self) -> None:
        connection = open_connection(self._broker_url, self._engine, lease_s=self._lease_s)
        try:
            declare(connection)
            self._consume(connection)
        except BROKER_ERRORS:
            # Closed without a word: nobody may be listening at the other end.
            connection.collect()
            raise
        finally:
            # A polite leave: what is unacknowledged goes back to the queue at once.
            connection.release()

    def _consume(self, connection: Connection) -> None:
        inbox: deque[Delivered] = deque()
        with Consumer(
            connection,
            queues=[QUEUES[self._queue]],
            on_message=inbox.append,
            prefetch_count=self._prefetch,
            auto_declare=False,
        ):
            while not self._stop.is_set():
                listen(connection, 0 if inbox else _LISTEN_S)
                self._lost_in_a_row = 0
                if inbox:
                    self._handle(connection, inbox.popleft())

    def _handle(self, connection: Connection, message: Delivered) -> None:
        body = message.body.encode() if isinstance(message.body, str) else bytes(message.body)
        for delay_s in _RETRY_AFTER_S:
            try:
                self._on_message(body)
            except Exception:  # the handler settles what it knows; this is a bug, or its database is away
                log.exception("message not handled", queue=self._queue, retry_in_s=delay_s)
            else:
                message.ack()
                return
            retry_at = time.monotonic() + delay_s
            while time.monotonic() < retry_at:
                if self._stop.is_set():
                    return
                listen(connection, min(delay_s, _LISTEN_S))
        message.requeue()
