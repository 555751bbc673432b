"""Which tax an invoice bills, and which of its lines are taxed. Pure; sums up amounts that are checked."""

from decimal import Decimal

from consumer.mapping.amounts import ZERO
from shared.invoiced.entities import Invoice, Tax

TAXED = "TAX"
NOT_TAXED = "NON"


def billed_tax(invoice: Invoice) -> Decimal:
    """Return all tax billed, of lines and of the whole invoice, whether inside or on top of the prices."""
    return sum((tax.amount for tax in _all_taxes(invoice)), ZERO)


def inclusive_tax(invoice: Invoice) -> Decimal:
    """Return the part of the billed tax whose rates are inside the prices."""
    return sum((tax.amount for tax in _all_taxes(invoice) if tax.is_inclusive), ZERO)


def taxed_lines(invoice: Invoice) -> tuple[bool, ...]:
    """Tell for each line whether it counts as taxed (`TAX` in QBO) or not (`NON`).

    A line is taxed if it bears tax of its own, or is taxable on an invoice that bears tax as a whole. Without
    any tax no line is; with tax that no line accounts for, all are.
    """
    lines = invoice.items or ()
    if not billed_tax(invoice):
        return (False,) * len(lines)
    on_the_whole = any(tax.amount for tax in invoice.taxes or ())
    taxed = tuple(
        any(tax.amount for tax in line.taxes or ()) or (on_the_whole and line.taxable is not False) for line in lines
    )
    return taxed if any(taxed) else (True,) * len(lines)


def _all_taxes(invoice: Invoice) -> list[Tax]:
    of_lines = [tax for line in invoice.items or () for tax in line.taxes or ()]
    return [*of_lines, *(invoice.taxes or ())]
