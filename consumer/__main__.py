"""`python -m consumer`: the consumer process. Every client, engine and queue is built in `consumer.wiring`."""

import signal
import sys
import threading
import time
from collections.abc import Callable

import structlog

from consumer.leases import LeaseKeeper
from consumer.schedule import Schedule
from consumer.sweep import SweepRunner
from consumer.wiring import Wiring
from consumer.worker import Worker
from shared.config import Config, ConfigError
from shared.log import configure_logging
from shared.queues import BULK, LIVE, Publisher, QueueWorker

# Records in work when the process is told to stop get this long to come to their end.
LAST_LOOKS_S = 25.0
LOOK_FOR_END_EVERY_S = 0.2

log = structlog.get_logger()


def main() -> int:
    """Run until SIGTERM or SIGINT; return the exit status."""
    try:
        config = Config.from_env()
    except ConfigError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return 1
    configure_logging(config.log_format)
    signals: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        # Only this list is touched in a handler: it may interrupt the main thread while that holds a lock.
        signal.signal(number, lambda number, _: signals.append(number))
    return run(config, lambda: bool(signals))


def run(config: Config, is_told_to_stop: Callable[[], bool]) -> int:
    """Consume until told to stop (0), or until a thread of its own has died (1): then whoever supervises starts anew.

    Bulk work has threads of its own, whose calls let others go first, so that a sweep delays no webhook.
    """
    stop = threading.Event()
    wiring = Wiring(config)
    publisher = Publisher(config.broker_url, wiring.engine)
    keeper = LeaseKeeper(wiring.sessions, wiring.now, stop)
    handlers = {name: Worker(wiring, publisher, keeper, bulk=name == BULK).on_message for name in (LIVE, BULK)}
    queues = [LIVE] * config.consumer_threads + [BULK] * max(1, config.consumer_threads // 4)
    workers = [
        threading.Thread(
            target=QueueWorker(config.broker_url, wiring.engine, queue, handlers[queue], stop, prefetch=1).run,
            name=f"{queue} {position}",
            daemon=True,
        )
        for position, queue in enumerate(queues, 1)
    ]
    threads = [keeper, Schedule(wiring, publisher, stop), SweepRunner(wiring, publisher, stop), *workers]
    for thread in threads:
        thread.start()
    log.info("consumer started", threads=len(workers), process=wiring.process_name)
    while not is_told_to_stop() and all(thread.is_alive() for thread in threads):
        time.sleep(LOOK_FOR_END_EVERY_S)
    dead = [thread.name for thread in threads if not thread.is_alive()]
    stop.set()
    for thread in workers:
        thread.join(LAST_LOOKS_S / len(workers))
    publisher.close()
    if dead:
        log.error("a thread has died", threads=dead)
    log.info("consumer stopped")
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main())
