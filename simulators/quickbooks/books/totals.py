"""What a sales document comes to: subtotal, discount, tax by rate, total; pure.

Rules: Intuit's entity reference (Invoice, TxnTaxDetail) and its worked example of tax before and
after a discount: 100, discount 10, 8.5 % gives 98.50 and 97.65.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal("0.00")
_CENT = Decimal("0.01")


def rounded(amount: Decimal) -> Decimal:
    """To cents, half up."""
    return amount.quantize(_CENT, rounding=ROUND_HALF_UP)


def price(amount: Decimal | int) -> Decimal:
    """To the five decimals that QuickBooks Online keeps of a unit price, without trailing zeros."""
    kept = Decimal(amount).quantize(Decimal("0.00001"), rounding=ROUND_HALF_UP)
    return Decimal(format(kept.normalize(), "f"))


@dataclass(frozen=True)
class SaleLine:
    """A line with an amount, net of tax; `taxable` as its tax code says.

    Outside the US it has the id of its own tax code and, where prices are with tax, its gross amount. Shipping and
    gratuity stand `apart` from the subtotal, and no discount lowers them.
    """

    amount: Decimal
    taxable: bool
    code: str | None = None
    gross: Decimal | None = None
    apart: bool = False


@dataclass(frozen=True)
class Rate:
    """A tax rate in percent (8.5 is 8.5 %). With `on_tax`, it also taxes the taxes of the rates before it."""

    id: str
    percent: Decimal
    on_tax: bool = False


@dataclass(frozen=True)
class TaxLine:
    rate: Rate
    taxable: Decimal
    amount: Decimal


@dataclass(frozen=True)
class Totals:
    sold: Decimal
    discount: Decimal
    tax_lines: tuple[TaxLine, ...]
    tax: Decimal

    @property
    def total(self) -> Decimal:
        return self.sold - self.discount + self.tax


def subtotal_of(lines: Sequence[SaleLine]) -> Decimal:
    """What a discount is taken off."""
    return sum((line.amount for line in lines if not line.apart), ZERO)


def discount_of(subtotal: Decimal, percent: Decimal | None, amount: Decimal | None) -> Decimal:
    """A percentage counts before an amount, which is then what the reply shows recomputed."""
    if percent is not None:
        return rounded(subtotal * percent / 100)
    return rounded(amount or ZERO)


def totals(
    lines: Sequence[SaleLine],
    discount: Decimal,
    rates: Sequence[Rate],
    *,
    tax_after_discount: bool,
    stated_tax: Decimal | None = None,
) -> Totals:
    """Return the figures of a document.

    `discount` is the positive amount that the discount line takes off. `stated_tax`, where the sender's
    own figure counts, is spread over the rates in proportion to what each would have come to.
    """
    sold, subtotal = sum((line.amount for line in lines), ZERO), subtotal_of(lines)
    base = sum((line.amount for line in lines if line.taxable), ZERO)
    if tax_after_discount and discount and subtotal:
        base -= rounded(discount * subtotal_of([line for line in lines if line.taxable]) / subtotal)
    tax_lines: list[TaxLine] = []
    for rate in rates:
        earlier = sum((line.amount for line in tax_lines), ZERO) if rate.on_tax else ZERO
        taxable = base + earlier
        tax_lines.append(TaxLine(rate, taxable, rounded(taxable * rate.percent / 100)))
    if stated_tax is not None and tax_lines:
        tax_lines = _spread(stated_tax, tax_lines)
    return Totals(sold, discount, tuple(tax_lines), sum((line.amount for line in tax_lines), ZERO))


def _spread(stated: Decimal, lines: Sequence[TaxLine]) -> list[TaxLine]:
    """The stated tax over the rates; the last one takes what rounding leaves."""
    computed = sum((line.amount for line in lines), ZERO)
    spread: list[TaxLine] = []
    left = stated
    for position, line in enumerate(lines):
        last = position == len(lines) - 1
        share = line.amount / computed if computed else Decimal(1) / len(lines)
        amount = left if last else rounded(stated * share)
        spread.append(TaxLine(line.rate, line.taxable, amount))
        left -= amount
    return spread
