"""Many documents at once, for load tests: invoices of three lines, each with a payment of its own."""

from __future__ import annotations

from decimal import Decimal

from simulators.quickbooks.books.company import Company, Object
from simulators.quickbooks.documents.payments import PAYMENT
from simulators.quickbooks.documents.sales import INVOICE
from simulators.quickbooks.forms.writes import write
from simulators.quickbooks.lists.accounts import standard_account
from simulators.quickbooks.lists.other_lists import ITEM
from simulators.quickbooks.lists.people import CUSTOMER

_CUSTOMERS = 100
_ITEM, _CUSTOMER = "Bulk item", "Bulk customer"
_AMOUNTS = (Decimal("49.50"), Decimal("120.00"), Decimal("12.40"))
# Documents written in one transaction: others get a turn in between.
_AT_ONCE = 200


def fill_in_bulk(company: Company, documents: int) -> None:
    """Write `documents` invoices and payments by turns, by the rules of any write; nobody is told of them.

    Outside the US, lines carry the first tax code of the company.
    """
    with company.kept.transaction():
        item = company.find_named("Item", _ITEM) or write(company, ITEM, _item(company))
        customers = [
            company.find_named("Customer", name) or write(company, CUSTOMER, {"DisplayName": name})
            for name in (f"{_CUSTOMER} {number}" for number in range(min(_CUSTOMERS, documents)))
        ]
    for begun in range(0, documents, _AT_ONCE):
        with company.kept.transaction():
            for number in range(begun, min(begun + _AT_ONCE, documents), 2):
                customer = {"value": customers[number // 2 % len(customers)]["Id"]}
                invoice = write(company, INVOICE, _invoice(company, customer, item))
                if number + 1 < documents:
                    write(company, PAYMENT, _payment(customer, invoice))
            # Nobody is told, and looking through what would be told takes time.
            company.events = []


def _item(company: Company) -> Object:
    income = standard_account(company, "Income", "SalesOfProductIncome")
    return {"Name": _ITEM, "Type": "Service", "IncomeAccountRef": income}


def _invoice(company: Company, customer: Object, item: Object) -> Object:
    code = "NON" if company.is_in_us else company.kept.ids("TaxCode")[0]
    detail = {"ItemRef": {"value": item["Id"]}, "TaxCodeRef": {"value": code}}
    lines = [
        {"DetailType": "SalesItemLineDetail", "Amount": amount, "SalesItemLineDetail": dict(detail)}
        for amount in _AMOUNTS
    ]
    own: Object = {} if company.is_in_us else {"GlobalTaxCalculation": "TaxExcluded"}
    own["CurrencyRef"] = {"value": company.home_currency}
    number = f"BULK-{company.kept.next_number('bulk documents')}"
    return {"CustomerRef": dict(customer), "DocNumber": number, "Line": lines, **own}


def _payment(customer: Object, invoice: Object) -> Object:
    amount = Decimal(invoice["TotalAmt"])
    link = {"TxnId": invoice["Id"], "TxnType": "Invoice"}
    return {
        "CustomerRef": dict(customer),
        "CurrencyRef": dict(invoice["CurrencyRef"]),
        "TotalAmt": amount,
        "TxnDate": invoice["TxnDate"],
        "Line": [{"Amount": amount, "LinkedTxn": [link]}],
    }
