"""The commands over records: list, attention, retry, ignore, resync, customers, export."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from shared.db import connections
from shared.db.models import AuditEntry, Record
from shared.db.session import make_sessions
from shared.settings import Preferences
from shared.spreadsheet import csv_lines
from shared.vault import Vault
from tests.cli_commands import SECRETS, TOKEN_KEY, CommandLine
from tests.conftest import Database

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.fixture
def cli(sqlite_database: Database, tmp_path: Path) -> CommandLine:
    """A company with a failed invoice, a synced one, and a customer of QuickBooks in doubt."""
    with make_sessions(sqlite_database.engine).begin() as session:
        company = connections.add(
            session, Vault([TOKEN_KEY]), name="Acme", invoiced_api_key="k", invoiced_webhook_secret="s", realm_id="1",
            refresh_token="r", time_zone="America/Chicago", start_date=None, now=NOW,
            preferences=Preferences("Acme", "US", "USD"),
        )  # fmt: skip

        def add(kind: str, record_id: str, label: str, **columns: Any) -> None:
            session.add(
                Record(
                    connection_id=company.id,
                    kind=kind,
                    record_id=record_id,
                    label=label,
                    first_seen_at=NOW,
                    outcome_at=NOW,
                    **columns,
                )
            )

        add("invoice", "1", "INV-1", outcome="failed", cause="Closed.", cause_group="closed-books",
            amount=Decimal("12.30"), currency="USD", dated_on=date(2026, 10, 31), customer_name="=Acme")  # fmt: skip
        add("invoice", "2", "INV-2", outcome="synced", amount=Decimal("100"), currency="USD")
        add("quickbooks-customer", "7", "Globex", outcome="waiting", waiting_for="choice", cause_group="choice",
            versions={"candidates": [{"id": 5, "name": "Globex", "number": "C-5"}]})  # fmt: skip
    return CommandLine({**SECRETS, "DATABASE_URL": sqlite_database.url, "DATA_DIR": str(tmp_path / "var")})


def row(database: Database, record_id: str) -> Record:
    with make_sessions(database.engine)() as session:
        return session.scalars(sa.select(Record).where(Record.record_id == record_id)).one()


def test_records_are_listed_searched_and_exported(cli: CommandLine) -> None:
    listed = cli.json("records", "--search", "12.3")
    assert [record["label"] for record in listed["records"]] == ["INV-1"]
    assert "INV-2" in cli.call("records", "--outcome", "synced").stdout
    page = cli.json("records", "--limit", "2")
    assert len(cli.json("records", "--after", page["next_page"])["records"]) == 1
    lines = cli.call("export", "records", "--kind", "invoice").stdout.splitlines()
    assert lines[0].startswith("kind,id,number,customer,amount")
    # No spreadsheet takes a customer's name for a formula.
    assert "invoice,1,INV-1,'=Acme,12.30,USD,2026-10-31,failed," in lines[2] + lines[1]
    assert cli.failure("records", "--after", "nowhere")[0] == "There is no such page of the list."


def test_failures_are_shown_retried_and_put_aside(cli: CommandLine, sqlite_database: Database) -> None:
    groups = {group["key"]: group for group in cli.json("attention")}
    assert groups["closed-books"]["count"] == 1 and groups["closed-books"]["fix"]
    assert cli.json("retry", "--cause", "closed-books") == {"records": 1}
    assert row(sqlite_database, "1").asked_by_person
    assert cli.json("ignore", "invoice", "INV-1") == {"records": 1}
    assert cli.json("retry", "--all") == {"records": 1}
    assert row(sqlite_database, "1").ignored_by == "command line"
    assert "(ignored)" in cli.call("records", "--outcome", "ignored").stdout
    assert cli.json("unignore", "invoice", "1") == {"records": 1}
    assert cli.json("resync", "invoice", "INV-2", "1") == {"records": 2}
    assert row(sqlite_database, "2").next_look_at is not None
    with make_sessions(sqlite_database.engine)() as session:
        assert len(session.scalars(sa.select(AuditEntry)).all()) == 5
    assert cli.failure("retry")[0] == "It is not clear which records are meant."
    assert cli.failure("retry", "invoice", "999")[0] == "Nothing is known of invoice 999."


def test_a_customer_of_quickbooks_is_chosen_for(cli: CommandLine, sqlite_database: Database) -> None:
    [waiting] = cli.json("customers", "list", "--waiting")["customers"]
    assert waiting["candidates"] == [{"id": 5, "name": "Globex", "number": "C-5"}]
    assert "maybe Globex (C-5): --link 5" in cli.call("customers", "list").stdout
    assert cli.json("customers", "choose", "7", "--link", "5") == {"quickbooks_id": "7", "choice": "link:5"}
    assert row(sqlite_database, "7").choice == "link:5"
    assert cli.failure("customers", "choose", "7")[0] == "One choice is needed."
    assert cli.failure("customers", "choose", "7", "--survivor", "8")


def test_cells_are_written_as_a_spreadsheet_reads_them() -> None:
    rows = [[Decimal("-1.50"), NOW, 'say "x", y', "@cmd", None]]
    assert list(csv_lines(["a"], rows)) == ["a\r\n", '-1.50,2026-11-27T12:00:00+00:00,"say ""x"", y",\'@cmd,\r\n']
