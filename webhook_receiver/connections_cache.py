"""What a webhook needs to know of connections, remembered for a moment: secrets and companies."""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from shared.db.connections import find_id_of_realm, find_webhook_secret
from shared.db.session import Sessions
from shared.vault import Vault

# A connection that is removed goes on being known for as long as this.
REMEMBERED_S = 10.0

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class ConnectionsCache:
    """Webhook secrets by connection, and connections by QBO company, for the threads of one process.

    What is not found is asked of the database each time: a connection that was just added is known at once.
    """

    def __init__(
        self,
        sessions: Sessions,
        vault: Vault,
        remembered_s: float = REMEMBERED_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sessions = sessions
        self._vault = vault
        self._secrets: _Remembered[str, str] = _Remembered(remembered_s, clock)
        self._ids_by_realm: _Remembered[str, str] = _Remembered(remembered_s, clock)

    def find_webhook_secret(self, connection_id: str) -> str | None:
        """Return the secret under which Invoiced signs for this connection, None if there is none such."""
        return self._secrets.find(
            connection_id, lambda: self._ask(lambda db: find_webhook_secret(db, self._vault, connection_id))
        )

    def find_id_of_realm(self, realm_id: str) -> str | None:
        """Return the id of the connection with this QBO company, None if it is not connected."""
        return self._ids_by_realm.find(realm_id, lambda: self._ask(lambda db: find_id_of_realm(db, realm_id)))

    def _ask(self, question: Callable[[Session], str | None]) -> str | None:
        with self._sessions() as session:
            return question(session)


class _Remembered(Generic[_Key, _Value]):
    """Values that were found, each until `remembered_s` seconds later. Safe among threads."""

    def __init__(self, remembered_s: float, clock: Callable[[], float]) -> None:
        self._remembered_s = remembered_s
        self._clock = clock
        self._lock = threading.Lock()
        self._values: dict[_Key, tuple[float, _Value]] = {}

    def find(self, key: _Key, look_up: Callable[[], _Value | None]) -> _Value | None:
        # The look-up runs outside the lock: one that is slow holds back nobody else's request.
        now = self._clock()
        with self._lock:
            known = self._values.get(key)
        if known is not None and now < known[0]:
            return known[1]
        value = look_up()
        with self._lock:
            if value is None:
                self._values.pop(key, None)
            else:
                self._values[key] = (now + self._remembered_s, value)
        return value
