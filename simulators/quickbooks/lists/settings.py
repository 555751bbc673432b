"""Preferences and CompanyInfo: one object each, updated in place.

Source: entity reference (Preferences, CompanyInfo). Groups of preferences are merged, so that a client
may send only what it changes.
"""

from __future__ import annotations

from simulators.quickbooks import refusals
from simulators.quickbooks.forms.writes import Kind, Write
from simulators.quickbooks.lists.addresses import kept_address

_ADDRESSES = ("CompanyAddr", "LegalAddr", "CustomerCommunicationAddr")


def _settle_preferences(made: Write) -> None:
    before = made.before or {}
    currency = made.item["CurrencyPrefs"]
    if currency["HomeCurrency"].get("value") != before["CurrencyPrefs"]["HomeCurrency"]["value"]:
        raise refusals.business_rule("The home currency cannot be changed.")
    if before["CurrencyPrefs"].get("MultiCurrencyEnabled") and not currency.get("MultiCurrencyEnabled"):
        raise refusals.business_rule("Multi-currency cannot be turned off.")


def _settle_company(made: Write) -> None:
    if not made.item.get("CompanyName"):
        raise refusals.missing_parameter("CompanyName")
    for name in _ADDRESSES:
        if made.item.get(name):
            made.item[name] = kept_address(made.company, made.item[name], iso3_country=True)
    made.item["Country"] = (made.before or {})["Country"]


PREFERENCES = Kind("Preferences", _settle_preferences, can_create=False, merges=True)
COMPANY_INFO = Kind(
    "CompanyInfo", _settle_company, can_create=False, read_only=frozenset({"Country", "NameValue", "CompanyStartDate"})
)
