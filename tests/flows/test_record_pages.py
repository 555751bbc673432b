"""The pages over records, customers and past syncs, in front of both simulators and the database of each set-up."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from administration.change_settings import change
from shared import passwords
from shared.db import connections, record_list, sweeps, users
from shared.db.models import AuditEntry, Record, Sweep
from shared.db.session import make_sessions
from shared.db.sweeps import Scope
from shared.db.users import Role
from shared.messages import Kind, Why
from shared.outcomes import Outcome, Settlement
from shared.web_addresses import OfInvoiced, in_invoiced, in_quickbooks
from tests.conftest import Database
from tests.flows.company import DAY_S, ISSUED_AT, Company
from tests.flows.conftest import StartCompany
from tests.integration.page_visit import PASSWORD, Visit, text_of
from webhook_receiver.app import create_app

HOSTILE = "<b>Acme</b> & Sons"


class Person:
    """Somebody at the pages of one company."""

    def __init__(self, company: Company, role: Role) -> None:
        self.home = f"/companies/{company.id}"
        self.visit = Visit(create_app(company.wiring.config, company.wiring.engine).test_client())
        email = f"{role.value}@example.com"
        with make_sessions(company.wiring.engine).begin() as session:
            users.add(session, email, role, passwords.hashed(PASSWORD), datetime.now(UTC))
        assert self.visit.log_in(email).status_code == 302

    def read(self, path: str) -> str:
        answer = self.visit.get(self.home + path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        assert "<b>Acme" not in answer.text
        return text_of(answer)

    def act(self, page: str, **fields: Any) -> str:
        """Press a button of a page and return what is said."""
        answer = self.visit.send(self.home + page, f"{self.home}/records/act", back=self.home + page, **fields)
        assert (answer.status_code, answer.location) == (302, self.home + page)
        return self.read(page)


@pytest.fixture(params=["sqlite_database", "postgresql_database"])
def company(start_company: StartCompany, request: pytest.FixtureRequest) -> Iterator[Company]:
    database: Database = request.getfixturevalue(request.param)
    yield start_company(database=database)


@pytest.fixture
def admin(company: Company) -> Person:
    return Person(company, Role.ADMIN)


def test_one_record_is_shown_on_both_sides_with_its_history(company: Company, admin: Person) -> None:
    customer = company.invoiced.customer(HOSTILE)
    invoice = company.invoiced.invoice(customer["id"], ("Consulting", "2", "50.25"))
    company.hear(Kind.INVOICE, invoice["id"], Why.WEBHOOK, event_id="evt_9")
    company.payment(company.invoiced.pay(customer["id"], "50", (invoice["id"], "50")))
    posted = company.quickbooks.one("Invoice")

    shown = admin.read(f"/records/invoice/{invoice['id']}")
    assert "Total $100.50 $100.50 same" in shown
    assert "Balance $50.50 $50.50 same" in shown
    assert f"{HOSTILE} {HOSTILE} CUST-0001" in shown
    assert "after a webhook event evt_9" in shown
    assert re.search(r"Request and reply, intuit_tid 1-\w+", shown)
    assert '"TotalAmt": 100.50' in shown or '"TotalAmt": 100.5' in shown
    assert re.search(r"\d C[SD]T\b", shown), "times are those of Chicago, where it is winter or summer"

    # What a person changes in QuickBooks shows once it is read, which costs one metered read.
    company.quickbooks.by_hand("Invoice", {**posted, "Line": [{**posted["Line"][0], "Amount": Decimal("90"),
        "SalesItemLineDetail": {**posted["Line"][0]["SalesItemLineDetail"], "UnitPrice": Decimal("45")}}]})  # fmt: skip
    company.quickbooks.forget_calls()
    page = f"{admin.home}/records/invoice/{invoice['id']}"
    assert "Total $100.50 $90.00 different" in text_of(admin.visit.send(page))
    assert company.quickbooks.calls() == ["read Invoice"]


def test_a_bad_debt_is_told_and_no_difference(company: Company, admin: Person) -> None:
    customer = company.invoiced.customer("Acme")
    items = [{"name": "Service", "quantity": 1, "unit_cost": 100, "taxes": [{"amount": Decimal("8")}]}]
    invoice = company.invoiced.invoice(customer["id"], items=items)
    company.invoice(invoice)
    company.invoiced.edit("invoices", invoice["id"], closed=True)
    company.invoice(invoice)

    shown = admin.read(f"/records/invoice/{invoice['id']}")
    assert "Balance $108.00 $0.00 written off bad debt: in QuickBooks a credit memo settles it" in shown
    # Tax that a line bears counts too.
    assert "Tax $8.00 $8.00 same" in shown
    assert "different" not in shown
    assert "QuickBooks: Create credit memo done" in shown
    assert "QuickBooks: Create invoice done" in shown


def test_a_record_is_shown_while_invoiced_does_not_answer(company: Company, admin: Person) -> None:
    customer = company.invoiced.customer("Acme")
    invoice = company.invoiced.invoice(customer["id"])
    company.invoice(invoice)
    company.invoiced.fault("status", status=503, count=5)
    shown = admin.read(f"/records/invoice/{invoice['id']}")
    assert "Invoiced could not be asked" in shown and "$100.00" in shown


def test_the_list_is_searched_and_downloaded(company: Company, admin: Person) -> None:
    assert "Nothing has been synced yet" in admin.read("/records")
    customer = company.invoiced.customer(HOSTILE)
    for amount in ("100", "250.75"):
        company.invoice(company.invoiced.invoice(customer["id"], ("Service", "1", amount)))

    assert "INV-0002" in admin.read("/records?q=250.75") and "INV-0001" not in admin.read("/records?q=250.75")
    assert "INV-0001" in admin.read("/records?q=acme&kind=invoice&outcome=synced")
    assert "No record is found" in admin.read("/records?q=nobody")
    table = admin.visit.get(f"{admin.home}/records.csv?kind=invoice")
    assert table.mimetype == "text/csv"
    assert "INV-0002" in table.text and ",250.75,USD,2026-10-05,synced," in table.text
    assert "INV-0001" in admin.read("/records?from=2026-10-05&to=2026-10-05")
    assert "No record is found" in admin.read("/records?from=2026-10-06")
    assert admin.visit.get(f"{admin.home}/records/unicorn/1").status_code == 404
    assert admin.visit.get(f"{admin.home}/records/invoice/999").status_code == 404


def test_failures_are_grouped_mended_and_drain(company: Company, admin: Person) -> None:
    company.quickbooks.prefer(AccountingInfoPrefs={"BookCloseDate": "2026-12-31"})
    customer = company.invoiced.customer("Acme")
    invoices = [company.invoiced.invoice(customer["id"]) for _ in range(3)]
    for invoice in invoices:
        company.invoice(invoice)
    shown = admin.read("/attention")
    assert "3 records wait for a person" in shown
    assert "The books of the period are closed 3" in shown
    assert "one cause are shown: The books of the period are closed ." in admin.read("/records?cause=closed-books")
    assert "Needs attention (3)" in shown

    admin.act("/attention", action="ignore", record=f"invoice:{invoices[0]['id']}")
    shown = admin.read("/attention")
    assert "The books of the period are closed 2" in shown and "1 ignored record" in shown
    company.quickbooks.prefer(AccountingInfoPrefs={"BookCloseDate": "2000-01-01"})
    assert "2 records are tried again in a moment." in admin.act("/attention", action="retry", cause="closed-books")
    company.settle()
    assert [company.outcome(Kind.INVOICE, one["id"]) for one in invoices[1:]] == [Outcome.SYNCED] * 2
    assert "Nothing needs a person" in admin.read("/attention")

    assert "No record was chosen" in admin.act("/records", action="unignore")
    assert "Take all back" in admin.read("/attention")
    assert "1 record" in admin.act("/attention", action="unignore", all="1")
    page = f"/records/invoice/{invoices[0]['id']}"
    assert "1 record is tried again" in admin.act(page, action="retry", record=f"invoice:{invoices[0]['id']}")
    # The page follows the look that was asked for, and no longer.
    assert 'hx-trigger="every 2s"' in admin.visit.get(admin.home + page).text
    company.settle()
    assert 'hx-trigger="every 2s"' not in admin.visit.get(admin.home + page).text
    assert "admin@example.com put it aside" in admin.read(page)
    assert company.outcome(Kind.INVOICE, invoices[0]["id"]) == Outcome.SYNCED
    with company.wiring.sessions() as session:
        assert {entry.who for entry in session.scalars(sa.select(AuditEntry))} == {"admin@example.com"}


def test_what_waits_for_the_connection_is_one_thing_to_do_and_not_many(company: Company, admin: Person) -> None:
    customer = company.invoiced.customer("Acme")
    invoices = [company.invoiced.invoice(customer["id"]) for _ in range(2)]
    with company.wiring.sessions.begin() as session:
        connections.park(session, company.id)
    for invoice in invoices:
        company.invoice(invoice)

    # The invoices, their customer and their item.
    shown = admin.read("/attention")
    assert "Needs attention (" not in shown
    assert "Waiting for QuickBooks to be connected again" in shown and "4 records wait for it" in shown
    assert "Retry all" not in shown and "No single record needs a person." in shown
    overview = admin.read("/")
    assert "4 records wait by now." in overview
    assert "Authorization lasts until has ended" in overview and "Every change is synced" not in overview
    assert "nothing is synced until it is connected again" in admin.read("/settings/")
    assert re.search(r"Waiting longest (Invoice|Customer|Item) \S+ , since", overview)


def test_a_payment_on_both_sides_of_the_start_date_leads_to_where_it_is_changed(
    company: Company, admin: Person
) -> None:
    customer = company.invoiced.customer("Acme")
    early = company.invoiced.invoice(customer["id"], date=ISSUED_AT - 60 * DAY_S)
    invoice = company.invoiced.invoice(customer["id"])
    with company.wiring.sessions.begin() as session:
        connections.get(session, company.id).start_date = date(2026, 10, 1)
    for one in (early, invoice):
        company.invoice(one)
    payment = company.invoiced.pay(customer["id"], "150", (early["id"], "50"), (invoice["id"], "100"))
    company.payment(payment)

    for page in ("/attention", f"/records/payment/{payment['id']}"):
        assert f'href="{admin.home}/settings/#start_date"' in admin.visit.get(admin.home + page).text
    assert 'id="start_date"' in admin.visit.get(f"{admin.home}/settings/").text
    change(company.wiring, company.id, {"start_date": "2026-01-01"}, "admin@example.com")
    company.settle()
    assert company.outcome(Kind.PAYMENT, payment["id"]) == Outcome.SYNCED


def test_a_viewer_sees_and_changes_nothing(company: Company) -> None:
    customer = company.invoiced.customer("Acme")
    invoice = company.invoiced.invoice(customer["id"])
    company.invoice(invoice)
    viewer = Person(company, Role.VIEWER)
    page = f"/records/invoice/{invoice['id']}"
    assert "Sync again" not in viewer.read(page) + viewer.read("/records")
    for path in ("/records/act", page, "/customers/1", "/sweeps/1/cancel"):
        answer = viewer.visit.send(f"{viewer.home}/records", viewer.home + path, action="resync", all="1")
        assert answer.status_code == 403, path


def test_a_customer_in_doubt_is_chosen_for_on_the_page(company: Company, admin: Person) -> None:
    assert "No customer of QuickBooks has been seen yet" in admin.read("/customers")
    customer = company.invoiced.customer("Globex", number="G-1")
    other = company.invoiced.customer("Globex Europe", number="G-2")
    qbo = company.quickbooks.by_hand("Customer", {"DisplayName": "Globex"})
    company.look(Kind.QUICKBOOKS_CUSTOMER, qbo["Id"])
    shown = admin.read("/customers")
    assert "Waiting for your choice 1" in shown and "It is Globex G-1 in Invoiced" in shown

    def choose(**fields: str) -> str:
        answer = admin.visit.send(f"{admin.home}/customers", f"{admin.home}/customers/{qbo['Id']}", **fields)
        assert answer.status_code == 302
        return admin.read("/customers")

    assert "There is no such customer in Invoiced" in choose(choice="link", number="G-9")
    assert "Nothing was chosen" in choose()
    assert f"You chose: it is customer #{other['id']} of Invoiced." in choose(choice="link", number="G-2")
    company.settle()
    shown = admin.read("/customers")
    assert "Waiting for your choice" not in shown
    assert "Globex Globex Europe G-2 chosen synced" in shown
    assert f"chose: it is customer #{other['id']} of Invoiced" in admin.read(
        f"/records/quickbooks-customer/{qbo['Id']}"
    )
    company.invoice(company.invoiced.invoice(other["id"]))
    assert company.quickbooks.one("Invoice")["CustomerRef"]["value"] == qbo["Id"]
    assert customer["id"] != other["id"]


def test_a_sync_is_watched_cancelled_and_remembered(company: Company, admin: Person) -> None:
    assert "There has been no sync yet" in admin.read("/sweeps")
    customer = company.invoiced.customer("Acme")
    company.invoice(company.invoiced.invoice(customer["id"]))
    admin.act("/records", action="resync", all="1")
    now = company.now()
    with company.wiring.sessions.begin() as session:
        [sweep] = session.scalars(sa.select(Sweep)).all()
        assert (sweep.scope, sweep.asked_by) == (Scope.EVERYTHING.value, "admin@example.com")
        number = sweep.id
        found = [("invoice", str(one), f"INV-{one}") for one in (1, 2, 3)]
        sweeps.add_found(session, sweep, found, now)
        keys = sweeps.not_queued(session, sweep.id, 10)
        sweeps.mark_queued(session, sweep.id, keys, now)
        failed = Settlement(Outcome.FAILED, cause="Closed.", remedy="Reopen it.")
        sweeps.settle_record(session, keys[0], failed, "=INV-1", now)
    shown = admin.read(f"/sweeps/{number}")
    assert "1 of 3 done" in shown and "Cancel" in shown
    part = admin.visit.client.get(f"{admin.home}/sweeps/{number}", headers={"HX-Request": "true"})
    assert part.text.lstrip().startswith('<div id="progress"') and 'hx-trigger="every 1s"' in part.text

    answer = admin.visit.send(f"{admin.home}/sweeps/{number}", f"{admin.home}/sweeps/{number}/cancel")
    assert answer.status_code == 302
    shown = admin.read(f"/sweeps/{number}")
    assert "Cancelled" in shown and "Closed. Reopen it." in shown
    assert "asked for admin@example.com" in admin.read("/sweeps?state=cancelled&why=person")
    assert "No sync is found" in admin.read("/sweeps?state=done")
    table = admin.visit.get(f"{admin.home}/sweeps/{number}.csv").text.splitlines()
    assert table[1].startswith("invoice,1,'=INV-1,failed,Closed.,Reopen it.,")
    assert admin.visit.get(f"{admin.home}/sweeps/999").status_code == 404


def test_all_that_a_search_finds_is_synced_and_posted_again(company: Company, admin: Person) -> None:
    customer = company.invoiced.customer("Acme")
    invoice = company.invoiced.invoice(customer["id"])
    company.invoice(invoice)
    with company.wiring.sessions.begin() as session:
        for number in range(record_list.PAGE):
            session.add(
                Record(connection_id=company.id, kind="invoice", record_id=f"9{number}", label=f"OLD-{number}",
                    first_seen_at=company.now(), outcome="failed", outcome_at=company.now())
            )  # fmt: skip
    found = record_list.PAGE + 1
    page = "/records?kind=invoice"
    assert f"With all {found} that match" in admin.read(page)
    assert "that match" not in admin.read("/records?outcome=synced")
    assert "that match" not in admin.read("/records")

    said = admin.act(page, action="re-post", matching="1", kind="invoice")
    assert "1 record is posted again under today's settings" in said
    assert f"{found - 1} records are left as they stand: It does not stand in QuickBooks." in said
    assert f"looks at {found} records" in admin.act(page, action="resync", matching="1", kind="invoice")
    with company.wiring.sessions() as session:
        [sweep] = session.scalars(sa.select(Sweep)).all()
        assert (sweep.scope, sweeps.progress(session, sweep, company.now()).found) == (Scope.SELECTION.value, found)
    # What nobody searched for is never everything.
    assert "Nothing was searched for." in admin.act(page, action="resync", matching="1")


def test_only_the_vendors_own_pages_are_linked_to() -> None:
    production, sandbox = "https://quickbooks.api.intuit.com", "https://sandbox-quickbooks.api.intuit.com"
    assert in_quickbooks(production, "Invoice", "208") == "https://app.qbo.intuit.com/app/invoice?txnId=208"
    assert in_quickbooks(sandbox, "Customer", "7") == "https://app.sandbox.qbo.intuit.com/app/customerdetail?nameId=7"
    assert in_quickbooks("http://localhost:8081", "Invoice", "208") is None
    assert in_quickbooks(production, "Item", "1") is None
    payment = in_invoiced("https://api.invoiced.com", OfInvoiced.PAYMENT, 7)
    assert payment == "https://app.invoiced.com/payments/7"
    note = in_invoiced("https://api.sandbox.invoiced.com", OfInvoiced.CREDIT_NOTE, "../7")
    assert note == "https://app.sandbox.invoiced.com/credit_notes/..%2F7"
    assert in_invoiced("http://localhost:8082", OfInvoiced.CUSTOMER, 7) is None
    # Others are where the configuration says.
    pages = "http://localhost:8081/_simulator/pages/{realm_id}/{entity}/{id}"
    found = in_quickbooks("http://localhost:8081", "Invoice", "208", "9130", pages)
    assert found == "http://localhost:8081/_simulator/pages/9130/Invoice/208"
    found = in_invoiced("http://localhost:8082", OfInvoiced.CUSTOMER, "7/8", "http://localhost:8082/{kind}/{id}")
    assert found == "http://localhost:8082/customers/7%2F8"
