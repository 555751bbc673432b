"""What needs a person: failures grouped by cause, and how many there are."""

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from shared import causes
from shared.causes import Cause
from shared.db.models import Record


@dataclass(frozen=True)
class Group:
    """The records of one cause; `ignored` of them a person has put aside, which are not in `count`."""

    cause: Cause
    count: int
    ignored: int


def groups(session: Session, connection_id: str) -> list[Group]:
    """Return the causes for which records need a person, the most frequent first; those wholly ignored come last."""
    return _groups(session, connection_id, causes.needs_person)


def held_back(session: Session, connection_id: str) -> list[Group]:
    """Return the causes for which records wait for one thing that is to be done for the connection."""
    return [group for group in _groups(session, connection_id, causes.of_connection) if group.count]


def count(session: Session, connection_id: str) -> int:
    """Return how many records need a person."""
    counted = (
        sa.select(Record.cause_group, sa.func.count())
        .where(Record.connection_id == connection_id, Record.cause_group.is_not(None), Record.ignored_at.is_(None))
        .group_by(Record.cause_group)
    )
    return sum(number for key, number in session.execute(counted) if causes.needs_person(key))


def cause_of(row: Record) -> Cause | None:
    """Return why a record waits or failed, None if it did neither."""
    if row.cause_group is None:
        return None
    return causes.describe(row.cause_group, row.cause or "", row.remedy or "")


def causes_present(session: Session, connection_id: str) -> list[str]:
    """Return the keys of all causes that need a person, of ignored records too."""
    return [group.cause.key for group in groups(session, connection_id)]


def _groups(session: Session, connection_id: str, is_wanted: Callable[[str], bool]) -> list[Group]:
    counted = (
        sa.select(Record.cause_group, sa.func.count(), sa.func.count(Record.ignored_at))
        .where(Record.connection_id == connection_id, Record.cause_group.is_not(None))
        .group_by(Record.cause_group)
    )
    found = [
        Group(_described(session, connection_id, key), number - ignored, ignored)
        for key, number, ignored in session.execute(counted).all()
        if key is not None and is_wanted(key)
    ]
    return sorted(found, key=lambda group: (-group.count, group.cause.title))


def _described(session: Session, connection_id: str, key: str) -> Cause:
    known = causes.describe(key)
    if not causes.is_worded_by_its_records(key):
        return known
    one = sa.select(Record.cause, Record.remedy).where(Record.connection_id == connection_id, Record.cause_group == key)
    row = session.execute(one.limit(1)).first()
    return known if row is None else causes.describe(key, row.cause or "", row.remedy or "")
