"""An invoice of Invoiced as an invoice in QuickBooks."""

from dataclasses import asdict, replace
from decimal import Decimal

from consumer import bad_debt, balances, merged_customers, unapply
from consumer.adopt import write_numbered
from consumer.carry_out import carry_out, settle_pending
from consumer.conflicts import check_again
from consumer.deps import Deps, Look
from consumer.learned import learn_document
from consumer.mapping.invoice import needs_of_invoice, to_qbo_invoice
from consumer.mapping.marker import invoice_marker
from consumer.mapping.refs import Terms
from consumer.open_writes import wait_for_payments_on
from consumer.plan import Keep, plan_document
from consumer.references import bring
from consumer.writes import Operation, Write
from shared.db import links
from shared.db.links import LinkKey
from shared.db.models import Link
from shared.errors import NotFoundError, RejectedError
from shared.invoiced.dates import local_date
from shared.invoiced.entities import Invoice
from shared.messages import Kind
from shared.outcomes import Outcome, Settlement, mismatch, skipped, synced, unchanged
from shared.quickbooks.entities import ref_value


def sync_invoice(deps: Deps, look: Look) -> Settlement:
    """Bring QuickBooks in line with one invoice; a second call writes nothing."""
    settle_pending(deps, look.key)
    if not deps.profile.settings.invoices:
        return skipped("Invoices are switched off in the settings", "invoices")
    merged_customers.follow(deps, look.key)
    link = find_document(deps, look)
    try:
        invoice = deps.invoiced.fetch_invoice(look.invoiced_id)
    except NotFoundError:
        return _withdraw(deps, look, link, "Deleted in Invoiced")
    look.label = invoice.number
    learn_document(look, invoice.total, invoice, deps.profile.time_zone.key)
    if invoice.is_voided:
        return _withdraw(deps, look, link, "Voided in Invoiced")
    reason = _reason_to_skip(deps, invoice) if link is None else None
    if reason is not None:
        return reason
    _refuse_resurrection(invoice, link)
    bad_debt.note_closing(deps, look, invoice)
    # Its payments may go on once it is posted, even if the invoice itself waits for one of them.
    look.releases = _post(deps, look, invoice, link)
    return _compare(deps, look, invoice)


def _compare(deps: Deps, look: Look, invoice: Invoice) -> Settlement:
    """Write off a bad debt, and conclude with how both ledgers stand."""
    link = find_document(deps, look)
    assert link is not None, "a posted invoice is linked"
    sums = balances.find_open_sums(deps, invoice, link)
    difference = balances.explain(deps, look, invoice, sums)
    was_written = look.releases
    # While QuickBooks holds payments that Invoiced took back, the open sum has no room for the credit memo.
    if not invoice.is_bad_debt or sums.in_quickbooks >= sums.in_invoiced:
        was_written |= bad_debt.settle(deps, look, invoice)
    if difference is None or difference.outcome is not Outcome.WAITING:
        look.learned["asked_at"] = None
    found = _find_mismatch(deps, look, was_written)
    if found is not None:
        return mismatch(found, remedy="Compare both invoices and correct the one that is wrong.")
    return difference or (synced() if was_written else unchanged())


def _find_mismatch(deps: Deps, look: Look, was_written: bool) -> str | None:
    """Return how QuickBooks' documents differ from what was meant. What differed before is read once: a person may
    have set it right."""
    with deps.sessions() as session:
        standing = links.find_all(session, look.key)
    if not was_written:
        standing = [check_again(deps, link) if link.mismatch else link for link in standing]
    return " ".join(link.mismatch for link in standing if link.mismatch) or None


def find_document(deps: Deps, look: Look) -> Link | None:
    """Return the link of the record's own document."""
    with deps.sessions() as session:
        return links.find(session, LinkKey(look.key))


def terms_of(deps: Deps, link: Link | None) -> Terms:
    """Return the terms under which the document was first posted; today's settings for a new one, and for one that is
    to be posted again."""
    if link is not None and link.terms is not None:
        return Terms(**link.terms)
    settings = deps.profile.settings
    return Terms(
        time_zone=deps.profile.time_zone.key,
        number_prefix=settings.number_prefix,
        discount_account=settings.discount_account,
        deposit_account=settings.deposit_account,
        tax_code=settings.tax_code,
        default_item=settings.default_item,
        multicurrency=deps.profile.preferences.multicurrency,
    )


def keep_terms(deps: Deps, key: LinkKey, terms: Terms) -> None:
    """Store the terms of a document that was to be posted again, and stands as they say already."""
    with deps.sessions.begin() as session:
        link = links.find(session, key)
        if link is not None and link.terms is None:
            link.terms = asdict(terms)


def _reason_to_skip(deps: Deps, invoice: Invoice) -> Settlement | None:
    if invoice.draft:
        return skipped("A draft; it is posted when it is issued")
    start = deps.profile.start_date
    issued_on = local_date(invoice.date, deps.profile.time_zone.key)
    if start is not None and issued_on < start:
        return skipped(f"Dated {issued_on}, before the sync's start date {start}", "start_date")
    return None


def _refuse_resurrection(invoice: Invoice, link: Link | None) -> None:
    if link is not None and link.state == "voided":
        raise RejectedError(
            f"Invoice {invoice.number} was voided in QuickBooks when it was voided or deleted in Invoiced, and stands"
            " in Invoiced again",
            remedy="QuickBooks cannot take a void back: issue a new invoice in Invoiced.",
            topic="taken-back",
        )
    if link is not None and invoice.draft:
        raise RejectedError(
            f"Invoice {invoice.number} is a draft in Invoiced, but was posted before",
            remedy="Issue the invoice again, or void it.",
            topic="taken-back",
        )


def _withdraw(deps: Deps, look: Look, link: Link | None, reason: str) -> Settlement:
    if link is None:
        return skipped(f"{reason} before it was posted")
    if link.state == "voided":
        return unchanged(f"{reason}; voided in QuickBooks")
    wait_for_payments_on(deps, link)
    with deps.sessions() as session:
        paid = [other for other, _ in links.applied_to(session, link.connection_id, link.qbo_id)]
    if any(other.kind == Kind.PAYMENT for other in paid):
        _refuse_without_payments(deps)
    bad_debt.take_back(deps, look)
    unapply.payments_of(deps, link)
    carry_out(deps, look.key, Write(LinkKey(look.key), "Invoice", Operation.VOID))
    return synced(f"{reason}; voided in QuickBooks")


def _post(deps: Deps, look: Look, invoice: Invoice, link: Link | None) -> bool:
    """Create or update the QBO invoice; tell whether anything was written."""
    preferences = deps.profile.preferences
    terms = terms_of(deps, link)
    refs = bring(deps, needs_of_invoice(invoice, terms, preferences))
    body = to_qbo_invoice(invoice, terms, refs, preferences)
    marker = invoice_marker(invoice.number, invoice.id)
    plan = plan_document(link, body, marker)
    kept = replace(
        terms,
        kept_tax_code=ref_value(body["TxnTaxDetail"], "TxnTaxCodeRef") or terms.kept_tax_code,
        discount_account=refs.accounts.get("discount") or terms.discount_account,
    )
    if isinstance(plan, Keep):
        keep_terms(deps, LinkKey(look.key), kept)
        return False
    if link is not None:
        moves = ref_value(body, "CustomerRef") != ref_value(link.standing, "CustomerRef")
        _make_room(deps, look, link, invoice.total, moves=moves)
    write_numbered(
        deps,
        look.key,
        Write(
            LinkKey(look.key),
            "Invoice",
            Operation.CREATE if link is None else Operation.UPDATE,
            body,
            note=plan.note,
            marker=marker,
            columns={"terms": asdict(kept)},
        ),
    )
    return True


def _refuse_without_payments(deps: Deps) -> None:
    """A payment that is taken off could not be applied anew.

    Raises:
        RejectedError: payments are switched off.
    """
    if not deps.profile.settings.payments:
        raise RejectedError(
            "The invoice has payments in QuickBooks that would have to be applied anew, and payments are switched off",
            remedy="Switch payments on in the settings, or change the payments in QuickBooks by hand.",
            setting="payments",
        )


def _make_room(deps: Deps, look: Look, link: Link, total: Decimal, *, moves: bool) -> None:
    """Unapply what stands against the invoice where it would be more than the new total, or must move."""
    wait_for_payments_on(deps, link)
    with deps.sessions() as session:
        applied = sum((amount for _, amount in links.applied_to(session, link.connection_id, link.qbo_id)), Decimal(0))
    if applied > total or (moves and applied):
        _refuse_without_payments(deps)
        bad_debt.unapply(deps, look)
        unapply.payments_of(deps, link)
