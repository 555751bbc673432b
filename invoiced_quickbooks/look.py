"""One look at one record, now and in this process, under the record's lease."""

import threading
import time
from collections.abc import Callable

from consumer.leases import LeaseKeeper
from consumer.wiring import Wiring
from consumer.worker import Worker
from shared.db import records
from shared.db.records import RecordKey
from shared.errors import WaitingError
from shared.messages import Message, Why
from shared.outcomes import Settlement
from shared.queues import Publisher

PATIENCE_S = 60.0
_LOOK_AGAIN_S = 0.5


def look_now(wiring: Wiring, key: RecordKey, say: Callable[[str], None], patience_s: float = PATIENCE_S) -> Settlement:
    """Bring one record in line and return how it ended; one that is in work elsewhere is waited for.

    A person asked, so what failed before is tried again. `say` is told when there is something to wait for.

    Raises:
        WaitingError: the record was still in work elsewhere after `patience_s` seconds.
        SyncError: the look could not begin (the connection is gone, or not set up yet).
    """
    deadline = time.monotonic() + patience_s
    stop = threading.Event()
    publisher = Publisher(wiring.config.broker_url, wiring.engine)
    keeper = LeaseKeeper(wiring.sessions, wiring.now, stop)
    keeper.start()
    try:
        worker = Worker(wiring, publisher, keeper)
        message = Message(key.connection_id, key.kind, key.record_id, Why.MANUAL, seen_at=wiring.now())
        has_said = False
        while True:
            settlement = worker.handle(message)
            if settlement is not None:
                return settlement
            if not has_said:
                say(f"The {key.kind.value} is in work elsewhere; waiting for it.")
                has_said = True
            _wait_for_lease(wiring, key, deadline)
    finally:
        stop.set()
        keeper.join()
        publisher.close()


def _wait_for_lease(wiring: Wiring, key: RecordKey, deadline: float) -> None:
    """Return once nobody holds the record.

    Raises:
        WaitingError: somebody still did at the deadline.
    """
    while True:
        with wiring.sessions() as session:
            row = records.find(session, key)
        if row is None or row.lease_until is None or row.lease_until <= wiring.now():
            return
        if time.monotonic() >= deadline:
            raise WaitingError(
                f"The {key.kind.value} is still in work elsewhere ({row.lease_owner}).",
                remedy="Whoever has it looks at it once more afterwards; see `invoiced-quickbooks record`.",
            )
        time.sleep(_LOOK_AGAIN_S)
