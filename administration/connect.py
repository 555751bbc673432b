"""Connects an Invoiced account with a QuickBooks company, connects anew what has ended, and reads what it is like."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog

from administration.setting_values import DEFAULT_TIME_ZONE
from shared.clients import Clients
from shared.db import connections, links, records
from shared.db.links import LinkKey
from shared.db.models import Connection
from shared.db.records import RecordKey
from shared.db.session import Sessions
from shared.errors import AccessRevokedError, AuthExpiredError, AuthLostError, RejectedError, SyncError
from shared.invoiced.client import InvoicedClient
from shared.messages import Kind
from shared.outcomes import WAITS_FOR_INVOICED_KEY
from shared.payment_methods import PAYMENT_METHOD_NAMES
from shared.quickbooks.client import QuickBooksClient
from shared.quickbooks.entities import qbo_id, sync_token
from shared.quickbooks.oauth import Tokens
from shared.settings import Preferences, preferences_from_document

log = structlog.get_logger()

# Finds nothing; the answer tells whether Invoiced takes the key.
_NO_CUSTOMER = "connection check"
USED_UP = (
    "Intuit replaced the refresh token during this attempt and the new one was not kept: the one you gave may be"
    " refused the next time. Authorize the app again for another."
)


class OtherCompanyError(RejectedError):
    """The authorization is for another QuickBooks company than the connection's; nothing was changed."""


@dataclass(frozen=True)
class NewConnection:
    """What a person gives to connect; without a name, the company's own is taken.

    An empty API key is given later. Unless it `starts_at_once`, nothing is posted until Synchronize is pressed.
    """

    name: str | None
    invoiced_api_key: str
    invoiced_webhook_secret: str
    realm_id: str
    refresh_token: str
    time_zone: str = DEFAULT_TIME_ZONE
    start_date: date | None = None
    starts_at_once: bool = True

    def __repr__(self) -> str:
        # Secrets stay out of tracebacks.
        return f"NewConnection({self.name!r}, realm {self.realm_id})"


def add_connection(clients: Clients, new: NewConnection, say: Callable[[str], None]) -> Connection:
    """Store a connection, try it on both sides and read what QuickBooks says about the company.

    `say` is told what could not be tried.

    Raises:
        RejectedError: the company is connected already, is outside the US, or the time zone is unknown.
        SyncError: a side refused or did not answer. In every case nothing of the connection is left behind.
    """
    with clients.sessions.begin() as session:
        row = connections.add(
            session,
            clients.vault,
            name=new.name or f"Company {new.realm_id}",
            invoiced_api_key=new.invoiced_api_key,
            invoiced_webhook_secret=new.invoiced_webhook_secret,
            realm_id=new.realm_id,
            refresh_token=new.refresh_token,
            time_zone=new.time_zone,
            start_date=new.start_date,
            now=clients.now(),
            posts=new.starts_at_once,
        )
    is_complete = False
    try:
        clients.tokens.valid(row.id)
        preferences = read_company(clients.sessions, clients.quickbooks(row.id), row.id, clients.now())
        if new.invoiced_api_key:
            _try_invoiced_key(clients.invoiced(row.id), say)
        with clients.sessions.begin() as session:
            row = connections.get(session, row.id)
            row.name = new.name or preferences.company_name or row.name
        is_complete = True
        return row
    except SyncError as error:
        if _refresh_token(clients, row.id) != new.refresh_token:
            error.remedy = f"{error.remedy} {USED_UP}".strip()
        raise
    finally:
        if not is_complete:
            with clients.sessions.begin() as session:
                connections.remove(session, row.id)
            clear_removed(clients.sessions, row.id)


def clear_removed(sessions: Sessions, connection_id: str) -> None:
    """Delete what a removed connection had, part by part; should this break off, a consumer goes on with it."""
    is_left = True
    while is_left:
        with sessions.begin() as session:
            is_left = connections.clear(session, connection_id)


def connect_by_consent(clients: Clients, code: str, realm_id: str) -> Connection:
    """Connect the company that a person has consented to in the browser; Invoiced's side follows on the page.

    Nothing is posted until somebody has seen what would be, and presses Synchronize.

    Raises:
        RejectedError: the company is connected already, or is outside the US.
        SyncError: Intuit or QuickBooks refused or did not answer. Nothing of the connection is left behind.
    """
    with clients.sessions() as session:
        # Looked at first: new tokens would end those of the connection that there is.
        connections.refuse_second(session, realm_id)
    tokens = clients.oauth.exchange(code, consent_callback_url(clients))
    return add_connection(
        clients,
        NewConnection(
            name=None,
            invoiced_api_key="",
            invoiced_webhook_secret=secrets.token_urlsafe(32),
            realm_id=realm_id,
            refresh_token=tokens.refresh_token,
            starts_at_once=False,
        ),
        say=lambda _: None,
    )


def give_invoiced_key(clients: Clients, connection_id: str, api_key: str) -> None:
    """Try an API key of the Invoiced account and store it; what waited for one goes on.

    Raises:
        AuthLostError: Invoiced refuses the key.
        SyncError: Invoiced does not answer: the key is not stored, since nobody knows whether it is good.
    """
    clients.invoiced_with_key(api_key).find_customers(number=_NO_CUSTOMER)
    with clients.sessions.begin() as session:
        connections.replace_invoiced_key(session, clients.vault, connection_id, api_key)
        records.release_waiting(session, connection_id, WAITS_FOR_INVOICED_KEY, clients.now())


def give_webhook_secret(clients: Clients, connection_id: str, secret: str) -> None:
    """Store the secret under which Invoiced signs its webhooks; the receiver goes by it within seconds.

    Raises:
        UnknownConnectionError: there is no such connection.
    """
    with clients.sessions.begin() as session:
        connections.replace_webhook_secret(session, clients.vault, connection_id, secret)


def propose_start(row: Connection) -> date | None:
    """Return the start date to propose where none was chosen: the day after QBO's closing date, for nothing can be
    posted before it. None: the books are open."""
    closed = preferences_from_document(row.preferences).book_close_date if row.preferences else None
    return closed + timedelta(days=1) if closed else None


def disconnect(clients: Clients, connection_id: str) -> None:
    """Give the authorization back at Intuit and stop the sync; history, links and settings stay.

    Raises:
        SyncError: Intuit did not take the authorization back; the connection is stopped all the same.
    """
    with clients.sessions.begin() as session:
        row = connections.get_locked(session, connection_id)
        row.state = connections.DISCONNECTED
    clients.oauth.revoke(clients.vault.decrypt(row.refresh_token_encrypted, bound_to=connection_id))


def reconnect(clients: Clients, connection_id: str, refresh_token: str) -> None:
    """Try a new refresh token, store it, and let go on what waited for it.

    Raises:
        OtherCompanyError: QuickBooks does not open the connection's company with it, and the connection is as it was.
        SyncError: Intuit refused the token or did not answer, and the connection is as it was; or the token is
            stored, but QuickBooks does not answer.
    """
    with clients.sessions() as session:
        row = connections.get(session, connection_id)
    tokens = clients.oauth.refresh(refresh_token)
    try:
        clients.quickbooks_with_token(row.realm_id, tokens.access_token).read_company()
    except (AccessRevokedError, AuthExpiredError) as error:
        raise OtherCompanyError(
            f"The token does not open {row.name}, QuickBooks company {row.realm_id}. Nothing was changed.",
            remedy=f"Authorize the app for {row.name}; or name the company that the token is for.",
            code=error.code,
            detail=error.detail,
        ) from error
    except SyncError as error:
        # An outage says nothing of the token, and the one that was given may be used up.
        log.warning("company not read yet", connection=connection_id, cause=error.cause)
    _go_on_with(clients, connection_id, tokens)


def _go_on_with(clients: Clients, connection_id: str, tokens: Tokens) -> None:
    with clients.sessions.begin() as session:
        connections.replace_refresh_token(
            session, clients.vault, connection_id, tokens.refresh_token, tokens.refresh_expires_at
        )
        connections.get(session, connection_id).refresh_token_hard_expires_at = tokens.refresh_hard_expires_at
        # With the token itself: whatever fails afterwards, nobody would connect once more to release them.
        records.release_reconnected(session, connection_id, clients.now())
    read_company(clients.sessions, clients.quickbooks(connection_id), connection_id, clients.now())


def reconnect_by_consent(clients: Clients, connection_id: str, code: str, realm_id: str) -> None:
    """Connect anew what has ended, by a consent in the browser; what waited goes on.

    Raises:
        OtherCompanyError: the consent is for another company; `other_company` moves the connection there.
        SyncError: Intuit refused or did not answer, and the connection is as it was.
    """
    with clients.sessions() as session:
        row = connections.get(session, connection_id)
    if row.realm_id != realm_id:
        raise OtherCompanyError(
            f"{row.name} is QuickBooks company {row.realm_id}, and the consent was given for company {realm_id}."
            " Nothing was changed.",
            remedy=f"Reconnect and choose {row.name} on Intuit's page.",
        )
    tokens = clients.oauth.exchange(code, consent_callback_url(clients))
    _go_on_with(clients, connection_id, tokens)


def consent_callback_url(clients: Clients) -> str:
    """Return the address to which Intuit sends a browser back; it is entered in the Intuit app as redirect URI."""
    return f"{clients.config.public_url}/oauth/callback"


def webhook_url(clients: Clients, connection_id: str) -> str:
    """Return the address to enter in Invoiced."""
    return f"{clients.config.public_url}/webhooks/invoiced/{connection_id}"


def quickbooks_webhook_url(clients: Clients) -> str:
    """Return the address to enter at Intuit, one for all companies."""
    return f"{clients.config.public_url}/webhooks/quickbooks"


def _refresh_token(clients: Clients, connection_id: str) -> str:
    with clients.sessions() as session:
        row = connections.get(session, connection_id)
    return clients.vault.decrypt(row.refresh_token_encrypted, bound_to=connection_id)


def _try_invoiced_key(invoiced: InvoicedClient, say: Callable[[str], None]) -> None:
    """Ask Invoiced for something, so that a wrong key is told now and not on every record.

    Raises:
        AuthLostError: Invoiced refuses the key.
    """
    try:
        invoiced.find_customers(number=_NO_CUSTOMER)
    except AuthLostError:
        raise
    except SyncError as error:
        say(f"The API key could not be tried yet: {error.cause}")


def read_company(
    sessions: Sessions,
    quickbooks: QuickBooksClient,
    connection_id: str,
    now: datetime,
) -> Preferences:
    """Read a company's preferences and payment methods, once, so that no record has to read anything later.

    Payment methods that stand there already are linked; the others are created on first use.

    Raises:
        RejectedError: the company cannot be synced (outside the US).
        SyncError: QuickBooks did not answer, or refused.
    """
    preferences = quickbooks.read_company()
    if preferences.country != "US":
        raise RejectedError(
            f"{preferences.company_name} is a company in {preferences.country}; only US companies are synced yet",
            remedy="Connect a US company.",
        )
    standing = {
        str(method["Name"]).casefold(): method
        for method in quickbooks.query("PaymentMethod", "select * from PaymentMethod maxresults 1000")
    }
    with sessions.begin() as session:
        connections.save_preferences(session, connection_id, preferences, now)
        for word, name in PAYMENT_METHOD_NAMES.items():
            found = standing.get(name.casefold())
            key = LinkKey(RecordKey(connection_id, Kind.PAYMENT_METHOD, word))
            if found is None or links.find(session, key) is not None:
                continue
            links.save(
                session,
                key,
                entity="PaymentMethod",
                qbo_id=qbo_id(found),
                sync_token=sync_token(found),
                standing=found,
                now=now,
                origin="adopted",
            )
    return preferences
