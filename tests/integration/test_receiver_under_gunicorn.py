"""The receiver as it runs in production: several processes, real sockets, and what can happen to both."""

import http.client
import importlib
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import Database
from tests.integration.conftest import Broker
from tests.patience import PATIENCE_S
from tests.ports import free_port
from tests.receiver_setup import (
    COMMAND,
    Server,
    connect,
    environment,
    invoiced_event,
    invoiced_headers,
    queued,
    serving,
)
from webhook_receiver.request_body import LONGEST_BODY

SECRET = "the webhook secret"


def test_killed_workers_take_nothing_with_them_that_was_answered(brokers: Broker, tmp_path: Path) -> None:
    path = f"/webhooks/invoiced/{connect(brokers.engine, secret=SECRET, realm_id='1')}"
    answered: list[str] = []
    killed: set[int] = set()
    with serving(environment(tmp_path, brokers.database_url, brokers.url), tmp_path) as server:

        def deliver(record_id: int) -> None:
            body = invoiced_event(record_id)
            # A worker that dies with a request in hand tells its sender nothing, and a busy one to come back.
            with suppress(OSError, http.client.HTTPException):
                status, _, _ = server.call("POST", path, body, invoiced_headers(SECRET, body))
                assert status in (200, 503)
                if status == 200:
                    answered.append(str(record_id))
            if record_id % 50 == 0:
                for pid in server.worker_pids():
                    with suppress(ProcessLookupError):  # one that has just been replaced
                        os.kill(pid, signal.SIGKILL)
                        killed.add(pid)

        with ThreadPoolExecutor(6) as senders:
            list(senders.map(deliver, range(1, 161)))
        assert len(killed) >= 3
    assert answered
    assert set(answered) <= {message.record_id for message in queued(brokers.url, brokers.engine)}


@pytest.fixture
def path(sqlite_database: Database) -> str:
    return f"/webhooks/invoiced/{connect(sqlite_database.engine, secret=SECRET, realm_id='1')}"


@pytest.fixture
def server(sqlite_database: Database, path: str, tmp_path: Path) -> Iterator[Server]:
    with serving(environment(tmp_path, sqlite_database.url, "embedded://"), tmp_path) as server:
        yield server


def send(server: Server, *parts: bytes, then_end: bool = False) -> bytes:
    """Send raw bytes, whatever becomes of them; return all that the server says until it closes."""
    heard = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as client:
        with suppress(OSError):
            for part in parts:
                client.sendall(part)
            if then_end:
                client.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while data := client.recv(65536):
                heard += data
    return heard


def head(path: str, body: bytes, *lines: str) -> bytes:
    """Return the head of a signed request that says of its length what `lines` say."""
    headers = [f"{name}: {value}" for name, value in invoiced_headers(SECRET, body).items()]
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: localhost", *headers, *lines, "", ""]).encode()


def chunks(body: bytes, size: int = 65536) -> Iterator[bytes]:
    for start in range(0, len(body), size):
        part = body[start : start + size]
        yield b"%x\r\n%s\r\n" % (len(part), part)


def test_bodies_of_a_length_that_is_not_told_or_not_true(server: Server, path: str, sqlite_database: Database) -> None:
    body = invoiced_event(1)
    chunked = "Transfer-Encoding: chunked"
    close = "Connection: close"
    end = b"0\r\n\r\n"

    heard = send(server, head(path, body, chunked, close), *chunks(body, 7), end)
    assert heard.startswith(b"HTTP/1.1 200 ")
    assert [message.record_id for message in queued("embedded://", sqlite_database.engine)] == ["1"]

    refused = {
        "chunks beyond the limit": (b"413", head(path, body, chunked), *chunks(b" " * LONGEST_BODY + b"1"), end),
        "chunks without an end": (b"413", head(path, body, chunked), *chunks(b" " * 8 * LONGEST_BODY)),
        "one chunk beyond the limit": (b"413", head(path, body, chunked), *chunks(b" " * 2**22, 2**22)),
        "a length beyond the limit": (b"413", head(path, body, "Content-Length: 9999999999", close), body),
        "a length that is too short": (b"401", head(path, body, f"Content-Length: {len(body) - 1}", close), body),
        "no length": (b"401", head(path, body, close), body),
        "no chunk at all": (b"400", head(path, body, chunked), b"not a chunk\r\n"),
        "a length below zero": (b"400", head(path, body, "Content-Length: -1"), body),
        "a length in words": (b"400", head(path, body, "Content-Length: ten"), body),
        "two lengths": (b"400", head(path, body, "Content-Length: 5", "Content-Length: 6"), body),
        "a length and chunks": (b"400", head(path, body, f"Content-Length: {len(body)}", chunked), body),
    }
    heard_of = {name: send(server, *parts)[:12] for name, (_, *parts) in refused.items()}
    assert heard_of == {name: b"HTTP/1.1 " + status for name, (status, *_) in refused.items()}

    # A sender that is gone before its body is complete hears nothing, and nothing is done.
    for length in ("Content-Length: 5000", chunked):
        assert b" 200 " not in send(server, head(path, body, length), body, then_end=True)
    assert queued("embedded://", sqlite_database.engine) == []
    assert server.call("GET", "/healthz")[0] == 200
    assert "Traceback" not in server.errors.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_in_hand_is_answered_before_the_server_ends(
    server: Server, path: str, sqlite_database: Database, number: signal.Signals
) -> None:
    body = invoiced_event()
    ready = b"HTTP/1.1 100 Continue\r\n\r\n"
    # The file is locked: the delivery waits for its publish, in the end in vain.
    with (
        sqlite_database.engine.begin(),
        socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as client,
    ):
        client.sendall(head(path, body, f"Content-Length: {len(body)}", "Expect: 100-continue"))
        assert client.recv(len(ready), socket.MSG_WAITALL) == ready
        server.process.send_signal(number)
        client.sendall(body)
        assert client.recv(12, socket.MSG_WAITALL) == b"HTTP/1.1 503"
    assert server.process.wait(timeout=PATIENCE_S) == 0
    assert "Traceback" not in server.errors.read_text()


def test_a_sender_that_stalls_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(tmp_path, "sqlite://", "embedded://").items():
        monkeypatch.setenv(name, value)
    settings = importlib.import_module("webhook_receiver.gunicorn_conf")
    monkeypatch.setattr(settings, "_STALLED_AFTER_S", 1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings.limit_stalls([listener])
        with socket.create_connection(listener.getsockname()) as stalled, listener.accept()[0] as accepted:
            accepted.setblocking(True)
            end = threading.Timer(PATIENCE_S, stalled.shutdown, (socket.SHUT_RDWR,))
            end.start()
            with pytest.raises(BlockingIOError):
                accepted.recv(1)
            end.cancel()


def test_an_incomplete_environment_ends_the_server_with_one_line_for_each_fault(tmp_path: Path) -> None:
    variables = environment(tmp_path, "sqlite://", "embedded://", PORT="http", TOKEN_KEYS="x", WEB_CONCURRENCY="0")
    del variables["SECRET_KEY"], variables["QUICKBOOKS_VERIFIER_TOKEN"]
    ended = subprocess.run(
        COMMAND, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    lines = ended.stderr.splitlines()
    assert len(lines) == 5
    for name in ("SECRET_KEY", "QUICKBOOKS_VERIFIER_TOKEN", "TOKEN_KEYS", "PORT", "WEB_CONCURRENCY"):
        assert len([line for line in lines if line.startswith(name)]) == 1


def test_the_server_starts_without_a_broker_and_listens_where_it_is_told(
    sqlite_database: Database, path: str, tmp_path: Path
) -> None:
    broker_url = f"amqp://guest:guest@127.0.0.1:{free_port()}//"
    with serving(environment(tmp_path, sqlite_database.url, broker_url), tmp_path) as server:
        body = invoiced_event()
        status, headers, answer = server.call("POST", path, body, invoiced_headers(SECRET, body))
        assert (status, headers["Retry-After"], sorted(answer)) == (503, "10", ["error", "remedy"])
        assert server.call("GET", "/healthz")[0] == 503
        assert server.call("GET", "/login")[0] == 200
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=PATIENCE_S) == 0
    assert "Traceback" not in server.errors.read_text()
