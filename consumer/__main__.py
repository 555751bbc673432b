"""`python -m consumer`: the consumer process. Every client, engine and queue is built in `consumer.wiring`."""

import signal
import sys
import threading

import structlog

from consumer.leases import LeaseKeeper
from consumer.schedule import Schedule
from consumer.wiring import Wiring
from consumer.worker import Worker
from shared.config import Config, ConfigError
from shared.log import configure_logging
from shared.queues import BULK, LIVE, Publisher, QueueWorker

# Records in work when the process is told to stop get this long to come to their end.
LAST_LOOKS_S = 25.0

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
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run(config, stop)
    return 0


def run(config: Config, stop: threading.Event) -> None:
    """Consume until `stop` is set: bulk work has threads of its own, so that a sweep delays no webhook."""
    wiring = Wiring(config)
    publisher = Publisher(config.broker_url, wiring.engine)
    keeper = LeaseKeeper(wiring.sessions, wiring.now, stop)
    worker = Worker(wiring, publisher, keeper)
    queues = [LIVE] * config.consumer_threads + [BULK] * max(1, config.consumer_threads // 4)
    workers = [
        threading.Thread(
            target=QueueWorker(config.broker_url, wiring.engine, queue, worker.on_message, stop, prefetch=1).run,
            name=f"{queue} {position}",
            daemon=True,
        )
        for position, queue in enumerate(queues, 1)
    ]
    for thread in (keeper, Schedule(wiring, publisher, stop), *workers):
        thread.start()
    log.info("consumer started", threads=len(workers), process=wiring.process_name)
    stop.wait()
    for thread in workers:
        thread.join(LAST_LOOKS_S / len(workers))
    publisher.close()
    log.info("consumer stopped")


if __name__ == "__main__":
    sys.exit(main())
