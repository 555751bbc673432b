"""SIGTERM: a process ends within seconds, and what it had in hand is finished or handed back."""

import time

from tests.e2e import books
from tests.e2e.conftest import both_set_ups
from tests.e2e.product import Product
from tests.e2e.simulators import Company

# Sooner than a consumer gives up waiting for what it has in hand, and long before a lease runs out.
ENDS_WITHIN_S = 20.0


@both_set_ups
def test_a_consumer_ends_and_leaves_nothing_half_done(product: Product, company: Company) -> None:
    product.start(consumers=0)
    # Four at a time: nine seconds of work.
    company.quickbooks.fault("delay", seconds=3, entity="Invoice")
    for number in range(12):
        company.invoiced.invoice(company.invoiced.customer(f"Customer {number}")["id"])
    product.wait_until(lambda: product.undelivered() == 0, "all is queued")
    product.begin_consumer()
    product.wait_until(lambda: company.calls_to_quickbooks("create", "Invoice") > 0, "work is in hand")

    began_at = time.monotonic()
    product.end_consumers(ENDS_WITHIN_S)
    assert time.monotonic() - began_at < ENDS_WITHIN_S

    standing = len(company.quickbooks.objects("Invoice"))
    assert 0 < standing < 12
    assert [record.record_id for record in product.records() if record.lease_owner is not None] == []
    settled = [record for record in product.records() if record.kind == "invoice" and record.outcome == "synced"]
    assert len(settled) == standing

    company.heal()
    product.begin_consumer()
    # No lease has to run out first.
    product.wait_until_at_rest(within_s=40)
    books.assert_they_agree(company)
    assert product.complaints() == []


def test_the_web_process_ends_while_webhooks_come_in(product: Product, company: Company) -> None:
    product.start(consumers=0)
    for number in range(10):
        company.invoiced.customer(f"Customer {number}")
    began_at = time.monotonic()
    product.web.ask_to_end()
    assert product.web.wait_for_end(ENDS_WITHIN_S) == 0
    assert time.monotonic() - began_at < ENDS_WITHIN_S
    assert product.complaints() == []

    product.begin_web()
    product.begin_consumer()
    product.wait_until_at_rest()
    assert len(product.records()) == 10
