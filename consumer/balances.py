"""Compares what is still open on an invoice in both ledgers, and says why where they differ."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from consumer.deps import Deps, Look
from consumer.mapping.amounts import in_cents
from consumer.mapping.payment import credits_on_invoice, invoice_splits
from consumer.work import request_looks
from shared.db import links, records
from shared.db.models import Link, Record
from shared.db.records import RecordKey
from shared.errors import NotFoundError
from shared.invoiced.entities import Invoice, Payment, id_of
from shared.messages import Kind
from shared.money import plain
from shared.outcomes import Outcome, Settlement, mismatch

_STUCK = (Outcome.WAITING, Outcome.FAILED, Outcome.CHANGED_IN_QUICKBOOKS)


@dataclass(frozen=True)
class OpenSums:
    """What is unpaid of an invoice in both ledgers, bad debt left aside; `by_payment` is what each payment (Invoiced
    id) has applied in QuickBooks."""

    in_quickbooks: Decimal
    in_invoiced: Decimal
    currency: str
    by_payment: dict[str, Decimal]

    @property
    def figures(self) -> str:
        """Both sums, for people."""
        theirs, ours = plain(self.in_quickbooks, self.currency), plain(self.in_invoiced, self.currency)
        return f"QuickBooks shows {theirs} unpaid, Invoiced {ours}"


def find_open_sums(deps: Deps, invoice: Invoice, link: Link) -> OpenSums:
    """Return what is unpaid in both ledgers, as far as we have written it.

    Raises:
        RejectedError: the balance in Invoiced is no amount of money.
    """
    by_payment: dict[str, Decimal] = {}
    with deps.sessions() as session:
        for payment_link, amount in links.applied_to(session, link.connection_id, link.qbo_id):
            if payment_link.kind == Kind.PAYMENT:
                by_payment[payment_link.record_id] = by_payment.get(payment_link.record_id, Decimal(0)) + amount
    balance = in_cents(invoice.balance, f"Invoice {invoice.number}: the balance")
    return OpenSums(invoice.total - sum(by_payment.values(), Decimal(0)), balance, invoice.currency, by_payment)


def explain(deps: Deps, look: Look, invoice: Invoice, sums: OpenSums) -> Settlement | None:
    """Return None if both ledgers show the same sum as unpaid, else the outcome that says why not.

    A payment that QuickBooks does not show as Invoiced does is asked for, and the invoice waits for it: a lost webhook
    of a payment is made up for here. With payments switched off, the sums are the bookkeeper's.
    """
    if sums.in_quickbooks == sums.in_invoiced or not deps.profile.settings.payments:
        return None
    payments = [] if sums.in_quickbooks < sums.in_invoiced else _payments_of(deps, invoice, sums)
    if sums.in_quickbooks < sums.in_invoiced:
        differing = list(sums.by_payment)
    else:
        differing = [str(payment.id) for payment in payments if _missing(payment, invoice, sums) > 0]
    waiting = _wait_for(deps, look, [deps.record(Kind.PAYMENT, one) for one in differing], sums)
    if waiting is not None:
        return waiting
    if sums.in_quickbooks < sums.in_invoiced:
        return mismatch(
            f"{sums.figures}: QuickBooks holds payments that Invoiced does not.",
            remedy="Compare the payments of this invoice in both; sync the one that differs.",
        )
    credits = [credit for payment in payments for credit in credits_on_invoice(payment, invoice.id)]
    if credits:
        named = ", ".join(_named(deps, sums.currency, *credit) for credit in credits)
        return mismatch(
            f"{sums.figures}: Invoiced settled it in part by {named}, and credits are not synced yet.",
            remedy="Enter the credit in QuickBooks by hand, or leave it until credit notes are synced.",
            topic="settled-by-credit",
        )
    return mismatch(
        f"{sums.figures}, and no payment or credit explains it.",
        remedy="Compare the payments of this invoice in both; sync the one that differs.",
    )


def _missing(payment: Payment, invoice: Invoice, sums: OpenSums) -> Decimal:
    applied = sums.by_payment.get(str(payment.id), Decimal(0))
    return invoice_splits(payment).get(invoice.id, Decimal(0)) - applied


def _payments_of(deps: Deps, invoice: Invoice, sums: OpenSums) -> list[Payment]:
    """Return payments on the invoice, of its customer and of those above it, until they explain the difference."""
    found: list[Payment] = []
    unexplained = sums.in_quickbooks - sums.in_invoiced
    for payment in _payments_of_family(deps, id_of(invoice.customer)):
        if payment.voided or not any(id_of(split.invoice) == invoice.id for split in payment.applied_to or ()):
            continue
        found.append(payment)
        credits = sum((amount for _, amount, _ in credits_on_invoice(payment, invoice.id)), Decimal(0))
        unexplained -= _missing(payment, invoice, sums) + credits
        if unexplained <= 0:
            break
    return found


def _payments_of_family(deps: Deps, customer: int | None) -> Iterator[Payment]:
    """Fetch the payments of a customer, then those of its parent, which may pay for it, and so on up."""
    seen: set[int] = set()
    while customer is not None and customer not in seen:
        seen.add(customer)
        yield from deps.invoiced.list_payments_of_customer(customer)
        try:
            customer = id_of(deps.invoiced.fetch_customer(customer).parent_customer)
        except NotFoundError:
            return


def _wait_for(deps: Deps, look: Look, payments: list[RecordKey], sums: OpenSums) -> Settlement | None:
    """Have payments looked at and wait for the first that has not been; None once all were, and nothing changed."""
    with deps.sessions() as session:
        rows = {key: records.find(session, key) for key in payments}
    # What was asked about other sums says nothing about these.
    asked_at = look.row.asked_at if (look.row.cause or "").startswith(sums.figures) else None
    for key, row in rows.items():
        if row is not None and _is_stuck(row, look) and not (asked_at is None and _may_be_posted_now(row)):
            why = f": {row.cause}" if row.cause else ""
            return _waiting(sums, key, why, row.remedy or "")
    unlooked = [
        key
        for key, row in rows.items()
        if asked_at is None or row is None or row.outcome_at is None or row.outcome_at < asked_at
    ]
    if not unlooked:
        return None
    if asked_at is None:
        look.learned["asked_at"] = deps.now()
    request_looks(deps, unlooked)
    return _waiting(sums, unlooked[0])


def _is_stuck(row: Record, look: Look) -> bool:
    return row.outcome in _STUCK and row.waiting_for != look.key.name


def _may_be_posted_now(row: Record) -> bool:
    """Tell whether a payment failed only because an invoice was not synced that may be by now."""
    return row.cause_group == "partly-synced"


def _waiting(sums: OpenSums, payment: RecordKey, why: str = "", remedy: str = "") -> Settlement:
    return Settlement(
        Outcome.WAITING,
        cause=f"{sums.figures} until payment #{payment.record_id} is synced{why}",
        remedy=remedy,
        waiting_for=payment.name,
    )


def _named(deps: Deps, currency: str, kind: str, amount: Decimal, credit_note_id: int | None) -> str:
    if credit_note_id is None:
        return f"{plain(amount, currency)} of {kind}"
    number = deps.invoiced.fetch_credit_note(credit_note_id).number or f"#{credit_note_id}"
    return f"{kind} {number} with {plain(amount, currency)}"
