"""Which accounts each kind of document debits and credits; pure.

A posting is worked out in the document's currency, where it must come to nought, and carried in the home
currency at the document's rate. What a payment settles leaves receivables at the rate at which the settled
document came in; the difference is the exchange gain or loss.

Source: entity reference (what each document's accounts are for); double entry as any ledger keeps it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from simulators.quickbooks.books.links import ZERO, is_credit
from simulators.quickbooks.books.totals import rounded

Object = dict[str, Any]
_ONE = Decimal(1)


class UnbalancedError(Exception):
    """A document whose debits are not its credits: a fault of the simulator, never of a sender."""


@dataclass(frozen=True)
class Entry:
    """One line of the journal.

    `amount` is in the home currency, `foreign` in the document's; a debit is positive. `customer` is whose
    receivable moves; other accounts have none.
    """

    account: str
    amount: Decimal
    foreign: Decimal
    customer: str | None = None

    def as_json(self) -> Object:
        kept: Object = {"account": self.account, "amount": self.amount, "foreign": self.foreign}
        return kept if self.customer is None else {**kept, "customer": self.customer}


class Chart(Protocol):
    """What posting asks of a company."""

    def standard(self, purpose: str) -> str:
        """Return the id of the company's account for a purpose of `journal.STANDARD`."""

    def settled(self, txn_type: str, id: str) -> tuple[str, Decimal]:
        """Return the customer and the rate of a document that a payment settles."""

    def is_receivable(self, account: str) -> bool:
        """Whether an account is one of receivables, whose entries belong to customers."""

    def deposited(self, entity: str, id: str) -> tuple[str, Decimal]:
        """Return the account that a payment or sales receipt went to, and its amount in the home currency."""


@dataclass
class _Draft:
    chart: Chart
    rate: Decimal
    entries: list[Entry] = field(default_factory=list)

    def post(self, account: str, foreign: Decimal, customer: str | None = None, *, rate: Decimal | None = None) -> None:
        if foreign:
            amount = rounded(foreign * (self.rate if rate is None else rate))
            self.entries.append(Entry(account, amount, foreign, customer))

    def post_by_hand(self, account: str, foreign: Decimal, customer: str | None) -> None:
        """Post to an account that the sender chose; on receivables the entry is the customer's."""
        self.post(account, foreign, customer if self.chart.is_receivable(account) else None)

    def receive(self, item: Object, foreign: Decimal, customer: str, *, rate: Decimal | None = None) -> None:
        """Raise what a customer owes; a negative amount lowers it."""
        account = _ref(item.get("ARAccountRef")) or self.chart.standard("receivable")
        self.post(account, foreign, customer, rate=rate)

    def closed(self) -> list[Entry]:
        """Return the entries, the exchange difference included.

        Raises:
            UnbalancedError: they do not come to nought in the document's currency.
        """
        if sum((entry.foreign for entry in self.entries), ZERO):
            raise UnbalancedError(f"debits are not credits: {self.entries}")
        left = sum((entry.amount for entry in self.entries), ZERO)
        if left:
            self.entries.append(Entry(self.chart.standard("exchange"), -left, ZERO))
        return self.entries


def entries_of(chart: Chart, entity: str, item: Object) -> list[Entry]:
    """Return the journal of one document; empty for what posts nothing, such as an estimate.

    Raises:
        UnbalancedError: the document's figures do not add up.
    """
    post = _POSTED.get(entity)
    if post is None:
        return []
    draft = _Draft(chart, Decimal(item.get("ExchangeRate") or _ONE))
    post(draft, item)
    return draft.closed()


def _invoice(draft: _Draft, item: Object) -> None:
    total, deposit = Decimal(item["TotalAmt"]), Decimal(item.get("Deposit") or ZERO)
    draft.receive(item, total - deposit, item["CustomerRef"]["value"])
    draft.post(_money_account(draft, item), deposit)
    _sale(draft, item, -1)


def _credit_memo(draft: _Draft, item: Object) -> None:
    draft.receive(item, -Decimal(item["TotalAmt"]), item["CustomerRef"]["value"])
    _sale(draft, item, 1)


def _sales_receipt(draft: _Draft, item: Object) -> None:
    draft.post(_money_account(draft, item), Decimal(item["TotalAmt"]))
    _sale(draft, item, -1)


def _refund_receipt(draft: _Draft, item: Object) -> None:
    draft.post(_money_account(draft, item), -Decimal(item["TotalAmt"]))
    _sale(draft, item, 1)


def _sale(draft: _Draft, item: Object, sign: int) -> None:
    """Income by line, the discount against it, and the tax; `sign` is -1 where income is earned."""
    _income(draft, item["Line"], sign)
    tax = Decimal((item.get("TxnTaxDetail") or {}).get("TotalTax") or ZERO)
    if tax:
        draft.post(draft.chart.standard("tax"), sign * tax)


def _income(draft: _Draft, lines: list[Object], sign: int) -> None:
    for line in lines:
        kind = line["DetailType"]
        if kind == "SalesItemLineDetail":
            account = _ref(line[kind].get("ItemAccountRef")) or draft.chart.standard("sales")
            draft.post(account, sign * Decimal(line["Amount"]))
            taken = Decimal(line[kind].get("DiscountAmt") or ZERO)
            if taken:
                draft.post(draft.chart.standard("discounts"), -sign * taken)
        elif kind == "DiscountLineDetail":
            account = _ref(line[kind].get("DiscountAccountRef")) or draft.chart.standard("discounts")
            draft.post(account, -sign * Decimal(line["Amount"]))
        elif kind == "GroupLineDetail":
            _income(draft, line[kind].get("Line", []), sign)


def _payment(draft: _Draft, item: Object) -> None:
    draft.post(_money_account(draft, item), Decimal(item["TotalAmt"]))
    left = Decimal(item["TotalAmt"])
    for line in item["Line"]:
        link = line["LinkedTxn"][0]
        target = (link["TxnType"], link["TxnId"])
        customer, rate = draft.chart.settled(*target)
        settled = Decimal(line["Amount"]) * (-1 if is_credit(item, target) else 1)
        draft.receive(item, -settled, customer, rate=rate)
        left -= settled
    draft.receive(item, -left, item["CustomerRef"]["value"])


def _deposit(draft: _Draft, item: Object) -> None:
    draft.post(item["DepositToAccountRef"]["value"], Decimal(item["TotalAmt"]))
    cash_back = item.get("CashBack") or {}
    if cash_back.get("Amount"):
        draft.post(cash_back["AccountRef"]["value"], Decimal(cash_back["Amount"]))
    for line in item["Line"]:
        if line.get("LinkedTxn"):
            link = line["LinkedTxn"][0]
            account, _ = draft.chart.deposited(link["TxnType"], link["TxnId"])
        else:
            account = line["DepositLineDetail"]["AccountRef"]["value"]
        draft.post(account, -Decimal(line["Amount"]))


def _purchase(draft: _Draft, item: Object) -> None:
    """An expense, a check, or what a credit card paid; with `Credit`, a refund to the card."""
    sign = -1 if item.get("Credit") else 1
    draft.post(item["AccountRef"]["value"], -sign * Decimal(item["TotalAmt"]))
    customer = (item.get("EntityRef") or {}).get("value")
    for line in item["Line"]:
        if "Amount" in line:
            draft.post_by_hand(expense_account(line), sign * Decimal(line["Amount"]), customer)


def _journal_entry(draft: _Draft, item: Object) -> None:
    for line in item["Line"]:
        detail = line.get("JournalEntryLineDetail")
        if detail is not None:
            sign = 1 if detail["PostingType"] == "Debit" else -1
            customer = ((detail.get("Entity") or {}).get("EntityRef") or {}).get("value")
            draft.post_by_hand(detail["AccountRef"]["value"], sign * Decimal(line["Amount"]), customer)


def expense_account(line: Object) -> str:
    """Return the id of the account that a line of a purchase is spent on."""
    kind = line["DetailType"]
    name = "AccountRef" if kind == "AccountBasedExpenseLineDetail" else "ItemAccountRef"
    return str(line[kind][name]["value"])


def _money_account(draft: _Draft, item: Object) -> str:
    return _ref(item.get("DepositToAccountRef")) or draft.chart.standard("undeposited")


def _ref(reference: Object | None) -> str | None:
    return str(reference["value"]) if reference else None


_POSTED: Mapping[str, Callable[[_Draft, Object], None]] = {
    "Invoice": _invoice,
    "CreditMemo": _credit_memo,
    "SalesReceipt": _sales_receipt,
    "RefundReceipt": _refund_receipt,
    "Payment": _payment,
    "Deposit": _deposit,
    "Purchase": _purchase,
    "JournalEntry": _journal_entry,
}
POSTED = frozenset(_POSTED)
