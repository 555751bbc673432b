"""Links between records and the QBO objects that stand for them, and how payments are applied to invoices."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from shared.db.models import Application, Link
from shared.db.records import RecordKey
from shared.messages import Kind

DOCUMENT = "document"
BAD_DEBT_MEMO = "bad-debt-memo"
BAD_DEBT_APPLICATION = "bad-debt-application"


@dataclass(frozen=True)
class LinkKey:
    """Names one link: the record, the role of the QBO object, and which of several (currency, QBO customer)."""

    record: RecordKey
    role: str = DOCUMENT
    variant: str = ""


def find(session: Session, key: LinkKey) -> Link | None:
    """Return the link, or None."""
    return session.scalars(
        sa.select(Link).where(
            Link.connection_id == key.record.connection_id,
            Link.kind == key.record.kind.value,
            Link.record_id == key.record.record_id,
            Link.role == key.role,
            Link.variant == key.variant,
        )
    ).one_or_none()


def find_all(session: Session, record: RecordKey) -> list[Link]:
    """Return every link of the record, in order of creation."""
    return list(
        session.scalars(
            sa.select(Link)
            .where(
                Link.connection_id == record.connection_id,
                Link.kind == record.kind.value,
                Link.record_id == record.record_id,
            )
            .order_by(Link.id)
        )
    )


def find_of_kind(session: Session, connection_id: str, kind: Kind, record_ids: list[str]) -> list[Link]:
    """Return the links of several records of one kind."""
    return list(
        session.scalars(
            sa.select(Link).where(
                Link.connection_id == connection_id, Link.kind == kind.value, Link.record_id.in_(record_ids)
            )
        )
    )


def find_by_qbo_id(session: Session, connection_id: str, entity: str, qbo_id: str) -> Link | None:
    """Return the link to this QBO object, or None."""
    return session.scalars(
        sa.select(Link).where(Link.connection_id == connection_id, Link.qbo_entity == entity, Link.qbo_id == qbo_id)
    ).one_or_none()


def sync_tokens(session: Session, connection_id: str, entity: str, qbo_ids: Iterable[str]) -> dict[str, str]:
    """Return the sync tokens that we saw last of those of these QBO objects that are linked, by id."""
    rows = session.execute(
        sa.select(Link.qbo_id, Link.sync_token).where(
            Link.connection_id == connection_id, Link.qbo_entity == entity, Link.qbo_id.in_(list(qbo_ids))
        )
    )
    return {row.qbo_id: row.sync_token for row in rows}


def ids_of(session: Session, connection_id: str, entity: str) -> frozenset[str]:
    """Return the ids of all linked objects of a QBO entity."""
    ids = sa.select(Link.qbo_id).where(Link.connection_id == connection_id, Link.qbo_entity == entity)
    return frozenset(session.scalars(ids))


def record_of(link: Link) -> RecordKey:
    """Return the key of the record that the link belongs to."""
    return RecordKey(link.connection_id, Kind(link.kind), link.record_id)


def key_of(link: Link) -> LinkKey:
    """Return the key of a link."""
    return LinkKey(record_of(link), link.role, link.variant)


def save(
    session: Session,
    key: LinkKey,
    *,
    entity: str,
    qbo_id: str,
    sync_token: str,
    standing: dict[str, Any],
    now: datetime,
    **columns: Any,
) -> Link:
    """Insert or update the link after QBO answered; `columns` are further columns of `Link` to set."""
    link = find(session, key)
    if link is None:
        link = Link(
            connection_id=key.record.connection_id,
            kind=key.record.kind.value,
            record_id=key.record.record_id,
            role=key.role,
            variant=key.variant,
            qbo_entity=entity,
            created_at=now,
        )
        session.add(link)
    link.qbo_id = qbo_id
    link.sync_token = sync_token
    link.standing = standing
    link.updated_at = now
    for column, value in columns.items():
        setattr(link, column, value)
    session.flush()
    return link


def delete(session: Session, key: LinkKey) -> None:
    """Forget a QBO object that does not exist any more."""
    link = find(session, key)
    if link is not None:
        session.delete(link)
        session.flush()


def applied_to(session: Session, connection_id: str, invoice_qbo_id: str) -> list[tuple[Link, Decimal]]:
    """Return what stands against a QBO invoice: the links of the payments, and how much each has applied."""
    rows = session.execute(
        sa.select(Link, Application.amount)
        .join(Application, Application.link_id == Link.id)
        .where(Application.connection_id == connection_id, Application.invoice_qbo_id == invoice_qbo_id)
        .order_by(Link.id)
    )
    return [(link, amount) for link, amount in rows]


def paid_by(session: Session, link: Link) -> list[Link]:
    """Return the links of the invoices against which a payment stands."""
    return list(
        session.scalars(
            sa.select(Link)
            .join(
                Application,
                sa.and_(
                    Application.connection_id == Link.connection_id,
                    Application.invoice_qbo_id == Link.qbo_id,
                    Link.qbo_entity == "Invoice",
                ),
            )
            .where(Application.link_id == link.id)
        )
    )


def applied_of_memo(session: Session, memo: Link) -> Decimal:
    """Return how much of a bad debt's credit memo its payment of zero has applied."""
    application = find(session, LinkKey(record_of(memo), BAD_DEBT_APPLICATION))
    return Decimal(0) if application is None else total_applied_by(session, application)


def total_applied_by(session: Session, link: Link) -> Decimal:
    """Return how much a payment has applied to invoices."""
    amounts = session.scalars(sa.select(Application.amount).where(Application.link_id == link.id))
    return sum(amounts, Decimal(0))


def replace_applications(session: Session, link: Link, amounts: Mapping[str, Decimal]) -> None:
    """Store how a payment is applied now: amounts by QBO id of the invoice.

    Applying to an invoice, or ceasing to, makes QBO count up that invoice's sync token; the tokens of our links
    follow, so that the next edit needs no read. Where QBO did otherwise, that edit meets a 5010 and reads.
    """
    before = {
        row.invoice_qbo_id: row for row in session.scalars(sa.select(Application).where(Application.link_id == link.id))
    }
    touched = {
        invoice_id
        for invoice_id in before.keys() | amounts.keys()
        if invoice_id not in before or before[invoice_id].amount != amounts.get(invoice_id)
    }
    for invoice_id, row in before.items():
        if invoice_id not in amounts:
            session.delete(row)
    for invoice_id, amount in amounts.items():
        if invoice_id in before:
            before[invoice_id].amount = amount
        else:
            session.add(
                Application(
                    link_id=link.id,
                    invoice_qbo_id=invoice_id,
                    connection_id=link.connection_id,
                    amount=amount,
                )
            )
    for invoice_id in touched:
        count_up(session, find_by_qbo_id(session, link.connection_id, "Invoice", invoice_id))
    session.flush()


def count_up(session: Session, link: Link | None) -> None:
    """Follow QBO's own change of an object: its sync token is one further."""
    if link is not None and link.sync_token.isdecimal():
        link.sync_token = str(int(link.sync_token) + 1)
