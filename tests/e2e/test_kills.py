"""Processes are killed at any moment, and the network and QuickBooks fail beside: nothing is lost, nothing doubled."""

import os
import random
import signal
import time
from contextlib import suppress
from typing import Any

import pytest

from tests.e2e import books
from tests.e2e.business import Business
from tests.e2e.conftest import both_set_ups
from tests.e2e.product import Product
from tests.e2e.simulators import Company

# One call in three; most of them are done, and their answer is lost.
FAULTS: tuple[dict[str, Any], ...] = (
    {"what": "cut_after", "share": 0.15},
    {"what": "truncate", "share": 0.08},
    {"what": "cut_before", "share": 0.04},
    {"what": "status", "status": 500, "share": 0.04},
    {"what": "html", "share": 0.04},
)


def kill_something(product: Product, chance: random.Random) -> None:
    """Kill a consumer, all of them, or a worker of the web server; consumers are started again as by a manager."""
    victim = chance.choice(("consumer", "consumer", "consumers", "web worker"))
    if victim == "web worker":
        workers = product.web.children()
        if workers:
            with suppress(ProcessLookupError):  # one that has just been replaced
                os.kill(chance.choice(workers), signal.SIGKILL)
        return
    victims = list(product.consumers) if victim == "consumers" else [chance.choice(product.consumers)]
    for consumer in victims:
        product.kill_consumer(consumer)
    for _ in victims:
        product.begin_consumer()


def held(product: Product) -> int:
    """Return how many records are leased."""
    return sum(record.lease_owner is not None for record in product.records())


@pytest.mark.parametrize("faults", [(), FAULTS], ids=["kills", "kills and faults"])
@both_set_ups
def test_whatever_is_killed_all_stands_in_quickbooks_once(
    product: Product, company: Company, faults: tuple[dict[str, Any], ...]
) -> None:
    product.start(consumers=2)
    chance = random.Random(2026)
    for seed, fault in enumerate(faults):
        company.quickbooks.fault(**fault, seed=seed)
        company.invoiced.fault(**fault, seed=seed, operation="read")
    for number, _ in enumerate(Business(company.invoiced, chance).of_a_day(invoices=40), 1):
        time.sleep(chance.uniform(0, 0.16))
        if number % 10 == 0:
            kill_something(product, chance)
        if number == 70 and faults:
            # A minute's pause for all calls to the company, and for one record.
            company.quickbooks.fault("throttle", count=1)
            company.invoiced.fault("throttle", count=1, operation="read")
    company.heal()

    # The dead hold leases; what met a fault waits for its next try.
    product.end_consumers()
    product.let_time_pass()
    for _ in range(2):
        product.begin_consumer()
    product.wait_until_at_rest()

    books.assert_they_agree(company)
    assert product.not_well() == []


@both_set_ups
def test_a_living_consumer_takes_up_the_work_of_a_dead_one(product: Product, company: Company) -> None:
    product.start(consumers=2)
    customer = company.invoiced.customer("Acme")["id"]
    company.invoiced.invoice(customer)
    product.wait_until_at_rest()
    # Until then all eight are on their way, four by each consumer.
    company.quickbooks.fault("delay", seconds=10, entity="Invoice", operation="create")
    company.forget_calls()
    for _ in range(8):
        company.invoiced.invoice(customer)
    product.wait_until(lambda: company.calls_to_quickbooks("create", "Invoice") == 8, "all eight are on their way")
    product.kill_consumer(product.consumers[0])

    # QuickBooks does the work all the same; nobody hears its answers to the dead.
    product.wait_until(lambda: len(company.quickbooks.objects("Invoice")) == 9, "all stand in QuickBooks")
    product.wait_until(lambda: held(product) == 4, "the living one has remembered its own")
    company.heal()
    product.let_time_pass()
    product.wait_until_at_rest()

    books.assert_they_agree(company)
    assert product.not_well() == []
    assert product.complaints() == []
