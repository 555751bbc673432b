"""Stores what QuickBooks answered: the link, what a payment is applied to, and whether the answer is what was meant."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import structlog
from sqlalchemy.orm import Session

from consumer.mapping.checks import check_credit_memo, check_invoice, check_payment
from consumer.mapping.refs import Body
from consumer.writes import Operation
from shared.db import links, pending_writes, records
from shared.db.links import LinkKey
from shared.db.models import Link, PendingWrite
from shared.quickbooks.entities import qbo_id, sync_token

log = structlog.get_logger()


def remember(
    session: Session, pending: PendingWrite, reply: dict[str, Any], now: datetime, owner: str = ""
) -> Link | None:
    """Store the answer to a write in one transaction with forgetting the write itself; None: the object is deleted.

    Somebody else may have recorded the same answer meanwhile (a batch has items of several records): then the link is
    returned as it stands.
    """
    write, key = pending.write, pending_writes.key_of(pending)
    operation = Operation(write["operation"])
    link = links.find(session, key)
    paid_before = links.paid_by(session, link) if link is not None else []
    number_before = link.standing.get("DocNumber") if link is not None else None
    if not pending_writes.take(session, pending):
        return link
    if operation is Operation.DELETE:
        if link is not None:
            links.replace_applications(session, link, {})
        links.delete(session, key)
        return None
    entity = write["entity"]
    if entity == "TaxService":
        entity, reply = "TaxCode", _tax_code(reply)
    if operation is Operation.VOID:
        columns = {"state": "voided", "body": None, "mismatch": None}
    else:
        columns = {**write["columns"], "body": write["body"]}
    link = links.save(
        session,
        key,
        entity=entity,
        qbo_id=qbo_id(reply),
        sync_token=sync_token(reply),
        standing=reply,
        now=now,
        **columns,
    )
    if operation is Operation.VOID:
        links.replace_applications(session, link, {})
    elif write["applications"] is not None:
        links.replace_applications(
            session, link, {invoice: Decimal(amount) for invoice, amount in write["applications"].items()}
        )
    if write["applications"] is not None or operation is Operation.VOID:
        # In this transaction: whatever ends this process now, the invoices are compared anew.
        paid = {links.record_of(invoice) for invoice in (*paid_before, *links.paid_by(session, link))}
        records.look_again(session, paid - {key.record}, owner, now)
    if number_before is not None and number_before != reply.get("DocNumber"):
        # Another record may have failed for want of the number that is free now.
        records.look_again_for_cause(session, link.connection_id, "number-taken", now)
    if operation is not Operation.VOID:
        link.mismatch = find_mismatch(session, link, reply)
    log.info("written to QuickBooks", entity=entity, operation=operation.value, qbo_id=link.qbo_id)
    return link


def adopt(session: Session, key: LinkKey, entity: str, found: Body, now: datetime, **columns: Any) -> Link:
    """Link an object that stood in QuickBooks already; we have not written it yet."""
    return links.save(
        session,
        key,
        entity=entity,
        qbo_id=qbo_id(found),
        sync_token=sync_token(found),
        standing=found,
        now=now,
        **{"origin": "adopted", **columns},
    )


def find_mismatch(session: Session, link: Link, standing: Body) -> str | None:
    """Return the difference between what was meant and what stands, both figures named; None if there is none."""
    if link.body is None:
        return None
    match link.qbo_entity:
        case "Invoice":
            applied = links.applied_to(session, link.connection_id, link.qbo_id)
            return check_invoice(link.body, standing, applied=sum((amount for _, amount in applied), Decimal(0)))
        case "CreditMemo":
            return check_credit_memo(link.body, standing, applied=links.applied_of_memo(session, link))
        case "Payment":
            return check_payment(link.body, standing)
        case _:
            return None


def _tax_code(reply: dict[str, Any]) -> dict[str, Any]:
    """TaxService answers in a form of its own; a tax code that was looked for is an ordinary object."""
    if "TaxCodeId" not in reply:
        return reply
    return {"Id": reply["TaxCodeId"], "SyncToken": "0", "Name": reply["TaxCode"]}
