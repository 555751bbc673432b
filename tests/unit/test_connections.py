"""Connections: what is stored, what hangs on them, and what stays secret."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from shared.db import connections, sweeps
from shared.db.migrate import migrate
from shared.db.models import Connection, Link, Pace, Record, Sweep
from shared.db.session import Sessions, make_engine, make_sessions
from shared.errors import RejectedError, TransientError
from shared.settings import Preferences, Settings
from shared.vault import Vault, VaultError

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
VAULT = Vault([Fernet.generate_key().decode()])
PREFERENCES = Preferences("Craig's Design", "US", "USD", allow_discount=True, book_close_date=date(2026, 6, 30))


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[Sessions]:
    engine = make_engine(f"sqlite:///{tmp_path / 'books.db'}")
    migrate(engine)
    yield make_sessions(engine)
    engine.dispose()


def add(sessions: Sessions, realm_id: str = "123", preferences: Preferences | None = PREFERENCES) -> Connection:
    with sessions.begin() as session:
        return connections.add(
            session,
            VAULT,
            name="Acme",
            invoiced_api_key="api key",
            invoiced_webhook_secret="webhook secret",
            realm_id=realm_id,
            refresh_token="refresh token",
            time_zone="America/Chicago",
            start_date=date(2026, 1, 1),
            now=NOW,
            settings=Settings(income_account="79"),
            preferences=preferences,
        )


def test_a_connection_comes_back_as_it_was_added(sessions: Sessions) -> None:
    connection_id = add(sessions).id
    with sessions() as session:
        row = connections.get(session, connection_id)
        profile = connections.profile(row)
        assert connections.list_all(session) == [row]
        assert connections.find_id_of_realm(session, "123") == connection_id
        assert connections.invoiced_api_key(row, VAULT) == "api key"
        assert connections.find_webhook_secret(session, VAULT, connection_id) == "webhook secret"
    assert profile == connections.Profile(
        id=connection_id,
        name="Acme",
        state="connected",
        realm_id="123",
        time_zone=ZoneInfo("America/Chicago"),
        start_date=date(2026, 1, 1),
        settings=Settings(income_account="79"),
        preferences=PREFERENCES,
    )


def test_what_does_not_exist_is_none_or_an_error(sessions: Sessions) -> None:
    with sessions() as session:
        assert connections.find(session, "nobody") is None
        assert connections.find_webhook_secret(session, VAULT, "nobody") is None
        assert connections.find_id_of_realm(session, "1") is None
        for act in (connections.get, connections.get_locked, connections.remove, connections.park):
            with pytest.raises(connections.UnknownConnectionError, match="nobody"):
                act(session, "nobody")


def test_no_secret_lies_readable_or_opens_for_another_connection(sessions: Sessions) -> None:
    first, second = add(sessions, "1").id, add(sessions, "2").id
    with sessions.begin() as session:
        for column in ("invoiced_api_key", "invoiced_webhook_secret", "refresh_token"):
            stored = getattr(connections.get(session, first), f"{column}_encrypted")
            assert not any(secret in stored for secret in ("api key", "webhook secret", "refresh token"))
            setattr(connections.get(session, second), f"{column}_encrypted", stored)
    with sessions() as session, pytest.raises(VaultError, match="another connection"):
        connections.find_webhook_secret(session, VAULT, second)


def test_a_company_is_connected_once(sessions: Sessions) -> None:
    add(sessions)
    with pytest.raises(RejectedError, match="connected already"):
        add(sessions)


def test_an_unknown_time_zone_is_refused(sessions: Sessions) -> None:
    for name in ("Mars/Olympus", "", "../etc/passwd", "America"):
        with sessions.begin() as session, pytest.raises(RejectedError, match="time zone"):
            connections.add(
                session, VAULT, name="A", invoiced_api_key="k", invoiced_webhook_secret="s", realm_id="9",
                refresh_token="r", time_zone=name, start_date=None, now=NOW,
            )  # fmt: skip


def test_removing_a_connection_takes_along_what_hangs_on_it(sessions: Sessions) -> None:
    gone, kept = add(sessions, "1").id, add(sessions, "2").id
    with sessions.begin() as session:
        for connection_id, realm_id in ((gone, "1"), (kept, "2")):
            session.add(Record(connection_id=connection_id, kind="invoice", record_id="7", first_seen_at=NOW))
            session.add(
                Link(
                    connection_id=connection_id, kind="invoice", record_id="7", role="invoice",
                    qbo_entity="Invoice", qbo_id="5", sync_token="0", standing={}, created_at=NOW, updated_at=NOW,
                )
            )  # fmt: skip
            session.add(Pace(realm_id=realm_id, limit_name="calls", booked_until_us=1))
            session.add(
                Sweep(connection_id=connection_id, scope="catch-up", why="person", state="finding", asked_at=NOW)
            )
    with sessions.begin() as session:
        connections.remove(session, gone)

    # From here on nobody knows of it, its company is free, and nothing of it is taken up; the rest follows in parts.
    with sessions.begin() as session:
        assert [row.id for row in connections.list_all(session)] == [kept]
        assert [row.id for row in connections.list_names(session)] == [kept]
        assert connections.find(session, gone) is None
        assert connections.find_webhook_secret(session, VAULT, gone) is None
        assert connections.find_id_of_realm(session, "1") is None
        for act in (connections.get, connections.get_locked, connections.remove):
            with pytest.raises(connections.UnknownConnectionError):
                act(session, gone)
        taken = sweeps.take(session, "me", NOW)
        assert taken is not None and taken.connection_id == kept
        assert sweeps.take(session, "me", NOW, taken.id) is None
        assert connections.find_removed(session) == gone
    for _ in range(3):
        with sessions.begin() as session:
            assert connections.clear(session, gone, at_most=1), "a link, a record, and then itself"
    with sessions.begin() as session:
        assert not connections.clear(session, kept)
        assert connections.find_removed(session) is None
        assert list(session.scalars(sa.select(Connection.id))) == [kept]
        assert list(session.scalars(sa.select(Record.connection_id))) == [kept]
        assert list(session.scalars(sa.select(Link.connection_id))) == [kept]
        assert list(session.scalars(sa.select(Pace.realm_id))) == ["2"]


def test_a_new_refresh_token_ends_the_wait_for_a_reconnect(sessions: Sessions) -> None:
    connection_id = add(sessions).id
    with sessions.begin() as session:
        connections.park(session, connection_id)
        row = connections.get(session, connection_id)
        row.access_token_encrypted, row.access_token_expires_at = "old", NOW
        row.token_lease_owner, row.token_lease_until = "somebody", NOW
        assert row.state == "reconnect needed"
    with sessions.begin() as session:
        connections.replace_refresh_token(session, VAULT, connection_id, "R9")
    with sessions() as session:
        row = connections.get(session, connection_id)
        assert row.state == "connected"
        assert VAULT.decrypt(row.refresh_token_encrypted, bound_to=connection_id) == "R9"
        assert (row.access_token_encrypted, row.token_lease_owner, row.token_lease_until) == (None, None, None)


def test_preferences_and_settings_are_replaced_as_a_whole(sessions: Sessions) -> None:
    connection_id = add(sessions, preferences=None).id
    with sessions.begin() as session:
        with pytest.raises(TransientError, match="being set up"):
            connections.profile(connections.get(session, connection_id))
        connections.save_preferences(session, connection_id, PREFERENCES, NOW)
        connections.save_settings(session, connection_id, Settings(number_prefix="X-"))
    with sessions() as session:
        row = connections.get(session, connection_id)
        assert connections.profile(row).preferences == PREFERENCES
        assert connections.profile(row).settings == Settings(number_prefix="X-")
        assert row.preferences_read_at == NOW
