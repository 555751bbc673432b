"""An admin at a real browser: connects a company, synchronizes it, and repairs what broke, on both set-ups."""

import re
from collections.abc import Iterator
from decimal import Decimal

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import books
from tests.e2e.browser import Visitor
from tests.e2e.conftest import both_set_ups
from tests.e2e.product import Product
from tests.e2e.simulators import Company, Simulators

EMAIL, PASSWORD = "ann@example.com", "correct horse battery"
# A consumer, a browser and two simulators on a loaded machine.
PATIENCE_MS = 60_000

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def admin(product: Product, browser: Browser) -> Iterator[Visitor]:
    """The product at work, and an admin who is logged in."""
    (product.folder / "password").write_text(PASSWORD)
    product.command("user", "add", EMAIL, "--password-file", str(product.folder / "password"))
    product.start()
    with Visitor.at(browser, product.url) as visitor:
        visitor.log_in(EMAIL, PASSWORD)
        yield visitor


def consent(admin: Visitor, company: Company, decision: str = "Connect") -> None:
    """Choose the company on Intuit's page."""
    admin.page.locator(f"input[name=realm_id][value='{company.quickbooks.realm_id}']").check()
    admin.page.get_by_role("button", name=decision, exact=True).click()


def connect(admin: Visitor, company: Company) -> None:
    """Connect a company in the browser, from the first button to the overview."""
    admin.go("/connect")
    admin.page.get_by_role("link", name="Connect to QuickBooks").click()
    consent(admin, company)
    expect(admin.page.get_by_role("heading", name="Set-up")).to_be_visible()
    admin.page.get_by_label("API key of Invoiced").fill(company.api_key)
    admin.page.get_by_role("button", name="Save the key").click()
    expect(admin.page.get_by_text("key accepted")).to_be_visible()
    address = admin.page.locator("dt", has_text="Address").locator("+ dd").inner_text()
    secret = admin.page.locator("dt", has_text="Secret").locator("+ dd").inner_text()
    company.invoiced.call(
        "POST", "/_simulator/webhooks", {"url": address, "secret": secret, "api_key": company.api_key}
    )
    company.quickbooks.call("POST", "/_simulator/webhooks", {"url": f"{admin.url}/webhooks/quickbooks"})
    company.webhook_url = address
    company.connection_id = address.rpartition("/")[2]
    admin.page.get_by_label("Time zone").select_option("America/Chicago")
    admin.page.get_by_role("button", name="Save and go on").click()
    expect(admin.page.get_by_text("Nothing has been posted yet")).to_be_visible()


def synchronize(admin: Visitor) -> None:
    """See what would be posted, press the first Synchronize beside it, and watch it to its end."""
    admin.page.get_by_role("link", name="See what would be posted").click()
    admin.page.get_by_role("button", name="Synchronize").click()
    # The page that it was pressed on has the same button.
    admin.page.wait_for_url("**/companies/*/")
    expect(admin.page.get_by_role("button", name="Synchronize")).to_be_visible()


@both_set_ups
def test_connect_see_and_synchronize_in_the_browser(product: Product, admin: Visitor, simulators: Simulators) -> None:
    company = simulators.company()
    customer = company.invoiced.customer("Acme")
    first = company.invoiced.invoice(customer["id"])
    company.invoiced.pay(customer["id"], "5", (first["id"], "5"))
    connect(admin, company)

    # A webhook that comes before the first Synchronize is taken, and posts nothing.
    company.invoiced.edit("invoices", first["id"], notes="thank you")
    product.wait_until(lambda: product.records(), "the webhook was looked at")
    assert company.quickbooks.objects("Invoice") == []
    admin.page.get_by_role("link", name="See what would be posted").click()
    expect(admin.page.get_by_role("heading", name=f"1 invoice would be posted, ${first['total']:.2f}")).to_be_visible()
    assert admin.violations() == []
    admin.go(f"/companies/{company.connection_id}/")

    synchronize(admin)

    # Whoever works by keyboard keeps their place although the page refreshes itself.
    admin.page.get_by_role("button", name="Re-sync all").focus()
    admin.page.locator(".live").evaluate("part => part.classList.add('stale')")
    expect(admin.page.locator(".live.stale")).to_have_count(0)
    expect(admin.page.get_by_role("button", name="Re-sync all")).to_be_focused()
    # A button that asks first shows the whole page afterwards, and not the part that refreshes itself alone.
    admin.page.once("dialog", lambda dialog: dialog.accept())
    admin.page.locator("nav").evaluate("part => part.classList.add('stale')")
    admin.page.get_by_role("button", name="Re-sync all").click()
    expect(admin.page.locator("nav.stale")).to_have_count(0)
    expect(admin.page.get_by_role("link", name="Audit trail")).to_be_visible()

    product.wait_until_at_rest()
    books.assert_they_agree(company)
    second = company.invoiced.invoice(customer["id"])
    product.wait_until(lambda: len(company.quickbooks.objects("Invoice")) == 2, "its webhook brought the next one")
    assert second["total"] == company.quickbooks.objects("Invoice")[-1]["TotalAmt"]
    assert admin.violations() == []
    assert admin.complaints == []


def test_a_consent_that_is_refused_connects_nothing(product: Product, admin: Visitor, simulators: Simulators) -> None:
    admin.go("/connect")
    admin.page.get_by_role("link", name="Connect to QuickBooks").click()
    consent(admin, simulators.company(), "Cancel")
    expect(admin.page.get_by_text("Nothing was connected")).to_be_visible()
    assert product.command("connection", "list") == []


@both_set_ups
def test_what_waited_for_a_lost_authorization_goes_on_after_a_reconnect(
    product: Product, admin: Visitor, simulators: Simulators
) -> None:
    company, other = simulators.company(), simulators.company()
    customer = company.invoiced.customer("Acme")
    company.invoiced.invoice(customer["id"])
    connect(admin, company)
    synchronize(admin)
    product.wait_until_at_rest()
    realm = company.quickbooks.realm_id
    company.quickbooks.call("PATCH", f"/_simulator/companies/{realm}", {"connection": "revoked"})
    company.invoiced.invoice(customer["id"])

    expect(admin.page.get_by_role("heading", name="The connection to QuickBooks has ended")).to_be_visible()
    assert len(company.quickbooks.objects("Invoice")) == 1
    admin.page.get_by_role("link", name="Reconnect to QuickBooks").click()
    consent(admin, other)
    expect(admin.page.get_by_role("heading", name="That is another QuickBooks company")).to_be_visible()
    assert admin.violations() == []
    admin.go(f"/companies/{company.connection_id}/")
    admin.page.get_by_role("link", name="Reconnect to QuickBooks").click()
    consent(admin, company)

    expect(admin.page.get_by_text("QuickBooks is connected again")).to_be_visible()
    product.wait_until(lambda: len(company.quickbooks.objects("Invoice")) == 2, "what waited went on")
    product.wait_until_at_rest()
    books.assert_they_agree(company)


@both_set_ups
def test_what_broke_in_quickbooks_needs_attention_and_drains_once_it_is_mended(
    product: Product, admin: Visitor, simulators: Simulators
) -> None:
    company = simulators.company()
    realm, customer = company.quickbooks.realm_id, company.invoiced.customer("Acme")
    connect(admin, company)
    synchronize(admin)
    discounts = {"preferences": {"SalesFormsPrefs": {"AllowDiscount": False}}}
    company.quickbooks.call("PATCH", f"/_simulator/companies/{realm}", discounts)
    product.command("connection", "refresh", "--connection", company.connection_id)
    for _ in range(3):
        company.invoiced.invoice(customer["id"], discounts=[{"amount": Decimal(1)}])
    product.wait_until(lambda: product.outcomes().get("failed") == 3, "three invoices fail")

    admin.page.get_by_role("link", name="Needs attention").click()
    expect(admin.page.get_by_role("heading", name="Discounts are switched off in QuickBooks")).to_be_visible()
    assert admin.violations() == []
    admin.page.get_by_role("button", name=re.compile("^Ignore INV")).first.click()
    expect(admin.page.get_by_text("1 ignored record")).to_be_visible()
    discounts["preferences"]["SalesFormsPrefs"]["AllowDiscount"] = True
    company.quickbooks.call("PATCH", f"/_simulator/companies/{realm}", discounts)
    product.command("connection", "refresh", "--connection", company.connection_id)
    admin.go(f"/companies/{company.connection_id}/attention")
    # They go on by themselves, so the button may be gone before anybody presses it.
    admin.page.get_by_role("button", name="Retry all").evaluate_all("found => found.forEach(one => one.click())")

    product.wait_until(lambda: len(company.quickbooks.objects("Invoice")) >= 2, "what was mended is posted")
    product.wait_until_at_rest()
    # The page has followed.
    expect(admin.page.get_by_text("Nothing needs a person")).to_be_visible()
    expect(admin.page.get_by_role("link", name="Needs attention", exact=True)).to_be_visible()


@both_set_ups
def test_a_setting_applies_to_what_is_posted_afterwards(
    product: Product, admin: Visitor, simulators: Simulators
) -> None:
    company = simulators.company()
    customer = company.invoiced.customer("Acme")
    first = company.invoiced.invoice(customer["id"])
    connect(admin, company)
    synchronize(admin)
    product.wait_until_at_rest()

    admin.page.get_by_role("link", name="Settings", exact=True).click()
    admin.page.get_by_label("Number prefix").fill("WEB-")
    # The log-in has ended meanwhile: what was typed is kept until somebody has logged in again.
    admin.page.context.clear_cookies()
    admin.page.get_by_role("button", name="Save").first.click()
    expect(admin.page.get_by_role("heading", name="Not done yet")).to_be_visible()
    assert admin.violations() == []
    with admin.page.expect_popup() as opened:
        admin.page.get_by_role("link", name="Log in in another tab").click()
    opened.value.get_by_label("E-mail").fill(EMAIL)
    opened.value.get_by_label("Password").fill(PASSWORD)
    opened.value.get_by_role("button", name="Log in").click()
    opened.value.get_by_role("button", name="Log out").wait_for()
    opened.value.close()
    admin.page.get_by_role("button", name="Send it again").click()
    expect(admin.page.get_by_label("Number prefix")).to_have_value("WEB-")

    second = company.invoiced.invoice(customer["id"])
    product.wait_until(lambda: len(company.quickbooks.objects("Invoice")) == 2, "the second invoice is posted")
    numbers = {invoice["DocNumber"] for invoice in company.quickbooks.objects("Invoice")}
    assert numbers == {f"INVD-{first['number']}", f"WEB-{second['number']}"}
    admin.page.get_by_role("link", name="Audit trail").click()
    expect(admin.page.get_by_role("cell", name=EMAIL).first).to_be_visible()


@both_set_ups
def test_two_companies_side_by_side(product: Product, admin: Visitor, simulators: Simulators) -> None:
    companies = [simulators.company(), simulators.company()]
    for number, company in enumerate(companies, 1):
        customer = company.invoiced.customer(f"Customer {number}")
        for _ in range(number):
            company.invoiced.invoice(customer["id"])
        connect(admin, company)
        synchronize(admin)
    product.wait_until_at_rest()

    admin.go("/")

    expect(admin.page.get_by_role("listitem")).to_have_count(2)
    assert admin.violations() == []
    admin.go(f"/companies/{companies[0].connection_id}/sweeps")
    admin.page.locator("nav summary", has_text="choose another company").focus()
    admin.page.keyboard.press("Enter")
    other = admin.page.locator(f"nav a[href='/companies/{companies[1].connection_id}/sweeps']")
    expect(other).to_be_visible()
    assert admin.violations() == []
    other.focus()
    admin.page.keyboard.press("Enter")
    admin.page.wait_for_url(f"**/companies/{companies[1].connection_id}/sweeps")
    for number, company in enumerate(companies, 1):
        books.assert_they_agree(company)
        total = sum((one["TotalAmt"] for one in company.quickbooks.objects("Invoice")), Decimal(0))
        assert total == number * company.invoiced.call("GET", "/invoices", per_page="1")[0]["total"]


@pytest.mark.parametrize(("dark", "width"), [(False, 1280), (True, 1280), (False, 390)])
def test_every_page_is_usable_by_everybody(
    product: Product, simulators: Simulators, browser: Browser, dark: bool, width: int
) -> None:
    """axe-core finds nothing on any page that the navigation leads to; none is wider than the window."""
    (product.folder / "password").write_text(PASSWORD)
    product.command("user", "add", EMAIL, "--password-file", str(product.folder / "password"))
    product.start()
    company = product.connect(simulators.company())
    customer = company.invoiced.customer("Acme")
    company.invoiced.invoice(customer["id"])
    product.wait_until(lambda: company.quickbooks.objects("Invoice"), "something to look at")
    swept = product.command("sweep", "start")["number"]
    with Visitor.at(browser, product.url, dark=dark, width=width) as visitor:
        visitor.go("/login")
        assert visitor.violations() == []
        visitor.log_in(EMAIL, PASSWORD)
        links = visitor.page.locator("nav a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
        assert len(links) >= 2
        own = f"/companies/{company.connection_id}"
        record = f"{own}/records/invoice/{next(row.record_id for row in product.records() if row.kind == 'invoice')}"
        for address in [
            *links,
            "/",
            "/connect",
            f"{own}/set-up",
            f"{own}/preflight/first-look",
            f"{own}/sweeps/{swept}",
            record,
        ]:
            visitor.go(address)
            assert not re.search("Not Found|Internal Server Error", visitor.page.title()), address
            assert visitor.violations() == [], address
            too_wide = visitor.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
            assert not too_wide, f"{address} is wider than {width} px"
        visitor.page.locator("summary", has_text="Request and reply").first.click()
        assert visitor.violations() == []
        visitor.go(f"{own}/records")
        visitor.page.get_by_label("All on this page").check()
        chosen = visitor.page.get_by_label(re.compile("^Choose "))
        assert [box.is_checked() for box in chosen.all()] == [True] * chosen.count()
        assert visitor.complaints == []
        # A page that refreshes itself leads to the log-in once it is over, and is not left empty.
        visitor.go(f"{own}/")
        visitor.page.context.clear_cookies()
        visitor.page.wait_for_url(re.compile(f"/login\\?next={own}/$"))
