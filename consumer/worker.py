"""Takes one message, has its record looked at, and lets the message go: the one place where a message is settled."""

import uuid
from datetime import timedelta

import structlog

from consumer.handlers import HANDLERS
from consumer.leases import LeaseKeeper
from consumer.wiring import Wiring
from consumer.work import look_at
from shared import messages
from shared.db import records, sweeps
from shared.db.connections import UnknownConnectionError
from shared.errors import TransientError
from shared.messages import MalformedMessageError, Message, Why
from shared.outcomes import Settlement
from shared.queues import Publisher

NOT_READY_AGAIN_S = 60

log = structlog.get_logger()


class Worker:
    """Handles messages for the threads of one process; `bulk`: those of the bulk queue."""

    def __init__(self, wiring: Wiring, publisher: Publisher, keeper: LeaseKeeper, *, bulk: bool = False) -> None:
        self._wiring = wiring
        self._publisher = publisher
        self._keeper = keeper
        self._bulk = bulk

    def on_message(self, body: bytes | str) -> None:
        """Handle the body of one message. It may be acknowledged when this returns: the record's outcome, or that it
        is due, is stored by then."""
        try:
            message = messages.from_json(body)
        except MalformedMessageError as error:
            self._publisher.publish_dead_letter(body, str(error))
            log.error("a message that nobody can parse went to the dead letters", reason=str(error))
            return
        with structlog.contextvars.bound_contextvars(event=message.event_id, why=message.why.value):
            self.handle(message)

    def handle(self, message: Message) -> Settlement | None:
        """Look at the record of a message, unless somebody else does or will in a moment (None)."""
        owner = f"{self._wiring.process_name}:{uuid.uuid4().hex[:12]}"
        try:
            deps = self._wiring.deps(message.connection_id, owner, bulk=self._bulk)
        except UnknownConnectionError:
            log.warning("message of a removed connection dropped", connection=message.connection_id)
            return None
        except TransientError as error:
            # The connection itself is not ready: its records come up again by themselves.
            log.warning("connection is not ready", connection=message.connection_id, cause=error.cause)
            with self._wiring.sessions.begin() as session:
                records.request_look(
                    session, records.key_of(message), self._wiring.now() + timedelta(seconds=NOT_READY_AGAIN_S)
                )
            return None
        with self._keeper.at_work(owner):
            if message.why is Why.SWEEP and not self._is_wanted(message):
                # The sweep was cancelled, or the record was looked at for another reason meanwhile.
                return None
            with deps.sessions.begin() as session:
                row = records.admit(session, message, owner, deps.now())
            if row is None:
                return None
            return look_at(
                deps.on_behalf_of_a_person(row.asked_by_person),
                records.key_of(message),
                HANDLERS[message.kind],
                row,
                message=message,
            )

    def _is_wanted(self, message: Message) -> bool:
        with self._wiring.sessions() as session:
            return sweeps.is_wanted(session, records.key_of(message))
