"""Records, terms and preferences from which the tests of the mapping start."""

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from consumer.mapping.names import item_key
from consumer.mapping.refs import Needs, Refs, Terms
from shared.invoiced.entities import Customer, Discount, Invoice, LineItem, Payment, Split, Tax, TaxRate
from shared.settings import Preferences

TERMS = Terms(time_zone="America/Chicago")
PREFERENCES = Preferences(
    company_name="Bluebird Supply",
    country="US",
    home_currency="USD",
    custom_txn_numbers=True,
    allow_discount=True,
    using_sales_tax=True,
)


def a_line(amount: str, **fields: Any) -> LineItem:
    """A line that needs only an amount; it is named Service and taxable."""
    return LineItem(**{"amount": Decimal(amount), "name": "Service", **fields})


def an_invoice(*lines: LineItem, total: str, **fields: Any) -> Invoice:
    """Invoice INV-004 of customer 15444, dated 18 November 2014 in Chicago, due 14 days later."""
    known: dict[str, Any] = {
        "id": 46225,
        "number": "INV-004",
        "currency": "usd",
        "date": 1416290400,
        "due_date": 1417500000,
        "customer": 15444,
        "items": lines,
        "total": Decimal(total),
        "balance": Decimal(total),
    }
    return Invoice(**{**known, **fields})


def a_tax(amount: str, *, inclusive: bool = False) -> Tax:
    return Tax(Decimal(amount), TaxRate(name="State", inclusive=inclusive))


def a_discount(amount: str) -> Discount:
    return Discount(Decimal(amount))


def a_payment(amount: str, *splits: Split, **fields: Any) -> Payment:
    """Payment 61 of customer 15444, by check, on 18 November 2014 in Chicago."""
    known: dict[str, Any] = {
        "id": 61,
        "date": 1416300000,
        "currency": "usd",
        "amount": Decimal(amount),
        "customer": 15444,
        "method": "check",
        "reference": "1450",
        "applied_to": splits,
    }
    return Payment(**{**known, **fields})


def a_split(kind: str, amount: str, **fields: Any) -> Split:
    return Split(type=kind, amount=Decimal(amount), **fields)


ACME = Customer(
    id=15444,
    name="Acme",
    number="CUST-0001",
    email="billing@acme.example",
    phone="512 555 0100",
    address1="1234 Main St",
    address2="Suite 5",
    city="Austin",
    state="TX",
    postal_code="78701",
    country="US",
)


def acme(**fields: Any) -> Customer:
    return replace(ACME, **fields)


def refs_for(needs: Needs) -> Refs:
    """The ids of everything that a document needs: `item:<key>`, `customer:<id>`, `account:<purpose>`."""
    return Refs(
        customers={customer: f"customer:{customer}" for customer in needs.customers},
        items={key: f"item:{key}" for key in needs.items},
        accounts={purpose: f"account:{purpose}" for purpose in needs.accounts},
        tax_code="tax code" if needs.tax_code else None,
    )


def item_ref(name: str) -> dict[str, str]:
    return {"value": f"item:{item_key(name)}"}
