"""A payment of Invoiced as one QBO payment for each QBO customer whose invoices it pays."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from decimal import Decimal

from consumer import look_for, merged_customers, unapply
from consumer.carry_out import carry_out, settle_pending
from consumer.conflicts import check_again
from consumer.deps import Deps, Look
from consumer.handlers.invoice import keep_terms, sync_invoice, terms_of
from consumer.learned import learn_document
from consumer.mapping.payment import (
    Part,
    cash_amount,
    invoice_splits,
    needs_of_payment,
    payment_note,
    plan_parts,
    to_qbo_payment,
)
from consumer.mapping.refs import Refs, Terms
from consumer.open_writes import wait_for_payments_on
from consumer.plan import Keep, plan_document
from consumer.references import bring
from consumer.remember import adopt
from consumer.work import look_at, request_looks, take_or_wait
from consumer.writes import Operation, Write
from shared.db import links, records
from shared.db.links import LinkKey
from shared.db.models import Link
from shared.db.records import RecordKey
from shared.errors import NotFoundError, RejectedError, TransientError, WaitingError
from shared.invoiced.dates import local_date
from shared.invoiced.entities import Payment, id_of
from shared.messages import Kind
from shared.money import plain
from shared.outcomes import Outcome, Settlement, mismatch, skipped, synced, unchanged, waits_with
from shared.quickbooks.entities import amount, qbo_id

CHARGE_AGAIN_S = 3600


def sync_payment(deps: Deps, look: Look) -> Settlement:
    """Bring QuickBooks in line with one payment; a second call writes nothing."""
    settle_pending(deps, look.key)
    if not deps.profile.settings.payments:
        return skipped("Payments are switched off in the settings", "payments")
    merged_customers.follow(deps, look.key)
    with deps.sessions() as session:
        standing = {link.variant: link for link in links.find_all(session, look.key)}
    live = [link for link in standing.values() if link.state == "live"]
    try:
        payment = deps.invoiced.fetch_payment(look.invoiced_id)
    except NotFoundError:
        return _withdraw(deps, look, standing, "Deleted in Invoiced")
    look.label = payment.reference or f"#{payment.id}"
    learn_document(look, payment.amount, payment, deps.profile.time_zone.key)
    if payment.voided:
        return _withdraw(deps, look, standing, "Voided in Invoiced")
    charge = _unsettled_charge(deps, payment, live)
    if charge is not None:
        return charge
    if id_of(payment.customer) is None and not live:
        return skipped("The payment has no customer in Invoiced yet; it is posted once it has one")
    if cash_amount(payment) == 0:
        return _withdraw(deps, look, standing, "Credits alone, no money moved")
    needs = needs_of_payment(payment, deps.profile.preferences)
    posted, reasons = _bring_invoices(deps, look, payment)
    reason = _reason_to_skip(deps, payment, posted, reasons)
    if reason is not None and not live:
        return reason
    terms = _terms_of(deps, payment, live)
    splits = invoice_splits(payment)
    unapplied = cash_amount(payment) - sum((splits[invoice] for invoice in posted), Decimal(0))
    if unapplied and not needs.customers:
        raise RejectedError(
            f"Payment #{payment.id} leaves {plain(unapplied, payment.currency)} unapplied and has no customer",
            remedy="Give the payment a customer in Invoiced.",
            topic="incomplete",
        )
    # Without a rest nothing is posted to the payer, who may be another customer than those who were billed.
    refs = bring(deps, needs if unapplied else replace(needs, customers=frozenset()))
    refs = replace(refs, invoices={invoice: link.qbo_id for invoice, link in posted.items()})
    was_written = _post(deps, look, payment, terms, refs, posted, standing)
    settlement = _conclude(deps, look, was_written)
    if reasons and settlement.outcome is not Outcome.MISMATCH:
        return _pays_what_is_not_synced(payment, reasons)
    return settlement


def _pays_what_is_not_synced(payment: Payment, reasons: dict[int, Settlement]) -> Settlement:
    """Return the outcome of a payment that was posted before it came to pay invoices which are not synced."""
    unapplied = sum((invoice_splits(payment)[invoice] for invoice in reasons), Decimal(0))
    invoice_id, why = next(iter(reasons.items()))
    told = mismatch(
        f"Payment #{payment.id} stands in QuickBooks with {plain(unapplied, payment.currency)} unapplied: it pays"
        f" invoice #{invoice_id}, which is not synced ({why.cause}).",
        remedy="Have the invoice synced, or apply the payment to another one in Invoiced.",
    )
    return replace(told, setting=why.setting)


def _withdraw(deps: Deps, look: Look, standing: dict[str, Link], reason: str) -> Settlement:
    live = [link for link in standing.values() if link.state == "live"]
    for link in live:
        _void(deps, look, link)
    if live:
        return synced(f"{reason}; voided in QuickBooks")
    return unchanged(f"{reason}; voided in QuickBooks") if standing else skipped(reason)


def _void(deps: Deps, look: Look, link: Link) -> None:
    carry_out(deps, look.key, Write(LinkKey(look.key, variant=link.variant), "Payment", Operation.VOID))


def _unsettled_charge(deps: Deps, payment: Payment, live: list[Link]) -> Settlement | None:
    status = payment.charge.status if payment.charge else None
    if status not in ("pending", "failed"):
        return None
    if live:
        sum_paid = plain(payment.amount, payment.currency)
        return mismatch(
            f"Payment #{payment.id} over {sum_paid} stands in QuickBooks, but its charge is {status}.",
            remedy="Void the payment in Invoiced if the money did not arrive.",
        )
    again_at = deps.now() + timedelta(seconds=CHARGE_AGAIN_S) if status == "pending" else None
    raise WaitingError(f"Waits for its charge, which is {status}", until=again_at)


def _terms_of(deps: Deps, payment: Payment, live: list[Link]) -> Terms:
    """Return the terms under which the payment was first posted, or those of today's settings."""
    settled = next((link for link in live if link.terms is not None), None)
    if settled is not None:
        return terms_of(deps, settled)
    account = deps.profile.settings.deposit_account_of(payment.method, payment.currency)
    return replace(terms_of(deps, None), deposit_account=account)


def _bring_invoices(deps: Deps, look: Look, payment: Payment) -> tuple[dict[int, Link], dict[int, Settlement]]:
    """Return the links of the invoices that the payment pays, and why others of them are not synced."""
    posted: dict[int, Link] = {}
    reasons: dict[int, Settlement] = {}
    paid = {deps.record(Kind.INVOICE, invoice_id): part for invoice_id, part in invoice_splits(payment).items()}
    for invoice in paid:
        found = _bring_invoice(deps, look, invoice, paid)
        if isinstance(found, Link):
            posted[int(invoice.record_id)] = found
        else:
            reasons[int(invoice.record_id)] = found
    return posted, reasons


def _bring_invoice(deps: Deps, look: Look, key: RecordKey, paid: Mapping[RecordKey, Decimal]) -> Link | Settlement:
    """Return the invoice's link with room for the payment, or the outcome that says why the invoice is not synced.
    `paid` is all that the payment pays; where it has to wait for this invoice, it is taken off everything else.

    Raises:
        WaitingError: the invoice is in work, or could not be posted.
        TransientError: other payments stand in this one's place until they are synced.
        RejectedError: the invoice would have to change, and invoices are switched off.
    """
    sum_applied = paid[key]
    link = _live_link(deps, key)
    if link is not None:
        wait_for_payments_on(deps, link, apart_from=look.key)
    if link is not None and _room(deps, look, link) >= sum_applied:
        return link
    with deps.sessions() as session:
        known = records.find(session, key)
    if known is not None and known.outcome == Outcome.FAILED and not deps.forced and link is None:
        unapply.let_go(deps, look.key, paid)
        raise WaitingError(
            f"Waits for invoice {known.label or key.record_id}: {known.cause}",
            remedy=known.remedy or "",
            waiting_for=key.name,
        )
    row = take_or_wait(deps, key)
    settlement = look_at(deps, key, sync_invoice, row)
    link = _live_link(deps, key)
    if link is not None and _room(deps, look, link) >= sum_applied:
        return link
    no_room = f"Invoice #{key.record_id} has no room for {plain(sum_applied, deps.profile.preferences.home_currency)}"
    if link is not None and settlement.outcome is Outcome.SKIPPED:
        raise RejectedError(
            f"{no_room} in QuickBooks, and is not brought up to date: {settlement.cause}",
            remedy="Switch invoices on in the settings.",
            setting=settlement.setting,
        )
    if link is None and settlement.outcome in (Outcome.SKIPPED, Outcome.SYNCED, Outcome.UNCHANGED):
        return settlement
    unapply.let_go(deps, look.key, paid)
    if link is not None:
        _look_at_others(deps, look, link, no_room)
        raise TransientError(f"{no_room} in QuickBooks until its other payments are synced")
    raise WaitingError(
        f"Waits for invoice #{key.record_id}: {settlement.cause}",
        remedy=settlement.remedy,
        waiting_for=waits_with(settlement) or key.name,
    )


def _live_link(deps: Deps, invoice: RecordKey) -> Link | None:
    with deps.sessions() as session:
        link = links.find(session, LinkKey(invoice))
    return link if link is not None and link.state == "live" else None


def _room(deps: Deps, look: Look, link: Link) -> Decimal:
    """What the invoice still takes from this payment in QuickBooks, as far as we have written it."""
    with deps.sessions() as session:
        others = [
            applied
            for payment_link, applied in links.applied_to(session, link.connection_id, link.qbo_id)
            if links.record_of(payment_link) != look.key
        ]
    return (amount(link.standing, "TotalAmt") or Decimal(0)) - sum(others, Decimal(0))


def _look_at_others(deps: Deps, look: Look, link: Link, no_room: str) -> None:
    """Have what else stands against an invoice looked at.

    Raises:
        WaitingError: it was, and cannot be changed without a person; names it.
    """
    with deps.sessions() as session:
        standing = links.applied_to(session, link.connection_id, link.qbo_id)
        others = {links.record_of(other) for other, _ in standing} - {look.key}
        rows = {key: records.find(session, key) for key in sorted(others, key=lambda key: key.name)}
    for key, row in rows.items():
        if look.row.attempts and row is not None and row.outcome in (Outcome.FAILED, Outcome.CHANGED_IN_QUICKBOOKS):
            raise WaitingError(
                f"{no_room} in QuickBooks until {key.kind.value} #{key.record_id} is synced: {row.cause}",
                remedy=row.remedy or "",
                waiting_for=key.name,
            )
    request_looks(deps, others)


def _reason_to_skip(
    deps: Deps, payment: Payment, posted: dict[int, Link], reasons: dict[int, Settlement]
) -> Settlement | None:
    start = deps.profile.start_date
    if not posted and not reasons:
        paid_on = local_date(payment.date, deps.profile.time_zone.key)
        is_early = start is not None and paid_on < start
        return skipped(f"Dated {paid_on}, before the sync's start date {start}", "start_date") if is_early else None
    if not reasons:
        return None
    unapplied = cash_amount(payment) - sum(invoice_splits(payment).values(), Decimal(0))
    if posted or unapplied:
        invoice_id, why = next(iter(reasons.items()))
        raise RejectedError(
            f"Payment #{payment.id} pays invoice #{invoice_id}, which is not synced ({why.cause}), and something else"
            " too",
            remedy="Enter the part for that invoice in QuickBooks by hand and split the payment in Invoiced, or set the"
            " start date so that the invoice is synced.",
            setting=why.setting,
            topic="partly-synced",
        )
    invoice_outcome = next(iter(reasons.values()))
    return skipped(f"Pays only what is not synced: {invoice_outcome.cause}", invoice_outcome.setting)


def _post(
    deps: Deps,
    look: Look,
    payment: Payment,
    terms: Terms,
    refs: Refs,
    posted: dict[int, Link],
    standing: dict[str, Link],
) -> bool:
    """Create, update and void QBO payments until they are what is meant; tell whether anything was written."""
    with deps.sessions() as session:
        invoice_customers = {
            invoice: customer
            for invoice, link in posted.items()
            if (customer := merged_customers.customer_of(session, link)) is not None
        }
    own_customer = refs.customers.get(id_of(payment.customer) or 0, "")
    parts = plan_parts(payment, invoice_customers, own_customer)
    gone = [link for variant, link in standing.items() if variant not in parts and link.state == "live"]
    # What takes money away goes first: should QuickBooks refuse that, nothing stands twice.
    for link in gone:
        _void(deps, look, link)
    writes = [
        write
        for variant, part in parts.items()
        if (write := _plan_part(deps, look, payment, part, terms, refs, standing.get(variant))) is not None
    ]
    for write in sorted(writes, key=lambda write: _added(write, standing)):
        if write.operation is Operation.CREATE:
            _create(deps, look, write, is_doubtful=any(link.origin == "adopted" for link in posted.values()))
        else:
            carry_out(deps, look.key, write)
    return bool(gone or writes)


def _plan_part(
    deps: Deps, look: Look, payment: Payment, part: Part, terms: Terms, refs: Refs, link: Link | None
) -> Write | None:
    """Return the write that makes one QBO payment what is meant, or None if it is so."""
    standing = link if link is not None and link.state == "live" else None
    body = to_qbo_payment(payment, part, terms, refs, deps.profile.preferences)
    note = payment_note(payment)
    plan = plan_document(standing, body, note)
    if isinstance(plan, Keep):
        keep_terms(deps, LinkKey(look.key, variant=part.customer), terms)
        return None
    is_first = standing is None or standing.terms is None
    return Write(
        LinkKey(look.key, variant=part.customer),
        "Payment",
        Operation.CREATE if standing is None else Operation.UPDATE,
        body,
        note=plan.note,
        marker=note,
        applications={refs.invoices[invoice]: sum_applied for invoice, sum_applied in part.lines},
        columns={"terms": asdict(terms), "state": "live"} if is_first else {},
    )


def _added(write: Write, standing: dict[str, Link]) -> Decimal:
    """How much more stands under the write's QBO customer afterwards."""
    link = standing.get(write.key.variant)
    before = amount(link.standing, "TotalAmt") if link is not None and link.state == "live" else None
    return Decimal(write.body["TotalAmt"]) - (before or Decimal(0))


def _create(deps: Deps, look: Look, write: Write, *, is_doubtful: bool) -> None:
    """Create a QBO payment. If its invoice was found and not written (a database that was restored), the payment may
    stand already as well."""
    found = look_for.find_payment(deps, write.body, write.marker) if is_doubtful else None
    with deps.sessions.begin() as session:
        # A voided one stays in QuickBooks as it is; the link is that of the new one.
        links.delete(session, write.key)
        if found is not None and links.find_by_qbo_id(session, deps.profile.id, "Payment", qbo_id(found)) is None:
            adopt(session, write.key, "Payment", found, deps.now(), terms=write.columns["terms"])
            write = replace(write, operation=Operation.UPDATE, note=None)
    carry_out(deps, look.key, write)


def _conclude(deps: Deps, look: Look, was_written: bool) -> Settlement:
    with deps.sessions() as session:
        standing = links.find_all(session, look.key)
    if not was_written:
        standing = [check_again(deps, link) if link.mismatch else link for link in standing]
    differences = [link.mismatch for link in standing if link.mismatch]
    if differences:
        return mismatch(" ".join(differences), remedy="Compare both payments and correct the one that is wrong.")
    return synced() if was_written else unchanged()
