"""Bring the database to the newest schema, by one process at a time."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config as AlembicConfig

# An arbitrary number: PostgreSQL's advisory lock that says a migration is under way.
_MIGRATION_LOCK = 7_310_482


def migrate(engine: sa.Engine) -> None:
    """Run every migration that the database does not have yet; a second process waits for the first."""
    alembic = AlembicConfig()
    alembic.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    # On SQLite the transaction begins IMMEDIATE, which keeps a second process out just as the lock does.
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        alembic.attributes["connection"] = connection
        command.upgrade(alembic, "head")
