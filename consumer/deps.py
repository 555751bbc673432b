"""What a handler is given to work with, for one connection."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from shared.db.connections import Profile
from shared.db.history import CALLS_OF_A_LOOK, Call
from shared.db.models import Record
from shared.db.records import RecordKey
from shared.db.session import Sessions
from shared.errors import RejectedError
from shared.invoiced.client import InvoicedClient
from shared.messages import Kind, Message
from shared.quickbooks.client import Exchange, QuickBooksClient


class Exchanges(threading.local):
    """The calls to QuickBooks of each record that this thread has in work, innermost last."""

    def __init__(self) -> None:
        self._of_records: list[deque[Call]] = []

    def begin(self) -> None:
        """A record is taken in hand; what is called from here on is on its account."""
        self._of_records.append(deque(maxlen=CALLS_OF_A_LOOK))

    def note(self, exchange: Exchange) -> None:
        """A call was made."""
        if not self._of_records:
            return
        self._of_records[-1].append(
            Call(
                at=datetime.now(UTC),
                request={"method": exchange.method, "path": exchange.path, "body": exchange.body},
                reply={"status": exchange.status, "intuit_tid": exchange.intuit_tid, "body": exchange.reply},
                intuit_tid=exchange.intuit_tid,
            )
        )

    def end(self) -> list[Call]:
        """The record in hand is done with; return its calls, the oldest first."""
        return list(self._of_records.pop())


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

    `message` is the one that caused this look; None where another record's look did. `releases`: whoever waits for
    this record may go on, however this look ends. `customer_id` is Invoiced's id of the customer that it is about.
    """

    key: RecordKey
    row: Record
    message: Message | None = None
    label: str | None = None
    releases: bool = False
    customer_id: int | None = None
    learned: dict[str, Any] = field(default_factory=dict)

    @property
    def occurred_at(self) -> datetime | None:
        """When the event that caused this look happened, if one did."""
        return None if self.message is None else self.message.occurred_at

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
