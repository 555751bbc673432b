"""The credit memo of an invoice closed as bad debt, and the payment of zero that applies it."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from consumer.adopt import write_numbered
from consumer.carry_out import carry_out
from consumer.deps import Deps, Look
from consumer.mapping.bad_debt import needs_of_bad_debt, to_qbo_bad_debt_application, to_qbo_bad_debt_memo
from consumer.mapping.marker import bad_debt_marker
from consumer.mapping.names import BAD_DEBT_ITEM_NAME, item_key
from consumer.mapping.refs import Refs, Terms
from consumer.plan import Keep, plan_bad_debt, plan_document
from consumer.references import BAD_DEBT, bring
from consumer.remember import adopt
from consumer.writes import Operation, Write
from shared.db import links, records
from shared.db.links import BAD_DEBT_APPLICATION, BAD_DEBT_MEMO, LinkKey
from shared.db.models import Link
from shared.errors import RejectedError
from shared.invoiced.dates import local_date
from shared.invoiced.entities import Invoice
from shared.messages import Kind
from shared.quickbooks.entities import amount, ref_value


def note_closing(deps: Deps, look: Look, invoice: Invoice) -> None:
    """Remember when the invoice was first seen closed as bad debt: the credit memo keeps that day for good, so it is
    stored before anything is written."""
    if invoice.is_bad_debt == (look.row.closed_at is not None):
        return
    closed_at = None
    if invoice.is_bad_debt:
        closed_at = look.occurred_at or _instant(invoice.updated_at) or look.row.looked_at
    with deps.sessions.begin() as session:
        records.remember_closing(session, look.key, closed_at)
    look.row.closed_at = closed_at


def settle(deps: Deps, look: Look, invoice: Invoice) -> bool:
    """Write off what an invoice closed as bad debt still owes, or take that back; tell whether anything was written."""
    owed = invoice.balance if invoice.is_bad_debt else Decimal(0)
    memo, application = _links(deps, look)
    if owed == 0:
        take_back(deps, look)
        return memo is not None or application is not None
    return _write_off(deps, look, invoice, owed, memo, application)


def take_back(deps: Deps, look: Look) -> None:
    """Delete the payment of zero, then the credit memo, where they stand."""
    memo, application = _links(deps, look)
    if application is not None:
        carry_out(deps, look.key, Write(_application_key(look), "Payment", Operation.DELETE))
        _count_up_memo(deps, look)
    if memo is not None:
        carry_out(deps, look.key, Write(_memo_key(look), "CreditMemo", Operation.DELETE))


def unapply(deps: Deps, look: Look) -> None:
    """Take the credit memo off its invoice, which is to shrink or to move; it is applied anew afterwards."""
    _, application = _links(deps, look)
    if application is not None and _applied(deps, application):
        _apply(deps, look, {"Line": []}, {}, str(application.standing.get("PrivateNote") or ""))


def _write_off(
    deps: Deps, look: Look, invoice: Invoice, owed: Decimal, memo: Link | None, application: Link | None
) -> bool:
    with deps.sessions() as session:
        document = links.find(session, LinkKey(look.key))
    assert document is not None and document.terms is not None, "the invoice was posted before its bad debt"
    assert look.row.closed_at is not None, "note_closing comes first"
    terms = Terms(**document.terms)
    closed_on = local_date(int(look.row.closed_at.timestamp()), terms.time_zone)
    marker = bad_debt_marker(invoice.number, invoice.id)
    needs = needs_of_bad_debt(invoice, owed, deps.profile.preferences)
    refs = bring(deps, replace(needs, accounts=frozenset({BAD_DEBT})))
    body = to_qbo_bad_debt_memo(invoice, owed, closed_on, terms, refs, deps.profile.preferences)
    standing = amount(memo.standing, "TotalAmt") if memo else None
    moves = memo is not None and body["CustomerRef"]["value"] != ref_value(memo.standing, "CustomerRef")
    plan = plan_bad_debt(owed, None if moves else standing, _applied(deps, application) if application else None)
    if memo is None:
        _check_item(deps, refs)
    if plan.unapply:
        unapply(deps, look)
    was_written = _write_memo(deps, look, body, marker)
    if not plan.apply:
        return was_written
    memo, _ = _links(deps, look)
    assert memo is not None, "the credit memo was written just now"
    customer = body["CustomerRef"]["value"]
    application_body = to_qbo_bad_debt_application(
        customer, document.qbo_id, memo.qbo_id, owed, closed_on, terms, deps.profile.preferences
    )
    _apply(deps, look, application_body, {document.qbo_id: owed}, marker)
    return True


def _write_memo(deps: Deps, look: Look, body: dict[str, Any], marker: str) -> bool:
    memo, _ = _links(deps, look)
    plan = plan_document(memo, body, marker)
    if isinstance(plan, Keep):
        return False
    operation = Operation.CREATE if memo is None else Operation.UPDATE
    write_numbered(deps, look.key, Write(_memo_key(look), "CreditMemo", operation, body, note=plan.note, marker=marker))
    return True


def _apply(deps: Deps, look: Look, body: dict[str, Any], applications: dict[str, Decimal], marker: str) -> None:
    _, application = _links(deps, look)
    write = Write(
        _application_key(look),
        "Payment",
        Operation.CREATE if application is None else Operation.UPDATE,
        body if application is None else {**(application.body or {}), **body},
        note=marker if application is None else None,
        marker=marker,
        applications=applications,
    )
    carry_out(deps, look.key, write)
    _count_up_memo(deps, look)


def _check_item(deps: Deps, refs: Refs) -> None:
    """An item of this name may stand on an income account: writing off through it would lower the sales.

    It is read before it is refused, since a person may have put it right.
    """
    key = LinkKey(deps.record(Kind.ITEM, item_key(BAD_DEBT_ITEM_NAME)))
    with deps.sessions() as session:
        item = links.find(session, key)
    if item is None or ref_value(item.standing, "IncomeAccountRef") == refs.accounts[BAD_DEBT]:
        return
    current = deps.quickbooks.read("Item", item.qbo_id)
    with deps.sessions.begin() as session:
        adopt(session, key, "Item", current, deps.now(), origin=item.origin)
    if ref_value(current, "IncomeAccountRef") != refs.accounts[BAD_DEBT]:
        raise RejectedError(
            f"The item {BAD_DEBT_ITEM_NAME!r} in QuickBooks is not on the bad-debt account",
            remedy=f"Set the income account of the item {BAD_DEBT_ITEM_NAME!r} to the bad-debt account, or choose its"
            " account as the bad-debt account in the settings; then sync the invoice again.",
            topic="account-or-tax-code",
        )


def _instant(timestamp: int | None) -> datetime | None:
    """Return a timestamp of Invoiced's as an instant; None where it is none, or beyond what a date can say."""
    try:
        return None if timestamp is None else datetime.fromtimestamp(timestamp, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _applied(deps: Deps, application: Link) -> Decimal:
    with deps.sessions() as session:
        return links.total_applied_by(session, application)


def _links(deps: Deps, look: Look) -> tuple[Link | None, Link | None]:
    with deps.sessions() as session:
        return links.find(session, _memo_key(look)), links.find(session, _application_key(look))


def _count_up_memo(deps: Deps, look: Look) -> None:
    with deps.sessions.begin() as session:
        links.count_up(session, links.find(session, _memo_key(look)))


def _memo_key(look: Look) -> LinkKey:
    return LinkKey(look.key, BAD_DEBT_MEMO)


def _application_key(look: Look) -> LinkKey:
    return LinkKey(look.key, BAD_DEBT_APPLICATION)
