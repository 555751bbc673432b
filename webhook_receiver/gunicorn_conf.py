"""gunicorn's settings: `gunicorn --config python:webhook_receiver.gunicorn_conf`.

A TLS-terminating proxy stands before it in production: both vendors send to https addresses only.
"""

import os
import signal
import socket
import struct
import sys
from collections.abc import Iterable
from typing import Any

import structlog

from shared.config import Config, ConfigError
from shared.log import configure_logging

# gunicorn reads without a limit: a sender that stalls within a request would keep its thread for ever.
_STALLED_AFTER_S = 15


def _settings() -> tuple[Config, int]:
    """Return the configuration and the number of workers, or end the program with a line for each fault.

    This is read in the master, before any worker: a worker that fails is started again and again.
    """
    concurrency = os.environ.get("WEB_CONCURRENCY") or "2"
    problems = []
    if not concurrency.isdecimal() or int(concurrency) < 1:
        problems.append(f"WEB_CONCURRENCY must be a whole number from 1 on, not {concurrency!r}.")
    try:
        config = Config.from_env()
    except ConfigError as error:
        problems += error.problems
    if problems:
        print(*problems, sep="\n", file=sys.stderr)
        sys.exit(1)
    return config, int(concurrency)


_config, workers = _settings()

wsgi_app = "webhook_receiver.app:create_app()"
bind = f"0.0.0.0:{_config.port}"
worker_class = "gthread"
threads = 8
# A worker accepts whether or not a thread is free. When it holds no more connections than it has threads for,
# the next one goes to another worker. The one above that number is what gunicorn wants for keep-alive.
worker_connections = threads + 1
keepalive = 2
# No request takes longer than the publisher's patience.
graceful_timeout = 5
control_socket_disable = True
accesslog = None
loglevel = "warning"


def when_ready(server: Any) -> None:
    """Set up our own log lines, which the workers take over, and say where the receiver listens."""
    limit_stalls(listener.sock for listener in server.LISTENERS)
    configure_logging(_config.log_format)
    structlog.get_logger().info("receiver listens", address=bind, public_url=_config.public_url)


def post_worker_init(worker: Any) -> None:
    """Have SIGINT and SIGQUIT end a worker as SIGTERM does.

    gunicorn's own handler of these two locks itself out when it is called while a thread is being started; the
    worker then hangs until it is killed.
    """
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, worker.handle_exit)


def limit_stalls(listeners: Iterable[socket.socket]) -> None:
    """Limit how long a connection may stall: an accepted socket takes this over from the listening one."""
    limit = struct.pack("@ll", _STALLED_AFTER_S, 0)
    for listener in listeners:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
