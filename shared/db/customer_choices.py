"""Customers of QuickBooks that wait for a person's choice, and what was chosen."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from shared.choices import Answer, Choice, in_words
from shared.db import audit, history, links, records
from shared.db.models import Link
from shared.db.records import RecordKey
from shared.errors import RejectedError
from shared.messages import Kind


@dataclass(frozen=True)
class Counterpart:
    """The customer of Invoiced for which a customer of QuickBooks stands; `how` says how they came together, in one
    word: `recognised`, `chosen`, `created`, `posted` (from Invoiced), or empty where nobody noted it."""

    invoiced_id: str
    name: str | None
    number: str | None
    how: str


def counterparts(session: Session, connection_id: str, qbo_ids: Iterable[str]) -> dict[str, Counterpart]:
    """Return the counterparts of customers of QuickBooks, by QBO id; those without one are left out."""
    found = session.scalars(
        sa.select(Link).where(
            Link.connection_id == connection_id, Link.qbo_entity == "Customer", Link.qbo_id.in_(list(qbo_ids))
        )
    )
    return {link.qbo_id: _counterpart(link) for link in found}


def choose(session: Session, connection_id: str, qbo_id: str, choice: Choice, who: str, now: datetime) -> None:
    """Store what a person chose, and have the customer looked at: the look acts on it.

    Raises:
        RejectedError: nobody has heard of this customer of QuickBooks, or the choice does not fit it (any more).
    """
    key = RecordKey(connection_id, Kind.QUICKBOOKS_CUSTOMER, qbo_id)
    row = records.find(session, key)
    if row is None:
        raise RejectedError(
            f"Nothing is known of customer {qbo_id} of QuickBooks.", remedy="Synchronize first, then choose."
        )
    link = links.find_by_qbo_id(session, connection_id, "Customer", qbo_id)
    if link is not None and choice.answer in (Answer.LINK, Answer.CREATE):
        raise RejectedError(
            f"Customer {qbo_id} of QuickBooks stands for customer {link.record_id} of Invoiced already.",
            remedy="Look at the page anew.",
        )
    if choice.answer is Answer.SURVIVOR:
        _check_survivor(qbo_id, choice, link)
    before = row.choice
    row.choice = str(choice)
    records.request_look(session, key, now, asked_by_person=True)
    history.add(session, [history.of_record(key, now, history.PERSON, who=who, cause=f"chose: {choice.in_words}")])
    audit.note(
        session,
        connection_id,
        who,
        f"customer of QuickBooks: {row.label or qbo_id}",
        now,
        before=in_words(before) or None,
        after=choice.in_words,
    )


def _check_survivor(qbo_id: str, choice: Choice, link: Link | None) -> None:
    if link is None:
        raise RejectedError(
            f"Customer {qbo_id} of QuickBooks stood for nobody in Invoiced.", remedy="There is nothing to move."
        )
    if choice.named == qbo_id:
        raise RejectedError("A customer is not its own survivor.", remedy="Name the one that it was merged into.")


def _counterpart(link: Link) -> Counterpart:
    source = link.source or {}
    how = str((link.terms or {}).get("how") or ("posted" if link.origin == "invoiced" else ""))
    return Counterpart(link.record_id, source.get("name"), source.get("number"), how)
