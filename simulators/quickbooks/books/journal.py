"""The general ledger: keeps each document's entries with the document, and carries them to the accounts.

A write reverses what its document posted before and posts anew, so its cost grows with its lines and not
with the company. `CurrentBalance` is positive for a debit balance: recorded replies show payables below 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from simulators.quickbooks.books.links import SETTLED, ZERO
from simulators.quickbooks.books.posting import POSTED, Object, entries_of
from simulators.quickbooks.books.receivables import CHARGES, only_charge
from simulators.quickbooks.books.totals import rounded
from simulators.quickbooks.facts.account_types import CLASSIFICATION
from simulators.quickbooks.facts.currency_names import currency_name

if TYPE_CHECKING:
    from simulators.quickbooks.books.company import Company

JOURNAL = "journal"
_HIDDEN = "_"
# Purpose → name, type and sub-type of the account, which is made when it is first needed.
STANDARD: Mapping[str, tuple[str, str, str]] = {
    "receivable": ("Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable"),
    "undeposited": ("Undeposited Funds", "Other Current Asset", "UndepositedFunds"),
    "sales": ("Sales", "Income", "SalesOfProductIncome"),
    "discounts": ("Discounts given", "Income", "DiscountsRefundsGiven"),
    "tax": ("Sales Tax Payable", "Other Current Liability", "SalesTaxPayable"),
    "global tax": ("Tax Payable", "Other Current Liability", "GlobalTaxPayable"),
    "exchange": ("Exchange Gain or Loss", "Other Expense", "ExchangeGainOrLoss"),
}


@dataclass(frozen=True)
class _CompanyChart:
    company: Company

    def standard(self, purpose: str) -> str:
        if purpose == "tax" and not self.company.is_in_us:
            purpose = "global tax"
        name, account_type, sub_type = STANDARD[purpose]
        found = self.company.kept.find_ids("Account", "purpose", (account_type, sub_type))
        return found[0] if found else _make_account(self.company, name, account_type, sub_type)

    def settled(self, txn_type: str, id: str) -> tuple[str, Decimal]:
        document = self.company.get(SETTLED[txn_type], id)
        charge = only_charge(document)
        customer = charge[0] if charge else document["CustomerRef"]["value"]
        return customer, Decimal(document.get("ExchangeRate") or 1)

    def is_receivable(self, account: str) -> bool:
        return bool(self.company.get("Account", account)["AccountType"] == "Accounts Receivable")

    def deposited(self, entity: str, id: str) -> tuple[str, Decimal]:
        document = self.company.get(entity, id)
        amount = rounded(Decimal(document["TotalAmt"]) * Decimal(document.get("ExchangeRate") or 1))
        return document["DepositToAccountRef"]["value"], amount


def post(company: Company, entity: str, before: Object | None, item: Object | None) -> None:
    """Post a document that is about to be kept (None: removed), in place of what it posted before.

    Its entries are set in `item`. Call within the write's transaction.
    """
    if entity not in POSTED:
        return
    moves: dict[str, Decimal] = {}
    for entry in journal_of(before):
        moves[entry["account"]] = moves.get(entry["account"], ZERO) - entry["amount"]
    if item is not None:
        item[_HIDDEN][JOURNAL] = [entry.as_json() for entry in entries_of(_CompanyChart(company), entity, item)]
        for entry in journal_of(item):
            moves[entry["account"]] = moves.get(entry["account"], ZERO) + entry["amount"]
    for account_id, amount in moves.items():
        if amount:
            _move(company, account_id, amount)


def repost_payments(company: Company, before: Object | None, item: Object) -> None:
    """Post the payments of a document anew, whose customer or rate another write has changed."""
    if before is None or _terms(before) == _terms(item):
        return
    for payment_id in item[_HIDDEN].get("applied", {}):
        payment = company.get("Payment", payment_id)
        post(company, "Payment", company.get("Payment", payment_id), payment)
        company.amend("Payment", payment)


def _terms(item: Object) -> tuple[object, ...]:
    """What the posting of a payment takes from the document that it settles."""
    return item.get("CustomerRef"), item.get("ExchangeRate"), sorted(item[_HIDDEN].get(CHARGES, {}))


def journal_of(item: Object | None) -> list[Object]:
    """Return the entries that a kept document posted: account, amount (debit positive), foreign, customer."""
    entries: list[Object] = (item or {}).get(_HIDDEN, {}).get(JOURNAL, [])
    return entries


def journals(company: Company) -> Iterator[Object]:
    """Yield every entry in the books of a company."""
    for entity in sorted(POSTED):
        for item in company.all(entity):
            yield from journal_of(item)


def gather_balances(company: Company, account_id: str) -> None:
    """Recompute the balance with sub-accounts of an account and of those above it, whose children changed."""
    account = company.get("Account", account_id)
    children = company.kept.find("Account", "parent", account_id)
    total = Decimal(account["CurrentBalance"])
    account["CurrentBalanceWithSubAccounts"] = total + sum(
        (Decimal(child["CurrentBalanceWithSubAccounts"]) for child in children), ZERO
    )
    company.amend("Account", account)
    if account.get("ParentRef"):
        gather_balances(company, account["ParentRef"]["value"])


def _move(company: Company, account_id: str, amount: Decimal) -> None:
    """Carry an amount to an account and to the totals of the accounts above it; no version moves."""
    account = company.get("Account", account_id)
    account["CurrentBalance"] = Decimal(account["CurrentBalance"]) + amount
    while True:
        account["CurrentBalanceWithSubAccounts"] = Decimal(account["CurrentBalanceWithSubAccounts"]) + amount
        company.amend("Account", account)
        parent = account.get("ParentRef")
        if not parent:
            return
        account = company.get("Account", parent["value"])


def _make_account(company: Company, name: str, account_type: str, sub_type: str) -> str:
    home = company.home_currency
    account = {
        "Name": name,
        "FullyQualifiedName": name,
        "Active": True,
        "SubAccount": False,
        "AccountType": account_type,
        "AccountSubType": sub_type,
        "Classification": CLASSIFICATION[account_type],
        "CurrentBalance": ZERO,
        "CurrentBalanceWithSubAccounts": ZERO,
        "CurrencyRef": {"value": home, "name": currency_name(home)},
    }
    return str(company.insert("Account", account)["Id"])
