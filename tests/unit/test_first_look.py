"""What a first look counts, by rule."""

from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from administration.first_look import FirstLook, Sum, Terms, from_document
from administration.preflight import Facts, Severity, check
from shared.invoiced.entities import Charge, Outline, Split
from shared.money import decode_json, encode_json
from shared.settings import Customers, Preferences, Settings

# 2026-03-31, late in the evening in Chicago, and a month later.
IN_MARCH, IN_APRIL = 1_775_012_400, 1_777_604_400


def look(**known: Any) -> FirstLook:
    return FirstLook(Terms(Settings(), ZoneInfo("America/Chicago"), date(2026, 2, 1), "USD"), **known)


def invoice(number: int, total: str = "10.10", when: int | None = IN_MARCH, **fields: Any) -> Outline:
    return Outline(number, when, "usd", customer=7, total=Decimal(total), **fields)


def payment(number: int, amount: str, *invoices: tuple[int, str], **fields: Any) -> Outline:
    splits = tuple(Split("invoice", Decimal(part), invoice=paid) for paid, part in invoices)
    return Outline(
        number, IN_APRIL, "usd", **{"customer": 7, "amount": Decimal(amount), "applied_to": splits, **fields}
    )


def test_invoices_are_summed_by_the_companys_months_and_left_out_by_reason() -> None:
    found = look(posted_invoices=frozenset({9}))
    found.add_invoices([invoice(1), invoice(2, "0.20"), invoice(3, when=IN_APRIL)])
    # A page may show again what moved behind it.
    found.add_invoices([invoice(2, "0.20"), invoice(4, draft=True), invoice(5, status="voided"), invoice(9)])
    found.add_invoices([invoice(6, when=1_700_000_000), Outline(8, IN_MARCH, "eur", total=Decimal(1)), Outline(10)])
    assert found.invoices == {"2026-03": Sum(2, Decimal("10.30")), "2026-04": Sum(1, Decimal("10.10"))}
    assert found.skipped_invoices == {
        "draft": 1, "voided": 1, "dated before the start date": 1, "stands in QuickBooks already": 1,
    }  # fmt: skip
    assert found.stuck_invoices == {
        "in EUR, not in USD": 1,
        "has no amount, date or currency that can be read": 1,
    }
    assert found.customers_to_create == 1
    assert found.counted().currencies == ["EUR", "USD"]
    assert from_document(decode_json(encode_json(found.counted().document()))) == found.counted()


def test_without_customers_going_to_quickbooks_only_those_that_are_there_are_billed() -> None:
    terms = Terms(Settings(customers=Customers.FROM_QUICKBOOKS), ZoneInfo("UTC"), None, "USD")
    found = FirstLook(terms, linked_customers=frozenset({7}))
    found.add_invoices([invoice(1), Outline(2, IN_MARCH, "usd", customer=8, total=Decimal(1))])
    assert found.invoices == {"2026-04": Sum(1, Decimal("10.10"))}
    assert sum(found.stuck_invoices.values()) == 1


def test_payments_follow_what_becomes_of_their_invoices() -> None:
    found = look(linked_customers=frozenset({7}))
    found.add_invoices([invoice(1), invoice(2, draft=True), Outline(3, IN_MARCH, "eur", total=Decimal(1))])
    credit = Split("credit_note", Decimal("0.10"), invoice=1)
    found.add_payments(
        [
            payment(1, "10.10", applied_to=(Split("invoice", Decimal(10), invoice=1), credit)),
            payment(2, "5", (2, "5")),
            payment(3, "6", (1, "1"), (2, "5")),
            payment(4, "1", (3, "1")),
            payment(5, "1", voided=True),
            payment(6, "1", charge=Charge("pending")),
            payment(7, "0.10", applied_to=(credit,)),
            payment(8, "4"),
            payment(9, "4", customer=None),
        ]
    )
    assert found.payments == {"2026-04": Sum(2, Decimal("14.00"))}
    assert found.skipped_payments == {
        "pays only what is not synced": 1, "voided": 1, "credits alone, no money moved": 1, "has no customer": 1,
        "no payment yet, its charge is pending": 1,
    }  # fmt: skip
    # A charge that is pending is nobody's to mend.
    assert sum(found.stuck_payments.values()) == 2
    assert found.customers_to_create == 0


GOOD = Preferences(
    "Acme", "US", "USD", custom_txn_numbers=True, allow_discount=True, using_sales_tax=True, partner_tax_enabled=None
)


def test_a_company_in_order_leaves_only_what_nobody_can_see() -> None:
    assert [finding.key for finding in check(Facts(GOOD))] == ["built-in-sync-unseen"]


def test_the_gravest_comes_first() -> None:
    bad = Preferences("Acme", "US", "USD", auto_apply_credit=True, book_close_date=date(2026, 6, 30))
    found = check(
        Facts(bad, foreign_currencies=("EUR",), built_in_sync="quickbooks_online", invoiced_webhook_seen=False)
    )
    assert {finding.key for finding in found if finding.severity is Severity.PROBLEM} == {
        "automatic-credits", "built-in-sync",
    }  # fmt: skip
    assert [finding.severity for finding in found] == sorted(
        (finding.severity for finding in found), key=list(Severity).index
    )
    assert {"custom-numbers", "discounts", "foreign-currency", "closing-date", "sales-tax", "webhook"} < {
        finding.key for finding in found
    }


def test_a_start_date_after_the_closing_date_is_no_finding() -> None:
    closed = Preferences("Acme", "US", "USD", book_close_date=date(2026, 6, 30))
    assert "closing-date" not in {finding.key for finding in check(Facts(closed, start_date=date(2026, 7, 1)))}


def test_a_look_that_is_carried_on_elsewhere_counts_the_same() -> None:
    euros = Outline(3, IN_MARCH, "eur", customer=8, total=Decimal(1))
    invoices = [invoice(1), invoice(2, draft=True), euros], [euros, invoice(4, "0.20")]
    payments = [payment(11, "10.10", (1, "10.10")), payment(12, "5", (3, "5"))], [payment(12, "5"), payment(13, "7")]

    at_once, in_steps = look(), look()
    for add, pages in (("add_invoices", invoices), ("add_payments", payments)):
        for page in pages:
            getattr(at_once, add)(page)
            getattr(in_steps, add)(page)
            further = look()
            further.go_on(decode_json(encode_json(in_steps.begun())))
            in_steps = further

    assert in_steps.counted() == at_once.counted()
    assert in_steps == at_once
