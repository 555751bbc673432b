"""A document whose number is taken: by ours, written before we forgot it, by another of ours, or by a stranger's."""

from dataclasses import replace
from typing import Any

from consumer import look_for
from consumer.carry_out import carry_out
from consumer.deps import Deps
from consumer.mapping.marker import carries
from consumer.remember import adopt
from consumer.work import request_looks
from consumer.writes import Operation, Write
from shared.db import links, records
from shared.db.models import Link
from shared.db.records import RecordKey
from shared.errors import DuplicateNumberError, NotFoundError, RejectedError, TransientError
from shared.outcomes import SETTLED_WELL
from shared.quickbooks.client import quoted
from shared.quickbooks.entities import qbo_id

# Two records of ours may change numbers with each other; after so many tries a person has to help.
TRIES_FOR_A_NUMBER = 4


def write_numbered(deps: Deps, lease: RecordKey, write: Write) -> Link:
    """Create or update a numbered document.

    Where the number is taken by one that carries our marker and is not linked, that is adopted and updated; where by
    another record of ours, that record is looked at first: it may have a new number by now.

    Raises:
        TransientError: another record of ours has the number for the moment.
        RejectedError: the number belongs to another document; both are named.
    """
    try:
        link = carry_out(deps, lease, write)
    except DuplicateNumberError as clash:
        link = _resolve(deps, lease, write, clash)
    assert link is not None, "a document that was written is linked"
    return link


def _resolve(deps: Deps, lease: RecordKey, write: Write, clash: DuplicateNumberError) -> Link | None:
    found = _holder(deps, write.entity, clash.holder_id, write.body["DocNumber"])
    holder = _link_of(deps, write.entity, found)
    if holder is not None and links.record_of(holder) != lease:
        _wait_for_other(deps, lease, links.record_of(holder), write, clash)
    is_ours = found is not None and carries(found.get("PrivateNote"), write.marker or "")
    if found is None or holder is not None or not is_ours or look_for.is_voided(found):
        raise _taken(write, found, clash) from clash
    if write.operation is not Operation.CREATE:
        raise _taken(write, found, clash) from clash
    with deps.sessions.begin() as session:
        adopt(session, write.key, write.entity, found, deps.now(), **write.columns)
    return carry_out(deps, lease, replace(write, operation=Operation.UPDATE, note=None))


def _wait_for_other(deps: Deps, lease: RecordKey, other: RecordKey, write: Write, clash: DuplicateNumberError) -> None:
    with deps.sessions() as session:
        row, holder = records.find(session, lease), records.find(session, other)
    attempts = row.attempts if row is not None else 0
    if attempts >= TRIES_FOR_A_NUMBER:
        return
    # Of two that wait for each other's number, neither has the other one looked at again and again.
    if attempts == 0 or holder is None or holder.outcome in SETTLED_WELL:
        request_looks(deps, [other])
    label = getattr(holder, "label", None) or f"#{other.record_id}"
    raise TransientError(
        f"Number {write.body['DocNumber']} is that of {other.kind.value} {label} in QuickBooks",
        code=clash.code,
        detail=clash.detail,
    )


def _taken(write: Write, found: dict[str, Any] | None, clash: DuplicateNumberError) -> RejectedError:
    holder = f"{write.entity} {clash.holder_id or ''}".strip()
    if found is not None:
        holder = f"{write.entity} {qbo_id(found)} (dated {found.get('TxnDate')}, total {found.get('TotalAmt')})"
    return RejectedError(
        f"Number {write.body['DocNumber']} of {(write.marker or '').removeprefix('Invoiced ')} is taken in QuickBooks"
        f" by another document: {holder}",
        remedy="Change the number of one of the two, or delete the one in QuickBooks if it is a duplicate;"
        " then sync the record again.",
        topic="number-taken",
        code=clash.code,
        detail=clash.detail,
    )


def _link_of(deps: Deps, entity: str, found: dict[str, Any] | None) -> Link | None:
    if found is None:
        return None
    with deps.sessions() as session:
        return links.find_by_qbo_id(session, deps.profile.id, entity, qbo_id(found))


def _holder(deps: Deps, entity: str, holder_id: str | None, number: str) -> dict[str, Any] | None:
    if holder_id is None:
        rows = deps.quickbooks.query(entity, f"select * from {entity} where DocNumber = {quoted(number)}")
        return rows[0] if rows else None
    try:
        return deps.quickbooks.read(entity, holder_id)
    except NotFoundError:
        return None
