"""Engines and sessions; what SQLite needs to be as safe as PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from shared.db.writers_line import SqliteConnection, WritersLine

_ONLY_READS = "only_reads"


class Sessions(sessionmaker[Session]):
    """A factory of sessions: `with sessions() as session` only reads, and `with sessions.begin() as session` is one
    short transaction that may write. On SQLite who only reads does not stand in line for the one writer's place.

    The database refuses what a session that only reads would write: it would be lost without a word.
    """

    def __init__(self, engine: sa.Engine) -> None:
        super().__init__(
            engine.execution_options(**{_ONLY_READS: True, "postgresql_readonly": True}), expire_on_commit=False
        )
        self._writing = engine

    @contextmanager
    def begin(self) -> Iterator[Session]:
        with self(bind=self._writing) as session, session.begin():
            yield session


def make_engine(database_url: str, *, pool_size: int = 10) -> sa.Engine:
    """Return an engine for SQLite or PostgreSQL; the folder of an SQLite file is made.

    On SQLite every transaction that may write begins IMMEDIATE: one that reads and then writes would otherwise fail
    at once, whatever the busy timeout, when another one wrote in between. Those of one process stand in line.
    Errors name no values: they are logged.
    """
    url = sa.make_url(database_url)
    if url.get_backend_name() != "sqlite":
        # A network that swallows packets must not hold a thread for minutes.
        patience = {"connect_timeout": 5, "tcp_user_timeout": 20_000, "keepalives_idle": 30}
        return sa.create_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            connect_args=patience,
            hide_parameters=True,
        )
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        connect_args={"timeout": 30, "isolation_level": None, "factory": SqliteConnection},
        hide_parameters=True,
    )
    sa.event.listen(engine, "connect", _prepare_sqlite)
    line = WritersLine()
    sa.event.listen(engine, "begin", lambda connection: _begin(connection, line))
    return engine


def make_sessions(engine: sa.Engine) -> Sessions:
    """Return the factory of sessions of an engine."""
    return Sessions(engine)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    # WAL lets readers go on beside the one writer; FULL keeps a committed message through a power cut.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: sa.Connection, line: WritersLine) -> None:
    only_reads = connection.get_execution_options().get(_ONLY_READS, False)
    raw: Any = connection.connection.dbapi_connection
    assert isinstance(raw, SqliteConnection), "the engine makes no other"
    raw.execute(f"PRAGMA query_only = {only_reads:d}").close()
    if only_reads:
        connection.exec_driver_sql("BEGIN")
        return
    raw.stand_in(line)
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except BaseException:
        raw.leave_line()
        raise
