"""Deposits: payments moved from Undeposited Funds to a bank account, which makes them unchangeable (6540).

Source: entity reference (Deposit). Only what a payment's life needs; other kinds of lines are amounts.
"""

from __future__ import annotations

from decimal import Decimal

from simulators.quickbooks import refusals
from simulators.quickbooks.accounts import check_type
from simulators.quickbooks.applied import ZERO
from simulators.quickbooks.closed_books import check_open
from simulators.quickbooks.company import HIDDEN, Company, Object
from simulators.quickbooks.totals import rounded
from simulators.quickbooks.writes import Kind, Write


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
        item["Line"] = [_settle_line(made, line, number) for number, line in enumerate(lines, 1)]
    item["TotalAmt"] = sum((Decimal(line["Amount"]) for line in item["Line"]), ZERO)
    home = company.home_currency
    item["CurrencyRef"] = {"value": home, "name": home}


def _settle_line(made: Write, line: Object, number: int) -> Object:
    links = line.get("LinkedTxn") or []
    settled: Object = {"Id": str(number), "LineNum": number}
    if not links:
        if line.get("Amount") is None:
            raise refusals.missing_parameter("Line.Amount")
        detail = line.get("DepositLineDetail") or {}
        if detail.get("AccountRef") is None:
            raise refusals.missing_parameter("Line.DepositLineDetail.AccountRef")
        return {
            **settled,
            "Amount": rounded(line["Amount"]),
            "DetailType": "DepositLineDetail",
            "DepositLineDetail": detail,
        }
    payment = made.company.find("Payment", str(links[0].get("TxnId")))
    if links[0].get("TxnType") != "Payment" or payment is None:
        raise refusals.cannot_link("A deposit links payments.")
    held = payment[HIDDEN].get("deposit")
    if held and held != made.item.get("Id"):
        raise refusals.cannot_link("The payment is on another deposit.")
    if not held:
        _check_undeposited(made.company, payment)
    return {
        **settled,
        "Amount": payment["TotalAmt"],
        "LinkedTxn": [{"TxnId": payment["Id"], "TxnType": "Payment", "TxnLineId": "0"}],
    }


def _check_undeposited(company: Company, payment: Object) -> None:
    account = company.get("Account", payment["DepositToAccountRef"]["value"])
    if account["AccountSubType"] != "UndepositedFunds":
        raise refusals.cannot_link("The payment is not in Undeposited Funds.")


def _payments_of(deposit: Object | None) -> set[str]:
    return {line["LinkedTxn"][0]["TxnId"] for line in (deposit or {}).get("Line", []) if line.get("LinkedTxn")}


def _deposit_saved(made: Write) -> None:
    before, after = _payments_of(made.before), _payments_of(made.item)
    for id in sorted(before - after):
        _mark(made.company, id, None)
    for id in sorted(after - before):
        _mark(made.company, id, made.item["Id"])


def _mark(company: Company, payment_id: str, deposit_id: str | None) -> None:
    payment = company.get("Payment", payment_id)
    payment[HIDDEN] = {**payment[HIDDEN], "deposit": deposit_id}
    payment["LinkedTxn"] = [{"TxnId": deposit_id, "TxnType": "Deposit"}] if deposit_id else []
    company.save("Payment", payment)


def _delete_deposit(company: Company, item: Object) -> None:
    check_open(company, item["TxnDate"])
    for id in sorted(_payments_of(item)):
        _mark(company, id, None)


DEPOSIT = Kind(
    "Deposit",
    _settle_deposit,
    read_only=frozenset({"TotalAmt", "HomeTotalAmt"}),
    after=_deposit_saved,
    delete=_delete_deposit,
)
