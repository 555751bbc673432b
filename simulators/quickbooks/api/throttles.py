"""The three throttles of `--limits`: requests by minute and by second, batches by minute; and a monthly quota.

Source: Intuit, "Limits and throttles": 500 a minute per company; 10 a second, and 40 batches a minute,
per company and app. The simulator has one app.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from datetime import datetime

from simulators.quickbooks import refusals

# (requests, seconds)
Limits = tuple[tuple[int, float], ...]
REQUESTS: Limits = ((500, 60.0), (10, 1.0))
BATCHES: Limits = ((40, 60.0),)


class MonthlyQuota:
    """Reads of all companies in the calendar month of the simulated clock, which a new month forgets."""

    def __init__(self) -> None:
        self._month = (0, 0)
        self._seen = 0
        self._lock = threading.Lock()

    def take_or_refuse(self, at: datetime, most: int) -> None:
        """Raises: GatewayRefusal 429, the month's reads are used up."""
        with self._lock:
            if self._month != (at.year, at.month):
                self._month, self._seen = (at.year, at.month), 0
            if self._seen >= most:
                raise refusals.throttled()
            self._seen += 1


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
