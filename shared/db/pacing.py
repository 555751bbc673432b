"""Intuit's limits on calls, kept across all processes: a generic cell rate algorithm (GCRA) in the database.

A row holds until when the calls to a company are booked. A call that is booked moves it on by one interval;
it may go at once while the booking is no more than a burst ahead of the clock. In any span of time at most
`burst + span / interval` calls go out.

Bulk work books no turn ahead of the clock, and leaves half of each burst to others: a webhook's call goes at once while
a sweep uses all the rest.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from shared.db.models import Pace
from shared.db.session import Sessions
from shared.errors import RateLimitedError

# A call waits for its turn in the thread that makes it; what would wait longer goes back to its queue.
LONGEST_WAIT_S = 2.0

# Intuit: 10 calls a second and 500 a minute per company; 40 batches a minute (2026-01). In a second at most 9
# are booked here, in a minute 452 and 39 batches: a call that is slow on its way may still fall in with later
# ones.
_CALLS_PER_MINUTE = 450
_CALL_BURST = 2
_BATCHES_PER_MINUTE = 30
_BATCH_BURST = 9

_MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class Limit:
    """At most `burst` calls at once, and `per_minute` of them in the long run."""

    name: str
    per_minute: float
    burst: int

    @property
    def interval_us(self) -> int:
        return max(1, round(60 * _MICROSECONDS / self.per_minute))

    @property
    def ahead_us(self) -> int:
        """How far the booking may be ahead of the clock while calls still go at once."""
        return self.interval_us * (self.burst - 1)

    def for_bulk(self) -> "Limit":
        """Return this limit as bulk work sees it: the same booking, of whose burst half is left to others."""
        return replace(self, burst=max(1, self.burst // 2))


class Reservation(NamedTuple):
    """Whether a call is booked, and in how many seconds it may go (or could have gone)."""

    booked: bool
    wait_s: float


# The same words on SQLite and PostgreSQL; the comparison and the booking are one statement.
_BOOK = sa.text(
    """
    INSERT INTO paces (realm_id, limit_name, booked_until_us) VALUES (:realm_id, :limit_name, :first)
    ON CONFLICT (realm_id, limit_name) DO UPDATE SET booked_until_us =
        CASE WHEN paces.booked_until_us > :now THEN paces.booked_until_us ELSE :now END + :interval
    WHERE paces.booked_until_us <= :latest
    RETURNING booked_until_us
    """
).bindparams(*(sa.bindparam(name, type_=sa.BigInteger) for name in ("first", "now", "interval", "latest")))
_HOLD = sa.text(
    """
    INSERT INTO paces (realm_id, limit_name, booked_until_us) VALUES (:realm_id, :limit_name, :until)
    ON CONFLICT (realm_id, limit_name) DO UPDATE SET booked_until_us = :until
    WHERE paces.booked_until_us < :until
    """
).bindparams(sa.bindparam("until", type_=sa.BigInteger))


def limits(calls_per_minute: int) -> tuple[Limit, Limit]:
    """Return the limits of calls and of batches.

    Above the default both scale alike, so that nothing but this number decides how fast a test or a bench
    runs.
    """
    scale = max(1.0, calls_per_minute / _CALLS_PER_MINUTE)
    return (
        Limit("calls", calls_per_minute, round(_CALL_BURST * scale)),
        Limit("batches", _BATCHES_PER_MINUTE * scale, round(_BATCH_BURST * scale)),
    )


def reserve(session: Session, realm_id: str, limit: Limit, now: datetime, *, longest_wait_s: float) -> Reservation:
    """Book one call, unless it would have to wait longer than that: then nothing is booked."""
    now_us = _microseconds(now)
    latest_us = now_us + limit.ahead_us + round(longest_wait_s * _MICROSECONDS)
    booked_until_us = session.execute(
        _BOOK,
        {
            "realm_id": realm_id,
            "limit_name": limit.name,
            "first": now_us + limit.interval_us,
            "now": now_us,
            "interval": limit.interval_us,
            "latest": latest_us,
        },
    ).scalar()
    if booked_until_us is None:
        return Reservation(False, wait(session, realm_id, limit, now))
    return Reservation(True, _wait_s(booked_until_us - limit.interval_us, limit, now_us))


def wait(session: Session, realm_id: str, limit: Limit, now: datetime) -> float:
    """Return how many seconds a call would have to wait; nothing is booked."""
    booked_until_us = session.scalar(
        sa.select(Pace.booked_until_us).where(Pace.realm_id == realm_id, Pace.limit_name == limit.name)
    )
    return _wait_s(booked_until_us or 0, limit, _microseconds(now))


def hold(session: Session, realm_id: str, limit: Limit, until: datetime) -> None:
    """Let no call go before `until`."""
    until_us = _microseconds(until) + limit.ahead_us
    session.execute(_HOLD, {"realm_id": realm_id, "limit_name": limit.name, "until": until_us})


class RealmPace:
    """The pace of one company; many threads and processes may have one each. `bulk`: for work that can wait."""

    def __init__(
        self,
        sessions: Sessions,
        realm_id: str,
        calls_per_minute: int,
        *,
        bulk: bool = False,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sessions = sessions
        self._realm_id = realm_id
        self._all_calls, all_batches = limits(calls_per_minute)
        self._bulk = bulk
        self._calls = self._all_calls.for_bulk() if bulk else self._all_calls
        self._batches = all_batches.for_bulk() if bulk else all_batches
        self._clock = clock
        self._sleep = sleep

    def before_call(self) -> None:
        """Book a call and wait for its turn.

        Raises:
            RateLimitedError: its turn is more than two seconds away; nothing is booked.
        """
        self._book(self._calls)

    def before_batch(self) -> None:
        """Book a batch, which is a call as well, and wait for its turn.

        Raises:
            RateLimitedError: its turn is more than two seconds away; nothing is booked.
        """
        self._book(self._batches, self._calls)

    def batch_is_free(self) -> bool:
        """Tell whether a batch could go at once: otherwise its items are better sent one by one."""
        with self._sessions() as session:
            return wait(session, self._realm_id, self._batches, self._clock()) == 0

    def refused(self, retry_after_s: float) -> None:
        """Let nobody call the company before that many seconds are over: QBO answered 429."""
        until = self._clock() + timedelta(seconds=retry_after_s)
        with self._sessions.begin() as session:
            hold(session, self._realm_id, self._all_calls, until)

    def _book(self, *wanted: Limit) -> None:
        if not self._bulk:
            asked_at = self._clock()
            wait_s = self._try_to_book(wanted, LONGEST_WAIT_S, asked_at)
            # The booking itself may have stood in line for the row: that time counts as waited.
            wait_s -= (self._clock() - asked_at).total_seconds()
            if wait_s > 0:
                self._sleep(wait_s)
            return
        give_up_at = self._clock() + timedelta(seconds=LONGEST_WAIT_S)
        while True:
            try:
                self._try_to_book(wanted, 0.0, self._clock())
                return
            except RateLimitedError as error:
                # Whoever books ahead of the clock meanwhile goes first.
                if self._clock() + timedelta(seconds=error.retry_after_s) > give_up_at:
                    raise
                self._sleep(error.retry_after_s)

    def _try_to_book(self, wanted: tuple[Limit, ...], longest_wait_s: float, now: datetime) -> float:
        """Book a turn at all of these limits, and return how many seconds after `now` it comes.

        Raises:
            RateLimitedError: it is further away than that; nothing is booked.
        """
        wait_s = 0.0
        with self._sessions.begin() as session:
            for limit in wanted:
                found = reserve(session, self._realm_id, limit, now, longest_wait_s=longest_wait_s)
                if not found.booked:
                    # Leaving by the error takes back what was booked before it.
                    cause = "QuickBooks' limit on calls is used up for the moment."
                    raise RateLimitedError(cause, retry_after_s=found.wait_s)
                wait_s = max(wait_s, found.wait_s)
        return wait_s


def _wait_s(booked_until_us: int, limit: Limit, now_us: int) -> float:
    return max(0, booked_until_us - limit.ahead_us - now_us) / _MICROSECONDS


def _microseconds(instant: datetime) -> int:
    return round(instant.timestamp() * _MICROSECONDS)
