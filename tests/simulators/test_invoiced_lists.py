"""Lists: paging with Link and X-Total-Count, filters, sort, expand, include, updated_after."""

from typing import Any

import pytest

from simulators.invoiced.switches import Switches
from tests.simulators.simulator_drivers import Account, StartInvoiced


def names(objects: Any) -> list[str]:
    return [one["name"] for one in objects]


@pytest.fixture
def many(account: Account) -> Account:
    for number in range(1, 8):
        account.client.Customer.create(
            name=f"C{number}", number=f"N{number}", metadata={"odd": "yes"} if number % 2 else {}
        )
    return account


def test_a_page_past_the_end_is_empty_and_nonsense_is_refused(many: Account) -> None:
    assert many.call("GET", "/customers?page=9", 200) == []
    for query in ("page=0", "page=x", "per_page=0", "sort=name%20sideways", "sort=metadata",
                  "filter[nothing]=1", "filter[_sent]=1", "filter[metadata]=x", "filter[taxes]=x",
                  "updated_after=yesterday"):  # fmt: skip
        assert many.call("GET", f"/customers?{query}", 400)["type"] == "invalid_request"


def test_links_keep_the_query_and_hide_what_clients_split_at(many: Account) -> None:
    meta = many.client.Customer.list(sort="name DESC,number ASC", per_page=2)[1]
    assert "sort=name%20DESC%2Cnumber%20ASC&per_page=2&page=2" in meta.links["next"]


def test_the_typical_run_of_the_vendors_load_test_is_answered(start_invoiced: StartInvoiced) -> None:
    """It asks every list for `per_page=200&sort=created_at&expand=customer`, events too, and counts what is no 2xx."""
    account = start_invoiced(Switches(largest_page=2))
    for name in ("A", "B", "C"):
        account.client.Customer.create(name=name)
        account.clock.advance(10)
    for path in ("customers", "invoices", "events", "credit_notes", "payments"):
        found = account.call("GET", f"/{path}?per_page=200&sort=created_at&expand=customer", 200)
        assert len(found) == (2 if path in ("customers", "events") else 0)
    assert "per_page=2&page=2" in account.client.Customer.list(per_page=200)[1].links["next"]
    assert account.call("GET", "/events?sort=created_at", 200)[0]["data"]["object"]["name"] == "A"


def test_filters_match_exactly(many: Account) -> None:
    customers = many.client.Customer
    assert names(customers.list(filter={"number": "N3"})[0]) == ["C3"]
    assert names(customers.list(metadata={"odd": "yes"}, filter={"name": "C5"})[0]) == ["C5"]
    assert len(customers.list(metadata={"odd": "yes"})[0]) == 4
    assert customers.list(metadata={"odd": "no"})[0] == []
    for spelt in ("True", "true", "1"):
        assert len(customers.list(filter={"taxable": spelt})[0]) == 7


def test_what_the_vendors_own_scripts_filter_by_is_known(many: Account) -> None:
    body = {"customer": 1001, "items": [{"name": "Work", "unit_cost": 5}]}
    first, second = (many.call("POST", "/invoices", 201, json=body)["id"] for _ in range(2))
    many.call("POST", f"/invoices/{first}/void", 200)
    found = many.call("GET", "/invoices?filter[draft]=0&filter[voided]=0", 200)
    assert [one["id"] for one in found] == [second]
    assert [one["id"] for one in many.call("GET", "/invoices?filter[voided]=true", 200)] == [first]
    for user, count in (("-2", 2), ("17", 0)):
        query = f"filter[type]=invoice.created&filter[user_id]={user}"
        assert len(many.call("GET", f"/events?{query}", 200)) == count


def test_sort_goes_by_several_keys(many: Account) -> None:
    many.client.Customer.create(name="C1", number="Z")
    found = many.client.Customer.list(sort="name desc,number ASC")[0]
    assert [one["number"] for one in found][-3:] == ["N2", "N1", "Z"]


@pytest.mark.parametrize(("inclusive", "expected"), [(False, ["C3"]), (True, ["C2", "C3"])])
def test_updated_after_is_strict_unless_switched(
    start_invoiced: StartInvoiced, inclusive: bool, expected: list[str]
) -> None:
    account = start_invoiced(Switches(updated_after_inclusive=inclusive))
    made = []
    for number in (1, 2, 3):
        made.append(account.client.Customer.create(name=f"C{number}"))
        account.clock.advance(100)
    assert names(account.client.Customer.list(updated_after=made[1].updated_at)[0]) == expected


def test_invoices_are_found_by_customer_state_and_date(many: Account) -> None:
    for day, customer in ((1, 1001), (2, 1001), (3, 1002)):
        many.client.Invoice.create(customer=customer, date=day * 86_400, items=[{"unit_cost": day}])
    many.client.Payment.create(customer=1001, amount=1, applied_to=[{"type": "invoice", "invoice": 20001, "amount": 1}])

    def found(**params: Any) -> list[int]:
        return [one.id for one in many.client.Invoice.list(**params)[0]]

    assert found(filter={"customer": 1001, "paid": 0, "closed": False}) == [20002]
    assert found(start_date=2 * 86_400, end_date=2 * 86_400) == [20002]
    assert found(filter={"status": "paid"}) == [20001]
    owing = many.client.Customer.list(open_balance=1)[0]
    assert [one.id for one in owing] == [1001, 1002]


def test_expand_and_include_add_to_an_answer(many: Account) -> None:
    many.client.Invoice.create(customer=1001, items=[{"unit_cost": 5}])
    many.client.Payment.create(customer=1001, amount=5, applied_to=[{"type": "invoice", "invoice": 20001, "amount": 5}])
    assert many.client.Invoice.list(expand="customer")[0][0].customer["name"] == "C1"
    payment = many.client.Payment.list(include="applied_to", expand="customer")[0][0]
    assert (payment.customer["number"], payment.applied_to[0]["invoice"]) == ("N1", 20001)
    assert many.client.Event.list(include="user")[0][0].user["id"] == -2


def test_empty_metadata_may_be_a_list(start_invoiced: StartInvoiced) -> None:
    account = start_invoiced(Switches(empty_metadata_as_list=True))
    account.client.Customer.create(name="A")
    invoice = account.client.Invoice.create(customer=1001, items=[{"unit_cost": 5}], metadata=[])
    assert (invoice.metadata, invoice["items"][0]["metadata"]) == ([], [])


@pytest.mark.parametrize("inclusive", [False, True])
def test_what_a_sweep_asks_for_is_in_the_order_of_creation_whatever_was_edited_since(
    start_invoiced: StartInvoiced, inclusive: bool
) -> None:
    account = start_invoiced(switches=Switches(updated_after_inclusive=inclusive))
    ids = [account.client.Customer.create(name=f"C{number}").id for number in range(6)]
    for number, id in enumerate(ids):
        # The later ones were made earlier, and the earlier ones edited last.
        changed = {"created_at": 1_000 - number, "updated_at": 2_000 - number}
        account.call("PATCH", f"/_simulator/objects/customer/{id}", 200, json=changed)

    def listed(query: str) -> list[int]:
        return [one["id"] for one in account.call("GET", f"/customers?{query}", 200)]

    expected = [
        id for number, id in reversed(list(enumerate(ids))) if 2_000 - number >= (1_997 if inclusive else 1_998)
    ]
    assert listed("updated_after=1997&sort=created_at%20asc") == expected
    # The same with a condition that makes it read the objects.
    assert listed("updated_after=1997&sort=created_at%20asc&metadata[none]=") == []
    assert listed("updated_after=1997&sort=created_at%20asc&filter[type]=company") == expected
    assert listed("updated_after=1997&sort=created_at&per_page=2&page=2") == expected[2:4]
    assert listed("sort=created_at%20asc") == listed("sort=created_at%20asc&filter[type]=company") == ids[::-1]
