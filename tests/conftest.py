"""What holds for every test: loopback only, time that can be frozen, and servers that may be missing."""

import fcntl
import ipaddress
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import freezegun
import hypothesis
import pytest
import sqlalchemy as sa

from shared.db.migrate import migrate
from shared.db.session import make_engine
from shared.queues import BULK, DEAD_LETTERS, LIVE, open_connection
from tests import servers
from tests.patience import PATIENCE_S

# Frozen, their own time-outs would never end.
freezegun.configure(
    extend_ignore_list=[
        "amqp",
        "kombu",
        "psycopg",
        "shared.broker_connection",
        "shared.embedded_broker",
        "shared.queues",
        "sqlalchemy.pool",
        "urllib3",
        "vine",
    ]
)

# No database of examples and no stop-watch: a loaded machine is no failure. In CI the examples are the same each
# time, so that a change is judged by what it changes.
hypothesis.settings.register_profile(
    "tests",
    database=None,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    derandomize=os.environ.get("CI", "").lower() == "true",
)
hypothesis.settings.load_profile("tests")

_LEFT_OUT = "left out for want of "


@dataclass(frozen=True)
class Database:
    """A migrated database of one test."""

    url: str
    engine: sa.Engine


class NotLoopbackError(Exception):
    """A test tried to reach something outside of this machine."""


@pytest.fixture(scope="session", autouse=True)
def _loopback_only() -> Iterator[None]:
    connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _refuse_unless_loopback(self.family, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _refuse_unless_loopback(self.family, address)
        return connect_ex(self, address)

    def guarded_look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host:
            _refuse_unless_loopback(socket.AF_INET, (host,))
        return look_up(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_look_up)
        yield


def _refuse_unless_loopback(family: int, address: Any) -> None:
    if family not in (socket.AF_INET, socket.AF_INET6):
        return
    host = address[0].decode() if isinstance(address[0], bytes) else str(address[0])
    if host != "localhost" and not _is_loopback(host):
        raise NotLoopbackError(f"tests reach loopback only, not {host}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session")
def migrated_sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file at the newest schema, to copy from."""
    path = tmp_path_factory.mktemp("migrated") / "template.db"
    engine = make_engine(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path


@pytest.fixture
def sqlite_database(migrated_sqlite_file: Path, tmp_path: Path) -> Iterator[Database]:
    """A migrated SQLite file of the test's own."""
    url = servers.copy_of_migrated(migrated_sqlite_file, tmp_path / "database.db")
    engine = make_engine(url)
    yield Database(url, engine)
    engine.dispose()


@pytest.fixture(scope="session")
def postgresql_template() -> Iterator[sa.URL]:
    """A migrated PostgreSQL database to copy from."""
    with if_there(servers.postgresql_template()) as template:
        yield template


@pytest.fixture
def postgresql_database(postgresql_template: sa.URL) -> Iterator[Database]:
    """A migrated PostgreSQL database of the test's own."""
    with servers.postgresql_copy(postgresql_template) as url:
        engine = make_engine(url)
        yield Database(url, engine)
        engine.dispose()


@pytest.fixture(scope="session")
def rabbitmq_virtual_host() -> Iterator[str]:
    """The amqp URL of a virtual host of the tests' own."""
    with if_there(servers.rabbitmq_virtual_host()) as url:
        yield url


@pytest.fixture
def rabbitmq_url(
    rabbitmq_virtual_host: str, tmp_path_factory: pytest.TempPathFactory, sqlite_database: Database
) -> Iterator[str]:
    """The amqp URL of a virtual host that none of our queues is in yet."""
    # Parallel workers may have been given one and the same virtual host.
    with (tmp_path_factory.getbasetemp().parent / "rabbitmq.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _delete_queues(rabbitmq_virtual_host, sqlite_database.engine)
        yield rabbitmq_virtual_host
        _delete_queues(rabbitmq_virtual_host, sqlite_database.engine)


def _delete_queues(url: str, engine: sa.Engine) -> None:
    with open_connection(url, engine, timeout_s=PATIENCE_S) as connection, connection.channel() as channel:
        for queue in (LIVE, BULK, DEAD_LETTERS):
            channel.queue_delete(queue)


@contextmanager
def if_there(server: Any) -> Iterator[Any]:
    """Enter the context; if its server is missing, leave the test out, or fail it where `CI` is true."""
    missing, entered = "", None
    with ExitStack() as stack:
        try:
            entered = stack.enter_context(server)
        except servers.MissingServerError as error:
            missing = str(error)
        if missing and os.environ.get("CI", "").lower() == "true":
            pytest.fail(f"CI runs every test, and there is no {missing}", pytrace=False)
        if missing:
            pytest.skip(f"{_LEFT_OUT}{missing}")
        yield entered


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say in one line what was left out for want of a server, and how to get it."""
    missing: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        _, found, server = reason.partition(_LEFT_OUT)
        if found:
            missing[server] = missing.get(server, 0) + 1
    if missing:
        parts = (f"{count} for want of {server}" for server, count in missing.items())
        terminalreporter.write_line(f"Tests left out: {'; '.join(parts)}.", yellow=True)
