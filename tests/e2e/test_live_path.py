"""From a change at one vendor to the other vendor's books, through the product's own processes."""

from decimal import Decimal

import requests

from tests.e2e import books
from tests.e2e.conftest import both_set_ups
from tests.e2e.product import WEBHOOK_SECRET, Product
from tests.e2e.simulators import Company, Simulators
from tests.patience import PATIENCE_S
from tests.receiver_setup import invoiced_event, invoiced_headers

# "Within seconds": by its webhook, and not by the next sweep. A busy machine is allowed for.
SECONDS = 60.0


@both_set_ups
def test_a_change_at_one_end_arrives_at_the_other(product: Product, company: Company) -> None:
    product.start(consumers=1)
    invoiced, quickbooks = company.invoiced, company.quickbooks
    customer = invoiced.customer("Acme", email="billing@acme.test", city="Austin", state="TX", country="US")
    invoice = invoiced.invoice(
        customer["id"],
        ("Consulting", "3", "33.33"),
        ("Travel", "1", "0.05"),
        discounts=[{"amount": Decimal("4.99")}],
        taxes=[{"amount": Decimal("7.84")}],
    )
    payment = invoiced.pay(customer["id"], "50", (invoice["id"], "50"), reference="1042")
    assert invoice["total"] == Decimal("102.89")

    product.wait_until(lambda: len(quickbooks.objects("Payment")) == 1, "the payment stands in QuickBooks", SECONDS)
    product.wait_until_at_rest()

    books.assert_they_agree(company)
    posted = quickbooks.one("Invoice")
    assert (posted["TotalAmt"], posted["TxnTaxDetail"]["TotalTax"], posted["Balance"]) == (
        Decimal("102.89"),
        Decimal("7.84"),
        Decimal("52.89"),
    )
    discounts = [line["Amount"] for line in posted["Line"] if line["DetailType"] == "DiscountLineDetail"]
    assert discounts == [Decimal("4.99")]
    assert quickbooks.one("Payment")["PaymentRefNum"] == "1042"

    invoiced.edit("invoices", invoice["id"], discounts=[])
    invoiced.call("DELETE", f"/payments/{payment['id']}")
    product.wait_until(lambda: quickbooks.one("Invoice")["Balance"] == Decimal("107.88"), "the edit arrived", SECONDS)

    posted_customer = quickbooks.one("Customer")
    quickbooks.by_hand(
        "Customer",
        {
            "Id": posted_customer["Id"],
            "sparse": True,
            "DisplayName": f"Acme Corp {customer['number']}",
            "PrimaryEmailAddr": {"Address": "office@acme.test"},
            "PrimaryPhone": {"FreeFormNumber": "512 555 0100"},
        },
    )

    def arrived() -> bool:
        now = invoiced.call("GET", f"/customers/{customer['id']}")
        return (now["name"], now["email"], now["phone"]) == ("Acme Corp", "office@acme.test", "512 555 0100")

    product.wait_until(arrived, "the changed customer arrived in Invoiced", SECONDS)
    product.wait_until_at_rest()
    books.assert_they_agree(company)
    status = product.status()
    assert (status["queued"], status["in_work"], status["waiting"], status["dead_letters"]) == (0, 0, 0, 0)
    assert {outcome for outcome, count in status["outcomes"].items() if count} <= {"synced", "unchanged"}
    assert product.complaints() == []


@both_set_ups
def test_a_webhook_that_its_sender_did_not_sign_does_nothing(product: Product, simulators: Simulators) -> None:
    company = simulators.company()
    invoice = company.invoiced.invoice(company.invoiced.customer("Acme")["id"])
    product.connect(company)
    product.start(consumers=1)
    invoiced_url, quickbooks_url = company.webhook_url, f"{product.url}/webhooks/quickbooks"
    body = invoiced_event(invoice["id"])
    signed = invoiced_headers(WEBHOOK_SECRET, body)
    unsigned = {"Content-Type": "application/json"}

    for url, sent, headers in (
        (invoiced_url, body, invoiced_headers("another secret", body)),
        (invoiced_url, body + b" ", signed),
        (invoiced_url, body, unsigned),
        (quickbooks_url, b"[]", unsigned),
        (quickbooks_url, body, signed),
    ):
        assert requests.post(url, sent, headers=headers, timeout=PATIENCE_S).status_code == 401

    # What is handled in the end shows that the others would have been by now.
    body = invoiced_event(404)
    assert requests.post(invoiced_url, body, headers=invoiced_headers(WEBHOOK_SECRET, body), timeout=PATIENCE_S).ok
    product.wait_until(lambda: company.calls_to_invoiced("GET", "/invoices/404") == 1, "the signed one was looked at")
    product.wait_until_at_rest()
    assert [record.record_id for record in product.records()] == ["404"]
    assert company.calls_to_invoiced("GET", f"/invoices/{invoice['id']}") == 0
    assert company.quickbooks.calls() == []
