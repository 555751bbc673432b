"""Connecting in the browser: Intuit's consent, the Invoiced account, what ends a connection and what brings it back."""

import re
from collections.abc import Iterator
from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import sqlalchemy as sa
from werkzeug.test import TestResponse

from shared.db import connections, links
from shared.db.models import AuditEntry, Connection
from shared.messages import Kind
from shared.outcomes import Outcome
from tests.conftest import Database
from tests.flows.company import Company
from tests.flows.conftest import StartCompany
from tests.integration.page_visit import Visit, text_of, visit_to
from tests.patience import PATIENCE_S
from tests.receiver_setup import invoiced_event, invoiced_headers

DATABASES = ["sqlite_database", "postgresql_database"]


@pytest.fixture(params=DATABASES)
def company(request: pytest.FixtureRequest, start_company: StartCompany) -> Iterator[Company]:
    """A company over the database of each set-up."""
    database: Database = request.getfixturevalue(request.param)
    yield start_company(database)


@pytest.fixture
def admin(company: Company) -> Visit:
    """An admin at the page."""
    return visit_to(company.wiring.config, company.wiring.engine)


def another_company(company: Company, **wanted: object) -> str:
    """Found another company in QuickBooks; return its realm id."""
    realm: str = company.quickbooks.call("POST", "/_simulator/companies", wanted)["realm_id"]
    return realm


def consent(admin: Visit, start: str, realm_id: str, decision: str = "connect") -> str:
    """Go to Intuit's page and decide there; return the address to which the browser is sent back."""
    to_intuit = admin.get(start)
    assert to_intuit.status_code == 302
    asked = parse_qs(urlsplit(to_intuit.location).query)
    assert asked["scope"] == ["com.intuit.quickbooks.accounting"]
    body = {"realm_id": realm_id, "decision": decision}
    back = requests.post(to_intuit.location, data=body, allow_redirects=False, timeout=PATIENCE_S)
    assert back.status_code == 302, back.text
    parts = urlsplit(back.headers["Location"])
    return f"{parts.path}?{parts.query}"


def shown(admin: Visit, answer: TestResponse) -> str:
    """Return the words of the page to which an answer leads, through further redirects."""
    while answer.status_code == 302:
        answer = admin.get(answer.location)
    assert answer.status_code == 200
    return text_of(answer)


def row_of(company: Company) -> Connection:
    with company.wiring.sessions() as session:
        return connections.get(session, company.id)


def connect_anew(company: Company, admin: Visit, realm_id: str) -> str:
    """Connect a company whose connection was taken away; return the page shown. `company.id` becomes its id."""
    with company.wiring.sessions.begin() as session:
        connections.remove(session, company.id)
    page = shown(admin, admin.get(consent(admin, "/connect/quickbooks", realm_id)))
    with company.wiring.sessions() as session:
        found = connections.list_all(session)
    if found:
        company.id = found[0].id
    return page


def test_a_company_is_connected_on_the_page_and_posts_only_after_synchronize(company: Company, admin: Visit) -> None:
    company.quickbooks.call(
        "PATCH", f"/_simulator/companies/{company.quickbooks.realm_id}", {"books_closed_on": "2026-08-31"}
    )
    page = connect_anew(company, admin, company.quickbooks.realm_id)
    assert "QuickBooks is connected." in page

    row = row_of(company)
    assert row.state == connections.CONNECTED
    assert row.started_at is None
    assert row.refresh_token_hard_expires_at is not None
    assert company.quickbooks.realm_id in page
    assert "sandbox" in page

    set_up = f"/companies/{company.id}/set-up"
    # Each step is offered once the one before is done, so that nothing typed is lost.
    assert "Sync invoices dated from" not in text_of(admin.get(set_up))
    assert admin.get(f"/companies/{company.id}/preflight/first-look").location == set_up
    assert f'href="{set_up}#invoiced"' in admin.get(f"/companies/{company.id}/preflight/").text
    refused = admin.send(set_up, **{"invoiced-api_key": "no such key"})
    assert (refused.status_code, 'class="error"' in refused.text) == (200, True)
    assert "One thing is missing" in text_of(admin.get(f"/companies/{company.id}/"))
    assert company.invoiced.auth is not None
    accepted = admin.send(set_up, **{"invoiced-api_key": company.invoiced.auth[0]})
    assert "key accepted" in shown(admin, accepted)
    assert 'value="2026-09-01"' in admin.get(set_up).text
    saved = admin.send(set_up, **{"books-time_zone": "America/Chicago", "books-start_date": "2026-09-15"})
    assert "Saved." in shown(admin, saved)
    row = row_of(company)
    assert (row.time_zone, row.start_date) == ("America/Chicago", date(2026, 9, 15))

    invoice = company.invoiced.invoice(company.invoiced.customer()["id"])
    assert company.invoice(invoice).outcome is Outcome.WAITING
    assert company.quickbooks.objects("Invoice") == []
    look = f"/companies/{company.id}/preflight/first-look"
    seen = re.search(r'name="seen" value="([^"]+)"', admin.get(look).text)
    assert seen is not None
    admin.send(look, f"/companies/{company.id}/synchronize", seen=seen[1])
    company.finish_sweeps()
    assert company.quickbooks.one("Invoice")["TotalAmt"] == invoice["total"]


def test_the_light_turns_green_with_the_first_webhook_that_is_signed(company: Company, admin: Visit) -> None:
    set_up, body = f"/companies/{company.id}/set-up", invoiced_event()
    address = f"/webhooks/invoiced/{company.id}"
    assert admin.client.post(address, data=body, headers=invoiced_headers("forged", body)).status_code == 401
    assert "no webhook has arrived yet" in text_of(admin.get(set_up))
    assert admin.client.post(address, data=body, headers=invoiced_headers("secret", body)).status_code == 200
    assert "webhooks arrive" in text_of(admin.get(set_up))

    assert 'class="error"' in admin.send(set_up, **{"webhook-secret": " "}).text
    given = admin.send(set_up, **{"webhook-secret": "one of Invoiced's own "})
    assert "signed with this secret are taken" in shown(admin, given)
    anew = visit_to(company.wiring.config, company.wiring.engine).client
    headers = invoiced_headers("one of Invoiced's own", body)
    assert anew.post(address, data=body, headers=headers).status_code == 200


def test_a_consent_that_is_refused_used_again_or_given_abroad_connects_nothing(company: Company, admin: Visit) -> None:
    british = another_company(company, name="Thames Ltd", country="GB")
    denied = consent(admin, "/connect/quickbooks", company.quickbooks.realm_id, decision="cancel")
    assert "the consent was not given" in shown(admin, admin.get(denied))
    assert admin.get(denied).status_code == 400

    page = shown(admin, admin.get(consent(admin, "/connect/quickbooks", british)))
    assert "only US companies are synced yet" in page
    already = shown(admin, admin.get(consent(admin, "/connect/quickbooks", company.quickbooks.realm_id)))
    assert f"is connected already, as {row_of(company).name}" in already

    with company.wiring.sessions() as session:
        assert [row.id for row in connections.list_all(session)] == [company.id]
    # New tokens would have ended those that the connection has.
    company.later(3600)
    assert company.invoice(company.invoiced.invoice(company.invoiced.customer()["id"])).outcome is Outcome.SYNCED


def test_a_lost_authorization_is_given_anew_and_what_waited_goes_on(company: Company, admin: Visit) -> None:
    customer = company.invoiced.customer()["id"]
    company.invoice(company.invoiced.invoice(customer))
    company.wiring.oauth.revoke(_refresh_token(company))
    invoice = company.invoiced.invoice(customer)
    assert company.invoice(invoice).outcome is Outcome.WAITING
    assert "has ended" in text_of(admin.get(f"/companies/{company.id}/"))
    assert admin.get("/reconnect").location == f"/companies/{company.id}/"

    back = consent(admin, f"/companies/{company.id}/reconnect", company.quickbooks.realm_id)
    assert "What waited goes on by itself." in shown(admin, admin.get(back))

    company.settle()
    assert company.outcome(Kind.INVOICE, invoice["id"]) is Outcome.SYNCED
    assert len(company.quickbooks.objects("Invoice")) == 2


def test_what_waits_for_another_key_of_invoiced_says_so_and_goes_on_with_it(company: Company, admin: Visit) -> None:
    assert company.invoiced.auth is not None
    invoice = company.invoiced.invoice(company.invoiced.customer()["id"])
    payment = company.invoiced.pay(invoice["customer"], "5", (invoice["id"], "5"))
    with company.wiring.sessions.begin() as session:
        connections.replace_invoiced_key(session, company.wiring.vault, company.id, "revoked there")
    for outcome in (company.invoice(invoice).outcome, company.payment(payment).outcome):
        assert outcome is Outcome.WAITING
    attention = text_of(admin.get(f"/companies/{company.id}/attention"))
    assert "Waiting for a key that Invoiced takes" in attention
    assert "connected again" not in attention
    overview = text_of(admin.get(f"/companies/{company.id}/"))
    assert "Waiting for a key that Invoiced takes" in overview and "Enter another key" in overview

    set_up = f"/companies/{company.id}/set-up"
    assert "key accepted" in shown(admin, admin.send(set_up, **{"invoiced-api_key": company.invoiced.auth[0]}))
    company.settle()
    assert company.quickbooks.one("Payment")["TotalAmt"] == 5


def test_disconnecting_gives_the_authorization_back_and_keeps_what_waits(company: Company, admin: Visit) -> None:
    customer = company.invoiced.customer()["id"]
    company.invoice(company.invoiced.invoice(customer))
    overview = f"/companies/{company.id}/"
    page = shown(admin, admin.send(overview, f"{overview}disconnect"))
    assert "Disconnected." in page
    answer = requests.post(
        company.wiring.oauth.endpoints().token,
        data={"grant_type": "refresh_token", "refresh_token": _refresh_token(company)},
        auth=(company.wiring.config.quickbooks_client_id, company.wiring.config.quickbooks_client_secret),
        timeout=PATIENCE_S,
    )
    assert answer.json() == {"error": "invalid_grant"}

    company.quickbooks.forget_calls()
    invoice = company.invoiced.invoice(customer)
    assert company.invoice(invoice).outcome is Outcome.WAITING
    assert company.quickbooks.calls() == []
    assert len(company.links()) > 0

    admin.get(consent(admin, f"{overview}reconnect", company.quickbooks.realm_id))
    company.settle()
    assert company.outcome(Kind.INVOICE, invoice["id"]) is Outcome.SYNCED


def test_a_connection_is_stopped_also_where_its_token_cannot_be_read(company: Company, admin: Visit) -> None:
    with company.wiring.sessions.begin() as session:
        connections.get(session, company.id).refresh_token_encrypted = "of another key"
    page = shown(admin, admin.send(f"/companies/{company.id}/", f"/companies/{company.id}/disconnect"))
    assert "The sync is stopped, but Intuit did not take the authorization back" in page
    assert row_of(company).state == connections.DISCONNECTED


def test_another_company_takes_over_only_when_a_person_has_confirmed_it(company: Company, admin: Visit) -> None:
    invoice = company.invoiced.invoice(company.invoiced.customer()["id"])
    company.invoice(invoice)
    first, other = company.quickbooks.realm_id, another_company(company, name="Other Company")
    overview, confirm = f"/companies/{company.id}/", f"/companies/{company.id}/other-company"

    page = shown(admin, admin.get(consent(admin, f"{overview}reconnect", other)))
    assert "disconnect Company first" in page
    assert row_of(company).realm_id == first
    assert company.links()

    admin.send(overview, f"{overview}disconnect")
    page = shown(admin, admin.get(consent(admin, f"{overview}reconnect", other)))
    assert "stays there as it is" in page
    assert f"{len(company.links())} links" in page
    assert row_of(company).state == connections.DISCONNECTED
    moved = shown(admin, admin.send(confirm))
    assert "Nothing is posted there before you press Synchronize." in moved
    assert admin.send(overview, confirm).status_code == 400

    row = row_of(company)
    assert (row.realm_id, row.state, row.started_at) == (other, connections.CONNECTED, None)
    assert [link for link in company.links() if link.kind != Kind.PAYMENT_METHOD.value] == []
    assert company.outcome(Kind.INVOICE, invoice["id"]) is Outcome.WAITING
    with company.wiring.sessions() as session:
        told = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert told is not None
    assert (told.who, first in (told.before or ""), other in (told.after or "")) == ("admin@example.com", True, True)

    posted = company.quickbooks.objects("Invoice")
    company.quickbooks.realm_id = other
    company.sweep()
    assert company.quickbooks.one("Invoice")["TotalAmt"] == invoice["total"]
    company.quickbooks.realm_id = first
    assert company.quickbooks.objects("Invoice") == posted


def test_the_id_of_a_customer_in_another_company_links_nobody(company: Company, admin: Visit) -> None:
    born = company.quickbooks.by_hand("Customer", {"DisplayName": "Ada of the first company"})
    company.hear(Kind.QUICKBOOKS_CUSTOMER, born["Id"])
    company.settle()
    [ada] = company.invoiced.call("GET", "/customers")
    overview = f"/companies/{company.id}/"
    other = another_company(company, name="Other Company")
    admin.send(overview, f"{overview}disconnect")
    shown(admin, admin.get(consent(admin, f"{overview}reconnect", other)))
    shown(admin, admin.send(f"/companies/{company.id}/other-company"))
    company.quickbooks.realm_id = other
    company.ask_for_sweep()
    stranger = company.quickbooks.by_hand("Customer", {"DisplayName": "Bob of the second company"})
    assert stranger["Id"] == born["Id"]

    company.hear(Kind.QUICKBOOKS_CUSTOMER, stranger["Id"])
    company.settle()

    with company.wiring.sessions() as session:
        assert links.find_by_qbo_id(session, company.id, "Customer", stranger["Id"]) is None
    assert company.outcome(Kind.QUICKBOOKS_CUSTOMER, stranger["Id"]) is Outcome.WAITING
    assert [customer["name"] for customer in company.invoiced.call("GET", "/customers")] == [ada["name"]]


def _refresh_token(company: Company) -> str:
    row = row_of(company)
    return company.wiring.vault.decrypt(row.refresh_token_encrypted, bound_to=row.id)
