"""What each document debits and credits, and that the accounts follow."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from tests.simulators.quickbooks_rig import Books, Object, discount, line, money, refused, running, version


@pytest.fixture(scope="module")
def books() -> Iterator[Books]:
    with running() as (one,):
        yield one


def journal(books: Books, entity: str, item: Object) -> dict[str, Decimal]:
    """Account name → debit less credit of one document, which always comes to nought."""
    found = books.control("GET", f"companies/{books.realm}/journal/{entity}/{item['Id']}")
    sums: dict[str, Decimal] = {}
    for entry in found["entries"]:
        sums[entry["account"]] = sums.get(entry["account"], Decimal(0)) + entry["debit"] - entry["credit"]
    assert sum(sums.values()) == 0
    assert books.control("GET", f"companies/{books.realm}/books")["agrees"] is True
    return {account: amount for account, amount in sums.items() if amount}


def test_an_invoice_its_payment_and_its_deposit_post_to_their_accounts(books: Books) -> None:
    item, customer = books.item("Design"), books.customer("Posting")
    body = {
        "CustomerRef": {"value": customer["Id"]},
        "Line": [line(item, "100", "TAX"), line(item, "50"), discount("15")],
        "TxnTaxDetail": {"TxnTaxCodeRef": {"value": books.tax_code()}},
    }
    invoice = books.write("Invoice", body)
    assert journal(books, "Invoice", invoice) == {
        "Accounts Receivable (A/R)": Decimal("143.00"),
        "Sales of Product Income": Decimal("-150.00"),
        "Discounts given": Decimal("15.00"),
        "Sales Tax Payable": Decimal("-8.00"),
    }
    payment = books.payment(customer, "200", ("Invoice", invoice, "143"))
    assert journal(books, "Payment", payment) == {
        "Undeposited Funds": Decimal("200.00"),
        "Accounts Receivable (A/R)": Decimal("-200.00"),
    }
    deposit = books.control("POST", f"companies/{books.realm}/deposit", {"payments": [payment["Id"]]})
    assert journal(books, "Deposit", deposit) == {
        "Checking": Decimal("200.00"),
        "Undeposited Funds": Decimal("-200.00"),
    }
    receivable = books.query("SELECT * FROM Account WHERE AccountType = 'Accounts Receivable'")["Account"][0]
    assert receivable["CurrentBalance"] == Decimal("-57.00")


def test_line_discounts_lower_subtotal_tax_and_total_and_post_as_discounts(books: Books) -> None:
    item, customer = books.item("Reduced"), books.customer("Reduced")
    body = {
        "CustomerRef": {"value": customer["Id"]},
        "Line": [
            line(item, "100", "TAX", Qty=4, UnitPrice=25, DiscountRate=10, DiscountAmt=3),
            line(item, "50", DiscountAmt=5),
            line(item, "20", DiscountRate=0, DiscountAmt=0),
            discount("15"),
        ],
        "TxnTaxDetail": {"TxnTaxCodeRef": {"value": books.tax_code()}},
    }
    invoice = books.write("Invoice", body)
    details = [one["SalesItemLineDetail"] for one in invoice["Line"][:3]]
    assert [(one.get("DiscountRate"), one.get("DiscountAmt")) for one in details] == [(10, 10), (None, 5), (None, None)]
    assert [one["Amount"] for one in invoice["Line"]] == [100, 50, 20, 155, 15]
    assert invoice["TxnTaxDetail"]["TaxLine"][0]["TaxLineDetail"]["NetAmountTaxable"] == 90
    assert invoice["TotalAmt"] == Decimal("147.20")
    assert journal(books, "Invoice", invoice) == {
        "Accounts Receivable (A/R)": Decimal("147.20"),
        "Sales of Product Income": Decimal("-170.00"),
        "Discounts given": Decimal("30.00"),
        "Sales Tax Payable": Decimal("-7.20"),
    }
    again = books.write("Invoice", {**invoice, "sparse": True})
    assert (again["Line"], again["TotalAmt"]) == (invoice["Line"], invoice["TotalAmt"])
    voided = books.write("Invoice", version(again), operation="void")
    assert journal(books, "Invoice", voided) == {}
    one = {"CustomerRef": {"value": customer["Id"]}}
    refused(6000, books.write, "Invoice", {**one, "Line": [line(item, "50", DiscountAmt=money("50.01"))]})
    refused(2290, books.write, "Invoice", {**one, "Line": [line(item, "50", DiscountRate=-1)]})
    books.switch(line_discounts=False)
    plain = books.write("Invoice", {**one, "Line": [line(item, "50", DiscountRate=10)]})
    books.switch(line_discounts=True)
    assert (plain["TotalAmt"], "DiscountRate" in plain["Line"][0]["SalesItemLineDetail"]) == (50, False)


def test_void_and_delete_take_back_what_was_posted(books: Books) -> None:
    item, customer = books.item("Undone"), books.customer("Undone")
    before = books.control("GET", f"companies/{books.realm}/books")["trial_balance"]
    invoice = books.invoice(customer, "70", item=item)
    memo = books.write("CreditMemo", {"CustomerRef": {"value": customer["Id"]}, "Line": [line(item, "30")]})
    assert journal(books, "CreditMemo", memo)["Accounts Receivable (A/R)"] == Decimal("-30.00")
    voided = books.write("Invoice", version(invoice), operation="void")
    assert journal(books, "Invoice", voided) == {}
    books.write("CreditMemo", version(memo), operation="delete")
    assert books.control("GET", f"companies/{books.realm}/books")["trial_balance"] == before


def test_a_payment_for_a_sub_customer_lowers_what_that_one_owes(books: Books) -> None:
    item, parent = books.item("Family"), books.customer("Parent")
    child = books.customer("Child", Job=True, ParentRef={"value": parent["Id"]})
    invoice = books.invoice(child, "40", item=item)
    payment = books.payment(parent, "50", ("Invoice", invoice, "40"))
    found = books.control("GET", f"companies/{books.realm}/journal/Payment/{payment['Id']}")["entries"]
    owed = {entry["customer"]: entry["credit"] for entry in found if "customer" in entry}
    assert owed == {"Child": Decimal("40.00"), "Parent": Decimal("10.00")}
    assert journal(books, "Payment", payment)["Accounts Receivable (A/R)"] == Decimal("-50.00")


def test_a_parent_account_carries_the_balance_of_its_sub_accounts(books: Books) -> None:
    parent = books.write("Account", {"Name": "Fees", "AccountType": "Income"})
    child = books.write("Account", {"Name": "Late", "AccountType": "Income", "ParentRef": {"value": parent["Id"]}})
    item = books.item("Late fee", IncomeAccountRef={"value": child["Id"]})
    books.invoice(books.customer("Late"), "25", item=item)
    shown = books.read("Account", parent["Id"])
    assert (shown["CurrentBalance"], shown["CurrentBalanceWithSubAccounts"]) == (0, Decimal("-25.00"))
    books.switch(income_balances_shown=False)
    assert books.read("Account", child["Id"])["CurrentBalance"] == 0
    books.switch(income_balances_shown=True)
    alone = {"Name": "Late", "AccountType": "Income"}
    books.write("Account", version(books.read("Account", child["Id"]), **alone))
    assert books.read("Account", parent["Id"])["CurrentBalanceWithSubAccounts"] == 0


def test_money_goes_to_no_account_of_receivables_without_a_customer(books: Books) -> None:
    books.prefer("SalesFormsPrefs", AllowDeposit=True)
    receivable = books.account("Accounts Receivable", "AccountsReceivable")
    checking = books.account("Bank", "Checking")
    customer, item = books.customer("Paid in part"), books.item("Paid in part")
    refused(6430, books.invoice, customer, "50", item=item, Deposit=20, DepositToAccountRef=receivable)
    invoice = books.invoice(customer, "50", item=item, Deposit=20, DepositToAccountRef=checking)
    assert invoice["Balance"] == Decimal("30.00")
    assert journal(books, "Invoice", invoice)["Checking"] == Decimal("20.00")
    earned = {"AccountRef": books.account("Other Income", "InterestEarned")}
    row = {"DetailType": "DepositLineDetail", "Amount": 9, "DepositLineDetail": earned}
    body = {"DepositToAccountRef": checking, "Line": [row]}
    cash = {"Amount": 4, "AccountRef": books.account("Other Current Asset", "UndepositedFunds")}
    refused(5030, books.write, "Deposit", {**body, "CashBack": {**cash, "AccountRef": receivable}})
    deposit = books.write("Deposit", {**body, "CashBack": cash})
    assert deposit["TotalAmt"] == 5
    assert journal(books, "Deposit", deposit)["Undeposited Funds"] == 4


def test_a_payment_at_another_rate_than_its_invoice_posts_the_exchange_difference() -> None:
    with running() as (books,):
        books.prefer("CurrencyPrefs", MultiCurrencyEnabled=True)
        item, customer = books.item(), books.customer("Abroad", CurrencyRef={"value": "EUR"})
        euro = {"CurrencyRef": {"value": "EUR"}}
        invoice = books.invoice(customer, "100", item=item, ExchangeRate=Decimal("1.10"), **euro)
        payment = books.payment(customer, "100", ("Invoice", invoice, "100"), ExchangeRate=Decimal("1.15"), **euro)
        assert journal(books, "Payment", payment) == {
            "Undeposited Funds": Decimal("115.00"),
            "Accounts Receivable (A/R)": Decimal("-110.00"),
            "Exchange Gain or Loss": Decimal("-5.00"),
        }
        invoice = books.read("Invoice", invoice["Id"])
        books.write("Invoice", version(invoice, sparse=True, ExchangeRate=Decimal("1.20"), **euro))
        assert journal(books, "Payment", payment)["Exchange Gain or Loss"] == Decimal("5.00")
