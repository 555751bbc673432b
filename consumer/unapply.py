"""Takes payments off an invoice in QuickBooks before it shrinks, moves or is voided; they are applied anew then."""

from decimal import Decimal

from consumer import merged_customers
from consumer.carry_out import carry_out, settle_pending
from consumer.deps import Deps, Look
from consumer.work import look_at, take_or_wait
from consumer.writes import Operation, Write
from shared.db import links
from shared.db.models import Link
from shared.db.records import RecordKey
from shared.errors import WaitingError
from shared.messages import Kind
from shared.outcomes import Outcome, Settlement


def payments_of(deps: Deps, invoice_link: Link) -> None:
    """Take every payment off a posted invoice, each under its own record's lease.

    Each is due for a look right afterwards, which applies it as Invoiced says then.

    Raises:
        WaitingError: one of them is in work, or could not be changed.
    """
    with deps.sessions.begin() as session:
        standing = links.applied_to(session, invoice_link.connection_id, invoice_link.qbo_id)
    for payment_link, _ in standing:
        if payment_link.kind == Kind.PAYMENT:
            _take_off(deps, payment_link, invoice_link)


def _take_off(deps: Deps, payment_link: Link, invoice_link: Link) -> None:
    key = links.record_of(payment_link)
    row = take_or_wait(deps, key)

    def take_off(deps: Deps, look: Look) -> Settlement:
        settle_pending(deps, key)
        merged_customers.follow(deps, key)
        _write_without(deps, key, payment_link.id, invoice_link.qbo_id)
        return Settlement(
            Outcome.WAITING,
            cause="Taken off an invoice that changes; it is applied anew",
            next_look_at=deps.now(),
        )

    settlement = look_at(deps, key, take_off, row)
    with deps.sessions.begin() as session:
        still_applied = [
            link.id for link, _ in links.applied_to(session, invoice_link.connection_id, invoice_link.qbo_id)
        ]
    if payment_link.id in still_applied:
        raise WaitingError(
            f"Waits for payment #{key.record_id}, which cannot be taken off the invoice: {settlement.cause}",
            remedy=settlement.remedy,
            waiting_for=key.name,
        )


def _write_without(deps: Deps, payment: RecordKey, link_id: int, invoice_qbo_id: str) -> None:
    with deps.sessions.begin() as session:
        link = next((link for link in links.find_all(session, payment) if link.id == link_id), None)
    if link is None or link.body is None:
        return
    body = {
        **link.body,
        "Line": [line for line in link.body["Line"] if line["LinkedTxn"][0]["TxnId"] != invoice_qbo_id],
    }
    applications = {line["LinkedTxn"][0]["TxnId"]: Decimal(line["Amount"]) for line in body["Line"]}
    write = Write(links.key_of(link), "Payment", Operation.UPDATE, body, applications=applications)
    carry_out(deps, payment, write)
