"""An invoice as a QBO Invoice, rule by rule."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from consumer.mapping.invoice import needs_of_invoice, to_qbo_invoice
from consumer.mapping.refs import Body, Needs, Terms
from shared.errors import RejectedError
from shared.invoiced.entities import Invoice, LineItem
from shared.settings import Preferences
from tests.unit.mapping.examples import (
    PREFERENCES,
    TERMS,
    a_discount,
    a_line,
    a_tax,
    an_invoice,
    item_ref,
    refs_for,
)


def posted(invoice: Invoice, terms: Terms = TERMS, preferences: Preferences = PREFERENCES) -> Body:
    needs = needs_of_invoice(invoice, terms, preferences)
    return to_qbo_invoice(invoice, terms, refs_for(needs), preferences)


def posted_line(line: LineItem, **invoice: Any) -> Body:
    body: Body = posted(an_invoice(line, **{"total": str(line.amount), **invoice}))["Line"][0]
    return body


def test_a_whole_invoice() -> None:
    invoice = an_invoice(
        a_line("412", name="Service II", description="November", quantity=Decimal(1), unit_cost=Decimal(412)),
        total="428",
        discounts=(a_discount("12"),),
        taxes=(a_tax("28"),),
    )
    assert needs_of_invoice(invoice, TERMS, PREFERENCES) == Needs(
        customers=frozenset({15444}),
        items={"service ii": "Service II"},
        accounts=frozenset({"discount"}),
        tax_code=True,
    )
    assert posted(invoice) == {
        "CustomerRef": {"value": "customer:15444"},
        "DocNumber": "INVD-INV-004",
        "TxnDate": "2014-11-18",
        "DueDate": "2014-12-02",
        "Line": [
            {
                "DetailType": "SalesItemLineDetail",
                "Amount": Decimal("412.00"),
                "Description": "November",
                "SalesItemLineDetail": {
                    "ItemRef": {"value": "item:service ii"},
                    "TaxCodeRef": {"value": "TAX"},
                    "Qty": Decimal(1),
                    "UnitPrice": Decimal(412),
                },
            },
            {
                "DetailType": "DiscountLineDetail",
                "Amount": Decimal("12.00"),
                "DiscountLineDetail": {
                    "PercentBased": False,
                    "DiscountAccountRef": {"value": "account:discount"},
                },
            },
        ],
        "ApplyTaxAfterDiscount": True,
        "TxnTaxDetail": {"TxnTaxCodeRef": {"value": "tax code"}, "TotalTax": Decimal("28.00")},
        "EmailStatus": "NotSet",
        "PrintStatus": "NotSet",
        "AllowOnlineACHPayment": False,
        "AllowOnlineCreditCardPayment": False,
    }


def test_what_the_settings_name_is_not_created() -> None:
    terms = replace(TERMS, number_prefix="", discount_account="81", tax_code="5", default_item="9")
    invoice = an_invoice(a_line("10", name=" "), total="10.50", discounts=(a_discount("1"),), taxes=(a_tax("1.50"),))
    assert needs_of_invoice(invoice, terms, PREFERENCES) == Needs(customers=frozenset({15444}))
    body = posted(invoice, terms)
    assert body["DocNumber"] == "INV-004"
    assert body["Line"][0]["SalesItemLineDetail"]["ItemRef"] == {"value": "9"}
    assert body["Line"][1]["DiscountLineDetail"]["DiscountAccountRef"] == {"value": "81"}
    assert body["TxnTaxDetail"]["TxnTaxCodeRef"] == {"value": "5"}


def test_one_item_stands_for_all_spellings_of_a_name_and_one_for_lines_without() -> None:
    lines = (a_line("1", name="Consulting"), a_line("1", name=" CONSULTING"), a_line("1", name=None))
    invoice = an_invoice(*lines, total="3")
    assert needs_of_invoice(invoice, TERMS, PREFERENCES).items == {
        "consulting": "Consulting",
        "invoiced": "Invoiced",
    }
    refs = [line["SalesItemLineDetail"]["ItemRef"] for line in posted(invoice)["Line"]]
    assert refs == [item_ref("Consulting"), item_ref("Consulting"), item_ref("Invoiced")]


@pytest.mark.parametrize(
    ("lines", "taxes", "codes"),
    [
        ((a_line("10"), a_line("10", taxable=False)), (a_tax("1"),), ["TAX", "NON"]),
        ((a_line("10", taxes=(a_tax("1"),)), a_line("10")), (), ["TAX", "NON"]),
        ((a_line("10", taxable=False, taxes=(a_tax("1"),)), a_line("10")), (), ["TAX", "NON"]),
        ((a_line("10", taxable=False), a_line("10", taxable=False)), (a_tax("1"),), ["TAX", "TAX"]),
    ],
)
def test_which_lines_are_taxed(lines: tuple[LineItem, ...], taxes: tuple[Any, ...], codes: list[str]) -> None:
    body = posted(an_invoice(*lines, total="21", taxes=taxes))
    assert [line["SalesItemLineDetail"]["TaxCodeRef"]["value"] for line in body["Line"]] == codes
    assert body["TxnTaxDetail"]["TotalTax"] == Decimal("1.00")


def test_without_tax_nothing_is_taxed_and_quickbooks_is_told_so() -> None:
    off = replace(PREFERENCES, using_sales_tax=False)
    body = posted(an_invoice(a_line("10"), total="10"), preferences=off)
    assert body["TxnTaxDetail"] == {"TotalTax": Decimal(0)}
    assert body["Line"][0]["SalesItemLineDetail"]["TaxCodeRef"] == {"value": "NON"}


def test_automated_sales_tax_gets_its_own_code_and_the_tax_as_billed() -> None:
    automated = replace(PREFERENCES, partner_tax_enabled=True, tax_group_code_id="3")
    invoice = an_invoice(a_line("10"), total="11", taxes=(a_tax("1"),))
    assert not needs_of_invoice(invoice, TERMS, automated).tax_code
    assert posted(invoice, preferences=automated)["TxnTaxDetail"] == {
        "TxnTaxCodeRef": {"value": "3"},
        "TotalTax": Decimal("1.00"),
    }


@pytest.mark.parametrize(
    ("quantity", "unit_cost", "amount", "sent"),
    [
        ("3", "15", "45", ("3", "15")),
        ("45.00", "1E+2", "4500", ("45", "100")),
        ("3", "0.333333", "1.00", ("3", "0.33333")),
        ("300", "0.333333", "100.00", ("300", "0.33333")),
        ("3000", "0.333333", "1000.00", None),  # 0.33333 would make 999.99
        ("1.333333", "120", "160.00", ("1.333333", "120")),
        ("-1", "15", "-15", ("-1", "15")),
        ("0", "15", "0", None),
        ("3", "0", "0", None),
        ("0.000001", "0.01", "0", None),
        ("3", "15", "44.99", None),
        ("1e900", "1e-900", "1", None),
    ],
)
def test_quantity_and_price_are_sent_only_where_quickbooks_agrees(
    quantity: str, unit_cost: str, amount: str, sent: tuple[str, str] | None
) -> None:
    line = a_line(amount, quantity=Decimal(quantity), unit_cost=Decimal(unit_cost))
    rest = a_line("100")
    body = posted(an_invoice(line, rest, total=str(Decimal(amount) + 100)))["Line"][0]
    detail = body["SalesItemLineDetail"]
    if sent is None:
        assert not detail.keys() & {"Qty", "UnitPrice"}
        assert body["Description"].startswith("Quantity: ")
    else:
        assert (detail["Qty"], detail["UnitPrice"]) == tuple(map(Decimal, sent))
        assert "Description" not in body


def test_a_line_tells_in_words_what_has_no_field() -> None:
    line = a_line("44.99", description="Set\r\nof three", quantity=Decimal("3.00"), unit_cost=Decimal("15.1234"))
    assert posted_line(line)["Description"] == "Set\nof three\nQuantity: 3, Price: 15.1234"
    inclusive = a_line("119", quantity=Decimal(1), unit_cost=Decimal(119), taxes=(a_tax("19", inclusive=True),))
    body = posted_line(inclusive)
    assert body["Amount"] == Decimal("100.00")
    assert body["Description"] == "Quantity: 1, Price: 119.00 including tax"
    assert posted_line(a_line("5", quantity=Decimal("0.5")))["Description"] == "Quantity: 0.50"


def test_a_name_that_the_item_cannot_hold_leads_the_description() -> None:
    assert posted_line(a_line("1", name="Hours: senior"))["Description"] == "Hours: senior"
    long = posted_line(a_line("1", name="n" * 10_000, description="d", quantity=Decimal(2)))["Description"]
    assert long == "n" * (4000 - len("\nQuantity: 2")) + "\nQuantity: 2"
    assert "Description" not in posted_line(a_line("1", name="  Service  ", description=" \n"))


def test_a_company_with_several_currencies_is_told_which() -> None:
    several = replace(TERMS, multicurrency=True)
    assert posted(an_invoice(a_line("1"), total="1"), terms=several)["CurrencyRef"] == {"value": "USD"}


BILLED = an_invoice(a_line("10"), total="11", taxes=(a_tax("1"),))


@pytest.mark.parametrize(
    ("invoice", "preferences", "said", "setting"),
    [
        (an_invoice(a_line("1"), total="1", currency="eur"), {}, "INV-004 is in EUR", None),
        (an_invoice(a_line("1"), total="1", currency="eur"), {"multicurrency": True}, "kept in USD", None),
        (an_invoice(a_line("1"), total="1", customer=None), {}, "INV-004 has no customer", None),
        (an_invoice(a_line("1"), total="1", number=""), {}, "no number", None),
        (an_invoice(a_line("1"), total="1", date=10**18), {}, "calendar", None),
        (
            an_invoice(a_line("10"), total="9", discounts=(a_discount("1"),)),
            {"allow_discount": False},
            "discounts are switched off",
            "discounts",
        ),
        (BILLED, {"using_sales_tax": False}, "sales tax is switched off", "sales_tax"),
        (BILLED, {"partner_tax_enabled": False}, "not set up", "sales_tax"),
        (BILLED, {"partner_tax_enabled": True}, "names no tax code", "sales_tax"),
    ],
)
def test_what_cannot_be_posted_is_refused_before_anything_is_created(
    invoice: Invoice, preferences: dict[str, Any], said: str, setting: str | None
) -> None:
    with pytest.raises(RejectedError, match=said) as refused:
        needs_of_invoice(invoice, TERMS, replace(PREFERENCES, **preferences))
    assert refused.value.setting == setting
    assert refused.value.remedy
