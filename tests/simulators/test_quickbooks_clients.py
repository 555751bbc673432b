"""A business kept with python-quickbooks: what its calls make of one another.

Each call by itself: test_quickbooks_python_walk.py.
"""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from quickbooks.batch import batch_create, batch_delete, batch_update
from quickbooks.cdc import change_data_capture
from quickbooks.exceptions import ObjectNotFoundException, QuickbooksException
from quickbooks.objects.account import Account
from quickbooks.objects.base import Address, EmailAddress, PhoneNumber
from quickbooks.objects.creditmemo import CreditMemo
from quickbooks.objects.customer import Customer
from quickbooks.objects.deposit import Deposit
from quickbooks.objects.detailline import DiscountLine, DiscountLineDetail, SalesItemLine, SalesItemLineDetail
from quickbooks.objects.invoice import Invoice
from quickbooks.objects.item import Item
from quickbooks.objects.payment import Payment, PaymentLine
from quickbooks.objects.paymentmethod import PaymentMethod
from quickbooks.objects.tax import TxnTaxDetail
from quickbooks.objects.taxcode import TaxCode
from quickbooks.objects.term import Term

from tests.simulators.quickbooks_python import auth_client, quickbooks_client
from tests.simulators.quickbooks_rig import Books, running

Client = Any


@pytest.fixture
def books() -> Iterator[Books]:
    with running() as companies:
        yield companies[0]


@pytest.fixture
def client(books: Books) -> Iterator[Client]:
    with auth_client(books) as auth, quickbooks_client(books, auth, use_decimal=True) as found:
        yield found


def new_customer(client: Client, name: str = "O'Neil & Söhne") -> Customer:
    customer = Customer()
    customer.DisplayName = name
    customer.BillAddr = Address()
    customer.BillAddr.Line1 = "1 Main St"
    customer.BillAddr.Country = "US"
    customer.PrimaryEmailAddr = EmailAddress()
    customer.PrimaryEmailAddr.Address = "ann@example.com"
    customer.PrimaryPhone = PhoneNumber()
    customer.PrimaryPhone.FreeFormNumber = "555-0100"
    customer.save(qb=client)
    return Customer.get(customer.Id, qb=client)


def new_item(client: Client, name: str = "Work") -> Item:
    item = Item()
    item.Name, item.Type, item.Sku = name, "Service", "W-1"
    item.IncomeAccountRef = Account.where("AccountSubType = 'SalesOfProductIncome'", qb=client)[0].to_ref()
    item.save(qb=client)
    return Item.get(item.Id, qb=client)


def sale(kind: Any, customer: Customer, item: Item, amount: str = "100") -> Any:
    document = kind()
    document.CustomerRef = customer.to_ref()
    line = SalesItemLine()
    line.Amount = Decimal(amount)
    line.SalesItemLineDetail = SalesItemLineDetail()
    line.SalesItemLineDetail.ItemRef = item.to_ref()
    document.Line.append(line)
    return document


def pay(client: Client, customer: Customer, amount: str, *documents: Any) -> Payment:
    payment = Payment()
    payment.CustomerRef, payment.TotalAmt = customer.to_ref(), Decimal(amount)
    for document in documents:
        line = PaymentLine()
        line.Amount = Decimal(amount)
        line.LinkedTxn.append(document.to_linked_txn())
        payment.Line.append(line)
    payment.save(qb=client)
    return Payment.get(payment.Id, qb=client)


def test_customers_live_through_create_update_query_and_deactivation(client: Client) -> None:
    customer = new_customer(client)
    assert (customer.SyncToken, customer.BillAddr.Country, customer.Balance) == ("0", "USA", 0)
    customer.Notes = "VIP"
    customer.save(qb=client)
    found = Customer.filter(DisplayName="O'Neil & Söhne", Active=True, qb=client)
    assert [(one.Id, one.SyncToken, one.Notes) for one in found] == [(customer.Id, "1", "VIP")]
    gone = found[0]
    gone.Active = False
    gone.save(qb=client)
    assert Customer.count(qb=client) == 0
    assert Customer.choose([customer.Id], qb=client) == []
    rows = Customer.query("SELECT * FROM Customer WHERE Active IN (true, false)", qb=client)
    assert [one.DisplayName for one in rows] == ["O'Neil & Söhne (deleted)"]


def test_items_keep_their_sku_for_those_who_ask(client: Client) -> None:
    new_item(client)
    assert "W-1" in [one.Sku for one in Item.all(qb=client)]
    assert Item.where("Name = 'work'", qb=client)[0].Sku is None


def test_invoices_with_discount_tax_payment_void_and_delete(books: Books, client: Client) -> None:
    customer, item = new_customer(client), new_item(client)
    invoice = sale(Invoice, customer, item)
    reduction = DiscountLine()
    reduction.Amount = Decimal(10)
    reduction.DiscountLineDetail = DiscountLineDetail()
    reduction.DiscountLineDetail.PercentBased = False
    invoice.Line.append(reduction)
    invoice.Line[0].SalesItemLineDetail.TaxCodeRef = SimpleNamespace(value="TAX")
    invoice.TxnTaxDetail = TxnTaxDetail()
    invoice.TxnTaxDetail.TxnTaxCodeRef = TaxCode.where("Name = 'California'", qb=client)[0].to_ref()
    invoice.TxnTaxDetail.TotalTax = None
    invoice.ApplyTaxAfterDiscount = True
    invoice.save(qb=client)
    kept = Invoice.get(invoice.Id, qb=client)
    assert (kept.TotalAmt, kept.Balance, kept.TxnTaxDetail.TotalTax) == (Decimal("97.20"),) * 2 + (Decimal("7.20"),)

    kept.PrivateNote = "echoed whole"
    kept.save(qb=client)
    kept = Invoice.get(invoice.Id, qb=client)
    assert (kept.SyncToken, kept.TotalAmt, kept.PrivateNote) == ("1", Decimal("97.20"), "echoed whole")

    payment = pay(client, customer, "97.20", kept)
    assert Invoice.get(invoice.Id, qb=client).Balance == 0
    payment.void(qb=client)
    assert Payment.get(payment.Id, qb=client).TotalAmt == 0
    kept = Invoice.get(invoice.Id, qb=client)
    assert kept.Balance == Decimal("97.20")
    kept.void(qb=client)
    voided = Invoice.get(invoice.Id, qb=client)
    assert (voided.TotalAmt, voided.PrivateNote) == (0, "Voided - echoed whole")
    voided.delete(qb=client)
    with pytest.raises(ObjectNotFoundException):
        Invoice.get(invoice.Id, qb=client)


def test_credit_memos_are_applied_by_a_payment_of_nought(client: Client) -> None:
    customer, item = new_customer(client), new_item(client)
    invoice, memo = sale(Invoice, customer, item), sale(CreditMemo, customer, item, "40")
    invoice.save(qb=client)
    memo.save(qb=client)
    payment = Payment()
    payment.CustomerRef, payment.TotalAmt = customer.to_ref(), 0
    for document in (invoice, memo):
        line = PaymentLine()
        line.Amount = 40
        line.LinkedTxn.append(document.to_linked_txn())
        payment.Line.append(line)
    payment.save(qb=client)
    assert CreditMemo.get(memo.Id, qb=client).RemainingCredit == 0
    assert Invoice.get(invoice.Id, qb=client).Balance == 60
    assert Customer.get(customer.Id, qb=client).Balance == 60


def test_a_request_id_is_written_once(client: Client) -> None:
    first, second = Customer(), Customer()
    first.DisplayName = second.DisplayName = "Once"
    first.save(qb=client, request_id="id-1")
    second.save(qb=client, request_id="id-1")
    assert first.Id == second.Id
    assert Customer.count(qb=client) == 1


def test_batches_create_update_and_delete_with_faults_by_item(client: Client) -> None:
    names = [f"Customer {number}" for number in range(32)]
    customers = []
    for name in (*names, "customer 3"):
        customer = Customer()
        customer.DisplayName = name
        customers.append(customer)
    made = batch_create(customers, qb=client)
    assert (len(made.successes), len(made.faults)) == (32, 1)
    assert made.faults[0].Error[0].code == "6240"
    for customer in made.successes:
        customer.Notes = "seen"
    updated = batch_update(made.successes, qb=client)
    assert {one.SyncToken for one in updated.successes} == {"1"}
    item = new_item(client)
    invoices = []
    for _ in range(2):
        invoice = sale(Invoice, updated.successes[0], item)
        invoice.save(qb=client)
        invoices.append(Invoice.get(invoice.Id, qb=client))
    # The client reads the whole object from the reply to a delete, and finds a stub.
    batch_delete(invoices, qb=client)
    assert Invoice.count(qb=client) == 0


def test_change_data_capture_tells_changes_and_deletions(books: Books, client: Client) -> None:
    since = books.simulator.clock.now() - timedelta(minutes=1)
    customer, item = new_customer(client), new_item(client)
    invoices = []
    for _ in range(2):
        invoice = sale(Invoice, customer, item)
        invoice.save(qb=client)
        invoices.append(Invoice.get(invoice.Id, qb=client))
    invoices[0].delete(qb=client)
    changes = change_data_capture([Customer, Invoice, Payment], since.isoformat(), qb=client)
    assert [one.Id for one in changes.Customer] == [customer.Id]
    assert [(one.Id, getattr(one, "status", None)) for one in changes.Invoice] == [
        (invoices[1].Id, None),
        (invoices[0].Id, "Deleted"),
    ]
    assert not hasattr(changes, "Payment")


def test_a_new_company_has_the_usual_lists(client: Client) -> None:
    assert {one.Name for one in PaymentMethod.all(qb=client)} >= {"Cash", "Check", "Credit Card"}
    assert {one.Name for one in Term.all(qb=client)} >= {"Net 30", "Due on receipt"}


def test_a_deposit_holds_its_payments(client: Client) -> None:
    payment = pay(client, new_customer(client), "12.50")
    deposit = Deposit()
    deposit.DepositToAccountRef = Account.where("AccountType = 'Bank'", qb=client)[0].to_ref()
    line = PaymentLine()
    line.Amount = Decimal("12.50")
    line.LinkedTxn.append(payment.to_linked_txn())
    deposit.Line.append(line)
    deposit.save(qb=client)
    assert Deposit.get(deposit.Id, qb=client).TotalAmt == Decimal("12.50")
    payment = Payment.get(payment.Id, qb=client)
    payment.TotalAmt = 13
    with pytest.raises(QuickbooksException) as caught:
        payment.save(qb=client)
    assert caught.value.error_code == 6540
