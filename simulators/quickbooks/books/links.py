"""What a payment's lines say that it settles; pure.

Source: entity reference (Payment.Line.LinkedTxn.TxnType).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

Object = dict[str, Any]
# (TxnType, id) → amount of every document that a payment settles.
Target = tuple[str, str]
Links = dict[Target, Decimal]

ZERO = Decimal("0.00")
_HIDDEN = "_"
# The type by which a payment names what it settles → the entity that this is.
SETTLED = {
    "Invoice": "Invoice",
    "CreditMemo": "CreditMemo",
    "JournalEntry": "JournalEntry",
    "Expense": "Purchase",
    "Check": "Purchase",
    "CreditCardCredit": "Purchase",
}


def links_of(payment: Object | None) -> Links:
    """Return what a payment settles; two lines for one document count together."""
    found: Links = {}
    for line in (payment or {}).get("Line", []):
        target = (line["LinkedTxn"][0]["TxnType"], line["LinkedTxn"][0]["TxnId"])
        found[target] = found.get(target, ZERO) + Decimal(line["Amount"])
    return found


def lines_of(links: Links) -> list[Object]:
    """Return the lines of a payment that settles just that."""
    return [
        {"Amount": amount, "LinkedTxn": [{"TxnId": id, "TxnType": txn_type}]}
        for (txn_type, id), amount in links.items()
        if amount
    ]


def is_credit(payment: Object, target: Target) -> bool:
    """Whether a settled document is to the customer's credit, and adds to the payment's money.

    A journal entry or purchase may be either; the payment remembers which of them are credits.
    """
    return target[0] == "CreditMemo" or list(target) in payment[_HIDDEN].get("credits", [])


def unapplied(payment: Object) -> Decimal:
    """TotalAmt less what goes to charges, plus what comes from credits."""
    used = sum(
        (-amount if is_credit(payment, target) else amount for target, amount in links_of(payment).items()), ZERO
    )
    return (Decimal(payment["TotalAmt"]) - used).quantize(ZERO)
