"""Deposits: payments moved from Undeposited Funds to a bank account, which makes them unchangeable (6540).

Source: entity reference (Deposit). Lines on receivables or payables are not simulated.
"""

from __future__ import annotations

from decimal import Decimal

from simulators.quickbooks import refusals
from simulators.quickbooks.books.closed_books import check_open
from simulators.quickbooks.books.company import HIDDEN, Company, Object
from simulators.quickbooks.books.links import ZERO
from simulators.quickbooks.books.totals import rounded
from simulators.quickbooks.documents.lines import number_lines
from simulators.quickbooks.facts.currency_names import currency_name
from simulators.quickbooks.forms.writes import Kind, Write
from simulators.quickbooks.lists.accounts import check_type

_DEPOSITED = ("Payment", "SalesReceipt")
_TAKES_NO_LINE = ("Accounts Receivable", "Accounts Payable")


def _settle_deposit(made: Write) -> None:
    item, company = made.item, made.company
    account = made.reference("DepositToAccountRef")
    if account is None:
        raise refusals.missing_parameter("DepositToAccountRef")
    check_type(account, ("Bank", "Other Current Asset"), "DepositToAccountRef")
    item["TxnDate"] = item.get("TxnDate") or company.today().isoformat()
    check_open(company, item["TxnDate"], (made.before or {}).get("TxnDate"))
    if made.touches("Line"):
        lines = made.sent.get("Line") or []
        if not lines:
            raise refusals.missing_parameter("Line")
        item["Line"] = [_settle_line(made, line) for line in lines]
        number_lines(made)
    cash_back = _cash_back(made)
    item["TotalAmt"] = sum((Decimal(line["Amount"]) for line in item["Line"]), ZERO) - cash_back
    if item["TotalAmt"] < 0:
        raise refusals.business_rule("Transaction amount must be 0 or greater.")
    home = company.home_currency
    item["CurrencyRef"] = {"value": home, "name": currency_name(home)}


def _cash_back(made: Write) -> Decimal:
    """What was taken in cash, and does not reach the account of the deposit."""
    cash_back = made.item.get("CashBack")
    if not cash_back or not cash_back.get("Amount"):
        made.item.pop("CashBack", None)
        return ZERO
    if cash_back.get("AccountRef") is None:
        raise refusals.missing_parameter("CashBack.AccountRef")
    _check_line_account(made, cash_back["AccountRef"])
    if cash_back["Amount"] < 0:
        raise refusals.negative_amount("CashBack.Amount")
    cash_back["Amount"] = rounded(cash_back["Amount"])
    return Decimal(cash_back["Amount"])


def _settle_line(made: Write, line: Object) -> Object:
    links = line.get("LinkedTxn") or []
    settled = {name: line[name] for name in ("Id", "Description") if line.get(name) is not None}
    if not links:
        if line.get("Amount") is None:
            raise refusals.missing_parameter("Line.Amount")
        detail = line.get("DepositLineDetail") or {}
        if detail.get("AccountRef") is None:
            raise refusals.missing_parameter("Line.DepositLineDetail.AccountRef")
        _check_line_account(made, detail["AccountRef"])
        return {
            **settled,
            "Amount": rounded(line["Amount"]),
            "DetailType": "DepositLineDetail",
            "DepositLineDetail": detail,
        }
    txn_type = links[0].get("TxnType")
    payment = made.company.find(txn_type, str(links[0].get("TxnId"))) if txn_type in _DEPOSITED else None
    if payment is None:
        raise refusals.cannot_link("A deposit links payments and sales receipts.")
    held = payment[HIDDEN].get("deposit")
    if held and held != made.item.get("Id"):
        raise refusals.cannot_link("The payment is on another deposit.")
    if not held:
        _check_undeposited(made.company, payment)
    return {
        **settled,
        # The bank books in the home currency what came in at the payment's rate.
        "Amount": rounded(Decimal(payment["TotalAmt"]) * Decimal(payment.get("ExchangeRate") or 1)),
        "LinkedTxn": [{"TxnId": payment["Id"], "TxnType": txn_type, "TxnLineId": "0"}],
    }


def _check_line_account(made: Write, reference: Object) -> None:
    account = made.company.get("Account", reference["value"])
    if account["AccountType"] in _TAKES_NO_LINE:
        raise refusals.feature_not_supported(f"A deposit line on {account['AccountType']}")


def _check_undeposited(company: Company, payment: Object) -> None:
    account = company.get("Account", payment["DepositToAccountRef"]["value"])
    if account["AccountSubType"] != "UndepositedFunds":
        raise refusals.cannot_link("The payment is not in Undeposited Funds.")


def _payments_of(deposit: Object | None) -> set[tuple[str, str]]:
    links = [line["LinkedTxn"][0] for line in (deposit or {}).get("Line", []) if line.get("LinkedTxn")]
    return {(link["TxnType"], link["TxnId"]) for link in links}


def _deposit_saved(made: Write) -> None:
    before, after = _payments_of(made.before), _payments_of(made.item)
    for target in sorted(before - after):
        _mark(made.company, target, None)
    for target in sorted(after - before):
        _mark(made.company, target, made.item["Id"])


def _mark(company: Company, target: tuple[str, str], deposit_id: str | None) -> None:
    entity, id = target
    payment = company.get(entity, id)
    payment[HIDDEN] = {**payment[HIDDEN], "deposit": deposit_id}
    payment["LinkedTxn"] = [{"TxnId": deposit_id, "TxnType": "Deposit"}] if deposit_id else []
    company.save(entity, payment)


def _delete_deposit(company: Company, item: Object) -> None:
    check_open(company, item["TxnDate"])
    for target in sorted(_payments_of(item)):
        _mark(company, target, None)


DEPOSIT = Kind(
    "Deposit",
    _settle_deposit,
    read_only=frozenset({"TotalAmt", "HomeTotalAmt"}),
    after=_deposit_saved,
    delete=_delete_deposit,
)
