"""Two connections in one installation: what belongs to one never shows in the other."""

from collections.abc import Iterator

import pytest

from tests.e2e import books
from tests.e2e.product import Product
from tests.e2e.simulators import Company, Simulators


@pytest.fixture
def other(product: Product, simulators: Simulators) -> Iterator[Company]:
    """A second company that is connected."""
    yield product.connect(simulators.company())


def test_two_companies_side_by_side(product: Product, company: Company, other: Company) -> None:
    product.start(consumers=2)
    # The same ids, numbers and names on both sides; only the amounts tell them apart.
    for one, price in ((company, "10"), (other, "20")):
        customer = one.invoiced.customer("Acme")["id"]
        for _ in range(8):
            invoice = one.invoiced.invoice(customer, ("Consulting", "1", price))
            one.invoiced.pay(customer, "5", (invoice["id"], "5"))
    product.wait_until_at_rest()

    for one, total in ((company, 10), (other, 20)):
        books.assert_they_agree(one)
        assert [invoice["TotalAmt"] for invoice in one.quickbooks.objects("Invoice")] == [total] * 8
        mine = product.command("status", "--connection", one.connection_id)["by_kind"]
        assert [sum(mine[kind].values()) for kind in ("invoice", "payment", "customer")] == [8, 8, 1]

    posted = company.quickbooks.one("Customer")
    change = {"Id": posted["Id"], "sparse": True, "PrimaryEmailAddr": {"Address": "office@acme.test"}}
    company.quickbooks.by_hand("Customer", change)
    product.wait_until(lambda: company.list_all("customers")[0]["email"] == "office@acme.test", "it arrived")
    product.wait_until_at_rest()
    assert [customer["email"] for customer in other.list_all("customers")] == [None]
    assert product.not_well() == []
    assert product.complaints() == []
