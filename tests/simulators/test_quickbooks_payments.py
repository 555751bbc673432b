"""Payments, voids, closed books and what people do by hand, by example, over HTTP."""

from collections.abc import Iterator

import pytest

from tests.simulators.quickbooks_rig import Books, applied, line, refused, running, version


@pytest.fixture
def books() -> Iterator[Books]:
    with running() as companies:
        yield companies[0]


def test_a_payment_settles_invoices_and_moves_their_versions(books: Books) -> None:
    customer, item = books.customer(), books.item()
    invoice = books.invoice(customer, "100", item=item)
    payment = books.payment(customer, "80", ("Invoice", invoice, "60"))
    assert (payment["UnappliedAmt"], payment["DepositToAccountRef"]["name"]) == (20, "Undeposited Funds")
    paid = books.read("Invoice", invoice["Id"])
    assert (paid["Balance"], paid["SyncToken"]) == (40, "1")
    assert paid["LinkedTxn"] == [{"TxnId": payment["Id"], "TxnType": "Payment"}]
    assert books.read("Customer", customer["Id"])["Balance"] == 20
    refused(5010, books.write, "Invoice", version(invoice, sparse=True, PrivateNote="x"))

    unapplied = books.write("Payment", version(payment, sparse=True, Line=[]))
    assert (unapplied["UnappliedAmt"], unapplied["Line"]) == (80, [])
    reopened = books.read("Invoice", invoice["Id"])
    assert (reopened["Balance"], reopened["LinkedTxn"]) == (100, [])


def test_payments_apply_no_more_than_there_is(books: Books) -> None:
    customer, item = books.customer(), books.item()
    invoice = books.invoice(customer, "100", item=item)
    refused(6000, books.payment, customer, "200", ("Invoice", invoice, "100.01"))
    refused(6000, books.payment, customer, "50", ("Invoice", invoice, "50.01"))
    refused(620, books.payment, books.customer("Other"), "50", ("Invoice", invoice, "50"))
    refused(620, books.payment, customer, "50", ("Estimate", invoice, "50"))
    first = books.payment(customer, "70", ("Invoice", invoice, "70"))
    refused(6000, books.payment, customer, "70", ("Invoice", invoice, "30.01"))
    grown = version(first, sparse=True, TotalAmt=90, Line=applied(("Invoice", invoice, "90")))
    assert books.write("Payment", grown)["UnappliedAmt"] == 0
    current = books.read("Invoice", invoice["Id"])
    refused(6000, books.write, "Invoice", version(current, sparse=True, Line=[line(item, "89.99")]))
    assert books.write("Invoice", version(current, sparse=True, Line=[line(item, "90")]))["Balance"] == 0


def test_a_payment_of_nought_applies_a_credit_memo(books: Books) -> None:
    customer, item = books.customer(), books.item()
    invoice = books.invoice(customer, "100", item=item)
    memo = books.write("CreditMemo", {"CustomerRef": {"value": customer["Id"]}, "Line": [line(item, "30")]})
    assert (memo["RemainingCredit"], books.read("Customer", customer["Id"])["Balance"]) == (30, 70)
    payment = books.payment(customer, "0", ("Invoice", invoice, "30"), ("CreditMemo", memo, "30"))
    assert payment["UnappliedAmt"] == 0
    settled = books.read("CreditMemo", memo["Id"])
    assert (settled["Balance"], settled["RemainingCredit"], settled["SyncToken"]) == (0, 0, "1")
    assert books.read("Invoice", invoice["Id"])["Balance"] == 70
    books.write("Payment", version(payment), operation="delete")
    assert books.read("CreditMemo", memo["Id"])["RemainingCredit"] == 30
    assert books.read("Invoice", invoice["Id"])["Balance"] == 100
    assert books.read("Customer", customer["Id"])["Balance"] == 70


def test_voiding_leaves_the_document_and_takes_its_amounts(books: Books) -> None:
    customer, item, code = books.customer(), books.item(), books.tax_code()
    tax = {"TxnTaxCodeRef": {"value": code}}
    invoice = books.write(
        "Invoice",
        {
            "CustomerRef": {"value": customer["Id"]},
            "Line": [line(item, "100", "TAX", Qty=4, UnitPrice=25)],
            "TxnTaxDetail": tax,
            "PrivateNote": "Invoiced INV-1",
        },
    )
    payment = books.payment(customer, "50", ("Invoice", invoice, "50"))
    refused(6000, books.write, "Invoice", version(books.read("Invoice", invoice["Id"])), operation="void")
    refused(800, books.write, "Invoice", version(books.read("Invoice", invoice["Id"])), operation="delete")
    refused(500, books.write, "Payment", version(payment), operation="void")
    voided = books.write("Payment", version(payment, sparse=True), operation="update", include="void")
    assert (voided["TotalAmt"], voided["UnappliedAmt"], voided["Line"], voided["PrivateNote"]) == (
        0,
        0,
        [],
        "Voided",
    )
    gone = books.write("Invoice", version(books.read("Invoice", invoice["Id"])), operation="void")
    assert (gone["TotalAmt"], gone["Balance"], gone["TxnTaxDetail"]["TotalTax"]) == (0, 0, 0)
    assert gone["Line"][0]["Amount"] == 0
    assert gone["Line"][0]["SalesItemLineDetail"]["Qty"] == 0
    assert gone["PrivateNote"] == "Voided - Invoiced INV-1"
    assert gone["SyncToken"] == "3"
    assert books.read("Customer", customer["Id"])["Balance"] == 0


def test_a_linked_invoice_can_be_voided_where_the_switch_allows(books: Books) -> None:
    books.switch(void_linked=True)
    customer, item = books.customer(), books.item()
    invoice = books.invoice(customer, "100", item=item)
    memo = books.write("CreditMemo", {"CustomerRef": {"value": customer["Id"]}, "Line": [line(item, "30")]})
    payment = books.payment(customer, "50", ("Invoice", invoice, "80"), ("CreditMemo", memo, "30"))
    books.write("Invoice", version(books.read("Invoice", invoice["Id"])), operation="void")
    freed = books.read("Payment", payment["Id"])
    assert (freed["Line"], freed["UnappliedAmt"]) == ([], 50)
    assert books.read("CreditMemo", memo["Id"])["Balance"] == 30


def test_a_credit_memo_is_voided_where_the_switches_allow(books: Books) -> None:
    customer, item = books.customer(), books.item()
    invoice = books.invoice(customer, "100", item=item)
    memo = books.write("CreditMemo", {"CustomerRef": {"value": customer["Id"]}, "Line": [line(item, "30")]})
    payment = books.payment(customer, "50", ("Invoice", invoice, "80"), ("CreditMemo", memo, "30"))
    current = version(books.read("CreditMemo", memo["Id"]))
    refused(500, books.write, "CreditMemo", current, operation="void")
    books.switch(void_by_operation=True)
    refused(6000, books.write, "CreditMemo", current, operation="void")
    books.switch(void_linked=True)
    assert books.write("CreditMemo", current | {"SyncToken": "1"}, operation="void")["RemainingCredit"] == 0
    assert books.read("Payment", payment["Id"])["Line"] == applied(("Invoice", invoice, "50"))
    assert books.read("Invoice", invoice["Id"])["Balance"] == 50


def test_deleted_documents_are_gone(books: Books) -> None:
    customer, item = books.customer(), books.item()
    invoice = books.invoice(customer, "100", item=item, DocNumber="7")
    refused(5010, books.write, "Invoice", {"Id": invoice["Id"], "SyncToken": "3"}, operation="delete")
    reply = books.call("POST", "invoice", version(invoice), operation="delete")
    assert reply["Invoice"] == {"status": "Deleted", "domain": "QBO", "Id": invoice["Id"]}
    refused(610, books.read, "Invoice", invoice["Id"])
    assert books.read("Customer", customer["Id"])["Balance"] == 0
    books.invoice(customer, "1", item=item, DocNumber="7")
    refused(500, books.write, "Customer", version(customer), operation="delete")


def test_deposited_payments_cannot_be_changed(books: Books) -> None:
    customer = books.customer()
    payment = books.payment(customer, "50")
    deposit = books.control("POST", f"companies/{books.realm}/deposit", {"payments": [payment["Id"]]})
    held = books.read("Payment", payment["Id"])
    assert held["LinkedTxn"] == [{"TxnId": deposit["Id"], "TxnType": "Deposit"}]
    refused(6540, books.write, "Payment", version(held, sparse=True, PrivateNote="x"))
    refused(6540, books.write, "Payment", version(held, sparse=True), operation="update", include="void")
    refused(6540, books.write, "Payment", version(held), operation="delete")
    books.write("Deposit", version(deposit), operation="delete")
    free = books.read("Payment", payment["Id"])
    assert books.write("Payment", version(free, sparse=True, TotalAmt=60))["UnappliedAmt"] == 60


def test_closed_books_stay_as_they_are(books: Books) -> None:
    customer, item = books.customer(), books.item()
    old = books.invoice(customer, "10", item=item, TxnDate="2026-01-31")
    books.change(books_closed_on="2026-01-31")
    refused(6200, books.invoice, customer, "10", item=item, TxnDate="2026-01-31")
    refused(6200, books.write, "Invoice", version(old, sparse=True, TxnDate="2026-03-01"))
    refused(6200, books.write, "Invoice", version(old), operation="void")
    refused(6200, books.write, "Invoice", version(old), operation="delete")
    refused(6200, books.payment, customer, "10", TxnDate="2026-01-01")
    books.payment(customer, "10", ("Invoice", old, "10"), TxnDate="2026-02-01")
    books.change(closing_password=True)
    error = refused(6210, books.invoice, customer, "10", item=item, TxnDate="2026-01-01")
    assert "The account period has closed" in error.detail


def test_credits_are_used_up_where_the_preference_says_so(books: Books) -> None:
    customer, item = books.customer(), books.item()
    books.prefer("SalesFormsPrefs", AutoApplyCredit=True)
    memo = books.write("CreditMemo", {"CustomerRef": {"value": customer["Id"]}, "Line": [line(item, "30")]})
    payment = books.payment(customer, "50")
    invoice = books.invoice(customer, "100", item=item)
    assert invoice["Balance"] == 20
    assert books.read("CreditMemo", memo["Id"])["Balance"] == 0
    assert books.read("Payment", payment["Id"])["UnappliedAmt"] == 0
    assert books.control("GET", f"companies/{books.realm}/books")["agrees"] is True


def test_a_merged_customers_documents_move_to_the_survivor(books: Books) -> None:
    customer, other, item = books.customer(), books.customer("Twin"), books.item()
    invoice = books.invoice(other, "10", item=item)
    books.control(
        "POST",
        f"companies/{books.realm}/merge",
        {"entity": "Customer", "survivor": customer["Id"], "gone": other["Id"]},
    )
    assert books.read("Invoice", invoice["Id"])["CustomerRef"]["value"] == customer["Id"]
    assert books.read("Customer", customer["Id"])["Balance"] == 10
    refused(610, books.read, "Customer", other["Id"])


def test_preferences_and_company_are_updated_in_place(books: Books) -> None:
    before = books.call("GET", "preferences")["Preferences"]
    body = version(before, sparse=True, SalesFormsPrefs={"AllowDiscount": False})
    after = books.write("Preferences", body)
    assert after["SalesFormsPrefs"] == {**before["SalesFormsPrefs"], "AllowDiscount": False}
    company = books.read("CompanyInfo", books.realm)
    assert (company["Country"], company["CompanyAddr"]["Country"]) == ("US", "USA")
    renamed = books.write("CompanyInfo", version(company, sparse=True, CompanyName="New Name"))
    assert (renamed["CompanyName"], renamed["LegalName"]) == ("New Name", "Simulated Company 1")
