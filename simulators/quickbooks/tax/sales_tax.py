"""Tax of a sales document, in a US company by group code, automated, or off; and new codes (TaxService).

Source: Intuit, "Manage sales tax for US locales"; entity reference (TaxService, TxnTaxDetail).
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from simulators.quickbooks import refusals
from simulators.quickbooks.books.company import Company, Object
from simulators.quickbooks.books.totals import SaleLine, Totals, rounded, totals
from simulators.quickbooks.forms.fields import read_body
from simulators.quickbooks.forms.writes import Write, names_object
from simulators.quickbooks.tax.automated_tax import is_taxed_at_destination
from simulators.quickbooks.tax.global_tax import settle_global_tax
from simulators.quickbooks.tax.tax_rates import rates_of, tax_code, tax_rate


def settle_tax(made: Write, lines: list[SaleLine], discount: Decimal) -> Totals:
    """Compute the document's figures and set its TxnTaxDetail.

    Raises:
        Refusal: a tax where sales tax is off and the switch says so (6000), or one outside the US that
            does not fit the document's lines (6000, 6170).
    """
    if not made.company.is_in_us:
        figures = settle_global_tax(made, lines, discount)
        made.item["TxnTaxDetail"] = {"TotalTax": figures.tax, "TaxLine": _tax_lines(figures)}
        return figures
    detail = made.item.get("TxnTaxDetail") or {}
    code = _code(made, detail)
    rates = rates_of(made.company, code) if code else []
    stated = _stated(made, lines) if code else None
    if _is_automated(made) and not is_taxed_at_destination(made):
        lines = [replace(line, taxable=False) for line in lines]
    figures = totals(
        lines,
        discount,
        rates,
        tax_after_discount=bool(made.item.get("ApplyTaxAfterDiscount")),
        stated_tax=stated,
    )
    kept: Object = {"TotalTax": figures.tax}
    if code:
        kept = {"TxnTaxCodeRef": {"value": code["Id"]}, "TotalTax": figures.tax, "TaxLine": _tax_lines(figures)}
    made.item["TxnTaxDetail"] = kept
    return figures


def _tax_lines(figures: Totals) -> list[Object]:
    return [
        {
            "Amount": line.amount,
            "DetailType": "TaxLineDetail",
            "TaxLineDetail": {
                "TaxRateRef": {"value": line.rate.id},
                "PercentBased": True,
                "TaxPercent": line.rate.percent,
                "NetAmountTaxable": line.taxable,
            },
        }
        for line in figures.tax_lines
    ]


def _code(made: Write, detail: Object) -> Object | None:
    """The tax code in force: the document's, the engine's, or none where sales tax is off."""
    prefs = made.company.preferences["TaxPrefs"]
    automated = prefs.get("PartnerTaxEnabled")
    if not prefs.get("UsingSalesTax") or automated is False:
        if not made.company.switches.drop_tax_when_off and (detail.get("TotalTax") or detail.get("TxnTaxCodeRef")):
            raise refusals.business_rule("Sales tax is turned off for this company.")
        return None
    if automated:
        return made.company.get("TaxCode", prefs["TaxGroupCodeRef"]["value"])
    reference = detail.get("TxnTaxCodeRef")
    return made.company.get("TaxCode", reference["value"]) if reference else None


def _is_automated(made: Write) -> bool:
    return bool(made.company.preferences["TaxPrefs"].get("PartnerTaxEnabled"))


def _stated(made: Write, lines: list[SaleLine]) -> Decimal | None:
    """The sender's own tax, where it counts."""
    switches = made.company.switches
    stated = (made.sent.get("TxnTaxDetail") or {}).get("TotalTax")
    if stated is None or not (_is_automated(made) or switches.honour_total_tax):
        return None
    if switches.tax_needs_taxable_line and not any(line.taxable for line in lines):
        return None
    return rounded(stated)


def create_tax_code(company: Company, body: object) -> Object:
    """Create a tax code with its rates (`POST taxservice/taxcode`); returns the unwrapped reply.

    Raises:
        Refusal: a name or detail is missing (2020), a name is taken (6240), a rate is unknown (2500) or
            out of range (6470).
    """
    sent = read_body("TaxService", body)
    if sent.get("TaxCodeId") not in (None, "0") or names_object(sent):
        raise refusals.unsupported_operation("Operation update on TaxService is not supported.")
    name = sent.get("TaxCode")
    if name is None:
        raise refusals.missing_parameter("TaxCode")
    taken = company.find_named("TaxCode", name)
    if taken is not None:
        raise refusals.duplicate_name(taken["Id"])
    details = sent.get("TaxRateDetails") or []
    if not details:
        raise refusals.missing_parameter("TaxRateDetails")
    rates = [_rate(company, detail) for detail in details]
    code = company.insert("TaxCode", tax_code(name, rates))
    return {
        "TaxCode": name,
        "TaxCodeId": code["Id"],
        "TaxRateDetails": [
            {
                "TaxRateName": rate["Name"],
                "TaxRateId": rate["Id"],
                "RateValue": rate["RateValue"],
                "TaxAgencyId": rate["AgencyRef"]["value"],
                "TaxApplicableOn": applicable_on,
            }
            for rate, applicable_on in rates
        ],
    }


def _rate(company: Company, detail: Object) -> tuple[Object, str]:
    """The existing rate that a detail names, or a new one; with what it applies on."""
    applicable_on = detail.get("TaxApplicableOn") or "Sales"
    if detail.get("TaxRateId") is not None:
        return company.refer("TaxRate", {"value": detail["TaxRateId"]}, "TaxRateId")[0], applicable_on
    for required in ("TaxRateName", "RateValue", "TaxAgencyId"):
        if detail.get(required) is None:
            raise refusals.missing_parameter(f"TaxRateDetails.{required}")
    if company.find_named("TaxRate", detail["TaxRateName"]) is not None:
        raise refusals.duplicate_tax_rate()
    if not 0 <= detail["RateValue"] <= 100:
        raise refusals.tax_rate_refused(f"The tax rate must be between 0 and 100. Supplied value:{detail['RateValue']}")
    agency = company.refer("TaxAgency", {"value": detail["TaxAgencyId"]}, "TaxAgencyId")[1]
    return company.insert("TaxRate", tax_rate(detail["TaxRateName"], detail["RateValue"], agency)), applicable_on
