"""Tax codes and the rates they stand for, as they are kept and as totals need them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from simulators.quickbooks.books.company import Company, Object
from simulators.quickbooks.books.totals import Rate

_TAXES_ON_TAX = ("TaxOnAmountPlusTax", "TaxOnTax")


def rates_of(company: Company, code: Object) -> list[Rate]:
    """The sales rates of a tax code, in the order in which they are computed."""
    details = (code.get("SalesTaxRateList") or {}).get("TaxRateDetail", [])
    rates = []
    for one in sorted(details, key=lambda entry: entry.get("TaxOrder", 0)):
        rate = company.get("TaxRate", one["TaxRateRef"]["value"])
        rates.append(Rate(rate["Id"], Decimal(rate["RateValue"]), one.get("TaxTypeApplicable") in _TAXES_ON_TAX))
    return rates


def tax_rate(name: str, percent: Decimal | int, agency: Object) -> Object:
    return {
        "Name": name,
        "Description": name,
        "Active": True,
        "RateValue": percent,
        "AgencyRef": {"value": agency["value"]},
        "SpecialTaxType": "NONE",
        "DisplayType": "ReadOnly",
    }


def tax_code(name: str, rates: list[tuple[Object, str]]) -> Object:
    """A tax group over rates; each is listed under what it applies on."""

    def listed(applicable_on: str) -> dict[str, Any]:
        chosen = [rate for rate, applied in rates if applied == applicable_on]
        return {
            "TaxRateDetail": [
                {
                    "TaxRateRef": {"value": rate["Id"], "name": rate["Name"]},
                    "TaxTypeApplicable": "TaxOnAmount",
                    "TaxOrder": order,
                }
                for order, rate in enumerate(chosen)
            ]
        }

    return {
        "Name": name,
        "Description": name,
        "Active": True,
        "Taxable": True,
        "TaxGroup": True,
        "Hidden": False,
        "SalesTaxRateList": listed("Sales"),
        "PurchaseTaxRateList": listed("Purchase"),
    }
