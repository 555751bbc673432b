"""What is known of records, read from our own database for a person to see."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from administration.both_sides import BothSides, find_links
from invoiced_quickbooks.shown import in_utc
from shared.db import history, pending_writes, records
from shared.db.models import HistoryEntry, Link, PendingWrite, Record
from shared.db.records import RecordKey
from shared.messages import Kind


def find_record(session: Session, connection_id: str, kind: Kind, text: str) -> RecordKey:
    """Return the key of the record with this id, or else of the only one that is known by this number.

    A record that nobody has heard of is taken to have this id.
    """
    key = RecordKey(connection_id, kind, text)
    if records.find(session, key) is not None:
        return key
    by_label = sa.select(Record.record_id).where(
        Record.connection_id == connection_id, Record.kind == kind.value, Record.label == text
    )
    found = session.scalars(by_label.limit(2)).all()
    return RecordKey(connection_id, kind, found[0]) if len(found) == 1 else key


def record_document(session: Session, key: RecordKey, now: datetime) -> dict[str, Any] | None:
    """Return all that is known of a record, or None if nobody has heard of it.

    Bodies are as they went over the wire; neither they nor anything else here holds a secret.
    """
    row = records.find(session, key)
    found = find_links(session, key)
    pending = pending_writes.find_all(session, key)
    if row is None and not found and not pending:
        return None
    document: dict[str, Any] = {"connection": key.connection_id, "kind": key.kind.value, "id": key.record_id}
    if row is not None:
        document |= _state(row, now)
    document["links"] = [_link(link) for link in found]
    document["pending_writes"] = [_pending(write) for write in pending]
    document["waited_for_by"] = _waiting_for(session, key)
    if row is not None:
        last_call = history.find_last_call(session, key)
        document |= {
            "versions": row.versions,
            "last_request": last_call.request if last_call else None,
            "last_reply": last_call.reply if last_call else None,
        }
    return document


def both_sides_document(compared: BothSides) -> dict[str, Any]:
    """Return both sides of a record."""
    return {
        "currency": compared.currency,
        "why_not_invoiced": compared.why_not,
        "rows": [
            {"name": row.name, "invoiced": row.invoiced, "quickbooks": row.quickbooks, "verdict": row.verdict}
            for row in compared.rows
            if row.invoiced is not None or row.quickbooks is not None
        ],
        "invoiced_urls": [address for _, address in compared.in_invoiced],
        "customers_view": compared.customers_view,
        "quickbooks_urls": [address for _, address in compared.in_quickbooks if address is not None],
    }


def entry_document(entry: HistoryEntry) -> dict[str, Any]:
    """Return one entry of a record's history: a look, a call to QuickBooks, or what a person did."""
    return {
        "number": entry.id,
        "at": in_utc(entry.at),
        "what": entry.what,
        "why": entry.why,
        "who": entry.who,
        "event_id": entry.event_id,
        "outcome": entry.outcome,
        "cause": entry.cause,
        "request": entry.request,
        "reply": entry.reply,
        "intuit_tid": entry.intuit_tid,
        "delay_ms": entry.delay_ms,
    }


def _state(row: Record, now: datetime) -> dict[str, Any]:
    is_in_work = row.lease_owner is not None and row.lease_until is not None and row.lease_until > now
    return {
        "label": row.label,
        "amount": row.amount,
        "currency": row.currency,
        "dated_on": row.dated_on,
        "customer_name": row.customer_name,
        "outcome": row.outcome,
        "outcome_at": in_utc(row.outcome_at),
        "cause": row.cause,
        "remedy": row.remedy,
        "code": row.code,
        "detail": row.detail,
        "cause_group": row.cause_group,
        "ignored_at": in_utc(row.ignored_at),
        "ignored_by": row.ignored_by,
        "choice": row.choice,
        "setting": row.setting,
        "waiting_for": row.waiting_for,
        "attempts": row.attempts,
        "in_work": is_in_work,
        "lease": {"owner": row.lease_owner, "until": in_utc(row.lease_until)} if row.lease_owner else None,
        "dirty": row.dirty,
        "asked_by_person": row.asked_by_person,
        "asked_at": in_utc(row.asked_at),
        "first_seen_at": in_utc(row.first_seen_at),
        "looked_at": in_utc(row.looked_at),
        "next_look_at": in_utc(row.next_look_at),
        "closed_at": in_utc(row.closed_at),
        "last_event_id": row.last_event_id,
    }


def _link(link: Link) -> dict[str, Any]:
    return {
        "kind": link.kind,
        "record": link.record_id,
        "role": link.role,
        "variant": link.variant or None,
        "entity": link.qbo_entity,
        "qbo_id": link.qbo_id,
        "sync_token": link.sync_token,
        "state": link.state,
        "origin": link.origin,
        "mismatch": link.mismatch,
        "terms": link.terms,
        "created_at": in_utc(link.created_at),
        "updated_at": in_utc(link.updated_at),
        "written": link.body,
        "standing": link.standing,
    }


def _pending(write: PendingWrite) -> dict[str, Any]:
    return {
        "role": write.role,
        "request_id": write.request_id,
        "batch_item_id": write.batch_item_id,
        "sent_at": in_utc(write.sent_at),
        "write": write.write,
    }


def _waiting_for(session: Session, key: RecordKey) -> Sequence[str]:
    waiting = (
        sa.select(Record.kind, Record.record_id)
        .where(Record.connection_id == key.connection_id, Record.waiting_for == key.name)
        .order_by(Record.kind, Record.record_id)
    )
    return [f"{kind}:{record_id}" for kind, record_id in session.execute(waiting)]
