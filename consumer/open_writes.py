"""Writes whose answer is not known yet, where they decide about another record than their own."""

from datetime import timedelta

from consumer.deps import Deps
from consumer.work import BUSY_AGAIN_S
from shared.db import links, pending_writes
from shared.db.models import Link
from shared.db.records import RecordKey
from shared.errors import WaitingError
from shared.messages import Kind


def wait_for_payments_on(deps: Deps, invoice: Link, *, apart_from: RecordKey | None = None) -> None:
    """Return if all is known that stands against a posted invoice.

    Raises:
        WaitingError: a payment was sent that pays this invoice, or did before, and QuickBooks' answer is not
            recorded: it is in work elsewhere, or was lost.
    """
    with deps.sessions() as session:
        for pending in pending_writes.find_of_kind(session, invoice.connection_id, Kind.PAYMENT):
            key = pending_writes.key_of(pending)
            if key.record == apart_from:
                continue
            link = links.find(session, key)
            paid_before = {one.id for one in (links.paid_by(session, link) if link is not None else ())}
            if invoice.id in paid_before or invoice.qbo_id in (pending.write["applications"] or {}):
                raise WaitingError(
                    f"Waits for payment #{key.record.record_id}, whose answer from QuickBooks is not known yet",
                    waiting_for=key.record.name,
                    until=deps.now() + timedelta(seconds=10 * BUSY_AGAIN_S),
                )
