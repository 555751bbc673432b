"""An invoice closed as bad debt, as a credit memo that is applied to it."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from consumer.mapping.bad_debt import needs_of_bad_debt, to_qbo_bad_debt_application, to_qbo_bad_debt_memo
from consumer.mapping.refs import Body
from shared.errors import RejectedError
from tests.unit.mapping.examples import PREFERENCES, TERMS, a_line, an_invoice, refs_for

CLOSED_ON = date(2026, 3, 31)
INVOICE = an_invoice(a_line("100"), total="100")


def memo(amount: str) -> Body:
    refs = refs_for(needs_of_bad_debt(INVOICE, Decimal(amount), PREFERENCES))
    return to_qbo_bad_debt_memo(INVOICE, Decimal(amount), CLOSED_ON, TERMS, refs, PREFERENCES)


def test_the_open_balance_becomes_an_untaxed_credit_memo() -> None:
    assert memo("60") == {
        "CustomerRef": {"value": "customer:15444"},
        "DocNumber": "INVD-INV-004-BD",
        "TxnDate": "2026-03-31",
        "Line": [
            {
                "DetailType": "SalesItemLineDetail",
                "Amount": Decimal("60.00"),
                "Description": "Bad debt, invoice INV-004",
                "SalesItemLineDetail": {
                    "ItemRef": {"value": "item:bad debt"},
                    "TaxCodeRef": {"value": "NON"},
                },
            }
        ],
        "TxnTaxDetail": {"TotalTax": Decimal(0)},
        "EmailStatus": "NotSet",
        "PrintStatus": "NotSet",
    }


def test_a_payment_of_zero_applies_it() -> None:
    several = replace(TERMS, multicurrency=True)
    assert to_qbo_bad_debt_application("7", "45", "46", Decimal("60"), CLOSED_ON, several, PREFERENCES) == {
        "CustomerRef": {"value": "7"},
        "TotalAmt": Decimal(0),
        "TxnDate": "2026-03-31",
        "Line": [
            {"Amount": Decimal("60.00"), "LinkedTxn": [{"TxnId": "45", "TxnType": "Invoice"}]},
            {"Amount": Decimal("60.00"), "LinkedTxn": [{"TxnId": "46", "TxnType": "CreditMemo"}]},
        ],
        "CurrencyRef": {"value": "USD"},
    }


@pytest.mark.parametrize("amount", ["0", "-1", "0.001"])
def test_only_a_positive_sum_in_cents_is_written_off(amount: str) -> None:
    with pytest.raises(RejectedError, match="INV-004"):
        memo(amount)
