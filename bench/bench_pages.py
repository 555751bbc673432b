"""Server time of each page with 100,000 records, on SQLite and, where one answers, on PostgreSQL.

The application is called in this process, as somebody who has logged in: what is measured is what a request costs the
server, without the network. Invoiced and QuickBooks are not asked: a page that shows one record waits for them besides.
"""

import os
import random
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa
from cryptography.fernet import Fernet
from flask.testing import FlaskClient

from shared import passwords
from shared.config import Config
from shared.db import connections, history, record_actions, users
from shared.db.migrate import migrate
from shared.db.models import Link, Record
from shared.db.record_list import Search
from shared.db.records import RecordKey
from shared.db.session import make_engine, make_sessions
from shared.db.users import Role
from shared.messages import Kind
from shared.settings import Preferences
from shared.vault import Vault
from webhook_receiver.app import create_app

RECORDS = 100_000
MOST_S = 0.3
_ROUNDS = 5
_AT_ONCE = 2000
_EMAIL, _PASSWORD = "bench@example.com", "a password for the bench"
_POSTGRESQL = "postgresql://postgres@127.0.0.1:5432/postgres"

# What of a company's records ended how, in parts of a hundred.
_OUTCOMES: tuple[tuple[str | None, int], ...] = (
    ("synced", 78), ("unchanged", 10), ("skipped", 4), ("failed", 5), ("waiting", 1), ("mismatch", 1), (None, 1),
)  # fmt: skip
_CAUSES = ("closed-books", "sums", "reference-lost", "number-taken", "code-7777")
_PAGES = (
    "/",
    "/records",
    "/records?after={deep}",
    "/records?q=smith",
    "/records?q=INV-012345",
    "/records?q=1234.56",
    "/records?q=nobody+at+all",
    "/records?kind=payment&outcome=failed",
    "/records?kind=invoice&from={month}&to={month_end}",
    "/records?q=nobody&from={month}&to={month_end}",
    "/records?outcome=not+looked+at+yet",
    "/records?cause=sums",
    "/records/item/{one}",
    "/attention",
    "/customers",
    "/sweeps",
    # One that runs over all of them: whoever watches it asks every second.
    "/sweeps/1",
    "/audit/",
)


def main() -> None:
    """Print the best time of some for each page on each database, and fail if one is too slow."""
    too_slow = []
    for name, made in (("SQLite", _sqlite()), ("PostgreSQL", _postgresql())):
        with made as url:
            if url is None:
                print("pages on PostgreSQL: left out, for there is no server (name one in TEST_DATABASE_URL)")
                continue
            times = _measure(url)
        for page, took_s in times.items():
            print(f"page with {RECORDS:,} records on {name}: {page:<42} {took_s * 1000:6.0f} ms")
            if took_s > MOST_S:
                too_slow.append(f"{page} on {name}")
    if too_slow:
        raise SystemExit(f"slower than {MOST_S} s: {', '.join(too_slow)}")


def _measure(url: str) -> dict[str, float]:
    engine = make_engine(url)
    migrate(engine)
    key = Fernet.generate_key().decode()
    company_id = _fill(engine, key)
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    client = create_app(_config(url, key), engine).test_client()
    _log_in(client)
    deep = f"{(_NOW - timedelta(days=60)).isoformat()}|invoice|1".replace("+", "%2B")
    month, month_end = (_NOW - timedelta(days=60)).date(), (_NOW - timedelta(days=30)).date()
    times = {}
    for page in _PAGES:
        address = f"/companies/{company_id}{page.format(deep=deep, one='consulting', month=month, month_end=month_end)}"
        # The best of them: whatever else runs on the machine only adds to what a page costs.
        times[page] = min(_timed(client, address) for _ in range(_ROUNDS))
    engine.dispose()
    return times


def _timed(client: FlaskClient, address: str) -> float:
    began_s = time.perf_counter()
    answer = client.get(address, follow_redirects=True)
    took_s = time.perf_counter() - began_s
    if answer.status_code != 200:
        raise RuntimeError(f"{address} answered {answer.status_code}")
    return took_s


def _log_in(client: FlaskClient) -> None:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/login").text)
    if found is None:
        raise RuntimeError("the log-in shows no form")
    answer = client.post("/login", data={"csrf_token": found[1], "email": _EMAIL, "password": _PASSWORD})
    if answer.status_code != 302:
        raise RuntimeError(f"the log-in answered {answer.status_code}")


_NOW = datetime.now(UTC)


def _fill(engine: sa.Engine, key: str) -> str:
    """Make a company with its records and links; return its id."""
    chance = random.Random(1)
    with make_sessions(engine).begin() as session:
        users.add(session, _EMAIL, Role.ADMIN, passwords.hashed(_PASSWORD), _NOW)
        company_id = connections.add(
            session,
            Vault([key]),
            name="Bench",
            invoiced_api_key="bench",
            invoiced_webhook_secret="bench",
            realm_id="1",
            refresh_token="bench",
            time_zone="America/Chicago",
            start_date=None,
            now=_NOW,
            preferences=Preferences("Bench", "US", "USD"),
        ).id
        for start in range(0, RECORDS, _AT_ONCE):
            records = [_record(company_id, number, chance) for number in range(start, start + _AT_ONCE)]
            session.execute(sa.insert(Record), records)
            session.execute(sa.insert(Link), [_link(row) for row in records])
        session.add(
            Record(
                connection_id=company_id,
                kind=Kind.ITEM.value,
                record_id="consulting",
                label="Consulting",
                outcome="synced",
                outcome_at=_NOW,
                first_seen_at=_NOW,
            )
        )
        one = RecordKey(company_id, Kind.ITEM, "consulting")
        history.add(session, [history.of_record(one, _NOW, history.LOOK, outcome="synced") for _ in range(300)])
        connections.start(session, company_id, _NOW)
        record_actions.resync_found(session, company_id, Search(text="customer"), _EMAIL, _NOW)
    return company_id


def _record(company_id: str, number: int, chance: random.Random) -> dict[str, object]:
    outcomes, weights = zip(*_OUTCOMES, strict=True)
    outcome = chance.choices(outcomes, weights)[0]
    cause = {"failed": chance.choice(_CAUSES), "waiting": "choice", "mismatch": "mismatch"}.get(outcome or "")
    kind = chance.choice(("invoice", "invoice", "payment", "customer", "quickbooks-customer"))
    return {
        "connection_id": company_id,
        "kind": kind,
        "record_id": str(number),
        "label": f"INV-{number:06}",
        "customer_name": f"Customer {chance.randrange(5000)} {chance.choice(('Smith', 'Jones', 'Acme'))}",
        "amount": Decimal(chance.randrange(10**7)) / 100,
        "currency": "USD",
        "dated_on": None if "customer" in kind else (_NOW - timedelta(days=chance.randrange(200))).date(),
        "outcome": outcome,
        "outcome_at": None if outcome is None else _NOW - timedelta(seconds=chance.randrange(10**7)),
        "first_seen_at": _NOW - timedelta(days=200),
        "cause": "The books of this period are closed in QuickBooks." if cause else None,
        "remedy": "Let an accountant reopen the period." if cause else None,
        "cause_group": cause,
        "waiting_for": "choice" if outcome == "waiting" else None,
        "dirty": False,
        "asked_by_person": False,
        "attempts": 0,
    }


def _link(record: dict[str, object]) -> dict[str, object]:
    return {
        "connection_id": record["connection_id"],
        "kind": record["kind"],
        "record_id": record["record_id"],
        "role": "document",
        "variant": "",
        "qbo_entity": "Customer" if "customer" in str(record["kind"]) else "Invoice",
        "qbo_id": record["record_id"],
        "sync_token": "0",
        "state": "live",
        "origin": "invoiced",
        # As large as an invoice with a few lines.
        "standing": {"PrivateNote": "x" * 1500},
        "created_at": _NOW,
        "updated_at": _NOW,
    }


def _config(url: str, key: str) -> Config:
    own = {
        "DATABASE_URL": url,
        "BROKER_URL": "embedded://",
        "QUICKBOOKS_CLIENT_ID": "bench",
        "QUICKBOOKS_CLIENT_SECRET": "bench",
        "QUICKBOOKS_VERIFIER_TOKEN": "bench",
        "SECRET_KEY": "bench",
        "TOKEN_KEYS": key,
    }
    before = {name: os.environ.get(name) for name in own}
    os.environ.update(own)
    try:
        return Config.from_env()
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{Path(folder) / 'bench.db'}"


@contextmanager
def _postgresql() -> Iterator[str | None]:
    """Yield a database of the bench's own; None where no server answers."""
    address = os.environ.get("TEST_DATABASE_URL") or _POSTGRESQL
    server = sa.make_url(address).set(drivername="postgresql+psycopg")
    own = server.set(database=f"invoiced_quickbooks_bench_{uuid4().hex[:12]}")
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{own.database}"')
    except sa.exc.OperationalError:
        engine.dispose()
        yield None
        return
    try:
        yield own.render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f'DROP DATABASE "{own.database}" WITH (FORCE)')
        engine.dispose()


if __name__ == "__main__":
    main()
