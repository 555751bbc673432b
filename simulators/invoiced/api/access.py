"""Who may call: API keys, and how many calls of one key may run at once."""

import threading
from collections import Counter
from collections.abc import Mapping

from werkzeug.datastructures import Authorization

from simulators.invoiced.errors import ApiError

# The vendor's load test keeps to 20 concurrent requests a key; no number is documented.
CONCURRENT_CALLS = 20


def company_of(keys: Mapping[str, str], authorization: Authorization | None) -> str:
    """Return the id of the company whose key came as the user name of HTTP Basic.

    `keys` gives the company of each API key.

    Raises:
        ApiError: 401, no key or an unknown one.
    """
    key = authorization.username if authorization is not None and authorization.type == "basic" else None
    if not key:
        raise ApiError(401, "Missing API key! HINT: You can pass in your API key as the username of HTTP Basic.")
    company = keys.get(key)
    if company is None:
        raise ApiError(401, "We could not authenticate you with that API key.")
    return company


def too_many_requests() -> ApiError:
    return ApiError(429, "You have made too many requests. Please slow down.")


class ConcurrencyLimit:
    """Counts the calls of each company that are in work."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._running: Counter[str] = Counter()
        self._lock = threading.Lock()

    def enter(self, company: str) -> None:
        """Count a call in.

        Raises:
            ApiError: 429, too many are in work already; this one is not counted.
        """
        with self._lock:
            if self._running[company] >= self._most:
                raise too_many_requests()
            self._running[company] += 1

    def leave(self, company: str) -> None:
        with self._lock:
            self._running[company] -= 1
