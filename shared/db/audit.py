"""Who changed what of a connection: written with the change itself, and never taken away."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from shared.db.models import AuditEntry


def note(
    session: Session,
    connection_id: str,
    who: str,
    what: str,
    now: datetime,
    *,
    before: str | None = None,
    after: str | None = None,
    entry_id: int | None = None,
) -> int:
    """Note a change in the transaction that makes it; return the entry's id. `who` is a user's e-mail, or `command
    line`; `what` says in a few words of the page what was changed. Secrets are never among `before` and `after`.

    `entry_id`: the change goes on with one that was noted before, whose `after` is replaced."""
    if entry_id is not None:
        session.execute(sa.update(AuditEntry).where(AuditEntry.id == entry_id).values(after=after))
        return entry_id
    entry = AuditEntry(connection_id=connection_id, at=now, who=who, what=what, before=before, after=after)
    session.add(entry)
    session.flush()
    return entry.id


def list_latest(
    session: Session, connection_id: str, *, before_id: int | None = None, limit: int = 50
) -> list[AuditEntry]:
    """Return the entries of a connection, the newest first; with `before_id`, those older than that one."""
    entries = sa.select(AuditEntry).where(AuditEntry.connection_id == connection_id)
    if before_id is not None:
        entries = entries.where(AuditEntry.id < before_id)
    return list(session.scalars(entries.order_by(AuditEntry.id.desc()).limit(limit)))
