"""What a handler is given to work with, for one connection."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from shared.db.connections import Profile
from shared.db.models import Record
from shared.db.records import RecordKey
from shared.db.session import Sessions
from shared.errors import RejectedError
from shared.invoiced.client import InvoicedClient
from shared.messages import Kind
from shared.quickbooks.client import Exchange, QuickBooksClient


class Exchanges(threading.local):
    """The last call to QuickBooks of each record that this thread has in work, innermost last."""

    def __init__(self) -> None:
        self._last: list[Exchange | None] = []

    def begin(self) -> None:
        """A record is taken in hand; what is called from here on is on its account."""
        self._last.append(None)

    def note(self, exchange: Exchange) -> None:
        """A call was made."""
        if self._last:
            self._last[-1] = exchange

    def end(self) -> Exchange | None:
        """The record in hand is done with; return its last call."""
        return self._last.pop()


@dataclass(frozen=True)
class Deps:
    """Everything that one look at a record may use.

    `batch_is_free` tells whether Intuit's limit on batches lets one go at once.
    `owner` names this worker in leases; `now` gives aware UTC instants; `forced`: a person asked, so that what
    failed before is tried again.
    """

    sessions: Sessions
    profile: Profile
    quickbooks: QuickBooksClient
    batch_is_free: Callable[[], bool]
    invoiced: InvoicedClient
    exchanges: Exchanges
    owner: str
    now: Callable[[], datetime]
    forced: bool = False

    def record(self, kind: Kind, record_id: object) -> RecordKey:
        """Return the key of a record of this connection."""
        return RecordKey(self.profile.id, kind, str(record_id))

    def on_behalf_of_a_person(self, asked: bool) -> "Deps":
        """Return the same, with `forced` set if a person asked."""
        return replace(self, forced=self.forced or asked)


@dataclass
class Look:
    """One look at a record: its key, its row as it was when the lease was taken, and what was learned of it.

    `occurred_at` is when the event that caused this look happened, if one did. `releases`: whoever waits for this
    record may go on, however this look ends.
    """

    key: RecordKey
    row: Record
    occurred_at: datetime | None = None
    label: str | None = None
    releases: bool = False
    learned: dict[str, Any] = field(default_factory=dict)

    @property
    def invoiced_id(self) -> int:
        """The record's id in Invoiced.

        Raises:
            RejectedError: it is no id of Invoiced's.
        """
        text = self.key.record_id
        if not (text.isascii() and text.isdecimal() and len(text) < 19):
            raise RejectedError(
                f"{text[:50]!r} is no id of a record in Invoiced",
                remedy="Give the number that Invoiced shows in the record's address.",
            )
        return int(text)
