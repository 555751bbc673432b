"""What each entity looks like when a client makes it, with a change, for walking all clients through all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.simulators.quickbooks_rig import Books, Object


@dataclass(frozen=True)
class Refs:
    """References to what documents need, each as `{"value": id}`."""

    customer: Object
    vendor: Object
    item: Object
    bank: Object
    income: Object
    expense: Object

    @property
    def sale(self) -> Object:
        """A line of 100, as plain JSON for clients of every language."""
        detail = {"ItemRef": self.item, "TaxCodeRef": {"value": "NON"}}
        return {"DetailType": "SalesItemLineDetail", "Amount": 100, "SalesItemLineDetail": detail}


def make_refs(books: Books) -> Refs:
    customer, item = books.customer("Walker"), books.item("Walk")
    vendor = books.write("Vendor", {"DisplayName": "Shoe shop"})
    expense = books.query("SELECT * FROM Account WHERE AccountType = 'Expense' MAXRESULTS 1")["Account"][0]
    bank = books.query("SELECT * FROM Account WHERE AccountType = 'Bank' MAXRESULTS 1")["Account"][0]
    income = books.account("Income", "SalesOfProductIncome")
    refs = [{"value": one["Id"]} for one in (customer, vendor, item, bank, expense)]
    return Refs(refs[0], refs[1], refs[2], refs[3], income, refs[4])


@dataclass(frozen=True)
class Case:
    """An entity, the body that creates it from references, and what a change of it sends."""

    entity: str
    body: Callable[[Refs], Object]
    change: Object = field(default_factory=lambda: {"PrivateNote": "changed"})
    deletes: bool = False

    def __str__(self) -> str:
        return self.entity


def _sale(refs: Refs, **more: Any) -> Object:
    return {"CustomerRef": refs.customer, "Line": [refs.sale], **more}


def _entry(refs: Refs, account: Object, posting: str) -> Object:
    detail = {"PostingType": posting, "AccountRef": account}
    return {"DetailType": "JournalEntryLineDetail", "Amount": 10, "JournalEntryLineDetail": detail}


def _deposit(refs: Refs) -> Object:
    detail = {"AccountRef": refs.income}
    line = {"DetailType": "DepositLineDetail", "Amount": 10, "DepositLineDetail": detail}
    return {"DepositToAccountRef": refs.bank, "Line": [line]}


def _purchase(refs: Refs) -> Object:
    detail = {"AccountRef": refs.expense}
    line = {"DetailType": "AccountBasedExpenseLineDetail", "Amount": 10, "AccountBasedExpenseLineDetail": detail}
    return {"PaymentType": "Check", "AccountRef": refs.bank, "Line": [line]}


CASES = (
    Case(
        "Account",
        lambda refs: {"Name": "Walk", "AccountType": "Bank", "AccountSubType": "Savings"},
        {"Description": "changed"},
    ),
    Case("Attachable", lambda refs: {"Note": "first"}, {"Note": "changed"}, deletes=True),
    Case("Class", lambda refs: {"Name": "East"}, {"Name": "West"}),
    Case("CreditMemo", _sale, deletes=True),
    Case("Customer", lambda refs: {"DisplayName": "New one"}, {"Notes": "changed"}),
    Case("Department", lambda refs: {"Name": "East"}, {"Name": "West"}),
    Case("Deposit", _deposit, deletes=True),
    Case("Employee", lambda refs: {"GivenName": "Iris", "FamilyName": "Holm"}, {"GivenName": "Ida"}),
    Case("Estimate", _sale, deletes=True),
    Case("Invoice", _sale, deletes=True),
    Case(
        "Item",
        lambda refs: {"Name": "New", "Type": "Service", "IncomeAccountRef": refs.income},
        {"Description": "changed"},
    ),
    Case(
        "JournalEntry",
        lambda refs: {"Line": [_entry(refs, refs.bank, "Debit"), _entry(refs, refs.income, "Credit")]},
        deletes=True,
    ),
    Case("Payment", lambda refs: {"CustomerRef": refs.customer, "TotalAmt": 10}, deletes=True),
    Case("PaymentMethod", lambda refs: {"Name": "Barter"}, {"Name": "Shells"}),
    Case("Purchase", _purchase, deletes=True),
    Case("RefundReceipt", lambda refs: _sale(refs, DepositToAccountRef=refs.bank), deletes=True),
    Case("SalesReceipt", _sale, deletes=True),
    Case("Term", lambda refs: {"Name": "Net 7", "DueDays": 7}, {"Name": "Seven days"}),
    Case("Vendor", lambda refs: {"DisplayName": "New one"}, {"Notes": "changed"}),
)
