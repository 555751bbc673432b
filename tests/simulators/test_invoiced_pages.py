"""The Invoiced simulator's page: forms posted as a browser posts them, and what REST and webhooks tell of it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from simulators.invoiced.switches import Switches
from simulators.json_numbers import read_json
from tests.conftest import if_there
from tests.e2e.browser import Visitor, chromium
from tests.patience import eventually
from tests.simulators.page_clerk import Clerk
from tests.simulators.simulator_drivers import Account, Inbox, StartInvoiced


@pytest.fixture
def clerk(account: Account) -> Clerk:
    return Clerk(account)


def acme(clerk: Clerk, **more: str) -> int:
    clerk.go("customers/new")
    clerk.press("Create", name="Acme", **more)
    return clerk.id


def issue(clerk: Clerk, customer: int, unit_cost: str, button: str = "Issue", **more: str) -> int:
    """Make an invoice of one line and return its id."""
    clerk.go(f"invoices/new?customer={customer}")
    clerk.press(button, items_0_name="Work", items_0_unit_cost=unit_cost, **more)
    return clerk.id


def test_an_invoice_by_hand_is_what_rest_shows_and_webhooks_tell(account: Account, clerk: Clerk, inbox: Inbox) -> None:
    account.client.Item.create(id="audit", name="Audit", unit_cost=150)
    account.client.TaxRate.create(id="state", name="State", value=7)
    account.client.Coupon.create(id="early", name="Early", value=10)
    clerk.go("webhooks")
    clerk.press("Send events there", url=inbox.url, secret="hush")
    customer = acme(clerk, email="ap@acme.example", payment_terms="NET 14", city="Chicago")
    clerk.go("invoices/new")
    assert f"{clerk.root}/invoices/new?customer={customer}" in clerk.links()
    clerk.go(f"invoices/new?customer={customer}")
    clerk.press(
        "Save as draft",
        date="2026-03-02",
        items_0_catalog_item="audit", items_0_quantity="2", items_0_discount="early",
        items_2_name="Travel", items_2_unit_cost="19.95", items_2_description="By train\r\nand back",
        discount_amount="5", tax="state", notes="Thank you.",
    )  # fmt: skip

    draft = account.call("GET", f"/invoices/{clerk.id}", 200)
    lines = [(one["name"], one["quantity"], one["unit_cost"], one["amount"]) for one in draft["items"]]
    assert lines == [("Audit", 2, 150, 300), ("Travel", 1, read_json("19.95"), read_json("19.95"))]
    assert draft["items"][1]["description"] == "By train\nand back"
    assert (draft["status"], draft["discounts"][0]["amount"], draft["total"]) == ("draft", 5, read_json("304.9"))
    # Midnight in Chicago, and 14 days of 86,400 s on.
    assert (draft["date"], draft["due_date"]) == (1772431200, 1772431200 + 14 * 86_400)

    clerk.press("Issue")
    assert "Issued." in clerk.text and "304.90 USD open" in clerk.text
    clerk.press("Send")
    assert account.call("GET", f"/invoices/{clerk.id}", 200)["balance"] == read_json("304.9")
    events = [read_json(body) for body in inbox.wait_for(4)]
    assert [one["type"] for one in events[:3]] == ["customer.created", "invoice.created", "invoice.updated"]
    assert events[2]["data"]["previous"]["draft"] is True
    assert events[2]["data"]["object"]["customer"]["email"] == "ap@acme.example"
    clerk.go("events")
    clerk.go(next(link for link in clerk.links() if "/events/" in link))
    assert "invoice.updated" in clerk.text


def test_a_form_that_is_saved_as_it_was_changes_nothing(start_invoiced: StartInvoiced) -> None:
    """Over every page that a link leads to, in a company that has invoices of every kind."""
    clerk = Clerk(start_invoiced(empty=False))
    before = clerk.account.call("GET", "/events", 200, params={"per_page": 1})
    seen, todo, saved = {"/"}, ["/"], 0
    while todo:
        path = todo.pop()
        clerk.go(path)
        for link in clerk.links():
            # One event looks like another.
            if link not in seen and not re.search(r"/events(/|\?)", link):
                seen.add(link)
                todo.append(link)
        if path.endswith("/edit"):
            clerk.press("Save")
            assert "Saved." in clerk.text
            saved += 1
    assert saved > 250
    assert clerk.account.call("GET", "/events", 200, params={"per_page": 1}) == before


def test_an_edit_sends_what_was_changed_and_keeps_the_rest(account: Account, clerk: Clerk) -> None:
    customer = acme(clerk)
    discounts = [{"amount": 1}, {"amount": 2}]
    items: list[dict[str, Any]] = [
        {"name": "Kept", "unit_cost": 40, "taxable": False, "discounts": discounts, "metadata": {"a": "b"}},
        {"name": "Removed", "unit_cost": 7},
    ]
    made = account.client.Invoice.create(customer=customer, items=items, purchase_order="PO-1")
    clerk.go(f"invoices/{made.id}/edit")
    clerk.press("Save", items_0_quantity="3", items_1_remove="1", items_2_name="Added", items_2_unit_cost="9")
    after = account.call("GET", f"/invoices/{made.id}", 200)
    kept, added = after["items"]
    assert (kept["id"], kept["amount"], kept["taxable"], kept["metadata"]) == (
        made["items"][0]["id"],
        120,
        False,
        {"a": "b"},
    )
    assert [one["amount"] for one in kept["discounts"]] == [1, 2]
    assert (added["name"], after["total"], after["purchase_order"]) == ("Added", 126, "PO-1")
    # What has no fields of its own on the form stays beside what is added.
    clerk.go(f"invoices/{made.id}/edit")
    clerk.press("Save", items_0_discount_amount="5")
    lines = account.call("GET", f"/invoices/{made.id}", 200)["items"]
    assert sorted(one["amount"] for one in lines[0]["discounts"]) == [1, 2, 5]


def test_an_edit_of_what_changed_meanwhile_is_shown_again(account: Account, clerk: Clerk) -> None:
    customer = acme(clerk)
    clerk.go(f"customers/{customer}/edit")
    account.clock.advance(5)
    account.call("PATCH", f"/customers/{customer}", 200, json={"phone": "555-0100"})
    clerk.press("Save", 409, city="Chicago")
    assert "changed this meanwhile" in clerk.text
    clerk.press("Save", city="Chicago")
    found = account.call("GET", f"/customers/{customer}", 200)
    assert (found["city"], found["phone"]) == ("Chicago", "555-0100")


def test_payments_by_hand(account: Account, clerk: Clerk) -> None:
    customer = acme(clerk)
    first, second = issue(clerk, customer, "100"), issue(clerk, customer, "60")
    # In full by default, from the invoice's own page.
    clerk.go(f"payments/new?customer={customer}&invoice={first}")
    clerk.press("Receive payment", method="wire_transfer", reference="W-7")
    whole = clerk.id
    payment = account.call("GET", f"/payments/{whole}", 200, params={"include": "applied_to"})
    assert (payment["amount"], payment["method"], payment["applied_to"][0]["invoice"]) == (100, "wire_transfer", first)
    assert account.call("GET", f"/invoices/{first}", 200)["status"] == "paid"
    clerk.press(f"Void payment #{whole}")
    assert account.call("GET", f"/payments/{whole}", 200)["voided"] is True
    # One over both, with something left on account; then all of it is applied.
    clerk.go(f"payments/new?customer={customer}")
    clerk.press("Receive payment", amount="150", applied_to_0_amount="100", applied_to_1_amount="20")
    joint = clerk.id
    assert "30.00 USD not applied" in clerk.text
    clerk.go(f"payments/{joint}/edit")
    clerk.press("Save", applied_to_1_amount="50")
    balances = [account.call("GET", f"/invoices/{id}", 200)["balance"] for id in (first, second)]
    assert balances == [0, 10]
    assert account.call("GET", f"/payments/{joint}", 200)["balance"] == 0
    for words, found in (("W-7", [whole]), (f"#{joint}", [joint]), ("INV-0002", [joint]), ("acme", [joint, whole])):
        clerk.go(f"payments?q={words.replace('#', '%23')}")
        links = [link for link in clerk.links() if re.search(r"/payments/\d+$", link)]
        assert links == [f"{clerk.root}/payments/{id}" for id in found], words


def test_a_pending_charge_ends_by_hand(account: Account, clerk: Clerk) -> None:
    customer = acme(clerk)
    invoice = issue(clerk, customer, "80")
    split = {"type": "invoice", "invoice": invoice, "amount": 80}
    body = {"customer": customer, "amount": 80, "charge": {"status": "pending"}, "applied_to": [split]}
    payment = account.call("POST", "/payments", 201, json=body)["id"]
    clerk.go(f"payments/{payment}")
    clerk.press("Let the charge succeed")
    assert account.call("GET", f"/invoices/{invoice}", 200)["status"] == "paid"
    assert "Let the charge" not in clerk.page


def test_bad_debt_void_and_delete(account: Account, clerk: Clerk) -> None:
    customer = acme(clerk)
    invoice = issue(clerk, customer, "80")
    for button, status, told in (
        ("Close as bad debt", "bad_debt", "Closed"),
        ("Reopen", "not_sent", "Open again"),
        ("Void invoice INV-0001", "voided", "Voided"),
    ):
        clerk.press(button)
        assert account.call("GET", f"/invoices/{invoice}", 200)["status"] == status
        assert told in clerk.text
    clerk.press("Delete invoice INV-0001")
    account.call("GET", f"/invoices/{invoice}", 404)
    assert clerk.path == f"{clerk.root}/invoices?done=delete"
    given_up = issue(clerk, customer, "80")
    clerk.press("View as customer")
    assert account.call("GET", f"/invoices/{given_up}", 200)["status"] == "viewed"
    clerk.press("Write off")
    found = account.call("GET", f"/invoices/{given_up}", 200)
    assert (found["status"], found["balance"]) == ("bad_debt", 0)


def test_credit_is_limited_and_held_by_hand(account: Account, clerk: Clerk) -> None:
    customer = acme(clerk, credit_limit="100")
    assert "Credit limit 100.00 USD" in clerk.text
    clerk.go(f"invoices/new?customer={customer}")
    clerk.press("Issue", 400, items_0_name="Work", items_0_unit_cost="101")
    assert "exceeds the account's credit limit ($100.00)" in clerk.text
    clerk.go(f"customers/{customer}/edit")
    clerk.press("Save", credit_limit="", credit_hold="true")
    found = account.call("GET", f"/customers/{customer}", 200)
    assert (found["credit_limit"], found["credit_hold"]) == (None, True)
    clerk.go(f"invoices/new?customer={customer}")
    clerk.press("Save as draft", 400, items_0_name="Work", items_0_unit_cost="1")
    assert "it has a credit hold" in clerk.text
    clerk.go(f"customers/{customer}/edit")
    clerk.press("Save", credit_hold="")
    issue(clerk, customer, "101")


def test_what_a_customer_owes_is_shown_in_every_currency(account: Account, clerk: Clerk) -> None:
    customer = acme(clerk, currency="cad")
    body = {"customer": customer, "items": [{"name": "Work", "quantity": 3, "unit_cost": 12.5}]}
    for currency in ("eur", "cad"):
        account.call("POST", "/invoices", 201, json=body | {"currency": currency})
    credit = {"customer": customer, "amount": 7, "currency": "gbp", "applied_to": [{"type": "credit", "amount": 7}]}
    account.call("POST", "/payments", 201, json=credit)
    clerk.go(f"customers/{customer}")
    assert "Outstanding 37.50 CAD · 37.50 EUR" in clerk.text
    assert "Credit balance 7.00 GBP" in clerk.text
    clerk.go(f"invoices/{account.call('GET', '/invoices', 200)[0]['id']}")
    assert "12.50" in clerk.text.partition("As the API shows it")[0]


def test_a_credit_note_is_made_and_applied(account: Account, clerk: Clerk) -> None:
    customer = acme(clerk)
    invoice = issue(clerk, customer, "80")
    clerk.go(f"credit_notes/new?customer={customer}")
    clerk.press("Issue", items_0_name="Returned", items_0_unit_cost="30")
    note = clerk.id
    clerk.press("Apply", 400, amount="31")
    assert "has only 30 left to apply" in clerk.text
    clerk.press("Apply", amount="25")
    assert account.call("GET", f"/invoices/{invoice}", 200)["balance"] == 55
    assert account.call("GET", f"/credit_notes/{note}", 200)["balance"] == 5
    clerk.press("Void credit note CN-0001")
    assert account.call("GET", f"/invoices/{invoice}", 200)["balance"] == 80


def test_a_refusal_stands_beside_the_field_and_nothing_is_lost(account: Account, clerk: Clerk) -> None:
    clerk.go("customers/new")
    clerk.press("Create", 400, name="Acme", email="nobody")
    assert clerk.blamed() == ("email", "Email must be a valid e-mail address")
    clerk.press("Create", email="ap@acme.example")
    customer = clerk.id
    clerk.go(f"invoices/new?customer={customer}")
    clerk.press("Issue", 400, items_0_name="Work", items_1_name="More", items_1_quantity="two")
    assert clerk.blamed() == ("items[1][quantity]", "Quantity must be a number")
    clerk.press("More lines")
    assert "items[6][name]" in clerk.page and "items[7][name]" not in clerk.page
    clerk.press("Issue", items_1_quantity="2", items_0_unit_cost="10", items_6_name="Far", items_6_unit_cost="1")
    assert [one["name"] for one in account.call("GET", f"/invoices/{clerk.id}", 200)["items"]] == [
        "Work",
        "More",
        "Far",
    ]
    invoice = clerk.id
    clerk.go(f"payments/new?customer={customer}&invoice={invoice}")
    clerk.press("Receive payment", 400, applied_to_0_amount="12")
    assert "The invoice INV-0001 has only 11 left to apply" in clerk.text
    clerk.press("Receive payment", 400, applied_to_0_amount="1,1")
    assert clerk.blamed() == ("applied_to[0][amount]", "Amount must be a number")
    # What has no field of its own stands at the top.
    clerk.go(f"customers/{customer}")
    clerk.press("Delete customer CUST-0001", 400)
    assert "A customer that has transactions cannot be deleted" in clerk.text
    assert len(account.call("GET", "/events", 200)) == 2


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://pointed-here.example", "Host": "pointed-here.example"},
    ],
)
def test_another_site_posts_in_vain(account: Account, clerk: Clerk, headers: dict[str, str]) -> None:
    clerk.post(f"{clerk.root}/customers/new", {"name": "Mallory"}, 403, **headers)
    assert account.call("GET", "/customers", 200) == []


def test_lists_are_newest_first_searched_and_paged(account: Account, clerk: Clerk) -> None:
    for number in range(52):
        account.client.Customer.create(name=f"Customer {number:02d}")
    account.client.Customer.create(name="<b>Ärger & Söhne</b>", number="A-1")
    account.client.Invoice.create(customer=1053, number="X/1", items=[{"unit_cost": 1}])
    clerk.go("customers")
    names = re.findall(r"Customer \d\d|<b>Ärger & Söhne</b>", clerk.text)
    assert (names[0], names[1], len(names)) == ("<b>Ärger & Söhne</b>", "Customer 51", 50)
    clerk.go("customers?page=2")
    assert re.findall(r"Customer \d\d", clerk.text) == ["Customer 02", "Customer 01", "Customer 00"]
    for asked, found in (("customers?q=ärger", 1053), ("customers?q=a-1", 1053), ("invoices?q=söhne", 20001)):
        clerk.go(asked)
        links = [link for link in clerk.links() if re.search(r"/(customers|invoices)/\d+$", link)]
        assert str(found) in links[0], asked
    clerk.go("invoices?q=nobody")
    assert "Nothing here." in clerk.text


def test_the_state_of_webhooks_is_shown(account: Account, clerk: Clerk, inbox: Inbox) -> None:
    clerk.go("webhooks")
    clerk.press("Send events there", 400, url="somewhere", secret="hush")
    assert clerk.blamed() == ("url", "Url is not an http address")
    clerk.press("Send events there", url=inbox.url)
    inbox.answers[:] = [500, 500]
    acme(clerk)
    clerk.account.client.Invoice.create(customer=1001, items=[{"unit_cost": 1}])
    eventually(lambda: "Of these, failed before 2" in _webhooks(clerk))
    assert "retrying" in clerk.text and clerk.text.count(" 500 Send again") == 2
    clerk.press("Try now what waits")
    eventually(lambda: "Waiting 0" in _webhooks(clerk))
    clerk.press("Send again")
    assert len(inbox.wait_for(5)) == 5
    eventually(lambda: _webhooks(clerk).count(" 200 Send again") == 3)


def test_a_webhook_address_that_was_given_up_is_shown_and_set_anew(start_invoiced: StartInvoiced, inbox: Inbox) -> None:
    clerk = Clerk(start_invoiced(Switches(retry_speed=1_000_000)))
    inbox.answers[:] = [500] * 49
    clerk.go("webhooks")
    clerk.press("Send events there", url=inbox.url, secret="hush")
    acme(clerk)
    eventually(lambda: "disabled" in _webhooks(clerk))
    clerk.press("Send events there", url=inbox.url, secret="hush")
    assert "disabled" not in clerk.text


def _webhooks(clerk: Clerk) -> str:
    clerk.go("webhooks")
    return clerk.text


def test_each_account_has_its_own_pages(start_invoiced: StartInvoiced) -> None:
    clerk = Clerk(start_invoiced(companies=2), root="/_simulator/pages/account-2")
    acme(clerk)
    clerk.go("/")
    assert "Account 1" in clerk.text and "Account 2" in clerk.text
    keys = [one["api_key"] for one in clerk.account.control("GET", "credentials", 200)["companies"]]
    for key, count in zip(keys, (0, 1), strict=True):
        assert len(clerk.account.http.get(f"{clerk.account.url}/customers", auth=(key, "")).json()) == count
    clerk.go("/_simulator/pages/account-3", 404)
    clerk.go("invoices/1", 404)


def test_every_link_of_events_and_webhooks_leads_to_a_page(account: Account, clerk: Clerk, inbox: Inbox) -> None:
    account.control("POST", "webhooks", 201, json={"url": inbox.url, "secret": "hush"})
    customer = acme(clerk)
    account.call("POST", f"/customers/{customer}/contacts", 201, json={"name": "Ann"})
    invoice = issue(clerk, customer, "5")
    account.call("DELETE", f"/invoices/{invoice}", 204)
    inbox.wait_for(4)
    for path in ("events", "webhooks"):
        clerk.go(path)
        links = clerk.links()
        assert any("/events/" in link for link in links)
        for link in links:
            clerk.go(link)


def test_the_page_leaves_no_trace_in_the_request_log(account: Account, clerk: Clerk) -> None:
    acme(clerk)
    clerk.go("/")
    assert account.control("GET", "requests", 200) == []


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with if_there(chromium()) as browser:
        yield browser


@pytest.mark.parametrize(("dark", "width"), [(False, 1280), (True, 1280), (False, 390)])
def test_every_page_is_usable_by_everybody(
    start_invoiced: StartInvoiced, browser: Browser, dark: bool, width: int
) -> None:
    """axe-core finds nothing on any kind of page, none is wider than the window, and a browser's posts are taken."""
    account = start_invoiced(empty=False)
    root = "/_simulator/pages/account-1"
    paths = ["", "/customers?for=invoice", "/invoices", "/events", "/events/9", "/webhooks", "/customers/1001"]
    paths += ["/invoices/20001", "/invoices/20002/edit", "/payments/50001/edit", "/payments/50001"]
    with Visitor.at(browser, account.url, dark=dark, width=width) as visitor:
        for path in paths:
            visitor.go(root + path)
            assert visitor.violations() == [], path
            too_wide = visitor.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
            assert not too_wide, f"{path} is wider than {width} px"
        visitor.go(f"{root}/customers/new")
        visitor.page.get_by_label("Name").fill("Acme")
        visitor.page.get_by_label("E-mail").fill("nobody")
        visitor.page.get_by_role("button", name="Create").press("Enter")
        visitor.page.get_by_role("alert").wait_for()
        assert visitor.violations() == []
        visitor.page.get_by_label("E-mail").fill("ap@acme.example")
        visitor.page.get_by_role("button", name="Create").press("Enter")
        visitor.page.get_by_role("heading", name="Acme").wait_for()
        assert [one for one in visitor.complaints if "400" not in one] == []
    assert account.call("GET", "/customers", 200, params={"filter[name]": "Acme"})[0]["email"] == "ap@acme.example"
