"""Reads an object once where what we know of it may be old: after a stale sync token, a lost answer, a mismatch."""

from typing import Any

from sqlalchemy.orm import Session

from consumer import look_for
from consumer.deps import Deps
from consumer.mapping.owned import differences, owned_fields
from consumer.mapping.refs import Body
from consumer.remember import find_mismatch, remember
from consumer.writes import Operation
from shared.db import links, pending_writes
from shared.db.links import LinkKey
from shared.db.models import Link, PendingWrite
from shared.errors import ChangedInQuickBooksError, NotFoundError, RejectedError
from shared.quickbooks.entities import sync_token
from shared.quickbooks.field_words import all_in_words


def look_into_conflict(deps: Deps, pending: PendingWrite) -> tuple[bool, Link | None]:
    """Read the object of a write whose sync token is stale (5010), or whose answer is long lost.

    Returns (True, link) if the write is done already, else (False, link) with the current token: only token, balance
    or links had moved, and the write may be made again.

    Raises:
        ChangedInQuickBooksError: somebody changed a field that we own.
        RejectedError: the object was deleted in QuickBooks.
    """
    key, write = pending_writes.key_of(pending), pending.write
    operation = Operation(write["operation"])
    link = _get_link(deps, key)
    try:
        current = deps.quickbooks.read(write["entity"], link.qbo_id)
    except NotFoundError as error:
        if operation in (Operation.VOID, Operation.DELETE):
            return True, remember_gone(deps, pending)
        _forget(deps, pending)
        raise RejectedError(
            f"{write['entity']} {link.qbo_id} was deleted in QuickBooks",
            remedy="Void the record in Invoiced and issue it anew.",
            topic="deleted-in-quickbooks",
            code=error.code,
            detail=error.detail,
        ) from error
    theirs = owned_fields(write["entity"], current)
    wanted = _wanted(write)
    to_change = differences(wanted, {name: theirs.get(name) for name in wanted})
    if _is_done(operation, write, current, to_change):
        with deps.sessions.begin() as session:
            return True, remember(session, pending, current, deps.now())
    if write["entity"] == "Customer":
        # Its two sides are merged by its handler, which meets the same conflict.
        _forget(deps, pending)
        return False, link
    changed = {
        name: pair
        for name, pair in differences(owned_fields(write["entity"], link.standing), theirs).items()
        # What they changed it to may be what we are about to write.
        if name not in wanted or name in to_change
    }
    _forget(deps, pending)
    if not changed:
        return False, _follow(deps, link, current)
    raise ChangedInQuickBooksError(
        f"{write['entity']} {link.qbo_id} was changed in QuickBooks: {all_in_words(changed)}",
        remedy="Undo the change in QuickBooks, or make the same change in Invoiced; then sync the record again.",
        ours={name: pair[0] for name, pair in changed.items()},
        theirs={name: pair[1] for name, pair in changed.items()},
    )


def remember_gone(deps: Deps, pending: PendingWrite) -> Link | None:
    """What was to be voided or deleted does not exist in QuickBooks any more: that is agreement."""
    with deps.sessions.begin() as session:
        link = links.find(session, pending_writes.key_of(pending))
        return remember(session, pending, dict(link.standing) if link is not None else {}, deps.now())


def check_again(deps: Deps, link: Link) -> Link:
    """Read an object whose last answer was not what was meant, and compare it anew.

    A person may have set it right, or the answer was an old one, sent again. The token is followed only where nothing
    of ours was changed: a change by a person must still be met by the next write.
    """
    try:
        current = deps.quickbooks.read(link.qbo_entity, link.qbo_id)
    except NotFoundError:
        with deps.sessions.begin() as session:
            fresh = _link_in(session, link)
            fresh.mismatch = f"{link.qbo_entity} {link.qbo_id} was deleted in QuickBooks."
            return fresh
    unchanged = not differences(owned_fields(link.qbo_entity, link.standing), owned_fields(link.qbo_entity, current))
    if unchanged:
        link = _follow(deps, link, current)
    with deps.sessions.begin() as session:
        fresh = _link_in(session, link)
        fresh.mismatch = find_mismatch(session, fresh, current)
        return fresh


def _wanted(write: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that a write sends. What we do not send, QuickBooks may fill in by itself."""
    sent = {"TotalTax" if name == "TxnTaxDetail" else name for name in write["body"]}
    meant = owned_fields(write["entity"], write["body"])
    return {name: value for name, value in meant.items() if name in sent}


def _is_done(operation: Operation, write: dict[str, Any], current: Body, to_change: dict[str, Any]) -> bool:
    match operation:
        case Operation.VOID:
            return look_for.is_voided(current)
        case Operation.DELETE:
            return False
        case _:
            has_note = "PrivateNote" not in write["wire"] or write["marker"] in str(current.get("PrivateNote"))
            return has_note and not to_change


def _follow(deps: Deps, link: Link, current: Body) -> Link:
    with deps.sessions.begin() as session:
        return links.save(
            session,
            links.key_of(link),
            entity=link.qbo_entity,
            qbo_id=link.qbo_id,
            sync_token=sync_token(current),
            standing=current,
            now=deps.now(),
        )


def _get_link(deps: Deps, key: LinkKey) -> Link:
    with deps.sessions() as session:
        link = links.find(session, key)
    if link is None:
        raise LookupError(f"no link for {key}")
    return link


def _link_in(session: Session, link: Link) -> Link:
    fresh = links.find(session, links.key_of(link))
    if fresh is None:
        raise LookupError(f"no link for {links.key_of(link)}")
    return fresh


def _forget(deps: Deps, pending: PendingWrite) -> None:
    with deps.sessions.begin() as session:
        pending_writes.delete(session, [pending])
