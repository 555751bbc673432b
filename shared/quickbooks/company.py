"""What QBO's Preferences and CompanyInfo say about a company, in our own words. Pure."""

from datetime import date
from typing import Any

import pycountry

from shared.errors import RejectedError
from shared.quickbooks.entities import QboObject, ref_value
from shared.settings import Preferences


def to_preferences(preferences: QboObject, company_info: QboObject) -> Preferences:
    """Return what the sync needs of both objects.

    Raises:
        RejectedError: QBO names no home currency.

    Source: QBO API reference, Preferences and CompanyInfo.
    """
    sales_forms = _section(preferences, "SalesFormsPrefs")
    currency = _section(preferences, "CurrencyPrefs")
    tax = _section(preferences, "TaxPrefs")
    home_currency = ref_value(currency, "HomeCurrency")
    if home_currency is None:
        raise RejectedError(
            "QuickBooks does not say what the home currency of the company is.",
            remedy="Open the company in QuickBooks, check its currency settings, then connect again.",
        )
    closed_until = _section(preferences, "AccountingInfoPrefs").get("BookCloseDate")
    # Left out: no automated sales tax. False: it is on, but nobody has set it up.
    partner_tax_enabled = tax.get("PartnerTaxEnabled")
    return Preferences(
        company_name=str(company_info.get("CompanyName") or ""),
        country=_country_code(str(company_info.get("Country") or "")),
        home_currency=home_currency,
        multicurrency=currency.get("MultiCurrencyEnabled") is True,
        custom_txn_numbers=sales_forms.get("CustomTxnNumbers") is True,
        allow_discount=sales_forms.get("AllowDiscount") is True,
        auto_apply_credit=sales_forms.get("AutoApplyCredit") is True,
        using_sales_tax=tax.get("UsingSalesTax") is True,
        partner_tax_enabled=partner_tax_enabled if isinstance(partner_tax_enabled, bool) else None,
        tax_group_code_id=ref_value(tax, "TaxGroupCodeRef"),
        book_close_date=date.fromisoformat(closed_until) if closed_until else None,
    )


def _section(preferences: QboObject, name: str) -> dict[str, Any]:
    section = preferences.get(name)
    return section if isinstance(section, dict) else {}


def _country_code(text: str) -> str:
    """Return the two-letter code: since autumn 2025 QBO may read a country back as ISO-3 (`USA`)."""
    country = pycountry.countries.get(alpha_3=text.upper()) if len(text) == 3 else None
    return str(country.alpha_2) if country else text.upper()
