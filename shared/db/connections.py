"""Queries on connections: which Invoiced account is paired with which QBO company, and how."""

import secrets
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa
from sqlalchemy.orm import Session

from shared.db.models import Connection, Pace, Sweep
from shared.errors import AuthLostError, RejectedError, TransientError
from shared.settings import Preferences, Settings, preferences_from_document, settings_from_document
from shared.vault import Vault

CONNECTED = "connected"
RECONNECT_NEEDED = "reconnect needed"
# Its authorization was given back; history and links stay.
DISCONNECTED = "disconnected"
# Nobody knows of it any more; what belonged to it is deleted part by part, and its row last.
REMOVED = "removed"

WRITE_NOTED_EVERY_S = 5
# Tables with many rows of a connection; of the others the database takes them with the connection's own.
_MANY_ROWS = ("sweep_records", "history", "pending_writes", "links", "records")
CLEARED_AT_ONCE = 2000


class UnknownConnectionError(RejectedError):
    """No connection has this id (any more)."""


@dataclass(frozen=True)
class Profile:
    """What the sync needs to know of a connection, apart from its secrets; `started`: records may be posted."""

    id: str
    name: str
    state: str
    realm_id: str
    time_zone: ZoneInfo
    start_date: date | None
    settings: Settings
    preferences: Preferences
    started: bool = True


class Named(NamedTuple):
    """What a connection is called, and its state."""

    id: str
    name: str
    state: str


def add(
    session: Session,
    vault: Vault,
    *,
    name: str,
    invoiced_api_key: str,
    invoiced_webhook_secret: str,
    realm_id: str,
    refresh_token: str,
    time_zone: str,
    start_date: date | None,
    now: datetime,
    posts: bool = True,
    settings: Settings = Settings(),  # noqa: B008  (frozen)
    preferences: Preferences | None = None,
) -> Connection:
    """Add a connection and return its row; `preferences` follow later where they are to be read first.

    `now` is an aware instant. Unless it `posts`, nothing is posted until somebody presses Synchronize. An empty API key
    stands for one that is given later.

    Raises:
        RejectedError: the company is connected already, or the time zone is unknown.
    """
    _zone(time_zone)
    refuse_second(session, realm_id)
    connection_id = secrets.token_hex(6)
    row = Connection(
        id=connection_id,
        name=name,
        state=CONNECTED,
        realm_id=realm_id,
        time_zone=time_zone,
        start_date=start_date,
        invoiced_api_key_encrypted=vault.encrypt(invoiced_api_key, bound_to=connection_id),
        invoiced_webhook_secret_encrypted=vault.encrypt(invoiced_webhook_secret, bound_to=connection_id),
        refresh_token_encrypted=vault.encrypt(refresh_token, bound_to=connection_id),
        preferences={} if preferences is None else document_of(preferences),
        preferences_read_at=None if preferences is None else now,
        settings=document_of(settings),
        created_at=now,
        started_at=now if posts else None,
    )
    session.add(row)
    session.flush()
    return row


def refuse_second(session: Session, realm_id: str) -> None:
    """Return if no connection has this QBO company yet.

    Raises:
        RejectedError: one has; names it.
    """
    known = find_id_of_realm(session, realm_id)
    if known is not None:
        raise RejectedError(
            f"QuickBooks company {realm_id} is connected already, as {get(session, known).name}.",
            remedy="Connect another company; one that was disconnected is reconnected on its overview.",
        )


def list_all(session: Session) -> list[Connection]:
    """Return all connections, the oldest first."""
    known = sa.select(Connection).where(Connection.state != REMOVED)
    return list(session.scalars(known.order_by(Connection.created_at, Connection.id)))


def list_names(session: Session) -> list[Named]:
    """Return what all connections are called, by name."""
    known = sa.select(Connection.id, Connection.name, Connection.state).where(Connection.state != REMOVED)
    found = session.execute(known)
    return sorted((Named(*row) for row in found), key=lambda one: (one.name.casefold(), one.id))


def find(session: Session, connection_id: str) -> Connection | None:
    """Return a connection, or None."""
    row = session.get(Connection, connection_id)
    return None if row is None or row.state == REMOVED else row


def get(session: Session, connection_id: str) -> Connection:
    """Return a connection.

    Raises:
        UnknownConnectionError: there is none of that id.
    """
    row = find(session, connection_id)
    if row is None:
        raise _unknown(connection_id)
    return row


def get_locked(session: Session, connection_id: str) -> Connection:
    """Return a connection as it stands now, its row kept from other writers until the transaction ends.

    Raises:
        UnknownConnectionError: there is none of that id.
    """
    # key_share: rows that refer to the connection can still be added meanwhile.
    row = session.get(Connection, connection_id, with_for_update={"key_share": True}, populate_existing=True)
    if row is None or row.state == REMOVED:
        raise _unknown(connection_id)
    return row


def remove(session: Session, connection_id: str) -> None:
    """Remove a connection: nobody knows of it any more, its secrets are gone and its company is free. What is posted in
    QBO stays. Its records, links and history, which may be many, are left to `clear`.

    Raises:
        UnknownConnectionError: there is none of that id.
    """
    row = get_locked(session, connection_id)
    session.execute(sa.delete(Pace).where(Pace.realm_id == row.realm_id))
    # Nobody takes it up any more.
    running = sa.update(Sweep).where(Sweep.connection_id == connection_id, Sweep.ended_at.is_(None))
    session.execute(running.values(state="cancelled", ended_at=sa.func.coalesce(Sweep.began_at, Sweep.asked_at)))
    row.state, row.realm_id = REMOVED, f"{REMOVED} {connection_id}"
    row.invoiced_api_key_encrypted = row.invoiced_webhook_secret_encrypted = row.refresh_token_encrypted = ""
    row.access_token_encrypted = None
    session.flush()


def find_removed(session: Session) -> str | None:
    """Return the id of a removed connection that is not cleared yet, None if there is none."""
    return session.scalar(sa.select(Connection.id).where(Connection.state == REMOVED).limit(1))


def clear(session: Session, connection_id: str, *, at_most: int = CLEARED_AT_ONCE) -> bool:
    """Delete so many rows of what a removed connection had, and its own once they are gone; False if there is no such
    removed connection. So nobody waits for one long transaction."""
    row = session.get(Connection, connection_id)
    if row is None or row.state != REMOVED:
        return False
    for name in _MANY_ROWS:
        table = Connection.metadata.tables[name]
        key = table.primary_key.columns
        some = sa.select(*key).where(table.c.connection_id == connection_id).limit(at_most)
        if session.execute(sa.delete(table).where(sa.tuple_(*key).in_(some))).rowcount:  # type: ignore[attr-defined]
            return True
    session.execute(sa.delete(Connection).where(Connection.id == connection_id))
    return True


def find_webhook_secret(session: Session, vault: Vault, connection_id: str) -> str | None:
    """Return the secret that signs Invoiced's webhooks for a connection; None where there is no such
    connection.

    Raises:
        VaultError: it cannot be decrypted.
    """
    encrypted = session.scalar(
        sa.select(Connection.invoiced_webhook_secret_encrypted).where(
            Connection.id == connection_id, Connection.state != REMOVED
        )
    )
    return None if encrypted is None else vault.decrypt(encrypted, bound_to=connection_id)


def find_with_same_key(session: Session, vault: Vault, row: Connection) -> Connection | None:
    """Return another connection that has the same API key of Invoiced: all would be posted through both."""
    if not has_invoiced_key(row, vault):
        return None
    key = invoiced_api_key(row, vault)
    others = (other for other in list_all(session) if other.id != row.id)
    return next((other for other in others if invoiced_api_key(other, vault) == key), None)


def find_id_of_realm(session: Session, realm_id: str) -> str | None:
    """Return the id of the connection to a QBO company, or None."""
    return session.scalar(sa.select(Connection.id).where(Connection.realm_id == realm_id))


def invoiced_api_key(row: Connection, vault: Vault) -> str:
    """Return the API key of the Invoiced account.

    Raises:
        VaultError: it cannot be decrypted.
    """
    return vault.decrypt(row.invoiced_api_key_encrypted, bound_to=row.id)


def replace_refresh_token(
    session: Session, vault: Vault, connection_id: str, refresh_token: str, expires_at: datetime | None = None
) -> None:
    """Store the refresh token that somebody obtained by connecting again; the connection is connected.

    Raises:
        UnknownConnectionError: there is no such connection.
    """
    row = get_locked(session, connection_id)
    row.refresh_token_encrypted = vault.encrypt(refresh_token, bound_to=connection_id)
    row.refresh_token_expires_at = expires_at
    row.refresh_token_hard_expires_at = None
    row.access_token_encrypted = None
    row.access_token_expires_at = None
    row.token_lease_owner = None
    row.token_lease_until = None
    row.state = CONNECTED


def replace_invoiced_key(session: Session, vault: Vault, connection_id: str, api_key: str) -> None:
    """Store another API key of the Invoiced account.

    Raises:
        UnknownConnectionError: there is no such connection.
    """
    get_locked(session, connection_id).invoiced_api_key_encrypted = vault.encrypt(api_key, bound_to=connection_id)


def replace_webhook_secret(session: Session, vault: Vault, connection_id: str, secret: str) -> None:
    """Store another secret under which Invoiced signs its webhooks.

    Raises:
        UnknownConnectionError: there is no such connection.
    """
    get_locked(session, connection_id).invoiced_webhook_secret_encrypted = vault.encrypt(secret, bound_to=connection_id)


def has_invoiced_key(row: Connection, vault: Vault) -> bool:
    """Tell whether somebody has given an API key of the Invoiced account.

    Raises:
        VaultError: it cannot be decrypted.
    """
    return bool(invoiced_api_key(row, vault))


def webhook_secret(row: Connection, vault: Vault) -> str:
    """Return the secret under which Invoiced signs its webhooks.

    Raises:
        VaultError: it cannot be decrypted.
    """
    return vault.decrypt(row.invoiced_webhook_secret_encrypted, bound_to=row.id)


def start(session: Session, connection_id: str, now: datetime) -> bool:
    """Let a connection post from now on; tell whether it did not before.

    Raises:
        UnknownConnectionError: there is no such connection.
    """
    row = get_locked(session, connection_id)
    if row.started_at is not None:
        return False
    row.started_at = now
    return True


def park(session: Session, connection_id: str) -> None:
    """Let a connection wait until somebody connects again.

    Raises:
        UnknownConnectionError: there is no such connection.
    """
    row = get_locked(session, connection_id)
    if row.state != DISCONNECTED:
        row.state = RECONNECT_NEEDED


def note_write(session: Session, connection_id: str, now: datetime) -> None:
    """Remember that QuickBooks has just carried out a write; at most every few seconds, for one row serves all."""
    session.execute(
        sa.update(Connection)
        .where(
            Connection.id == connection_id,
            sa.or_(
                Connection.last_write_at.is_(None),
                Connection.last_write_at < now - timedelta(seconds=WRITE_NOTED_EVERY_S),
            ),
        )
        .values(last_write_at=now)
    )


def save_preferences(session: Session, connection_id: str, preferences: Preferences, now: datetime) -> None:
    """Store what QBO said about its company.

    Raises:
        UnknownConnectionError: there is no such connection.
    """
    row = get(session, connection_id)
    row.preferences = document_of(preferences)
    row.preferences_read_at = now


def save_settings(session: Session, connection_id: str, settings: Settings) -> None:
    """Store what the admin chose.

    Raises:
        UnknownConnectionError: there is no such connection.
    """
    get(session, connection_id).settings = document_of(settings)


def profile(row: Connection) -> Profile:
    """Return what the sync needs to know of a connection.

    Raises:
        TransientError: the connection is still being set up: nobody has read QBO's preferences yet.
    """
    if not row.preferences:
        raise TransientError("The connection is still being set up.", remedy="Wait, or remove it and add it again.")
    return Profile(
        id=row.id,
        name=row.name,
        state=row.state,
        realm_id=row.realm_id,
        time_zone=_zone(row.time_zone),
        start_date=row.start_date,
        settings=settings_from_document(row.settings),
        preferences=preferences_from_document(row.preferences),
        started=row.started_at is not None,
    )


def reconnect_needed() -> AuthLostError:
    """Return the error for a record of a parked connection."""
    return AuthLostError(
        "The connection to QuickBooks has ended; its records wait.",
        remedy="Connect QuickBooks again, as a company administrator.",
    )


def document_of(value: Settings | Preferences) -> dict[str, Any]:
    """Return it as JSON, dates as ISO texts."""
    document = asdict(value)
    return {key: item.isoformat() if isinstance(item, date) else item for key, item in document.items()}


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise RejectedError(
            f"{name!r} is not a time zone.", remedy="Name one such as America/New_York (tz database)."
        ) from error


def _unknown(connection_id: str) -> UnknownConnectionError:
    return UnknownConnectionError(
        f"There is no connection {connection_id!r}.", remedy="List the connections to see their ids."
    )
