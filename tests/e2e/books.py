"""What stands in the books of both vendors, in the same words, so that the two can be compared."""

from collections import Counter
from typing import Any

from tests.e2e.simulators import Company

Books = dict[str, Counter[Any]]


def in_invoiced(company: Company) -> Books:
    """Return customers, items, invoices and payments as Invoiced has them; what is voided is left out."""
    invoices = [one for one in company.list_all("invoices") if one["status"] != "voided"]
    payments = [one for one in company.list_all("payments", include="applied_to") if not one["voided"]]
    number_of = {invoice["id"]: f"INVD-{invoice['number']}" for invoice in invoices}
    with_business = {one["customer"] for one in (*invoices, *payments)}
    return {
        "customers": Counter(
            f"{customer['name']} {customer['number']}"
            for customer in company.list_all("customers")
            if customer["id"] in with_business
        ),
        # QuickBooks takes no colon in a name.
        "items": Counter({item["name"].replace(":", "-") for invoice in invoices for item in invoice["items"]}),
        "invoices": Counter(
            (number_of[invoice["id"]], invoice["total"], _tax(invoice), invoice["balance"]) for invoice in invoices
        ),
        "payments": Counter(
            (
                f"Invoiced payment #{payment['id']}",
                payment["amount"],
                payment["balance"],
                tuple(sorted((number_of[split["invoice"]], split["amount"]) for split in payment["applied_to"])),
            )
            for payment in payments
        ),
    }


def in_quickbooks(company: Company) -> Books:
    """Return the same as QuickBooks has it; what is voided stands there with nothing, and is left out."""
    invoices = [one for one in company.quickbooks.objects("Invoice") if one["TotalAmt"]]
    payments = [one for one in company.quickbooks.objects("Payment") if one["TotalAmt"]]
    number_of = {invoice["Id"]: invoice["DocNumber"] for invoice in invoices}
    return {
        "customers": Counter(customer["DisplayName"] for customer in company.quickbooks.objects("Customer")),
        "items": Counter(item["Name"] for item in company.quickbooks.objects("Item")),
        "invoices": Counter(
            (
                invoice["DocNumber"],
                invoice["TotalAmt"],
                (invoice.get("TxnTaxDetail") or {}).get("TotalTax", 0),
                invoice["Balance"],
            )
            for invoice in invoices
        ),
        "payments": Counter(
            (payment["PrivateNote"], payment["TotalAmt"], payment["UnappliedAmt"], _splits(payment, number_of))
            for payment in payments
        ),
    }


def assert_they_agree(company: Company) -> None:
    """Everything of Invoiced stands in QuickBooks exactly once, and to the cent.

    A customer or an item whose invoices were all voided or edited since may stand there, or not.
    """
    ours, theirs = in_invoiced(company), in_quickbooks(company)
    for kind in ("invoices", "payments"):
        missing, too_many = dict(ours[kind] - theirs[kind]), dict(theirs[kind] - ours[kind])
        assert not missing and not too_many, f"{kind}: missing {missing}, too many {too_many}"
    for kind in ("customers", "items"):
        doubled = [name for name, count in theirs[kind].items() if count > 1]
        missing = dict(ours[kind] - theirs[kind])
        assert not missing and not doubled, f"{kind}: missing {missing}, doubled {doubled}, of {sorted(theirs[kind])}"
    known = {f"{customer['name']} {customer['number']}" for customer in company.list_all("customers")}
    assert set(theirs["customers"]) <= known


def _splits(payment: dict[str, Any], number_of: dict[str, str]) -> tuple[tuple[str, Any], ...]:
    return tuple(
        sorted(
            (number_of[linked["TxnId"]], line["Amount"])
            for line in payment.get("Line", [])
            for linked in line["LinkedTxn"]
        )
    )


def _tax(invoice: dict[str, Any]) -> Any:
    return sum(tax["amount"] for owner in (invoice, *invoice["items"]) for tax in owner["taxes"])
