"""Much at once, for several consumer processes."""

import time
from concurrent.futures import ThreadPoolExecutor

import requests

from tests.e2e import books
from tests.e2e.conftest import both_set_ups
from tests.e2e.product import WEBHOOK_SECRET, Product
from tests.e2e.simulators import Company
from tests.patience import PATIENCE_S, eventually
from tests.receiver_setup import invoiced_event, invoiced_headers

BURST_S = 1.5


@both_set_ups
def test_twenty_events_of_one_invoice_cost_two_looks_at_most(product: Product, company: Company) -> None:
    product.start(consumers=2)
    invoice = company.invoiced.invoice(company.invoiced.customer("Acme")["id"])
    product.wait_until_at_rest()
    company.forget_calls()
    body = invoiced_event(invoice["id"])

    def is_taken() -> bool:
        signed = invoiced_headers(WEBHOOK_SECRET, body)
        return requests.post(company.webhook_url, body, headers=signed, timeout=PATIENCE_S).ok

    began_at = time.monotonic()
    with ThreadPoolExecutor(8) as senders:
        list(senders.map(lambda _: eventually(is_taken), range(20)))
    product.wait_until(lambda: not product.messages_left(), "all of them were taken")
    # And half a second for what RabbitMQ has handed out last.
    took_s = time.monotonic() - began_at + 0.5
    product.wait_until_at_rest()

    # On a machine so busy that they were taken over several seconds, it was more than one burst.
    looks = company.calls_to_invoiced("GET", f"/invoices/{invoice['id']}")
    assert 1 <= looks <= 2 + int(took_s / BURST_S)
    assert company.quickbooks.calls() == []


@both_set_ups
def test_sixty_invoices_of_one_new_customer_share_it_and_its_items(product: Product, company: Company) -> None:
    product.start(consumers=0)
    customer = company.invoiced.customer("Acme")["id"]
    for number in range(60):
        company.invoiced.invoice(customer, ("Consulting", "1", "100"), ("Travel", str(number + 1), "0.5"))
    product.wait_until(lambda: product.undelivered() == 0, "every webhook was answered")

    for _ in range(2):
        product.begin_consumer()
    product.wait_until_at_rest()

    books.assert_they_agree(company)
    assert len(company.quickbooks.objects("Invoice")) == 60
    assert product.not_well() == []
    assert product.complaints() == []


@both_set_ups
def test_an_expired_access_token_is_refreshed_once_for_all_processes(product: Product, company: Company) -> None:
    product.start(consumers=2)
    realm = f"/_simulator/companies/{company.quickbooks.realm_id}"
    for wave in range(2):
        # A refresh token of that age is replaced with the refresh: the second wave needs the new one.
        company.quickbooks.call("PATCH", realm, {"access_tokens": "expired", "refresh_token_age_hours": 25})
        company.forget_calls()
        for number in range(10):
            company.invoiced.invoice(company.invoiced.customer(f"Customer {wave}-{number}")["id"])
        product.wait_until_at_rest()
        assert company.calls_to_quickbooks("token") == 1

    books.assert_they_agree(company)
    assert product.not_well() == []
    assert product.complaints() == []
