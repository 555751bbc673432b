"""Publishers and consumers as processes of their own, to be killed in the middle of their work.

`python -m tests.integration.broker_programs PROGRAM BROKER_URL DATABASE_URL [ARGUMENTS]`; every line on stdout
is the id of a record whose message has been confirmed, or handled.
"""

import os
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import sqlalchemy as sa

from shared.db.session import make_engine
from shared.messages import Kind, Message, Why, from_json
from shared.queues import LIVE, Publisher, QueueWorker
from tests.patience import PATIENCE_S


def message(record_id: str) -> Message:
    """Return a message about the record, seen now."""
    return Message("acme", Kind.INVOICE, record_id, Why.WEBHOOK, datetime.now(UTC))


def publish(broker_url: str, engine: sa.Engine, prefix: str, count: str) -> None:
    """Publish one message after another, then wait to be killed."""
    publisher = Publisher(broker_url, engine, timeout_s=PATIENCE_S)
    for number in range(int(count)):
        publisher.publish([message(f"{prefix}{number}")])
        print(f"{prefix}{number}", flush=True)
    threading.Event().wait()


def consume(broker_url: str, engine: sa.Engine, prefetch: str, lease_s: str, hang_after: str) -> None:
    """Handle messages; after `hang_after` of them, keep the next one and all that was prefetched."""
    handled = 0

    def on_message(body: bytes) -> None:
        nonlocal handled
        if handled == int(hang_after):
            print("hangs", flush=True)
            threading.Event().wait()
        handled += 1
        print(from_json(body).record_id, flush=True)

    worker = QueueWorker(broker_url, engine, LIVE, on_message, threading.Event(), int(prefetch), lease_s=float(lease_s))
    worker.run()


def publish_on_both_sides_of_a_fork(broker_url: str, engine: sa.Engine) -> None:
    """Publish, fork, and publish from the child with the same publisher."""
    publisher = Publisher(broker_url, engine, timeout_s=PATIENCE_S)
    publisher.publish([message("parent")])
    engine.dispose(close=False)
    child = os.fork()
    if child == 0:
        engine.dispose(close=False)
        publisher.publish([message("child")])
        print("child", flush=True)
        os._exit(0)
    os.waitpid(child, 0)
    publisher.publish([message("parent again")])
    print("parent again", flush=True)


if __name__ == "__main__":
    program, broker, database, *arguments = sys.argv[1:]
    programs: dict[str, Callable[..., None]] = {
        "publish": publish,
        "consume": consume,
        "fork": publish_on_both_sides_of_a_fork,
    }
    programs[program](broker, make_engine(database), *arguments)
