"""Companies outside the US: what they start with, and tax by real codes on each line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulators.quickbooks.founding.new_company import Plan
from tests.simulators.quickbooks_rig import Books, Object, discount, money, refused, running, version
from tests.simulators.simulator_drivers import Inbox

COUNTRIES = {"GB": "GBP", "CA": "CAD", "AU": "AUD"}


@pytest.fixture(scope="module")
def books_of() -> Iterator[dict[str, Books]]:
    plans = [Plan(country) for country in COUNTRIES]
    with running(empty=False, companies=3, plans=plans) as companies:
        yield dict(zip(COUNTRIES, companies, strict=True))


def code(books: Books, name: str) -> str:
    found: str = books.query(f"SELECT * FROM TaxCode WHERE Name = '{name}'")["TaxCode"][0]["Id"]
    return found


def sell(books: Books, calculation: str | None, *lines: tuple[str, str | None], **more: Any) -> Object:
    """An invoice body over (amount, tax code name)."""
    item = books.query("SELECT * FROM Item WHERE Type = 'Service'")["Item"][0]
    customer = books.query("SELECT * FROM Customer MAXRESULTS 1")["Customer"][0]
    body: Object = {"CustomerRef": {"value": customer["Id"]}, "Line": [], **more}
    if calculation is not None:
        body["GlobalTaxCalculation"] = calculation
    for amount, name in lines:
        detail: Object = {"ItemRef": {"value": item["Id"]}}
        if name is not None:
            detail["TaxCodeRef"] = {"value": code(books, name)}
        body["Line"].append(
            {"DetailType": "SalesItemLineDetail", "Amount": money(amount), "SalesItemLineDetail": detail}
        )
    return body


def taxes(invoice: Object) -> list[str]:
    """Each TaxLine in words: percentage, what it taxes, the tax."""
    return [
        f"{detail['TaxPercent']} % of {detail['NetAmountTaxable']:.2f}: {amount:.2f}"
        for detail, amount in ((one["TaxLineDetail"], one["Amount"]) for one in invoice["TxnTaxDetail"]["TaxLine"])
    ]


@pytest.mark.parametrize("country", COUNTRIES)
def test_a_company_starts_as_one_of_its_country(books_of: dict[str, Books], country: str) -> None:
    books = books_of[country]
    info = books.read("CompanyInfo", "1")
    preferences = books.read("Preferences", "1")
    assert info["Country"] == country
    assert {"Name": "ItemCategoriesFeature", "Value": "true"} in info["NameValue"]
    assert preferences["CurrencyPrefs"]["HomeCurrency"]["value"] == COUNTRIES[country]
    assert {one["Id"] for one in books.query("SELECT * FROM TaxCode")["TaxCode"]}.isdisjoint({"TAX", "NON"})
    assert books.account("Other Current Liability", "GlobalTaxPayable")
    assert books.query("SELECT COUNT(*) FROM Invoice")["totalCount"] > 10
    kept = books.control("GET", f"companies/{books.realm}/books")
    payable = books.account("Other Current Liability", "GlobalTaxPayable")["value"]
    owed = next(one["balance"] for one in kept["trial_balance"]["accounts"] if one["id"] == payable)
    assert kept["agrees"]
    assert owed == -kept["sales_tax"] < 0


def test_each_rate_has_one_tax_line(books_of: dict[str, Books]) -> None:
    invoice = books_of["GB"].write(
        "Invoice", sell(books_of["GB"], "TaxExcluded", ("10.01", "20.0% S"), ("10.02", "20.0% S"), ("50", "5.0% R"))
    )
    assert taxes(invoice) == ["20 % of 20.03: 4.01", "5 % of 50.00: 2.50"]
    assert invoice["TotalAmt"] == money("76.54")
    invoice = books_of["CA"].write(
        "Invoice", sell(books_of["CA"], "TaxExcluded", ("100", "GST/PST BC"), ("200", "GST"))
    )
    assert taxes(invoice) == ["5 % of 300.00: 15.00", "7 % of 100.00: 7.00"]
    assert invoice["TotalAmt"] == 322


def test_prices_with_tax_keep_their_gross_sum(books_of: dict[str, Books]) -> None:
    books = books_of["GB"]
    body = sell(books, "TaxInclusive", ("8.33", "20.0% S"), ("8.33", "20.0% S"))
    for line in body["Line"]:
        line["SalesItemLineDetail"]["TaxInclusiveAmt"] = money("10.00")
    invoice = books.write("Invoice", body)
    assert (invoice["TotalAmt"], invoice["TxnTaxDetail"]["TotalTax"]) == (20, money("3.34"))
    assert [line["Amount"] for line in invoice["Line"][:2]] == [money("8.33")] * 2
    assert books.read("Invoice", invoice["Id"])["GlobalTaxCalculation"] == "TaxInclusive"
    body["Line"][0]["SalesItemLineDetail"]["DiscountRate"] = 50
    assert books.write("Invoice", body)["TotalAmt"] == 15
    voided = books.write("Invoice", version(invoice), operation="void")
    assert (voided["TotalAmt"], voided["TxnTaxDetail"]["TotalTax"]) == (0, 0)
    assert voided["Line"][0]["SalesItemLineDetail"]["TaxInclusiveAmt"] == 0


def test_switching_to_prices_with_tax_keeps_the_net_ones(books_of: dict[str, Books]) -> None:
    books = books_of["GB"]
    invoice = books.write("Invoice", sell(books, "TaxExcluded", ("100", "20.0% S")))
    changed = books.write("Invoice", version(invoice, sparse=True, GlobalTaxCalculation="TaxInclusive"))
    assert (changed["TotalAmt"], changed["Line"][0]["SalesItemLineDetail"]["TaxInclusiveAmt"]) == (120, 120)
    without = books.write("Invoice", version(changed, sparse=True, GlobalTaxCalculation="NotApplicable"))
    assert (without["TotalAmt"], "TaxCodeRef" in without["Line"][0]["SalesItemLineDetail"]) == (100, False)


def test_a_document_without_tax_takes_none(books_of: dict[str, Books]) -> None:
    books = books_of["AU"]
    invoice = books.write("Invoice", sell(books, "NotApplicable", ("100", None)))
    assert (invoice["TotalAmt"], invoice["TxnTaxDetail"]["TotalTax"]) == (100, 0)
    taxed = sell(books, "NotApplicable", ("100", None), TxnTaxDetail={"TotalTax": money("10")})
    refused(6170, books.write, "Invoice", taxed)


def test_a_discount_lowers_the_tax_if_it_comes_first(books_of: dict[str, Books]) -> None:
    books = books_of["AU"]
    body = sell(books, "TaxExcluded", ("100", "GST"), ("100", "GST free"))
    body["Line"].append(discount(percent="10"))
    assert books.write("Invoice", body)["TotalAmt"] == 190
    assert books.write("Invoice", {**body, "ApplyTaxAfterDiscount": True})["TotalAmt"] == 189


def test_a_discount_does_not_lower_the_tax_of_shipping(books_of: dict[str, Books]) -> None:
    books = books_of["GB"]
    books.prefer("SalesFormsPrefs", AllowShipping=True)
    body = sell(books, "TaxExcluded", ("100", "20.0% S"), ("20", "20.0% S"), ApplyTaxAfterDiscount=True)
    body["Line"][1]["SalesItemLineDetail"]["ItemRef"] = {"value": "SHIPPING_ITEM_ID"}
    body["Line"].append(discount(percent="10"))
    invoice = books.write("Invoice", body)
    assert (taxes(invoice), invoice["TotalAmt"]) == (["20 % of 110.00: 22.00"], 132)


def test_what_does_not_fit_is_refused(books_of: dict[str, Books]) -> None:
    books = books_of["GB"]
    assert "GlobalTaxCalculation" in refused(2020, books.write, "Invoice", sell(books, None, ("1", "20.0% S"))).detail
    assert "VAT rate" in refused(6000, books.write, "Invoice", sell(books, "TaxExcluded", ("1", None))).detail
    us_code = sell(books, "TaxExcluded", ("1", "20.0% S"))
    us_code["Line"][0]["SalesItemLineDetail"]["TaxCodeRef"] = {"value": "TAX"}
    refused(2500, books.write, "Invoice", us_code)


def test_stated_tax_lines_count_each_rate_once(books_of: dict[str, Books]) -> None:
    books = books_of["GB"]
    body = sell(books, "TaxExcluded", ("10.01", "20.0% S"))
    rate = books.write("Invoice", body)["TxnTaxDetail"]["TaxLine"][0]
    rate["Amount"] = money("2.01")
    assert books.write("Invoice", {**body, "TxnTaxDetail": {"TaxLine": [rate]}})["TotalAmt"] == money("12.02")
    refused(6000, books.write, "Invoice", {**body, "TxnTaxDetail": {"TaxLine": [rate, rate]}})


def test_a_company_is_added_while_it_runs(books_of: dict[str, Books]) -> None:
    books = books_of["GB"]
    added = books.control("POST", "companies", {"country": "CA", "name": "Maple Works"})
    other = Books(books.url, books.simulator, added["realm_id"], books.client, books.session)
    other.sign_in()
    assert other.read("CompanyInfo", "1")["CompanyName"] == "Maple Works"
    for country in ("FR", ["CA"]):
        refused = books.session.post(f"{books.url}/_simulator/companies", json={"country": country})
        assert (refused.status_code, "GB" in refused.json()["error"]) == (400, True)


def test_automated_sales_tax_from_the_start() -> None:
    with running(plans=[Plan(automated_sales_tax=True)]) as (books,):
        assert books.read("Preferences", "1")["TaxPrefs"]["PartnerTaxEnabled"] is True
        customer, item = books.customer(), books.item(Taxable=True)
        body = {
            "DetailType": "SalesItemLineDetail",
            "Amount": 100,
            "SalesItemLineDetail": {"ItemRef": {"value": item["Id"]}},
        }
        invoice = books.write("Invoice", {"CustomerRef": {"value": customer["Id"]}, "Line": [body]})
        assert invoice["TxnTaxDetail"]["TotalTax"] == money("8.63")
        there = {"Line1": "1 Pine St", "City": "Eugene", "CountrySubDivisionCode": "OR"}
        moved = books.write("Invoice", version(invoice, sparse=True, ShipAddr=there))
        assert moved["TxnTaxDetail"]["TotalTax"] == 0
        assert "CountrySubDivisionCode" not in moved["ShipAddr"]
        again = books.write("Invoice", version(moved, sparse=True, Line=[{**body, "Amount": 200}]))
        assert again["TxnTaxDetail"]["TotalTax"] == 0
        stated = version(again, sparse=True, TxnTaxDetail={"TotalTax": money("4")})
        assert books.write("Invoice", stated)["TotalAmt"] == 204


def test_a_company_stays_where_it_is_after_a_restart(tmp_path: Path) -> None:
    with running(tmp_path, plans=[Plan("AU", multicurrency=True)]) as (books,):
        created = books.customer()["MetaData"]["CreateTime"]
    with running(tmp_path) as (books,):
        again = books.read("CompanyInfo", "1")
        assert (again["Country"], again["DefaultTimeZone"]) == ("AU", "Australia/Sydney")
        assert books.customer("Next")["MetaData"]["CreateTime"][-6:] == created[-6:] in ("+10:00", "+11:00")


def test_preferences_change_over_the_api_and_tell_of_it(inbox: Inbox) -> None:
    with running() as (books,):
        books.control("POST", "webhooks", {"url": inbox.url})
        before = books.call("GET", "preferences")["Preferences"]
        body = {"SyncToken": before["SyncToken"], "sparse": True, "SalesFormsPrefs": {"AllowDeposit": True}}
        after = books.call("POST", "preferences", body)["Preferences"]
        assert after["SalesFormsPrefs"] == {**before["SalesFormsPrefs"], "AllowDeposit": True}
        assert after["TaxPrefs"] == before["TaxPrefs"]
        assert int(after["SyncToken"]) == int(before["SyncToken"]) + 1
        refused(5010, books.call, "POST", "preferences", body)
        [event] = json.loads(inbox.wait_for(1)[0])
        assert (event["type"], event["intuitentityid"]) == ("qbo.preferences.updated.v1", "1")
