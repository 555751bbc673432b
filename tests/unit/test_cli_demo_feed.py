"""What the demo's terminal is told, and what it is spared."""

from datetime import UTC, datetime, timedelta

import click
import pytest

from invoiced_quickbooks.demo_feed import Feed
from shared.db import connections
from shared.db.models import Record
from shared.db.session import make_sessions
from shared.vault import Vault
from tests.cli_commands import TOKEN_KEY
from tests.conftest import Database

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Terminal:
    """A feed with a clock that is moved by hand; `lines` is what it has told, without colours and times."""

    def __init__(self, database: Database) -> None:
        self.sessions = make_sessions(database.engine)
        self.lines: list[str] = []
        self.now = NOW
        with self.sessions.begin() as session:
            self.connection_id = connections.add(
                session,
                Vault([TOKEN_KEY]),
                name="Acme",
                invoiced_api_key="key",
                invoiced_webhook_secret="hook",
                realm_id="1",
                refresh_token="refresh",
                time_zone="UTC",
                start_date=None,
                now=NOW,
            ).id
        self.feed = Feed(self.sessions, self.say, lambda: self.now)

    def say(self, line: str) -> None:
        self.lines.append(" ".join(click.unstyle(line).split()[1:]))

    def settle(self, outcome: str, kind: str = "invoice", record_id: str = "7", cause: str | None = None) -> None:
        with self.sessions.begin() as session:
            row = Record(
                connection_id=self.connection_id,
                kind=kind,
                record_id=record_id,
                first_seen_at=NOW,
                label=f"N-{record_id}",
            )
            row.outcome, row.outcome_at, row.cause = outcome, self.now, cause
            session.merge(row)

    def told_after(self, seconds: float = 0) -> list[str]:
        """Return what is told so many seconds later."""
        self.now += timedelta(seconds=seconds)
        self.lines.clear()
        self.feed.tell()
        return list(self.lines)


@pytest.fixture
def terminal(sqlite_database: Database) -> Terminal:
    return Terminal(sqlite_database)


def test_each_outcome_is_told_once_in_one_line(terminal: Terminal) -> None:
    terminal.settle("failed", cause="Two\nlines.")
    assert terminal.told_after(0.5) == ["invoice N-7 failed Two lines."]
    assert terminal.told_after(0.5) == []
    terminal.settle("synced")
    assert terminal.told_after(0.5) == ["invoice N-7 synced"]
    terminal.settle("synced")
    assert terminal.told_after(0.5) == ["invoice N-7 synced"]


def test_what_changes_nothing_is_not_told(terminal: Terminal) -> None:
    terminal.settle("unchanged")
    terminal.settle("skipped", kind="customer", record_id="8")
    terminal.settle("skipped", kind="payment", record_id="9", cause="Credits alone")
    assert terminal.told_after(1) == ["payment N-9 skipped Credits alone"]


def test_a_short_wait_is_not_told_and_a_long_one_once(terminal: Terminal) -> None:
    terminal.settle("waiting", cause="Waits for customer #1")
    assert terminal.told_after(3) == []
    terminal.settle("synced")
    assert terminal.told_after(1) == ["invoice N-7 synced"]
    terminal.settle("waiting", cause="QuickBooks is away")
    assert terminal.told_after(0.5) == []
    terminal.settle("waiting", cause="QuickBooks is away")
    assert terminal.told_after(6) == []
    terminal.settle("waiting", cause="QuickBooks is away")
    assert terminal.told_after(6) == ["invoice N-7 waiting QuickBooks is away"]
    terminal.settle("waiting", cause="QuickBooks is away")
    assert terminal.told_after(6) == []


def test_what_was_before_the_start_is_not_told(terminal: Terminal) -> None:
    terminal.now = NOW - timedelta(seconds=1)
    terminal.settle("synced")
    terminal.now = NOW
    assert terminal.told_after(1) == []
