"""What a session may do; and what it waits for on SQLite, which has one writer at a time."""

import threading
import time
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from shared.db.models import LoginTries
from shared.db.session import make_sessions
from tests.conftest import Database


@pytest.mark.parametrize("database", ["sqlite_database", "postgresql_database"])
def test_who_only_reads_cannot_write(request: pytest.FixtureRequest, database: str) -> None:
    sessions = make_sessions(request.getfixturevalue(database).engine)
    tried = sa.insert(LoginTries).values(subject="somebody", tries=1, since=datetime.now(UTC))
    with sessions() as session, pytest.raises(DBAPIError):
        session.execute(tried)
    # On the same connection, most likely.
    with sessions.begin() as session:
        session.execute(tried)
    with sessions() as session:
        assert session.scalar(sa.select(LoginTries.tries)) == 1


def test_who_only_reads_does_not_wait_for_who_writes(sqlite_database: Database) -> None:
    sessions = make_sessions(sqlite_database.engine)
    read: list[int | None] = []

    def read_beside() -> None:
        with sessions() as session:
            read.append(session.scalar(sa.select(sa.func.count()).select_from(LoginTries)))

    reader = threading.Thread(target=read_beside)
    with sessions.begin() as session:
        session.add(LoginTries(subject="somebody", tries=1, since=datetime.now(UTC)))
        session.flush()
        reader.start()
        reader.join(10)
        assert read == [0], "it has seen what was committed, and did not wait"
    reader.join()
    read_beside()
    assert read == [0, 1]


def test_who_waits_to_write_comes_before_who_has_just_written(sqlite_database: Database) -> None:
    """A thread that writes one transaction after the other, as bulk work does, keeps no webhook waiting."""
    sessions = make_sessions(sqlite_database.engine)
    has_written = threading.Event()

    def hear_of_webhook() -> None:
        with sessions.begin() as session:
            session.add(LoginTries(subject="webhook", tries=1, since=datetime.now(UTC)))
        has_written.set()

    webhook = threading.Thread(target=hear_of_webhook)
    writes = 0
    with sqlite_database.engine.connect() as bulk:
        while not has_written.is_set() and writes < 50:
            with bulk.begin():
                if writes == 0:
                    webhook.start()
                writes += 1
                time.sleep(0.02)
    webhook.join()

    # One or two, and some more where its thread is slow to begin.
    assert writes < 10
