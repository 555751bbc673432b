"""Payments, their splits, and the balances that follow."""

from decimal import Decimal
from typing import Any

import pytest

from simulators.invoiced.switches import Switches
from tests.simulators.simulator_drivers import Account, StartInvoiced


@pytest.fixture
def customer(account: Account) -> int:
    return int(account.client.Customer.create(name="Acme").id)


def bill(account: Account, customer: int, amount: Any, kind: str = "invoices", **more: Any) -> Any:
    body = {"customer": customer, "items": [{"name": "Work", "unit_cost": amount}]} | more
    return account.call("POST", f"/{kind}", 201, json=body)


def to_invoice(invoice: Any, amount: Any) -> dict[str, Any]:
    return {"type": "invoice", "invoice": invoice["id"], "amount": amount}


def pay(account: Account, customer: int | None, amount: Any, *splits: Any, status: int = 201, **more: Any) -> Any:
    body = {"customer": customer, "amount": amount, "applied_to": list(splits)} | more
    return account.call("POST", "/payments", status, json=body)


def state(account: Account, invoice: Any) -> tuple[Any, ...]:
    found = account.call("GET", f"/invoices/{invoice['id']}", 200)
    return found["balance"], found["status"], found["paid"], found["closed"]


def test_one_payment_settles_several_invoices_and_keeps_the_rest(account: Account, customer: int) -> None:
    first, second = bill(account, customer, 100), bill(account, customer, 60)
    payment = pay(account, customer, 200, to_invoice(first, 100), to_invoice(second, 45.5), method="check")
    assert (payment["balance"], payment["method"], "applied_to" in payment) == (
        Decimal("54.5"),
        "check",
        False,
    )
    assert state(account, first) == (0, "paid", True, True)
    assert state(account, second) == (Decimal("14.5"), "not_sent", False, False)
    found = account.client.Payment.retrieve(payment["id"], {"include": "applied_to"})
    assert [(one["type"], one["invoice"], one["amount"]) for one in found.applied_to] == [
        ("invoice", first["id"], 100),
        ("invoice", second["id"], 45.5),
    ]
    assert account.call("GET", f"/customers/{customer}/balance", 200)["total_outstanding"] == Decimal("14.5")


def test_a_payment_is_edited_and_its_invoices_follow(account: Account, customer: int) -> None:
    first, second = bill(account, customer, 100), bill(account, customer, 100)
    payment = pay(account, customer, 100, to_invoice(first, 100))
    body = {"applied_to": [to_invoice(second, 70)], "reference": "42"}
    found = account.call("PATCH", f"/payments/{payment['id']}", 200, json=body)
    assert (found["balance"], found["reference"]) == (30, "42")
    assert state(account, first) == (100, "not_sent", False, False)
    assert state(account, second)[0] == 30
    account.call("PATCH", f"/payments/{payment['id']}", 400, json={"amount": 60})


def test_deleting_a_payment_voids_it(account: Account, customer: int) -> None:
    invoice = bill(account, customer, 100)
    payment = account.client.Payment.retrieve(pay(account, customer, 100, to_invoice(invoice, 100))["id"])
    assert payment.delete()
    assert (payment.voided, payment.balance) == (True, 0)
    assert state(account, invoice) == (100, "not_sent", False, False)
    account.call("DELETE", f"/payments/{payment.id}", 400)
    assert account.call("GET", f"/payments/{payment.id}", 200)["voided"] is True
    logged = account.control("GET", "requests", 200)
    assert [one["operation"] for one in logged if one["method"] == "DELETE"] == ["void", "void"]


def test_a_credit_note_settles_part_of_an_invoice(account: Account, customer: int) -> None:
    invoice, note = bill(account, customer, 100), bill(account, customer, 30, "credit_notes")
    split = {"type": "credit_note", "credit_note": note["id"], "document_type": "invoice",
             "invoice": invoice["id"], "amount": 30}  # fmt: skip
    payment = pay(account, customer, 30, split)
    assert state(account, invoice)[0] == 70
    found = account.call("GET", f"/credit_notes/{note['id']}", 200)
    assert (found["balance"], found["status"], found["paid"], found["closed"]) == (0, "paid", True, True)
    shown = account.call("GET", f"/payments/{payment['id']}?include=applied_to", 200)["applied_to"]
    assert [{name: one[name] for name in split} for one in shown] == [split]
    account.call("POST", f"/credit_notes/{note['id']}/void", 200)
    assert state(account, invoice)[0] == 100
    assert account.call("GET", f"/payments/{payment['id']}", 200)["voided"]


def test_the_credit_balance_is_filled_and_spent(account: Account, customer: int) -> None:
    invoice = bill(account, customer, 100)
    pay(account, customer, 80, {"type": "credit", "amount": 80})
    spend = {"type": "applied_credit", "document_type": "invoice", "invoice": invoice["id"], "amount": 50}
    pay(account, customer, 50, spend)
    assert state(account, invoice)[0] == 50
    balance = account.call("GET", f"/customers/{customer}/balance", 200)
    assert balance["available_credits"] == 30
    assert [one["balance"] for one in balance["history"]] == [30, 80]
    pay(account, customer, 40, spend | {"amount": 40}, status=400)


def test_splits_that_cannot_be_are_refused(account: Account, customer: int) -> None:
    invoice, draft = bill(account, customer, 100), bill(account, customer, 100, draft=True)
    euro = bill(account, customer, 100, currency="eur")
    closed = bill(account, customer, 100)
    account.call("PATCH", f"/invoices/{closed['id']}", 200, json={"closed": True})
    for amount, split in (
        (50, to_invoice(invoice, 51)),
        (200, to_invoice(invoice, 101)),
        (100, to_invoice(draft, 10)),
        (100, to_invoice(closed, 10)),
        (100, to_invoice(euro, 10)),
        (100, to_invoice(invoice, -1)),
        (100, {"type": "invoice", "amount": 5}),
        (100, {"type": "invoice", "invoice": 5, "amount": 5}),
        (100, {"type": "gift", "amount": 5}),
        (100, {"type": "estimate", "estimate": 5, "amount": 5}),
        (100, "everything"),
    ):
        answer = pay(account, customer, amount, split, status=400, currency="usd")
        assert answer.get("param") in ("applied_to", "type"), answer
    assert account.call("GET", "/payments", 200) == []
    assert state(account, invoice)[0] == 100


def test_a_pending_charge_counts_once_it_succeeded(account: Account, customer: int) -> None:
    invoice = bill(account, customer, 100)
    payment = pay(account, customer, 100, to_invoice(invoice, 100), charge={"status": "pending"})
    assert state(account, invoice) == (100, "pending", False, False)
    account.control("POST", f"payments/{payment['id']}/charge", 200, json={"status": "failed"})
    assert state(account, invoice) == (100, "not_sent", False, False)
    account.control("POST", f"payments/{payment['id']}/charge", 200, json={"status": "succeeded"})
    assert state(account, invoice) == (0, "paid", True, True)


def test_a_total_below_what_is_paid_gives_the_excess_back(
    account: Account, customer: int, start_invoiced: StartInvoiced
) -> None:
    invoice = bill(account, customer, 100)
    first = pay(account, customer, 60, to_invoice(invoice, 60))
    second = pay(account, customer, 40, to_invoice(invoice, 40))
    lower = {"items": [invoice["items"][0] | {"unit_cost": 50}]}
    account.call("PATCH", f"/invoices/{invoice['id']}", 200, json=lower)
    assert state(account, invoice) == (0, "paid", True, True)
    left = [account.call("GET", f"/payments/{one['id']}", 200)["balance"] for one in (first, second)]
    assert left == [10, 40]
    higher = {"items": [invoice["items"][0] | {"unit_cost": 80}]}
    account.call("PATCH", f"/invoices/{invoice['id']}", 200, json=higher)
    assert state(account, invoice) == (30, "not_sent", False, False)

    strict = start_invoiced(Switches(edit_below_paid_refused=True))
    customer = int(strict.client.Customer.create(name="Acme").id)
    invoice = bill(strict, customer, 100)
    pay(strict, customer, 60, to_invoice(invoice, 60))
    strict.call("PATCH", f"/invoices/{invoice['id']}", 400, json={"items": []})


@pytest.mark.parametrize("is_paid", [False, True])
def test_a_write_off_leaves_bad_debt_and_nothing_open_until_it_is_undone(
    start_invoiced: StartInvoiced, is_paid: bool
) -> None:
    account = start_invoiced(Switches(written_off_is_paid=is_paid))
    customer = int(account.client.Customer.create(name="Acme").id)
    account.client.TaxRate.create(id="state", name="State", value=10)
    account.call("PATCH", f"/customers/{customer}", 200, json={"taxes": ["state"]})
    invoice = bill(account, customer, 100)
    pay(account, customer, 40, to_invoice(invoice, 40))
    account.control("POST", f"invoices/{invoice['id']}/write_off", 200)
    assert state(account, invoice) == (0, "bad_debt", is_paid, True)
    account.control("POST", f"invoices/{invoice['id']}/write_off", 400)
    (note,) = account.call("GET", "/credit_notes", 200)
    assert (note["total"], note["balance"], note["status"], len(note["items"])) == (70, 0, "paid", 1)
    payment = account.call("GET", "/payments?include=applied_to", 200)[-1]
    (split,) = payment["applied_to"]
    assert (split["type"], split["credit_note"], split["amount"]) == ("credit_note", note["id"], 70)

    account.call("DELETE", f"/payments/{payment['id']}", 200)
    account.call("POST", f"/credit_notes/{note['id']}/void", 200)
    assert state(account, invoice) == (70, "not_sent", False, False)


@pytest.mark.parametrize("by_itself", [True, False])
def test_credit_pays_what_is_issued_unless_switched(start_invoiced: StartInvoiced, by_itself: bool) -> None:
    account = start_invoiced(Switches(credits_pay_new_invoices=by_itself))
    customer = int(account.client.Customer.create(name="Acme").id)
    pay(account, customer, 80, {"type": "credit", "amount": 80})
    pay(account, customer, 500, {"type": "credit", "amount": 500}, currency="eur")
    first = bill(account, customer, 50)
    assert (first["balance"], first["status"]) == ((0, "paid") if by_itself else (50, "not_sent"))
    draft = bill(account, customer, 100, draft=True)
    assert draft["balance"] == 0
    issued = account.call("PATCH", f"/invoices/{draft['id']}", 200, json={"draft": False})
    assert issued["balance"] == (70 if by_itself else 100)
    # What stands already is not paid by an edit, and not by credit that comes later.
    pay(account, customer, 10, {"type": "credit", "amount": 10})
    edited = account.call("PATCH", f"/invoices/{draft['id']}", 200, json={"notes": "Thanks"})
    assert edited["balance"] == issued["balance"]
    balance = account.call("GET", f"/customers/{customer}/balance", 200)
    assert balance["available_credits"] == (10 if by_itself else 90)
    split = {"type": "applied_credit", "invoice": issued["id"], "amount": 100}
    pay(account, customer, 100, split, status=400)  # the euros do not count


@pytest.mark.parametrize("how", ["void", "delete"])
def test_what_paid_a_voided_or_deleted_invoice_is_free_again(account: Account, customer: int, how: str) -> None:
    invoice = bill(account, customer, 100)
    payment = pay(account, customer, 100, to_invoice(invoice, 100))
    if how == "void":
        account.call("POST", f"/invoices/{invoice['id']}/void", 200)
        assert state(account, invoice) == (0, "voided", False, False)
    else:
        account.call("DELETE", f"/invoices/{invoice['id']}", 204)
    assert account.call("GET", f"/payments/{payment['id']}", 200)["balance"] == 100


def test_a_document_that_is_paid_in_part_keeps_its_currency(account: Account, customer: int) -> None:
    invoice, note = bill(account, customer, 100), bill(account, customer, 30, "credit_notes")
    split = to_invoice(invoice, 10) | {"type": "credit_note", "credit_note": note["id"]}
    payment = pay(account, customer, 10, split)
    paths = [f"/invoices/{invoice['id']}", f"/credit_notes/{note['id']}"]
    for path in paths:
        assert account.call("PATCH", path, 400, json={"currency": "eur"})["param"] == "currency"
        account.call("PATCH", path, 200, json={"currency": "usd"})
    account.call("DELETE", f"/payments/{payment['id']}", 200)
    for path in paths:
        assert account.call("PATCH", path, 200, json={"currency": "eur"})["currency"] == "eur"


@pytest.mark.parametrize("by_itself", [True, False])
def test_a_credit_note_issued_against_an_invoice_pays_it_first(start_invoiced: StartInvoiced, by_itself: bool) -> None:
    account = start_invoiced(Switches(credit_notes_pay_their_invoice=by_itself))
    customer = int(account.client.Customer.create(name="Acme").id)
    first, second = bill(account, customer, 100), bill(account, customer, 50)
    note = bill(account, customer, 60, "credit_notes", invoice=first["id"])
    assert (note["balance"], note["status"]) == ((0, "paid") if by_itself else (60, "open"))
    assert state(account, first)[0] == (40 if by_itself else 100)
    draft = bill(account, customer, 80, "credit_notes", invoice=second["id"], draft=True)
    assert state(account, second)[0] == 50
    left = account.call("PATCH", f"/credit_notes/{draft['id']}", 200, json={"draft": False})
    assert (left["balance"], left["status"]) == (30 if by_itself else 80, "open")
    assert state(account, second)[:2] == ((0, "paid") if by_itself else (50, "not_sent"))
    # What is paid already, or in another currency, is left alone.
    for more in ({}, {"currency": "eur"}):
        assert bill(account, customer, 5, "credit_notes", invoice=second["id"], **more)["balance"] == 5
    splits = [one["applied_to"] for one in account.call("GET", "/payments?include=applied_to", 200)]
    assert [(one["type"], one["invoice"], one["amount"]) for (one,) in splits] == (
        [("credit_note", first["id"], 60), ("credit_note", second["id"], 50)] if by_itself else []
    )


@pytest.mark.parametrize("deletes", [False, True])
def test_credit_that_comes_back_does_not_turn_into_money(start_invoiced: StartInvoiced, deletes: bool) -> None:
    account = start_invoiced(Switches(payment_void_deletes=deletes, credits_pay_new_invoices=False))
    customer = int(account.client.Customer.create(name="Acme").id)
    invoice, note = bill(account, customer, 100), bill(account, customer, 30, "credit_notes")
    pay(account, customer, 80, {"type": "credit", "amount": 80})
    by_note = to_invoice(invoice, 30) | {"type": "credit_note", "credit_note": note["id"]}
    by_balance = to_invoice(invoice, 20) | {"type": "applied_credit"}
    no_money = pay(account, customer, 30, by_note)
    in_part = pay(account, customer, 45, by_balance, to_invoice(invoice, 25))

    def found(payment: Any) -> tuple[Any, ...]:
        one = account.call("GET", f"/payments/{payment['id']}", 200)
        return one["amount"], one["balance"], one["voided"]

    lower = {"items": [invoice["items"][0] | {"unit_cost": 40}]}
    account.call("PATCH", f"/invoices/{invoice['id']}", 200, json=lower)
    assert (found(no_money), found(in_part)) == ((30, 0, False), (35, 25, False))
    account.call("POST", f"/invoices/{invoice['id']}/void", 200)
    assert (found(no_money), found(in_part)) == ((30, 0, True), (25, 25, False))
    told = account.call("GET", f"/events?related_to=payment,{no_money['id']}", 200)[0]
    assert told["type"] == ("payment.deleted" if deletes else "payment.updated")
    assert account.call("GET", f"/credit_notes/{note['id']}", 200)["balance"] == 30
    assert account.call("GET", f"/customers/{customer}/balance", 200)["available_credits"] == 80


def test_a_payment_without_customer_needs_only_an_amount(account: Account) -> None:
    payment = pay(account, None, 12.34)
    assert (payment["customer"], payment["balance"], payment["method"]) == (None, Decimal("12.34"), "other")
    account.call("POST", "/payments", 400, json={"customer": None})


def test_what_a_customer_owes_is_reckoned_in_one_currency(account: Account, customer: int) -> None:
    for amount, currency in ((100, "usd"), (50, "eur")):
        bill(account, customer, amount, currency=currency)
    split = {"type": "credit", "amount": 7}
    pay(account, customer, 7, split, currency="eur")
    for query, owed, credit in (("", ("usd", 100), 0), ("?currency=EUR", ("eur", 50), 7)):
        balance = account.call("GET", f"/customers/{customer}/balance{query}", 200)
        assert (balance["currency"], balance["total_outstanding"]) == owed
        assert balance["available_credits"] == credit
    assert account.call("GET", f"/customers/{customer}/balance?currency=euro", 400)["param"] == "currency"


def test_a_payment_changes_its_currency_as_long_as_nothing_is_paid_with_it(account: Account, customer: int) -> None:
    invoice, dollars = bill(account, customer, 50, currency="eur"), pay(account, customer, 50)
    path = f"/payments/{dollars['id']}"
    changed = account.call("PATCH", path, 200, json={"currency": "eur", "applied_to": [to_invoice(invoice, 50)]})
    assert (changed["currency"], changed["balance"]) == ("eur", 0)
    assert account.call("PATCH", path, 400, json={"currency": "usd"})["param"] == "currency"
    assert account.call("PATCH", path, 200, json={"currency": "usd", "applied_to": []})["balance"] == 50
    assert state(account, invoice)[0] == 50
