"""Charges and refunds, driven with Invoiced's own client where it can do it."""

from decimal import Decimal
from typing import Any

import pytest
from invoiced import errors

from simulators.invoiced.switches import Switches
from tests.simulators.invoiced_walk import WALK
from tests.simulators.simulator_drivers import Account, StartInvoiced


def owing(account: Account, amount: float) -> tuple[int, int]:
    """Return the ids of a new customer and of an invoice that it owes."""
    customer = account.client.Customer.create(name="Acme").id
    return customer, account.client.Invoice.create(customer=customer, items=[{"unit_cost": amount}]).id


def request(customer: int, invoice: int, amount: float, **more: Any) -> dict[str, Any]:
    split = {"type": "invoice", "invoice": invoice, "amount": amount}
    return {"customer": customer, "amount": amount, "applied_to": [split], "method": "credit_card"} | more


def events(account: Account) -> list[tuple[str, int]]:
    """Return type and object id of all events, oldest first."""
    found = account.call("GET", "/events", 200)
    return [(one["type"], one["data"]["object"]["id"]) for one in reversed(found)]


@WALK.walks("Charge.create", "Charge.retrieve")
def test_a_charge_makes_a_payment_that_settles_invoices(account: Account) -> None:
    client = account.client
    customer, invoice = owing(account, 100)
    payment = client.Charge.create(
        **request(customer, invoice, 100), invoiced_token="tok_1", receipt_email="a@acme.example"
    )
    charge: Any = payment.charge
    assert (payment.object, payment.amount, payment.balance, payment.source) == ("payment", 100, 0, "api")
    assert (payment.method, payment.reference) == ("credit_card", charge["gateway_id"])
    assert (charge["status"], charge["customer"], charge["receipt_email"]) == ("succeeded", customer, "a@acme.example")
    assert charge["payment_source"]["object"] == "card"
    assert client.Invoice.retrieve(invoice).status == "paid"
    assert client.Charge.retrieve(charge["id"]) == charge
    assert account.call("GET", f"/charges?filter[customer]={customer}", 200) == [charge]
    assert ("payment.created", payment.id) in events(account)


def test_a_charge_that_fails_leaves_no_payment_but_is_told_of(account: Account) -> None:
    customer, invoice = owing(account, 100)
    with pytest.raises(errors.InvalidRequestError) as caught:
        account.client.Charge.create(**request(customer, invoice, 100), gateway_token="fail_1")
    assert caught.value.error["message"] == "The payment was declined"
    assert account.call("GET", "/payments", 200) == []
    assert account.client.Invoice.retrieve(invoice).balance == 100
    (charge,) = account.call("GET", "/charges", 200)
    assert (charge["status"], charge["failure_message"]) == ("failed", "The payment was declined")
    event = account.call("GET", "/events", 200)[0]
    assert (event["type"], event["data"]) == ("charge.failed", {"object": charge})
    account.call("POST", f"/charges/{charge['id']}/refunds", 400, json={"amount": 5})
    # Another try of the customer pays.
    paid = account.client.Charge.create(**request(customer, invoice, 100), gateway_token="card_2")
    assert [one["id"] for one in account.call("GET", "/charges", 200)] == [charge["id"], paid.charge["id"]]


def test_a_failed_charge_may_make_a_payment(start_invoiced: StartInvoiced) -> None:
    account = start_invoiced(Switches(failed_charge_makes_payment=True))
    customer, invoice = owing(account, 100)
    payment = account.client.Charge.create(**request(customer, invoice, 100), gateway_token="fail_1")
    assert payment.charge["status"] == "failed"
    assert account.client.Invoice.retrieve(invoice).balance == 100
    assert events(account)[-2:] == [("payment.created", payment.id), ("charge.failed", payment.charge["id"])]


def test_a_charge_that_takes_days_ends_well_or_fails(account: Account) -> None:
    customer, invoice = owing(account, 100)
    payment = account.client.Charge.create(**request(customer, invoice, 100, method="ach"), gateway_token="pending_1")
    assert payment.charge["payment_source"]["object"] == "bank_account"
    assert account.client.Invoice.retrieve(invoice).status == "pending"
    body = {"status": "failed", "failure_message": "Account closed"}
    account.control("POST", f"payments/{payment.id}/charge", 200, json=body)
    charge = account.client.Charge.retrieve(payment.charge["id"])
    assert (charge.status, charge.failure_message) == ("failed", "Account closed")
    assert events(account)[-3:-1] == [("payment.updated", payment.id), ("charge.failed", charge.id)]
    account.control("POST", f"payments/{payment.id}/charge", 200, json={"status": "succeeded"})
    assert account.client.Invoice.retrieve(invoice).status == "paid"


def test_of_two_charges_for_one_invoice_the_later_stays_unapplied(start_invoiced: StartInvoiced) -> None:
    account = start_invoiced(Switches(edit_below_paid_refused=True))  # it says nothing of this
    customer, invoice = owing(account, 100)
    made = [
        account.client.Charge.create(**request(customer, invoice, 100, method="ach"), gateway_token="pending").id
        for _ in range(2)
    ]
    for id in made:
        account.control("POST", f"payments/{id}/charge", 200, json={"status": "succeeded"})
    assert account.client.Invoice.retrieve(invoice).balance == 0
    assert [account.client.Payment.retrieve(id).balance for id in made] == [0, 100]


def test_a_vaulted_card_is_charged_again_until_it_declines(account: Account) -> None:
    client = account.client
    customer, invoice = owing(account, 100)
    first = client.Charge.create(
        **request(customer, invoice, 30), gateway_token="tok_1", vault_method=True, make_default=True
    )
    card = first.charge["payment_source"]
    assert client.Customer.retrieve(customer).payment_source == card
    assert [one.id for one in client.Customer.list(payment_source=1)[0]] == [customer]
    saved = {"payment_source_type": "card", "payment_source_id": card["id"]}
    assert client.Charge.create(**request(customer, invoice, 30), **saved).charge["payment_source"] == card
    stranger = client.Customer.create(name="Other").id
    for wrong in ({"customer": stranger, "applied_to": []}, {"payment_source_type": "bank_account"}):
        account.call("POST", "/charges", 400, json=request(customer, invoice, 30) | saved | wrong)
    declined = {"chargeable": False, "failure_reason": "Card expired"}
    account.control("PATCH", f"objects/payment_source/{card['id']}", 200, json=declined)
    answer = account.call("POST", "/charges", 400, json=request(customer, invoice, 30) | saved)
    assert answer["message"] == "Card expired"
    assert client.Invoice.retrieve(invoice).balance == 40


@WALK.walks("Invoice.pay")
def test_an_autopay_invoice_is_collected_on_demand(account: Account) -> None:
    client = account.client
    customer, invoice = owing(account, 100)
    due = client.Invoice.create(customer=customer, autopay=True, items=[{"unit_cost": 50}])
    with pytest.raises(errors.InvalidRequestError):
        due.pay()  # there is nothing to charge yet
    card = client.Charge.create(
        **request(customer, invoice, 1), gateway_token="tok_1", vault_method=True, make_default=True
    ).charge["payment_source"]
    account.call("POST", f"/invoices/{invoice}/pay", 400)  # it is not on AutoPay
    account.control("PATCH", f"objects/payment_source/{card['id']}", 200, json={"chargeable": False})
    with pytest.raises(errors.InvalidRequestError):
        due.pay()
    account.control("PATCH", f"objects/payment_source/{card['id']}", 200, json={"chargeable": True})
    assert due.pay()
    assert (due.status, due.balance, due.attempt_count) == ("paid", 0, 2)
    account.call("POST", f"/invoices/{due.id}/pay", 400)


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"customer": None}, "customer"),
        ({"method": "check"}, "method"),
        ({"amount": None}, "amount"),
        ({"amount": 0}, "amount"),
        ({"applied_to": None}, "applied_to"),
        ({"applied_to": [{"type": "invoice", "invoice": 20001, "amount": 101}]}, "applied_to"),
        ({"applied_to": [{"type": "invoice", "invoice": 20001, "amount": 60}] * 2}, "applied_to"),
        ({"currency": "eur"}, "applied_to"),
        ({"gateway_token": None}, None),
        ({"invoiced_token": "another"}, None),
        ({"gateway_token": None, "payment_source_type": "card", "payment_source_id": 7}, "payment_source_id"),
    ],
)
def test_the_gateway_is_not_asked_for_what_cannot_be(
    account: Account, wrong: dict[str, Any], param: str | None
) -> None:
    customer, invoice = owing(account, 100)
    body = request(customer, invoice, 100, gateway_token="fail_1") | {"amount": 200}
    assert account.call("POST", "/charges", 400, json=body | wrong).get("param") == param
    assert account.call("GET", "/charges", 200) == []


def test_two_splits_never_take_more_than_a_document_or_a_balance_holds(account: Account) -> None:
    customer, invoice = owing(account, 100)
    split = {"type": "invoice", "invoice": invoice, "amount": 60}
    for charge in (None, {"status": "pending"}):
        body = {"customer": customer, "amount": 200, "applied_to": [split, split], "charge": charge}
        assert account.call("POST", "/payments", 400, json=body)["param"] == "applied_to"
    filled = {"type": "credit", "amount": 50}
    spent = {"type": "applied_credit", "document_type": "invoice", "invoice": invoice, "amount": 30}
    account.call(
        "POST", "/payments", 400, json={"customer": customer, "amount": 200, "applied_to": [filled, spent, spent]}
    )
    account.call("POST", "/payments", 201, json={"customer": customer, "amount": 80, "applied_to": [filled, spent]})
    assert account.call("GET", f"/customers/{customer}/balance", 200)["available_credits"] == Decimal(20)


@WALK.walks("Refund.create")
def test_a_charge_is_refunded_in_parts_and_never_beyond(account: Account) -> None:
    client = account.client
    customer = client.Customer.create(name="Acme").id
    invoice = client.Invoice.create(customer=customer, items=[{"unit_cost": 100}], currency="eur")
    split = {"type": "invoice", "invoice": invoice.id, "amount": 100}
    payment = client.Payment.create(customer=customer, amount=100, applied_to=[split], charge={"status": "succeeded"})
    charge = payment.charge["id"]
    refund = client.Refund.create(charge, amount=30.25)
    assert (refund.charge, refund.amount, refund.currency, refund.status) == (charge, 30.25, "eur", "succeeded")
    for amount in (69.76, 0, -1):
        with pytest.raises(errors.InvalidRequestError) as caught:
            client.Refund.create(charge, amount=amount)
        assert caught.value.error["param"] == "amount"
    client.Refund.create(charge, amount=69.75)
    kept: Any = client.Payment.retrieve(payment.id).charge
    assert (kept["amount"], kept["amount_refunded"], kept["refunded"], len(kept["refunds"])) == (100, 100, True, 2)
    assert events(account)[-1] == ("payment.updated", payment.id)
    assert client.Invoice.retrieve(invoice.id).status == "paid"
    pending = client.Payment.create(customer=customer, amount=5, charge={"status": "pending"}).charge["id"]
    account.call("POST", f"/charges/{pending}/refunds", 400, json={"amount": 5})
    account.call("POST", "/charges/1/refunds", 404, json={"amount": 5})
