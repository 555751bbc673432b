"""The command line over our own database alone: what it shows, and how it fails."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from shared.db import connections, history, links, pending_writes, records
from shared.db.history import Call
from shared.db.links import LinkKey
from shared.db.models import Record
from shared.db.records import RecordKey
from shared.db.session import make_sessions
from shared.messages import Kind, Message, Why
from shared.outcomes import Outcome
from shared.queues import BULK, LIVE, Publisher
from shared.settings import Preferences
from shared.vault import Vault
from tests.cli_commands import SECRETS, TOKEN_KEY, CommandLine
from tests.conftest import Database
from tests.patience import PATIENCE_S
from tests.ports import free_port

NOW = datetime.now(UTC).replace(microsecond=0)
PREFERENCES = Preferences("Craig's Design", "US", "USD", allow_discount=True)


@pytest.fixture
def cli(sqlite_database: Database, tmp_path: Path) -> CommandLine:
    return CommandLine({**SECRETS, "DATABASE_URL": sqlite_database.url, "DATA_DIR": str(tmp_path / "var")})


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def add_connection(database: Database, name: str = "Acme", realm_id: str = "123") -> str:
    with make_sessions(database.engine).begin() as session:
        return connections.add(
            session,
            Vault([TOKEN_KEY]),
            name=name,
            invoiced_api_key="key-7",
            invoiced_webhook_secret="hook-7",
            realm_id=realm_id,
            refresh_token="refresh-7",
            time_zone="America/Chicago",
            start_date=None,
            now=NOW + timedelta(seconds=int(realm_id)),
            preferences=PREFERENCES,
        ).id


def add_record(session: Session, connection_id: str, record_id: str, **columns: Any) -> None:
    values = {"kind": Kind.INVOICE.value, "dirty": False, "asked_by_person": False, "attempts": 0} | columns
    session.add(Record(connection_id=connection_id, record_id=record_id, first_seen_at=NOW, **values))


def test_every_missing_secret_is_named_in_a_line_of_its_own(tmp_path: Path) -> None:
    cli = CommandLine({"DATA_DIR": str(tmp_path), "QUICKBOOKS_CLIENT_ID": "client"})
    lines = cli.failure("status", "--json")
    assert {line.split()[0] for line in lines} == SECRETS.keys() - {"QUICKBOOKS_CLIENT_ID"}
    assert len(lines) == len(SECRETS) - 1


def test_production_never_starts_with_the_secrets_of_the_demo(tmp_path: Path, taken_port: int) -> None:
    demo = "".join(f"{name}='{value}'\n" for name, value in SECRETS.items())
    (tmp_path / "demo.env").write_text(demo)
    lines = CommandLine({"DATA_DIR": str(tmp_path), "PORT": str(taken_port)}).failure("start")
    assert {line.split()[0] for line in lines} == SECRETS.keys()
    lines = CommandLine({**SECRETS, "DATA_DIR": str(tmp_path), "PORT": str(taken_port)}).failure("start")
    assert lines == [f"Port {taken_port} for the receiver is in use: set PORT to another."]


def test_a_database_without_tables_is_told_with_the_remedy(tmp_path: Path) -> None:
    cli = CommandLine({**SECRETS, "DATA_DIR": str(tmp_path)})
    lines = cli.failure("status", "--once")
    assert lines[0].startswith("The database cannot be used: no such table")
    assert "invoiced-quickbooks migrate" in lines[1]
    assert cli.json("migrate")["migrated"] is True
    assert cli.json("status")["queued"] == 0


def test_migrate_needs_no_secret(tmp_path: Path) -> None:
    assert CommandLine({"DATA_DIR": str(tmp_path)}).call("migrate").exit_code == 0


def test_which_connection_is_meant_has_to_be_clear(cli: CommandLine, sqlite_database: Database) -> None:
    assert cli.failure("settings", "show") == [
        "There is no connection yet.",
        "What to do: Make one with `invoiced-quickbooks connection add`.",
    ]
    first = add_connection(sqlite_database, "Acme", "1")
    assert cli.json("connection", "show")["id"] == first
    second = add_connection(sqlite_database, "Bolt", "2")
    assert cli.failure("connection", "show") == [
        "There are several connections.",
        f"What to do: Name one with --connection ID: {first} (Acme), {second} (Bolt).",
    ]
    assert cli.failure("record", "invoice", "1", "--connection", "nope")[0] == "There is no connection 'nope'."
    assert cli.json("connection", "show", "--connection", second)["name"] == "Bolt"
    assert [row["id"] for row in cli.json("connection", "list")] == [first, second]


def test_a_connection_is_shown_without_its_secrets(cli: CommandLine, sqlite_database: Database) -> None:
    connection_id = add_connection(sqlite_database)
    shown = cli.call("connection", "show", "--json", PUBLIC_URL="https://sync.example.com")
    assert f"https://sync.example.com/webhooks/invoiced/{connection_id}" in shown.stdout
    assert cli.call("connection", "show").exit_code == 0
    for secret in ("key-7", "hook-7", "refresh-7", "encrypted"):
        assert secret not in shown.stdout


def test_a_removed_connection_is_gone(cli: CommandLine, sqlite_database: Database) -> None:
    connection_id = add_connection(sqlite_database)
    assert cli.json("connection", "remove") == {"removed": connection_id}
    assert cli.json("connection", "list") == []


def test_status_counts_what_is_queued_in_work_and_waiting(cli: CommandLine, sqlite_database: Database) -> None:
    connection_id = add_connection(sqlite_database)
    soon, past = NOW + timedelta(hours=1), NOW - timedelta(hours=1)
    known: dict[str, dict[str, Any]] = {
        "1": {"outcome": "synced"},
        "2": {"outcome": "synced", "next_look_at": soon},
        "3": {"outcome": "waiting", "next_look_at": soon},
        "4": {"outcome": "waiting", "waiting_for": "invoice:5"},
        "5": {"outcome": "waiting", "lease_owner": "a", "lease_until": soon},
        "6": {"lease_owner": "dead", "lease_until": past},
        "7": {"outcome": "changed in QuickBooks"},
        "8": {"outcome": "failed", "kind": "payment"},
    }
    with make_sessions(sqlite_database.engine).begin() as session:
        for record_id, columns in known.items():
            add_record(session, connection_id, record_id, **columns)
    publisher = Publisher("embedded://", sqlite_database.engine, timeout_s=PATIENCE_S)
    publisher.publish([Message(connection_id, Kind.INVOICE, str(number), Why.WEBHOOK, NOW) for number in (1, 2)], LIVE)
    publisher.publish([Message(connection_id, Kind.INVOICE, "3", Why.SWEEP, NOW)], BULK)
    publisher.publish_dead_letter("{}", "nobody can read it")
    publisher.close()
    status = cli.json("status")
    assert status["queued"] == 3 + 2  # messages, and the records 2 and 6
    assert (status["in_work"], status["waiting"], status["dead_letters"]) == (1, 2, 1)
    assert status["outcomes"] == {outcome.value: 0 for outcome in Outcome} | {
        "synced": 2,
        "waiting": 3,
        "changed in QuickBooks": 1,
        "failed": 1,
    }
    assert status["by_kind"]["payment"] == {"failed": 1}
    assert status["connections"] == [{"id": connection_id, "name": "Acme", "state": "connected", "realm_id": "123"}]
    assert "changed in QuickBooks" in cli.call("status").stdout


def test_status_tells_of_the_records_while_the_broker_is_away(cli: CommandLine, sqlite_database: Database) -> None:
    add_connection(sqlite_database)
    broker = f"amqp://guest:guest@127.0.0.1:{free_port()}//"
    status = cli.json("status", BROKER_URL=broker)
    assert (status["queued"], status["dead_letters"], status["in_work"]) == (None, None, 0)
    assert status["broker"].startswith("The message broker is not available")
    assert "not available" in cli.call("status", BROKER_URL=broker).stdout


def test_a_record_is_shown_with_all_that_is_known_of_it(cli: CommandLine, sqlite_database: Database) -> None:
    connection_id = add_connection(sqlite_database)
    key = RecordKey(connection_id, Kind.INVOICE, "20149")
    with make_sessions(sqlite_database.engine).begin() as session:
        add_record(
            session,
            connection_id,
            "20149",
            label="INV-0149",
            outcome="failed",
            outcome_at=NOW,
            cause="The period is closed.",
            remedy="Reopen it.",
            code="6200",
            attempts=3,
        )
        request = {"method": "POST", "path": "/v3/invoice", "body": {"TotalAmt": Decimal("12.30")}}
        reply = {"status": 400, "intuit_tid": "1-abc", "body": {"Fault": {}}}
        history.add(session, [history.of_call(key, Call(NOW, request, reply, "1-abc"))])
        add_record(session, connection_id, "51", kind="payment", outcome="waiting", waiting_for="invoice:20149")
        links.save(
            session, LinkKey(key), entity="Invoice", qbo_id="208", sync_token="2",
            standing={"Balance": Decimal("1.10")}, now=NOW,
        )  # fmt: skip
        pending_writes.add(
            session, LinkKey(key, role="bad-debt-memo"), {"body": {}}, request_id="r1", batch_item_id=None, now=NOW
        )
    result = cli.call("record", "invoice", "20149", "--json")
    # Digit for digit: a number read through a double would have lost the nought.
    assert '"TotalAmt": 12.30' in result.stdout
    assert '"Balance": 1.10' in result.stdout
    shown = cli.json("record", "invoice", "INV-0149")
    assert (shown["id"], shown["outcome"], shown["code"], shown["attempts"]) == ("20149", "failed", "6200", 3)
    assert shown["outcome_at"] == NOW.isoformat().replace("+00:00", "Z")
    assert (shown["links"][0]["qbo_id"], shown["links"][0]["sync_token"]) == ("208", "2")
    assert shown["pending_writes"][0]["request_id"] == "r1"
    assert shown["waited_for_by"] == ["payment:51"]
    assert shown["last_reply"]["intuit_tid"] == "1-abc"
    assert "The period is closed." in cli.call("record", "invoice", "20149").stdout


def test_a_customer_of_quickbooks_is_shown_with_the_link_of_its_invoiced_customer(
    cli: CommandLine, sqlite_database: Database
) -> None:
    connection_id = add_connection(sqlite_database)
    with make_sessions(sqlite_database.engine).begin() as session:
        customer = LinkKey(RecordKey(connection_id, Kind.CUSTOMER, "1001"), variant="USD")
        links.save(session, customer, entity="Customer", qbo_id="14", sync_token="0", standing={}, now=NOW)
    assert cli.json("record", "quickbooks-customer", "14")["links"][0]["record"] == "1001"


def test_of_an_unknown_record_nothing_is_known(cli: CommandLine, sqlite_database: Database) -> None:
    connection_id = add_connection(sqlite_database)
    lines = cli.failure("record", "invoice", "5", "--json")
    assert lines[0] == f"Nothing is known of invoice 5 in connection {connection_id} (Acme)."


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [
        ("number_prefix", "A-", "A-"),
        ("number_prefix", "", "INVD-"),
        ("deactivate_customers", "yes", True),
        ("deactivate_customers", "", False),
        ("time_zone", "Europe/Paris", "Europe/Paris"),
        ("time_zone", "", "UTC"),
        ("start_date", "2026-01-31", "2026-01-31"),
        ("start_date", "", None),
        ("income_account", "", None),
    ],
)
def test_a_setting_is_stored(
    cli: CommandLine, sqlite_database: Database, name: str, value: str, stored: object
) -> None:
    add_connection(sqlite_database)
    assert cli.json("settings", "set", name, value)[name] == stored
    assert cli.json("settings", "show")[name] == stored
    assert cli.call("settings", "show").exit_code == 0


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("number_prefix", "INVOICED-NORTH-", "15 characters"),
        ("deactivate_customers", "perhaps", "neither true nor false"),
        ("time_zone", "Chicago", "America/Chicago"),
        ("start_date", "31.01.2026", "not a date"),
        ("tax_code", "../1", "no id of QuickBooks"),
    ],
)
def test_a_senseless_setting_is_refused_and_changes_nothing(
    cli: CommandLine, sqlite_database: Database, name: str, value: str, said: str
) -> None:
    add_connection(sqlite_database)
    before = cli.json("settings", "show")
    assert said in " ".join(cli.failure("settings", "set", name, value))
    assert cli.json("settings", "show") == before


def test_an_unknown_setting_names_those_that_exist(cli: CommandLine) -> None:
    result = cli.call("settings", "set", "colour", "red")
    assert result.exit_code == 2
    assert "'start_date'" in result.stderr


def test_another_account_lets_go_on_what_had_failed_or_waited_for_it(
    cli: CommandLine, sqlite_database: Database
) -> None:
    connection_id = add_connection(sqlite_database)
    sessions = make_sessions(sqlite_database.engine)
    with sessions.begin() as session:
        add_record(session, connection_id, "income", kind="account", outcome="failed")
        add_record(session, connection_id, "consulting", kind="item", outcome="failed")
        add_record(session, connection_id, "1", outcome="waiting", waiting_for="account:income")
        add_record(session, connection_id, "2", outcome="failed")
    assert cli.call("settings", "set", "income_account", "").exit_code == 0
    with sessions() as session:
        due = {
            record_id: records.find(session, RecordKey(connection_id, kind, record_id)).next_look_at  # type: ignore[union-attr]
            for kind, record_id in (
                (Kind.ACCOUNT, "income"),
                (Kind.ITEM, "consulting"),
                (Kind.INVOICE, "1"),
                (Kind.INVOICE, "2"),
            )
        }
    assert [record_id for record_id, at in due.items() if at is None] == ["2"]
