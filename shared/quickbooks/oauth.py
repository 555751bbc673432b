"""Intuit's OAuth 2.0: where its endpoints are, a refresh token for new tokens, and giving them back."""

import ipaddress
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

import requests
import structlog
from oauthlib.oauth2 import InvalidClientError, InvalidGrantError, OAuth2Error, UnauthorizedClientError
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from shared.errors import AuthLostError, RateLimitedError, SyncError, TransientError
from shared.outbound import Outbound, broken_call, retry_after_s
from shared.quickbooks.advice import RECONNECT

# The whole refresh has to end before the lease of `shared.tokens` does.
CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 30.0
_ACCESS_TOKEN_LIVES_S = 3600
_SCOPE = "com.intuit.quickbooks.accounting"
_DISCOVERY_KEPT_S = 24 * 3600.0
_VENDOR = "Intuit's token service"

log = structlog.get_logger()


class AppRefusedError(TransientError):
    """Intuit does not accept our client id and secret, or the address of its service is wrong.

    The records are not to blame: their work goes on by itself once an operator has put the configuration
    right.
    """


@dataclass(frozen=True)
class Tokens:
    """What a refresh gives; the instants are aware UTC. The refresh token may be a new one: keep it first."""

    access_token: str
    access_expires_at: datetime
    refresh_token: str
    refresh_expires_at: datetime | None
    refresh_hard_expires_at: datetime | None = None

    def __repr__(self) -> str:
        # Neither token may reach a log or a traceback.
        return f"Tokens(until {self.access_expires_at} and {self.refresh_expires_at})"


@dataclass(frozen=True)
class Endpoints:
    """What we need of Intuit's discovery document."""

    authorization: str
    token: str
    revocation: str


class QuickBooksOAuth:
    """Speaks for the app `client_id`; many threads may share one object. Keeps no token.

    Source: Intuit, "OAuth 2.0" and its discovery document.
    """

    def __init__(
        self, discovery_url: str, client_id: str, client_secret: str, *, clock: Callable[[], datetime]
    ) -> None:
        self._discovery_url = discovery_url
        self._client_id = client_id
        self._auth = HTTPBasicAuth(client_id, client_secret)
        self._clock = clock
        self._outbound = Outbound(_VENDOR, connect_timeout_s=CONNECT_TIMEOUT_S, read_timeout_s=READ_TIMEOUT_S)
        self._lock = threading.Lock()
        self._endpoints: tuple[float, Endpoints] | None = None

    def endpoints(self) -> Endpoints:
        """Return where Intuit's endpoints are: fetched once a day, and the last ones known if that fails.

        Raises:
            TransientError: Intuit does not answer, and nothing is known yet.
            AppRefusedError: the address does not lead to a discovery document.
        """
        with self._lock:
            now_s = time.monotonic()
            if self._endpoints is not None and now_s - self._endpoints[0] < _DISCOVERY_KEPT_S:
                return self._endpoints[1]
            try:
                found = self._fetch_endpoints()
            except TransientError as error:
                if self._endpoints is None:
                    raise
                log.warning("discovery document kept", cause=error.cause, detail=error.detail)
                found = self._endpoints[1]
            self._endpoints = (now_s, found)
            return found

    def consent_url(self, redirect_uri: str, state: str) -> str:
        """Return the address of Intuit's consent page; it sends the browser back to `redirect_uri` with `state`.

        Raises:
            AppRefusedError, RateLimitedError, TransientError: Intuit does not say where its page is.
        """
        address = self.endpoints().authorization
        _allow_loopback(address)
        session = OAuth2Session(self._client_id, scope=[_SCOPE], redirect_uri=redirect_uri)
        url, _ = session.authorization_url(address, state=state)
        session.close()
        return str(url)

    def exchange(self, code: str, redirect_uri: str) -> Tokens:
        """Exchange the code of a consent for the first tokens; a code is good once.

        Raises:
            AuthLostError: the code is not valid (any more).
            AppRefusedError: client id or secret are wrong.
            RateLimitedError, TransientError: no tokens this time.
        """
        with self._session("access_token_response", redirect_uri=redirect_uri) as (session, url):
            return self._tokens(session.fetch_token(url, code=code, include_client_id=False, **self._how()))

    def refresh(self, refresh_token: str) -> Tokens:
        """Exchange a refresh token for new tokens; two at a time for one company would lose the
        authorization.

        Raises:
            AuthLostError: the refresh token is not valid any more (`invalid_grant`).
            AppRefusedError: client id or secret are wrong.
            RateLimitedError, TransientError: no tokens this time.
        """
        with self._session("refresh_token_response") as (session, url):
            return self._tokens(session.refresh_token(url, refresh_token=refresh_token, **self._how()))

    def revoke(self, token: str) -> None:
        """Give a refresh or access token back; both of the pair end. A token that had ended already is no
        error.

        Raises:
            AppRefusedError, TransientError: Intuit did not do it.
        """
        answer = self._outbound.send(
            "POST",
            self.endpoints().revocation,
            headers={"Accept": "application/json", "Content-Type": "application/json"},
            body=json.dumps({"token": token}).encode(),
            auth=self._auth,
        )
        if answer.status == 401:
            raise _app_refused("invalid_client", None)
        if answer.status not in (200, 400):
            raise TransientError(f"{_VENDOR} did not take the token back (HTTP {answer.status}).")

    def close(self) -> None:
        """Close the connections to Intuit; a later call opens new ones."""
        self._outbound.close()

    def _how(self) -> dict[str, Any]:
        """Return how a token is asked for; Intuit tells the absolute end of the authorization only on request."""
        return {
            "auth": self._auth,
            "headers": {
                "Accept": "application/json",
                "Content-Type": "application/x-www-form-urlencoded",
                "x-include-refresh-token-hard-expires-in": "true",
            },
            "timeout": (CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
        }

    @contextmanager
    def _session(
        self, hook: Literal["access_token_response", "refresh_token_response"], redirect_uri: str | None = None
    ) -> Iterator[tuple[OAuth2Session, str]]:
        """Yield a session and the address to ask for tokens; what is raised within becomes one of our errors."""
        url = self.endpoints().token
        _allow_loopback(url)
        session = OAuth2Session(self._client_id, redirect_uri=redirect_uri)
        session.trust_env = False
        # No token and no code must follow a redirect to another host.
        session.max_redirects = 0
        session.register_compliance_hook(hook, _judge_status)
        try:
            yield session, url
        except InvalidGrantError as error:
            cause = "QuickBooks has ended the authorization of this sync."
            raise AuthLostError(cause, remedy=RECONNECT, code=error.error, detail=error.description) from error
        except (InvalidClientError, UnauthorizedClientError) as error:
            raise _app_refused(error.error, error.description) from error
        except OAuth2Error as error:
            cause = f"{_VENDOR} gave no tokens."
            raise TransientError(cause, code=error.error, detail=error.description) from error
        except requests.RequestException as error:
            raise broken_call(_VENDOR, error, only_reads=True) from error
        finally:
            session.close()

    def _tokens(self, token: dict[str, Any]) -> Tokens:
        access_token, refresh_token = token.get("access_token"), token.get("refresh_token")
        if not (isinstance(access_token, str) and isinstance(refresh_token, str) and access_token and refresh_token):
            raise TransientError(f"{_VENDOR} sent an answer without tokens.")
        now = self._clock()
        access_lives_s = _seconds(token.get("expires_in"))
        refresh_lives_s = _seconds(token.get("x_refresh_token_expires_in"))
        hard_lives_s = _seconds(token.get("x_refresh_token_hard_expires_in"))
        return Tokens(
            access_token=access_token,
            access_expires_at=now + timedelta(seconds=access_lives_s or _ACCESS_TOKEN_LIVES_S),
            refresh_token=refresh_token,
            refresh_expires_at=now + timedelta(seconds=refresh_lives_s) if refresh_lives_s else None,
            refresh_hard_expires_at=now + timedelta(seconds=hard_lives_s) if hard_lives_s else None,
        )

    def _fetch_endpoints(self) -> Endpoints:
        _check_address(self._discovery_url)
        answer = self._outbound.send(
            "GET", self._discovery_url, headers={"Accept": "application/json"}, only_reads=True
        )
        if answer.status == 429:
            raise RateLimitedError(f"{_VENDOR} asks for a pause.", retry_after_s=retry_after_s(answer.headers))
        if answer.status >= 500:
            raise TransientError(f"{_VENDOR} had an error of its own (HTTP {answer.status}).")
        try:
            document = json.loads(answer.body)
            found = Endpoints(
                authorization=document["authorization_endpoint"],
                token=document["token_endpoint"],
                revocation=document["revocation_endpoint"],
            )
        except (ValueError, KeyError, TypeError) as error:
            raise AppRefusedError(
                f"The discovery document of QuickBooks cannot be read (HTTP {answer.status}).",
                remedy="Check QUICKBOOKS_DISCOVERY_URL.",
                detail=str(error),
            ) from error
        for address in (found.authorization, found.token, found.revocation):
            _check_address(address)
        return found


def _seconds(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isdecimal() and len(text) < 12 else None


def _judge_status(response: requests.Response) -> requests.Response:
    """Raise for a status that oauthlib does not look at; a refusal in its own format passes."""
    if response.status_code == 429:
        raise RateLimitedError(f"{_VENDOR} asks for a pause.", retry_after_s=retry_after_s(response.headers))
    try:
        document = response.json()
    except requests.JSONDecodeError:
        document = None
    if response.status_code == 401 and not isinstance(document, dict):
        raise _app_refused(None, response.text[:200])
    if response.status_code >= 500 or not isinstance(document, dict):
        cause = f"{_VENDOR} had an error of its own (HTTP {response.status_code})."
        # What began as an answer with tokens must not be shown.
        raise TransientError(cause, detail=None if response.ok else response.text[:200])
    return response


def _app_refused(code: str | None, detail: str | None) -> SyncError:
    return AppRefusedError(
        "QuickBooks does not accept the client id and secret of this app.",
        remedy="Correct QUICKBOOKS_CLIENT_ID and QUICKBOOKS_CLIENT_SECRET (the app's keys for "
        "QUICKBOOKS_ENVIRONMENT, from Intuit's developer portal) and start again.",
        code=code,
        detail=detail,
    )


def _check_address(url: str) -> None:
    """Refuse an address that would carry secrets unencrypted over a network."""
    if not isinstance(url, str) or (urlsplit(url).scheme != "https" and not _is_loopback(url)):
        raise AppRefusedError(
            f"{url!r} is not an https address.",
            remedy="Check QUICKBOOKS_DISCOVERY_URL: plain http is for loopback.",
        )


def _allow_loopback(url: str) -> None:
    if _is_loopback(url):
        # oauthlib refuses http everywhere unless this is set; `_check_address` has let only loopback through.
        os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"


def _is_loopback(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname is None:
        return False
    if parts.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(parts.hostname).is_loopback
    except ValueError:
        return False
