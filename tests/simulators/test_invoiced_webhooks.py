"""Events, signed webhooks, replay, raw overrides, faults and limits."""

import hashlib
import hmac
import threading
from typing import Any

import pytest
import requests
from invoiced import errors

from simulators.invoiced.switches import Switches
from simulators.json_numbers import read_json
from tests.patience import PATIENCE_S, eventually
from tests.simulators.simulator_drivers import Account, Inbox, StartInvoiced


def test_a_paid_invoice_tells_what_changed(account: Account, inbox: Inbox) -> None:
    account.control("POST", "webhooks", 201, json={"url": inbox.url, "secret": "hush"})
    client = account.client
    client.Customer.create(name="Acme")
    invoice = client.Invoice.create(customer=1001, items=[{"unit_cost": 428}], sent=True)
    account.clock.advance(60)
    client.Payment.create(
        customer=1001, amount=428, applied_to=[{"type": "invoice", "invoice": invoice.id, "amount": 428}]
    )
    events = [read_json(body) for body in inbox.wait_for(5)]
    assert [one["type"] for one in events] == [
        "customer.created", "invoice.created", "payment.created", "invoice.updated", "invoice.paid",
    ]  # fmt: skip
    updated = events[3]
    assert updated["data"]["object"]["customer"]["name"] == "Acme"
    assert updated["data"]["previous"] == {
        "balance": 428, "closed": False, "paid": False, "payment_url": invoice.payment_url, "status": "sent",
        "updated_at": invoice.updated_at,
    }  # fmt: skip
    assert events[2]["data"]["object"]["applied_to"][0]["amount"] == 428
    for body, headers in zip(inbox.bodies, inbox.headers, strict=True):
        assert headers["X-Invoiced-Signature"] == hmac.new(b"hush", body, hashlib.sha256).hexdigest()
    # The same event is read back, newest first.
    assert account.call("GET", "/events", 200) == events[::-1]
    assert account.call("GET", f"/events/{updated['id']}", 200) == updated


def test_events_of_one_type_are_paged_newest_first(account: Account) -> None:
    for name in ("A", "B"):
        account.client.Customer.create(name=name)
        account.client.Invoice.create(customer=1001, items=[{"unit_cost": 1}])
    made, meta = account.client.Event.list(type="customer.created", per_page=1, page=2)
    assert ([one.data["object"]["name"] for one in made], meta.total_count) == (["A"], 2)
    both = account.client.Event.list(type="customer.created", related_to="customer,1002")[0]
    assert [one.data["object"]["name"] for one in both] == ["B"]
    assert account.client.Event.list(type="customer.merged")[0] == []


def test_events_are_found_by_what_they_are_about(account: Account) -> None:
    account.client.Customer.create(name="A")
    first, second = (account.client.Invoice.create(customer=1001, items=[{"unit_cost": 1}]).id for _ in range(2))
    account.call("PATCH", f"/invoices/{first}", 200, json={"notes": "Thank you"})
    account.client.CreditNote.create(customer=1001, invoice=second, items=[{"unit_cost": 1}])

    def about(query: str) -> list[str]:
        return [event["type"] for event in account.call("GET", f"/events?{query}", 200)]

    assert about(f"related_to=invoice,{first}") == ["invoice.updated", "invoice.created"]
    assert about(f"related_to=invoice,{first}&type=invoice.created") == ["invoice.created"]
    assert "credit_note.created" in about(f"related_to=invoice,{second}")
    assert len(about("related_to=customer,1001")) == len(about(""))
    assert about("related_to=invoice,1") == about("related_to=nothing,1") == []
    account.call("GET", "/events?related_to=invoice", 400)


def test_events_of_a_time_are_found_newest_first(account: Account) -> None:
    stamps = []
    for name in ("A", "B", "C"):
        account.client.Customer.create(name=name)
        account.client.Item.create(name=name)  # of this there is no event
        stamps.append(account.call("GET", "/events", 200)[0]["timestamp"])
        account.clock.advance(100)
    account.client.Payment.create(customer=1001, amount=5)

    def found(**params: Any) -> list[int]:
        return [one.id for one in account.client.Event.list(**params)[0]]

    assert found(start_date=stamps[1]) == [4, 3, 2]
    assert found(start_date=stamps[0] + 1, end_date=stamps[1]) == [2]
    assert found(start_date=stamps[1], type="customer.created") == [3, 2]
    assert found(start_date=stamps[1], end_date=stamps[2], related_to="customer,1003") == [3]
    assert found(end_date=stamps[0] - 1) == []
    account.call("GET", "/events?start_date=yesterday", 400)


def test_an_address_that_always_refuses_is_tried_hourly_for_two_days_and_then_disabled(
    account: Account, inbox: Inbox
) -> None:
    inbox.answers = [500, 500, 200, *[500] * 95]
    account.control("POST", "webhooks", 201, json={"url": inbox.url, "secret": "hush"})
    for name in ("First", "Second"):
        account.client.Customer.create(name=name)

    def tries() -> list[int]:
        return [len(one["attempts"]) for one in account.call("GET", "/webhook_attempts", 200)]

    def later(seconds: int) -> None:
        account.control("POST", "clock", 200, json={"advance_seconds": seconds})

    eventually(lambda: tries() == [1, 1])
    later(3000)
    account.client.Customer.create(name="Between")  # it would come after the two if they were due
    eventually(lambda: tries() == [1, 1, 1])
    later(600)
    for hour in range(1, 48):
        eventually(lambda hour=hour: tries() == [hour + 1, hour + 1, 1])  # type: ignore[misc]
        later(3600)
    eventually(lambda: tries() == [49, 48, 1])
    eventually(lambda: bool(account.control("GET", "webhooks", 200)[0]["disabled"]))
    shown = {"target": "account-1", "url": inbox.url, "disabled": True, "waiting": 1, "failing": 1}
    assert account.control("GET", "webhooks", 200) == [shown]
    assert account.control("POST", "webhooks/flush", 200, json={}) == {"delivered": False}
    first = account.call("GET", "/webhook_attempts", 200)[0]
    assert first["payload"] == read_json(inbox.bodies[0]) == account.call("GET", f"/events/{first['event_id']}", 200)
    assert {one["status_code"] for one in first["attempts"]} == {500}

    # What happens now is not sent, only recorded; given anew, the address gets what waited and what comes.
    account.client.Customer.create(name="Third")
    assert len(account.call("GET", "/events", 200)) == 4
    account.control("POST", "webhooks", 201, json={"url": inbox.url, "secret": "hush"})
    account.client.Customer.create(name="Fourth")
    sent = [read_json(body)["data"]["object"]["name"] for body in inbox.wait_for(100)[98:]]
    assert sent == ["Second", "Fourth"]


def test_an_address_that_recovers_gets_all_that_waited(start_invoiced: StartInvoiced, inbox: Inbox) -> None:
    account = start_invoiced(Switches(retry_speed=360_000))  # an hour is 10 ms
    inbox.answers = [503] * 20
    account.control("POST", "webhooks", 201, json={"url": inbox.url, "secret": "hush"})
    made = {account.client.Customer.create(name=name).id for name in ("First", "Second", "Third")}
    taken = [read_json(body)["data"]["object"]["id"] for body in inbox.wait_for(23)[20:]]
    assert set(taken) == made and len(taken) == 3
    eventually(lambda: account.control("GET", "webhooks", 200)[0]["waiting"] == 0)
    assert account.control("GET", "webhooks", 200)[0]["disabled"] is False
    attempts = account.call("GET", "/webhook_attempts", 200)
    statuses = [[one["status_code"] for one in attempt["attempts"]] for attempt in attempts]
    assert [one[-1] for one in statuses] == [200] * 3
    assert sum(one.count(503) for one in statuses) == 20


def test_a_webhook_is_sent_again_on_demand(account: Account, inbox: Inbox) -> None:
    account.control("POST", "webhooks", 201, json={"url": inbox.url, "secret": "hush"})
    account.client.Customer.create(name="Acme")
    inbox.wait_for(1)
    eventually(lambda: len(account.call("GET", "/webhook_attempts", 200)) == 1)
    (attempt,) = account.call("GET", "/webhook_attempts", 200)
    account.call("POST", f"/webhook_attempts/{attempt['id']}/retries", 204)
    first, again = inbox.wait_for(2)
    assert first == again
    account.call("POST", "/webhook_attempts/99/retries", 404)


@pytest.mark.parametrize(("deletes", "kind"), [(False, "payment.updated"), (True, "payment.deleted")])
def test_voiding_a_payment_tells_so(start_invoiced: StartInvoiced, deletes: bool, kind: str) -> None:
    account = start_invoiced(Switches(payment_void_deletes=deletes))
    account.client.Payment.create(amount=5).delete()
    event = account.call("GET", "/events", 200)[0]
    assert (event["type"], event["data"]["object"]["voided"]) == (kind, True)


def test_a_change_without_a_difference_tells_nothing(account: Account) -> None:
    customer = account.client.Customer.create(name="Acme", city="Chicago")
    account.clock.advance(60)
    found = account.call("PATCH", f"/customers/{customer.id}", 200, json={"name": "Acme", "city": "Chicago"})
    assert found["updated_at"] == customer.updated_at
    assert len(account.call("GET", "/events", 200)) == 1


def test_only_the_latest_events_are_kept(start_invoiced: StartInvoiced) -> None:
    account = start_invoiced(Switches(events_kept=3))
    for number in range(5):
        account.client.Customer.create(name=f"C{number}")
    assert [one["id"] for one in account.call("GET", "/events", 200)] == [5, 4, 3]


def test_replay_sends_all_that_stands(start_invoiced: StartInvoiced, inbox: Inbox) -> None:
    account = start_invoiced(empty=False)
    answer = account.control("POST", "webhooks", 201, json={"url": inbox.url, "secret": "hush", "replay": True})
    events = [read_json(body) for body in inbox.wait_for(answer["replayed"])]
    counts = {kind: sum(one["type"] == f"{kind}.created" for one in events) for kind in ("customer", "invoice")}
    assert counts == {"customer": 40, "invoice": 150}
    assert len(events) == len({one["id"] for one in events}) == answer["replayed"]
    first = next(one for one in events if one["type"] == "invoice.created")
    assert first["timestamp"] == first["data"]["object"]["updated_at"]


def test_each_account_has_its_own_key_objects_and_webhook(start_invoiced: StartInvoiced, inbox: Inbox) -> None:
    account = start_invoiced(companies=2)
    keys = [one["api_key"] for one in account.control("GET", "credentials", 200)["companies"]]
    assert keys[0] == account.key
    account.control("POST", "webhooks", 201, json={"url": inbox.url, "secret": "b", "api_key": keys[1]})
    account.client.Customer.create(name="First")
    account.key = keys[1]
    account.client.Customer.create(name="Second")
    assert [read_json(body)["data"]["object"]["name"] for body in inbox.wait_for(1)] == ["Second"]
    assert [one.name for one in account.client.Customer.list()[0]] == ["Second"]


def test_raw_fields_are_kept_as_they_are_and_told(account: Account) -> None:
    account.client.Customer.create(name="Acme")
    account.client.Invoice.create(customer=1001, items=[{"unit_cost": 55}])
    found = account.control("POST", "invoices/20001/raw", 200, json={"total": 51.15, "colour": "red"})
    assert (found["subtotal"], found["total"], found["colour"]) == (55, read_json("51.15"), "red")
    event = account.call("GET", "/events", 200)[0]
    assert (event["type"], event["data"]["previous"]["total"]) == ("invoice.updated", 55)
    assert account.control("PATCH", "objects/customer/1001", 200, json={"name": "X" * 10_000})["id"] == 1001
    for path, body in (("objects/robot/1", {}), ("objects/customer/1001", {"id": 5}),
                       ("objects/customer/1001", {"updated_at": "now"})):  # fmt: skip
        account.control("PATCH", path, 400, json=body)
    account.control("PATCH", "objects/customer/99", 404, json={"name": "B"})


def test_faults_that_invoiced_cannot_have_are_refused(account: Account) -> None:
    for what in ("stale_token", "closed_period"):
        account.control("POST", "faults", 400, json={"what": what})


def test_work_is_done_though_the_answer_is_cut_off(account: Account) -> None:
    account.control("POST", "faults", 201, json={"what": "cut_after", "operation": "create", "count": 1})
    with pytest.raises(errors.ApiConnectionError):
        account.client.Customer.create(name="Acme", metadata={"mark": "7"})
    assert [one.name for one in account.client.Customer.list(metadata={"mark": "7"})[0]] == ["Acme"]
    logged = account.control("GET", "requests", 200)
    assert [(one["entity"], one["operation"], one["status"]) for one in logged] == [
        ("customer", "create", None),
        ("customer", "query", 200),
    ]


@pytest.mark.parametrize(("limits", "throttled"), [(True, 1), (False, 0)])
def test_a_key_may_have_twenty_calls_in_work(start_invoiced: StartInvoiced, limits: bool, throttled: int) -> None:
    account = start_invoiced(limits=limits)
    company = account.simulator.store.company("account-1")
    statuses: list[int] = []

    def call() -> None:
        # Each thread has a connection of its own: a session is not for several of them.
        answer = requests.post(
            f"{account.url}/customers", json={"name": "A"}, auth=(account.key, ""), timeout=PATIENCE_S
        )
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=call) for _ in range(21)]
    with company.hold():  # nobody gets on before all are in
        for thread in threads:
            thread.start()
        eventually(lambda: len(account.control("GET", "requests", 200)) == 21 and len(statuses) == throttled)
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201] * (21 - throttled) + [429] * throttled
