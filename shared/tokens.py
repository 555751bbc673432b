"""A valid access token for a connection, refreshed by one thread at a time across all processes.

Intuit rotates refresh tokens: of two refreshes at once the second is refused, and the authorization may be
lost with it. So whoever refreshes holds a lease on the connection's row; a lease left by a dead process runs
out.
"""

import secrets
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import OperationalError

from shared.db import connections
from shared.db.models import Connection
from shared.db.session import Sessions
from shared.errors import AuthLostError, RateLimitedError, TransientError
from shared.quickbooks.oauth import Tokens
from shared.vault import Vault

# An access token lives an hour. It is refreshed while it is still good, so that a failed refresh stops
# nobody.
REFRESH_BEFORE = timedelta(minutes=5)
_USABLE_FOR = timedelta(seconds=30)

# Longer than the time limits of a refresh allow it to take.
LEASE = timedelta(seconds=60)
_LOOK_AGAIN_S = 0.1
_LOOKS = 300
# What Intuit rotated must not be lost to a database that is restarting.
_SAVE_AGAIN_AFTER_S = (0.5, 2.0, 5.0)

log = structlog.get_logger()


class OAuth(Protocol):
    """Whoever exchanges a refresh token for new tokens."""

    def refresh(self, refresh_token: str) -> Tokens:
        """Return new tokens, or raise AuthLostError where the refresh token is refused for good."""


class AccessTokens:
    """Gives out the access tokens of all connections; many threads may share one object.

    `owner` names this process in the lease; `clock` returns aware UTC instants.
    """

    def __init__(
        self, sessions: Sessions, vault: Vault, oauth: OAuth, owner: str, clock: Callable[[], datetime]
    ) -> None:
        self._sessions = sessions
        self._vault = vault
        self._oauth = oauth
        self._owner = owner[:60]
        self._clock = clock

    def valid(self, connection_id: str, *, refuse: str | None = None) -> str:
        """Return an access token that is good for some time yet, and is not the one that QBO has just
        refused.

        Raises:
            AuthLostError: the connection is parked, or its refresh token has just been refused.
            TransientError, RateLimitedError: no token can be had for the moment.
            UnknownConnectionError: there is no such connection.
        """
        for _ in range(_LOOKS):
            with self._sessions() as session:
                row = connections.get(session, connection_id)
            held = self._held(row, refuse)
            if held is not None and self._lasts(row, REFRESH_BEFORE):
                return held
            lease = self._take_lease(row, refuse)
            if lease is not None:
                token = self._refresh(connection_id, lease, refuse)
                if token is not None:
                    return token
                continue
            if held is not None and self._lasts(row, _USABLE_FOR):
                return held
            time.sleep(_LOOK_AGAIN_S)
        raise TransientError("Another process is still fetching a new QuickBooks access token.")

    def _held(self, row: Connection, refuse: str | None) -> str | None:
        """Return the stored access token, unless it is the refused one.

        Raises:
            AuthLostError: the connection is parked.
        """
        if row.state in (connections.RECONNECT_NEEDED, connections.DISCONNECTED):
            raise connections.reconnect_needed()
        if row.access_token_encrypted is None:
            return None
        token = self._vault.decrypt(row.access_token_encrypted, bound_to=row.id)
        return None if token == refuse else token

    def _lasts(self, row: Connection, time_left: timedelta) -> bool:
        expires_at = row.access_token_expires_at
        return expires_at is not None and expires_at - self._clock() > time_left

    def _take_lease(self, seen: Connection, refuse: str | None) -> str | None:
        """Return the name of the lease now ours; None if somebody else has it, or if it is not needed now."""
        now = self._clock()
        if seen.token_lease_until is not None and seen.token_lease_until > now:
            return None
        with self._sessions.begin() as session:
            row = connections.get_locked(session, seen.id)
            if row.token_lease_until is not None and row.token_lease_until > now:
                return None
            if self._held(row, refuse) is not None and self._lasts(row, REFRESH_BEFORE):
                return None
            row.token_lease_owner = f"{self._owner}/{secrets.token_hex(6)}"
            row.token_lease_until = now + LEASE
            return row.token_lease_owner

    def _refresh(self, connection_id: str, lease: str, refuse: str | None) -> str | None:
        """Return the new access token; None if somebody else stored other tokens meanwhile."""
        with self._sessions() as session:
            row = connections.get(session, connection_id)
        refresh_token = self._vault.decrypt(row.refresh_token_encrypted, bound_to=connection_id)
        try:
            tokens = self._oauth.refresh(refresh_token)
        except AuthLostError:
            if self._park(connection_id, refresh_token):
                log.warning("reconnect needed", connection=connection_id)
                raise
            return None
        except (TransientError, RateLimitedError) as error:
            held = self._held(row, refuse)
            if held is not None and self._lasts(row, _USABLE_FOR):
                # The lease is left to run out: until then nobody waits for a service that does not answer.
                log.warning("access token not refreshed yet", connection=connection_id, cause=error.cause)
                return held
            self._release(connection_id, lease)
            raise
        for wait_s in _SAVE_AGAIN_AFTER_S:
            try:
                return self._save(connection_id, refresh_token, tokens)
            except OperationalError as error:
                log.warning("rotated token not stored yet", connection=connection_id, error=str(error.orig))
                time.sleep(wait_s)
        return self._save(connection_id, refresh_token, tokens)

    def _save(self, connection_id: str, used: str, tokens: Tokens) -> str | None:
        """Store new tokens in a transaction of their own, unless the refresh token was replaced meanwhile."""
        with self._sessions.begin() as session:
            row = connections.get_locked(session, connection_id)
            if not self._still_stored(row, used):
                return None
            row.refresh_token_encrypted = self._vault.encrypt(tokens.refresh_token, bound_to=connection_id)
            row.refresh_token_expires_at = tokens.refresh_expires_at
            row.refresh_token_hard_expires_at = tokens.refresh_hard_expires_at or row.refresh_token_hard_expires_at
            row.access_token_encrypted = self._vault.encrypt(tokens.access_token, bound_to=connection_id)
            row.access_token_expires_at = tokens.access_expires_at
            row.token_lease_owner = row.token_lease_until = None
            if row.state != connections.DISCONNECTED:
                row.state = connections.CONNECTED
        log.debug("access token refreshed", connection=connection_id)
        return tokens.access_token

    def _park(self, connection_id: str, refused: str) -> bool:
        """Park the connection, unless the refresh token that was refused has been replaced."""
        with self._sessions.begin() as session:
            row = connections.get_locked(session, connection_id)
            if not self._still_stored(row, refused):
                return False
            if row.state != connections.DISCONNECTED:
                row.state = connections.RECONNECT_NEEDED
            row.token_lease_owner = row.token_lease_until = None
            return True

    def _still_stored(self, row: Connection, refresh_token: str) -> bool:
        # Compared in plain text: the same token may have been encrypted anew under another key.
        return self._vault.decrypt(row.refresh_token_encrypted, bound_to=row.id) == refresh_token

    def _release(self, connection_id: str, lease: str) -> None:
        with self._sessions.begin() as session:
            session.execute(
                sa.update(Connection)
                .where(Connection.id == connection_id, Connection.token_lease_owner == lease)
                .values(token_lease_owner=None, token_lease_until=None)
            )
