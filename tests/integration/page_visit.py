"""A person at the page, without a browser: logs in, reads, and sends its forms as a browser would."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from shared import passwords
from shared.config import Config
from shared.db import users
from shared.db.session import make_sessions
from shared.db.users import Role
from shared.queues import Publisher
from tests.conftest import Database
from tests.patience import PATIENCE_S
from tests.receiver_setup import config_of, environment
from webhook_receiver.app import create_app

PASSWORD = "correct horse battery"
# A hash takes a tenth of a second: one serves all.
_HASH = passwords.hashed(PASSWORD)
_CSRF = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts += data.split()


def text_of(answer: TestResponse) -> str:
    """Return the words of a page, with one space between them."""
    parser = _Text()
    parser.feed(answer.text)
    return " ".join(parser.parts)


@dataclass
class Visit:
    """One browser's cookies; forms are sent with the token of the page that they stand on."""

    client: FlaskClient

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def send(self, page: str, path: str | None = None, **fields: Any) -> TestResponse:
        """Open a page and send a form of it."""
        token = _CSRF.search(self.client.get(page).text)
        assert token is not None, f"no form on {page}"
        return self.client.post(path or page, data={"csrf_token": token[1], **fields})

    def log_in(self, email: str, password: str = PASSWORD) -> TestResponse:
        return self.send("/login", email=email, password=password)


def visit(database: Database, folder: Path, *, role: Role | None = Role.ADMIN, **own: str) -> Visit:
    """Return a visit to the product with this database, logged in as a user of that role (None: not logged in)."""
    return visit_to(config_of(environment(folder, database.url, "embedded://", **own)), database.engine, role)


def visit_to(config: Config, engine: sa.Engine, role: Role | None = Role.ADMIN) -> Visit:
    """Return a visit to the product with this configuration, logged in as a user of that role (None: not)."""
    publisher = Publisher(config.broker_url, engine, timeout_s=PATIENCE_S)
    found = Visit(create_app(config, engine, publisher).test_client())
    if role is not None:
        email = f"{role.value}@example.com"
        with make_sessions(engine).begin() as session:
            if users.find(session, email) is None:
                users.add(session, email, role, _HASH, datetime.now(UTC))
        assert found.log_in(email).status_code == 302
    return found
