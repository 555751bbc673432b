"""Several currencies: whose currency a document is in, at which rate, and what it comes to at home."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from simulators.quickbooks.founding.new_company import Plan
from tests.simulators.quickbooks_rig import Books, Object, line, money, refused, running, version

EUR = {"CurrencyRef": {"value": "EUR"}}


@pytest.fixture
def books() -> Iterator[Books]:
    with running(plans=[Plan(multicurrency=True)]) as (one,):
        yield one


def rate(books: Books, code: str = "EUR", **params: str) -> Object:
    found: Object = books.call("GET", "exchangerate", None, sourcecurrencycode=code, **params)["ExchangeRate"]
    return found


def test_a_currency_is_added_with_its_first_customer_and_stays(books: Books) -> None:
    assert books.query("SELECT * FROM CompanyCurrency") == {}
    customer = books.customer("Berliner", **EUR)
    assert (customer["CurrencyRef"]["value"], customer["CurrencyRef"]["name"]) == ("EUR", "Euro")
    assert [one["Code"] for one in books.query("SELECT * FROM CompanyCurrency")["CompanyCurrency"]] == ["EUR"]
    changed = books.write("Customer", version(customer, sparse=True, CurrencyRef={"value": "USD"}))
    assert changed["CurrencyRef"]["value"] == "EUR"
    refused(2220, books.customer, "Nowhere", CurrencyRef={"value": "ZZZ"})
    refused(6000, books.customer, "Child", ParentRef={"value": customer["Id"]}, CurrencyRef={"value": "USD"})
    assert books.customer("Kind", ParentRef={"value": customer["Id"]})["CurrencyRef"]["value"] == "EUR"


def test_a_company_with_one_currency_adds_no_other(books: Books) -> None:
    books.prefer("CurrencyPrefs", MultiCurrencyEnabled=False)
    refused(5030, books.write, "CompanyCurrency", {"Code": "EUR"})
    books.prefer("CurrencyPrefs", MultiCurrencyEnabled=True)
    assert books.write("CompanyCurrency", {"Code": "EUR"})["Name"] == "Euro"


def test_a_document_names_its_customers_currency(books: Books) -> None:
    customer, item = books.customer("Berliner", **EUR), books.item()
    assert "CurrencyRef" in refused(2020, books.invoice, customer, "10", item=item).detail
    assert "CurrencyRef" in refused(2020, books.payment, customer, "10").detail
    refused(6000, books.invoice, customer, "10", item=item, CurrencyRef={"value": "USD"})
    invoice = books.invoice(customer, "10", item=item, ExchangeRate=money("1.2"), **EUR)
    assert (invoice["TotalAmt"], invoice["HomeTotalAmt"], invoice["HomeBalance"]) == (10, 12, 12)


def test_home_amounts_follow_rate_and_balance(books: Books) -> None:
    customer, item = books.customer("Berliner", **EUR), books.item()
    invoice = books.invoice(customer, "33.33", item=item, ExchangeRate=money("1.15"), **EUR)
    assert invoice["HomeTotalAmt"] == money("38.33")
    payment = books.payment(customer, "10", ("Invoice", invoice, "10"), ExchangeRate=money("1.25"), **EUR)
    invoice = books.read("Invoice", invoice["Id"])
    assert (invoice["Balance"], invoice["HomeBalance"]) == (money("23.33"), money("26.83"))
    changed = books.write("Invoice", version(invoice, sparse=True, ExchangeRate=money("1.1")))
    assert changed["HomeTotalAmt"] == money("36.66")
    kept = books.control("GET", f"companies/{books.realm}/books")
    assert kept["agrees"]
    deposit = books.control("POST", f"companies/{books.realm}/deposit", {"payments": [payment["Id"]]})
    assert (deposit["TotalAmt"], deposit["CurrencyRef"]["name"]) == (money("12.50"), "United States Dollar")
    gain = next(one for one in kept["trial_balance"]["accounts"] if one["name"] == "Exchange Gain or Loss")
    assert gain["balance"] == money("-1.50")


def test_a_rate_is_read_set_for_a_day_and_used(books: Books) -> None:
    customer, item = books.customer("Berliner", **EUR), books.item()
    today = rate(books)
    assert (today["TargetCurrencyCode"], today["Rate"]) == ("USD", money("1.1583"))
    assert "Id" not in today
    body = {"SourceCurrencyCode": "EUR", "AsOfDate": "2026-03-01", "Rate": money("1.0725")}
    assert books.write("ExchangeRate", body)["SyncToken"] == "1"
    assert rate(books, asofdate="2026-03-01")["Rate"] == money("1.0725")
    assert rate(books, asofdate="2026-03-02")["Rate"] == today["Rate"]
    rows = books.query("SELECT * FROM ExchangeRate WHERE SourceCurrencyCode IN ('EUR') AND AsOfDate = '2026-03-01'")
    assert [row["Rate"] for row in rows["ExchangeRate"]] == [money("1.0725")]
    invoice = books.invoice(customer, "100", item=item, TxnDate="2026-03-01", **EUR)
    assert (invoice["ExchangeRate"], invoice["HomeTotalAmt"]) == (money("1.0725"), money("107.25"))
    item_of_batch = {"bId": "1", "operation": "update", "ExchangeRate": {**body, "Rate": money("1.08")}}
    assert books.batch(item_of_batch)[0]["ExchangeRate"]["Rate"] == money("1.08")


def test_rates_that_cannot_be_are_refused(books: Books) -> None:
    books.customer("Berliner", **EUR)
    refused(2020, books.call, "GET", "exchangerate")
    refused(2220, rate, books, "SEK")
    refused(6000, books.write, "ExchangeRate", {"SourceCurrencyCode": "EUR", "Rate": 0})
    refused(2020, books.write, "ExchangeRate", {"SourceCurrencyCode": "EUR"})


def test_the_sample_company_can_have_several_currencies() -> None:
    with running(empty=False, plans=[Plan("CA", multicurrency=True)]) as (books,):
        assert books.query("SELECT * FROM Invoice MAXRESULTS 1")["Invoice"][0]["ExchangeRate"] == 1
        assert books.control("GET", f"companies/{books.realm}/books")["agrees"]


def test_without_multicurrency_there_is_the_home_currency_alone() -> None:
    with running() as (books,):
        refused(5030, rate, books)
        refused(6000, books.customer, "Berliner", **EUR)
        invoice = books.invoice(books.customer(), "10", item=books.item(), ExchangeRate=Decimal(2))
        assert {"ExchangeRate", "HomeTotalAmt", "HomeBalance"}.isdisjoint(invoice)


def test_a_receipt_without_a_customer_says_its_currency(books: Books) -> None:
    books.customer("Berliner", **EUR)
    receipt = books.write("SalesReceipt", {"Line": [line(books.item(), "20")], **EUR})
    assert (receipt["CurrencyRef"]["value"], receipt["HomeTotalAmt"]) == ("EUR", money("23.17"))
    assert books.control("GET", f"companies/{books.realm}/books")["agrees"]
