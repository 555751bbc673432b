"""Invoices made from estimates: the link on both sides, and the estimate's status.

Source: entity reference (Invoice.LinkedTxn may name an Estimate; Estimate.TxnStatus).
"""

from __future__ import annotations

from simulators.quickbooks import refusals
from simulators.quickbooks.books.company import HIDDEN, Company, Object
from simulators.quickbooks.forms.writes import Write

_ESTIMATES, _INVOICES = "estimates", "invoices"


def settle_estimates(made: Write) -> None:
    """Keep the estimates that an invoice's LinkedTxn names; payments in it are only shown, and ignored.

    Raises:
        Refusal: no such estimate (2500), another customer's, or one that another invoice has used (620).
    """
    sent = made.sent.get("LinkedTxn")
    if sent is None:
        return
    named = [str(link.get("TxnId")) for link in sent if link.get("TxnType") == "Estimate"]
    for id in named:
        estimate = made.company.find("Estimate", id)
        if estimate is None or ("Estimate", id) in made.company.fresh:
            raise refusals.missing_reference("LinkedTxn")
        if estimate["CustomerRef"]["value"] != made.item["CustomerRef"]["value"]:
            raise refusals.cannot_link(f"Transaction {id} belongs to another customer.")
        if any(invoice != made.item.get("Id") for invoice in estimate[HIDDEN].get(_INVOICES, [])):
            raise refusals.cannot_link(f"The estimate {id} is linked to another invoice.")
    made.item[HIDDEN] = {**made.item[HIDDEN], _ESTIMATES: list(dict.fromkeys(named))}


def carry_estimates(company: Company, invoice_id: str, before: Object | None, after: Object | None) -> None:
    """Close the estimates that an invoice names from now on, and open those that it names no more."""
    old, new = _named(before), _named(after)
    for id in [one for one in old if one not in new]:
        _mark(company, id, [], "Pending")
    for id in [one for one in new if one not in old]:
        _mark(company, id, [invoice_id], "Closed")


def linked(item: Object) -> list[Object]:
    """Return the LinkedTxn of an invoice or estimate: what it was made from or into."""
    hidden = item[HIDDEN]
    return [{"TxnId": id, "TxnType": "Estimate"} for id in hidden.get(_ESTIMATES, [])] + [
        {"TxnId": id, "TxnType": "Invoice"} for id in hidden.get(_INVOICES, [])
    ]


def is_used(estimate: Object) -> bool:
    return bool(estimate[HIDDEN].get(_INVOICES))


def _named(invoice: Object | None) -> list[str]:
    named: list[str] = (invoice or {}).get(HIDDEN, {}).get(_ESTIMATES, [])
    return named


def _mark(company: Company, id: str, invoices: list[str], status: str) -> None:
    estimate = company.get("Estimate", id)
    estimate[HIDDEN] = {**estimate[HIDDEN], _INVOICES: invoices}
    estimate |= {"TxnStatus": status, "LinkedTxn": linked(estimate)}
    company.save("Estimate", estimate)
