# mypy: allow-untyped-calls
"""The servers that some tests need: where they are, and a database and a virtual host of the tests' own there.

`TEST_DATABASE_URL` and `TEST_BROKER_URL` say where PostgreSQL and RabbitMQ are; without them, on loopback. A
virtual host that `TEST_BROKER_URL` names is taken for the tests; otherwise one is made, through the management
plugin's HTTP API or by `rabbitmqctl`.
"""

import base64
import http.client
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit
from uuid import uuid4

import sqlalchemy as sa
from kombu.connection import Connection

from shared.db.migrate import migrate
from shared.db.session import make_engine

NAME = "invoiced_quickbooks_tests"
_LOOPBACK_POSTGRESQL = "postgresql://postgres@127.0.0.1:5432/postgres"
_LOOPBACK_RABBITMQ = "amqp://guest:guest@127.0.0.1:5672/"
_MANAGEMENT_PORT = 15672


class MissingServerError(Exception):
    """A server cannot be used; the message names it and says how to get it."""


def copy_of_migrated(template: Path, target: Path) -> str:
    """Return the URL of an SQLite file that is a copy of the migrated one."""
    target.write_bytes(template.read_bytes())
    return f"sqlite:///{target}"


@contextmanager
def postgresql_template() -> Iterator[sa.URL]:
    """Make a migrated database to copy from, and drop it in the end."""
    address = os.environ.get("TEST_DATABASE_URL") or _LOOPBACK_POSTGRESQL
    server = sa.make_url(address).set(drivername="postgresql+psycopg")
    template = server.set(database=f"{NAME}_{uuid4().hex[:12]}")
    try:
        _administer(server, f'CREATE DATABASE "{template.database}"')
    except sa.exc.OperationalError as error:
        where = f"{server.host or 'its local socket'}:{server.port or 5432}"
        raise MissingServerError(f"PostgreSQL at {where} (start one, or name it in TEST_DATABASE_URL)") from error
    try:
        engine = make_engine(template.render_as_string(hide_password=False))
        migrate(engine)
        engine.dispose()
        yield template
    finally:
        _administer(server, f'DROP DATABASE "{template.database}" WITH (FORCE)')


@contextmanager
def postgresql_copy(template: sa.URL) -> Iterator[str]:
    """Yield the URL of a database of one test."""
    name = f"{NAME}_{uuid4().hex[:12]}"
    server = template.set(database="postgres")
    _administer(server, f'CREATE DATABASE "{name}" TEMPLATE "{template.database}"')
    try:
        yield template.set(database=name).render_as_string(hide_password=False)
    finally:
        _administer(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def _administer(server: sa.URL, statement: str) -> None:
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 30})
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
    finally:
        engine.dispose()


@contextmanager
def rabbitmq_virtual_host() -> Iterator[str]:
    """Yield an amqp URL whose virtual host is the tests' own, and remove that host if it was made here."""
    address = os.environ.get("TEST_BROKER_URL") or _LOOPBACK_RABBITMQ
    parts = urlsplit(address)
    where = f"RabbitMQ at {parts.hostname}:{parts.port or 5672}"
    if not _answers(address):
        raise MissingServerError(f"{where} (start one, or name it in TEST_BROKER_URL)")
    if unquote(parts.path) not in ("", "/", "//"):
        yield address
        return
    name = f"{NAME}_{uuid4().hex[:12]}"
    url = urlunsplit(parts._replace(path=f"/{name}"))
    for way in (_ManagementApi(address), _Rabbitmqctl(address)):
        made = way.add(name)
        if made and _answers(url):
            break
        if made:  # on another server than the one the tests talk to
            way.delete(name)
    else:
        raise MissingServerError(
            f"{where} with a virtual host of the tests' own (name one in TEST_BROKER_URL, or allow the tests to"
            " make one: the management plugin, or rabbitmqctl as root)"
        )
    try:
        yield url
    finally:
        way.delete(name)


def _answers(amqp_url: str) -> bool:
    with Connection(amqp_url, connect_timeout=30) as connection:
        try:
            connection.ensure_connection(max_retries=0, reraise_as_library_errors=False)
        except connection.connection_errors:
            return False
        return True


class _ManagementApi:
    def __init__(self, amqp_url: str) -> None:
        parts = urlsplit(amqp_url)
        self._host = parts.hostname or "127.0.0.1"
        self._user = unquote(parts.username or "guest")
        password = unquote(parts.password or "guest")
        self._authorization = "Basic " + base64.b64encode(f"{self._user}:{password}".encode()).decode()

    def add(self, name: str) -> bool:
        everything = '{"configure": ".*", "write": ".*", "read": ".*"}'
        return self._call("PUT", f"/api/vhosts/{name}", "{}") and self._call(
            "PUT", f"/api/permissions/{name}/{quote(self._user)}", everything
        )

    def delete(self, name: str) -> None:
        self._call("DELETE", f"/api/vhosts/{name}", None)

    def _call(self, method: str, path: str, body: str | None) -> bool:
        connection = http.client.HTTPConnection(self._host, _MANAGEMENT_PORT, timeout=5)
        headers = {"Authorization": self._authorization, "Content-Type": "application/json"}
        try:
            connection.request(method, path, body, headers)
            return connection.getresponse().status < 300
        except OSError:
            return False
        finally:
            connection.close()


class _Rabbitmqctl:
    def __init__(self, amqp_url: str) -> None:
        self._user = unquote(urlsplit(amqp_url).username or "guest")

    def add(self, name: str) -> bool:
        return self._run("add_vhost", name) and self._run("set_permissions", "-p", name, self._user, ".*", ".*", ".*")

    def delete(self, name: str) -> None:
        self._run("delete_vhost", name)

    def _run(self, *arguments: str) -> bool:
        try:
            done = subprocess.run(["rabbitmqctl", "-q", *arguments], capture_output=True, timeout=120, check=False)
        except (FileNotFoundError, PermissionError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0
