"""The books of a company at a glance, for comparing them with another system's; pure reading."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from simulators.quickbooks.applied import ZERO
from simulators.quickbooks.company import HIDDEN, Company, Object

_OPEN = {"Invoice": "Balance", "CreditMemo": "Balance", "Payment": "UnappliedAmt"}


def books(company: Company) -> dict[str, Any]:
    """Return receivables by customer, every document with its figures, and the sums over them.

    `receivable` of a customer is open invoices less open credit memos and unapplied payments;
    `agrees` says whether every customer's Balance is just that.
    """
    receivable: dict[str, Decimal] = {}
    documents: dict[str, list[dict[str, Any]]] = {}
    for entity, amount in _OPEN.items():
        sign = 1 if entity == "Invoice" else -1
        documents[entity] = []
        for item in company.all(entity):
            customer = item["CustomerRef"]["value"]
            receivable[customer] = receivable.get(customer, ZERO) + sign * Decimal(item[amount])
            documents[entity].append(_document(item))
    customers = [
        {
            "id": customer["Id"],
            "display_name": customer["DisplayName"],
            "active": customer["Active"],
            "balance": customer["Balance"],
            "receivable": receivable.get(customer["Id"], ZERO),
        }
        for customer in company.all("Customer")
    ]
    return {
        "realm_id": company.realm,
        "agrees": all(one["balance"] == one["receivable"] for one in customers),
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
