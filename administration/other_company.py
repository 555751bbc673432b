"""Moves a connection to another QuickBooks company: what belongs to the former one is let go, and nothing posted twice.

What was posted in the former company stays there as it is. Everything that tells which object of it stands for
which record is forgotten, so that the first Synchronize afterwards posts each record anew in the other company.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from administration.connect import USED_UP, consent_callback_url, read_company
from shared.clients import Clients
from shared.db import audit, connections, kept_answers, sweeps
from shared.db.models import Connection, Cursor, Link, Pace, PendingWrite, Record
from shared.errors import RejectedError, SyncError
from shared.messages import Kind
from shared.outcomes import WAITS_FOR_START, Outcome
from shared.quickbooks.oauth import Tokens
from shared.settings import Settings, preferences_from_document

log = structlog.get_logger()

# Records that stand for objects of QuickBooks, not for ones of Invoiced.
_OF_QUICKBOOKS = (
    Kind.QUICKBOOKS_CUSTOMER,
    Kind.QUICKBOOKS_PREFERENCES,
    Kind.ITEM,
    Kind.ACCOUNT,
    Kind.TAX_CODE,
    Kind.PAYMENT_METHOD,
)


@dataclass(frozen=True)
class Leaving:
    """What a move would let go: `links` to objects of the former company, and how many `records` are posted anew."""

    links: int
    records: int

    def in_words(self, former: str, other: str) -> list[str]:
        """Say what happens in a move from one QBO company to another, given by their realm ids."""
        links = "1 link" if self.links == 1 else f"{self.links:,} links"
        records = "1 record of Invoiced is" if self.records == 1 else f"{self.records:,} records of Invoiced are"
        return [
            f"What was posted in company {former} stays there as it is, and is not synced any more.",
            f"{links} to its customers, documents, items and accounts {'is' if self.links == 1 else 'are'} forgotten."
            " If you ever return to it, its documents are recognised again by number and note.",
            f"{records} posted anew in company {other}, from the start date on, with the first Synchronize. Nothing is"
            " posted before.",
            "Settings go back to their defaults, since they name accounts of the former company. Time zone, start date,"
            " history and audit trail stay.",
        ]


def leaving(session: Session, connection_id: str) -> Leaving:
    """Count what a move of the connection would let go."""
    links = sa.select(sa.func.count()).select_from(Link).where(Link.connection_id == connection_id)
    records = (
        sa.select(sa.func.count())
        .select_from(Record)
        .where(Record.connection_id == connection_id, Record.kind.not_in([kind.value for kind in _OF_QUICKBOOKS]))
    )
    return Leaving(session.execute(links).scalar_one(), session.execute(records).scalar_one())


def move_by_consent(clients: Clients, connection_id: str, code: str, realm_id: str, who: str) -> Connection:
    """Let a connection that has ended go on with another QuickBooks company; `code` is of the consent given for it.

    Raises:
        SyncError: as `move`.
    """
    return _move(
        clients, connection_id, realm_id, who, lambda: clients.oauth.exchange(code, consent_callback_url(clients))
    )


def move(clients: Clients, connection_id: str, refresh_token: str, realm_id: str, who: str) -> Connection:
    """Let a connection that has ended go on with another QuickBooks company, by a refresh token given for it.

    Nothing is posted there until somebody presses Synchronize. `who` is noted in the audit trail.

    Raises:
        RejectedError: the connection has not ended, records are in work, the other company is connected already or
            outside the US. Nothing is changed.
        SyncError: Intuit or QuickBooks refused or did not answer. Nothing is changed.
    """
    given: list[Tokens] = []

    def refreshed() -> Tokens:
        given.append(clients.oauth.refresh(refresh_token))
        return given[0]

    try:
        return _move(clients, connection_id, realm_id, who, refreshed)
    except SyncError as error:
        if given and given[0].refresh_token != refresh_token:
            error.remedy = f"{error.remedy} {USED_UP}".strip()
        raise


def _move(
    clients: Clients, connection_id: str, realm_id: str, who: str, authorization: Callable[[], Tokens]
) -> Connection:
    with clients.sessions.begin() as session:
        _check(session, connection_id, realm_id, clients.now())
    tokens = authorization()
    preferences = clients.quickbooks_with_token(realm_id, tokens.access_token).read_company()
    if preferences.country != "US":
        clients.oauth.revoke(tokens.refresh_token)
        raise RejectedError(
            f"{preferences.company_name} is a company in {preferences.country}; only US companies are synced yet.",
            remedy="Choose a US company.",
        )
    with clients.sessions.begin() as session:
        row = _check(session, connection_id, realm_id, clients.now())
        before = _called(row)
        _let_go(session, row, clients.now())
        connections.replace_refresh_token(
            session, clients.vault, connection_id, tokens.refresh_token, tokens.refresh_expires_at
        )
        row.refresh_token_hard_expires_at = tokens.refresh_hard_expires_at
        if row.preferences and row.name == preferences_from_document(row.preferences).company_name:
            row.name = preferences.company_name
        row.realm_id = realm_id
        row.started_at = row.quickbooks_webhook_at = row.last_write_at = None
        connections.save_settings(session, connection_id, Settings())
        connections.save_preferences(session, connection_id, preferences, clients.now())
        audit.note(
            session, connection_id, who, "Moved to another QuickBooks company", clients.now(),
            before=before, after=_called(row),
        )  # fmt: skip
    try:
        read_company(clients.sessions, clients.quickbooks(connection_id), connection_id, clients.now())
    except SyncError as error:
        # The move stands; the payment methods of the other company are found on first use.
        log.warning("payment methods not read yet", connection=connection_id, cause=error.cause)
    return row


def _check(session: Session, connection_id: str, realm_id: str, now: datetime) -> Connection:
    """Return the connection, locked, if it can be moved.

    Raises:
        RejectedError: it cannot.
    """
    row = connections.get_locked(session, connection_id)
    if row.state == connections.CONNECTED:
        raise RejectedError(
            f"{row.name} is connected to its own QuickBooks company.",
            remedy="Disconnect it first, so that nothing is in work; then reconnect and choose the other company.",
        )
    # Whoever holds a lease may still be writing to the former company, and would link what it wrote.
    in_work = sa.select(Record.record_id).where(Record.connection_id == connection_id, Record.lease_until > now)
    if session.execute(in_work.limit(1)).first() is not None:
        raise RejectedError("Records are in work at this moment.", remedy="Try again in a minute.")
    if connections.find_id_of_realm(session, realm_id) is not None:
        raise RejectedError(
            f"The QuickBooks company {realm_id} is connected already.", remedy="Choose a company that is not."
        )
    return row


def _let_go(session: Session, row: Connection, now: datetime) -> None:
    running = sweeps.find_running(session, row.id)
    if running is not None:
        sweeps.cancel(session, running, now)
    for table in (PendingWrite, Link, Cursor):
        session.execute(sa.delete(table).where(table.connection_id == row.id))
    kept_answers.forget_all(session, row.id)
    session.execute(sa.delete(Pace).where(Pace.realm_id == row.realm_id))
    session.execute(
        sa.delete(Record).where(
            Record.connection_id == row.id, Record.kind.in_([kind.value for kind in _OF_QUICKBOOKS])
        )
    )
    session.execute(
        sa.update(Record)
        .where(Record.connection_id == row.id)
        .values(
            outcome=Outcome.WAITING.value,
            outcome_at=now,
            cause="Not posted in the other QuickBooks company yet",
            remedy="See on the overview what would be posted, then press Synchronize.",
            cause_group="start",
            waiting_for=WAITS_FOR_START,
            code=None,
            detail=None,
            setting=None,
            versions=None,
            next_look_at=None,
            attempts=0,
            dirty=False,
            asked_by_person=False,
            choice=None,
            source_updated_at=None,
            closed_at=None,
            asked_at=None,
        )
    )


def _called(row: Connection) -> str:
    name = preferences_from_document(row.preferences).company_name if row.preferences else row.name
    return f"{name}, QuickBooks company {row.realm_id}"
