"""Connects an Invoiced account with a QuickBooks company, and connects anew what has ended."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from consumer.mapping.payment import PAYMENT_METHOD_NAMES
from consumer.wiring import Wiring
from shared.connect import read_company
from shared.db import connections, records
from shared.db.models import Connection
from shared.errors import AuthLostError, SyncError

DEFAULT_TIME_ZONE = "UTC"
# Finds nothing; the answer tells whether Invoiced takes the key.
_NO_CUSTOMER = "connection check"
_USED_UP = (
    "Intuit replaced the refresh token during this attempt and the new one was not kept: the one you gave may be"
    " refused the next time. Authorize the app again for another."
)


@dataclass(frozen=True)
class NewConnection:
    """What a person gives to connect; without a name, the company's own is taken."""

    name: str | None
    invoiced_api_key: str
    invoiced_webhook_secret: str
    realm_id: str
    refresh_token: str
    time_zone: str = DEFAULT_TIME_ZONE
    start_date: date | None = None

    def __repr__(self) -> str:
        # Secrets stay out of tracebacks.
        return f"NewConnection({self.name!r}, realm {self.realm_id})"


def add_connection(wiring: Wiring, new: NewConnection, say: Callable[[str], None]) -> Connection:
    """Store a connection, try it on both sides and read what QuickBooks says about the company.

    `say` is told what could not be tried.

    Raises:
        RejectedError: the company is connected already, is outside the US, or the time zone is unknown.
        SyncError: a side refused or did not answer. In every case nothing of the connection is left behind.
    """
    with wiring.sessions.begin() as session:
        row = connections.add(
            session,
            wiring.vault,
            name=new.name or f"Company {new.realm_id}",
            invoiced_api_key=new.invoiced_api_key,
            invoiced_webhook_secret=new.invoiced_webhook_secret,
            realm_id=new.realm_id,
            refresh_token=new.refresh_token,
            time_zone=new.time_zone,
            start_date=new.start_date,
            now=wiring.now(),
        )
    is_complete = False
    try:
        wiring.tokens.valid(row.id)
        preferences = read_company(
            wiring.sessions, wiring.quickbooks(row.id), row.id, PAYMENT_METHOD_NAMES, wiring.now()
        )
        _try_invoiced_key(wiring, row.id, say)
        with wiring.sessions.begin() as session:
            row = connections.get(session, row.id)
            row.name = new.name or preferences.company_name or row.name
        is_complete = True
        return row
    except SyncError as error:
        if _refresh_token(wiring, row.id) != new.refresh_token:
            error.remedy = f"{error.remedy} {_USED_UP}".strip()
        raise
    finally:
        if not is_complete:
            with wiring.sessions.begin() as session:
                connections.remove(session, row.id)


def reconnect(wiring: Wiring, connection_id: str, refresh_token: str) -> None:
    """Try a new refresh token, store it, and let go on what waited for it.

    Raises:
        SyncError: Intuit refused the token or did not answer, and the connection is as it was; or the token is
            stored, but QuickBooks does not open the company with it.
    """
    tokens = wiring.oauth.refresh(refresh_token)
    with wiring.sessions.begin() as session:
        connections.replace_refresh_token(
            session, wiring.vault, connection_id, tokens.refresh_token, tokens.refresh_expires_at
        )
    read_company(wiring.sessions, wiring.quickbooks(connection_id), connection_id, PAYMENT_METHOD_NAMES, wiring.now())
    with wiring.sessions.begin() as session:
        records.release_reconnected(session, connection_id, wiring.now())


def webhook_url(wiring: Wiring, connection_id: str) -> str:
    """Return the address to enter in Invoiced."""
    return f"{wiring.config.public_url}/webhooks/invoiced/{connection_id}"


def quickbooks_webhook_url(wiring: Wiring) -> str:
    """Return the address to enter at Intuit, one for all companies."""
    return f"{wiring.config.public_url}/webhooks/quickbooks"


def _refresh_token(wiring: Wiring, connection_id: str) -> str:
    with wiring.sessions() as session:
        row = connections.get(session, connection_id)
    return wiring.vault.decrypt(row.refresh_token_encrypted, bound_to=connection_id)


def _try_invoiced_key(wiring: Wiring, connection_id: str, say: Callable[[str], None]) -> None:
    """Ask Invoiced for something, so that a wrong key is told now and not on every record.

    Raises:
        AuthLostError: Invoiced refuses the key.
    """
    try:
        wiring.deps(connection_id, wiring.process_name).invoiced.find_customers(number=_NO_CUSTOMER)
    except AuthLostError:
        raise
    except SyncError as error:
        say(f"The API key could not be tried yet: {error.cause}")
