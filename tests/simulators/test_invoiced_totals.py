"""Totals of Invoiced documents: the captured examples, and what is decided where nothing is documented."""

from decimal import Decimal
from typing import Any

import pytest

from simulators.invoiced.documents.totals import Line, Rate, Totals, add_up
from simulators.invoiced.rounding import Rounding


def D(*amounts: str) -> list[Decimal]:
    return [Decimal(amount) for amount in amounts]


def percent(value: str, **more: bool) -> Rate:
    return Rate(Decimal(value), is_percent=True, **more)


def line(quantity: str, unit_cost: str, **more: Any) -> Line:
    return Line(Decimal(quantity), Decimal(unit_cost), **more)


def totals(*lines: Line, discounts: Any = (), taxes: Any = (), **more: Any) -> Totals:
    return add_up(lines, discounts, taxes, more.pop("rounding", Rounding()), **more)


def test_first_captured_example_all_levels() -> None:
    found = totals(
        line("1", "412", discounts=[percent("2")], taxes=[percent("4")]),
        discounts=[percent("3")],
        taxes=[percent("7")],
    )
    assert found.lines[0].discounts == D("8.24") and found.lines[0].taxes == D("16.15")
    assert (found.discounts, found.taxes) == (D("12.11"), D("27.42"))
    assert (found.subtotal, found.total) == (Decimal("412"), Decimal("435.22"))


def test_second_captured_example_fixed_amounts() -> None:
    found = totals(line("3", "40"), line("1", "46"), discounts=[Rate(Decimal(2))], taxes=[Rate(Decimal(10))])
    assert (found.subtotal, found.total) == (Decimal("166"), Decimal("174"))


def test_lines_that_are_not_discountable_or_taxable_stay_out() -> None:
    found = totals(
        line("1", "100"),
        line("1", "50", taxable=False),
        line("1", "30", discountable=False),
        discounts=[percent("10")],
        taxes=[percent("10")],
    )
    # The discount of 15 falls on 150; the 10 of it on the taxable line lower the base of 130 to 120.
    assert (found.discounts, found.taxes, found.total) == (D("15.00"), D("12.00"), Decimal("177.00"))


@pytest.mark.parametrize(
    ("price", "rate", "subtotal", "tax"),
    [("121", "21", "100", "21"), ("105", "20", "87.5", "17.5"), ("100", "7", "93.45", "6.55")],
)
def test_inclusive_tax_lies_in_the_price_and_is_rounded_up(price: str, rate: str, subtotal: str, tax: str) -> None:
    found = totals(line("1", price), taxes=[percent(rate, inclusive=True)])
    assert found.lines[0].amount == found.total == Decimal(price)
    # 100 at 7 %: the tax is 6.5421 and not rounded to the nearest cent.
    assert (found.subtotal, found.taxes) == (Decimal(subtotal), D(tax))


def test_inclusive_line_tax_can_lower_the_line_by_switch() -> None:
    taxed = line("1", "110", taxes=[percent("10", inclusive=True)])
    for net, amount in ((False, "110"), (True, "100")):
        found = totals(taxed, net_line_amounts=net)
        assert (found.lines[0].amount, found.subtotal, found.total) == (
            Decimal(amount),
            Decimal("100"),
            Decimal("110"),
        )


@pytest.mark.parametrize(("half_even", "amount"), [(False, "0.13"), (True, "0.12")])
def test_half_a_cent_goes_up_unless_switched(half_even: bool, amount: str) -> None:
    found = totals(line("0.5", "0.25"), rounding=Rounding(2, half_even))
    assert found.total == Decimal(amount)


def test_currencies_without_cents_have_whole_amounts() -> None:
    assert totals(line("1.5", "333"), rounding=Rounding(0)).total == Decimal("500")
