"""Engines and sessions; what SQLite needs to be as safe as PostgreSQL."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

Sessions = sessionmaker[Session]

_ONLY_READS = "only_reads"


def make_engine(database_url: str, *, pool_size: int = 10) -> sa.Engine:
    """Return an engine for SQLite or PostgreSQL; the folder of an SQLite file is made.

    On SQLite every transaction begins IMMEDIATE: a transaction that reads and then writes would otherwise fail
    at once, whatever the busy timeout, when another one wrote in between. Errors name no values: they are logged.
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
        connect_args={"timeout": 30, "isolation_level": None},
        hide_parameters=True,
    )
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin)
    return engine


def make_sessions(engine: sa.Engine) -> Sessions:
    """Return a factory of sessions; `with sessions.begin() as session` is one short transaction."""
    return sessionmaker(engine, expire_on_commit=False)


def make_reading_sessions(engine: sa.Engine) -> Sessions:
    """Return a factory of sessions that only read: on SQLite they do not wait for the writer's place."""
    return sessionmaker(engine.execution_options(**{_ONLY_READS: True}), expire_on_commit=False)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    # WAL lets readers go on beside the one writer; FULL keeps a committed message through a power cut.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    only_reads = connection.get_execution_options().get(_ONLY_READS, False)
    connection.exec_driver_sql("BEGIN" if only_reads else "BEGIN IMMEDIATE")
