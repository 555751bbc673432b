"""Tells the demo's terminal of each record as it is synced, one line each."""

from collections.abc import Callable
from datetime import datetime, timedelta

import click

from invoiced_quickbooks.shown import COLOURS
from shared.db.overview import LatestRecord, latest_records
from shared.db.session import Sessions
from shared.messages import Kind
from shared.outcomes import Outcome

# What waits no longer than this is no news: most of it goes on when another record is through.
_PATIENCE = timedelta(seconds=10)
# An outcome may be committed a little after the instant that it bears.
_LOOK_BACK = _PATIENCE + timedelta(seconds=15)
_OUTCOME_WIDTH = max(len(outcome) for outcome in Outcome)
_RECORD_WIDTH = 34

_Key = tuple[str, str, str]


class Feed:
    """Remembers what it has told; outcomes from before it was made are not told."""

    def __init__(self, sessions: Sessions, say: Callable[[str], None], now: Callable[[], datetime]) -> None:
        self._sessions = sessions
        self._say = say
        self._now = now
        self._began_at = now()
        self._told: dict[_Key, tuple[str, ...]] = {}
        self._waiting_since: dict[_Key, datetime] = {}

    def tell(self) -> None:
        """Print what has happened since the last time, in its order."""
        now = self._now()
        with self._sessions() as session:
            latest = latest_records(session, since=max(self._began_at, now - _LOOK_BACK), limit=1000)
        for record in reversed(latest):
            key = (record.connection_id, record.kind, record.record_id)
            if record.outcome == Outcome.WAITING:
                if now - self._waiting_since.setdefault(key, now) < _PATIENCE:
                    continue
                # It may be looked at again and again, and wait for the same.
                news: tuple[str, ...] = (record.outcome, record.cause or "")
            else:
                self._waiting_since.pop(key, None)
                news = (record.outcome, record.outcome_at.isoformat())
            if self._told.get(key) != news and _is_worth_a_line(record):
                self._say(line_of(record))
            self._told[key] = news


def line_of(record: LatestRecord) -> str:
    """Return when, which record, how it ended and why, in one line."""
    name = f"{record.kind} {record.label or record.record_id}"
    outcome = click.style(record.outcome.ljust(_OUTCOME_WIDTH), fg=COLOURS[Outcome(record.outcome)])
    at = record.outcome_at.astimezone().strftime("%H:%M:%S")
    cause = " ".join((record.cause or "").split())
    return f"{at}  {name[:60].ljust(_RECORD_WIDTH)}  {outcome}  {cause}".rstrip()


def _is_worth_a_line(record: LatestRecord) -> bool:
    if record.outcome == Outcome.SKIPPED:
        # Every customer is, until the first of its invoices comes.
        return record.kind != Kind.CUSTOMER
    return record.outcome != Outcome.UNCHANGED
