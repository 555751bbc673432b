"""What each document leaves open on its customers; pure.

Invoices, credit memos and payments show it. A journal entry or a purchase with lines on an account of
receivables charges or credits customers, too; what is left of that is kept unseen, for there is no field.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from simulators.quickbooks.books.links import ZERO

Object = dict[str, Any]
_HIDDEN = "_"

# Where a document shows what it leaves open on its customer, and with which sign.
OPEN_AMOUNT = {"Invoice": ("Balance", 1), "CreditMemo": ("Balance", -1), "Payment": ("UnappliedAmt", -1)}
# Documents that charge or credit customers line by line: `_.charges` holds customer → amount owed by it.
CHARGING = frozenset({"JournalEntry", "Purchase"})
CHARGES = "charges"


def left_open(entity: str, item: Object | None) -> dict[str, Decimal]:
    """Return customer → what it owes by a document (below 0: has to its credit)."""
    if item is None:
        return {}
    if entity in OPEN_AMOUNT:
        name, sign = OPEN_AMOUNT[entity]
        return {item["CustomerRef"]["value"]: sign * Decimal(item[name])} if item[name] else {}
    if entity not in CHARGING:
        return {}
    applied = applied_amount(item)
    return {
        customer: Decimal(charge) + (applied if charge < 0 else -applied)
        for customer, charge in item[_HIDDEN].get(CHARGES, {}).items()
    }


def applied_amount(item: Object) -> Decimal:
    """Return how much of a document payments settle."""
    return sum((Decimal(amount) for amount in item[_HIDDEN].get("applied", {}).values()), ZERO)


def only_charge(item: Object) -> tuple[str, Decimal] | None:
    """Return the customer of a journal entry or purchase and what it charges; None if that is not one customer."""
    charges = item[_HIDDEN].get(CHARGES, {})
    if len(charges) != 1:
        return None
    customer, charge = next(iter(charges.items()))
    return customer, Decimal(charge)
