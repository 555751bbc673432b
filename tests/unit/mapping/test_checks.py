"""A cent of difference between what was meant and what QBO says is told, with both figures."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from consumer.mapping.bad_debt import needs_of_bad_debt, to_qbo_bad_debt_application, to_qbo_bad_debt_memo
from consumer.mapping.checks import check_credit_memo, check_invoice, check_payment
from consumer.mapping.invoice import needs_of_invoice, to_qbo_invoice
from consumer.mapping.payment import Part, to_qbo_payment
from consumer.mapping.refs import Body, Refs
from tests.unit.mapping.examples import (
    PREFERENCES,
    TERMS,
    a_discount,
    a_line,
    a_payment,
    a_tax,
    an_invoice,
    refs_for,
)

INVOICE = an_invoice(a_line("412"), total="428", discounts=(a_discount("12"),), taxes=(a_tax("28"),))
REFS = refs_for(needs_of_invoice(INVOICE, TERMS, PREFERENCES))
BODY = to_qbo_invoice(INVOICE, TERMS, REFS, PREFERENCES)


def reply(body: Body, **fields: Any) -> dict[str, Any]:
    return {**body, "TotalAmt": 428, "Balance": Decimal("328.00"), **fields}


def test_an_answer_that_agrees_is_no_mismatch() -> None:
    assert check_invoice(BODY, reply(BODY), applied=Decimal(100)) is None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"TotalAmt": Decimal("427.99")}, "the total is 427.99 and should be 428.00"),
        ({"TxnTaxDetail": {"TotalTax": Decimal("28.01")}}, "the tax is 28.01 and should be 28.00"),
        ({"TxnTaxDetail": None}, "the tax is 0.00 and should be 28.00"),
        ({"Balance": 428}, "the balance is 428.00 and should be 328.00"),
        ({"Balance": None}, "the balance should be 328.00 and QuickBooks does not say it"),
        ({"CustomerRef": {"value": "8"}}, "the customer is 8 and should be customer:15444"),
        ({"TxnDate": "2014-11-17"}, "the date is 2014-11-17 and should be 2014-11-18"),
        ({"DueDate": "2014-12-18"}, "the due date is 2014-12-18 and should be 2014-12-02"),
        ({"DocNumber": None}, "the number is empty and should be INVD-INV-004"),
    ],
)
def test_each_difference_of_an_invoice_names_both_figures(fields: dict[str, Any], said: str) -> None:
    mismatch = check_invoice(BODY, reply(BODY, **fields), applied=Decimal(100))
    assert mismatch == f"In QuickBooks {said}."


def test_several_differences_are_all_told() -> None:
    mismatch = check_invoice(BODY, reply(BODY, TotalAmt=400, Balance=300), applied=Decimal(100))
    assert mismatch is not None
    assert "total is 400.00" in mismatch and "balance is 300.00" in mismatch


def test_a_payment_is_checked_for_what_stays_unapplied() -> None:
    part = Part("7", Decimal("51.00"), ((1, Decimal("20.00")),))
    body = to_qbo_payment(a_payment("51"), part, TERMS, Refs(invoices={1: "45"}), PREFERENCES)
    assert check_payment(body, body | {"UnappliedAmt": 31}) is None
    assert check_payment(body, body | {"UnappliedAmt": 51}) == (
        "In QuickBooks the unapplied sum is 51.00 and should be 31.00."
    )
    assert check_payment(body, body | {"UnappliedAmt": 31, "TotalAmt": 52, "TxnDate": "2014-11-17"}) == (
        "In QuickBooks the total is 52.00 and should be 51.00; the date is 2014-11-17 and should be 2014-11-18."
    )


def test_a_write_off_is_checked_in_both_of_its_documents() -> None:
    on = date(2026, 3, 31)
    refs = refs_for(needs_of_bad_debt(INVOICE, Decimal(60), PREFERENCES))
    memo = to_qbo_bad_debt_memo(INVOICE, Decimal(60), on, TERMS, refs, PREFERENCES)
    assert check_credit_memo(memo, memo | {"TotalAmt": 60, "RemainingCredit": 60}) is None
    assert check_credit_memo(memo, memo | {"TotalAmt": 60, "Balance": 0}, applied=Decimal(60)) is None
    assert check_credit_memo(memo, memo | {"TotalAmt": 60, "RemainingCredit": 10}) == (
        "In QuickBooks the remaining credit is 10.00 and should be 60.00."
    )
    applied = to_qbo_bad_debt_application("7", "45", "46", Decimal(60), on, TERMS, PREFERENCES)
    assert check_payment(applied, applied | {"UnappliedAmt": 0}) is None
    assert check_payment(applied, applied | {"UnappliedAmt": 60}) is not None
