"""Webhooks per second through the receiver, against a bare Flask endpoint under the same server.

Both run under the product's gunicorn settings, in turn and more than once, and are sent the same bodies; the
figure to look at is the ratio. The receiver runs on SQLite and the embedded broker in a folder of its own.
"""

import hashlib
import hmac
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from cryptography.fernet import Fernet

from shared.db import connections
from shared.db.migrate import migrate
from shared.db.session import make_engine, make_sessions
from shared.vault import Vault

REQUESTS = 1000
SENDERS = 16
ROUNDS = 2
_SECRET = "bench"
_STARTS_WITHIN_S = 20.0


def main() -> None:
    """Print the two rates and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        environment, address = _set_up(Path(folder))
        bare: list[float] = []
        receiver: list[float] = []
        for _ in range(ROUNDS):
            with _server(environment, "bench.bare_endpoint:app") as port:
                bare.append(_rate(port, "/"))
            with _server(environment) as port:
                receiver.append(_rate(port, address))
    ratio = statistics.median(receiver) / statistics.median(bare)
    print(
        f"webhooks per second, {SENDERS} senders, SQLite and embedded broker: "
        f"receiver {statistics.median(receiver):.0f}, bare Flask endpoint {statistics.median(bare):.0f}, "
        f"ratio {ratio:.2f}"
    )


def _set_up(folder: Path) -> tuple[dict[str, str], str]:
    """Return the environment of the servers, and the address of a connection in its database."""
    key = Fernet.generate_key().decode()
    database_url = f"sqlite:///{folder / 'bench.db'}"
    engine = make_engine(database_url)
    migrate(engine)
    with make_sessions(engine).begin() as session:
        connection = connections.add(
            session,
            Vault([key]),
            name="Bench",
            invoiced_api_key="bench",
            invoiced_webhook_secret=_SECRET,
            realm_id="1",
            refresh_token="bench",
            time_zone="UTC",
            start_date=None,
            now=datetime.now(UTC),
        )
        address = f"/webhooks/invoiced/{connection.id}"
    engine.dispose()
    own = {
        "DATA_DIR": str(folder),
        "DATABASE_URL": database_url,
        "BROKER_URL": "",
        "QUICKBOOKS_CLIENT_ID": "bench",
        "QUICKBOOKS_CLIENT_SECRET": "bench",
        "QUICKBOOKS_VERIFIER_TOKEN": "bench",
        "SECRET_KEY": "bench",
        "TOKEN_KEYS": key,
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    return {**os.environ, **own}, address


@contextmanager
def _server(environment: dict[str, str], app: str | None = None) -> Iterator[int]:
    """Run an application, the receiver unless told otherwise, under the product's gunicorn settings."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--config", "python:webhook_receiver.gunicorn_conf"]
    server = subprocess.Popen(
        [*command, *([app] if app else [])],
        env=environment | {"PORT": str(port)},
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_it_answers(server, port)
        yield port
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)


def _wait_until_it_answers(server: subprocess.Popen[bytes], port: int) -> None:
    give_up_at = time.monotonic() + _STARTS_WITHIN_S
    while True:
        if server.poll() is not None:
            raise RuntimeError(f"the server ended with {server.returncode}")
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            client.request("GET", "/healthz")
            client.getresponse().read()
            return
        except OSError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.1)
        finally:
            client.close()


def _rate(port: int, path: str) -> float:
    """Send all requests over kept-alive connections; return how many were answered in a second."""
    bodies = iter(range(REQUESTS))
    lock = threading.Lock()
    statuses: list[int] = []

    def send() -> None:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while True:
            with lock:
                number = next(bodies, None)
            if number is None:
                break
            body = json.dumps(_event(number)).encode()
            signature = hmac.digest(_SECRET.encode(), body, hashlib.sha256).hex()
            headers = {"Content-Type": "application/json", "X-Invoiced-Signature": signature}
            client.request("POST", path, body, headers)
            answer = client.getresponse()
            answer.read()
            with lock:
                statuses.append(answer.status)
        client.close()

    senders = [threading.Thread(target=send) for _ in range(SENDERS)]
    began_at = time.perf_counter()
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    took_s = time.perf_counter() - began_at
    if statuses != [200] * REQUESTS:
        raise RuntimeError(f"{REQUESTS} requests got {len(statuses)} answers: {sorted(set(statuses))}")
    return REQUESTS / took_s


def _event(number: int) -> dict[str, object]:
    """Return an event of a size that is usual: an invoice with a few lines and its customer."""
    line = {"object": "line_item", "name": "Service", "description": "x" * 60, "quantity": 1, "amount": 100}
    invoice = {
        "id": number + 1,
        "object": "invoice",
        "customer": {"id": 7, "object": "customer", "name": "Acme", "notes": "x" * 200},
        "number": f"INV-{number:05}",
        "items": [line | {"id": position} for position in range(5)],
        "total": 500,
    }
    return {
        "id": number + 1,
        "type": "invoice.updated",
        "timestamp": 1416300000,
        "data": {"object": invoice, "previous": {"total": 400}},
    }


if __name__ == "__main__":
    main()
