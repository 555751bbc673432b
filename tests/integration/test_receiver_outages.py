"""While the broker or the database is away the sender is told to come back, and when they are back, all works."""

import dataclasses
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from flask import Flask

from shared.db.connections import remove
from shared.db.session import make_engine, make_sessions
from shared.queues import LIVE, Publisher, open_connection
from shared.vault import Vault
from tests.conftest import Database
from tests.patience import eventually, own_seconds
from tests.ports import free_port
from tests.receiver_setup import (
    TOKEN_KEY,
    config_of,
    connect,
    environment,
    invoiced_event,
    invoiced_headers,
    queued,
)
from webhook_receiver.app import create_app
from webhook_receiver.connections_cache import ConnectionsCache

SECRET = "the webhook secret"
# Intuit gives up after 3 seconds.
ANSWERS_WITHIN_S = 3.0


def deliver(app: Flask, path: str, record_id: int = 1) -> tuple[int, str | None]:
    """Post one event; return the status and Retry-After."""
    body = invoiced_event(record_id)
    with own_seconds() as seconds:
        answer = app.test_client().post(path, data=body, headers=invoiced_headers(SECRET, body))
        assert seconds() < ANSWERS_WITHIN_S
    return answer.status_code, answer.headers.get("Retry-After")


def deliver_in_the_end(app: Flask, path: str, record_id: int = 1) -> None:
    """Post one event as its sender does, again and again while it is told to come back."""

    def is_taken() -> bool:
        told = deliver(app, path, record_id)
        assert told in ((200, None), (503, "10"))
        return told == (200, None)

    eventually(is_taken, f"the delivery of {record_id}")


def health(app: Flask) -> tuple[int, Any]:
    answer = app.test_client().get("/healthz")
    return answer.status_code, answer.json


class Switch:
    """A TCP relay to a server that can be shut off, connections and all, or fall silent, and be on again."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self.port = free_port()
        self._sockets: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self.flows = threading.Event()
        self.flows.set()

    def on(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def off(self) -> None:
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        self._listener = None
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._sockets.clear()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(self._target)
                self._sockets += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._copy, args=(source, sink), daemon=True).start()

    def _copy(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self.flows.wait()
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


@contextmanager
def receiver(folder: Path, database: Database, broker_url: str) -> Iterator[tuple[Flask, str]]:
    publisher = Publisher(broker_url, database.engine)
    config = config_of(environment(folder, database.url, broker_url))
    path = f"/webhooks/invoiced/{connect(database.engine, secret=SECRET, realm_id='1')}"
    yield create_app(config, database.engine, publisher), path
    publisher.close()


def test_rabbitmq_is_away_at_the_start_and_once_more_later(
    rabbitmq_url: str, sqlite_database: Database, tmp_path: Path
) -> None:
    parts = urlsplit(rabbitmq_url)
    switch = Switch(parts.hostname or "", parts.port or 5672)
    user, _, _ = parts.netloc.rpartition("@")
    url = urlunsplit(parts._replace(netloc=f"{user}@127.0.0.1:{switch.port}"))
    with receiver(tmp_path, sqlite_database, url) as (app, path):
        assert deliver(app, path) == (503, "10")
        status, answer = health(app)
        assert (status, answer["status"], len(answer["missing"])) == (503, "unavailable", 1)

        switch.on()
        deliver_in_the_end(app, path, 2)
        eventually(lambda: health(app) == (200, {"status": "ok"}), "health")

        switch.off()
        assert deliver(app, path, 3) == (503, "10")

        switch.on()
        deliver_in_the_end(app, path, 4)

        switch.flows.clear()
        assert deliver(app, path, 5) == (503, "10")
        switch.flows.set()
        deliver_in_the_end(app, path, 6)
    switch.off()
    found = {message.record_id for message in queued(rabbitmq_url, sqlite_database.engine)}
    # Whether a message that was not confirmed arrives after all is open.
    assert found - {"5"} == {"2", "4", "6"}


def test_rabbitmq_lost_its_queues(rabbitmq_url: str, sqlite_database: Database, tmp_path: Path) -> None:
    with receiver(tmp_path, sqlite_database, rabbitmq_url) as (app, path):
        deliver_in_the_end(app, path, 1)
        with open_connection(rabbitmq_url, sqlite_database.engine) as connection, connection.channel() as channel:
            channel.queue_delete(LIVE)
        deliver_in_the_end(app, path, 2)
    assert {message.record_id for message in queued(rabbitmq_url, sqlite_database.engine)} == {"2"}


def test_another_process_holds_the_sqlite_file(sqlite_database: Database, tmp_path: Path) -> None:
    with receiver(tmp_path, sqlite_database, "embedded://") as (app, path):
        deliver_in_the_end(app, path)
        with sqlite_database.engine.begin():
            assert deliver(app, path, 2) == (503, "10")
            # Those who only read do not wait for the writer.
            assert health(app) == (200, {"status": "ok"})
        deliver_in_the_end(app, path, 3)
    # Whether a message that was not confirmed arrives after all is open; those that were are there.
    assert {"1", "3"} <= {each.record_id for each in queued("embedded://", sqlite_database.engine)}


@pytest.mark.parametrize("url", ["postgresql+psycopg://postgres@127.0.0.1:{port}/nothing", "sqlite:///{folder}/new.db"])
def test_the_database_is_away_or_empty(url: str, tmp_path: Path) -> None:
    engine = make_engine(url.format(port=free_port(), folder=tmp_path))
    app = create_app(config_of(environment(tmp_path, "sqlite://", "embedded://")), engine)
    assert deliver(app, "/webhooks/invoiced/000000000000") == (503, "10")
    status, answer = health(app)
    assert (status, [each.partition(":")[0] for each in answer["missing"]]) == (503, ["database", "queues"])
    engine.dispose()


def test_secrets_that_no_key_opens_are_no_reason_to_turn_a_sender_away(
    sqlite_database: Database, tmp_path: Path
) -> None:
    path = f"/webhooks/invoiced/{connect(sqlite_database.engine, secret=SECRET, realm_id='1')}"
    config = config_of(environment(tmp_path, sqlite_database.url, "embedded://"))
    other_key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    app = create_app(dataclasses.replace(config, token_keys=(other_key,)), sqlite_database.engine)
    assert deliver(app, path) == (503, "10")


def test_a_removed_connection_is_forgotten_after_a_while(sqlite_database: Database) -> None:
    now_s = 100.0
    engine = sqlite_database.engine
    cache = ConnectionsCache(make_sessions(engine), Vault([TOKEN_KEY]), 10, clock=lambda: now_s)
    connection_id = connect(engine, secret=SECRET, realm_id="1")
    found = (SECRET, connection_id)
    assert (cache.find_webhook_secret(connection_id), cache.find_id_of_realm("1")) == found
    with make_sessions(engine).begin() as session:
        remove(session, connection_id)
    now_s = 109.9
    assert (cache.find_webhook_secret(connection_id), cache.find_id_of_realm("1")) == found
    now_s = 110.0
    assert (cache.find_webhook_secret(connection_id), cache.find_id_of_realm("1")) == (None, None)
    connection_id = connect(engine, secret=SECRET, realm_id="1")
    assert cache.find_id_of_realm("1") == connection_id
