"""Amounts that add up, and those that do not."""

from decimal import Decimal

import pytest

from consumer.mapping.sums import Sums, sums
from shared.errors import RejectedError
from shared.invoiced.entities import Invoice
from tests.unit.mapping.examples import a_discount, a_line, a_tax, an_invoice


def D(text: str) -> Decimal:
    return Decimal(text)


def test_both_levels_of_discount_and_tax_are_summed_up() -> None:
    # Captured from Invoiced: 2 % off the line, 4 % line tax, 3 % off the invoice, 7 % tax on the rest.
    line = a_line("412", discounts=(a_discount("8.24"),), taxes=(a_tax("16.15"),))
    invoice = an_invoice(
        line, total="435.22", subtotal=D("412"), discounts=(a_discount("12.11"),), taxes=(a_tax("27.42"),)
    )
    assert sums(invoice) == Sums((D("412.00"),), D("20.35"), D("43.57"), D("435.22"))


def test_an_inclusive_tax_leaves_the_line_that_bears_it() -> None:
    lines = (a_line("119", taxes=(a_tax("19", inclusive=True),)), a_line("50", taxable=False))
    invoice = an_invoice(*lines, total="169", subtotal=D("169"))
    assert sums(invoice).lines == (D("100.00"), D("50.00"))
    assert sums(an_invoice(*lines, total="169", subtotal=D("150"))).lines == (D("100.00"), D("50.00"))


def test_an_inclusive_tax_of_the_invoice_is_spread_over_its_taxed_lines() -> None:
    lines = (a_line("10"), a_line("20"), a_line("30"), a_line("40", taxable=False))
    invoice = an_invoice(*lines, total="100", taxes=(a_tax("4.01", inclusive=True),))
    # 4.01 in proportion 1 : 2 : 3 is 0.67, 1.34, 2.01, a cent too much: the largest line bears one less.
    assert sums(invoice).lines == (D("9.33"), D("18.66"), D("28.00"), D("40.00"))
    assert sum(sums(invoice).lines) + D("4.01") == D("100")


def test_a_credit_line_bears_no_share_of_an_inclusive_tax() -> None:
    lines = (a_line("100"), a_line("-99.99"))
    invoice = an_invoice(*lines, total="0.01", taxes=(a_tax("0.01", inclusive=True),))
    assert sums(invoice).lines == (D("99.99"), D("-99.99"))


def test_prices_lowered_by_the_inclusive_tax_already_stay() -> None:
    line = a_line("100", taxes=(a_tax("19", inclusive=True),))
    assert sums(an_invoice(line, total="119")).lines == (D("100.00"),)


def test_the_vendors_own_sample_is_refused_with_both_sums() -> None:
    invoice = an_invoice(a_line("45"), a_line("10"), total="51.15", taxes=(a_tax("3.85"),))
    with pytest.raises(RejectedError) as refused:
        sums(invoice)
    assert "lines 55.00 - discounts 0.00 + tax 3.85 = 58.85, but the invoice says 51.15" in refused.value.cause
    assert "INV-004" in refused.value.cause
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("invoice", "said"),
    [
        (an_invoice(total="0"), "INV-004 has no lines"),
        (an_invoice(total="0", items=None), "INV-004 has no lines"),
        (an_invoice(a_line("10.005"), total="10.01"), r"line 1 \(Service\): the amount is 10.005"),
        (an_invoice(a_line("10"), total="10.001"), "the total is 10.001"),
        (an_invoice(a_line("10", taxes=(a_tax("0.001"),)), total="10"), r"line 1 .*: a tax is 0.001"),
        (an_invoice(a_line("1e12"), total="1e12"), "no amount that QuickBooks can hold"),
        (an_invoice(a_line("1e999999999"), total="1"), "no amount that QuickBooks can hold"),
        (an_invoice(a_line("NaN"), total="1"), "no amount that QuickBooks can hold"),
        (an_invoice(a_line("10"), total="12", discounts=(a_discount("-2"),)), "sum of discounts is -2.00"),
        (an_invoice(a_line("10"), total="8", taxes=(a_tax("-2"),)), "sum of taxes is -2.00"),
        (an_invoice(a_line("-10"), total="-10"), "total is -10.00"),
        (an_invoice(a_line("10"), total="10", subtotal=D("11")), "lines are 10.00, .* subtotal is 11.00"),
        (
            an_invoice(a_line("10"), total="0", discounts=(a_discount("15"),), taxes=(a_tax("5"),)),
            "discounts of 15.00 are more than the lines of 10.00",
        ),
    ],
)
def test_what_does_not_add_up_is_refused_by_name(invoice: Invoice, said: str) -> None:
    with pytest.raises(RejectedError, match=said):
        sums(invoice)


def test_the_discount_counts_as_a_line_of_the_750_that_quickbooks_takes() -> None:
    lines = [a_line("1")] * 750
    assert len(sums(an_invoice(*lines, total="750")).lines) == 750
    with pytest.raises(RejectedError, match="751 lines") as refused:
        sums(an_invoice(*lines, total="749", discounts=(a_discount("1"),)))
    assert "Split" in refused.value.remedy
