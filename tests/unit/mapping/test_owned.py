"""Which fields are ours, and what counts as a change of them."""

from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest

from consumer.mapping.invoice import needs_of_invoice, to_qbo_invoice
from consumer.mapping.owned import differences, owned_fields
from consumer.mapping.payment import Part, to_qbo_payment
from consumer.mapping.refs import Body, Refs
from shared.money import decode_json, encode_json
from tests.unit.mapping.examples import (
    PREFERENCES,
    TERMS,
    a_discount,
    a_line,
    a_payment,
    an_invoice,
    refs_for,
)


def invoice_body() -> Body:
    line = a_line("412", quantity=Decimal(2), unit_cost=Decimal(206))
    invoice = an_invoice(line, total="400", discounts=(a_discount("12"),))
    return to_qbo_invoice(invoice, TERMS, refs_for(needs_of_invoice(invoice, TERMS, PREFERENCES)), PREFERENCES)


def as_quickbooks_returns_it(body: Body) -> dict[str, Any]:
    """The reply: ids, names, a subtotal line, numbers without trailing zeros, fields of its own."""
    reply: dict[str, Any] = decode_json(encode_json(deepcopy(body)))
    reply |= {"Id": "45", "SyncToken": "0", "TotalAmt": 400, "Balance": 400, "sparse": False}
    reply["CustomerRef"]["name"] = "Acme"
    for number, line in enumerate(reply["Line"], start=1):
        line |= {"Id": str(number), "LineNum": number, "Amount": int(line["Amount"])}
    subtotal = {"Amount": 412, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
    reply["Line"].insert(1, subtotal)
    del reply["TxnTaxDetail"]
    return reply


def test_what_we_send_and_what_comes_back_are_the_same_to_us() -> None:
    body = invoice_body()
    ours = owned_fields("Invoice", body)
    assert differences(ours, owned_fields("Invoice", as_quickbooks_returns_it(body))) == {}
    stored = decode_json(encode_json(ours))
    assert differences(stored, ours) == {}


def test_what_a_bookkeeper_adds_beside_our_fields_is_no_change() -> None:
    reply = as_quickbooks_returns_it(invoice_body())
    extended = deepcopy(reply) | {
        "SyncToken": "4",
        "Balance": 0,
        "PrivateNote": "called",
        "EmailStatus": "EmailSent",
        "ClassRef": {"value": "2"},
        "LinkedTxn": [{"TxnId": "9", "TxnType": "Payment"}],
    }
    assert differences(owned_fields("Invoice", reply), owned_fields("Invoice", extended)) == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("DocNumber", "1001"),
        ("TxnDate", "2014-11-19"),
        ("DueDate", "2014-12-03"),
        ("CustomerRef", {"value": "8"}),
        ("TxnTaxDetail", {"TotalTax": Decimal("1.00")}),
        ("AllowOnlineCreditCardPayment", True),
    ],
)
def test_a_change_of_our_fields_is_told_with_both_versions(field: str, value: Any) -> None:
    reply = as_quickbooks_returns_it(invoice_body())
    changed = owned_fields("Invoice", {**reply, field: value})
    ((_, (ours, theirs)),) = differences(owned_fields("Invoice", reply), changed).items()
    assert ours != theirs


@pytest.mark.parametrize("change", ["Amount", "Description", "Qty", "ItemRef", "TaxCodeRef", "removed", "added"])
def test_a_change_of_a_line_is_told(change: str) -> None:
    reply = as_quickbooks_returns_it(invoice_body())
    edited = deepcopy(reply)
    line = edited["Line"][0]
    detail = line["SalesItemLineDetail"]
    if change in ("Amount", "Description"):
        line[change] = {"Amount": 413, "Description": "By hand"}[change]
    elif change == "removed":
        del edited["Line"][2]
    elif change == "added":
        edited["Line"].append({"DetailType": "DescriptionOnly", "Description": "Thank you"})
    else:
        detail[change] = {"Qty": 3, "ItemRef": {"value": "5"}, "TaxCodeRef": {"value": "TAX"}}[change]
    assert differences(owned_fields("Invoice", reply), owned_fields("Invoice", edited)).keys() == {"Line"}


def test_a_payment_is_compared_by_what_it_pays() -> None:
    part = Part("7", Decimal("51.00"), ((1, Decimal("20.00")), (2, Decimal("30.00"))))
    body = to_qbo_payment(a_payment("51"), part, TERMS, Refs(invoices={1: "45", 2: "46"}), PREFERENCES)
    reply = decode_json(encode_json(deepcopy(body)))
    reply["Line"].reverse()
    reply["Line"][0]["LineEx"] = {"any": []}
    reply |= {"UnappliedAmt": 1, "ProcessPayment": False, "PrivateNote": "x"}
    assert differences(owned_fields("Payment", body), owned_fields("Payment", reply)) == {}
    unapplied = reply | {"Line": []}
    assert differences(owned_fields("Payment", body), owned_fields("Payment", unapplied)).keys() == {"Line"}
    deposited = reply | {"DepositToAccountRef": {"value": "35"}}
    assert differences(owned_fields("Payment", body), owned_fields("Payment", deposited)) == {
        "DepositToAccountRef": (None, "35")
    }


def test_customers_and_items_are_compared_by_what_both_sides_have() -> None:
    customer = {
        "DisplayName": "Acme 7",
        "BillAddr": {"Line1": "1 Main St", "City": "Austin", "Country": "US"},
    }
    echo = {
        "DisplayName": "Acme 7",
        "Active": True,
        "BillAddr": {"Line1": "1 Main St Austin", "Line2": "USA"},
    }
    assert differences(owned_fields("Customer", customer), owned_fields("Customer", echo)) == {}
    renamed = owned_fields("Customer", echo | {"DisplayName": "Acme 8"})
    assert differences(owned_fields("Customer", customer), renamed) == {"DisplayName": ("Acme 7", "Acme 8")}
    item = {"Name": "Consulting", "Type": "Service", "IncomeAccountRef": {"value": "79", "name": "Sales"}}
    moved = item | {"IncomeAccountRef": {"value": "80"}, "Description": "x"}
    assert differences(owned_fields("Item", item), owned_fields("Item", moved)) == {"IncomeAccountRef": ("79", "80")}
