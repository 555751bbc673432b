"""The catch-up sweep: finds what may have been missed, queues it for the consumers, and ends when all was looked at.

A sweep publishes the very same messages as a webhook, on the bulk queue, while it still lists. Everything it finds is
stored before it is queued, and a cursor moves only when all that was found has been looked at: a sweep that dies is
taken up by whoever sees its lease run out (ADR 0010).
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from consumer.finding import position_of, read_page
from consumer.wiring import Wiring
from shared.db import connections, cursors, sweeps
from shared.db.models import Connection, Sweep
from shared.db.sweeps import Scope, State
from shared.errors import BrokerUnavailableError, RateLimitedError, RejectedError, SyncError, TransientError
from shared.messages import Message, Why
from shared.queues import BULK, Publisher

LOOK_EVERY_S = 0.5
LOOK_AGAIN_S = 5.0
ASK_EVERY_S = 15.0
# After a page the sweeps rest for so many times as long as it took, and for half a second at most: most of the time of
# the process, and on SQLite of the one writer's place, is for webhooks. The looks at what was found take far longer.
REST = 2.0
QUEUE_AT_A_TIME = 200
# No more than this waits in the bulk queue: so a cancelled sweep leaves little behind.
OUTSTANDING = 1000

log = structlog.get_logger()


class SweepRunner(threading.Thread):
    """Carries out the sweeps of all connections, as one of any number of processes; asks for those that are due."""

    def __init__(self, wiring: Wiring, publisher: Publisher, stop: threading.Event) -> None:
        super().__init__(name="sweeps", daemon=True)
        self._wiring = wiring
        self._publisher = publisher
        self._stop_event = stop

    def run(self) -> None:
        """Look for sweeps until the process stops."""
        pause_s, ask_at_s = LOOK_EVERY_S, time.monotonic()
        while not self._stop_event.wait(pause_s):
            try:
                if time.monotonic() >= ask_at_s:
                    request_due(self._wiring)
                    ask_at_s = time.monotonic() + ASK_EVERY_S
                began_at_s = time.monotonic()
                done = step_all(self._wiring, self._publisher, self._stop_event.is_set)
                rest_s = REST * (time.monotonic() - began_at_s)
                pause_s = min(rest_s, LOOK_EVERY_S) if done.listing else LOOK_EVERY_S
            except (SQLAlchemyError, BrokerUnavailableError) as error:
                log.warning("sweep not carried on yet", error=str(error))
                pause_s = LOOK_AGAIN_S


def request_due(wiring: Wiring) -> None:
    """Ask for a sweep of every connection that has had none for a while, so that a lost webhook needs no person."""
    now, every = wiring.now(), timedelta(minutes=wiring.config.sweep_every_minutes)
    with wiring.sessions() as session:
        due = [row.id for row in connections.list_all(session) if _is_due(row, now, every)]
    for connection_id in due:
        try:
            with wiring.sessions.begin() as session:
                latest = sweeps.list_latest(session, connection_id, limit=1)
                if not latest or (latest[0].state in sweeps.ENDED and now - latest[0].asked_at >= every):
                    sweeps.request(session, connection_id, Scope.CATCH_UP, "schedule", now)
        except RejectedError as error:
            # Somebody has disconnected or removed it, or asked for another sweep, just now.
            log.info("no sweep asked for", connection=connection_id, cause=error.cause)


def _is_due(row: Connection, now: datetime, every: timedelta) -> bool:
    # A connection that has just been made gets its webhooks; what is older is caught up by the first sweep.
    return row.state == connections.CONNECTED and row.started_at is not None and now - row.started_at >= every


@dataclass(frozen=True)
class Stepped:
    """How many sweeps were carried a step on, and how many of them have pages left to list."""

    sweeps: int
    listing: int


def step_all(wiring: Wiring, publisher: Publisher, is_stopping: Callable[[], bool] = lambda: False) -> Stepped:
    """Carry every sweep that can be had one step on."""
    last_id = count = listing = 0
    while not is_stopping():
        with wiring.sessions.begin() as session:
            sweep = sweeps.take(session, wiring.process_name, wiring.now(), last_id)
        if sweep is None:
            break
        last_id, count = sweep.id, count + 1
        try:
            listing += _step(wiring, publisher, sweep) is State.FINDING
        except (TransientError, RateLimitedError) as error:
            log.warning("sweep waits for a vendor", sweep=sweep.id, cause=error.cause)
            _rest(wiring, sweep)
        except SyncError as error:
            log.warning("sweep failed", sweep=sweep.id, cause=error.cause, detail=error.detail)
            _fail(wiring, sweep, f"{error.cause} {error.remedy}".strip())
        except (SQLAlchemyError, BrokerUnavailableError):
            raise
        except Exception:  # a bug: it ends this sweep, and must not end the process that syncs everything else
            log.exception("a sweep broke", sweep=sweep.id)
            _fail(wiring, sweep, "A fault in the sync itself. Report it with the log; then synchronize again.")
    return Stepped(count, listing)


def _fail(wiring: Wiring, sweep: Sweep, cause: str) -> None:
    with wiring.sessions.begin() as session:
        held = sweeps.held(session, sweep.id, wiring.process_name, wiring.now())
        if held is not None:
            sweeps.fail(session, held, cause, wiring.now())


def _rest(wiring: Wiring, sweep: Sweep) -> None:
    """Leave the sweep alone until its lease runs out: then it goes on where it was."""
    with wiring.sessions.begin() as session:
        held = sweeps.held(session, sweep.id, wiring.process_name, wiring.now())
        if held is not None:
            held.lease_owner = None


def _step(wiring: Wiring, publisher: Publisher, sweep: Sweep) -> State | None:
    """Read a page more if there is one, and queue; return where the sweep is, None if it is no longer ours."""
    state = State(sweep.state)
    if state is State.FINDING:
        found = read_page(wiring, sweep)
        if found is None:
            return None
        state = found
    _queue(wiring, publisher, sweep)
    return state


def _queue(wiring: Wiring, publisher: Publisher, sweep: Sweep) -> None:
    """Queue what was found and is not queued yet, and end the sweep and move the cursors when all was looked at."""
    while True:
        now = wiring.now()
        with wiring.sessions.begin() as session:
            held = sweeps.held(session, sweep.id, wiring.process_name, now)
            if held is None:
                return
            room = OUTSTANDING - sweeps.count_outstanding(session, sweep.id)
            keys = sweeps.not_queued(session, sweep.id, min(QUEUE_AT_A_TIME, room)) if room > 0 else []
            if not keys:
                # Not before all was looked at: a sweep that is cancelled leaves its records to the next one.
                if sweeps.end_if_done(session, held, now):
                    _move_cursors(session, held)
                else:
                    sweeps.queue_again(session, held, now)
                return
            # Marked first: a record whose look ends before this transaction would else never be counted.
            sweeps.mark_queued(session, sweep.id, keys, now)
        try:
            publisher.publish(
                [Message(key.connection_id, key.kind, key.record_id, Why.SWEEP, seen_at=now) for key in keys], BULK
            )
        except BrokerUnavailableError:
            with wiring.sessions.begin() as session:
                sweeps.mark_queued(session, sweep.id, keys, None)
            raise


def _move_cursors(session: Session, sweep: Sweep) -> None:
    """Have the next sweep look from where this one began, and not from where it read a list: what it found early was
    looked at while it still listed, and may have changed or been deleted since, before a later list was read."""
    assert sweep.began_at is not None, "it was taken"
    for stream in position_of(sweep).found:
        cursors.move(session, sweep.connection_id, stream, sweep.began_at)
