"""The commands over records: list, attention, retry, ignore, resync, customers, export."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from shared.db import connections, sweep_export, sweeps
from shared.db.models import Connection, Record, Sweep
from shared.db.records import RecordKey
from shared.db.session import make_sessions
from shared.messages import Kind
from shared.outcomes import Outcome, Settlement
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
    assert cli.json("resync", "invoice", "INV-2", "1") == {"records": 2, "sweep": None}
    assert row(sqlite_database, "2").next_look_at is not None
    trail = cli.json("audit")
    assert [entry["what"] for entry in trail] == [
        f"records: {what}" for what in ("resync", "unignore", "retry", "ignore", "retry")
    ]
    assert (trail[0]["who"], trail[0]["after"]) == ("command line", "2 records: invoice:2, invoice:1")
    assert cli.json("audit", "--before", str(trail[3]["number"])) == trail[4:]
    assert "command line  records: ignore: 1 record: invoice:1" in cli.call("audit").stdout
    told = cli.json("record", "invoice", "INV-1", "--history")["history"]
    assert [(entry["who"], entry["cause"]) for entry in told] == [
        ("command line", what) for what in ("resync", "unignore", "ignore", "retry")
    ]
    assert "command line: unignore" in cli.call("record", "invoice", "1", "--history").stdout
    assert cli.failure("retry")[0] == "It is not clear which records are meant."
    assert cli.failure("retry", "invoice", "999")[0] == "Nothing is known of invoice 999."


def test_all_that_a_search_finds_is_synced_again_once_that_is_confirmed(
    cli: CommandLine, sqlite_database: Database
) -> None:
    search = ["resync", "--kind", "invoice", "--from", "2026-10-01", "--to", "2026-10-31"]
    assert cli.failure(*search) == [
        "1 record matches. Nothing was done.",
        "What to do: Add --yes to have them looked at again.",
    ]
    assert row(sqlite_database, "1").next_look_at is None
    assert cli.json(*search, "--yes") == {"records": 1, "sweep": None}
    assert row(sqlite_database, "1").next_look_at is not None
    assert row(sqlite_database, "2").next_look_at is None
    # Nothing named, or something named twice over, is never everything.
    for unclear in (["--yes"], ["invoice", "--yes"], ["invoice", "1", "--search", "INV", "--yes"]):
        assert cli.failure("resync", *unclear)[0] == "It is not clear which records are meant."

    with make_sessions(sqlite_database.engine).begin() as session:
        for number in range(60):
            session.add(
                Record(connection_id=row(sqlite_database, "1").connection_id, kind="payment", record_id=str(number),
                    first_seen_at=NOW, outcome="skipped", outcome_at=NOW)
            )  # fmt: skip
    asked = cli.json("resync", "--outcome", "skipped", "--yes")
    shown = cli.json("sweep", "show", str(asked["sweep"]))
    assert (asked["records"], shown["scope"], shown["found"], shown["state"]) == (60, "selection", 60, "asked")
    assert [one["number"] for one in cli.json("sweep", "list", "--state", "running", "--why", "person")] == [1]
    assert cli.json("sweep", "list", "--state", "done") == []
    cli.json("sweep", "cancel")
    assert cli.json("sweep", "list", "--before", "1") == []


def test_the_records_of_a_sweep_that_did_not_end_well_are_exported(
    cli: CommandLine, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = cli.json("sweep", "start")["number"]
    with make_sessions(sqlite_database.engine).begin() as session:
        sweep = session.get_one(Sweep, number)
        sweeps.add_found(session, sweep, [("invoice", "1", "INV-1")], NOW)
        key = RecordKey(sweep.connection_id, Kind.INVOICE, "1")
        sweeps.mark_queued(session, number, [key], NOW)
        sweeps.settle_record(session, key, Settlement(Outcome.FAILED, cause="Closed."), "=INV-1", NOW)
    [left] = cli.json("sweep", "export")
    assert (left["kind"], left["label"], left["outcome"], left["cause"]) == ("invoice", "=INV-1", "failed", "Closed.")
    assert cli.call("sweep", "export", str(number)).stdout.splitlines() == [
        "kind,id,number,outcome,cause,remedy,at",
        "invoice,1,'=INV-1,failed,Closed.,,2026-11-27T12:00:00+00:00",
    ]
    # Page by page it is the same.
    monkeypatch.setattr(sweep_export, "_AT_A_TIME", 1)
    with make_sessions(sqlite_database.engine).begin() as session:
        sweeps.add_found(
            session, session.get_one(Sweep, number), [("invoice", "10", None), ("payment", "1", None)], NOW
        )
    exported = cli.json("sweep", "export")
    assert [(one["kind"], one["id"]) for one in exported] == [("invoice", "1"), ("invoice", "10"), ("payment", "1")]


def test_the_first_sweep_is_begun_only_after_a_look_at_what_it_would_post(
    cli: CommandLine, sqlite_database: Database
) -> None:
    with make_sessions(sqlite_database.engine).begin() as session:
        session.execute(sa.update(Connection).values(started_at=None))
    assert cli.failure("sweep", "start")[0] == "Nothing is posted before you have seen what would be."
    assert cli.json("connection", "show")["started_at"] is None


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
