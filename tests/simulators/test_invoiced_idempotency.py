"""`Idempotency-Key`: a POST that is sent again gets the answer of the first and does nothing more."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from simulators.invoiced.switches import Switches
from tests.simulators.simulator_drivers import Account, StartInvoiced


def post(account: Account, path: str, status: int, key: str, **body: Any) -> Any:
    return account.call("POST", path, status, json=body, headers={"Idempotency-Key": key})


def test_a_post_that_is_repeated_with_its_key_is_answered_as_the_first(account: Account) -> None:
    client = account.client
    customer = client.Customer.create(idempotency_key="a", name="Acme")
    assert client.Customer.create(idempotency_key="a", name="Acme").id == customer.id
    assert client.Customer.create(idempotency_key="b", name="Acme").id != customer.id
    assert client.Item.create(idempotency_key="a", name="Acme").object == "item", "another address, another call"
    assert client.Customer.list()[1].total_count == 2
    told = [one["type"] for one in account.call("GET", "/events", 200)]
    assert told == ["customer.created", "customer.created"]


def test_a_lost_answer_is_given_to_whoever_asks_again(account: Account) -> None:
    customer = account.client.Customer.create(name="Acme").id
    account.control("POST", "faults", 201, json={"what": "cut_after", "entity": "payment", "count": 1})
    with pytest.raises(OSError):
        post(account, "/payments", 201, "k", customer=customer, amount=5)
    found = post(account, "/payments", 201, "k", customer=customer, amount=5)
    assert [one["id"] for one in account.call("GET", "/payments", 200)] == [found["id"]]


def test_what_was_refused_is_tried_again(account: Account) -> None:
    assert post(account, "/customers", 400, "k")["param"] == "name"
    assert post(account, "/customers", 201, "k", name="Acme")["name"] == "Acme"


def test_a_key_is_used_once_by_calls_at_the_same_time(account: Account) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: post(account, "/customers", 201, "k", name="Acme")["id"], range(8)))
    assert len(set(made)) == 1


@pytest.mark.parametrize(("kept_s", "after_s", "again"), [(60, 59, False), (60, 61, True), (0, 0, True)])
def test_a_key_is_remembered_as_long_as_switched(
    start_invoiced: StartInvoiced, kept_s: int, after_s: int, again: bool
) -> None:
    account = start_invoiced(Switches(idempotency_kept_s=kept_s))
    first = post(account, "/customers", 201, "k", name="Acme")
    account.clock.advance(after_s)
    assert (post(account, "/customers", 201, "k", name="Acme")["id"] != first["id"]) == again
