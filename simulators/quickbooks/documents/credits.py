"""Automatic application: with AutoApplyCredit, a new invoice uses up what the customer has to its credit.

Source: entity reference (CreditMemo; Preferences.SalesFormsPrefs.AutoApplyCredit). Oldest credit first.
"""

from __future__ import annotations

from decimal import Decimal

from simulators.quickbooks.books.company import Company, Object
from simulators.quickbooks.books.links import ZERO, links_of
from simulators.quickbooks.documents.payments import PAYMENT, relink
from simulators.quickbooks.forms.writes import write


def consume_credits(company: Company, invoice: Object) -> None:
    """Apply open credit memos, then unapplied payments, to a new invoice if the preference says so."""
    if not company.preferences["SalesFormsPrefs"].get("AutoApplyCredit"):
        return
    customer_id = invoice["CustomerRef"]["value"]
    left = Decimal(invoice["Balance"])
    for memo in company.find_open("CreditMemo", customer_id):
        used = min(left, Decimal(memo["Balance"]))
        if used:
            write(company, PAYMENT, _zero_payment(invoice, memo, used))
            left -= used
    for payment in company.find_open("Payment", customer_id):
        used = min(left, Decimal(payment["UnappliedAmt"]))
        if used:
            links = links_of(payment)
            relink(company, payment, {**links, ("Invoice", invoice["Id"]): used})
            left -= used


def _zero_payment(invoice: Object, memo: Object, amount: Decimal) -> Object:
    """The payment of 0 by which QuickBooks Online applies a credit memo."""
    return {
        "CustomerRef": {"value": invoice["CustomerRef"]["value"]},
        "CurrencyRef": {"value": invoice["CurrencyRef"]["value"]},
        "TotalAmt": ZERO,
        "TxnDate": invoice["TxnDate"],
        "PrivateNote": "Created by QB Online to link credits to charges.",
        "Line": [
            {"Amount": amount, "LinkedTxn": [{"TxnId": document["Id"], "TxnType": entity}]}
            for entity, document in (("Invoice", invoice), ("CreditMemo", memo))
        ],
    }
