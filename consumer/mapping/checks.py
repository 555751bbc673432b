"""Does QBO's answer say what was meant, to the cent? Pure.

Each check takes the body that was sent and the object that came back, and returns one sentence that names
both figures of each difference, or None.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from consumer.mapping.amounts import ZERO
from consumer.mapping.refs import Body
from shared.money import as_decimal, plain


def check_invoice(body: Body, reply: Mapping[str, Any], *, applied: Decimal) -> str | None:
    """Compare a QBO Invoice with what was posted; `applied` is the sum of what we have applied to it."""
    return _told(
        *_sales_document(body, reply),
        *_value("due date", "DueDate", body, reply),
        *_amount("balance", total_of(body) - applied, reply.get("Balance")),
    )


def check_credit_memo(body: Body, reply: Mapping[str, Any], *, applied: Decimal = ZERO) -> str | None:
    """Compare a QBO CreditMemo with what was posted; `applied` is what has been taken of its credit."""
    remaining = reply.get("RemainingCredit", reply.get("Balance"))
    return _told(*_sales_document(body, reply), *_amount("remaining credit", total_of(body) - applied, remaining))


def check_payment(body: Body, reply: Mapping[str, Any]) -> str | None:
    """Compare a QBO Payment with what was posted."""
    unapplied = as_decimal(body["TotalAmt"])
    for line in body["Line"]:
        taken = as_decimal(line["Amount"])
        unapplied -= taken if line["LinkedTxn"][0]["TxnType"] == "Invoice" else -taken
    return _told(
        *_amount("total", as_decimal(body["TotalAmt"]), reply.get("TotalAmt")),
        *_amount("unapplied sum", unapplied, reply.get("UnappliedAmt")),
        *_customer(body, reply),
        *_value("date", "TxnDate", body, reply),
    )


def total_of(body: Body) -> Decimal:
    """Return what the total of a posted invoice or credit memo must be: lines less discount, and the tax."""
    total = as_decimal(body["TxnTaxDetail"]["TotalTax"])
    for line in body["Line"]:
        amount = as_decimal(line["Amount"])
        total += -amount if line["DetailType"] == "DiscountLineDetail" else amount
    return total


def _sales_document(body: Body, reply: Mapping[str, Any]) -> list[str]:
    # QBO leaves the tax detail out where a document has no tax.
    detail = reply.get("TxnTaxDetail")
    tax = detail.get("TotalTax", 0) if isinstance(detail, Mapping) else 0
    return [
        *_amount("total", total_of(body), reply.get("TotalAmt")),
        *_amount("tax", as_decimal(body["TxnTaxDetail"]["TotalTax"]), tax),
        *_customer(body, reply),
        *_value("date", "TxnDate", body, reply),
        *_value("number", "DocNumber", body, reply),
    ]


def _amount(what: str, meant: Decimal, found: object) -> list[str]:
    try:
        amount = as_decimal(found)
    except ValueError:
        return [f"the {what} should be {plain(meant)} and QuickBooks does not say it"]
    return [] if amount == meant else [f"the {what} is {plain(amount)} and should be {plain(meant)}"]


def _customer(body: Body, reply: Mapping[str, Any]) -> list[str]:
    found = reply.get("CustomerRef")
    customer = found.get("value") if isinstance(found, Mapping) else None
    meant = body["CustomerRef"]["value"]
    return [] if customer == meant else [f"the customer is {customer or 'nobody'} and should be {meant}"]


def _value(what: str, field: str, body: Body, reply: Mapping[str, Any]) -> list[str]:
    found, meant = reply.get(field), body[field]
    return [] if found == meant else [f"the {what} is {found or 'empty'} and should be {meant}"]


def _told(*different: str) -> str | None:
    return "In QuickBooks " + "; ".join(different) + "." if different else None
