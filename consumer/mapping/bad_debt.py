"""An invoice closed as bad debt: a credit memo over its open balance, and the payment that applies it. Pure.

Afterwards QBO's balances of invoice and credit memo are both 0, and the sum stands on the bad-debt account.
"""

from datetime import date
from decimal import Decimal

from consumer.mapping.amounts import ZERO, in_cents
from consumer.mapping.currency import check_currency, home_currency_ref
from consumer.mapping.invoice import customer_of
from consumer.mapping.names import BAD_DEBT_ENDING, BAD_DEBT_ITEM_NAME, doc_number, item_key
from consumer.mapping.refs import Body, Needs, Refs, Terms
from consumer.mapping.tax import NOT_TAXED
from consumer.mapping.text import shown
from shared.errors import RejectedError
from shared.invoiced.entities import Invoice
from shared.money import plain
from shared.settings import Preferences


def needs_of_bad_debt(invoice: Invoice, amount: Decimal, preferences: Preferences) -> Needs:
    """Return what must stand in QBO before the credit memo; the bad-debt account is the item's own need.

    Raises:
        RejectedError: the sum cannot be written off.
    """
    _checked(invoice, amount, preferences)
    return Needs(
        customers=frozenset({customer_of(invoice)}),
        items={item_key(BAD_DEBT_ITEM_NAME): BAD_DEBT_ITEM_NAME},
    )


def to_qbo_bad_debt_memo(
    invoice: Invoice, amount: Decimal, closed_on: date, terms: Terms, refs: Refs, preferences: Preferences
) -> Body:
    """Return the QBO CreditMemo that writes off `amount` of the invoice, dated the day it was seen closed.

    As with an invoice, the PrivateNote is the caller's.

    Raises:
        RejectedError: the sum cannot be written off.

    Source: QBO API reference, CreditMemo.
    """
    written_off = _checked(invoice, amount, preferences)
    return {
        "CustomerRef": {"value": refs.customers[customer_of(invoice)]},
        "DocNumber": doc_number(terms.number_prefix, invoice.number, BAD_DEBT_ENDING),
        "TxnDate": closed_on.isoformat(),
        "Line": [
            {
                "DetailType": "SalesItemLineDetail",
                "Amount": written_off,
                "Description": f"Bad debt, invoice {shown(invoice.number, 200)}",
                "SalesItemLineDetail": {
                    "ItemRef": {"value": refs.items[item_key(BAD_DEBT_ITEM_NAME)]},
                    "TaxCodeRef": {"value": NOT_TAXED},
                },
            }
        ],
        "TxnTaxDetail": {"TotalTax": ZERO},
        "EmailStatus": "NotSet",
        "PrintStatus": "NotSet",
        **home_currency_ref(terms.multicurrency, preferences),
    }


def to_qbo_bad_debt_application(
    customer_qbo_id: str,
    invoice_qbo_id: str,
    memo_qbo_id: str,
    amount: Decimal,
    on: date,
    terms: Terms,
    preferences: Preferences,
) -> Body:
    """Return the QBO Payment of zero that applies the credit memo to the invoice.

    Source: QBO API reference, Payment.
    """
    applied = in_cents(amount, "The sum written off")
    return {
        "CustomerRef": {"value": customer_qbo_id},
        "TotalAmt": ZERO,
        "TxnDate": on.isoformat(),
        "Line": [
            {"Amount": applied, "LinkedTxn": [{"TxnId": invoice_qbo_id, "TxnType": "Invoice"}]},
            {"Amount": applied, "LinkedTxn": [{"TxnId": memo_qbo_id, "TxnType": "CreditMemo"}]},
        ],
        **home_currency_ref(terms.multicurrency, preferences),
    }


def _checked(invoice: Invoice, amount: Decimal, preferences: Preferences) -> Decimal:
    record = f"Invoice {shown(invoice.number)}"
    check_currency(invoice.currency, record, preferences)
    written_off = in_cents(amount, f"{record}: the sum to write off")
    if written_off <= 0:
        raise RejectedError(
            f"{record} is closed with {plain(written_off)} to write off; only a positive sum is bad debt.",
            remedy="Check the balance of the invoice in Invoiced.",
            topic="sums",
        )
    return written_off
