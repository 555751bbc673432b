"""Access tokens on SQLite: refreshed once, kept before they are used, parked when the grant is gone."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

import shared.tokens
from shared.db import connections
from shared.db.migrate import migrate
from shared.db.models import Connection
from shared.db.session import Sessions, make_engine, make_sessions
from shared.errors import AuthLostError, TransientError
from shared.quickbooks.oauth import AppRefusedError, QuickBooksOAuth
from shared.settings import Preferences
from shared.tokens import LEASE, AccessTokens
from shared.vault import Vault
from tests.scripted_server import Reply
from tests.token_service import TokenService, token_service

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
VAULT = Vault([Fernet.generate_key().decode()])
DOWN = Reply(503, "down")


class Setup:
    """One connection with refresh token R0, a token service, and a clock that the test moves."""

    def __init__(self, sessions: Sessions, service: TokenService) -> None:
        self.now = NOW
        self.sessions = sessions
        self.service = service
        self.oauth: QuickBooksOAuth = service.oauth(lambda: self.now)
        self.tokens = AccessTokens(sessions, VAULT, self.oauth, "host/1", lambda: self.now)
        with sessions.begin() as session:
            self.id = connections.add(
                session, VAULT, name="Acme", invoiced_api_key="k", invoiced_webhook_secret="s", realm_id="123",
                refresh_token="R0", time_zone="UTC", start_date=None, now=NOW,
                preferences=Preferences("Acme", "US", "USD"),
            ).id  # fmt: skip

    def row(self) -> Connection:
        with self.sessions() as session:
            return connections.get(session, self.id)

    def stored(self) -> tuple[str, str | None, str]:
        """Return refresh token, access token and state as the database has them."""
        row = self.row()
        access = row.access_token_encrypted
        return (
            VAULT.decrypt(row.refresh_token_encrypted, bound_to=self.id),
            None if access is None else VAULT.decrypt(access, bound_to=self.id),
            row.state,
        )


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Setup]:
    # QuickBooksOAuth sets this for a token service on loopback; the test takes it back.
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    engine = make_engine(f"sqlite:///{tmp_path / 'tokens.db'}")
    migrate(engine)
    with token_service() as service:
        made = Setup(make_sessions(engine), service)
        yield made
        made.oauth.close()
    engine.dispose()


def test_a_token_is_fetched_once_and_again_shortly_before_it_expires(setup: Setup) -> None:
    assert setup.tokens.valid(setup.id) == "A1"
    setup.now += timedelta(minutes=54)
    assert setup.tokens.valid(setup.id) == "A1"
    setup.now += timedelta(minutes=2)
    assert setup.tokens.valid(setup.id) == "A2"
    assert setup.service.asked == ["R0", "R1"]
    assert setup.stored() == ("R2", "A2", "connected")
    assert setup.row().token_lease_until is None


def test_a_refused_token_is_replaced_once_for_all_who_held_it(setup: Setup) -> None:
    assert setup.tokens.valid(setup.id) == "A1"
    assert setup.tokens.valid(setup.id, refuse="A1") == "A2"
    assert setup.tokens.valid(setup.id, refuse="A1") == "A2"
    assert setup.service.refreshes == 2


def test_many_threads_share_one_refresh(setup: Setup) -> None:
    setup.service.delay_s = 0.3
    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.append(setup.tokens.valid(setup.id))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == ["A1"] * 8
    assert setup.service.asked == ["R0"]


def test_no_transaction_is_open_while_intuit_is_asked(setup: Setup) -> None:
    def write() -> None:
        with setup.sessions.begin() as session:
            connections.get_locked(session, setup.id).name = "written meanwhile"

    setup.service.before_answer = write
    assert setup.tokens.valid(setup.id) == "A1"
    assert setup.row().name == "written meanwhile"


def test_a_refused_grant_parks_the_connection_and_nobody_asks_again(setup: Setup) -> None:
    setup.service.failures = [Reply(400, {"error": "invalid_grant"})]
    for _ in range(3):
        with pytest.raises(AuthLostError) as caught:
            setup.tokens.valid(setup.id)
        assert "Connect QuickBooks again" in caught.value.remedy
    assert setup.service.asked == ["R0"]
    assert setup.stored() == ("R0", None, "reconnect needed")


def test_a_parked_connection_gives_out_no_token_that_it_still_holds(setup: Setup) -> None:
    setup.tokens.valid(setup.id)
    with setup.sessions.begin() as session:
        connections.park(session, setup.id)
    with pytest.raises(AuthLostError):
        setup.tokens.valid(setup.id)
    with setup.sessions.begin() as session:
        connections.replace_refresh_token(session, VAULT, setup.id, "R1")
    assert setup.tokens.valid(setup.id) == "A2"


def test_a_grant_refused_while_somebody_reconnected_parks_nothing(setup: Setup) -> None:
    def reconnect() -> None:
        with setup.sessions.begin() as session:
            connections.replace_refresh_token(session, VAULT, setup.id, "R1")

    # Somebody refreshed R0 elsewhere; while ours is under way, an admin brings the token that is good now.
    setup.service.refreshes = 1
    asked = setup.service.answer

    def answer(request: object) -> Reply:
        reply = asked(request)  # type: ignore[arg-type]
        if reply.status == 400:
            reconnect()
        return reply

    setup.service.server.script = answer
    assert setup.tokens.valid(setup.id) == "A2"
    assert setup.service.asked == ["R0", "R1"]
    assert setup.stored() == ("R2", "A2", "connected")


def test_new_tokens_never_overwrite_those_of_a_reconnect(setup: Setup) -> None:
    def reconnect() -> None:
        setup.service.before_answer = lambda: None
        with setup.sessions.begin() as session:
            connections.replace_refresh_token(session, VAULT, setup.id, "R1")

    setup.service.before_answer = reconnect
    assert setup.tokens.valid(setup.id) == "A2"
    assert setup.stored() == ("R2", "A2", "connected")


def test_a_service_that_is_down_stops_nobody_while_the_token_is_good(setup: Setup) -> None:
    setup.tokens.valid(setup.id)
    setup.now += timedelta(minutes=56)
    setup.service.failures = [DOWN]
    # One attempt for all; then the lease is left to run out.
    assert [setup.tokens.valid(setup.id) for _ in range(3)] == ["A1"] * 3
    assert setup.service.asked == ["R0", "R1"]
    setup.now += LEASE
    assert setup.tokens.valid(setup.id) == "A2"


@pytest.mark.parametrize(
    ("failure", "error"), [(DOWN, TransientError), (Reply(401, {"error": "invalid_client"}), AppRefusedError)]
)
def test_a_failed_refresh_is_an_error_only_for_the_moment(
    setup: Setup, failure: Reply, error: type[TransientError]
) -> None:
    setup.service.failures = [failure]
    with pytest.raises(error):
        setup.tokens.valid(setup.id)
    assert setup.tokens.valid(setup.id) == "A1"
    assert setup.stored() == ("R1", "A1", "connected")


def test_the_lease_of_a_dead_process_runs_out(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    with setup.sessions.begin() as session:
        row = connections.get(session, setup.id)
        row.token_lease_owner, row.token_lease_until = "dead", NOW + LEASE
    monkeypatch.setattr(shared.tokens, "_LOOKS", 2)
    with pytest.raises(TransientError, match="Another process"):
        setup.tokens.valid(setup.id)
    assert setup.service.asked == []
    setup.now += LEASE
    assert setup.tokens.valid(setup.id) == "A1"
    # What the dead one would still do with its lease touches nobody.
    assert setup.row().token_lease_owner is None


def test_an_unknown_connection_has_no_token(setup: Setup) -> None:
    with pytest.raises(connections.UnknownConnectionError):
        setup.tokens.valid("nobody")
