"""Invoices, credit memos and their tax, by example, over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulators.quickbooks_rig import Books, Object, discount, line, money, refused, running, version


@pytest.fixture
def books() -> Iterator[Books]:
    with running() as companies:
        yield companies[0]


def test_an_invoice_comes_back_complete(books: Books) -> None:
    address = {"Line1": "1 Main St", "City": "Oslo", "Country": "Norway"}
    customer, item = books.customer(BillAddr=address), books.item()
    assert customer["BillAddr"]["Country"] == "NOR"
    invoice = books.invoice(customer, "10.50", "20", item=item, DocNumber="A-1", TxnDate="2026-11-01")
    assert [one.get("Id") for one in invoice["Line"]] == ["1", "2", None]
    assert invoice["Line"][2] == {
        "Amount": money("30.50"),
        "DetailType": "SubTotalLineDetail",
        "SubTotalLineDetail": {},
    }
    assert invoice["Line"][0]["SalesItemLineDetail"]["ItemRef"] == {"value": item["Id"], "name": "Work"}
    assert invoice["DueDate"] == "2026-12-01"
    assert invoice["BillAddr"]["City"] == "Oslo"
    assert (invoice["TotalAmt"], invoice["Balance"], invoice["LinkedTxn"]) == (
        money("30.50"),
        money("30.50"),
        [],
    )
    assert books.read("Customer", customer["Id"])["Balance"] == money("30.50")


def test_due_dates_follow_the_terms(books: Books) -> None:
    item = books.item()
    net15 = books.query("SELECT * FROM Term WHERE Name = 'Net 15'")["Term"][0]
    monthly = books.write("Term", {"Name": "The 10th", "DayOfMonthDue": 10, "DueNextMonthDays": 5})
    customer = books.customer(SalesTermRef={"value": net15["Id"]})
    assert books.invoice(customer, "1", item=item, TxnDate="2026-11-01")["DueDate"] == "2026-11-16"
    for issued, due in (
        ("2026-11-01", "2026-11-10"),
        ("2026-11-07", "2026-12-10"),
        ("2026-12-31", "2027-01-10"),
    ):
        invoice = books.invoice(customer, "1", item=item, TxnDate=issued, SalesTermRef={"value": monthly["Id"]})
        assert invoice["DueDate"] == due


def test_doc_numbers_clash_and_name_the_other_document(books: Books) -> None:
    customer, item = books.customer(), books.item()
    first = books.invoice(customer, "1", item=item, DocNumber="INV-7")
    error = refused(6140, books.invoice, customer, "1", item=item, DocNumber="inv-7")
    assert error.message == "Duplicate Document Number Error"
    assert error.detail == (
        "Duplicate Document Number Error : You must specify a different number. This number has already been "
        f"used. DocNumber=inv-7 is assigned to TxnType=Invoice with TxnId={first['Id']}"
    )
    body = {"CustomerRef": {"value": customer["Id"]}, "Line": [line(item, "1")], "DocNumber": "INV-7"}
    assert books.write("Invoice", body, include="allowduplicatedocnum")["Id"] != first["Id"]
    assert books.write("CreditMemo", body)["DocNumber"] == "INV-7"
    books.switch(numbers_across_types=True)
    refused(6140, books.write, "CreditMemo", {**body, "DocNumber": "inv-7"})
    assert "DocNumber" not in books.invoice(customer, "1", item=item)


def test_the_company_numbers_documents_when_custom_numbers_are_off(books: Books) -> None:
    customer, item = books.customer(), books.item()
    books.prefer("SalesFormsPrefs", CustomTxnNumbers=False)
    assert books.invoice(customer, "1", item=item)["DocNumber"] == "1001"
    books.invoice(customer, "1", item=item, DocNumber="App_1999")
    assert books.invoice(customer, "1", item=item)["DocNumber"] == "App_2000"


def test_amount_is_quantity_times_price_where_both_are_given(books: Books) -> None:
    customer, item = books.customer(), books.item()
    error = refused(
        6070,
        books.write,
        "Invoice",
        {
            "CustomerRef": {"value": customer["Id"]},
            "Line": [line(item, "1000", Qty=3, UnitPrice=money("333.33"))],
        },
    )
    assert error.detail == "Amount is not equal to UnitPrice * Qty. Supplied value:1,000"
    fine = [
        line(item, "1000", Qty=3, UnitPrice=money("333.33333")),
        line(item, "9.99", Qty=0, UnitPrice=money("9.99")),
        line(item, "9.99", Qty=5),
        line(item, "-1.05", Qty=money("-0.5"), UnitPrice=money("2.09")),
    ]
    invoice = books.write("Invoice", {"CustomerRef": {"value": customer["Id"]}, "Line": fine})
    assert invoice["TotalAmt"] == money("1018.93")
    assert invoice["Line"][0]["SalesItemLineDetail"]["UnitPrice"] == money("333.33333")


def test_discounts_have_limits_and_a_switch(books: Books) -> None:
    customer, item = books.customer(), books.item()

    def invoice(*lines: Object) -> Object:
        return books.write("Invoice", {"CustomerRef": {"value": customer["Id"]}, "Line": [line(item, "50"), *lines]})

    made = invoice(discount(percent="10"))
    assert [one["Amount"] for one in made["Line"]] == [50, 50, 5]
    account = made["Line"][2]["DiscountLineDetail"]["DiscountAccountRef"]
    assert account["name"] == "Discounts given"
    assert books.read("Preferences", "1")["SalesFormsPrefs"]["DefaultDiscountAccount"] == account["value"]
    assert made["TotalAmt"] == 45
    assert invoice(discount("50"))["TotalAmt"] == 0
    error = refused(6000, invoice, discount("50.01"))
    assert error.detail == "Business Validation Error: The discount amount can't be greater than the subtotal."
    refused(6090, invoice, discount())
    both = discount("7", percent="10")
    assert invoice(both)["TotalAmt"] == 45
    books.switch(discount_amount_must_fit=True)
    refused(6000, invoice, both)
    assert invoice(discount("5", percent="10"))["TotalAmt"] == 45
    books.prefer("SalesFormsPrefs", AllowDiscount=False)
    refused(6090, invoice, discount("1"))


def test_shipping_stands_apart_from_subtotal_and_discount(books: Books) -> None:
    customer, item, code = books.customer(), books.item(), books.tax_code()
    shipping = line({"Id": "SHIPPING_ITEM_ID"}, "20", "TAX")
    body: Object = {
        "CustomerRef": {"value": customer["Id"]},
        "TxnTaxDetail": {"TxnTaxCodeRef": {"value": code}},
        "ApplyTaxAfterDiscount": True,
        "Line": [line(item, "100", "TAX"), shipping, discount(percent="10")],
    }
    refused(6000, books.write, "Invoice", body)
    books.prefer("SalesFormsPrefs", AllowShipping=True)
    made = books.write("Invoice", body)
    assert [one["Amount"] for one in made["Line"]] == [100, 20, 100, 10]
    assert made["TxnTaxDetail"]["TaxLine"][0]["TaxLineDetail"]["NetAmountTaxable"] == 110
    assert made["TotalAmt"] == money("118.80")
    refused(6000, books.write, "Invoice", {**body, "Line": [line(item, "100"), shipping, discount("100.01")]})
    books.switch(shipping_in_subtotal=True)
    made = books.write("Invoice", body)
    assert [one["Amount"] for one in made["Line"]] == [100, 20, 120, 10]
    assert made["TotalAmt"] == money("118.80")


def test_a_gratuity_is_taken_where_the_company_allows_it(books: Books) -> None:
    customer, item = books.customer(), books.item()
    body: Object = {
        "CustomerRef": {"value": customer["Id"]},
        "Line": [line(item, "100"), line({"Id": "GRATUITY_ITEM_ID"}, "15"), discount(percent="10")],
    }
    refused(6000, books.write, "Invoice", body)
    books.prefer("OtherPrefs", NameValue=[{"Name": "SalesFormsPrefs.AllowGratuity", "Value": "true"}])
    made = books.write("Invoice", body)
    assert ([one["Amount"] for one in made["Line"]], made["TotalAmt"]) == ([100, 15, 100, 10], 105)
    assert books.control("GET", f"companies/{books.realm}/books")["agrees"]


def test_a_bundle_brings_its_lines(books: Books) -> None:
    customer, free = books.customer(), books.item("Card")
    apple = books.item("Apple", UnitPrice=money("0.35"))
    parts = [{"ItemRef": {"value": one["Id"]}, "Qty": quantity} for one, quantity in ((apple, 2), (free, 1))]
    basket = books.write("Item", {"Name": "Basket", "Type": "Group", "ItemGroupDetail": {"ItemGroupLine": parts}})
    detail = {"GroupItemRef": {"value": basket["Id"]}, "Quantity": 3}
    lines = [{"DetailType": "GroupLineDetail", "GroupLineDetail": detail}]
    made = books.write("Invoice", {"CustomerRef": {"value": customer["Id"]}, "Line": lines})
    inside = made["Line"][0]["GroupLineDetail"]["Line"]
    assert [(one["Amount"], one["SalesItemLineDetail"]["Qty"]) for one in inside] == [(money("2.10"), 6), (0, 3)]
    assert (made["Line"][0]["Amount"], made["TotalAmt"]) == (money("2.10"), money("2.10"))
    again = books.write("Invoice", version(made, sparse=True, Line=made["Line"]))
    assert again["Line"] == made["Line"]


def test_750_lines_and_no_more(books: Books) -> None:
    customer, item = books.customer(), books.item()
    lines = [line(item, "0.01") for _ in range(751)]
    body = {"CustomerRef": {"value": customer["Id"]}, "Line": lines}
    refused(6000, books.write, "Invoice", body)
    assert books.write("Invoice", {**body, "Line": lines[1:]})["TotalAmt"] == money("7.50")


def test_a_sent_line_array_replaces_all_lines_and_known_ids_stay(books: Books) -> None:
    customer, item = books.customer(), books.item()
    invoice = books.invoice(customer, "1", "2", "3", item=item)
    lines = [{**line(item, "5"), "Id": "3"}, {**line(item, "7"), "Id": "99"}, line(item, "11")]
    changed = books.write("Invoice", version(invoice, sparse=True, Line=lines))
    assert [one.get("Id") for one in changed["Line"]] == ["3", "4", "5", None]
    assert changed["TotalAmt"] == 23
    noted = books.write("Invoice", version(changed, sparse=True, PrivateNote="hello"))
    assert noted["Line"] == changed["Line"]


def test_negative_totals_and_foreign_currencies_are_refused(books: Books) -> None:
    customer, item = books.customer(), books.item()
    error = refused(6000, books.invoice, customer, "10", "-10.01", item=item)
    assert error.detail == "Business Validation Error: Transaction amount must be 0 or greater."
    refused(6000, books.invoice, customer, "10", item=item, CurrencyRef={"value": "EUR"})
    refused(6000, books.customer, "Euro", CurrencyRef={"value": "EUR"})
    refused(2220, books.customer, "Nowhere", CurrencyRef={"value": "XXX"})


def test_an_address_updated_through_a_transaction_becomes_free_text(books: Books) -> None:
    customer, item = books.customer(CompanyName="Acme Inc"), books.item()
    address = {"Line1": "1 Main St", "City": "Reno", "CountrySubDivisionCode": "NV", "PostalCode": "89501"}
    invoice = books.invoice(customer, "1", item=item, BillAddr=address)
    assert invoice["BillAddr"]["City"] == "Reno"
    moved = books.write("Invoice", version(invoice, sparse=True, BillAddr={**address, "Line1": "2 Main St"}))
    assert [moved["BillAddr"].get(f"Line{n}") for n in range(1, 5)] == [
        "Acme",
        "Acme Inc",
        "2 Main St",
        "Reno, NV 89501",
    ]
    assert "City" not in moved["BillAddr"]


def test_line_tax_codes_are_tax_or_non(books: Books) -> None:
    customer, item = books.customer(), books.item()
    body = {"CustomerRef": {"value": customer["Id"]}, "Line": [line(item, "1", books.tax_code())]}
    refused(6100, books.write, "Invoice", body)


def test_tax_by_code_before_and_after_the_discount(books: Books) -> None:
    customer, item, code = books.customer(), books.item(), books.tax_code()
    body: Object = {
        "CustomerRef": {"value": customer["Id"]},
        "TxnTaxDetail": {"TxnTaxCodeRef": {"value": code}},
        "Line": [line(item, "60", "TAX"), line(item, "40"), discount("10")],
    }
    before = books.write("Invoice", body)
    assert (before["TxnTaxDetail"]["TotalTax"], before["TotalAmt"]) == (money("4.80"), money("94.80"))
    after = books.write("Invoice", {**body, "ApplyTaxAfterDiscount": True})
    assert (after["TxnTaxDetail"]["TotalTax"], after["TotalAmt"]) == (money("4.32"), money("94.32"))
    assert after["TxnTaxDetail"]["TaxLine"][0]["TaxLineDetail"]["NetAmountTaxable"] == 54


def test_a_stated_tax_counts_beside_a_code_and_a_taxable_line(books: Books) -> None:
    customer, item, code = books.customer(), books.item(), books.tax_code()

    def total(taxed: str, detail: Object) -> Any:
        body = {
            "CustomerRef": {"value": customer["Id"]},
            "Line": [line(item, "100", taxed)],
            "TxnTaxDetail": detail,
        }
        return books.write("Invoice", body)["TotalAmt"]

    stated = {"TxnTaxCodeRef": {"value": code}, "TotalTax": money("7.77")}
    assert total("TAX", stated) == money("107.77")
    assert total("NON", stated) == 100
    assert total("TAX", {"TotalTax": money("7.77")}) == 100
    books.switch(honour_total_tax=False)
    assert total("TAX", stated) == 108


def test_a_created_code_of_nought_percent_carries_any_stated_tax(books: Books) -> None:
    customer, item = books.customer(), books.item()
    agency = books.write("TaxAgency", {"DisplayName": "Invoiced"})
    detail = {
        "TaxRateName": "Invoiced",
        "RateValue": 0,
        "TaxAgencyId": agency["Id"],
        "TaxApplicableOn": "Sales",
    }
    reply = books.call("POST", "taxservice/taxcode", {"TaxCode": "Invoiced", "TaxRateDetails": [detail]})
    assert (reply["TaxCode"], reply["TaxRateDetails"][0]["TaxAgencyId"]) == ("Invoiced", agency["Id"])
    tax = {"TxnTaxCodeRef": {"value": reply["TaxCodeId"]}, "TotalTax": money("3.14")}
    body = {"CustomerRef": {"value": customer["Id"]}, "Line": [line(item, "10", "TAX")], "TxnTaxDetail": tax}
    assert books.write("Invoice", body)["TotalAmt"] == money("13.14")
    clash = refused(6240, books.call, "POST", "taxservice/taxcode", {"TaxCode": "B", "TaxRateDetails": [detail]})
    assert "Another tax rate is already using this name" in clash.detail


def test_tax_is_dropped_without_a_word_where_sales_tax_is_off(books: Books) -> None:
    customer, item, code = books.customer(), books.item(), books.tax_code()
    tax = {"TxnTaxCodeRef": {"value": code}, "TotalTax": money("8.00")}
    body = {"CustomerRef": {"value": customer["Id"]}, "Line": [line(item, "100", "TAX")], "TxnTaxDetail": tax}
    for mode in ("off", "not_set_up"):
        books.change(sales_tax=mode)
        invoice = books.write("Invoice", body)
        assert (invoice["TotalAmt"], invoice["TxnTaxDetail"]) == (100, {"TotalTax": 0})
    books.switch(drop_tax_when_off=False)
    refused(6000, books.write, "Invoice", body)


def test_automated_tax_takes_its_own_code_and_spreads_a_stated_tax(books: Books) -> None:
    customer, item = books.customer(), books.item(Taxable=True)
    books.change(sales_tax="automated")
    prefs = books.call("GET", "preferences")["Preferences"]["TaxPrefs"]
    assert prefs["PartnerTaxEnabled"] is True
    body: Object = {"CustomerRef": {"value": customer["Id"]}, "Line": [line(item, "100", "TAX")]}
    engine = books.write("Invoice", {**body, "TxnTaxDetail": {"TxnTaxCodeRef": {"value": books.tax_code()}}})
    assert engine["TxnTaxDetail"]["TxnTaxCodeRef"]["value"] == prefs["TaxGroupCodeRef"]["value"]
    assert engine["TotalAmt"] == money("108.63")
    stated = books.write("Invoice", {**body, "TxnTaxDetail": {"TotalTax": 5}})
    assert [one["Amount"] for one in stated["TxnTaxDetail"]["TaxLine"]] == [money("3.48"), money("1.52")]
    silent = line(item, "100")
    del silent["SalesItemLineDetail"]["TaxCodeRef"]
    assert books.write("Invoice", {**body, "Line": [silent]})["TotalAmt"] == money("108.63")
