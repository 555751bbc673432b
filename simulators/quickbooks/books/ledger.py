"""The books of a company at a glance, for comparing them with another system's; pure reading."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from simulators.quickbooks.books.company import HIDDEN, Company, Object
from simulators.quickbooks.books.journal import journal_of, journals
from simulators.quickbooks.books.links import ZERO
from simulators.quickbooks.books.receivables import CHARGING, OPEN_AMOUNT, left_open


def books(company: Company) -> dict[str, Any]:
    """Return receivables by customer, every document with its figures, the sums, and the trial balance.

    `receivable` of a customer is open invoices less open credit memos and unapplied payments, with what
    journal entries and purchases charge it; `ledger` is what the journal says. Both are in the customer's
    currency. `agrees` says whether every customer's Balance is just that, and whether the accounts hold
    what the journal says, come to nought, and have a customer for each entry on receivables.
    """
    by_account: dict[str, Decimal] = {}
    by_customer: dict[str, Decimal] = {}
    nameless: set[str] = set()
    for entry in journals(company):
        by_account[entry["account"]] = by_account.get(entry["account"], ZERO) + entry["amount"]
        if "customer" not in entry:
            nameless.add(entry["account"])
        else:
            by_customer[entry["customer"]] = by_customer.get(entry["customer"], ZERO) + entry["foreign"]
    receivable: dict[str, Decimal] = {}
    documents: dict[str, list[dict[str, Any]]] = {}
    for entity in (*OPEN_AMOUNT, *sorted(CHARGING)):
        documents[entity] = []
        for item in company.all(entity):
            for customer, amount in left_open(entity, item).items():
                receivable[customer] = receivable.get(customer, ZERO) + amount
            if entity in OPEN_AMOUNT:
                documents[entity].append(_document(item))
    customers = [
        {
            "id": customer["Id"],
            "display_name": customer["DisplayName"],
            "active": customer["Active"],
            "balance": customer["Balance"],
            "receivable": receivable.get(customer["Id"], ZERO),
            "ledger": by_customer.get(customer["Id"], ZERO),
        }
        for customer in company.all("Customer")
    ]
    trial = trial_balance(company)
    receivables = {one["id"] for one in trial["accounts"] if one["type"] == "Accounts Receivable"}
    accounts_agree = receivables.isdisjoint(nameless) and all(
        one["balance"] == by_account.get(one["id"], ZERO) for one in trial["accounts"]
    )
    return {
        "realm_id": company.realm,
        "agrees": accounts_agree
        and not trial["difference"]
        and all(one["balance"] == one["receivable"] == one["ledger"] for one in customers),
        "trial_balance": trial,
        "accounts_receivable": sum(receivable.values(), ZERO),
        "open_invoices": _sum(documents["Invoice"], "balance"),
        "open_credit_memos": _sum(documents["CreditMemo"], "balance"),
        "unapplied_payments": _sum(documents["Payment"], "unapplied"),
        "invoiced": _sum(documents["Invoice"], "total"),
        "sales_tax": _sum(documents["Invoice"], "tax") - _sum(documents["CreditMemo"], "tax"),
        "credited": _sum(documents["CreditMemo"], "total"),
        "received": _sum(documents["Payment"], "total"),
        "customers": customers,
        "invoices": documents["Invoice"],
        "credit_memos": documents["CreditMemo"],
        "payments": documents["Payment"],
    }


def trial_balance(company: Company) -> dict[str, Any]:
    """Every account with its balance (a debit is positive), in the home currency."""
    accounts = [
        {
            "id": account["Id"],
            "name": account["FullyQualifiedName"],
            "type": account["AccountType"],
            "balance": Decimal(account["CurrentBalance"]),
        }
        for account in company.all("Account")
    ]
    balances = [one["balance"] for one in accounts]
    debits = sum((balance for balance in balances if balance > 0), ZERO)
    credits = -sum((balance for balance in balances if balance < 0), ZERO)
    return {"accounts": accounts, "debits": debits, "credits": credits, "difference": debits - credits}


def _sum(documents: list[dict[str, Any]], name: str) -> Decimal:
    return sum((Decimal(one[name]) for one in documents), ZERO)


def _document(item: Object) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "id": item["Id"],
        "customer_id": item["CustomerRef"]["value"],
        "date": item["TxnDate"],
        "total": item["TotalAmt"],
        "voided": bool(item[HIDDEN].get("voided")),
        "private_note": item.get("PrivateNote"),
    }
    if "UnappliedAmt" in item:
        applied = [
            {"type": line["LinkedTxn"][0]["TxnType"], "id": line["LinkedTxn"][0]["TxnId"], "amount": line["Amount"]}
            for line in item["Line"]
        ]
        return {
            **figures,
            "unapplied": item["UnappliedAmt"],
            "applied": applied,
            "reference": item.get("PaymentRefNum"),
            "deposited": bool(item[HIDDEN].get("deposit")),
        }
    return {
        **figures,
        "number": item.get("DocNumber"),
        "due": item.get("DueDate"),
        "tax": item["TxnTaxDetail"]["TotalTax"],
        "balance": item["Balance"],
    }


def journal(company: Company, item: Object) -> list[dict[str, Any]]:
    """Return the entries of one document, for people: names beside ids, debits apart from credits."""
    return [_named(company, entry) for entry in journal_of(item)]


def _named(company: Company, entry: Object) -> dict[str, Any]:
    amount = Decimal(entry["amount"])
    named = {
        "account_id": entry["account"],
        "account": company.get("Account", entry["account"])["FullyQualifiedName"],
        "debit": max(amount, ZERO),
        "credit": max(-amount, ZERO),
        "foreign": entry["foreign"],
    }
    customer = entry.get("customer")
    if customer is None:
        return named
    found = company.find("Customer", customer)
    return {**named, "customer_id": customer, "customer": found["DisplayName"] if found else None}
