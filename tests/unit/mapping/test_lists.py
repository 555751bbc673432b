"""What is created in QBO on first use, and what is used in its stead."""

from typing import Any

import pytest

from consumer.mapping.lists import (
    account_of_item,
    can_adopt_account,
    can_adopt_item,
    to_qbo_account,
    to_qbo_item,
    to_qbo_payment_method,
    to_qbo_tax_agency,
    to_qbo_tax_code,
)


def test_a_line_name_becomes_a_service_and_bad_debt_an_item_on_its_account() -> None:
    assert account_of_item("Consulting") == "income"
    assert to_qbo_item("Consulting", "79") == {
        "Name": "Consulting",
        "Type": "Service",
        "IncomeAccountRef": {"value": "79"},
    }
    assert account_of_item("bad debt") == "bad_debt"
    assert to_qbo_item("Bad debt", "80")["Type"] == "NonInventory"


def test_accounts_are_of_the_kind_that_their_purpose_asks_for() -> None:
    assert to_qbo_account("income") == {
        "Name": "Invoiced Sales",
        "AccountType": "Income",
        "AccountSubType": "SalesOfProductIncome",
    }
    assert to_qbo_account("discount")["AccountSubType"] == "DiscountsRefundsGiven"
    assert to_qbo_account("bad_debt")["AccountType"] == "Expense"


def test_the_tax_code_computes_nothing() -> None:
    assert to_qbo_tax_agency() == {"DisplayName": "Invoiced"}
    (rate,) = to_qbo_tax_code("4")["TaxRateDetails"]
    assert (rate["RateValue"], rate["TaxAgencyId"], rate["TaxApplicableOn"]) == (0, "4", "Sales")
    assert len(rate["TaxRateName"]) <= 10


def test_payment_methods_tell_cards_from_the_rest() -> None:
    assert to_qbo_payment_method("Credit Card") == {"Name": "Credit Card", "Type": "CREDIT_CARD"}
    assert to_qbo_payment_method("ACH")["Type"] == "NON_CREDIT_CARD"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, None),
        ({"Name": "CONSULTING", "Type": "NonInventory"}, None),
        ({"Active": False}, "inactive"),
        ({"Type": "Inventory"}, "Inventory"),
        ({"Type": "Category"}, "Category"),
        ({"Type": "Group"}, "Group"),
        ({"Name": "Support"}, "another name"),
    ],
)
def test_an_item_of_the_name_is_used_as_it_stands_if_lines_can_be_posted_to_it(
    changes: dict[str, Any], why: str | None
) -> None:
    refusal = can_adopt_item({"Name": "Consulting", "Type": "Service", "Active": True, **changes}, "Consulting")
    assert refusal is None if why is None else refusal is not None and why in refusal


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"Name": "invoiced sales"}, None),
        ({"AccountSubType": "ServiceFeeIncome"}, None),
        ({"AccountType": "Expense"}, "Expense"),
        ({"Active": False}, "inactive"),
        ({"Name": "Sales"}, "another name"),
    ],
)
def test_an_account_of_the_same_type_and_name_is_used(changes: dict[str, Any], why: str | None) -> None:
    refusal = can_adopt_account({**to_qbo_account("income"), "Active": True, **changes}, "income")
    assert refusal is None if why is None else refusal is not None and why in refusal
