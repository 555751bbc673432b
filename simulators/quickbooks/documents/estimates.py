"""Estimates: what a sale would come to; they post nothing.

Source: entity reference (Estimate): TxnStatus Pending, Accepted, Closed or Rejected. Closed
books do not concern them.
"""

from __future__ import annotations

from simulators.quickbooks import refusals
from simulators.quickbooks.books.company import Company, Object
from simulators.quickbooks.documents.estimate_links import is_used
from simulators.quickbooks.documents.sales import COMPUTED, settle_sale
from simulators.quickbooks.forms.writes import Kind, Write


def _settle_estimate(made: Write) -> None:
    item = made.item
    if not made.company.preferences["SalesFormsPrefs"].get("AllowEstimates", True):
        raise refusals.feature_not_supported("Estimates are turned off for this company.")
    settle_sale(made)
    item.setdefault("TxnStatus", "Pending")
    if item.get("ExpirationDate") and item["ExpirationDate"] < item["TxnDate"]:
        raise refusals.business_rule("The expiration date can't be before the date of the estimate.")


def _delete_estimate(company: Company, item: Object) -> None:
    if is_used(item):
        raise refusals.cannot_delete("The estimate is linked to an invoice.")


ESTIMATE = Kind(
    "Estimate",
    _settle_estimate,
    read_only=COMPUTED,
    delete=_delete_estimate,
    defaults={"EmailStatus": "NotSet", "PrintStatus": "NeedToPrint"},
)
