"""Lines of journal entries and purchases on accounts of receivables: whom they charge.

Source: entity reference (JournalEntry: such a line names a customer; Payment: what may be settled).
"""

from __future__ import annotations

from decimal import Decimal

from simulators.quickbooks import refusals
from simulators.quickbooks.books.company import HIDDEN, Company, Object
from simulators.quickbooks.books.receivables import CHARGES, applied_amount, only_charge
from simulators.quickbooks.forms.writes import Write

_PARTY = {"Accounts Receivable": "Customer", "Accounts Payable": "Vendor"}
_PEOPLE = ("Customer", "Vendor", "Employee")


def check_party(made: Write, reference: Object | None, kind: str | None, element: str) -> Object | None:
    """Resolve the customer, vendor or employee that a document or line names.

    Raises:
        Refusal: no such kind (2170), no such object (2500), an inactive one.
    """
    if reference is None or reference.get("value") is None:
        return None
    if kind not in _PEOPLE:
        raise refusals.Refusal([refusals.invalid_enumeration(f"{element}.type", kind)])
    return made.company.refer(kind, reference, element)[1]


def check_account_party(made: Write, account_id: str, kind: str | None) -> bool:
    """Whether an account is one of receivables; its line must name a customer, one of payables a vendor.

    Raises:
        Refusal: 6000, it does not.
    """
    account_type = made.company.get("Account", account_id)["AccountType"]
    wanted = _PARTY.get(account_type)
    if wanted is not None and kind != wanted:
        raise refusals.business_rule(
            f"When you use {account_type}, you must choose a {wanted.lower()} in the Name field."
        )
    return wanted == "Customer"


def settle_charges(made: Write, charges: dict[str, Decimal]) -> None:
    """Keep what the document charges each customer, in the customer's currency.

    Raises:
        Refusal: another currency, or payments settle what would be charged no more (6000).
    """
    item, company = made.item, made.company
    left = {customer: amount for customer, amount in charges.items() if amount}
    for customer in left:
        currency = company.get("Customer", customer).get("CurrencyRef", {"value": company.home_currency})["value"]
        if currency != (item.get("CurrencyRef") or {"value": company.home_currency})["value"]:
            raise refusals.business_rule("The currency of a transaction must be the currency of its customer.")
    item[HIDDEN] = {**item[HIDDEN], CHARGES: left}
    applied = applied_amount(item)
    if applied:
        before, after = only_charge(made.before or item), only_charge(item)
        if before is None or after is None or before[0] != after[0] or (before[1] < 0) != (after[1] < 0):
            raise refusals.business_rule("The customer of a transaction with linked payments cannot be changed.")
        if abs(after[1]) < applied:
            raise refusals.business_rule("The amount applied to this transaction is more than its total.")


def check_unlinked(company: Company, item: Object) -> None:
    """Raises: Refusal 800, payments settle the document."""
    if applied_amount(item):
        raise refusals.cannot_delete("The transaction has linked payments, which must be unlinked first.")
