"""What a document comes to: Intuit's worked examples, and properties."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from simulators.quickbooks.books.totals import Rate, SaleLine, discount_of, rounded, totals

D = Decimal
AMOUNTS = st.decimals(min_value=0, max_value=100_000, places=2)
PERCENTS = st.decimals(min_value=0, max_value=30, places=3)


def total(lines: list[SaleLine], discount: str, percent: str, *, after: bool) -> Decimal:
    return totals(lines, D(discount), [Rate("1", D(percent))], tax_after_discount=after).total


def test_the_worked_examples_of_the_documentation() -> None:
    hundred = [SaleLine(D(100), True)]
    assert total(hundred, "10", "8.5", after=False) == D("98.50")
    assert total(hundred, "10", "8.5", after=True) == D("97.65")
    assert total([SaleLine(D("335.25"), True)], "0", "8", after=False) == D("362.07")
    assert discount_of(D("50.00"), D(10), None) == D("5.00")


def test_only_the_taxable_share_of_a_discount_lowers_the_tax() -> None:
    lines = [SaleLine(D(60), True), SaleLine(D(40), False)]
    assert total(lines, "10", "10", after=True) == D("95.40")


def test_tax_is_rounded_half_up_on_the_sum_of_lines() -> None:
    lines = [SaleLine(D("0.05"), True)] * 3
    assert totals(lines, D(0), [Rate("1", D(10))], tax_after_discount=False).tax == D("0.02")


def test_a_rate_on_tax_sees_the_taxes_before_it() -> None:
    rates = [Rate("1", D(5)), Rate("2", D(10), on_tax=True)]
    figures = totals([SaleLine(D(100), True)], D(0), rates, tax_after_discount=False)
    assert [line.amount for line in figures.tax_lines] == [D("5.00"), D("10.50")]


@given(
    st.lists(st.builds(SaleLine, AMOUNTS, st.booleans()), min_size=1, max_size=8),
    st.lists(PERCENTS, min_size=1, max_size=3),
    AMOUNTS,
)
def test_a_stated_tax_is_spread_without_a_cent_lost(
    lines: list[SaleLine], percents: list[Decimal], stated: Decimal
) -> None:
    rates = [Rate(str(number), percent) for number, percent in enumerate(percents)]
    figures = totals(lines, D("0.00"), rates, tax_after_discount=True, stated_tax=stated)
    assert figures.tax == sum(line.amount for line in figures.tax_lines) == stated
    assert figures.total == sum(line.amount for line in lines) + stated
    assert all(line.amount == rounded(line.amount) for line in figures.tax_lines)
