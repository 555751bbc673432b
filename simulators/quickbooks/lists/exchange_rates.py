"""Exchange rates: one for each foreign currency and day, in home currency for one unit.

The rates of the service itself are made up and the same every day; one that is set for a day counts for that
day. There is no Id: a rate is named by its currency and day.

Source: entity reference (ExchangeRate); Intuit, "Manage multiple currencies".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import product

from simulators.quickbooks import refusals
from simulators.quickbooks.books.company import Company, Object
from simulators.quickbooks.forms.fields import read_body

ENTITY = "ExchangeRate"
_ONE = Decimal(1)
_KEPT = Decimal("0.000001")
# US dollars for one unit. A currency that is not here is at 1 until a rate is set.
_DOLLARS = {
    code: Decimal(rate)
    for code, rate in {
        "USD": "1",
        "AUD": "0.6512",
        "BRL": "0.1874",
        "CAD": "0.7128",
        "CHF": "1.2412",
        "CNY": "0.1404",
        "CZK": "0.0477",
        "DKK": "0.1551",
        "EUR": "1.1583",
        "GBP": "1.3167",
        "HKD": "0.1285",
        "HUF": "0.003",
        "ILS": "0.3051",
        "INR": "0.01128",
        "JPY": "0.0064",
        "KRW": "0.00068",
        "MXN": "0.0543",
        "NOK": "0.0982",
        "NZD": "0.5619",
        "PLN": "0.2734",
        "SEK": "0.1052",
        "SGD": "0.7656",
        "THB": "0.0309",
        "TRY": "0.0236",
        "ZAR": "0.0583",
    }.items()
}


def day_rate(company: Company, code: str, day: str) -> Decimal:
    """The rate at which a document of a day is posted; 1 for the home currency."""
    if code == company.home_currency:
        return _ONE
    return Decimal(_row(company, code, day)["Rate"])


def read_rate(company: Company, code: str | None, day: str | None) -> Object:
    """Return the rate of a currency for a day, by default today.

    Raises:
        Refusal: multi-currency is off (5030), no currency is named (2020), or it is none of the company's (2220).
    """
    return _row(company, _checked_code(company, code), _checked_day(company, day))


def rates_asked(company: Company, codes: Iterable[str], days: Iterable[str]) -> Iterator[Object]:
    """Yield the rates of currencies and days, by default all foreign currencies of the company and today."""
    known = [currency["Code"] for currency in company.all("CompanyCurrency") if currency.get("Active", True)]
    wanted = [code for code in known if code in {one.upper() for one in codes}] if codes else known
    for code, day in product(wanted, list(days) or [company.today().isoformat()]):
        yield _row(company, code, _checked_day(company, day))


def set_rate(company: Company, body: object) -> Object:
    """Set the rate of a currency for a day. Call within the company's transaction.

    Raises:
        Refusal: as for reading; a rate is missing (2020), not above 0, or not into the home currency (6000).
    """
    sent = read_body(ENTITY, body)
    code, rate, target = (sent.get(name) for name in ("SourceCurrencyCode", "Rate", "TargetCurrencyCode"))
    code = _checked_code(company, code)
    if rate is None:
        raise refusals.missing_parameter("Rate")
    if rate <= 0:
        raise refusals.business_rule("The exchange rate must be greater than 0.")
    if target not in (None, company.home_currency):
        raise refusals.business_rule("The target of an exchange rate is the home currency.")
    row = _row(company, code, _checked_day(company, sent.get("AsOfDate")))
    version = int(row["SyncToken"]) + 1
    stamp = company.now().replace(microsecond=0).isoformat()
    row |= {"Rate": rate, "SyncToken": str(version), "MetaData": {"LastUpdatedTime": stamp}}
    company.kept.put(ENTITY, f"{code} {row['AsOfDate']}", row)
    return row


def _row(company: Company, code: str, day: str) -> Object:
    kept = company.kept.get(ENTITY, f"{code} {day}")
    if kept is not None:
        return kept
    home = company.home_currency
    rate = _ONE
    if code in _DOLLARS and home in _DOLLARS:
        rate = (_DOLLARS[code] / _DOLLARS[home]).quantize(_KEPT).normalize()
    stamp = company.now().replace(hour=0, minute=0, second=0, microsecond=0).isoformat()
    return {
        "SourceCurrencyCode": code,
        "TargetCurrencyCode": home,
        "Rate": Decimal(format(rate, "f")),
        "AsOfDate": day,
        "SyncToken": "0",
        "MetaData": {"LastUpdatedTime": stamp},
    }


def _checked_code(company: Company, code: str | None) -> str:
    if not company.preferences["CurrencyPrefs"].get("MultiCurrencyEnabled"):
        raise refusals.feature_not_supported("Multi-currency is not enabled for this company.")
    if not code:
        raise refusals.missing_parameter("SourceCurrencyCode")
    if company.find_named("CompanyCurrency", code) is None:
        raise refusals.unsupported_currency(code)
    return code


def _checked_day(company: Company, day: str | None) -> str:
    if not day:
        return company.today().isoformat()
    try:
        return date.fromisoformat(day).isoformat()
    except ValueError:
        raise refusals.Refusal([refusals.invalid_date("AsOfDate", day)]) from None
