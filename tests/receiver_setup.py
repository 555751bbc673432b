# mypy: allow-untyped-calls
# (kombu is typed in part only)
"""A receiver on a database and a broker, in this process or under gunicorn, and what it has queued."""

import base64
import hmac
import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from kombu.entity import Queue

from shared import messages
from shared.config import Config
from shared.db import connections
from shared.db.session import make_sessions
from shared.queues import LIVE, open_connection
from shared.vault import Vault
from tests.patience import PATIENCE_S, eventually
from tests.ports import free_port

TOKEN_KEY = Fernet.generate_key().decode()
VERIFIER_TOKEN = "the verifier token"
REPOSITORY = Path(__file__).parents[1]
COMMAND = (sys.executable, "-m", "gunicorn", "--config", "python:webhook_receiver.gunicorn_conf")


def environment(folder: Path, database_url: str, broker_url: str, **own: str) -> dict[str, str]:
    """Return the variables of a receiver; nothing of this process's own product variables is among them."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(REPOSITORY),
        "DATA_DIR": str(folder),
        "DATABASE_URL": database_url,
        "BROKER_URL": "" if broker_url.startswith("embedded") else broker_url,
        "QUICKBOOKS_CLIENT_ID": "client",
        "QUICKBOOKS_CLIENT_SECRET": "client secret",
        "QUICKBOOKS_VERIFIER_TOKEN": VERIFIER_TOKEN,
        "SECRET_KEY": "secret key",
        "TOKEN_KEYS": TOKEN_KEY,
        **own,
    }


def config_of(variables: dict[str, str]) -> Config:
    """Return the configuration of a process with these variables."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        return Config.from_env()


def connect(engine: sa.Engine, *, secret: str, realm_id: str, name: str = "Acme") -> str:
    """Add a connection; return its id."""
    with make_sessions(engine).begin() as session:
        return connections.add(
            session,
            Vault([TOKEN_KEY]),
            name=name,
            invoiced_api_key="an API key",
            invoiced_webhook_secret=secret,
            realm_id=realm_id,
            refresh_token="a refresh token",
            time_zone="America/Chicago",
            start_date=None,
            now=datetime.now(UTC),
        ).id


def queued(broker_url: str, engine: sa.Engine) -> list[messages.Message]:
    """Take every message off the queue of live events."""
    found = []
    with open_connection(broker_url, engine, timeout_s=PATIENCE_S) as connection, connection.channel() as channel:
        while (delivered := Queue(LIVE, channel=channel).get()) is not None:
            found.append(messages.from_json(delivered.body))
            delivered.ack()
    return found


def invoiced_event(record_id: int | str = 46225, type_: str = "invoice.updated") -> bytes:
    """Return the body of a webhook of Invoiced."""
    event = {"id": 11296106, "type": type_, "timestamp": 1416302400, "data": {"object": {"id": record_id}}}
    return json.dumps(event).encode()


def invoiced_headers(secret: str, body: bytes) -> dict[str, str]:
    """Return the headers of a signed webhook of Invoiced."""
    signature = hmac.digest(secret.encode(), body, "sha256").hex()
    return {"Content-Type": "application/json", "X-Invoiced-Signature": signature}


def quickbooks_headers(body: bytes) -> dict[str, str]:
    """Return the headers of a signed webhook of QuickBooks Online."""
    signature = base64.b64encode(hmac.digest(VERIFIER_TOKEN.encode(), body, "sha256")).decode()
    return {"Content-Type": "application/json; charset=utf-8", "intuit-signature": signature}


@dataclass
class Server:
    """A receiver under gunicorn. `errors` is the file of what it wrote to stderr."""

    process: subprocess.Popen[bytes]
    port: int
    errors: Path

    def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **options: Any
    ) -> tuple[int, dict[str, str], Any]:
        """Send one request over a connection of its own; return status, headers and the JSON of the answer."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)) as client:
            client.request(method, path, body, headers or {}, **options)
            answer = client.getresponse()
            text = answer.read()
            is_json = answer.headers.get_content_type() == "application/json"
            return answer.status, dict(answer.headers), json.loads(text) if is_json else text.decode()

    def worker_pids(self) -> list[int]:
        """Return the process ids of gunicorn's workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]


@contextmanager
def serving(variables: dict[str, str], folder: Path) -> Iterator[Server]:
    """Run the receiver under gunicorn, as it is run in production."""
    port = free_port()
    errors = folder / f"receiver-{port}.log"
    with errors.open("wb") as file:
        process = subprocess.Popen(COMMAND, cwd=folder, env=variables | {"PORT": str(port)}, stderr=file, stdout=file)
    server = Server(process, port, errors)
    try:
        eventually(lambda: _answers(server), "the first answer of the receiver")
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=PATIENCE_S)


def _answers(server: Server) -> bool:
    assert server.process.poll() is None, server.errors.read_text()
    try:
        server.call("GET", "/healthz")
    except OSError:
        return False
    return True
