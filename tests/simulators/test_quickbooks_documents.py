"""Documents beside invoices, credit memos and payments: their rules, and what they do to the books."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.simulators.quickbooks_rig import Books, Object, line, refused, running, version
from tests.simulators.test_quickbooks_ledger import journal


@pytest.fixture(scope="module")
def books() -> Iterator[Books]:
    with running() as (one,):
        yield one


def account_id(books: Books, name: str) -> str:
    found: str = books.query(f"SELECT * FROM Account WHERE Name = '{name}'")["Account"][0]["Id"]
    return found


def entry(books: Books, posting: str, account: str, amount: str, customer: Object | None = None) -> Object:
    detail: Object = {"PostingType": posting, "AccountRef": {"value": account_id(books, account)}}
    if customer is not None:
        detail["Entity"] = {"Type": "Customer", "EntityRef": {"value": customer["Id"]}}
    return {"DetailType": "JournalEntryLineDetail", "Amount": Decimal(amount), "JournalEntryLineDetail": detail}


def expense(books: Books, account: str, amount: str, **more: Any) -> Object:
    detail = {"AccountRef": {"value": account_id(books, account)}, **more}
    return {
        "DetailType": "AccountBasedExpenseLineDetail",
        "Amount": Decimal(amount),
        "AccountBasedExpenseLineDetail": detail,
    }


def purchase(books: Books, *lines: Object, **more: Any) -> Object:
    paid = {"PaymentType": "Cash", "AccountRef": {"value": account_id(books, "Checking")}}
    return {**paid, "Line": list(lines), **more}


@pytest.mark.parametrize("entity", ["Estimate", "SalesReceipt", "RefundReceipt"])
def test_sales_documents_are_written_updated_sent_and_deleted(books: Books, entity: str) -> None:
    item, customer = books.item(f"{entity} work"), books.customer(f"{entity} customer")
    checking = {"value": account_id(books, "Checking")}
    body = {
        "CustomerRef": {"value": customer["Id"]},
        "Line": [line(item, "80", "TAX")],
        "TxnTaxDetail": {"TxnTaxCodeRef": {"value": books.tax_code()}},
        "DepositToAccountRef": checking,
        "PrivateNote": "first",
        "DocNumber": f"{entity}-1",
    }
    made = books.write(entity, body)
    assert (made["TotalAmt"], made["TxnTaxDetail"]["TotalTax"]) == (Decimal("86.40"), Decimal("6.40"))
    refused(6140, books.write, entity, body)
    posted = {"Estimate": {}, "SalesReceipt": {"Checking": Decimal("86.40")}}
    posted["RefundReceipt"] = {"Checking": Decimal("-86.40")}
    assert {name: amount for name, amount in journal(books, entity, made).items() if name == "Checking"} == posted[
        entity
    ]
    sparse = books.write(entity, version(made, sparse=True, Line=[line(item, "10")]))
    assert (sparse["TotalAmt"], sparse["PrivateNote"], sparse["SyncToken"]) == (Decimal("10.00"), "first", "1")
    again = {name: value for name, value in body.items() if name not in ("PrivateNote", "TxnTaxDetail")}
    full = books.write(entity, version(sparse, **again))
    assert "PrivateNote" not in full
    assert full["TotalAmt"] == Decimal("80.00")
    refused(5010, books.write, entity, version(sparse, **again))
    sent = books.call("POST", f"{entity.lower()}/{made['Id']}/send", sendTo="a@example.com")[entity]
    assert sent["EmailStatus"] == "EmailSent"
    assert [one["Id"] for one in books.query(f"SELECT * FROM {entity}")[entity]] == [made["Id"]]
    books.write(entity, version(sent), operation="delete")
    refused(610, books.read, entity, made["Id"])
    assert books.read("Customer", customer["Id"])["Balance"] == 0
    assert books.control("GET", f"companies/{books.realm}/books")["agrees"] is True


def test_a_payment_is_mailed_to_its_customer_and_keeps_no_mark_of_it(books: Books) -> None:
    customer = books.customer("Mailed", PrimaryEmailAddr={"Address": "ann@example.com"})
    payment = books.payment(customer, "10")
    sent = books.call("POST", f"payment/{payment['Id']}/send")["Payment"]
    assert (sent["SyncToken"], set(sent)) == ("1", set(payment))
    refused(2210, books.call, "POST", f"payment/{payment['Id']}/send", sendTo="nowhere")
    nobody = books.payment(books.customer("Unknown address"), "10")
    refused(6420, books.call, "POST", f"payment/{nobody['Id']}/send")


def test_a_sales_receipt_is_voided_like_a_payment_unless_it_is_deposited(books: Books) -> None:
    item = books.item("Counter")
    receipt = books.write("SalesReceipt", {"Line": [line(item, "20")]})
    assert journal(books, "SalesReceipt", receipt)["Undeposited Funds"] == Decimal("20.00")
    body = {
        "DepositToAccountRef": {"value": account_id(books, "Checking")},
        "Line": [{"LinkedTxn": [{"TxnId": receipt["Id"], "TxnType": "SalesReceipt", "TxnLineId": "0"}]}],
    }
    deposit = books.write("Deposit", body)
    assert journal(books, "Deposit", deposit) == {"Checking": Decimal(20), "Undeposited Funds": Decimal(-20)}
    held = books.read("SalesReceipt", receipt["Id"])
    assert held["LinkedTxn"] == [{"TxnId": deposit["Id"], "TxnType": "Deposit"}]
    void = {"operation": "update", "include": "void"}
    refused(6540, books.write, "SalesReceipt", version(held, sparse=True), **void)
    books.write("Deposit", version(deposit), operation="delete")
    free = books.read("SalesReceipt", receipt["Id"])
    # Without the operation, as quickbooks-ruby sends it.
    voided = books.write("SalesReceipt", version(free, sparse=True), include="void")
    assert (voided["TotalAmt"], voided["PrivateNote"]) == (0, "Voided")
    assert journal(books, "SalesReceipt", voided) == {}
    refused(2020, books.write, "RefundReceipt", {"Line": [line(item, "20")]})


def test_a_journal_entry_balances_and_names_customers_on_receivables(books: Books) -> None:
    customer = books.customer("By hand")
    receivable = "Accounts Receivable (A/R)"
    uneven = [entry(books, "Debit", "Travel", "10"), entry(books, "Credit", "Checking", "9")]
    refused(6000, books.write, "JournalEntry", {"Line": uneven})
    nameless = [entry(books, "Debit", receivable, "10"), entry(books, "Credit", "Sales", "10")]
    refused(6000, books.write, "JournalEntry", {"Line": nameless})
    refused(2020, books.write, "JournalEntry", {"Line": [entry(books, "Debit", "Travel", "10")]})
    lines = [entry(books, "Debit", receivable, "30", customer), entry(books, "Credit", "Sales", "30")]
    made = books.write("JournalEntry", {"Line": lines, "DocNumber": "J-1"})
    assert (made["TotalAmt"], [one["Id"] for one in made["Line"]]) == (Decimal("30.00"), ["1", "2"])
    assert books.read("Customer", customer["Id"])["Balance"] == Decimal("30.00")
    assert journal(books, "JournalEntry", made) == {receivable: Decimal(30), "Sales": Decimal(-30)}

    payment = books.payment(customer, "20", ("JournalEntry", made, "20"))
    assert payment["UnappliedAmt"] == 0
    assert books.read("Customer", customer["Id"])["Balance"] == Decimal("10.00")
    linked = books.read("JournalEntry", made["Id"])
    assert linked["LinkedTxn"] == [{"TxnId": payment["Id"], "TxnType": "Payment"}]
    refused(6000, books.payment, customer, "20", ("JournalEntry", made, "20"))
    refused(800, books.write, "JournalEntry", version(linked), operation="delete")
    smaller = [entry(books, "Debit", receivable, "15", customer), entry(books, "Credit", "Sales", "15")]
    refused(6000, books.write, "JournalEntry", version(linked, sparse=True, Line=smaller))
    books.write("Payment", version(payment), operation="delete")
    books.write("JournalEntry", version(books.read("JournalEntry", made["Id"])), operation="delete")
    assert books.read("Customer", customer["Id"])["Balance"] == 0


def test_numbers_of_journal_entries_may_repeat_unless_the_company_warns_of_it(books: Books) -> None:
    lines = [entry(books, "Debit", "Travel", "1"), entry(books, "Credit", "Checking", "1")]
    body = {"Line": lines, "DocNumber": "J-1"}
    preferences = books.read("Preferences", "1")["OtherPrefs"]["NameValue"]
    assert {"Name": "WarnDuplicateJournalNumber", "Value": "false"} in preferences
    assert books.write("JournalEntry", body)["Id"] != books.write("JournalEntry", body)["Id"]
    books.prefer("OtherPrefs", NameValue=[{"Name": "WarnDuplicateJournalNumber", "Value": "true"}])
    refused(6140, books.write, "JournalEntry", body)
    assert books.write("JournalEntry", body, include="allowduplicatedocnum")["DocNumber"] == "J-1"


def test_a_credit_written_by_hand_pays_an_invoice(books: Books) -> None:
    customer, item = books.customer("In credit"), books.item("Owed")
    invoice = books.invoice(customer, "50", item=item)
    receivable = "Accounts Receivable (A/R)"
    lines = [entry(books, "Credit", receivable, "50", customer), entry(books, "Debit", "Insurance", "50")]
    credit = books.write("JournalEntry", {"Line": lines})
    payment = books.payment(customer, "0", ("Invoice", invoice, "50"), ("JournalEntry", credit, "50"))
    assert (payment["UnappliedAmt"], books.read("Invoice", invoice["Id"])["Balance"]) == (0, 0)
    assert journal(books, "Payment", payment) == {}
    edited = books.write("Payment", version(payment, sparse=True, PrivateNote="again"))
    assert edited["UnappliedAmt"] == 0


def test_purchases_spend_from_the_right_accounts(books: Books) -> None:
    vendor = books.write("Vendor", {"DisplayName": "Timber"})
    body = purchase(books, expense(books, "Travel", "12.50"), EntityRef={"value": vendor["Id"], "type": "Vendor"})
    made = books.write("Purchase", body)
    assert (made["TotalAmt"], made["EntityRef"]["name"]) == (Decimal("12.50"), "Timber")
    assert journal(books, "Purchase", made) == {"Travel": Decimal("12.50"), "Checking": Decimal("-12.50")}
    for code, wrong in (
        (2020, {"PaymentType": ""}),
        (2020, {"AccountRef": None}),
        (2020, {"Line": []}),
        (6430, {"PaymentType": "CreditCard"}),
        (6000, {"Credit": True}),
        (2500, {"EntityRef": {"value": "999", "type": "Vendor"}}),
        (6000, {"Line": [expense(books, "Accounts Receivable (A/R)", "5")]}),
    ):
        refused(code, books.write, "Purchase", {**body, **wrong})
    card = books.write("Account", {"Name": "Card", "AccountType": "Credit Card"})
    on_card = {"PaymentType": "CreditCard", "AccountRef": {"value": card["Id"]}}
    refund = books.write("Purchase", purchase(books, expense(books, "Travel", "4"), Credit=True, **on_card))
    assert journal(books, "Purchase", refund) == {"Travel": Decimal(-4), "Card": Decimal(4)}
    books.write("Purchase", version(made), operation="delete")
    refused(610, books.read, "Purchase", made["Id"])


def test_a_check_to_a_customer_is_charged_and_paid(books: Books) -> None:
    customer = books.customer("Refunded")
    paid = books.payment(customer, "60")
    line = expense(books, "Accounts Receivable (A/R)", "60")
    party = {"value": customer["Id"], "type": "Customer"}
    check = books.write("Purchase", purchase(books, line, PaymentType="Check", EntityRef=party))
    assert books.read("Customer", customer["Id"])["Balance"] == 0
    link = [{"Amount": 60, "LinkedTxn": [{"TxnId": check["Id"], "TxnType": "Check"}]}]
    refused(
        2500,
        books.write,
        "Payment",
        version(paid, sparse=True, Line=[{**link[0], "LinkedTxn": [{"TxnId": check["Id"], "TxnType": "Expense"}]}]),
    )
    tied = books.write("Payment", version(paid, sparse=True, Line=link))
    assert tied["UnappliedAmt"] == 0
    assert journal(books, "Payment", tied)["Undeposited Funds"] == Decimal(60)


def test_merging_customers_carries_charges_and_payments_along(books: Books) -> None:
    kept, gone = books.customer("Kept"), books.customer("Gone")
    receivable = "Accounts Receivable (A/R)"
    lines = [entry(books, "Debit", receivable, "30", gone), entry(books, "Credit", "Sales", "30")]
    charge = books.write("JournalEntry", {"Line": lines})
    books.payment(gone, "10", ("JournalEntry", charge, "10"))
    body = {"entity": "Customer", "survivor": kept["Id"], "gone": gone["Id"]}
    books.control("POST", f"companies/{books.realm}/merge", body)
    assert books.read("Customer", kept["Id"])["Balance"] == Decimal("20.00")
    assert books.control("GET", f"companies/{books.realm}/books")["agrees"] is True


def test_an_invoice_from_an_estimate_closes_it(books: Books) -> None:
    item, customer, stranger = books.item("Quoted"), books.customer("Quoted"), books.customer("Stranger")
    body = {"CustomerRef": {"value": customer["Id"]}, "Line": [line(item, "90")]}
    estimate = books.write("Estimate", body)
    assert (estimate["TxnStatus"], estimate["LinkedTxn"]) == ("Pending", [])
    link = [{"TxnId": estimate["Id"], "TxnType": "Estimate"}]
    refused(620, books.invoice, stranger, "90", item=item, LinkedTxn=link)
    refused(2500, books.invoice, customer, "90", item=item, LinkedTxn=[{"TxnId": "99999", "TxnType": "Estimate"}])
    invoice = books.invoice(customer, "90", item=item, LinkedTxn=link)
    closed = books.read("Estimate", estimate["Id"])
    assert (closed["TxnStatus"], closed["SyncToken"]) == ("Closed", "1")
    assert closed["LinkedTxn"] == [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]
    refused(620, books.invoice, customer, "90", item=item, LinkedTxn=link)
    refused(800, books.write, "Estimate", version(closed), operation="delete")
    payment = books.payment(customer, "90", ("Invoice", invoice, "90"))
    paid = books.read("Invoice", invoice["Id"])
    assert paid["LinkedTxn"] == [*link, {"TxnId": payment["Id"], "TxnType": "Payment"}]
    books.write("Payment", version(payment), operation="delete")
    books.write("Invoice", version(books.read("Invoice", invoice["Id"])), operation="delete")
    assert books.read("Estimate", estimate["Id"])["TxnStatus"] == "Pending"


def test_closed_books_stop_all_that_posts_and_no_estimate(books: Books) -> None:
    item, customer = books.item("Closed"), books.customer("Closed")
    sale = {"CustomerRef": {"value": customer["Id"]}, "Line": [line(item, "5")], "TxnDate": "2020-05-05"}
    money = {"DepositToAccountRef": {"value": account_id(books, "Checking")}}
    two = [entry(books, "Debit", "Travel", "5"), entry(books, "Credit", "Sales", "5")]
    interest = {"AccountRef": {"value": account_id(books, "Interest Earned")}}
    earned = {"DetailType": "DepositLineDetail", "Amount": 5, "DepositLineDetail": interest}
    sales = ("Invoice", "CreditMemo", "SalesReceipt", "RefundReceipt")
    bodies: dict[str, Object] = {
        **{entity: {**sale, **money} for entity in sales},
        "Payment": {"CustomerRef": sale["CustomerRef"], "TotalAmt": 5, "TxnDate": "2020-05-05"},
        "Purchase": purchase(books, expense(books, "Travel", "5"), TxnDate="2020-05-05"),
        "JournalEntry": {"Line": two, "TxnDate": "2020-05-05"},
        "Deposit": {**money, "Line": [earned], "TxnDate": "2020-05-05"},
    }
    made = {entity: books.write(entity, body) for entity, body in bodies.items()}
    books.change(books_closed_on="2020-12-31")
    try:
        for entity, body in bodies.items():
            refused(6200, books.write, entity, body)
            refused(6200, books.write, entity, version(made[entity], sparse=True, TxnDate="2021-01-01"))
            refused(6200, books.write, entity, version(made[entity]), operation="delete")
        books.change(closing_password=True)
        refused(6210, books.write, "JournalEntry", bodies["JournalEntry"])
        books.write("Estimate", sale)
    finally:
        books.change(books_closed_on=None, closing_password=False)


LISTS: list[tuple[str, Object, Object]] = [
    ("Vendor", {"DisplayName": "List vendor", "CompanyName": "Old"}, {"CompanyName": "New"}),
    ("Employee", {"GivenName": "Ada", "FamilyName": "List"}, {"FamilyName": "Listed"}),
    ("Account", {"Name": "List account", "AccountType": "Expense", "Description": "Old"}, {"Description": "New"}),
    ("Class", {"Name": "List class"}, {"Name": "Listed class"}),
    ("Department", {"Name": "List department"}, {"Name": "Listed department"}),
    ("PaymentMethod", {"Name": "List method", "Type": "CREDIT_CARD"}, {"Type": "NON_CREDIT_CARD"}),
    ("Term", {"Name": "List term", "DueDays": 7}, {"DueDays": 9}),
    ("Item", {"Name": "List item", "Type": "Service", "Description": "Old"}, {"Description": "New"}),
]


@pytest.mark.parametrize(("entity", "body", "change"), LISTS, ids=[one[0] for one in LISTS])
def test_list_entries_are_written_updated_read_and_made_inactive(
    books: Books, entity: str, body: Object, change: Object
) -> None:
    if entity == "Item":
        body = {**body, "IncomeAccountRef": {"value": account_id(books, "Sales")}}
    made = books.write(entity, body)
    refused(6240, books.write, entity, body)
    changed = books.write(entity, version(made, sparse=True, **change))
    assert {name: changed[name] for name in change} == change
    full = books.write(entity, version(changed, **body))
    name, value = next(iter(change.items()))
    assert full[name] == body[name] != value
    assert books.read(entity, made["Id"]) == full
    refused(5010, books.write, entity, version(changed, sparse=True, **change))
    refused(500, books.write, entity, version(full), operation="delete")
    gone = books.write(entity, version(full, sparse=True, Active=False))
    assert gone["Active"] is False
    assert made["Id"] not in {
        one["Id"] for one in books.query(f"SELECT * FROM {entity} MAXRESULTS 1000").get(entity, [])
    }
    again = books.write(entity, version(gone, sparse=True, Active=True))
    assert again["Active"] is True


def test_an_account_of_receivables_stays_one_and_balances_may_block_deactivation(books: Books) -> None:
    receivable = books.read("Account", account_id(books, "Accounts Receivable (A/R)"))
    refused(6000, books.write, "Account", version(receivable, sparse=True, AccountType="Bank"))
    customer = books.customer("With balance")
    invoice = books.invoice(customer, "10", item=books.item("For a balance"))
    books.switch(balance_blocks_deactivation=True)
    current = books.read("Customer", customer["Id"])
    refused(6220, books.write, "Customer", version(current, sparse=True, Active=False))
    books.write("Invoice", version(invoice), operation="delete")
    books.write("Customer", version(current, sparse=True, Active=False))
    books.switch(balance_blocks_deactivation=False)
