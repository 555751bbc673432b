"""A payment as QBO payments."""

from dataclasses import replace
from decimal import Decimal

import pytest

from consumer.mapping.payment import (
    Part,
    cash_amount,
    credits_on_invoice,
    invoice_splits,
    needs_of_payment,
    payment_method_name,
    payment_note,
    plan_parts,
    to_qbo_payment,
)
from consumer.mapping.refs import Needs, Refs
from shared.errors import RejectedError
from shared.invoiced.entities import Payment
from tests.unit.mapping.examples import PREFERENCES, TERMS, a_payment, a_split

MIXED = a_payment(
    "100",
    a_split("invoice", "30", invoice=2),
    a_split("invoice", "20", invoice=1),
    a_split("invoice", "5", invoice={"id": 2, "number": "INV-002"}),
    a_split("credit_note", "10", invoice=1, credit_note=8, document_type="invoice"),
    a_split("applied_credit", "4", invoice=1, document_type="invoice"),
    a_split("convenience_fee", "3"),
    a_split("credit", "7"),
    a_split("invoice", "0", invoice=3),
)


def test_credits_are_no_money() -> None:
    assert cash_amount(MIXED) == Decimal("86.00")
    assert cash_amount(a_payment("10", a_split("credit_note", "10", invoice=1, credit_note=8))) == 0
    assert cash_amount(a_payment("10", applied_to=None)) == Decimal("10.00")


def test_splits_of_one_invoice_are_one_sum() -> None:
    assert invoice_splits(MIXED) == {1: Decimal("20.00"), 2: Decimal("35.00")}


def test_credits_spent_on_an_invoice_are_named() -> None:
    assert credits_on_invoice(MIXED, 1) == [
        ("credit note", Decimal("10.00"), 8),
        ("credit balance", Decimal("4.00"), None),
    ]
    assert credits_on_invoice(MIXED, 2) == []


def test_each_quickbooks_customer_gets_a_payment_and_the_payer_the_rest() -> None:
    assert plan_parts(MIXED, {1: "7", 2: "9"}, "7") == {
        "7": Part("7", Decimal("51.00"), ((1, Decimal("20.00")),)),
        "9": Part("9", Decimal("35.00"), ((2, Decimal("35.00")),)),
    }
    assert plan_parts(MIXED, {2: "9"}, "7") == {
        "7": Part("7", Decimal("51.00"), ()),
        "9": Part("9", Decimal("35.00"), ((2, Decimal("35.00")),)),
    }
    together = plan_parts(MIXED, {1: "9", 2: "9"}, "9")
    assert [invoice for invoice, _ in together["9"].lines] == [1, 2]
    exact = a_payment("35", a_split("invoice", "35", invoice=2))
    assert plan_parts(exact, {2: "9"}, "7").keys() == {"9"}
    assert plan_parts(a_payment("0"), {}, "7") == {}


def test_the_parts_are_the_money_that_moved() -> None:
    parts = plan_parts(MIXED, {1: "7", 2: "9"}, "8")
    assert sum(part.total for part in parts.values()) == cash_amount(MIXED)


def test_a_whole_payment() -> None:
    part = Part("7", Decimal("51.00"), ((1, Decimal("20.00")), (2, Decimal("1.00"))))
    refs = Refs(invoices={1: "45", 2: "46"}, payment_method="3")
    terms = replace(TERMS, deposit_account="35")
    assert to_qbo_payment(MIXED, part, terms, refs, PREFERENCES) == {
        "CustomerRef": {"value": "7"},
        "TotalAmt": Decimal("51.00"),
        "TxnDate": "2014-11-18",
        "PaymentRefNum": "1450",
        "Line": [
            {"Amount": Decimal("20.00"), "LinkedTxn": [{"TxnId": "45", "TxnType": "Invoice"}]},
            {"Amount": Decimal("1.00"), "LinkedTxn": [{"TxnId": "46", "TxnType": "Invoice"}]},
        ],
        "PaymentMethodRef": {"value": "3"},
        "DepositToAccountRef": {"value": "35"},
    }


def test_without_choices_quickbooks_takes_its_own() -> None:
    several = replace(TERMS, multicurrency=True)
    body = to_qbo_payment(a_payment("5", reference=None), Part("7", Decimal(5), ()), several, Refs(), PREFERENCES)
    assert not body.keys() & {"PaymentMethodRef", "DepositToAccountRef"}
    assert (body["Line"], body["PaymentRefNum"], body["CurrencyRef"]) == ([], "", {"value": "USD"})


def test_needs_are_the_payer_and_a_method_that_quickbooks_is_told() -> None:
    assert needs_of_payment(MIXED, PREFERENCES) == Needs(customers=frozenset({15444}), payment_method="check")
    assert needs_of_payment(a_payment("5", method="other", customer=None), PREFERENCES) == Needs()
    assert payment_method_name("ach") == "ACH"
    assert payment_method_name("credit_card") == "Credit Card"
    assert payment_method_name(None) is None


def test_the_note_holds_a_reference_that_had_to_be_cut() -> None:
    assert payment_note(MIXED) == "Invoiced payment #61"
    long = a_payment("5", reference="wire of november\nthe eighteenth")
    assert payment_note(long) == "Invoiced payment #61, reference wire of november the eighteenth"


@pytest.mark.parametrize(
    ("payment", "said"),
    [
        (
            a_payment("30", a_split("invoice", "40", invoice=1)),
            "pays invoices with 40.00, .* brings is 30.00",
        ),
        (
            a_payment(
                "40",
                a_split("invoice", "40", invoice=1),
                a_split("credit_note", "10", invoice=1, credit_note=8),
            ),
            "pays invoices with 40.00, .* brings is 30.00",
        ),
        (
            a_payment("10", a_split("credit_note", "11", invoice=1)),
            "credits are 11.00, but its amount is 10.00",
        ),
        (a_payment("-10"), "negative"),
        (a_payment("10.001"), "Payment 61: the amount is 10.001"),
        (a_payment("10", a_split("invoice", "-1", invoice=1)), "negative sum, -1.00, to invoice"),
        (a_payment("10", a_split("applied_credit", "-1", invoice=1)), "-1.00, to applied credit"),
        (a_payment("10", a_split("invoice", "0.001", invoice=1)), "part for invoice is 0.001"),
        (a_payment("10", a_split("invoice", "1")), "invoice that it does not name"),
        (a_payment("10", a_split("invoice", "NaN", invoice=1)), "no amount that QuickBooks can hold"),
    ],
)
def test_a_payment_whose_parts_do_not_agree_is_refused(payment: Payment, said: str) -> None:
    with pytest.raises(RejectedError, match=said):
        plan_parts(payment, {1: "7"}, "7")


def test_a_foreign_payment_is_refused() -> None:
    with pytest.raises(RejectedError, match="Payment 61 is in EUR"):
        needs_of_payment(a_payment("1", currency="eur"), PREFERENCES)
