"""Invoices and credit memos: the rules of a sales document beyond its lines and its tax.

Source: entity reference (Invoice, CreditMemo).
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal

from simulators.quickbooks import refusals
from simulators.quickbooks.books.closed_books import check_open
from simulators.quickbooks.books.company import HIDDEN, Company, Object, cents
from simulators.quickbooks.books.links import ZERO
from simulators.quickbooks.books.receivables import applied_amount
from simulators.quickbooks.documents.applied import links_shown, settle_balance, voided_note
from simulators.quickbooks.documents.credits import consume_credits
from simulators.quickbooks.documents.estimate_links import carry_estimates, settle_estimates
from simulators.quickbooks.documents.lines import discount_amount, sale_lines, settle_lines, voided_lines
from simulators.quickbooks.documents.numbering import settle_number
from simulators.quickbooks.documents.payments import unlink
from simulators.quickbooks.forms.writes import Kind, Write
from simulators.quickbooks.lists.accounts import check_receivable, check_type
from simulators.quickbooks.lists.addresses import kept_address, reflowed, same_address
from simulators.quickbooks.lists.currencies import settle_currency_of_customer
from simulators.quickbooks.tax.sales_tax import settle_tax

# Sales over the counter may name no customer.
_WITHOUT_CUSTOMER = frozenset({"SalesReceipt", "RefundReceipt"})
_FIGURES = ("Line", "TxnTaxDetail", "ApplyTaxAfterDiscount", "Deposit", "CustomerRef")


def settle_sale(made: Write) -> None:
    """Settle what all sales documents share.

    Raises:
        Refusal: a rule of customer, currency, period, lines, number, tax or delivery is broken.
    """
    item, company = made.item, made.company
    if item.get("CustomerRef") is None and made.entity not in _WITHOUT_CUSTOMER:
        raise refusals.missing_parameter("CustomerRef")
    if made.before is not None and applied_amount(made.before):
        _check_same_customer(made)
    item["TxnDate"] = item.get("TxnDate") or company.today().isoformat()
    settle_currency_of_customer(made)
    check_receivable(made)
    if made.entity != "Estimate":
        # An estimate posts nothing, so that closed books do not concern it.
        check_open(company, item["TxnDate"], (made.before or {}).get("TxnDate"))
    # In the US the field means nothing, and clients send it all the same.
    new_calculation = not company.is_in_us and made.touches("GlobalTaxCalculation")
    if made.touches("Line") or new_calculation or "Line" not in item:
        settle_lines(made)
    settle_number(made)
    # With automated sales tax the destination decides on the tax.
    moved = bool(company.preferences["TaxPrefs"].get("PartnerTaxEnabled")) and made.touches("ShipAddr")
    if made.touches(*_FIGURES) or new_calculation or moved:
        _settle_figures(made)
    _settle_addresses(made)
    _settle_delivery(made)
    if company.is_in_us:
        item.pop("GlobalTaxCalculation", None)


def _settle_invoice(made: Write) -> None:
    settle_sale(made)
    settle_estimates(made)
    made.item["LinkedTxn"] = links_shown(made.item)
    _settle_due_date(made)


def _check_same_customer(made: Write) -> None:
    before = made.before or {}
    if made.item["CustomerRef"]["value"] != before["CustomerRef"]["value"]:
        raise refusals.business_rule("The customer of a transaction with linked payments cannot be changed.")


def _settle_figures(made: Write) -> None:
    item = made.item
    item["ApplyTaxAfterDiscount"] = bool(item.get("ApplyTaxAfterDiscount"))
    lines = item["Line"]
    figures = settle_tax(made, sale_lines(lines), discount_amount(lines))
    if figures.total < 0:
        raise refusals.business_rule("Transaction amount must be 0 or greater.")
    _check_deposit(made, figures.total)
    item["TotalAmt"] = cents(figures.total)
    settle_balance(made.entity, item)
    item[HIDDEN] = {**item[HIDDEN], "voided": False}


def _check_deposit(made: Write, total: Decimal) -> None:
    deposit = made.item.get("Deposit")
    if not deposit:
        made.item.pop("Deposit", None)
        return
    if not made.company.preferences["SalesFormsPrefs"].get("AllowDeposit"):
        raise refusals.business_rule("Deposits are turned off for this company.")
    account = made.reference("DepositToAccountRef")
    if account is not None:
        check_type(account, ("Bank", "Other Current Asset"), "DepositToAccountRef")
    if not 0 < deposit <= total:
        raise refusals.business_rule("The deposit can't be greater than the total.")


def _settle_addresses(made: Write) -> None:
    """Copied from the customer when left out; updated through the transaction they become free text."""
    customer = made.reference("CustomerRef") or {}
    for name in ("BillAddr", "ShipAddr"):
        sent = made.sent.get(name)
        if made.before is None and sent is None:
            if customer.get(name):
                made.item[name] = dict(customer[name])
        elif sent is not None and made.before is not None and not same_address(sent, made.before.get(name)):
            made.item[name] = reflowed(made.company, sent, customer)
        elif sent is not None:
            made.item[name] = kept_address(made.company, made.item[name], iso3_country=False)


def _settle_delivery(made: Write) -> None:
    item = made.item
    if item.get("EmailStatus") == "NeedToSend" and not (item.get("BillEmail") or {}).get("Address"):
        raise refusals.no_email()


def _settle_due_date(made: Write) -> None:
    """DueDate as sent, else by the terms, else so many days after TxnDate."""
    item = made.item
    customer = made.reference("CustomerRef") or {}
    if made.before is None and item.get("SalesTermRef") is None and customer.get("SalesTermRef"):
        item["SalesTermRef"] = customer["SalesTermRef"]
    if item.get("DueDate") is not None:
        return
    issued = date.fromisoformat(item["TxnDate"])
    term = made.reference("SalesTermRef")
    if term is None:
        due = issued + timedelta(days=made.company.switches.due_days_without_term)
    else:
        due = due_by_term(issued, term)
    item["DueDate"] = due.isoformat()


def due_by_term(issued: date, term: Object) -> date:
    """The day on which something issued on a day falls due under a term."""
    if term["Type"] == "STANDARD":
        return issued + timedelta(days=int(term.get("DueDays", 0)))
    day, year, month = int(term["DayOfMonthDue"]), issued.year, issued.month
    due = date(year, month, min(day, monthrange(year, month)[1]))
    if due <= issued + timedelta(days=int(term.get("DueNextMonthDays", 0))):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        due = date(year, month, min(day, monthrange(year, month)[1]))
    return due


def _invoice_saved(made: Write) -> None:
    carry_estimates(made.company, made.item["Id"], made.before, made.item)
    if made.before is None:
        consume_credits(made.company, made.item)


def void_sale(company: Company, entity: str, item: Object) -> Object:
    """Keep the document with every amount at nought.

    Raises:
        Refusal: payments are linked (6000) or its period is closed.
    """
    check_open(company, item["TxnDate"])
    if applied_amount(item):
        if not company.switches.void_linked:
            raise refusals.business_rule("A transaction with linked payments cannot be voided; unlink them first.")
        for payment_id in list(item[HIDDEN].get("applied", {})):
            unlink(company, payment_id, entity, item["Id"])
        item = company.get(entity, item["Id"])
    tax = item["TxnTaxDetail"]
    item["TxnTaxDetail"] = {**tax, "TotalTax": ZERO}
    if "TaxLine" in tax:
        item["TxnTaxDetail"]["TaxLine"] = [_voided_tax_line(line) for line in tax["TaxLine"]]
    item["Line"] = voided_lines(item["Line"])
    item["TotalAmt"] = ZERO
    item.pop("Deposit", None)
    settle_balance(entity, item)
    item["PrivateNote"] = voided_note(item)
    item[HIDDEN] = {**item[HIDDEN], "voided": True}
    return company.save(entity, item, "void")


def _voided_tax_line(line: Object) -> Object:
    return {**line, "Amount": ZERO, "TaxLineDetail": {**line["TaxLineDetail"], "NetAmountTaxable": ZERO}}


def _void_invoice(company: Company, item: Object) -> Object:
    return void_sale(company, "Invoice", item)


def _void_credit_memo(company: Company, item: Object) -> Object:
    if not company.switches.void_by_operation:
        raise refusals.unsupported_operation("Operation void on CreditMemo is not supported.")
    return void_sale(company, "CreditMemo", item)


def _delete_sale(company: Company, item: Object) -> None:
    """Raises: Refusal, payments are linked (800) or the period is closed."""
    check_open(company, item["TxnDate"])
    if applied_amount(item):
        raise refusals.cannot_delete("The transaction has linked payments, which must be unlinked first.")


def _delete_invoice(company: Company, item: Object) -> None:
    _delete_sale(company, item)
    carry_estimates(company, item["Id"], item, None)


COMPUTED = frozenset(
    {
        "TotalAmt",
        "Balance",
        "HomeTotalAmt",
        "HomeBalance",
        "InvoiceLink",
        "DeliveryInfo",
        "RecurDataRef",
        "TaxExemptionRef",
        "RemainingCredit",
        "LinkedTxn",
    }
)

INVOICE = Kind(
    "Invoice",
    _settle_invoice,
    read_only=COMPUTED - {"LinkedTxn"},
    after=_invoice_saved,
    delete=_delete_invoice,
    void=_void_invoice,
    defaults={
        "EmailStatus": "NotSet",
        "PrintStatus": "NeedToPrint",
        "AllowIPNPayment": False,
        "AllowOnlinePayment": False,
        "AllowOnlineCreditCardPayment": False,
        "AllowOnlineACHPayment": False,
    },
)
CREDIT_MEMO = Kind(
    "CreditMemo",
    settle_sale,
    read_only=COMPUTED,
    delete=_delete_sale,
    void=_void_credit_memo,
    defaults={"EmailStatus": "NotSet", "PrintStatus": "NeedToPrint"},
)
