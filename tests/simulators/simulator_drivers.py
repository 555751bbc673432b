"""What tests hold in hand: a receiver of webhooks, and an account of a running Invoiced simulator."""

import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import invoiced
import requests

from simulators.clock import Clock
from simulators.invoiced.app import Simulator
from simulators.json_numbers import read_json
from tests.patience import PATIENCE_S


@dataclass
class Inbox:
    """The webhooks that arrived at `url`, and the statuses with which the next ones will be answered."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    def take(self, body: bytes, headers: dict[str, str]) -> int:
        with self._arrived:
            self.bodies.append(body)
            self.headers.append(headers)
            self._arrived.notify_all()
            return self.answers.pop(0) if self.answers else 200

    def wait_for(self, count: int, timeout_s: float = PATIENCE_S) -> list[bytes]:
        """Return the bodies once there are `count`; fails the test if they do not come."""
        deadline = time.monotonic() + timeout_s
        with self._arrived:
            while len(self.bodies) < count:
                left = deadline - time.monotonic()
                assert left > 0, f"{len(self.bodies)} of {count} webhooks came"
                self._arrived.wait(left)
            return list(self.bodies)


@dataclass
class Account:
    """One account of a running Invoiced simulator, driven by the vendor's own client or by plain HTTP."""

    url: str
    key: str
    simulator: Simulator
    clock: Clock
    http: requests.Session

    @property
    def client(self) -> Any:
        client = invoiced.Client(self.key)
        client.api_url = self.url
        return client

    def call(self, method: str, path: str, status: int, **more: Any) -> Any:
        """Return the JSON answer to a call that is to be answered with `status`."""
        answer = self.http.request(method, self.url + path, auth=(self.key, ""), **more)
        assert answer.status_code == status, answer.text
        return read_json(answer.content) if answer.content else None

    def control(self, method: str, path: str, status: int, **more: Any) -> Any:
        return self.call(method, f"/_simulator/{path}", status, **more)


StartInvoiced = Callable[..., Account]
StartProcess = Callable[..., tuple[subprocess.Popen[str], str]]
