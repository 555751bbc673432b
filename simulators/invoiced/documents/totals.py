"""What a document adds up to: line amounts, discounts, taxes, subtotal and total. Pure.

Source: Invoiced API reference (Invoices, Tax Rates) and the arithmetic of captured documents:

    subtotal         = sum of line amounts, before line discounts and without tax
    line discount    = rate x line amount
    line tax         = rate x (line amount - its discounts)
    invoice discount = rate x (discountable line amounts - their discounts)
    invoice tax      = rate x (taxable line amounts - their discounts - their part of the invoice discounts)
    total            = subtotal - all discounts + all taxes, each amount rounded to cents

An inclusive tax lies in the price: it is carved out, rounded up in favour of the tax agency, and lowers the
subtotal, so that subtotal + tax is the price. Not documented, and decided here: each of several rates takes
the whole base; an invoice discount is spread over the discountable lines by what they cost.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from simulators.invoiced.rounding import Rounding

_ZERO = Decimal(0)


@dataclass(frozen=True)
class Rate:
    """One discount or tax: a percentage (7 is 7 %) or a fixed amount; `inclusive` is for taxes alone."""

    value: Decimal
    is_percent: bool = False
    inclusive: bool = False


@dataclass(frozen=True)
class Line:
    quantity: Decimal
    unit_cost: Decimal
    discounts: Sequence[Rate] = ()
    taxes: Sequence[Rate] = ()
    discountable: bool = True
    taxable: bool = True


@dataclass(frozen=True)
class LineTotals:
    """`amount` is as shown; `discounts` and `taxes` are in the order of the rates."""

    amount: Decimal
    discounts: list[Decimal] = field(default_factory=list)
    taxes: list[Decimal] = field(default_factory=list)


@dataclass(frozen=True)
class Totals:
    lines: list[LineTotals]
    subtotal: Decimal
    discounts: list[Decimal]
    taxes: list[Decimal]
    total: Decimal


def add_up(
    lines: Sequence[Line],
    discounts: Sequence[Rate],
    taxes: Sequence[Rate],
    rounding: Rounding,
    net_line_amounts: bool = False,
) -> Totals:
    """Return the totals of a document with these lines and these discounts and taxes of its own."""
    line_totals, nets = [], []
    for line in lines:
        amount = rounding.round(line.quantity * line.unit_cost)
        line_discounts = [_discount(rate, amount, rounding) for rate in line.discounts]
        nets.append(amount - sum(line_discounts, _ZERO))
        line_totals.append(LineTotals(amount, line_discounts, _taxes(line.taxes, nets[-1], rounding)))

    discountable = sum((net for net, line in zip(nets, lines, strict=True) if line.discountable), _ZERO)
    own_discounts = [_discount(rate, discountable, rounding) for rate in discounts]
    own_taxes = _taxes(taxes, _tax_base(lines, nets, discountable, sum(own_discounts, _ZERO)), rounding)

    inclusive = _inclusive(taxes, own_taxes)
    for line, one in zip(lines, line_totals, strict=True):
        inclusive += _inclusive(line.taxes, one.taxes)
    subtotal = sum((one.amount for one in line_totals), _ZERO) - inclusive
    all_discounts = sum((sum(one.discounts, _ZERO) for one in line_totals), sum(own_discounts, _ZERO))
    all_taxes = sum((sum(one.taxes, _ZERO) for one in line_totals), sum(own_taxes, _ZERO))
    if net_line_amounts:
        line_totals = [
            LineTotals(one.amount - _inclusive(line.taxes, one.taxes), one.discounts, one.taxes)
            for line, one in zip(lines, line_totals, strict=True)
        ]
    return Totals(line_totals, subtotal, own_discounts, own_taxes, subtotal - all_discounts + all_taxes)


def _discount(rate: Rate, base: Decimal, rounding: Rounding) -> Decimal:
    return rounding.round(base * rate.value / 100 if rate.is_percent else rate.value)


def _taxes(rates: Sequence[Rate], base: Decimal, rounding: Rounding) -> list[Decimal]:
    inclusive_percent = sum((rate.value for rate in rates if rate.inclusive and rate.is_percent), _ZERO)
    amounts = []
    for rate in rates:
        if not rate.is_percent:
            amounts.append(rounding.round(rate.value))
        elif rate.inclusive:
            amounts.append(rounding.up(base * rate.value / (100 + inclusive_percent)))
        else:
            amounts.append(rounding.round(base * rate.value / 100))
    return amounts


def _tax_base(lines: Sequence[Line], nets: Sequence[Decimal], discountable: Decimal, discount: Decimal) -> Decimal:
    """Return what the document's own taxes are reckoned on."""
    taxable = sum((net for net, line in zip(nets, lines, strict=True) if line.taxable), _ZERO)
    if not discountable:
        return taxable
    both = sum((net for net, line in zip(nets, lines, strict=True) if line.taxable and line.discountable), _ZERO)
    return taxable - discount * both / discountable


def _inclusive(rates: Sequence[Rate], amounts: Sequence[Decimal]) -> Decimal:
    return sum((amount for rate, amount in zip(rates, amounts, strict=True) if rate.inclusive), _ZERO)
