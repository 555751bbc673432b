"""Builds, once for a process, every engine, client and token source, and from them what a handler is given."""

import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from consumer.deps import Deps, Exchanges
from shared.config import Config
from shared.db import connections
from shared.db.models import Connection
from shared.db.pacing import RealmPace
from shared.db.session import Sessions, make_engine, make_sessions
from shared.invoiced.client import InvoicedClient
from shared.outbound import Outbound
from shared.quickbooks.client import QuickBooksClient
from shared.quickbooks.oauth import QuickBooksOAuth
from shared.tokens import AccessTokens
from shared.vault import Vault


def utc_now() -> datetime:
    """Return the present as an aware UTC instant."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class _Clients:
    quickbooks: QuickBooksClient
    pace: RealmPace
    invoiced: InvoicedClient


class Wiring:
    """Everything that the threads of one process share. `now` gives aware UTC instants."""

    def __init__(self, config: Config, engine: sa.Engine | None = None, now: Callable[[], datetime] = utc_now) -> None:
        self.config = config
        self.now = now
        self.engine = engine or make_engine(config.database_url, pool_size=config.consumer_threads + 6)
        self.sessions: Sessions = make_sessions(self.engine)
        self.vault = Vault(config.token_keys)
        self.process_name = f"{socket.gethostname()[:40]}:{os.getpid()}"
        self.oauth = QuickBooksOAuth(
            config.quickbooks_discovery_url,
            config.quickbooks_client_id,
            config.quickbooks_client_secret,
            clock=now,
        )
        self.tokens = AccessTokens(self.sessions, self.vault, self.oauth, self.process_name, now)
        self._exchanges = Exchanges()
        self._to_quickbooks = Outbound("QuickBooks")
        self._to_invoiced = Outbound("Invoiced")
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], _Clients] = {}

    def deps(self, connection_id: str, owner: str) -> Deps:
        """Return what a handler needs for one connection; its settings are read anew.

        Raises:
            UnknownConnectionError: there is no such connection (any more).
            TransientError: the connection is still being set up.
        """
        with self.sessions() as session:
            row = connections.get(session, connection_id)
        clients = self._clients_of(row)
        return Deps(
            sessions=self.sessions,
            profile=connections.profile(row),
            quickbooks=clients.quickbooks,
            batch_is_free=clients.pace.batch_is_free,
            invoiced=clients.invoiced,
            exchanges=self._exchanges,
            owner=owner,
            now=self.now,
        )

    def quickbooks(self, connection_id: str) -> QuickBooksClient:
        """Return the client for a connection's QBO company, also while it is being set up.

        Raises:
            UnknownConnectionError: there is no such connection.
        """
        with self.sessions() as session:
            row = connections.get(session, connection_id)
        return self._clients_of(row).quickbooks

    def _clients_of(self, row: Connection) -> _Clients:
        # A new API key makes new clients.
        key = (row.id, row.invoiced_api_key_encrypted)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._build(row)
            return self._clients[key]

    def _build(self, row: Connection) -> _Clients:
        connection_id = row.id
        pace = RealmPace(self.sessions, row.realm_id, self.config.quickbooks_calls_per_minute, clock=self.now)
        return _Clients(
            QuickBooksClient(
                self.config.quickbooks_api_url,
                row.realm_id,
                access_token=lambda refuse: self.tokens.valid(connection_id, refuse=refuse),
                pace=pace,
                outbound=self._to_quickbooks,
                on_exchange=self._exchanges.note,
            ),
            pace,
            InvoicedClient(
                self.config.invoiced_api_url,
                connections.invoiced_api_key(row, self.vault),
                outbound=self._to_invoiced,
            ),
        )
