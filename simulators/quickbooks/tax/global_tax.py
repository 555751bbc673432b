"""Tax outside the US: a real tax code on each line, and one TaxLine for each rate of the document.

Source: Intuit, "Manage sales tax for non-US locales"; entity reference (TxnTaxDetail, Line). Prices are
without tax (TaxExcluded), with it (TaxInclusive: `Amount` is net and `TaxInclusiveAmt` gross), or there
is none (NotApplicable).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from simulators.quickbooks import refusals
from simulators.quickbooks.books.company import Object
from simulators.quickbooks.books.totals import ZERO, Rate, SaleLine, TaxLine, Totals, rounded, subtotal_of
from simulators.quickbooks.facts.localities import LOCALITIES
from simulators.quickbooks.forms.writes import Write
from simulators.quickbooks.tax.tax_rates import rates_of

_CENT = Decimal("0.01")
_CALCULATION = "GlobalTaxCalculation"


@dataclass
class _Share:
    """What one rate taxes, and what it comes to before rounding."""

    taxable: Decimal = ZERO
    tax: Decimal = ZERO


def line_code(made: Write, reference: Object | None) -> Object | None:
    """The tax code of a line; None where the document has no tax.

    Raises:
        Refusal: GlobalTaxCalculation is missing (2020), the line has no code (6000), or an unknown one (2500).
    """
    calculation = made.item.get(_CALCULATION)
    if calculation is None:
        raise refusals.missing_parameter(_CALCULATION)
    if calculation == "NotApplicable":
        return None
    if reference is None:
        word = LOCALITIES[made.company.country].tax_word
        raise refusals.business_rule(f"Make sure all your transactions have a {word} rate before you save.")
    return made.company.refer("TaxCode", reference, "Line.SalesItemLineDetail.TaxCodeRef")[1]


def carved(made: Write, amount: Decimal, code: Object | None, gross: Decimal | None) -> tuple[Decimal, Decimal | None]:
    """The net and gross amount of a line: with TaxInclusive the gross one rules, and the net one follows.

    A net amount that is off by at most a cent stays, because a sender spreads rounding over its lines.
    """
    if made.item.get(_CALCULATION) != "TaxInclusive" or code is None:
        return amount, None
    percent = _effective(rates_of(made.company, made.company.get("TaxCode", code["value"])))
    if not gross:
        return amount, rounded(amount * (1 + percent))
    net = rounded(gross / (1 + percent))
    return (amount if abs(amount - net) <= _CENT else net), rounded(gross)


def settle_global_tax(made: Write, lines: Sequence[SaleLine], discount: Decimal) -> Totals:
    """Return the document's figures. Amounts of TaxLines that were sent count instead of computed ones.

    Raises:
        Refusal: a tax on a document without tax (6170), or TaxLines that do not fit its rates (6000).
    """
    sent = made.sent.get("TxnTaxDetail") or {}
    sold, subtotal = sum((line.amount for line in lines), ZERO), subtotal_of(lines)
    if made.item.get(_CALCULATION) == "NotApplicable":
        if sent.get("TaxLine") or sent.get("TotalTax"):
            raise refusals.tax_not_applicable()
        return Totals(sold, discount, (), ZERO)
    factor = Decimal(1)
    if made.item.get("ApplyTaxAfterDiscount") and discount and subtotal:
        factor = 1 - discount / subtotal
    found: dict[Rate, _Share] = {}
    for code in dict.fromkeys(line.code for line in lines if line.code is not None):
        _add_code(made, code, [line for line in lines if line.code == code], factor, found)
    stated = _stated(sent, found)
    tax_lines = tuple(
        TaxLine(rate, rounded(share.taxable), stated.get(rate.id, rounded(share.tax))) for rate, share in found.items()
    )
    return Totals(sold, discount, tax_lines, sum((line.amount for line in tax_lines), ZERO))


def _add_code(made: Write, code: str, lines: list[SaleLine], factor: Decimal, found: dict[Rate, _Share]) -> None:
    """Add what the lines of one code are taxed to its rates.

    Prices with tax keep their gross sum: the tax is what they hold above the net one, and the last rate
    takes what rounding leaves.
    """
    rates = rates_of(made.company, made.company.get("TaxCode", code))
    net = sum((line.amount * (1 if line.apart else factor) for line in lines), ZERO)
    inside = factor == 1 and all(line.gross is not None for line in lines)
    left = sum((line.gross - line.amount for line in lines if line.gross is not None), ZERO)
    earlier = ZERO
    for position, rate in enumerate(rates):
        taxable = net + (earlier if rate.on_tax else ZERO)
        tax = taxable * rate.percent / 100
        if inside:
            tax = left if position == len(rates) - 1 else rounded(tax)
            left -= tax
        share = found.setdefault(rate, _Share())
        share.taxable += taxable
        share.tax += tax
        earlier += tax


def _effective(rates: Sequence[Rate]) -> Decimal:
    """What a code adds to a net amount of 1."""
    added = ZERO
    for rate in rates:
        added += (1 + (added if rate.on_tax else 0)) * rate.percent / 100
    return added


def _stated(sent: Object, found: dict[Rate, _Share]) -> dict[str, Decimal]:
    """Rate id → amount of the TaxLines that were sent."""
    known = {rate.id for rate in found}
    stated: dict[str, Decimal] = {}
    for line in sent.get("TaxLine") or []:
        rate = ((line.get("TaxLineDetail") or {}).get("TaxRateRef") or {}).get("value")
        if rate in stated:
            raise refusals.business_rule("A tax rate can be used only once in TxnTaxDetail.")
        if rate not in known:
            raise refusals.business_rule("The tax rate of a TaxLine is not one of the transaction's lines.")
        if line.get("Amount") is not None:
            stated[rate] = rounded(line["Amount"])
    return stated
