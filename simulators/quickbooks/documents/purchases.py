"""Purchases: expenses, checks and what credit cards paid.

Source: entity reference (Purchase). A line on an account of receivables charges the customer that the
purchase is made out to.
"""

from __future__ import annotations

from decimal import Decimal

from simulators.quickbooks import refusals
from simulators.quickbooks.books.closed_books import check_open
from simulators.quickbooks.books.company import Company, Object
from simulators.quickbooks.books.links import ZERO
from simulators.quickbooks.books.posting import expense_account
from simulators.quickbooks.books.totals import price
from simulators.quickbooks.documents.charges import check_account_party, check_party, check_unlinked, settle_charges
from simulators.quickbooks.documents.lines import MOST_LINES, line_amount, number_lines
from simulators.quickbooks.forms.writes import Kind, Write
from simulators.quickbooks.lists.accounts import check_type
from simulators.quickbooks.lists.currencies import settle_document_currency

_ACCOUNT, _ITEM, _TEXT = "AccountBasedExpenseLineDetail", "ItemBasedExpenseLineDetail", "DescriptionOnly"
_PAID_FROM = {"Cash": ("Bank",), "Check": ("Bank",), "CreditCard": ("Credit Card",)}


def _settle_purchase(made: Write) -> None:
    item, company = made.item, made.company
    for required in ("PaymentType", "AccountRef"):
        if item.get(required) is None:
            raise refusals.missing_parameter(required)
    if item["PaymentType"] not in _PAID_FROM:
        raise refusals.Refusal([refusals.invalid_enumeration("PaymentType", item["PaymentType"])])
    account = made.reference("AccountRef")
    if account is not None:
        check_type(account, _PAID_FROM[item["PaymentType"]], "AccountRef")
    if item.get("Credit") and item["PaymentType"] != "CreditCard":
        raise refusals.business_rule("Only a credit card purchase can be a credit.")
    item["Credit"] = bool(item.get("Credit"))
    _settle_entity(made)
    item["TxnDate"] = item.get("TxnDate") or company.today().isoformat()
    check_open(company, item["TxnDate"], (made.before or {}).get("TxnDate"))
    settle_document_currency(made)
    if made.touches("Line") or "Line" not in item:
        _settle_lines(made)
    item["TotalAmt"] = sum((Decimal(line["Amount"]) for line in item["Line"] if "Amount" in line), ZERO)
    if item["TotalAmt"] < 0:
        raise refusals.business_rule("Transaction amount must be 0 or greater.")
    _settle_charges(made)
    item.pop("GlobalTaxCalculation", None)
    item.pop("TxnTaxDetail", None)


def _settle_entity(made: Write) -> None:
    sent = made.sent.get("EntityRef")
    if sent is None:
        return
    kind = str(sent.get("type") or "Vendor").capitalize()
    reference = check_party(made, sent, kind, "EntityRef")
    made.item["EntityRef"] = None if reference is None else {**reference, "type": kind}


def _settle_lines(made: Write) -> None:
    sent = made.sent.get("Line") or []
    if not sent:
        raise refusals.missing_parameter("Line")
    if len(sent) > MOST_LINES:
        raise refusals.business_rule(f"A transaction can have at most {MOST_LINES} lines.")
    made.item["Line"] = [_settle_line(made, line) for line in sent]
    number_lines(made)


def _settle_line(made: Write, line: Object) -> Object:
    kind = line.get("DetailType")
    if kind is None:
        raise refusals.missing_parameter("Line.DetailType")
    settled = {name: line[name] for name in ("Id", "Description") if line.get(name) is not None}
    if kind == _TEXT:
        return {**settled, "DetailType": _TEXT, "DescriptionLineDetail": {}}
    detail = {name: value for name, value in (line.get(kind) or {}).items() if value is not None}
    if kind == _ACCOUNT:
        if detail.get("AccountRef") is None:
            raise refusals.missing_parameter(f"Line.{_ACCOUNT}.AccountRef")
    elif kind == _ITEM:
        detail = _item_detail(made, detail)
    else:
        raise refusals.Refusal([refusals.invalid_enumeration("Line.DetailType", kind)])
    detail.setdefault("BillableStatus", "NotBillable")
    return {**settled, "Amount": line_amount(line, detail), "DetailType": kind, kind: detail}


def _item_detail(made: Write, detail: Object) -> Object:
    if detail.get("ItemRef") is None:
        raise refusals.missing_parameter(f"Line.{_ITEM}.ItemRef")
    bought = made.company.get("Item", detail["ItemRef"]["value"])
    account = bought.get("AssetAccountRef") if bought["Type"] == "Inventory" else bought.get("ExpenseAccountRef")
    if account is None:
        raise refusals.business_rule(f"The item {bought['Name']} has no account for purchases.")
    if "UnitPrice" in detail:
        detail["UnitPrice"] = price(detail["UnitPrice"])
    return {**detail, "ItemAccountRef": account}


def _settle_charges(made: Write) -> None:
    item = made.item
    entity = item.get("EntityRef") or {}
    charges: dict[str, Decimal] = {}
    for line in item["Line"]:
        if "Amount" in line and check_account_party(made, expense_account(line), entity.get("type")):
            amount = Decimal(line["Amount"]) * (-1 if item["Credit"] else 1)
            charges[entity["value"]] = charges.get(entity["value"], ZERO) + amount
    settle_charges(made, charges)


def _delete_purchase(company: Company, item: Object) -> None:
    check_open(company, item["TxnDate"])
    check_unlinked(company, item)


PURCHASE = Kind(
    "Purchase",
    _settle_purchase,
    read_only=frozenset({"TotalAmt", "LinkedTxn", "TotalCostAmount", "HomeTotalCostAmount"}),
    delete=_delete_purchase,
    defaults={"PrintStatus": "NotSet"},
)
