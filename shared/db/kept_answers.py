"""What was read at the vendors for a connection and is kept for a while: in the database, so that every process and
every reload of a page has it without another call.

An answer of another shape takes another name, so that a new version never reads what an old one kept.
"""

from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from shared.db.models import KeptAnswer


class Kept(NamedTuple):
    """An answer, and when it was read."""

    answer: dict[str, Any]
    at: datetime


def find(session: Session, connection_id: str, name: str) -> Kept | None:
    """Return the answer that is kept under a name, however old it is; None if there is none."""
    row = session.get(KeptAnswer, (connection_id, name), populate_existing=True)
    return None if row is None else Kept(row.answer, row.at)


def keep(session: Session, connection_id: str, name: str, answer: dict[str, Any], now: datetime) -> None:
    """Keep an answer (JSON) in place of the one before."""
    insert = postgresql_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    added = insert(KeptAnswer).values(connection_id=connection_id, name=name, answer=answer, at=now)
    session.execute(
        added.on_conflict_do_update(
            index_elements=["connection_id", "name"], set_={"answer": added.excluded.answer, "at": added.excluded.at}
        )
    )


def forget(session: Session, connection_id: str, name: str) -> None:
    """Forget the answer that is kept under a name, if there is one."""
    session.execute(sa.delete(KeptAnswer).where(KeptAnswer.connection_id == connection_id, KeptAnswer.name == name))


def forget_all(session: Session, connection_id: str) -> None:
    """Forget every answer of a connection: it goes on with another company."""
    session.execute(sa.delete(KeptAnswer).where(KeptAnswer.connection_id == connection_id))
