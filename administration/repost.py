"""Posts chosen documents again under today's settings: prefix, accounts, code, item and time zone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from shared.db import connections, links, pending_writes, record_actions, record_list, records
from shared.db.models import Link, Record
from shared.db.record_list import Search
from shared.db.records import RecordKey
from shared.messages import Kind
from shared.settings import preferences_from_document

# What has terms of its own; items, accounts and customers are what QuickBooks holds.
KINDS = (Kind.INVOICE, Kind.PAYMENT)
# Each is read and locked: more in one transaction would hold up everybody else.
AT_ONCE = 500


@dataclass(frozen=True)
class Refused:
    """A record that is not posted again, and why, for people."""

    key: RecordKey
    reason: str


def find_named(
    session: Session, connection_id: str, kind: Kind, names: Sequence[str]
) -> tuple[list[RecordKey], list[str]]:
    """Return the records that people call so, and the names that nothing has. A name is a number, and means every
    record that has it (payments by one check share it), or else Invoiced's id."""
    keys: dict[RecordKey, None] = {}
    unknown: list[str] = []
    for name in names:
        of_kind = sa.select(Record.record_id).where(Record.connection_id == connection_id, Record.kind == kind.value)
        found = session.scalars(of_kind.where(Record.label == name).order_by(Record.record_id)).all()
        found = found or session.scalars(of_kind.where(Record.record_id == name)).all()
        keys |= dict.fromkeys(RecordKey(connection_id, kind, record_id) for record_id in found)
        if not found:
            unknown.append(name)
    return list(keys), unknown


def find_matching(session: Session, connection_id: str, search: Search) -> list[RecordKey]:
    """Return the invoices and payments that a search finds."""
    return [
        key
        for kind in KINDS
        if search.kind in (None, kind)
        for key in record_list.find_keys(session, connection_id, replace(search, kind=kind))
    ]


def repost(
    session: Session, connection_id: str, keys: Sequence[RecordKey], who: str, now: datetime
) -> tuple[list[RecordKey], list[Refused]]:
    """Forget the settings under which documents were first posted, so that the look that is due now posts them with
    today's; return which, and which not. At most `AT_ONCE` of them in one transaction.

    Raises:
        UnknownConnectionError: there is no such connection.
    """
    row = connections.get(session, connection_id)
    closed_until = preferences_from_document(row.preferences).book_close_date if row.preferences else None
    accepted: list[RecordKey] = []
    refused: list[Refused] = []
    for key in sorted(set(keys), key=lambda key: key.name):
        standing = [link for link in links.find_all(session, key) if link.state == "live"]
        reason = _reason_to_refuse(session, key, standing, closed_until, now)
        if reason is not None:
            refused.append(Refused(key, reason))
            continue
        for link in standing:
            link.terms = None
        accepted.append(key)
    if accepted:
        record_actions.resync(session, connection_id, accepted, who, now, what=record_actions.REPOSTED)
    return accepted, refused


def _reason_to_refuse(
    session: Session, key: RecordKey, standing: Sequence[Link], closed_until: date | None, now: datetime
) -> str | None:
    if key.kind not in KINDS:
        return "Only invoices and payments are posted under settings of their own."
    # The row is locked from here on: no look begins before the transaction ends.
    if records.is_in_work(session, key, now):
        return "It is in work at this moment; try again in a minute."
    if pending_writes.find_all(session, key):
        return "A write to QuickBooks is not answered yet; try again once that is settled."
    if not standing:
        return "It does not stand in QuickBooks."
    dates = [date.fromisoformat(str(link.standing["TxnDate"])) for link in standing if link.standing.get("TxnDate")]
    if closed_until is not None and any(one <= closed_until for one in dates):
        return f"Its period is closed in QuickBooks, until {closed_until}."
    return None
