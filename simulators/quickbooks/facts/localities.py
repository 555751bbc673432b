"""What differs between companies of different countries: currency, time zone, address, accounts and tax; pure.

Outside the US each line names one of these tax codes, and a code has one rate or several, each with an
agency. Names follow the lists that QuickBooks Online sets up for a new company of the country; the rates
are those of 2026 (UK VAT; Canadian GST, HST, PST and QST; Australian GST).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

US = "US"


@dataclass(frozen=True)
class Locality:
    """One country. `codes` maps a tax code to its rates (name, percent, agency); the first code is the usual one.

    `renamed` gives accounts of the common chart their local name; None: there is no such account.
    """

    currency: str
    zone: ZoneInfo
    language: str
    address: Mapping[str, str]
    fiscal_year: str = "January"
    tax_word: str = ""
    codes: Mapping[str, tuple[tuple[str, str, str], ...]] = field(default_factory=dict)
    renamed: Mapping[str, str | None] = field(default_factory=dict)
    accounts: tuple[tuple[str, str, str], ...] = ()


def _tax_accounts(payable: str, suspense: str) -> tuple[tuple[str, str, str], ...]:
    kind = "Other Current Liability"
    return ((payable, kind, "GlobalTaxPayable"), (suspense, kind, "GlobalTaxSuspense"))


# The first as in Canada, both as in the UK and Australia.
_LICENCES = {"Taxes & Licenses": "Taxes & Licences"}
_BRITISH = {f"Uncategorized {kind}": f"Uncategorised {kind}" for kind in ("Asset", "Expense", "Income")} | _LICENCES

_HMRC, _CRA, _ATO = "HM Revenue & Customs (VAT)", "Canada Revenue Agency", "Australian Taxation Office"
_BC, _QUEBEC = "British Columbia Ministry of Finance", "Revenu Québec"

LOCALITIES: Mapping[str, Locality] = {
    US: Locality(
        "USD",
        ZoneInfo("America/Los_Angeles"),
        "en",
        {
            "Line1": "123 Sierra Way",
            "City": "San Pablo",
            "CountrySubDivisionCode": "CA",
            "PostalCode": "87999",
            "Country": "USA",
        },
    ),
    "GB": Locality(
        "GBP",
        ZoneInfo("Europe/London"),
        "en-GB",
        {"Line1": "14 Mill Lane", "City": "Leeds", "PostalCode": "LS1 4AB", "Country": "GBR"},
        fiscal_year="April",
        tax_word="VAT",
        codes={
            "20.0% S": (("20.0% S", "20", _HMRC),),
            "5.0% R": (("5.0% R", "5", _HMRC),),
            "0.0% Z": (("0.0% Z", "0", _HMRC),),
            "Exempt": (("Exempt", "0", _HMRC),),
            "No VAT": (("No VAT", "0", _HMRC),),
        },
        renamed={
            "Accounts Receivable (A/R)": "Debtors",
            "Accounts Payable (A/P)": "Creditors",
            "Inventory Asset": "Stock Asset",
            "Cost of Goods Sold": "Cost of sales",
            "Checking": "Current",
            "Sales Tax Payable": None,
            **_BRITISH,
        },
        accounts=_tax_accounts("VAT Control", "VAT Suspense"),
    ),
    "CA": Locality(
        "CAD",
        ZoneInfo("America/Toronto"),
        "en-CA",
        {
            "Line1": "88 Front Street West",
            "City": "Toronto",
            "CountrySubDivisionCode": "ON",
            "PostalCode": "M5J 2X2",
            "Country": "CAN",
        },
        tax_word="GST/HST",
        codes={
            "HST ON": (("HST ON", "13", _CRA),),
            "GST": (("GST", "5", _CRA),),
            "HST NB 2016": (("HST (NB) 2016", "15", _CRA),),
            "HST NS 2025": (("HST (NS) 2025", "14", _CRA),),
            "GST/PST BC": (("GST", "5", _CRA), ("PST (BC)", "7", _BC)),
            "GST/QST QC - 9.975": (("GST", "5", _CRA), ("QST 9.975%", "9.975", _QUEBEC)),
            "Zero-rated": (("GST/HST (ZR)", "0", _CRA),),
            "Exempt": (("GST/HST Exempt", "0", _CRA),),
            "Out of Scope": (("Out of Scope", "0", _CRA),),
        },
        renamed={"Checking": "Chequing", "Sales Tax Payable": None, **_LICENCES},
        accounts=_tax_accounts("GST/HST Payable", "GST/HST Suspense"),
    ),
    "AU": Locality(
        "AUD",
        ZoneInfo("Australia/Sydney"),
        "en-AU",
        {
            "Line1": "21 George Street",
            "City": "Sydney",
            "CountrySubDivisionCode": "NSW",
            "PostalCode": "2000",
            "Country": "AUS",
        },
        fiscal_year="July",
        tax_word="GST",
        codes={
            "GST": (("GST", "10", _ATO),),
            "GST free": (("GST free", "0", _ATO),),
            "Input tax": (("Input tax", "0", _ATO),),
            "Out of Scope": (("Out of Scope", "0", _ATO),),
        },
        renamed={"Checking": "Cheque", "Cost of Goods Sold": "Cost of sales", "Sales Tax Payable": None, **_BRITISH},
        accounts=_tax_accounts("GST Liabilities Payable", "GST Suspense"),
    ),
}
