"""Takes payments off invoices in QuickBooks: off one that shrinks, moves or is voided, to be applied anew then; and
off those that they do not pay any more, before they can be applied where they do."""

from collections.abc import Mapping
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
    with deps.sessions() as session:
        standing = links.applied_to(session, invoice_link.connection_id, invoice_link.qbo_id)
    for payment_link, _ in standing:
        if payment_link.kind == Kind.PAYMENT:
            _take_off(deps, payment_link, invoice_link)


def let_go(deps: Deps, payment: RecordKey, paid: Mapping[RecordKey, Decimal]) -> None:
    """Lower what a payment has applied to what it still pays of each invoice; it is leased to the caller.

    A payment that has to wait keeps no other one from its former place: two that change places would else wait for
    each other for ever.
    """
    with deps.sessions() as session:
        standing = links.find_all(session, payment)
        invoices = {
            invoice.qbo_id: links.record_of(invoice) for link in standing for invoice in links.paid_by(session, link)
        }
    most = {qbo_id: paid.get(invoice, Decimal(0)) for qbo_id, invoice in invoices.items()}
    for link in standing:
        _write_at_most(deps, payment, link, most)


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
    with deps.sessions() as session:
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
    with deps.sessions() as session:
        link = next((link for link in links.find_all(session, payment) if link.id == link_id), None)
    if link is not None:
        _write_at_most(deps, payment, link, {invoice_qbo_id: Decimal(0)})


def _write_at_most(deps: Deps, payment: RecordKey, link: Link, most: Mapping[str, Decimal]) -> None:
    """Write a payment with no more than this on each of these invoices (by QBO id); nothing if that is so."""
    if link.body is None:
        return
    before = {line["LinkedTxn"][0]["TxnId"]: Decimal(line["Amount"]) for line in link.body["Line"]}
    after = {qbo_id: min(amount, most.get(qbo_id, amount)) for qbo_id, amount in before.items()}
    if after == before:
        return
    lines = [{**line, "Amount": after[line["LinkedTxn"][0]["TxnId"]]} for line in link.body["Line"]]
    body = {**link.body, "Line": [line for line in lines if line["Amount"]]}
    applications = {qbo_id: amount for qbo_id, amount in after.items() if amount}
    write = Write(links.key_of(link), "Payment", Operation.UPDATE, body, applications=applications)
    carry_out(deps, payment, write)
