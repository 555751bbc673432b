# mypy: allow-untyped-calls
# (kombu is typed in part only)
"""A broker without a server: a kombu transport that keeps its messages in a table of our own database.

A message is safe once `publish` has returned, since its row is committed. A delivered message is leased, not
removed: acknowledging deletes the row, and when a consumer dies the lease runs out and the message comes
back, at its old place in the queue. What RabbitMQ does with a quorum queue's `x-delivery-limit` and
`x-dead-letter-routing-key` happens here too.

Exchanges are direct and hold no bindings: a routing key is the name of a queue, declared or not.
"""

import json
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
import structlog
from kombu.transport import TRANSPORT_ALIASES, virtual

from shared.db.models import BrokerMessage
from shared.db.session import make_sessions

DEFAULT_LEASE_S = 120.0
_POLLING_INTERVAL_S = 0.05
_UNBOUNDED_BATCH = 100
CONNECTION_ERRORS: Any = (*virtual.Transport.connection_errors, sa.exc.DBAPIError, sa.exc.TimeoutError)

log = structlog.get_logger()


def register() -> None:
    """Let kombu know the scheme `embedded://`; calling it again changes nothing."""
    TRANSPORT_ALIASES["embedded"] = f"{Transport.__module__}:{Transport.__qualname__}"


class QoS(virtual.QoS):
    """Settles messages in the table; what is unacknowledged is counted by kombu."""

    channel: "Channel"

    def ack(self, delivery_tag: int) -> None:
        self.channel.delete_leased(delivery_tag)
        super().ack(delivery_tag)

    def reject(self, delivery_tag: int, requeue: bool = False) -> None:
        if requeue:
            self.channel.return_leased(delivery_tag)
        else:
            self.channel.delete_leased(delivery_tag)
        super().ack(delivery_tag)

    def restore_unacked(self) -> list[Any]:
        """Make all that this channel holds visible again, at once and in its old order."""
        self._flush()
        self._delivered.clear()
        self.channel.return_all()
        return []


class Channel(virtual.Channel):
    """One consumer's or publisher's place at the table; not for use by two threads at a time."""

    QoS = QoS

    def __init__(self, connection: "Transport", **kwargs: Any) -> None:
        super().__init__(connection, **kwargs)
        client: Any = connection.client
        options: dict[str, Any] = client.transport_options
        self._engine: sa.Engine = options["engine"]
        self._sessions = make_sessions(self._engine)
        self._now_us = _now_us(self._engine.dialect.name)
        self._lease_s = float(options.get("lease_s", DEFAULT_LEASE_S))
        # The owner of a lease is the channel: all that it holds is prolonged or returned in one statement.
        self._lease = uuid4().hex
        self._renew_at: float | None = None
        self._leased: deque[tuple[dict[str, Any], str]] = deque()
        self._unsent: list[dict[str, str]] | None = None

    # Publishing

    @contextmanager
    def one_transaction(self) -> Iterator[None]:
        """Commit all that is published inside in one transaction when the block ends, or nothing of it."""
        self._unsent = []
        try:
            yield
            rows, self._unsent = self._unsent, None
            self._insert(rows)
        finally:
            self._unsent = None

    def encode_body(self, body: Any, encoding: str | None = None) -> tuple[Any, str]:
        """Keep a text readable in the table; anything else becomes Base64."""
        if isinstance(body, str):
            return body, "utf-8"
        try:
            return bytes(body).decode(), "utf-8"
        except UnicodeDecodeError:
            encoded: tuple[Any, str] = super().encode_body(body, "base64")
            return encoded

    def _lookup(self, exchange: str, routing_key: str, default: str | None = None) -> list[str]:
        return [routing_key]

    def _put(self, queue: str, message: dict[str, Any], **_kwargs: Any) -> None:
        row = {"queue": queue, "payload": json.dumps(message)}
        if self._unsent is None:
            self._insert([row])
        else:
            self._unsent.append(row)

    def _insert(self, rows: list[dict[str, str]]) -> None:
        if rows:
            with self._engine.begin() as connection:
                connection.execute(sa.insert(BrokerMessage), rows)

    # Delivering

    def drain_events(self, timeout: float | None = None, callback: Any = None) -> None:
        """Deliver one message, or raise `Empty`; several are leased at a time."""
        if not self._consumers:
            raise virtual.Empty
        if not self._leased:
            self._lease_more()
        payload, queue = self._leased.popleft()
        (callback or self.connection._deliver)(payload, queue)

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        payloads = self._take(queue, 1)
        if not payloads:
            raise virtual.Empty
        return payloads[0]

    def _lease_more(self) -> None:
        prefetch = self.qos.prefetch_count
        room = self.qos.can_consume_max_estimate() if prefetch else _UNBOUNDED_BATCH
        # Half of the prefetch at a time: one transaction for several messages instead of one for each.
        if room < max(1, prefetch // 2):
            raise virtual.Empty
        for queue in self._active_queues:
            # Who finds nothing has only read: on SQLite it would otherwise take the one writer's place at each look.
            if self._has_visible(queue):
                self._leased.extend((payload, queue) for payload in self._take(queue, room))
            if self._leased:
                break
        if not self._leased:
            raise virtual.Empty

    def _has_visible(self, queue: str) -> bool:
        visible = sa.select(BrokerMessage.id).where(
            BrokerMessage.queue == queue, BrokerMessage.visible_at_us <= self._now_us
        )
        with self._sessions() as session:
            return session.scalar(visible.limit(1)) is not None

    def _take(self, queue: str, count: int) -> list[dict[str, Any]]:
        """Lease up to `count` messages, oldest first, and return them as kombu's payloads."""
        until_us = self._now_us + int(self._lease_s * 1_000_000)
        with self._engine.begin() as connection:
            # What is visible stands at 0, so the index alone gives the order, and a lease that has run out
            # brings its message back to its old place instead of behind a backlog.
            ended = (BrokerMessage.visible_at_us > 0, BrokerMessage.visible_at_us <= self._now_us)
            _update(connection, queue, ended, None, visible_at_us=0, lease=None)
            rows = _update(
                connection,
                queue,
                (BrokerMessage.visible_at_us == 0,),
                count,
                visible_at_us=until_us,
                lease=self._lease,
                deliveries=BrokerMessage.deliveries + 1,
            )
            payloads = []
            for row in sorted(rows, key=lambda row: int(row.id)):
                payload = _delivered(row)
                if not self._bury(connection, queue, row, payload):
                    payloads.append(payload)
        if payloads and self._renew_at is None:
            self._renew_at = time.monotonic() + self._lease_s / 3
        return payloads

    def _bury(self, connection: sa.Connection, queue: str, row: Any, payload: dict[str, Any]) -> bool:
        """Move a message that was delivered too often to the dead-letter queue, as a quorum queue does."""
        arguments = self.connection.queue_arguments.get(queue, {})
        limit = arguments.get("x-delivery-limit")
        if limit is None or row.deliveries <= limit + 1:
            return False
        payload["headers"] |= {"x-first-death-queue": queue, "x-first-death-reason": "delivery_limit"}
        connection.execute(
            sa.update(BrokerMessage)
            .where(BrokerMessage.id == row.id)
            .values(
                queue=arguments["x-dead-letter-routing-key"],
                payload=json.dumps(payload),
                visible_at_us=0,
                lease=None,
                deliveries=0,
            )
        )
        log.error("message delivered too often", queue=queue, deliveries=row.deliveries - 1)
        return True

    # Settling

    def delete_leased(self, message_id: int) -> None:
        """Remove a settled message; one whose lease has run out is somebody else's now and stays."""
        with self._engine.begin() as connection:
            mine = (BrokerMessage.id == message_id, BrokerMessage.lease == self._lease)
            deleted = connection.scalar(sa.delete(BrokerMessage).where(*mine).returning(BrokerMessage.id))
        if deleted is None:
            log.warning("lease ended before the message was settled", message_id=message_id)

    def return_leased(self, message_id: int) -> None:
        """Make one message visible again at once."""
        self._release(BrokerMessage.id == message_id)

    def return_all(self) -> None:
        """Make every message that this channel holds visible again at once."""
        self._leased.clear()
        self._release()
        self._renew_at = None

    def renew_leases(self) -> None:
        """Prolong the leases on all that this channel holds, once a third of their time has passed."""
        if self._renew_at is None or time.monotonic() < self._renew_at:
            return
        until_us = self._now_us + int(self._lease_s * 1_000_000)
        with self._engine.begin() as connection:
            held = connection.scalars(
                sa.update(BrokerMessage)
                .where(BrokerMessage.lease == self._lease)
                .values(visible_at_us=until_us)
                .returning(BrokerMessage.id)
            ).all()
        self._renew_at = time.monotonic() + self._lease_s / 3 if held else None

    def _release(self, *conditions: sa.ColumnElement[bool]) -> None:
        with self._engine.begin() as connection:
            connection.execute(
                sa.update(BrokerMessage)
                .where(BrokerMessage.lease == self._lease, *conditions)
                .values(visible_at_us=0, lease=None)
            )

    def close(self) -> None:
        """Return what was not acknowledged; if the database cannot be reached, the leases run out instead."""
        try:
            if not self.closed and self._renew_at is not None:
                self.qos.restore_unacked()
        finally:
            super().close()

    # Queues

    def _new_queue(self, queue: str, **kwargs: Any) -> None:
        self.connection.queue_arguments[queue] = kwargs.get("arguments") or {}

    def _size(self, queue: str) -> int:
        waiting = sa.select(sa.func.count()).where(
            BrokerMessage.queue == queue, BrokerMessage.visible_at_us <= self._now_us
        )
        with self._sessions() as session:
            return session.scalar(waiting) or 0

    def _purge(self, queue: str) -> int:
        size = self._size(queue)
        with self._engine.begin() as connection:
            connection.execute(
                sa.delete(BrokerMessage).where(
                    BrokerMessage.queue == queue, BrokerMessage.visible_at_us <= self._now_us
                )
            )
        return size


class Transport(virtual.Transport):
    """The scheme `embedded://`.

    `transport_options`: `engine`, the application's own (required); `lease_s`, how long a delivered message
    stays away (default 120; `Connection.heartbeat_check` prolongs it); `polling_interval` in seconds.
    """

    Channel = Channel

    polling_interval = _POLLING_INTERVAL_S
    driver_type = "embedded"
    driver_name = "sqlalchemy"
    connection_errors = CONNECTION_ERRORS
    recoverable_connection_errors = CONNECTION_ERRORS
    recoverable_channel_errors = virtual.Transport.channel_errors

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        self.queue_arguments: dict[str, dict[str, Any]] = {}

    def heartbeat_check(self, connection: "Transport", rate: int = 2) -> None:
        """Prolong the leases of a consumer that is alive, as a heartbeat keeps an AMQP connection."""
        for channel in connection.channels:
            channel.renew_leases()

    def driver_version(self) -> str:
        return sa.__version__


def _now_us(dialect_name: str) -> sa.ColumnElement[int]:
    """Return the database's own clock in microseconds: hosts that share it need not agree on the time."""
    if dialect_name == "postgresql":
        seconds: sa.ColumnElement[Any] = sa.extract("epoch", sa.func.statement_timestamp())
    else:
        seconds = (sa.func.julianday("now") - 2_440_587.5) * 86_400
    return sa.cast(seconds * 1_000_000, sa.BigInteger)


def _update(
    connection: sa.Connection,
    queue: str,
    conditions: tuple[sa.ColumnElement[bool], ...],
    count: int | None,
    **values: Any,
) -> list[Any]:
    """Change the first `count` messages of the queue that nobody else is at; return their rows, unordered."""
    picked = (
        sa.select(BrokerMessage.id)
        .where(BrokerMessage.queue == queue, *conditions)
        .order_by(BrokerMessage.visible_at_us, BrokerMessage.id)
        .limit(count)
        .with_for_update(skip_locked=True)  # SQLite ignores it: there the transaction is alone anyway
        .cte("picked")
    )
    changed = (
        sa.update(BrokerMessage)
        .where(BrokerMessage.id.in_(sa.select(picked.c.id)))
        .values(values)
        .returning(BrokerMessage.id, BrokerMessage.payload, BrokerMessage.deliveries)
    )
    return list(connection.execute(changed))


def _delivered(row: Any) -> dict[str, Any]:
    """Return the stored message with what its delivery adds, in the words that AMQP has for it."""
    payload: dict[str, Any] = json.loads(row.payload)
    payload["properties"]["delivery_tag"] = row.id
    payload["properties"]["delivery_info"]["redelivered"] = row.deliveries > 1
    if row.deliveries > 1:
        payload["headers"]["x-delivery-count"] = row.deliveries - 1
    return payload
