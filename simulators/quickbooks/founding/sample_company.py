"""The sample company: customers, items, invoices and payments born in QuickBooks Online, by seed."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

from simulators.quickbooks.books.company import Company, Object
from simulators.quickbooks.documents.payments import PAYMENT
from simulators.quickbooks.documents.sales import CREDIT_MEMO, INVOICE
from simulators.quickbooks.forms.writes import write
from simulators.quickbooks.lists.accounts import standard_account
from simulators.quickbooks.lists.currencies import is_multiple
from simulators.quickbooks.lists.other_lists import ITEM
from simulators.quickbooks.lists.people import CUSTOMER, EMPLOYEE, VENDOR

_PLACES = (
    ("Bayshore", "CA", "94326"),
    ("Half Moon Bay", "CA", "94213"),
    ("Palo Alto", "CA", "94303"),
    ("Tucson", "AZ", "85719"),
    ("Menlo Park", "CA", "94025"),
    ("Eugene", "OR", "97401"),
)
_FIRST = ("Amy", "Bill", "Grace", "Jeff", "Kate", "Mark", "Diego", "Nora", "Sasha", "Travis", "Olga", "Ruth")
_TRADES = (
    "Garden Centre",
    "Bakery",
    "Bicycle Repair",
    "Print Shop",
    "Landscaping",
    "Veterinary Clinic",
    "Boutique",
    "Stone Works",
    "Catering",
    "Data Labs",
)
_ITEMS = (
    ("Design", "Custom design", "75.00"),
    ("Consulting", "Work by the hour", "60.00"),
    ("Installation", "Set-up on site", "120.00"),
    ("Maintenance", "Monthly maintenance", "49.50"),
    ("Sod", "Sod, by the yard", "8.75"),
    ("Concrete", "Concrete, by the bag", "12.40"),
)
_CUSTOMERS, _INVOICES = 12, 30


def fill_company(company: Company, seed: int) -> None:
    """Put the sample into a new company. Call within its transaction; nobody is told of it."""
    chance = random.Random(f"{seed} {company.realm}")
    income = standard_account(company, "Income", "SalesOfProductIncome")
    items = [
        write(
            company,
            ITEM,
            {
                "Name": name,
                "Description": text,
                "Type": "Service",
                "UnitPrice": Decimal(amount),
                "Taxable": True,
                "IncomeAccountRef": income,
            },
        )
        for name, text, amount in _ITEMS
    ]
    customers = [write(company, CUSTOMER, _customer(chance, number)) for number in range(_CUSTOMERS)]
    write(company, VENDOR, {"DisplayName": "Harbour Timber and Supplies"})
    write(company, EMPLOYEE, {"GivenName": "Iris", "FamilyName": "Holm"})
    for number in range(_INVOICES):
        customer = chance.choice(customers)
        invoice = write(company, INVOICE, _invoice(company, chance, customer, items, 1001 + number))
        _settle_some(company, chance, invoice)


def _customer(chance: random.Random, number: int) -> dict[str, Any]:
    first, trade = _FIRST[number % len(_FIRST)], chance.choice(_TRADES)
    city, state, zip_code = chance.choice(_PLACES)
    return {
        "DisplayName": f"{first}'s {trade}",
        "CompanyName": f"{first}'s {trade}",
        "GivenName": first,
        "PrimaryEmailAddr": {"Address": f"{first.lower()}@example.com"},
        "PrimaryPhone": {"FreeFormNumber": f"(650) 555-{chance.randint(1000, 9999)}"},
        "BillAddr": {
            "Line1": f"{chance.randint(10, 9999)} Main St.",
            "City": city,
            "CountrySubDivisionCode": state,
            "PostalCode": zip_code,
            "Country": "US",
        },
    }


def _invoice(
    company: Company, chance: random.Random, customer: Object, items: list[Object], number: int
) -> dict[str, Any]:
    lines: list[dict[str, Any]] = []
    codes = ("TAX", "NON") if company.is_in_us else (company.kept.ids("TaxCode")[0],)
    for item in chance.sample(items, chance.randint(1, 3)):
        quantity = chance.randint(1, 9)
        price = Decimal(item["UnitPrice"])
        lines.append(
            {
                "DetailType": "SalesItemLineDetail",
                "Amount": quantity * price,
                "Description": item["Description"],
                "SalesItemLineDetail": {
                    "ItemRef": {"value": item["Id"]},
                    "Qty": quantity,
                    "UnitPrice": price,
                    "TaxCodeRef": {"value": chance.choice(codes)},
                },
            }
        )
    if chance.random() < 0.2:
        lines.append(
            {
                "DetailType": "DiscountLineDetail",
                "DiscountLineDetail": {"PercentBased": True, "DiscountPercent": Decimal(10)},
            }
        )
    issued = company.today() - timedelta(days=chance.randint(0, 90))
    return {
        "CustomerRef": {"value": customer["Id"]},
        "DocNumber": str(number),
        "TxnDate": issued.isoformat(),
        "Line": lines,
        **_tax(company),
        **_currency(company),
    }


def _tax(company: Company) -> dict[str, Any]:
    """What a document says of its tax beside the codes of its lines."""
    if not company.is_in_us:
        return {"GlobalTaxCalculation": "TaxExcluded"}
    california = company.find_named("TaxCode", "California") or {}
    return {"TxnTaxDetail": {"TxnTaxCodeRef": {"value": california["Id"]}}}


def _currency(company: Company) -> dict[str, Any]:
    return {"CurrencyRef": {"value": company.home_currency}} if is_multiple(company) else {}


def _settle_some(company: Company, chance: random.Random, invoice: Object) -> None:
    """Pay some invoices in whole or in part; one in ten gets a credit memo instead."""
    drawn = chance.random()
    customer = {"value": invoice["CustomerRef"]["value"]}
    if drawn < 0.5:
        part = Decimal(1) if drawn < 0.35 else Decimal("0.5")
        amount = (Decimal(invoice["TotalAmt"]) * part).quantize(Decimal("0.01"))
        write(
            company,
            PAYMENT,
            {
                "CustomerRef": customer,
                "TotalAmt": amount,
                "TxnDate": invoice["TxnDate"],
                **_currency(company),
                "Line": [{"Amount": amount, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}],
            },
        )
    elif drawn < 0.6:
        line = invoice["Line"][0]
        write(
            company,
            CREDIT_MEMO,
            {
                "CustomerRef": customer,
                "DocNumber": f"{invoice['DocNumber']}-C",
                "TxnDate": invoice["TxnDate"],
                "Line": [{name: line[name] for name in ("DetailType", "Amount", "SalesItemLineDetail")}],
                **({} if company.is_in_us else _tax(company)),
                **_currency(company),
            },
        )
