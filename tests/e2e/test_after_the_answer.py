"""Once a sender has its 200, the change arrives, whatever happens to the processes and the broker meanwhile."""

from tests.e2e import books
from tests.e2e.conftest import behind_a_switch, both_set_ups
from tests.e2e.product import Product
from tests.e2e.simulators import Company
from tests.integration.test_receiver_outages import Switch


def issue(company: Company, number: int) -> None:
    customer = company.invoiced.customer(f"Customer {number}")["id"]
    invoice = company.invoiced.invoice(customer, ("Consulting", "2", f"1{number}.50"))
    company.invoiced.pay(customer, "10", (invoice["id"], "10"))


@both_set_ups
def test_a_webhook_that_was_answered_outlives_the_process_that_answered(product: Product, company: Company) -> None:
    product.start(consumers=0)
    for number in range(12):
        issue(company, number)
    product.wait_until(lambda: product.undelivered() == 0, "every webhook was answered with 200")
    product.web.kill()
    assert product.records() == []

    product.begin_web()
    product.begin_consumer()
    product.wait_until_at_rest()

    books.assert_they_agree(company)
    assert len(company.quickbooks.objects("Invoice")) == 12
    assert product.not_well() == []


@behind_a_switch
def test_the_connections_to_rabbitmq_break_in_the_middle_of_work(
    product: Product, company: Company, switch: Switch
) -> None:
    product.start(consumers=2)
    company.quickbooks.fault("delay", seconds=0.1, path=f"/v3/company/{company.quickbooks.realm_id}")
    for number in range(20):
        issue(company, number)
        if number in (5, 12):
            switch.off()
        if number in (8, 15):
            switch.on()
    product.wait_until_at_rest()
    books.assert_they_agree(company)
    assert product.not_well() == []
