"""Merged customers, driven with Invoiced's own client where it can do it."""

import pytest
from invoiced import errors

from simulators.invoiced.switches import Switches
from tests.simulators.simulator_drivers import Account, StartInvoiced


def events(account: Account) -> list[tuple[str, int]]:
    """Return type and object id of all events, oldest first."""
    found = account.call("GET", "/events", 200)
    return [(one["type"], one["data"]["object"]["id"]) for one in reversed(found)]


@pytest.mark.parametrize("told", [False, True])
def test_a_merged_customer_leaves_all_to_the_survivor(start_invoiced: StartInvoiced, told: bool) -> None:
    account = start_invoiced(Switches(merge_tells_documents=told))
    client = account.client
    kept, gone = (client.Customer.create(name=name).id for name in ("Acme", "ACME Inc"))
    child = client.Customer.create(name="Branch", parent_customer=gone).id
    invoice = client.Invoice.create(customer=gone, items=[{"unit_cost": 100}])
    split = {"type": "invoice", "invoice": invoice.id, "amount": 60}
    spare = {"type": "credit", "amount": 40}
    payment = client.Payment.create(
        customer=gone, amount=100, applied_to=[split, spare], charge={"status": "succeeded"}
    )
    client.Customer.retrieve(gone).contacts().create(name="Ann")
    before = len(events(account))
    account.control("POST", f"customers/{kept}/merge", 200, json={"gone": gone})

    with pytest.raises(errors.InvalidRequestError):
        client.Customer.retrieve(gone)
    assert client.Invoice.retrieve(invoice.id).customer == kept
    found = client.Payment.retrieve(payment.id)
    assert (found.customer, found.charge["customer"]) == (kept, kept)
    assert client.Customer.retrieve(child).parent_customer == kept
    balance = account.call("GET", f"/customers/{kept}/balance", 200)
    assert (balance["total_outstanding"], balance["available_credits"]) == (40, 40)
    assert [one.name for one in client.Customer.retrieve(kept).contacts().list()[0]] == ["Ann"]
    news = events(account)[before:]
    assert news[-2:] == [("customer.merged", kept), ("customer.deleted", gone)]
    assert (("invoice.updated", invoice.id) in news) == told
    # What moved is owed by the survivor for good: it can be settled.
    client.Payment.create(customer=kept, amount=40, applied_to=[split | {"amount": 40}])
    assert client.Invoice.retrieve(invoice.id).status == "paid"
    account.control("POST", f"customers/{kept}/merge", 400, json={"gone": kept})
    account.control("POST", f"customers/{kept}/merge", 404, json={"gone": gone})
