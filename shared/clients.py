"""Builds, once for a process, the database, the token source and, for each connection, the vendors' clients."""

import os
import secrets
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from shared.config import Config
from shared.db import connections
from shared.db.connection_health import note_read
from shared.db.models import Connection
from shared.db.pacing import RealmPace
from shared.db.session import Sessions, make_engine, make_sessions
from shared.invoiced.client import InvoicedClient
from shared.outbound import Outbound
from shared.quickbooks.client import Exchange, QuickBooksClient
from shared.quickbooks.oauth import QuickBooksOAuth
from shared.tokens import AccessTokens
from shared.vault import Vault


def utc_now() -> datetime:
    """Return the present as an aware UTC instant."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class ConnectionClients:
    """The clients of one connection; `pace` keeps the calls to its QBO company under Intuit's limits."""

    quickbooks: QuickBooksClient
    pace: RealmPace
    invoiced: InvoicedClient


class Clients:
    """Everything that the threads of one process share. `now` gives aware UTC instants.

    Each call to QuickBooks is handed to `on_exchange` in the calling thread.
    """

    def __init__(
        self,
        config: Config,
        engine: sa.Engine | None = None,
        now: Callable[[], datetime] = utc_now,
        on_exchange: Callable[[Exchange], None] | None = None,
    ) -> None:
        self.config = config
        self.now = now
        self.engine = engine or make_engine(config.database_url, pool_size=config.consumer_threads + 6)
        self.sessions: Sessions = make_sessions(self.engine)
        self.vault = Vault(config.token_keys)
        # The last part tells containers apart whose names begin alike and whose first process is 1.
        self.process_name = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(3)}"
        self.oauth = QuickBooksOAuth(
            config.quickbooks_discovery_url,
            config.quickbooks_client_id,
            config.quickbooks_client_secret,
            clock=now,
        )
        self.tokens = AccessTokens(self.sessions, self.vault, self.oauth, self.process_name, now)
        self._on_exchange = on_exchange
        self._to_quickbooks = Outbound("QuickBooks")
        self._to_invoiced = Outbound("Invoiced")
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str, str, bool], ConnectionClients] = {}

    def quickbooks(self, connection_id: str, *, bulk: bool = False) -> QuickBooksClient:
        """Return the client for a connection's QBO company, also while it is being set up; `bulk`: one whose calls let
        others go first.

        Raises:
            UnknownConnectionError: there is no such connection.
        """
        return self._clients_by_id(connection_id, bulk=bulk).quickbooks

    def invoiced(self, connection_id: str) -> InvoicedClient:
        """Return the client for a connection's Invoiced account.

        Raises:
            UnknownConnectionError: there is no such connection.
        """
        return self._clients_by_id(connection_id).invoiced

    def invoiced_with_key(self, api_key: str) -> InvoicedClient:
        """Return a client for the account of a key that somebody has just given, to try it."""
        return InvoicedClient(self.config.invoiced_api_url, api_key, outbound=self._to_invoiced)

    def quickbooks_with_token(self, realm_id: str, access_token: str) -> QuickBooksClient:
        """Return a client for the company of a consent that somebody has just given, to see what company it is."""
        return QuickBooksClient(
            self.config.quickbooks_api_url,
            realm_id,
            access_token=lambda _refused: access_token,
            pace=RealmPace(self.sessions, realm_id, self.config.quickbooks_calls_per_minute, clock=self.now),
            outbound=self._to_quickbooks,
            on_exchange=lambda exchange: self._note(realm_id, exchange),
        )

    def clients_of(self, row: Connection, *, bulk: bool = False) -> ConnectionClients:
        """Return the clients of a connection; another API key or company makes new ones."""
        key = (row.id, row.realm_id, row.invoiced_api_key_encrypted, bulk)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._build(row, bulk=bulk)
            return self._clients[key]

    def close(self) -> None:
        """Close the connections to Intuit and to the database."""
        self.oauth.close()
        self.engine.dispose()

    def _note(self, realm_id: str, exchange: Exchange) -> None:
        # Intuit meters reads by the month: queries and change data capture among them, writes not.
        if exchange.method == "GET" or "/query?" in exchange.path:
            with self.sessions.begin() as session:
                note_read(session, realm_id, self.now())
        if self._on_exchange is not None:
            self._on_exchange(exchange)

    def _clients_by_id(self, connection_id: str, *, bulk: bool = False) -> ConnectionClients:
        with self.sessions() as session:
            row = connections.get(session, connection_id)
        return self.clients_of(row, bulk=bulk)

    def _build(self, row: Connection, *, bulk: bool) -> ConnectionClients:
        connection_id = row.id
        pace = RealmPace(
            self.sessions, row.realm_id, self.config.quickbooks_calls_per_minute, bulk=bulk, clock=self.now
        )
        return ConnectionClients(
            QuickBooksClient(
                self.config.quickbooks_api_url,
                row.realm_id,
                access_token=lambda refuse: self.tokens.valid(connection_id, refuse=refuse),
                pace=pace,
                outbound=self._to_quickbooks,
                on_exchange=lambda exchange: self._note(row.realm_id, exchange),
            ),
            pace,
            self.invoiced_with_key(connections.invoiced_api_key(row, self.vault)),
        )
