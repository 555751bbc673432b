"""What the broker tests are driven with: programs that can be killed, and a wire that can be cut."""

import os
import queue
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from shared.db.models import BrokerMessage
from shared.queues import LIVE, QueueWorker, declare, open_connection
from tests.integration.conftest import Broker
from tests.patience import PATIENCE_S, eventually
from tests.ports import free_port

_ROOT = Path(__file__).parents[2]


class Program:
    """One of `broker_programs`, in a process of its own."""

    def __init__(self, name: str, broker: Broker, *arguments: object) -> None:
        command = [sys.executable, "-m", "tests.integration.broker_programs", name, broker.url, broker.database_url]
        self.process = subprocess.Popen([*command, *map(str, arguments)], cwd=_ROOT, stdout=subprocess.PIPE, text=True)
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line.strip())

    def next_lines(self, count: int) -> list[str]:
        """Return the next lines of its output; fails if they do not come."""
        return [self.lines.get(timeout=PATIENCE_S) for _ in range(count)]

    def kill(self) -> None:
        """Send SIGKILL, and wait for the end of the process and of its output."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def rest(self) -> list[str]:
        """Return the lines that nobody has read yet."""
        lines = []
        while not self.lines.empty():
            lines.append(self.lines.get())
        return lines


class Worker:
    """A `QueueWorker` in a thread; use it in a `with` statement."""

    def __init__(self, broker: Broker, on_message: Callable[[bytes], None], *, name: str = LIVE, **options: Any):
        self.stop = threading.Event()
        worker = QueueWorker(broker.url, broker.engine, name, on_message, self.stop, **options)
        self.thread = threading.Thread(target=worker.run)

    def __enter__(self) -> "Worker":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive()


def bodies(broker: Broker, count: int, *, name: str = LIVE, **options: Any) -> list[bytes]:
    """Return the next messages of the queue, handled and acknowledged, in the order in which they came."""
    received: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    with Worker(broker, received.put, name=name, **options):
        return [received.get(timeout=PATIENCE_S) for _ in range(count)]


@contextmanager
def holding(broker: Broker, count: int, *, name: str = LIVE) -> Iterator[list[Any]]:
    """Take the next messages off the queue with bare kombu; those left unsettled go back at the end."""
    with open_connection(broker.url, broker.engine, timeout_s=PATIENCE_S) as connection:
        declare(connection)
        channel = connection.channel()
        held: list[Any] = []

        def take() -> bool:
            delivered = channel.basic_get(name)
            if delivered is not None:
                held.append(channel.message_to_python(delivered))
            return len(held) == count

        eventually(take, f"the delivery of {count} messages")
        yield held


def let_time_pass(broker: Broker, seconds: float) -> None:
    """Bring the end of every lease of the embedded broker closer by so many seconds; RabbitMQ has none."""
    closer = sa.update(BrokerMessage).values(visible_at_us=BrokerMessage.visible_at_us - int(seconds * 1_000_000))
    with broker.engine.begin() as connection:
        connection.execute(closer.where(BrokerMessage.visible_at_us > 0))


class Wire:
    """A TCP relay to the server at `address` that can be cut, frozen and mended."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._listener: socket.socket | None = None
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._flows = threading.Event()
        self._ended = threading.Event()
        # Held while bytes are carried, so that nothing comes through once it is cut.
        self._carrying = threading.Lock()
        self.port = free_port()
        self.mend()
        self._thread = threading.Thread(target=self._relay, daemon=True)
        self._thread.start()

    def freeze(self) -> None:
        """Stop carrying bytes; connections stay open, and new ones are accepted."""
        self._flows.clear()
        with self._carrying:
            pass  # What was being carried has arrived.

    def cut(self) -> None:
        """Close every connection and refuse new ones."""
        self._flows.clear()
        with self._carrying:
            if self._listener is not None:
                self._listener.close()
                self._listener = None
            for pair in self._pairs:
                for end in pair:
                    end.close()
            self._pairs.clear()

    def mend(self) -> None:
        """Carry bytes, on the port that it always had."""
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port))
        self._flows.set()

    def close(self) -> None:
        self._ended.set()
        self.cut()
        self._thread.join(PATIENCE_S)

    def _relay(self) -> None:
        while not self._ended.is_set():
            self._flows.wait(0.02)
            with self._carrying:
                if self._flows.is_set() and self._listener is not None:
                    self._carry_on(self._listener)

    def _carry_on(self, listener: socket.socket) -> None:
        ends = {a: b for pair in self._pairs for a, b in (pair, pair[::-1])}
        # An end that was closed by whoever is behind it is gone; the next turn begins anew.
        with suppress(OSError, ValueError):
            ready, _, _ = select.select([listener, *ends], [], [], 0.02)
            for end in ready:
                if end is listener:
                    client, _ = listener.accept()
                    self._pairs.append((client, socket.create_connection(self._address)))
                else:
                    self._carry(end, ends[end])

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        received = source.recv(65536)
        if received:
            target.sendall(received)
            return
        self._pairs = [pair for pair in self._pairs if source not in pair]
        source.close()
        target.close()
