"""Sales receipts and refund receipts: sales paid, or paid back, on the spot.

Source: entity reference (SalesReceipt, RefundReceipt): lines, tax and number as an invoice has them; a refund
names the account that the money leaves.
"""

from __future__ import annotations

from simulators.quickbooks import refusals
from simulators.quickbooks.books.closed_books import check_open
from simulators.quickbooks.books.company import HIDDEN, Company, Object
from simulators.quickbooks.documents.sales import COMPUTED, settle_sale, void_sale
from simulators.quickbooks.forms.writes import Kind, Write
from simulators.quickbooks.lists.accounts import check_type, standard_account

_MONEY = ("Bank", "Other Current Asset")


def _settle_sales_receipt(made: Write) -> None:
    if made.before is not None and made.before[HIDDEN].get("deposit"):
        raise refusals.deposited()
    account = made.reference("DepositToAccountRef")
    if account is None:
        undeposited = standard_account(made.company, "Other Current Asset", "UndepositedFunds")
        made.item["DepositToAccountRef"] = undeposited
    else:
        check_type(account, _MONEY, "DepositToAccountRef")
    settle_sale(made)


def _settle_refund_receipt(made: Write) -> None:
    account = made.reference("DepositToAccountRef")
    if account is None:
        raise refusals.missing_parameter("DepositToAccountRef")
    check_type(account, _MONEY, "DepositToAccountRef")
    settle_sale(made)


def _void_sales_receipt(company: Company, item: Object) -> Object:
    _check_changeable(company, item)
    return void_sale(company, "SalesReceipt", item)


def _void_refund_receipt(company: Company, item: Object) -> Object:
    if not company.switches.void_by_operation:
        raise refusals.unsupported_operation("Operation void on RefundReceipt is not supported.")
    return void_sale(company, "RefundReceipt", item)


def _check_changeable(company: Company, item: Object) -> None:
    if item[HIDDEN].get("deposit"):
        raise refusals.deposited()
    check_open(company, item["TxnDate"])


SALES_RECEIPT = Kind(
    "SalesReceipt",
    _settle_sales_receipt,
    read_only=COMPUTED,
    delete=_check_changeable,
    void=_void_sales_receipt,
    defaults={"EmailStatus": "NotSet", "PrintStatus": "NeedToPrint"},
)
REFUND_RECEIPT = Kind(
    "RefundReceipt",
    _settle_refund_receipt,
    read_only=COMPUTED,
    delete=_check_changeable,
    void=_void_refund_receipt,
    defaults={"EmailStatus": "NotSet", "PrintStatus": "NeedToPrint"},
)
