"""Do the amounts of an invoice add up, and which net amount does each line have? Pure.

Source: Invoiced API reference, Invoice, and captured invoices: total = lines - discounts + taxes, where an
inclusive tax is inside the prices already.
"""

from dataclasses import dataclass
from decimal import Decimal

from consumer.mapping.amounts import ZERO, in_cents
from consumer.mapping.tax import billed_tax, inclusive_tax, taxed_lines
from consumer.mapping.text import shown
from shared.errors import RejectedError
from shared.invoiced.entities import Invoice, LineItem
from shared.money import plain, to_cents

MOST_LINES = 750


@dataclass(frozen=True)
class Sums:
    """What an invoice amounts to, in whole cents: sum of `lines` - `discount` + `tax` = `total`, exactly.

    `lines` are net of tax, one for each line of the invoice; `discount` and `tax` are never negative.
    """

    lines: tuple[Decimal, ...]
    discount: Decimal
    tax: Decimal
    total: Decimal


def sums(invoice: Invoice) -> Sums:
    """Return the sums of an invoice, its lines made net where their prices include tax.

    Raises:
        RejectedError: no lines or too many, an amount that is finer than a cent or too large, sums that are
            negative or do not agree with the invoice's own total or subtotal.
    """
    record = f"Invoice {shown(invoice.number)}"
    _check_each_amount(invoice, record)
    lines = tuple(to_cents(line.amount) + ZERO for line in invoice.items or ())
    discount = to_cents(_discounts(invoice)) + ZERO
    tax = to_cents(billed_tax(invoice)) + ZERO
    inside = to_cents(inclusive_tax(invoice)) + ZERO
    total = to_cents(invoice.total) + ZERO
    _check_line_count(len(lines) + (1 if discount else 0), record)
    _check_subtotal(invoice, sum(lines, ZERO), inside, record)
    for what, amount in (("sum of discounts", discount), ("sum of taxes", tax), ("total", total)):
        if amount < 0:
            raise _refused(f"{record}: the {what} is {plain(amount)}; QuickBooks takes no negative one.")

    if sum(lines, ZERO) - discount + tax == total:
        net_lines = lines
    elif sum(lines, ZERO) - discount + tax - inside == total:
        net_lines = _without_inclusive_tax(invoice, lines)
    else:
        raise _refused(
            f"{record} does not add up: lines {plain(sum(lines, ZERO))} - discounts {plain(discount)} + tax "
            f"{plain(tax)} = {plain(sum(lines, ZERO) - discount + tax)}, but the invoice says {plain(total)}."
        )
    if discount > max(sum(net_lines, ZERO), ZERO):
        raise _refused(
            f"{record}: the discounts of {plain(discount)} are more than the lines of "
            f"{plain(sum(net_lines, ZERO))}; QuickBooks refuses that."
        )
    return Sums(net_lines, discount, tax, total)


def _check_each_amount(invoice: Invoice, record: str) -> None:
    for position, line in enumerate(invoice.items or (), start=1):
        place = f"{record}, line {position}" + (f" ({shown(line.name, 40)})" if line.name else "")
        in_cents(line.amount, f"{place}: the amount")
        for discount in line.discounts or ():
            in_cents(discount.amount, f"{place}: a discount")
        for tax in line.taxes or ():
            in_cents(tax.amount, f"{place}: a tax")
    for discount in invoice.discounts or ():
        in_cents(discount.amount, f"{record}: a discount")
    for tax in invoice.taxes or ():
        in_cents(tax.amount, f"{record}: a tax")
    if invoice.subtotal is not None:
        in_cents(invoice.subtotal, f"{record}: the subtotal")
    in_cents(invoice.total, f"{record}: the total")


def _check_line_count(count: int, record: str) -> None:
    if count == 0:
        raise _refused(f"{record} has no lines.", remedy="Add a line to the invoice, or void it, in Invoiced.")
    if count > MOST_LINES:
        raise _refused(
            f"{record} would have {count} lines in QuickBooks, the discount counted; it takes {MOST_LINES}.",
            remedy="Split the invoice into several in Invoiced.",
        )


def _check_subtotal(invoice: Invoice, lines: Decimal, inside: Decimal, record: str) -> None:
    if invoice.subtotal is not None and invoice.subtotal not in (lines, lines - inside):
        raise _refused(
            f"{record} does not add up: its lines are {plain(lines)}, but it says that its subtotal is "
            f"{plain(invoice.subtotal)}."
        )


def _discounts(invoice: Invoice) -> Decimal:
    of_lines = sum((d.amount for line in invoice.items or () for d in line.discounts or ()), ZERO)
    return of_lines + sum((d.amount for d in invoice.discounts or ()), ZERO)


def _without_inclusive_tax(invoice: Invoice, lines: tuple[Decimal, ...]) -> tuple[Decimal, ...]:
    """Take the inclusive taxes out of the lines: a line's own out of itself, the invoice's out of all taxed
    lines in proportion to their amounts; cents left over by rounding go to the largest of them."""
    net = [amount - _inclusive(line) for amount, line in zip(lines, invoice.items or (), strict=True)]
    to_spread = sum((tax.amount for tax in invoice.taxes or () if tax.is_inclusive), ZERO)
    taxed = [index for index, is_taxed in enumerate(taxed_lines(invoice)) if is_taxed]
    # A credit line among them bears no share: shares of amounts that nearly cancel out would be absurd.
    bearers = [index for index in taxed if lines[index] > 0]
    if not bearers:
        bearers = [index for index, _ in enumerate(lines)]
    largest = max(bearers, key=lambda index: lines[index])
    base = sum((lines[index] for index in bearers), ZERO)
    shares = dict.fromkeys(bearers, ZERO)
    if base > 0:
        shares = {index: to_cents(to_spread * lines[index] / base) for index in bearers}
    shares[largest] += to_spread - sum(shares.values(), ZERO)
    for index, share in shares.items():
        net[index] -= share
    return tuple(to_cents(amount) + ZERO for amount in net)


def _inclusive(line: LineItem) -> Decimal:
    return sum((tax.amount for tax in line.taxes or () if tax.is_inclusive), ZERO)


def _refused(cause: str, *, remedy: str = "Correct the invoice in Invoiced.") -> RejectedError:
    return RejectedError(cause, remedy=remedy, topic="sums")
