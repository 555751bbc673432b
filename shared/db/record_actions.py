"""What a person does to records: try again, put aside, take back. The page and the command line both come here.

Each is written into the history of every record that it touched, in the same transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from shared.db import attention, audit, history, record_list, records, sweeps
from shared.db.models import HistoryEntry, Record
from shared.db.record_list import Search
from shared.db.records import RecordKey
from shared.db.session import Sessions
from shared.db.sweeps import Scope
from shared.errors import RejectedError

# What the history and the audit trail call them.
RETRIED, IGNORED, TAKEN_BACK, RESYNCED, REPOSTED = "retry", "ignore", "unignore", "resync", "re-post"

# So many records are due at once when somebody asks for them; more are looked at by a sweep, after the webhooks.
AT_ONCE = 50

# So many records are changed in one transaction: nobody else waits long for their rows, or on SQLite for the writer's
# place. What breaks off in between is done in part, and asking again does the rest.
SLICE = 2000

# SQLite allows so many values in one statement.
_AT_ONCE = 300
_PLACE = sa.tuple_(Record.kind, Record.record_id)


@dataclass(frozen=True)
class Selection:
    """Which records an action is for: some by key, all of a cause, or (neither given) all that need a person or were
    put aside."""

    keys: tuple[RecordKey, ...] = ()
    cause_group: str | None = None

    @property
    def in_words(self) -> str:
        """What the audit trail calls it."""
        if self.keys:
            return ", ".join(key.name for key in self.keys[:20]) + (" …" if len(self.keys) > 20 else "")
        return f"all of cause {self.cause_group}" if self.cause_group is not None else "all that need attention"


def retry(sessions: Sessions, connection_id: str, selection: Selection, who: str, now: datetime) -> int:
    """Have records looked at at once, as a person asked: what failed before is tried again. Return how many."""
    is_leased = sa.and_(Record.lease_owner.is_not(None), Record.lease_until > now)
    return _change(
        sessions,
        connection_id,
        selection,
        Record.ignored_at.is_(None) if not selection.keys else sa.true(),
        who,
        now,
        RETRIED,
        asked_by_person=True,
        # A record in work is looked at once more afterwards.
        dirty=sa.or_(Record.dirty, is_leased),
        next_look_at=sa.case((is_leased, Record.next_look_at), else_=sa.literal(now, Record.next_look_at.type)),
    )


def ignore(sessions: Sessions, connection_id: str, selection: Selection, who: str, now: datetime) -> int:
    """Put records aside for as long as they fail for the cause that they fail for now. Return how many."""
    return _change(
        sessions,
        connection_id,
        selection,
        sa.and_(Record.cause_group.is_not(None), Record.ignored_at.is_(None)),
        who,
        now,
        IGNORED,
        ignored_at=now,
        ignored_by=who,
        ignored_cause=Record.cause_group,
    )


def take_back(sessions: Sessions, connection_id: str, selection: Selection, who: str, now: datetime) -> int:
    """Let records that were put aside need attention again. Return how many."""
    return _change(
        sessions,
        connection_id,
        selection,
        Record.ignored_at.is_not(None),
        who,
        now,
        TAKEN_BACK,
        ignored_at=None,
        ignored_by=None,
        ignored_cause=None,
    )


@dataclass(frozen=True)
class Resync:
    """How many records are looked at; `sweep_id`: by a sweep, None: each is due by itself."""

    number: int
    sweep_id: int | None = None


def resync_chosen(session: Session, connection_id: str, keys: Sequence[RecordKey], who: str, now: datetime) -> Resync:
    """Have some records looked at, whatever their state; only differences are written.

    Raises:
        RejectedError: they are so many that a sweep has to do it, and another one runs.
    """
    if len(keys) <= AT_ONCE:
        return Resync(resync(session, connection_id, keys, who, now))
    sweep = sweeps.request(session, connection_id, Scope.SELECTION, "person", now, asked_by=who, selection=keys)
    _note_sweep(session, connection_id, who, now, sweep.id, len(keys))
    return Resync(len(keys), sweep.id)


def resync_found(session: Session, connection_id: str, search: Search, who: str, now: datetime) -> Resync:
    """Have all records looked at that a search finds, in the same way.

    Raises:
        RejectedError: they are so many that a sweep has to do it, and another one runs.
    """
    if record_list.count(session, connection_id, search) <= AT_ONCE:
        keys = record_list.find_keys(session, connection_id, search)
        return Resync(resync(session, connection_id, keys, who, now) if keys else 0)
    sweep = sweeps.request(session, connection_id, Scope.SELECTION, "person", now, asked_by=who)
    sweeps.add_known(session, sweep, record_list.conditions(connection_id, search))
    number = sweeps.progress(session, sweep, now).found
    _note_sweep(session, connection_id, who, now, sweep.id, number)
    return Resync(number, sweep.id)


def resync(
    session: Session, connection_id: str, keys: Sequence[RecordKey], who: str, now: datetime, *, what: str = RESYNCED
) -> int:
    """Have some records looked at, whatever their state; only differences are written. Return how many.

    `what` is what the history and the audit trail call it."""
    for key in sorted(set(keys), key=lambda key: key.name):
        records.request_look(session, key, now, asked_by_person=True)
    history.add(
        session,
        [
            history.of_record(key, now, history.PERSON, who=who, cause=what)
            for key in sorted(set(keys), key=lambda key: key.name)
        ],
    )
    _audit(session, connection_id, who, what, now, Selection(tuple(keys)), len(set(keys)))
    return len(set(keys))


def _change(
    sessions: Sessions,
    connection_id: str,
    selection: Selection,
    condition: sa.ColumnElement[bool],
    who: str,
    now: datetime,
    what: str,
    **columns: Any,
) -> int:
    """Change records slice by slice, in the order of kind and id; return how many. The audit trail has one entry of
    all, which grows with each slice."""
    with sessions() as session:
        parts = _parts(session, connection_id, selection)
    changed, entry_id = 0, None
    for part in parts:
        chosen = sa.and_(Record.connection_id == connection_id, part, condition)
        after: tuple[str, str] | None = ("", "")
        while after is not None:
            with sessions.begin() as session:
                left = sa.and_(chosen, sa.tuple_(*map(sa.literal, after)) < _PLACE)
                last = session.execute(
                    sa.select(Record.kind, Record.record_id)
                    .where(left)
                    .order_by(Record.kind, Record.record_id)
                    .offset(SLICE - 1)
                    .limit(1)
                ).first()
                after = None if last is None else (last.kind, last.record_id)
                where = left if after is None else sa.and_(left, sa.tuple_(*map(sa.literal, after)) >= _PLACE)
                number = _change_slice(session, where, who, now, what, columns)
                changed += number
                if number:
                    entry_id = _audit(session, connection_id, who, what, now, selection, changed, entry_id)
    return changed


def _change_slice(
    session: Session, where: sa.ColumnElement[bool], who: str, now: datetime, what: str, columns: dict[str, Any]
) -> int:
    session.execute(
        sa.insert(HistoryEntry).from_select(
            ["connection_id", "kind", "record_id", "at", "what", "who", "cause"],
            sa.select(
                Record.connection_id,
                Record.kind,
                Record.record_id,
                sa.literal(now, Record.outcome_at.type),
                sa.literal(history.PERSON),
                sa.literal(who),
                sa.literal(what),
            ).where(where),
        )
    )
    result = session.execute(
        sa.update(Record).where(where).values(**columns).execution_options(synchronize_session=False)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def _parts(session: Session, connection_id: str, selection: Selection) -> list[sa.ColumnElement[bool]]:
    if selection.cause_group is not None:
        return [Record.cause_group == selection.cause_group]
    if not selection.keys:
        return [Record.cause_group.in_(attention.causes_present(session, connection_id))]
    if any(key.connection_id != connection_id for key in selection.keys):
        raise RejectedError("A record of another connection was chosen.", remedy="Choose it there.")
    names = sorted({(key.kind.value, key.record_id) for key in selection.keys})
    return [
        sa.tuple_(Record.kind, Record.record_id).in_(names[start : start + _AT_ONCE])
        for start in range(0, len(names), _AT_ONCE)
    ]


def _note_sweep(session: Session, connection_id: str, who: str, now: datetime, sweep_id: int, number: int) -> None:
    audit.note(
        session, connection_id, who, f"records: {RESYNCED}", now, after=f"{number} records: sync number {sweep_id}"
    )


def _audit(
    session: Session,
    connection_id: str,
    who: str,
    what: str,
    now: datetime,
    selection: Selection,
    number: int,
    entry_id: int | None = None,
) -> int:
    """Note how many records were changed, in the entry that an earlier slice has made, if one did; return its id."""
    after = f"{number} {'record' if number == 1 else 'records'}: {selection.in_words}"
    return audit.note(session, connection_id, who, f"records: {what}", now, after=after, entry_id=entry_id)
