"""OAuth 2.0 as Intuit's token service does it: codes, access tokens, and refresh tokens that rotate.

Source: Intuit, OAuth 2.0 guide and FAQ. Access tokens live 3600 s and stay valid when another is issued;
a refresh token lives 100 days from its last use and at most 5 years; its value changes with the first
refresh after 24 hours, at which the former value ends.
"""

from __future__ import annotations

import random
import secrets
import string
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from simulators.clock import Clock
from simulators.quickbooks.switches import Switches
from simulators.store import Store

ACCESS_S = 3600
REFRESH_S = 8_726_400
HARD_LIMIT = timedelta(days=5 * 365)
CODE_LIFE = timedelta(minutes=10)
ROTATION = timedelta(hours=24)

ACCOUNTING_SCOPE = "com.intuit.quickbooks.accounting"

# The address of the token endpoint.
TOKEN_PATH = "/oauth2/v1/tokens/bearer"

_APP, _GRANT, _ACCESS, _CODE, _SPENT = "app", "_grant", "_access", "_code", "_spent"
_ADDRESSES = "redirect_addresses"
# How refresh tokens begin; codes begin otherwise.
_REFRESH = "AB11"


class InvalidGrantError(Exception):
    """The code or refresh token does not count (any longer); says more only where reported replies do."""

    def __init__(self, description: str | None = None) -> None:
        super().__init__(description or "")
        self.description = description


class InvalidClientError(Exception):
    """The client id and secret are not those of the app."""


@dataclass(frozen=True)
class App:
    """The one app of the simulator, as its developer would see it in Intuit's portal."""

    client_id: str
    client_secret: str
    verifier_token: str


@dataclass(frozen=True)
class Issued:
    """What a token call gives; times in seconds from now."""

    realm: str
    access_token: str
    refresh_token: str
    refresh_expires_in: int
    hard_expires_in: int


class Tokens:
    """The grants of all companies, kept in the store."""

    def __init__(self, store: Store, clock: Clock, seed: int) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.RLock()
        if store.setting(_APP) is None:
            # The app's own credentials are the same for the same seed; tokens are secrets of the moment.
            chance = random.Random(f"app {seed}")
            store.set_setting(
                _APP,
                {
                    "client_id": "AB" + _text(chance, 48),
                    "client_secret": _text(chance, 40),
                    "verifier_token": f"{chance.getrandbits(128):032x}",
                },
            )
        self.app = App(**store.setting(_APP))

    def check_client(self, client_id: str, client_secret: str) -> None:
        """Raises: InvalidClientError."""
        good = secrets.compare_digest(client_id.encode(), self.app.client_id.encode())
        good &= secrets.compare_digest(client_secret.encode(), self.app.client_secret.encode())
        if not good:
            raise InvalidClientError

    def redirect_addresses(self) -> list[str]:
        """The redirect addresses registered for the app; none: any well-formed one will do."""
        found: list[str] = self._store.setting(_ADDRESSES, [])
        return found

    def register_addresses(self, addresses: list[str]) -> None:
        self._store.set_setting(_ADDRESSES, addresses)

    def connect(self, realm: str, scopes: Sequence[str] = (ACCOUNTING_SCOPE,)) -> str:
        """Connect a company anew, as its admin does: returns the refresh token valid from now on."""
        now = self._clock.now()
        grant = {
            "refresh_token": _refresh_token(),
            "issued_at": now.isoformat(),
            "used_at": now.isoformat(),
            "granted_at": now.isoformat(),
            "revoked": False,
            "scopes": list(scopes),
        }
        former = self._find_grant(realm)
        if former is not None:
            self._spend(realm, former["refresh_token"])
        self._save_grant(realm, grant)
        return str(grant["refresh_token"])

    def refresh_token(self, realm: str) -> str:
        """Return the refresh token valid now; a company that was disconnected keeps its last, dead one."""
        return str(self._grant(realm)["refresh_token"])

    def issue_code(self, realm: str, redirect_uri: str, scopes: Sequence[str]) -> str:
        """Return a code that opens a company within the next ten minutes, once."""
        code = "XAB1" + secrets.token_urlsafe(30)
        given = {"redirect_uri": redirect_uri, "at": self._clock.now().isoformat(), "scopes": list(scopes)}
        with self._lock:
            self._store.company(realm).put(_CODE, code, given)
        return code

    def exchange(self, code: str, redirect_uri: str, switches: Switches) -> Issued:
        """Trade a code for tokens, once.

        Raises:
            InvalidGrantError: unknown, used or expired code, or another redirect address.
        """
        with self._lock:
            for realm in self._store.companies():
                company = self._store.company(realm)
                found = company.get(_CODE, code)
                if found is None:
                    continue
                company.delete(_CODE, code)
                expired = datetime.fromisoformat(found["at"]) + CODE_LIFE < self._clock.now()
                if expired or found["redirect_uri"] != redirect_uri:
                    raise InvalidGrantError
                self.connect(realm, found["scopes"])
                self._spend(realm, code)
                return self._issue(realm, self._grant(realm), self._clock.now())
            self._meet_spent(code, switches)
            raise InvalidGrantError

    def refresh(self, refresh_token: str, switches: Switches) -> Issued:
        """Give a new access token, and a new refresh token if it is time.

        Of two at once the first wins: the second comes with a value that is no longer the one in force,
        unless the first one kept it.

        Raises:
            InvalidGrantError: not the refresh token valid now, or it expired or was revoked.
        """
        with self._lock:
            realm = self._realm_of(refresh_token) or self._realm_of_former(refresh_token, switches)
            if realm is None:
                known = self._meet_spent(refresh_token, switches)
                raise InvalidGrantError(None if known else "Incorrect or invalid refresh token")
            grant = self._grant(realm)
            now = self._clock.now()
            if grant["revoked"] or self._refresh_ends(grant) <= now:
                raise InvalidGrantError
            grant["used_at"] = now.isoformat()
            if switches.rotate_every_refresh or now - datetime.fromisoformat(grant["issued_at"]) >= ROTATION:
                self._spend(realm, grant["refresh_token"])
                grant |= {"refresh_token": _refresh_token(), "issued_at": now.isoformat()}
            self._save_grant(realm, grant)
            return self._issue(realm, grant, now)

    def scopes(self, realm: str) -> frozenset[str]:
        """What the admin consented to; nothing where the company was never connected."""
        grant = self._find_grant(realm)
        return frozenset(grant.get("scopes", [ACCOUNTING_SCOPE])) if grant is not None else frozenset()

    def realm_of_access(self, access_token: str) -> str | None:
        """Return the company that a valid access token opens, None if it is unknown, expired or revoked."""
        with self._lock:
            for realm in self._store.companies():
                found = self._store.company(realm).get(_ACCESS, access_token)
                if found is not None:
                    alive = datetime.fromisoformat(found["until"]) > self._clock.now()
                    return realm if alive and not self._grant(realm)["revoked"] else None
        return None

    def revoke(self, token: str) -> bool:
        """Disconnect the company to which an access or refresh token belongs; False if there is none."""
        with self._lock:
            for realm in self._store.companies():
                grant = self._find_grant(realm)
                if grant is None:
                    continue
                if token == grant["refresh_token"] or self._store.company(realm).get(_ACCESS, token):
                    self.disconnect(realm)
                    return True
        return False

    def disconnect(self, realm: str) -> None:
        """End every token of a company, as its admin can."""
        with self._lock:
            self._save_grant(realm, {**self._grant(realm), "revoked": True})
            self.expire_access(realm)

    def expire_access(self, realm: str) -> None:
        """End the access tokens of a company; its refresh token stays."""
        with self._lock:
            company = self._store.company(realm)
            with company.transaction():
                for token in company.ids(_ACCESS):
                    company.delete(_ACCESS, token)

    def age(self, realm: str, hours: float) -> None:
        """Make the refresh token older, so that the next refresh rotates or refuses it."""
        with self._lock:
            grant = self._grant(realm)
            for name in ("issued_at", "used_at", "granted_at"):
                grant[name] = (datetime.fromisoformat(grant[name]) - timedelta(hours=hours)).isoformat()
            self._save_grant(realm, grant)

    def _issue(self, realm: str, grant: dict[str, Any], now: datetime) -> Issued:
        company = self._store.company(realm)
        access_token = "eyJlbmMi" + secrets.token_urlsafe(120)
        with company.transaction():
            for token in company.ids(_ACCESS):
                if datetime.fromisoformat(company.get(_ACCESS, token)["until"]) <= now:  # type: ignore[index]
                    company.delete(_ACCESS, token)
            until = now + timedelta(seconds=ACCESS_S)
            company.put(_ACCESS, access_token, {"until": until.isoformat()})
        hard = datetime.fromisoformat(grant["granted_at"]) + HARD_LIMIT
        return Issued(
            realm,
            access_token,
            grant["refresh_token"],
            round((self._refresh_ends(grant) - now).total_seconds()),
            round((hard - now).total_seconds()),
        )

    def _refresh_ends(self, grant: dict[str, Any]) -> datetime:
        rolling = datetime.fromisoformat(grant["used_at"]) + timedelta(seconds=REFRESH_S)
        return min(rolling, datetime.fromisoformat(grant["granted_at"]) + HARD_LIMIT)

    def _spend(self, realm: str, value: str) -> None:
        """Remember a used code or a former refresh token of the grant in force."""
        company = self._store.company(realm)
        with company.transaction():
            at = self._clock.now().isoformat()
            company.put(_SPENT, value, {"granted_at": self._grant(realm)["granted_at"], "at": at})

    def _meet_spent(self, value: str, switches: Switches) -> bool:
        """What was used once comes again: somebody else may have it, so the connection may end.

        Returns whether it was ever given out.
        """
        known = False
        for realm in self._store.companies():
            spent = self._store.company(realm).get(_SPENT, value)
            known = known or spent is not None
            if spent is None or not switches.reuse_disconnects:
                continue
            if spent["granted_at"] == self._grant(realm)["granted_at"]:
                self.disconnect(realm)
        return known

    def _realm_of(self, refresh_token: str) -> str | None:
        for realm in self._store.companies():
            grant = self._find_grant(realm)
            if grant is not None and grant["refresh_token"] == refresh_token:
                return realm
        return None

    def _realm_of_former(self, refresh_token: str, switches: Switches) -> str | None:
        """The company that a former refresh token opened until not long ago, where the switch lets it count."""
        for realm in self._store.companies() if switches.refresh_grace_hours else ():
            spent = self._store.company(realm).get(_SPENT, refresh_token)
            if spent is not None and spent["granted_at"] == self._grant(realm)["granted_at"]:
                ends = datetime.fromisoformat(spent["at"]) + timedelta(hours=switches.refresh_grace_hours)
                return realm if refresh_token.startswith(_REFRESH) and self._clock.now() < ends else None
        return None

    def _find_grant(self, realm: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self._store.company(realm).setting(_GRANT)
        return found

    def _grant(self, realm: str) -> dict[str, Any]:
        grant = self._find_grant(realm)
        if grant is None:
            raise InvalidGrantError
        return grant

    def _save_grant(self, realm: str, grant: dict[str, Any]) -> None:
        self._store.company(realm).set_setting(_GRANT, grant)


def _refresh_token() -> str:
    return _REFRESH + secrets.token_urlsafe(36)


def _text(chance: random.Random, length: int) -> str:
    return "".join(chance.choice(string.ascii_letters + string.digits) for _ in range(length))
