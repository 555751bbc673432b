"""The page at `/`: everything in the demo, nothing of any company otherwise."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

from werkzeug.test import TestResponse

from shared.db.models import Connection, Link, Record
from shared.db.session import make_sessions
from shared.messages import Kind, Message, Why
from shared.outcomes import Outcome
from shared.queues import Publisher
from tests.conftest import Database
from tests.receiver_setup import config_of, connect, environment
from webhook_receiver.app import create_app

AT = datetime(2026, 1, 15, 18, 30, 5, tzinfo=UTC)
FAR_AHEAD = datetime(9999, 1, 1, tzinfo=UTC)
HOSTILE = '<script>alert(1)</script> & "co"'


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


def get(database: Database, folder: Path, path: str = "/", broker_url: str = "embedded://", **own: str) -> TestResponse:
    config = config_of(environment(folder, database.url, broker_url, **own))
    return create_app(config, database.engine).test_client().get(path)


def record(connection_id: str, record_id: str, outcome: Outcome | None, minutes: int, **fields: object) -> Record:
    return Record(
        connection_id=connection_id,
        kind=str(fields.pop("kind", Kind.INVOICE)),
        record_id=record_id,
        outcome=None if outcome is None else outcome.value,
        outcome_at=None if outcome is None else AT + timedelta(minutes=minutes),
        first_seen_at=AT,
        **fields,
    )


def fill(database: Database) -> None:
    """One connection with a record of every outcome."""
    connection_id = connect(database.engine, secret="s", realm_id="9341453908059321", name=HOSTILE)
    with make_sessions(database.engine).begin() as session:
        session.get_one(Connection, connection_id).preferences = {"company_name": "Sandbox Company"}
        for minutes, outcome in enumerate(Outcome):
            session.add(record(connection_id, f"1{minutes}", outcome, minutes, label=f"INV-{minutes:03}"))
        session.add_all(
            [
                record(connection_id, "20", Outcome.SYNCED, 30, label=HOSTILE, cause=HOSTILE, remedy="Call us."),
                record(connection_id, "30", Outcome.SYNCED, 31, kind=Kind.PAYMENT),
                record(connection_id, "40", None, 0, lease_owner="worker", lease_until=FAR_AHEAD),
                record(connection_id, "50", None, 0, lease_owner="dead worker", lease_until=AT),
            ]
        )
        session.flush()
        for entity, qbo_id in (("Invoice", "130"), ("CreditMemo", "131")):
            session.add(
                Link(
                    connection_id=connection_id,
                    kind=Kind.INVOICE,
                    record_id="20",
                    role=entity,
                    qbo_entity=entity,
                    qbo_id=qbo_id,
                    sync_token="0",
                    standing={},
                    created_at=AT,
                    updated_at=AT,
                )
            )
    publisher = Publisher("embedded://", database.engine)
    publisher.publish([Message(connection_id, Kind.INVOICE, str(number), Why.WEBHOOK, AT) for number in range(17)])
    publisher.close()


def test_the_demo_shows_connections_outcomes_queues_and_records(sqlite_database: Database, tmp_path: Path) -> None:
    fill(sqlite_database)
    answer = get(sqlite_database, tmp_path, SHOW_RECORDS="1")
    shown = text_of(answer)
    assert f"{HOSTILE} Sandbox Company 9341453908059321 connected the beginning America/Chicago" in shown
    assert "Synced 3 written, and the answer agrees to the cent" in shown
    for outcome in ("Unchanged", "Skipped", "Waiting", "Failed", "Mismatch", "Changed in QuickBooks"):
        assert f"{outcome} 1 " in shown
    assert "In work: 1 . Queued: webhooks 17 , bulk work 0 ," in shown
    # The newest first; its time as clocks show it where the company is.
    latest = shown.partition("Latest")[2]
    assert re.findall(r"(?:Invoice|Payment) (\S+)", latest)[:1] == ["30"]
    assert "nothing 2026-01-15 13:01:05 CST" in latest
    assert f"Invoice {HOSTILE} Synced {HOSTILE} Call us. Invoice 130, CreditMemo 131 2026-01-15 13:00:05" in latest
    assert latest.index("INV-006") < latest.index("INV-005") < latest.index("INV-000")


def test_nothing_on_the_page_comes_from_outside_or_from_a_record(sqlite_database: Database, tmp_path: Path) -> None:
    fill(sqlite_database)
    answer = get(sqlite_database, tmp_path, SHOW_RECORDS="1")
    assert "<script>alert" not in answer.text
    assert set(re.findall(r'(?:src|href)="([^"]*)"', answer.text)) == {
        "data:,",
        "/static/page.css",
        "/static/refresh.js",
    }
    assert not re.search(r"<style|style=|onclick|<script(?! src=)", answer.text)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_empty_demo_says_what_to_do(sqlite_database: Database, tmp_path: Path) -> None:
    shown = text_of(get(sqlite_database, tmp_path, SHOW_RECORDS="1"))
    assert "Nothing is connected yet. invoiced-quickbooks connection add" in shown
    assert "No record has been looked at yet." in shown


def test_the_page_stands_while_the_broker_is_away(sqlite_database: Database, tmp_path: Path) -> None:
    away = "amqp://guest:guest@127.0.0.1:1//"
    answer = get(sqlite_database, tmp_path, broker_url=away, SHOW_RECORDS="1")
    assert answer.status_code == 200
    assert "The queue cannot be reached." in text_of(answer)


def test_without_the_demo_no_company_is_shown(sqlite_database: Database, tmp_path: Path) -> None:
    fill(sqlite_database)
    answer = get(sqlite_database, tmp_path)
    assert "invoiced-quickbooks status" in text_of(answer)
    assert not re.search(r"script|Sandbox|INV-|9341453908059321|http-equiv", answer.text)


def test_an_https_address_is_kept_to(sqlite_database: Database, tmp_path: Path) -> None:
    answer = get(sqlite_database, tmp_path, PUBLIC_URL="https://sync.example.com")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in get(sqlite_database, tmp_path).headers


def test_a_healthy_receiver_says_so(sqlite_database: Database, tmp_path: Path) -> None:
    answer = get(sqlite_database, tmp_path, "/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
