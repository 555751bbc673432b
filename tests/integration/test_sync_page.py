"""The page: who may see and do what, and that nothing of anybody's data becomes markup."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import url_for

from shared.db import sweeps, users
from shared.db.models import AuditEntry, Connection, LoginTries, Record, Sweep
from shared.db.session import make_sessions
from shared.db.users import Role
from shared.messages import Kind
from shared.outcomes import Outcome
from tests.conftest import Database
from tests.integration.page_visit import Visit, text_of, visit
from tests.patience import PATIENCE_S
from tests.receiver_setup import connect

HOSTILE = '<script>alert(1)</script> & "co"'


def company(database: Database, **columns: object) -> str:
    connection_id = connect(database.engine, secret="s", realm_id="9341453908059321", name=HOSTILE)
    with make_sessions(database.engine).begin() as session:
        row = session.get_one(Connection, connection_id)
        row.preferences = {"company_name": "Sandbox Company", "country": "US", "home_currency": "USD"}
        for name, value in columns.items():
            setattr(row, name, value)
    return connection_id


def forms(visit: Visit, connection_id: str) -> list[str]:
    """Return where the forms of all pages go to, but for log-in and log-out."""
    values: dict[str, Any] = {
        "company_id": connection_id, "number": 1, "kind": "invoice", "record_id": "1", "quickbooks_id": "1"
    }  # fmt: skip
    app = visit.client.application
    with app.test_request_context():
        found = [
            url_for(rule.endpoint, **{name: values[name] for name in rule.arguments})
            for rule in app.url_map.iter_rules()
            if "POST" in (rule.methods or ()) and not rule.endpoint.startswith(("webhooks.", "page.login."))
        ]
    assert len(found) > 10
    return found


def test_nobody_sees_anything_without_logging_in(sqlite_database: Database, tmp_path: Path) -> None:
    connection_id = company(sqlite_database)
    stranger = visit(sqlite_database, tmp_path, role=None)
    for path in ("/", "/connect", "/reconnect", "/oauth/callback", f"/companies/{connection_id}/"):
        answer = stranger.get(path)
        assert (answer.status_code, answer.location.partition("?")[0]) == (302, "/login"), path
    assert stranger.get("/login").status_code == 200


def test_logging_in_out_and_with_a_wrong_password(sqlite_database: Database, tmp_path: Path) -> None:
    admin = visit(sqlite_database, tmp_path)
    assert "Companies" in text_of(admin.get("/"))
    admin.send("/", "/logout")
    assert admin.get("/").status_code == 302
    answer = admin.log_in("admin@example.com", "wrong")
    assert (answer.status_code, "E-mail or password is wrong." in text_of(answer)) == (401, True)
    assert admin.log_in("nobody@example.com").status_code == 401


def test_after_five_failures_no_password_is_looked_at_for_a_while(sqlite_database: Database, tmp_path: Path) -> None:
    admin = visit(sqlite_database, tmp_path)
    admin.send("/", "/logout")
    for _ in range(users.FAILURES_OF_AN_EMAIL):
        assert admin.log_in("Admin@example.com", "wrong").status_code == 401
    assert admin.log_in("admin@example.com").status_code == 429
    with make_sessions(sqlite_database.engine).begin() as session:
        for tries in session.scalars(sa.select(LoginTries)):
            tries.since -= users.FAILURES_COUNT_FOR + timedelta(seconds=1)
    assert admin.log_in("admin@example.com").status_code == 302


@pytest.mark.parametrize("kind", ["sqlite_database", "postgresql_database"])
def test_tries_made_at_once_do_not_pass_the_limit_together(request: pytest.FixtureRequest, kind: str) -> None:
    database: Database = request.getfixturevalue(kind)
    sessions = make_sessions(database.engine)
    at_once, now = 12, datetime.now(UTC)
    start = threading.Barrier(at_once)

    def begin(number: int) -> bool:
        start.wait(timeout=PATIENCE_S)
        with sessions.begin() as session:
            return users.begin_try(session, "Admin@example.com" if number % 2 else "admin@example.com", "::1", now)

    with ThreadPoolExecutor(at_once) as pool:
        allowed = list(pool.map(begin, range(at_once)))
    assert allowed.count(True) == users.FAILURES_OF_AN_EMAIL
    # What was not looked at counts against nobody else at the address.
    with sessions() as session:
        counted = {row.subject: row.tries for row in session.scalars(sa.select(LoginTries))}
    assert counted["address ::1"] == users.FAILURES_OF_AN_EMAIL


def test_log_ins_that_succeed_are_not_counted(sqlite_database: Database, tmp_path: Path) -> None:
    admin = visit(sqlite_database, tmp_path)
    for _ in range(users.FAILURES_OF_AN_EMAIL + 1):
        admin.send("/", "/logout")
        assert admin.log_in("admin@example.com").status_code == 302


@pytest.mark.parametrize(
    ("trusted", "forwarded", "counted"),
    [
        ("0", "203.0.113.7", "127.0.0.1"),
        ("1", "203.0.113.7", "203.0.113.7"),
        # The first is what the browser itself claims.
        ("1", "192.0.2.1, 203.0.113.7", "203.0.113.7"),
        ("2", "203.0.113.7, 198.51.100.2", "203.0.113.7"),
    ],
)
def test_behind_trusted_proxies_a_browser_counts_by_its_own_address(
    sqlite_database: Database, tmp_path: Path, trusted: str, forwarded: str, counted: str
) -> None:
    stranger = visit(sqlite_database, tmp_path, role=None, TRUSTED_PROXIES=trusted)
    stranger.client.environ_base["HTTP_X_FORWARDED_FOR"] = forwarded
    assert stranger.log_in("nobody@example.com").status_code == 401
    with make_sessions(sqlite_database.engine)() as session:
        subjects = {row.subject for row in session.scalars(sa.select(LoginTries))}
    assert f"address {counted}" in subjects


def test_a_new_password_ends_every_session(sqlite_database: Database, tmp_path: Path) -> None:
    admin = visit(sqlite_database, tmp_path)
    with make_sessions(sqlite_database.engine).begin() as session:
        users.set_password(session, "admin@example.com", "another hash")
    assert admin.get("/").status_code == 302


@pytest.mark.parametrize("wanted", ["//evil.test/", "https://evil.test/", "/\\evil.test", ""])
def test_a_log_in_leads_only_to_pages_of_ours(sqlite_database: Database, tmp_path: Path, wanted: str) -> None:
    admin = visit(sqlite_database, tmp_path)
    admin.send("/", "/logout")
    answer = admin.send(f"/login?next={wanted}", email="admin@example.com", password="correct horse battery")
    assert answer.location == "/"


def test_a_viewer_looks_and_changes_nothing(sqlite_database: Database, tmp_path: Path) -> None:
    connection_id = company(sqlite_database)
    viewer = visit(sqlite_database, tmp_path, role=Role.VIEWER)
    shown = viewer.get(f"/companies/{connection_id}/")
    assert shown.status_code == 200
    assert "Synchronize</button>" not in shown.text
    for path in forms(viewer, connection_id):
        answer = viewer.send(f"/companies/{connection_id}/", path)
        assert answer.status_code == 403, path
    assert viewer.get("/connect/quickbooks").status_code == 403


def test_a_form_without_its_token_is_refused_and_a_webhook_needs_none(
    sqlite_database: Database, tmp_path: Path
) -> None:
    connection_id = company(sqlite_database)
    admin = visit(sqlite_database, tmp_path)
    for path in forms(admin, connection_id):
        assert admin.client.post(path).status_code == 400, path
    assert admin.client.post("/webhooks/quickbooks", json=[]).status_code == 401
    with make_sessions(sqlite_database.engine)() as session:
        assert session.scalars(sa.select(Sweep)).all() == []


def test_synchronize_asks_for_a_sweep_shows_it_and_can_be_cancelled(sqlite_database: Database, tmp_path: Path) -> None:
    connection_id = company(sqlite_database)
    admin = visit(sqlite_database, tmp_path)
    overview = f"/companies/{connection_id}/"

    admin.send(overview, f"{overview}synchronize")
    admin.send(overview, f"{overview}synchronize")

    with make_sessions(sqlite_database.engine)() as session:
        [asked] = session.scalars(sa.select(Sweep)).all()
        assert (asked.scope, asked.why, asked.asked_by) == ("catch-up", "person", "admin@example.com")
    assert "Looking for what was missed" in text_of(admin.get(overview))
    refused = admin.send(overview, f"{overview}re-sync-all")
    assert refused.status_code == 302
    assert "still running" in text_of(admin.get(overview))

    admin.send(overview, f"{overview}cancel-sync")

    with make_sessions(sqlite_database.engine)() as session:
        assert sweeps.find_running(session, connection_id) is None
        told = [(entry.who, entry.what) for entry in session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id))]
    assert ("admin@example.com", "Cancelled a sync") in told
    assert "Last sync : cancelled" in text_of(admin.get(overview))
    assert "Cancelled a sync" in text_of(admin.get(f"{overview}audit/"))


def test_an_authorization_that_ends_for_good_is_told_a_month_before(sqlite_database: Database, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    connection_id = company(sqlite_database, refresh_token_hard_expires_at=now + timedelta(days=31))
    admin = visit(sqlite_database, tmp_path)
    assert "The authorization ends on" not in text_of(admin.get(f"/companies/{connection_id}/"))
    with make_sessions(sqlite_database.engine).begin() as session:
        session.get_one(Connection, connection_id).refresh_token_hard_expires_at = now + timedelta(days=29)
    assert "The authorization ends on" in text_of(admin.get(f"/companies/{connection_id}/"))


def test_another_company_is_chosen_on_the_same_kind_of_page(sqlite_database: Database, tmp_path: Path) -> None:
    here = company(sqlite_database)
    admin = visit(sqlite_database, tmp_path)
    assert "choose another company" not in text_of(admin.get(f"/companies/{here}/sweeps"))
    there = connect(sqlite_database.engine, secret="s", realm_id="1", name="Acme")
    with make_sessions(sqlite_database.engine).begin() as session:
        seen_at = datetime(2026, 1, 15, tzinfo=UTC)
        session.add(Record(connection_id=here, kind="invoice", record_id="1", first_seen_at=seen_at))
    for page, same in (("sweeps", "sweeps"), ("records/invoice/1", "records"), ("attention", "attention"), ("", "")):
        assert f'href="/companies/{there}/{same}">Acme</a>' in admin.get(f"/companies/{here}/{page}").text
    assert f'href="/companies/{there}/">Acme</a>' in admin.get(f"/companies/{here}/set-up").text


def test_an_answer_of_intuit_that_nobody_asked_for_connects_nothing(sqlite_database: Database, tmp_path: Path) -> None:
    admin = visit(sqlite_database, tmp_path)
    answer = admin.get("/oauth/callback?code=c&realmId=1&state=forged")
    assert answer.status_code == 400
    assert "was not asked for in this browser" in text_of(answer)


def test_records_and_names_are_text_and_never_markup(sqlite_database: Database, tmp_path: Path) -> None:
    connection_id = company(sqlite_database)
    at = datetime(2026, 1, 15, 18, 30, 5, tzinfo=UTC)
    with make_sessions(sqlite_database.engine).begin() as session:
        for number, outcome in enumerate(Outcome):
            session.add(
                Record(
                    connection_id=connection_id, kind=Kind.INVOICE.value, record_id=str(number), label=HOSTILE,
                    outcome=outcome.value, outcome_at=at, cause=HOSTILE, remedy=HOSTILE, first_seen_at=at,
                )
            )  # fmt: skip
    answer = visit(sqlite_database, tmp_path).get(f"/companies/{connection_id}/")
    assert "<script>alert" not in answer.text
    assert text_of(answer).count(HOSTILE) >= 2 * len(Outcome)
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy and "unsafe" not in policy


@pytest.mark.parametrize("kind", ["sqlite_database", "postgresql_database"])
def test_what_no_database_can_look_up_is_refused_as_such(
    request: pytest.FixtureRequest, kind: str, tmp_path: Path
) -> None:
    database: Database = request.getfixturevalue(kind)
    page = f"/companies/{company(database)}/"
    admin = visit(database, tmp_path)
    large = 10**30
    early = "0001-01-01T00:00:00%2B14:00"
    for path in (f"sweeps/{large}", f"sweeps?before={large}", f"audit/?before={large}", f"records?after={early}|a|b"):
        answer = admin.get(page + path)
        assert (answer.status_code < 500, answer.mimetype) == (True, "text/html"), path
    sent = admin.send(page, f"{page}records/act", action="retry", record="invoice:\x00", back=f"{page}\r\nX-Other: 1")
    assert sent.status_code < 500
    assert "X-Other" not in sent.headers
    stranger = visit(database, tmp_path, role=None)
    assert stranger.send("/login?next=/%0d%0aX", email="a\x00@example.com", password="a").status_code < 500
