"""What one look at a record is given, built on the clients that the threads of a process share."""

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from consumer.deps import Deps, Exchanges
from shared.clients import Clients, utc_now
from shared.config import Config
from shared.db import connections


class Wiring(Clients):
    """The clients of a process that looks at records: it keeps the last call of each look."""

    def __init__(self, config: Config, engine: sa.Engine | None = None, now: Callable[[], datetime] = utc_now) -> None:
        self._exchanges = Exchanges()
        super().__init__(config, engine, now, on_exchange=self._exchanges.note)

    def deps(self, connection_id: str, owner: str, *, bulk: bool = False) -> Deps:
        """Return what a handler needs for one connection; its settings are read anew. `bulk`: its calls to QuickBooks
        let others go first.

        Raises:
            UnknownConnectionError: there is no such connection (any more).
            TransientError: the connection is still being set up.
        """
        with self.sessions() as session:
            row = connections.get(session, connection_id)
        clients = self.clients_of(row, bulk=bulk)
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
