"""Which amounts can be posted: whole cents, of a size that QBO holds. Pure."""

from decimal import Decimal

from shared.errors import RejectedError
from shared.money import is_whole_cents, plain, to_cents

ZERO = Decimal("0.00")

# QBO holds prices and amounts below 100,000,000,000. Source: QBO API reference, Invoice.
_DIGITS_BEFORE_THE_POINT = 11


def can_hold(amount: Decimal) -> bool:
    """Tell whether QBO can hold a number of this size."""
    return amount.is_finite() and (not amount or amount.adjusted() < _DIGITS_BEFORE_THE_POINT)


def in_cents(amount: Decimal, what: str) -> Decimal:
    """Return the amount with exactly two decimals; `what` names record and field, for the message.

    Raises:
        RejectedError: no number, larger than QBO can hold, or finer than a cent.
    """
    if not can_hold(amount):
        raise RejectedError(
            f"{what} is {amount:.6E}, which is no amount that QuickBooks can hold.",
            remedy="Correct the amount in Invoiced.",
            topic="sums",
        )
    if not is_whole_cents(amount):
        raise RejectedError(
            f"{what} is {number_shown(amount)}, which is finer than a cent.",
            remedy="Round the amount to whole cents in Invoiced.",
            topic="sums",
        )
    return to_cents(amount) + ZERO  # turns a negative zero into zero


def number_shown(number: Decimal) -> str:
    """Return any number for people, however many digits it has."""
    if can_hold(number) and len(number.as_tuple().digits) <= 25 and number.adjusted() > -15:
        return plain(number)
    return f"{number:.6E}"
