"""Customers, invoices and credit notes, driven by Invoiced's own Python client."""

from decimal import Decimal
from typing import Any

import pytest

from simulators.clock import Clock
from simulators.invoiced.switches import Switches
from tests.simulators.simulator_drivers import Account, StartInvoiced

DAY_S = 86_400


def invoice_of(account: Account, **more: Any) -> Any:
    customer = account.client.Customer.create(name="Acme", email="pay@acme.example")
    body = {"customer": customer.id, "items": [{"name": "Work", "quantity": 2, "unit_cost": 50}]}
    return account.client.Invoice.create(**(body | more))


def test_a_customer_is_created_with_the_documented_defaults(account: Account) -> None:
    customer = account.client.Customer.create(name="Acme", metadata={"quickbooks_customer_id": "7"})
    assert {name: customer[name] for name in ("number", "type", "country", "taxable", "taxes", "autopay")} == {
        "number": "CUST-0001", "type": "company", "country": "US", "taxable": True, "taxes": [], "autopay": False,
    }  # fmt: skip
    assert customer.metadata == {"quickbooks_customer_id": "7"}
    assert account.client.Customer.retrieve(customer.id) == customer


def test_a_customer_is_changed_in_part_and_metadata_as_a_whole(account: Account) -> None:
    customer = account.client.Customer.create(name="Acme", phone="555", metadata={"a": "1", "b": "2"})
    customer.city = "Chicago"
    customer.metadata = {"b": "3"}
    assert customer.save()
    found = account.call("GET", f"/customers/{customer.id}", 200)
    assert (found["city"], found["phone"], found["metadata"]) == ("Chicago", "555", {"b": "3"})
    account.call("PATCH", f"/customers/{customer.id}", 200, json={"phone": "", "city": None})
    found = account.call("GET", f"/customers/{customer.id}", 200)
    assert (found["phone"], found["city"]) == (None, None)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "B", "number": "A1"}, "number"),
        ({"name": "B", "country": "Germany"}, "country"),
        ({"name": "B", "email": "nobody"}, "email"),
        ({"name": "B", "type": "robot"}, "type"),
        ({"name": "B", "autopay": "perhaps"}, "autopay"),
        ({"name": {"first": "B"}}, "name"),
        ({"name": "B", "metadata": {str(number): "x" for number in range(11)}}, "metadata"),
        ({"name": "B", "metadata": {"k" * 41: "x"}}, "metadata"),
        ({"name": "B", "metadata": {"k": "x" * 256}}, "metadata"),
        ({"name": "B", "parent_customer": 4}, "parent_customer"),
    ],
)
def test_a_bad_parameter_is_named(account: Account, body: dict[str, Any], param: str) -> None:
    account.client.Customer.create(name="A", number="A1")
    answer = account.call("POST", "/customers", 400, json=body)
    assert (answer["type"], answer["param"]) == ("invalid_request", param)


def test_an_invoice_carries_what_it_adds_up_to(account: Account) -> None:
    client = account.client
    for kind, id, value in (("Coupon", "two", 2), ("Coupon", "three", 3), ("TaxRate", "four", 4)):
        getattr(client, kind).create(id=id, name=id, value=value)
    seven = client.TaxRate.create(name="Seven %", value=7)
    lines = [{"name": "S", "quantity": 1, "unit_cost": 412,
              "discounts": [{"coupon": "two"}], "taxes": [{"tax_rate": "four"}]}]  # fmt: skip
    invoice = invoice_of(account, items=lines, discounts=["three"], taxes=[{"tax_rate": dict(seven)}])
    found = account.call("GET", f"/invoices/{invoice.id}", 200)
    assert (found["subtotal"], found["total"], found["balance"]) == (
        412,
        Decimal("435.22"),
        Decimal("435.22"),
    )
    assert found["items"][0]["discounts"][0]["amount"] == Decimal("8.24")
    assert (found["taxes"][0]["amount"], found["taxes"][0]["tax_rate"]["id"]) == (Decimal("27.42"), "seven")
    assert (found["number"], found["status"], found["object"]) == ("INV-0001", "not_sent", "invoice")


def test_amounts_go_in_and_out_exactly(account: Account) -> None:
    customer = account.client.Customer.create(name="Acme")
    items = '[{"quantity": 0.1000000000000000055, "unit_cost": 1e3}]'
    text = f'{{"customer": {customer.id}, "items": {items}}}'
    found = account.call("POST", "/invoices", 201, data=text)
    assert found["items"][0]["quantity"] == Decimal("0.1000000000000000055")
    assert (found["items"][0]["unit_cost"], found["total"]) == (1000, 100)


def test_terms_give_the_due_date_by_whole_days(account: Account) -> None:
    # The 14 days span the end of daylight saving time.
    invoice = invoice_of(account, date=1793250000, payment_terms="NET 14")
    assert invoice.due_date == 1793250000 + 14 * DAY_S
    assert invoice_of(account, autopay=True, due_date=1793250000).due_date is None
    early = invoice_of(account, date=1793250000, payment_terms="2% 10 NET 30")
    assert early.due_date == 1793250000 + 30 * DAY_S


def test_lines_are_replaced_and_known_ones_keep_their_id(account: Account) -> None:
    invoice = invoice_of(account, items=[{"name": "A", "unit_cost": 10}, {"name": "B", "unit_cost": 20}])
    first, second = invoice["items"]
    body = {"items": [second | {"quantity": 3}, {"name": "C", "unit_cost": 5}]}
    found = account.call("PATCH", f"/invoices/{invoice.id}", 200, json=body)
    assert [(one["name"], one["amount"]) for one in found["items"]] == [("B", 60), ("C", 5)]
    assert found["items"][0]["id"] == second["id"] != found["items"][1]["id"] != first["id"]
    assert (found["total"], found["balance"]) == (65, 65)
    # What was fetched cannot be sent back as a new document.
    account.call("POST", "/invoices", 400, json={"customer": invoice.customer, "items": [first]})
    for lines in ([first], [second, second]):
        account.call("PATCH", f"/invoices/{invoice.id}", 400, json={"items": lines})


def test_an_item_of_the_catalog_fills_the_line(account: Account) -> None:
    account.client.Item.create(id="hour", name="Hour", unit_cost=12.5, type="hours", taxable=False)
    invoice = invoice_of(account, items=[{"catalog_item": "hour", "quantity": 4, "name": "Own words"}])
    found = invoice["items"][0]
    assert {name: found[name] for name in ("name", "type", "unit_cost", "amount", "taxable")} == {
        "name": "Own words", "type": "hours", "unit_cost": 12.5, "amount": 50, "taxable": False,
    }  # fmt: skip
    account.call("POST", "/invoices", 400, json={"customer": 1001, "items": [{"catalog_item": "none"}]})


def test_an_item_shows_its_tax_rates_and_brings_them_along(account: Account) -> None:
    rate = account.call("POST", "/tax_rates", 201, json={"name": "State", "value": 7})
    assert account.call("POST", "/items", 400, json={"name": "Hour", "taxes": ["none"]})["param"] == "taxes"
    item = account.call("POST", "/items", 201, json={"name": "Hour", "unit_cost": 100, "taxes": [rate["id"]]})
    assert item["taxes"] == account.call("GET", "/items", 200)[0]["taxes"] == [rate]
    renamed = account.call("PATCH", "/tax_rates/state", 200, json={"name": "State Tax"})
    assert account.call("GET", "/items/hour", 200)["taxes"] == [renamed]
    assert invoice_of(account, items=[{"catalog_item": "hour"}]).total == 107
    account.call("DELETE", "/tax_rates/state", 204)
    assert account.call("GET", "/items/hour", 200)["taxes"] == []
    assert invoice_of(account, items=[{"catalog_item": "hour"}]).total == 100


def test_a_customer_whose_tax_rate_is_gone_is_billed_without_it(account: Account) -> None:
    account.client.TaxRate.create(id="state", name="State", value=7)
    customer = account.client.Customer.create(name="Acme", taxes=["state"]).id
    account.call("DELETE", "/tax_rates/state", 204)
    assert invoice_of(account, customer=customer).taxes == []


def test_a_customers_taxes_apply_unless_told_otherwise(account: Account) -> None:
    account.client.TaxRate.create(id="state", name="State", value=6.25)
    customer = account.client.Customer.create(name="Taxed", taxes=["state"])
    lines = [{"unit_cost": 100}]
    taxed = account.client.Invoice.create(customer=customer.id, items=lines)
    plain = account.client.Invoice.create(customer=customer.id, items=lines, calculate_taxes=False)
    assert (taxed.total, plain.total) == (106.25, 100)


@pytest.mark.parametrize("plural", ["invoices", "credit_notes"])
def test_an_edit_takes_on_a_customers_taxes_only_if_told(account: Account, plural: str) -> None:
    account.client.TaxRate.create(id="state", name="State", value=6.25)
    taxed = account.client.Customer.create(name="Taxed", taxes=["state"]).id
    exempt = account.client.Customer.create(name="Exempt", taxes=["state"], taxable=False).id

    def edited(customer: int, **change: Any) -> Decimal:
        body = {"customer": customer, "items": [{"unit_cost": 100}], "calculate_taxes": False}
        document = account.call("POST", f"/{plural}", 201, json=body)
        assert document["total"] == 100
        found = account.call("PATCH", f"/{plural}/{document['id']}", 200, json=change)
        # Once there, they stay and are reckoned anew with the lines.
        lines = {"items": [{"unit_cost": 200}]}
        return Decimal(account.call("PATCH", f"/{plural}/{document['id']}", 200, json=lines)["total"] - found["total"])

    assert edited(taxed, notes="x") == edited(taxed, calculate_taxes=False) == 100
    assert edited(taxed, calculate_taxes=True) == Decimal("106.25")
    assert edited(exempt, calculate_taxes=True) == 100
    # Taxes of the request's own are kept instead.
    assert edited(taxed, calculate_taxes=True, taxes=[{"amount": 5}]) == 100


def test_a_zero_invoice_is_paid_at_once_and_a_negative_one_refused(account: Account) -> None:
    invoice = invoice_of(account, items=[{"unit_cost": 0}])
    assert (invoice.paid, invoice.closed, invoice.status) == (True, True, "paid")
    account.call("POST", "/invoices", 400, json={"customer": 1001, "items": [{"unit_cost": -5}]})


def test_closing_is_bad_debt_and_reopening_undoes_it(account: Account) -> None:
    invoice = invoice_of(account)
    for closed, status in ((True, "bad_debt"), (False, "not_sent")):
        found = account.call("PATCH", f"/invoices/{invoice.id}", 200, json={"closed": closed})
        assert (found["status"], found["closed"], found["paid"], found["balance"]) == (
            status,
            closed,
            False,
            100,
        )


def test_a_voided_invoice_stays_and_takes_no_edits(account: Account, start_invoiced: StartInvoiced) -> None:
    invoice = invoice_of(account)
    assert invoice.void() and (invoice.status, invoice.balance) == ("voided", 0)
    account.call("POST", f"/invoices/{invoice.id}/void", 400)
    account.call("PATCH", f"/invoices/{invoice.id}", 400, json={"items": []})
    account.call("PATCH", f"/invoices/{invoice.id}", 200, json={"metadata": {"seen": "yes"}})
    assert account.client.Invoice.list()[1].total_count == 1
    invoice.delete()
    account.call("GET", f"/invoices/{invoice.id}", 404)

    kept = invoice_of(start_invoiced(Switches(void_keeps_balance=True)))
    kept.void()
    assert (kept.status, kept.balance) == ("voided", 100)


def test_an_invoice_becomes_past_due_when_its_time_has_come(start_invoiced: StartInvoiced) -> None:
    account = start_invoiced(clock=Clock())
    invoice = invoice_of(account, payment_terms="NET 7")
    account.control("POST", "clock", 200, json={"advance_seconds": 8 * DAY_S})
    found = account.call("GET", f"/invoices/{invoice.id}", 200)
    assert found["status"] == "past_due"
    assert found["updated_at"] >= invoice.updated_at + 8 * DAY_S
    assert account.call("GET", "/events", 200)[0]["data"]["previous"]["status"] == "not_sent"


def test_a_discount_that_expires_stops_applying_to_what_is_still_open(account: Account) -> None:
    ends = account.clock.timestamp() + DAY_S
    account.client.Coupon.create(id="early", name="Early", value=10)
    line = {"name": "Work", "unit_cost": 100, "discounts": [{"amount": 5, "expires": ends}, {"amount": 1}]}
    body = {"items": [line], "discounts": [{"coupon": "early", "expires": ends + DAY_S}], "taxes": [{"amount": 8}]}
    invoice, paid, draft = (invoice_of(account, **body, draft=is_draft) for is_draft in (False, False, True))
    assert invoice.total == 92.6
    account.client.Payment.create(
        customer=paid.customer, amount=92.6, applied_to=[{"type": "invoice", "invoice": paid.id, "amount": 92.6}]
    )
    totals = []
    for _ in range(3):
        account.control("POST", "clock", 200, json={"advance_seconds": DAY_S + 1})
        found = account.call("GET", f"/invoices/{invoice.id}", 200)
        totals.append((found["total"], found["balance"], len(found["items"][0]["discounts"]), len(found["discounts"])))
    assert totals == [(Decimal("97.1"), Decimal("97.1"), 1, 1), (107, 107, 1, 0), (107, 107, 1, 0)]
    told = account.call("GET", f"/events?type=invoice.updated&related_to=invoice,{invoice.id}", 200)
    assert [one["data"]["previous"]["total"] for one in told] == [Decimal("97.1"), Decimal("92.6")]
    for one, status in ((paid, "paid"), (draft, "draft")):
        kept = account.call("GET", f"/invoices/{one.id}", 200)
        assert (kept["status"], kept["total"]) == (status, Decimal("92.6"))


def test_an_invoice_is_viewed_by_its_customer(account: Account) -> None:
    invoice = invoice_of(account, draft=True)
    account.control("POST", f"invoices/{invoice.id}/view", 400)
    invoice.draft = False
    invoice.save()
    assert account.control("POST", f"invoices/{invoice.id}/view", 200)["status"] == "viewed"
    told = [one["type"] for one in account.call("GET", "/events", 200)]
    assert told[:2] == ["invoice.viewed", "invoice.updated"]
    invoice.void()
    assert invoice.status == "voided"


def test_requests_may_come_as_forms(account: Account) -> None:
    customer = account.client.Customer.create(name="Acme")
    form = {"customer": customer.id, "items[0][name]": "A", "items[0][unit_cost]": "12.50",
            "items[1][name]": "B", "items[1][quantity]": "2", "metadata[color]": "red", "draft": "1"}  # fmt: skip
    found = account.call("POST", "/invoices", 201, data=form)
    assert [one["name"] for one in found["items"]] == ["A", "B"]
    assert (found["total"], found["draft"], found["metadata"]) == (Decimal("12.5"), True, {"color": "red"})


@pytest.mark.parametrize("body", [b"{", b"[1]", b'"x"', b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(account: Account, body: bytes) -> None:
    assert account.call("POST", "/customers", 400, data=body)["type"] == "invalid_request"


def test_unknown_paths_and_methods_are_answered_in_json(account: Account) -> None:
    for method, path in (
        ("GET", "/nothing"),
        ("POST", "/events"),
        ("GET", "/invoices/abc"),
        ("PUT", "/items/1"),
    ):
        assert account.call(method, path, 404)["type"] == "invalid_request"


def test_a_line_beyond_all_reason_is_refused(account: Account) -> None:
    customer = account.client.Customer.create(name="Acme").id
    body = {"customer": customer, "items": [{"name": "All", "quantity": 10**14, "unit_cost": 10**14}]}
    assert account.call("POST", "/invoices", 400, json=body)["param"] == "items"


def test_a_customer_on_credit_hold_gets_no_new_invoices(account: Account) -> None:
    customer = account.client.Customer.create(name="Acme").id
    body = {"customer": customer, "items": [{"name": "Work", "unit_cost": 5}]}
    standing = account.call("POST", "/invoices", 201, json=body | {"draft": True})
    account.call("PATCH", f"/customers/{customer}", 200, json={"credit_hold": True})
    refused = account.call("POST", "/invoices", 400, json=body)
    assert refused["message"] == "New invoices cannot be created for this account because it has a credit hold."
    assert account.call("PATCH", f"/invoices/{standing['id']}", 200, json={"draft": False})["balance"] == 5


def test_an_invoice_beyond_the_credit_limit_is_not_issued(account: Account) -> None:
    customer = account.client.Customer.create(name="Acme", credit_limit=10_000).id
    body = {"customer": customer, "items": [{"name": "Work", "unit_cost": 5500}]}
    account.call("POST", "/invoices", 201, json=body)
    draft = account.call("POST", "/invoices", 201, json=body | {"draft": True})
    account.call("POST", "/invoices", 201, json=body | {"currency": "eur"})
    issued = {"draft": False}
    for method, path, said in (("POST", "/invoices", body), ("PATCH", f"/invoices/{draft['id']}", issued)):
        assert account.call(method, path, 400, json=said)["message"] == (
            "This invoice cannot be created because the new amount outstanding ($11,000.00) exceeds the account's "
            "credit limit ($10,000.00)."
        )
    account.client.Payment.create(customer=customer, amount=1000)
    account.call("PATCH", f"/customers/{customer}", 200, json={"credit_limit": 11_000})
    account.call("PATCH", f"/invoices/{draft['id']}", 200, json=issued)
