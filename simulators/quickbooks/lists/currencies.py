"""Currencies: which there are, which a company has, and in which one a document is.

Source: entity reference (CurrencyRef, ExchangeRate of a transaction; CompanyCurrency; Customer); Intuit,
"Manage multiple currencies".
"""

from __future__ import annotations

from simulators.quickbooks import refusals
from simulators.quickbooks.books.company import Company, Object
from simulators.quickbooks.facts.currency_names import currency_name
from simulators.quickbooks.forms.writes import Write
from simulators.quickbooks.lists.exchange_rates import day_rate


def is_multiple(company: Company) -> bool:
    return bool(company.preferences["CurrencyPrefs"].get("MultiCurrencyEnabled"))


def currency_of_party(made: Write) -> Object:
    """The currency of a new customer or vendor: home by default; another one is put on the company's list.

    Raises:
        Refusal: there is no such currency (2220), or the company has only its own (6000).
    """
    company = made.company
    code = (made.sent.get("CurrencyRef") or {}).get("value") or company.home_currency
    name = currency_name(code)
    if name is None:
        raise refusals.unsupported_currency(code)
    if code != company.home_currency:
        if not is_multiple(company):
            raise refusals.business_rule("Multi-currency is not enabled for this company.")
        if company.find_named("CompanyCurrency", code) is None:
            company.insert("CompanyCurrency", {"Code": code, "Name": name, "Active": True})
    return {"value": code, "name": name}


def settle_currency_of_customer(made: Write) -> None:
    """A document is in its customer's currency; one that says otherwise is refused.

    Raises:
        Refusal: with multi-currency, a new document does not say its currency (2020); another one (6000).
    """
    customer = made.reference("CustomerRef")
    if customer is None:
        settle_document_currency(made)
        return
    home = made.company.home_currency
    currency = customer.get("CurrencyRef") or {"value": home, "name": currency_name(home)}
    wanted = made.sent.get("CurrencyRef")
    if wanted is None and made.before is None and is_multiple(made.company):
        raise refusals.missing_parameter("CurrencyRef")
    if wanted is not None and wanted.get("value") != currency["value"]:
        raise refusals.business_rule("The currency of a transaction must be the currency of its customer.")
    made.item["CurrencyRef"] = currency
    _settle_rate(made)


def settle_document_currency(made: Write) -> None:
    """The currency of a document that belongs to no customer: as sent, else the home currency.

    Raises:
        Refusal: a foreign currency in a company that has only its own (6000), or that it does not have (2220).
    """
    home = made.company.home_currency
    wanted = (made.item.get("CurrencyRef") or {}).get("value") or home
    if wanted != home:
        if not is_multiple(made.company):
            raise refusals.business_rule("Multi-currency is turned off for this company.")
        if made.company.find_named("CompanyCurrency", wanted) is None:
            raise refusals.unsupported_currency(wanted)
    made.item["CurrencyRef"] = {"value": wanted, "name": currency_name(wanted) or wanted}
    _settle_rate(made)


def _settle_rate(made: Write) -> None:
    """The rate as sent, else that of the document's day; there is none without multi-currency."""
    item, code = made.item, made.item["CurrencyRef"]["value"]
    if not is_multiple(made.company):
        item.pop("ExchangeRate", None)
        return
    given = item.get("ExchangeRate")
    if given is not None and given < 0:
        raise refusals.business_rule("The exchange rate must be greater than 0.")
    if code == made.company.home_currency or not given:
        day = item.get("TxnDate") or made.company.today().isoformat()
        item["ExchangeRate"] = day_rate(made.company, code, day)
