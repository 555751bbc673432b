"""What payments settle of other documents, and the balances that follow.

A document keeps, unseen, how much each payment settles of it; Balance and LinkedTxn are made from that.
Applying is a system event: it moves the document's version (entity reference, Payment).
"""

from __future__ import annotations

from decimal import Decimal

from simulators.quickbooks import refusals
from simulators.quickbooks.books.company import HIDDEN, Company, Object, cents
from simulators.quickbooks.books.links import SETTLED, ZERO
from simulators.quickbooks.books.receivables import CHARGING, applied_amount
from simulators.quickbooks.documents.estimate_links import linked

# Sales that take no payment owe nothing.
_PAID_AT_ONCE = frozenset({"SalesReceipt", "RefundReceipt"})


def settle_balance(entity: str, item: Object) -> None:
    """Recompute Balance and LinkedTxn of a sales document in place.

    Raises:
        Refusal: 6000, more is applied to it than it comes to.
    """
    if entity in CHARGING or entity == "Estimate":
        item["LinkedTxn"] = links_shown(item)
        return
    if entity in _PAID_AT_ONCE:
        item["Balance"] = ZERO
        item.setdefault("LinkedTxn", [])
        return
    balance = cents(Decimal(item["TotalAmt"]) - Decimal(item.get("Deposit") or 0) - applied_amount(item))
    if balance < 0:
        raise refusals.business_rule("The amount applied to this transaction is more than its total.")
    item["Balance"] = balance
    if entity == "CreditMemo":
        item["RemainingCredit"] = balance
    item["LinkedTxn"] = links_shown(item)


def links_shown(item: Object) -> list[Object]:
    """The estimates that a document was made from, then the payments that settle it."""
    return linked(item) + [{"TxnId": id, "TxnType": "Payment"} for id in item[HIDDEN].get("applied", {})]


def apply(company: Company, txn_type: str, id: str, payment_id: str, amount: Decimal) -> None:
    """Let a payment settle `amount` of a document from now on; 0 unlinks it."""
    entity = SETTLED[txn_type]
    item = company.get(entity, id)
    applied = dict(item[HIDDEN].get("applied", {}))
    if Decimal(applied.get(payment_id, 0)) == amount:
        return
    if amount:
        applied[payment_id] = amount
    else:
        del applied[payment_id]
    item[HIDDEN] = {**item[HIDDEN], "applied": applied}
    settle_balance(entity, item)
    company.save(entity, item)


def voided_note(item: Object) -> str:
    """The PrivateNote of a transaction that is being voided: it says so, in front of what it held."""
    note = item.get("PrivateNote")
    if note and item[HIDDEN].get("voided"):
        return str(note)
    return f"Voided - {note}"[:4000] if note else "Voided"
