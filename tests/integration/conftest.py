"""The two set-ups that the product runs on, and what lies between them."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from tests.conftest import Database


@dataclass(frozen=True)
class Broker:
    """A broker without queues. `url` and `engine` are what the product asks for; `database_url` is the engine's."""

    url: str
    engine: sa.Engine
    database_url: str

    @property
    def is_embedded(self) -> bool:
        return self.url.startswith("embedded:")


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> Database:
    """The test runs once on each database."""
    database: Database = request.getfixturevalue(f"{request.param}_database")
    return database


@pytest.fixture(params=["embedded on sqlite", "embedded on postgresql", "rabbitmq"])
def brokers(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """The test runs once on each broker."""
    name = "postgresql_database" if "postgresql" in request.param else "sqlite_database"
    database: Database = request.getfixturevalue(name)
    url = "embedded://" if "embedded" in request.param else request.getfixturevalue("rabbitmq_url")
    yield Broker(url, database.engine, database.url)


@pytest.fixture
def database_url(databases: Database) -> str:
    """The URL of a migrated database; the test runs once on each."""
    return databases.url
