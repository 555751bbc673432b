"""The three throttles of `--limits`: requests by minute and by second, batches by minute.

Source: Intuit, "Limits and throttles": 500 a minute per company; 10 a second, and 40 batches a minute,
per company and app. The simulator has one app.
"""

from __future__ import annotations

import threading
import time
from collections import deque

from simulators.quickbooks import refusals

# (requests, seconds)
Limits = tuple[tuple[int, float], ...]
REQUESTS: Limits = ((500, 60.0), (10, 1.0))
BATCHES: Limits = ((40, 60.0),)


class Throttles:
    """Sliding windows over the requests of each company; a refused request does not count."""

    def __init__(self) -> None:
        self._requests: dict[str, deque[float]] = {}
        self._batches: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def pass_or_refuse(self, realm: str, *, batch: bool) -> None:
        """Raises: GatewayRefusal 429, the company has had its share."""
        now = time.monotonic()
        with self._lock:
            windows: list[tuple[deque[float], Limits]] = [(self._requests.setdefault(realm, deque()), REQUESTS)]
            if batch:
                windows.append((self._batches.setdefault(realm, deque()), BATCHES))
            for seen, limits in windows:
                while seen and now - seen[0] >= 60:
                    seen.popleft()
                for most, seconds in limits:
                    if sum(1 for at in seen if now - at < seconds) >= most:
                        raise refusals.throttled()
            for seen, _ in windows:
                seen.append(now)
