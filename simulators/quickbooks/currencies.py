"""The currency of documents that belong to no customer: as sent, else the home currency.

Source: entity reference (CurrencyRef, ExchangeRate of a transaction).
"""

from __future__ import annotations

from decimal import Decimal

from simulators.quickbooks import refusals
from simulators.quickbooks.writes import Write


def settle_document_currency(made: Write) -> None:
    """Raises: Refusal, a foreign currency in a company that has only its own (6000)."""
    item, home = made.item, made.company.home_currency
    wanted = (item.get("CurrencyRef") or {}).get("value") or home
    if wanted != home and not made.company.preferences["CurrencyPrefs"].get("MultiCurrencyEnabled"):
        raise refusals.business_rule("Multi-currency is turned off for this company.")
    found = made.company.find_named("CompanyCurrency", wanted)
    if wanted != home and found is None:
        raise refusals.unsupported_currency(wanted)
    item["CurrencyRef"] = {"value": wanted, "name": found["Name"] if found else wanted}
    if wanted == home:
        item.pop("ExchangeRate", None)
    else:
        item["ExchangeRate"] = item.get("ExchangeRate") or Decimal(1)
