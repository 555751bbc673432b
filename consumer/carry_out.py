"""Carries out planned writes, exactly once: stored before the call, forgotten when the answer is recorded (ADR 0003).

A write whose answer was lost is sent again, the same body under the same request id, before anything else happens to
its record. Here alone is decided whether an error means that a write was done, was not done, or may have been done.
"""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy.orm import Session

from consumer import look_for, lost_references
from consumer.conflicts import check_again, look_into_conflict, remember_gone
from consumer.deps import Deps
from consumer.mapping.marker import with_marker
from consumer.remember import remember
from consumer.writes import Operation, Write, stored_form
from shared.db import links, pending_writes, records
from shared.db.models import Link, PendingWrite
from shared.db.records import RecordKey
from shared.errors import (
    AuthLostError,
    ConflictError,
    LeaseLostError,
    NotFoundError,
    RateLimitedError,
    RejectedError,
    SyncError,
    TransientError,
)
from shared.quickbooks.client import BatchItem, BatchReply
from shared.quickbooks.entities import qbo_id

# Within this time Intuit is trusted to answer a repeated request id with its first answer.
TRUSTED_REPLAY_S = 600

log = structlog.get_logger()


def carry_out(deps: Deps, lease: RecordKey, write: Write) -> Link | None:
    """Make QuickBooks do one write, and return the link as it stands then (None: deleted).

    `lease` is the record whose lease covers the write. A moved sync token is looked into here, for all but customers
    (whose two sides are merged by their handler).

    Raises:
        ChangedInQuickBooksError: a person changed a field that we own; nothing was written.
        DuplicateNumberError, DuplicateNameError: for whoever knows what may be adopted.
        SyncError: any other refusal, or an answer that did not come.
    """
    pending = _store(deps, [(lease, write)])[0]
    try:
        return _attempt(deps, pending, is_first=True)
    except ConflictError:
        if write.entity == "Customer":
            with deps.sessions.begin() as session:
                pending_writes.delete(session, [pending])
            raise
        done, link = look_into_conflict(deps, pending)
        if done:
            return link
    log.info("only the sync token had moved", entity=write.entity, record=lease.record_id)
    return _attempt(deps, _store(deps, [(lease, _with_standing_note(write, link))])[0], is_first=True)


def carry_out_batch(deps: Deps, writes: Sequence[tuple[RecordKey, Write]]) -> list[Link | SyncError]:
    """Carry out creates that do not depend on each other in one call; each comes with the record that covers it.

    Returns a link or a refusal for each, in order. What an answered batch refused goes again in another one.

    Raises:
        SyncError: the batch as a whole was not answered, or not accepted.
    """
    return _attempt_batch(deps, _store(deps, writes, as_batch=True), is_first=True)


def settle_pending(deps: Deps, record: RecordKey) -> bool:
    """Bring every write of the record whose answer was lost to its end, before the record is looked at anew; tell
    whether there was any.

    Raises:
        SyncError: the answer is still not to be had.
    """
    with deps.sessions() as session:
        pendings = pending_writes.find_all(session, record)
    for pending in pendings:
        log.info("a write without an answer is sent again", entity=pending.write["entity"], record=record.name)
        if deps.now() - pending.sent_at > timedelta(seconds=TRUSTED_REPLAY_S):
            _look_before_writing(deps, pending)
        elif pending.batch_item_id is not None:
            _replay_batch(deps, pending)
        else:
            _replay(deps, pending)
    return bool(pendings)


def _replay(deps: Deps, pending: PendingWrite) -> None:
    try:
        link = _attempt(deps, pending, is_first=False)
    except ConflictError:
        # Either our write arrived and moved the token, or somebody else's did.
        look_into_conflict(deps, pending)
    except (TransientError, RateLimitedError, AuthLostError):
        raise
    except SyncError as refusal:
        # A definite refusal: the record's own look plans anew, under a new request id.
        log.info("a write sent again was refused", code=refusal.code, cause=refusal.cause)
    else:
        if link is not None and link.mismatch:
            # The first answer, told again, may be older than payments that were applied since.
            check_again(deps, link)


def _replay_batch(deps: Deps, pending: PendingWrite) -> None:
    with deps.sessions() as session:
        batch = pending_writes.find_batch(session, pending.connection_id, pending.request_id)
    if batch:
        _attempt_batch(deps, batch, is_first=False)


def _look_before_writing(deps: Deps, pending: PendingWrite) -> None:
    """The request id may be forgotten at Intuit by now: only a look tells whether the write arrived."""
    if pending.write["operation"] != Operation.CREATE:
        look_into_conflict(deps, pending)
        return
    found = look_for.find_created(deps, pending)
    with deps.sessions.begin() as session:
        entity = pending.write["entity"]
        is_ours = found is not None and (
            links.find_by_qbo_id(session, pending.connection_id, entity, qbo_id(found)) is None
        )
        if found is not None and is_ours:
            remember(session, pending, found, deps.now())
        else:
            pending_writes.delete(session, [pending])


def _store(deps: Deps, writes: Sequence[tuple[RecordKey, Write]], *, as_batch: bool = False) -> list[PendingWrite]:
    """Store writes before they are sent, each fenced by the lease of the record that covers it."""
    now = deps.now()
    request_id = uuid.uuid4().hex
    with deps.sessions.begin() as session:
        for lease, _ in writes:
            if not records.holds_lease(session, lease, deps.owner, now):
                raise LeaseLostError("The lease on the record ran out while it was in work")
        return [
            pending_writes.add(
                session,
                write.key,
                stored_form(session, write),
                request_id=request_id,
                batch_item_id=str(position) if as_batch else None,
                now=now,
            )
            for position, (_, write) in enumerate(writes, 1)
        ]


def _with_standing_note(write: Write, link: Link | None) -> Write:
    """Put the marker into the note as it stands now: a person may have written into it."""
    if write.note is None or write.marker is None or link is None:
        return write
    return replace(write, note=with_marker(link.standing.get("PrivateNote"), write.marker))


def _attempt(deps: Deps, pending: PendingWrite, *, is_first: bool) -> Link | None:
    try:
        reply = _send(deps, pending)
    except SyncError as error:
        if _is_gone_already(deps, pending, error):
            return remember_gone(deps, pending)
        _forget_unless_unknown(deps, [pending], error, is_first=is_first)
        with deps.sessions() as session:
            explained = _explained(session, pending, error)
        raise explained from error
    with deps.sessions.begin() as session:
        return remember(session, pending, reply, deps.now(), deps.owner)


def _attempt_batch(deps: Deps, batch: Sequence[PendingWrite], *, is_first: bool) -> list[Link | SyncError]:
    items = [
        BatchItem(pending.batch_item_id or "", pending.write["entity"], pending.write["wire"]) for pending in batch
    ]
    try:
        answers = deps.quickbooks.batch(items, batch[0].request_id)
    except SyncError as error:
        _forget_unless_unknown(deps, batch, error, is_first=is_first)
        raise
    # All of it in one transaction: what is left of a half recorded batch would be another body under its request id.
    with deps.sessions.begin() as session:
        return [_record(deps, session, pending, answer) for pending, answer in zip(batch, answers, strict=True)]


def _record(deps: Deps, session: Session, pending: PendingWrite, answer: BatchReply) -> Link | SyncError:
    if answer.reply is not None:
        link = remember(session, pending, answer.reply, deps.now())
        return link or NotFoundError("Its link was removed meanwhile")
    # Whatever the item's error: the batch was answered, and is not sent again.
    pending_writes.delete(session, [pending])
    assert answer.error is not None, "an item succeeds or fails"
    return _explained(session, pending, answer.error)


def _is_gone_already(deps: Deps, pending: PendingWrite, error: SyncError) -> bool:
    """Tell whether what was to be voided or deleted was deleted in QuickBooks; 610 may mean something else as well."""
    if pending.write["operation"] not in (Operation.VOID, Operation.DELETE) or error.code != "610":
        return False
    try:
        deps.quickbooks.read(pending.write["entity"], pending.write["wire"]["Id"])
    except NotFoundError:
        return True
    return False


def _explained(session: Session, pending: PendingWrite, error: SyncError) -> SyncError:
    """Return the error, with the names of what the document refers to where QuickBooks misses something of that."""
    if not isinstance(error, RejectedError) or not lost_references.is_about_a_reference(error):
        return error
    return lost_references.named(session, pending.connection_id, pending.write["wire"], error)


def _forget_unless_unknown(deps: Deps, pendings: Sequence[PendingWrite], error: SyncError, *, is_first: bool) -> None:
    """Forget writes that certainly were not done. One sent before may have been done then, whatever is said now of
    a call that did not get through; only a refusal of the same body under the same id is definite. A conflict is
    looked into first."""
    if isinstance(error, ConflictError):
        return
    got_through = not isinstance(error, TransientError | RateLimitedError | AuthLostError)
    may_be_done = isinstance(error, TransientError) and error.outcome_unknown
    if got_through or (is_first and not may_be_done):
        with deps.sessions.begin() as session:
            pending_writes.delete(session, pendings)


def _send(deps: Deps, pending: PendingWrite) -> dict[str, Any]:
    entity, wire, quickbooks = pending.write["entity"], pending.write["wire"], deps.quickbooks
    match Operation(pending.write["operation"]):
        case Operation.CREATE if entity == "TaxService":
            return quickbooks.create_tax_code(wire, pending.request_id)
        case Operation.CREATE:
            return quickbooks.create(entity, wire, pending.request_id)
        case Operation.UPDATE:
            return quickbooks.update(entity, wire, pending.request_id)
        case Operation.VOID:
            return quickbooks.void(entity, wire, pending.request_id)
        case Operation.DELETE:
            return quickbooks.delete(entity, wire, pending.request_id)
