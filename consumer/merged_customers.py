"""Documents of a customer that was merged into another in QuickBooks: QuickBooks made them the survivor's."""

from sqlalchemy.orm import Session

from consumer.deps import Deps
from shared import choices
from shared.choices import Answer
from shared.db import links, records
from shared.db.links import LinkKey
from shared.db.models import Link
from shared.db.records import RecordKey
from shared.messages import Kind
from shared.outcomes import SETTLED_WELL, Outcome
from shared.quickbooks.entities import ref_value

# Looked at once more, a customer that was merged away is skipped.
_CARRIED_OUT = (*SETTLED_WELL, Outcome.SKIPPED)


def follow(deps: Deps, record: RecordKey) -> None:
    """Note of a record's documents that they stand under the survivor, once a person has said which that is.

    The record is leased, and none of its writes is without an answer. Otherwise the next write would find a customer
    that a person seems to have changed.
    """
    with deps.sessions() as session:
        if not _moved(session, record):
            return
    with deps.sessions.begin() as session:
        for link, survivor in _moved(session, record):
            _put_under(session, link, survivor)


def _moved(session: Session, record: RecordKey) -> list[tuple[Link, str]]:
    """Return the links of documents that stand under another customer than they did, each with that one."""
    standing = [(link, customer_of(session, link)) for link in links.find_all(session, record)]
    return [
        (link, customer)
        for link, customer in standing
        if customer is not None and customer != ref_value(link.standing, "CustomerRef")
    ]


def customer_of(session: Session, document: Link) -> str | None:
    """Return the QBO customer under which a document stands: of one that was merged away the survivor, which may have
    been merged into another one since."""
    customer = ref_value(document.standing, "CustomerRef")
    seen: set[str] = set()
    while customer is not None and customer not in seen:
        seen.add(customer)
        row = records.find(session, RecordKey(document.connection_id, Kind.QUICKBOOKS_CUSTOMER, customer))
        choice = choices.parse(row.choice) if row is not None and row.outcome in _CARRIED_OUT else None
        if choice is not None and choice.answer is Answer.SURVIVOR:
            customer = choice.named
    return customer


def _put_under(session: Session, link: Link, survivor: str) -> None:
    link.standing = {**link.standing, "CustomerRef": {"value": survivor}}
    if link.body is not None:
        link.body = {**link.body, "CustomerRef": {"value": survivor}}
    # A payment that the survivor has one of already stays apart, and is taken back for the sake of that one.
    free = links.find(session, LinkKey(links.record_of(link), link.role, survivor)) is None
    if link.kind == Kind.PAYMENT and free:
        link.variant = survivor
    session.flush()
