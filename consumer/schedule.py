"""Publishes records whose time has come. Any number of processes may run it: a record is taken by one of them."""

import threading
import time

import structlog
from sqlalchemy.exc import SQLAlchemyError

from consumer.wiring import Wiring
from shared.db import connections, history, records
from shared.errors import BrokerUnavailableError
from shared.messages import Message, Why
from shared.queues import BULK, LIVE, Publisher

LOOK_EVERY_S = 0.25
# When the database or the broker is away.
LOOK_AGAIN_S = 2.0
PRUNE_EVERY_S = 600.0
MANY = 100
# The oldest entries of a record that has more go, however young they are.
ENTRIES_OF_A_RECORD = 300

log = structlog.get_logger()


class Schedule(threading.Thread):
    """Looks for due records until the process stops."""

    def __init__(self, wiring: Wiring, publisher: Publisher, stop: threading.Event) -> None:
        super().__init__(name="schedule", daemon=True)
        self._wiring = wiring
        self._publisher = publisher
        self._stop_event = stop

    def run(self) -> None:
        """Publish what is due; what a process took and died with comes up again by itself."""
        pause_s, prune_at_s = LOOK_EVERY_S, time.monotonic() + PRUNE_EVERY_S
        while not self._stop_event.wait(pause_s):
            try:
                pause_s = 0.0 if publish_due(self._wiring, self._publisher) else LOOK_EVERY_S
                if time.monotonic() >= prune_at_s:
                    # As long as there is more to delete, the next turn goes on with it.
                    is_more = bool(prune_history(self._wiring)) | clear_removed(self._wiring)
                    prune_at_s = time.monotonic() + (LOOK_EVERY_S if is_more else PRUNE_EVERY_S)
            except (SQLAlchemyError, BrokerUnavailableError) as error:
                log.warning("due records not published yet", error=str(error))
                pause_s = LOOK_AGAIN_S


def prune_history(wiring: Wiring) -> int:
    """Delete some of the history that is too old or too much; return how many entries."""
    with wiring.sessions.begin() as session:
        return history.prune(
            session, wiring.now(), days=wiring.config.history_days, entries_per_record=ENTRIES_OF_A_RECORD
        )


def clear_removed(wiring: Wiring) -> bool:
    """Delete some of what a removed connection had, should whoever removed it not have come to the end; tell whether
    there was any."""
    with wiring.sessions.begin() as session:
        connection_id = connections.find_removed(session)
        return connection_id is not None and connections.clear(session, connection_id)


def publish_due(wiring: Wiring, publisher: Publisher) -> int:
    """Publish every record that is due, or whose worker died; return how many.

    When very many are due at once, a person has released them (a reconnect, Retry all): that is bulk work, and must
    not stand before the webhooks.
    """
    now = wiring.now()
    with wiring.sessions.begin() as session:
        due = records.take_due(session, now, MANY)
    messages = [Message(key.connection_id, key.kind, key.record_id, Why.RETRY, seen_at=now) for key in due]
    try:
        publisher.publish(messages, BULK if len(due) == MANY else LIVE)
    except BrokerUnavailableError:
        # A record whose message arrived all the same is looked at once: then it is due no more.
        with wiring.sessions.begin() as session:
            records.put_back(session, now)
        raise
    return len(due)
