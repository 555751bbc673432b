"""A database of the version before keeps what it knows, and can go back."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import shared.db
from shared.db.models import Base
from tests.conftest import Database


def to_revision(engine: sa.Engine, revision: str) -> None:
    alembic = Config()
    alembic.set_main_option("script_location", str(Path(shared.db.__file__).parent / "migrations"))
    with engine.begin() as connection:
        alembic.attributes["connection"] = connection
        (command.downgrade if revision == "0001" else command.upgrade)(alembic, revision)


@pytest.mark.parametrize("database_name", ["sqlite_database", "postgresql_database"])
def test_the_last_call_of_a_record_becomes_its_history(database_name: str, request: pytest.FixtureRequest) -> None:
    database: Database = request.getfixturevalue(database_name)
    engine = database.engine
    to_revision(engine, "0001")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO connections (id, name, state, realm_id, time_zone, invoiced_api_key_encrypted,"
            " invoiced_webhook_secret_encrypted, refresh_token_encrypted, preferences, settings, created_at)"
            " VALUES ('c1', 'C', 'connected', '1', 'UTC', '', '', '', '{}', '{}', '2026-11-01 00:00:00+00:00')"
        )
        connection.exec_driver_sql(
            "INSERT INTO records (connection_id, kind, record_id, dirty, asked_by_person, attempts, first_seen_at,"
            " last_request, last_reply) VALUES ('c1', 'invoice', '7', false, false, 0, '2026-11-01 00:00:00+00:00',"
            """ '{"method":"POST"}', '{"status":200}')"""
        )
    to_revision(engine, "head")
    with engine.begin() as connection:
        rows = connection.exec_driver_sql("SELECT record_id, what, request, reply FROM history").all()
        columns = {column["name"] for column in sa.inspect(connection).get_columns("records")}
    assert [tuple(row) for row in rows] == [("7", "call", '{"method":"POST"}', '{"status":200}')]
    assert columns == set(Base.metadata.tables["records"].columns.keys())
