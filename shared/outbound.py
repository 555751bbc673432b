"""Calls to a vendor over HTTP: connections by thread, time limits, and what a broken call means."""

import ssl
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import requests
import urllib3
from requests.auth import AuthBase

from shared.errors import TransientError

DEFAULT_RETRY_AFTER_S = 60.0
_LONGEST_RETRY_AFTER_S = 3600.0

CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Answer:
    """What a vendor replied, whatever the status; the names of `headers` are looked up without case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Outbound:
    """The HTTP connections of this process to one vendor; many threads may share one object.

    Each thread has a session of its own: `requests` does not promise that one can be shared. Neither proxies
    nor credentials are taken from the environment, and no redirect is followed: the next host would get our
    token.
    """

    def __init__(
        self,
        vendor: str,
        *,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        self.vendor = vendor
        self._timeouts = (connect_timeout_s, read_timeout_s)
        self._of_thread = threading.local()
        self._all: weakref.WeakSet[requests.Session] = weakref.WeakSet()
        self._lock = threading.Lock()

    def send(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        auth: AuthBase | None = None,
        only_reads: bool = False,
    ) -> Answer:
        """Make one call and return its answer. One that `only_reads` is made once more if its connection
        breaks.

        Raises:
            TransientError: no whole answer arrived. `outcome_unknown` is False where nothing can have been
            done:
                the call never left, or it only reads.
        """
        tries_left = 2 if only_reads else 1
        while True:
            tries_left -= 1
            try:
                response = self._session().request(
                    method,
                    url,
                    params=params,
                    headers=headers,
                    data=body,
                    auth=auth,
                    timeout=self._timeouts,
                    allow_redirects=False,
                )
            except requests.RequestException as error:
                timed_out = isinstance(error, requests.Timeout) or _is_read_timeout(error)
                if tries_left and not timed_out and may_have_left(error):
                    continue
                raise broken_call(self.vendor, error, only_reads=only_reads) from error
            return Answer(response.status_code, response.headers, response.content)

    def close(self) -> None:
        """Close the connections of all threads; a later call opens new ones."""
        with self._lock:
            for session in self._all:
                session.close()

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._of_thread, "session", None)
        if session is None:
            session = requests.Session()
            session.trust_env = False
            self._of_thread.session = session
            with self._lock:
                self._all.add(session)
        return session


def broken_call(vendor: str, error: requests.RequestException, *, only_reads: bool) -> TransientError:
    """Return what a call that got no whole answer amounts to."""
    if not may_have_left(error):
        return TransientError(f"{vendor} cannot be reached.", detail=str(error))
    if isinstance(error, requests.Timeout) or _is_read_timeout(error):
        cause = f"{vendor} did not answer in time."
    else:
        cause = f"The connection to {vendor} broke before the whole answer had arrived."
    return TransientError(cause, outcome_unknown=not only_reads, detail=str(error))


def may_have_left(error: requests.RequestException) -> bool:
    """Tell whether any byte of the request can have reached the vendor."""
    if isinstance(error, requests.ConnectTimeout):
        return False
    reason: object = error.args[0] if error.args else None
    if isinstance(reason, urllib3.exceptions.MaxRetryError):
        reason = reason.reason
    if isinstance(reason, urllib3.exceptions.SSLError) and reason.args:
        return not isinstance(reason.args[0], ssl.SSLCertVerificationError)
    # NewConnectionError covers a refused connection and a name that does not resolve.
    return not isinstance(reason, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError)


def _is_read_timeout(error: requests.RequestException) -> bool:
    # A time-out while the body is read reaches us as a plain ConnectionError around it.
    return bool(error.args) and isinstance(error.args[0], urllib3.exceptions.ReadTimeoutError)


def retry_after_s(headers: Mapping[str, str]) -> float:
    """Return how many seconds a 429 or 503 asks us to wait: `Retry-After` (seconds or a date), else 60."""
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return min(max(float(text), 1.0), _LONGEST_RETRY_AFTER_S)
    try:
        # Both instants are the vendor's own, so that a wrong clock on this machine does not matter.
        wait_s = (parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("Date", ""))).total_seconds()
    except (ValueError, TypeError):
        return DEFAULT_RETRY_AFTER_S
    return min(max(wait_s, 1.0), _LONGEST_RETRY_AFTER_S)
