"""What Preferences and CompanyInfo say, in our own words."""

from datetime import date
from typing import Any

import pytest

from shared.errors import RejectedError
from shared.quickbooks.company import to_preferences
from shared.settings import Preferences

BARE: dict[str, Any] = {"CurrencyPrefs": {"HomeCurrency": {"value": "USD"}}}
COMPANY = {"CompanyName": "Craig's Design", "Country": "US"}


def test_everything_that_the_company_says_is_read() -> None:
    preferences = {
        "SalesFormsPrefs": {"CustomTxnNumbers": True, "AllowDiscount": True, "AutoApplyCredit": True},
        "TaxPrefs": {
            "UsingSalesTax": True,
            "PartnerTaxEnabled": True,
            "TaxGroupCodeRef": {"value": "3"},
        },
        "CurrencyPrefs": {"MultiCurrencyEnabled": True, "HomeCurrency": {"value": "USD"}},
        "AccountingInfoPrefs": {"BookCloseDate": "2026-06-30"},
    }
    assert to_preferences(preferences, COMPANY) == Preferences(
        company_name="Craig's Design",
        country="US",
        home_currency="USD",
        multicurrency=True,
        custom_txn_numbers=True,
        allow_discount=True,
        auto_apply_credit=True,
        using_sales_tax=True,
        partner_tax_enabled=True,
        tax_group_code_id="3",
        book_close_date=date(2026, 6, 30),
    )


def test_what_is_left_out_is_off() -> None:
    assert to_preferences(BARE, COMPANY) == Preferences("Craig's Design", "US", "USD")


@pytest.mark.parametrize(("said", "meant"), [(None, None), (False, False), (True, True)])
def test_automated_sales_tax_not_set_up_differs_from_none(said: bool | None, meant: bool | None) -> None:
    tax = {} if said is None else {"PartnerTaxEnabled": said}
    assert to_preferences(BARE | {"TaxPrefs": tax}, COMPANY).partner_tax_enabled is meant


@pytest.mark.parametrize(("said", "meant"), [("USA", "US"), ("us", "US"), ("CAN", "CA"), ("XYZ", "XYZ"), ("", "")])
def test_a_country_may_come_as_iso_3(said: str, meant: str) -> None:
    assert to_preferences(BARE, {"Country": said}).country == meant


def test_a_company_without_a_home_currency_is_refused() -> None:
    with pytest.raises(RejectedError, match="home currency"):
        to_preferences({}, COMPANY)
