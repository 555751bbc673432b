"""Customers in both directions."""

from typing import Any

import pytest

from shared.messages import Kind, Why
from shared.outcomes import Outcome
from shared.settings import Settings
from tests.flows.company import Company
from tests.flows.conftest import StartCompany


def linked(company: Company, **fields: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a customer that stands on both sides: (Invoiced's, QuickBooks')."""
    customer = company.invoiced.customer("Acme", **fields)
    company.invoice(company.invoiced.invoice(customer["id"]))
    company.quickbooks.forget_calls()
    return customer, company.quickbooks.one("Customer")


def change(company: Company, customer: dict[str, Any], **body: Any) -> None:
    company.quickbooks.by_hand("Customer", {"Id": customer["Id"], "sparse": True, **body})


def test_a_customer_follows_its_first_invoice_and_its_edits(company: Company) -> None:
    idle = company.invoiced.customer("Idle")
    assert company.look(Kind.CUSTOMER, idle["id"]).outcome == Outcome.SKIPPED
    customer, _ = linked(company)
    company.invoiced.edit("customers", customer["id"], name="Acme: North", phone="555")

    assert company.look(Kind.CUSTOMER, customer["id"]).outcome == Outcome.SYNCED
    assert company.quickbooks.calls() == ["sparse Customer"]
    posted = company.quickbooks.one("Customer")
    assert posted["DisplayName"] == f"Acme- North {customer['number']}"
    assert posted["PrimaryPhone"]["FreeFormNumber"] == "555"
    assert company.look(Kind.CUSTOMER, customer["id"]).outcome == Outcome.UNCHANGED


@pytest.mark.parametrize("tells_documents", [False, True])
def test_what_a_merge_in_invoiced_moved_is_the_survivors_in_quickbooks_too(
    start_company: StartCompany, tells_documents: bool
) -> None:
    company = start_company(invoiced_switches={"merge_tells_documents": tells_documents})
    gone, survivor = company.invoiced.customer("Acme"), company.invoiced.customer("Beta")
    paid, open_one = (company.invoiced.invoice(gone["id"]) for _ in range(2))
    company.invoiced.pay(gone["id"], "5", (paid["id"], "5"))
    company.sweep()
    company.invoiced.call("POST", f"/_simulator/customers/{survivor['id']}/merge", {"gone": gone["id"]})

    company.sweep()

    theirs = company.quickbooks.one("Customer", DisplayName=f"Beta {survivor['number']}")["Id"]
    invoices = {posted["DocNumber"]: posted for posted in company.quickbooks.objects("Invoice")}
    assert {posted["CustomerRef"]["value"] for posted in invoices.values()} == {theirs}
    assert invoices[f"INVD-{paid['number']}"]["Balance"] == paid["total"] - 5
    assert invoices[f"INVD-{open_one['number']}"]["Balance"] == open_one["total"]
    payments = [posted for posted in company.quickbooks.objects("Payment") if posted["TotalAmt"]]
    assert [(posted["CustomerRef"]["value"], posted["TotalAmt"]) for posted in payments] == [(theirs, 5)]


def test_an_invoice_that_quickbooks_does_not_let_move_leaves_its_payments_in_peace(company: Company) -> None:
    """They are taken off and applied anew some times, and not for ever: each time has the invoice looked at again."""
    gone, survivor = company.invoiced.customer("Acme"), company.invoiced.customer("Beta")
    invoice = company.invoiced.invoice(gone["id"])
    company.invoiced.pay(gone["id"], "5", (invoice["id"], "5"))
    company.sweep()
    company.invoiced.call("POST", f"/_simulator/customers/{survivor['id']}/merge", {"gone": gone["id"]})
    company.quickbooks.fault("closed_period", entity="Invoice")

    company.sweep()

    row = company.record(Kind.INVOICE, invoice["id"])
    assert (row.outcome, row.next_look_at, "closed" in str(row.cause)) == (Outcome.FAILED, None, True)
    assert company.quickbooks.one("Invoice")["Balance"] == invoice["total"] - 5
    company.quickbooks.heal()
    company.look(Kind.INVOICE, invoice["id"], why=Why.MANUAL)
    company.settle()
    theirs = company.quickbooks.one("Customer", DisplayName=f"Beta {survivor['number']}")["Id"]
    posted = company.quickbooks.one("Invoice")
    assert (posted["CustomerRef"]["value"], posted["Balance"]) == (theirs, invoice["total"] - 5)


@pytest.mark.parametrize("multicurrency", [False, True])
def test_a_taken_name_is_adopted_if_it_is_ours_else_suffixed(company: Company, multicurrency: bool) -> None:
    company.quickbooks.prefer(CurrencyPrefs={"MultiCurrencyEnabled": multicurrency})
    company.look(Kind.QUICKBOOKS_PREFERENCES, "1")
    ours = company.invoiced.customer("Acme", number="C-1")
    theirs = company.invoiced.customer("Beta", number="C-2")
    standing = company.quickbooks.by_hand("Customer", {"DisplayName": "Acme C-1"})
    company.quickbooks.by_hand("Vendor", {"DisplayName": "Beta C-2"})

    company.invoice(company.invoiced.invoice(ours["id"]))
    company.invoice(company.invoiced.invoice(theirs["id"]))

    names = {c["DisplayName"]: c["Id"] for c in company.quickbooks.objects("Customer")}
    assert names.keys() == {"Acme C-1", f"Beta C-2 #{theirs['id']}"}
    assert names["Acme C-1"] == standing["Id"]


def test_a_change_in_quickbooks_reaches_invoiced_with_one_read(company: Company) -> None:
    customer, posted = linked(company, email="old@acme.test", metadata={"crm": "17"})
    change(
        company, posted, PrimaryEmailAddr={"Address": "new@acme.test"}, DisplayName=f"Acme Corp {customer['number']}"
    )
    company.quickbooks.forget_calls()
    for _ in range(5):
        company.hear(Kind.QUICKBOOKS_CUSTOMER, posted["Id"])
    company.settle()

    assert company.quickbooks.calls() == ["read Customer"]
    now = company.invoiced.call("GET", f"/customers/{customer['id']}")
    assert (now["name"], now["email"], now["metadata"]) == ("Acme Corp", "new@acme.test", {"crm": "17"})

    company.quickbooks.forget_calls()
    assert company.look(Kind.CUSTOMER, customer["id"]).outcome == Outcome.UNCHANGED
    assert company.quickbooks.calls() == []


def test_our_own_write_comes_back_as_an_event_and_changes_nothing(company: Company) -> None:
    _, posted = linked(company, address1="1 Main St", city="Austin", state="TX", country="US")
    company.invoiced.call("DELETE", "/_simulator/requests")

    assert company.look(Kind.QUICKBOOKS_CUSTOMER, posted["Id"]).outcome == Outcome.UNCHANGED

    rows = company.invoiced.call("GET", "/_simulator/requests")
    assert [row["operation"] for row in rows] == ["read"]


def test_where_both_sides_changed_a_field_invoiced_wins(company: Company) -> None:
    customer, posted = linked(company, email="old@acme.test", phone="1")
    change(company, posted, PrimaryEmailAddr={"Address": "qbo@acme.test"}, PrimaryPhone={"FreeFormNumber": "2"})
    company.invoiced.edit("customers", customer["id"], email="invoiced@acme.test")

    settlement = company.look(Kind.CUSTOMER, customer["id"])

    assert settlement.outcome == Outcome.SYNCED and "email" in settlement.cause
    standing = company.quickbooks.one("Customer")
    assert standing["PrimaryEmailAddr"]["Address"] == "invoiced@acme.test"
    assert standing["PrimaryPhone"]["FreeFormNumber"] == "2"
    now = company.invoiced.call("GET", f"/customers/{customer['id']}")
    assert (now["email"], now["phone"]) == ("invoiced@acme.test", "2")


def test_a_customer_born_in_quickbooks_is_created_once(company: Company) -> None:
    born = company.quickbooks.by_hand(
        "Customer", {"DisplayName": "Born There", "PrimaryEmailAddr": {"Address": "b@there.test"}}
    )
    company.invoiced.fault("cut_after", entity="customer", operation="create", count=1)

    first = company.look(Kind.QUICKBOOKS_CUSTOMER, born["Id"])
    assert first.outcome == Outcome.WAITING
    company.settle()

    found = company.invoiced.call("GET", "/customers")
    assert [(c["name"], c["metadata"]) for c in found] == [("Born There", {"quickbooks_customer_id": born["Id"]})]
    assert company.outcome(Kind.QUICKBOOKS_CUSTOMER, born["Id"]) == Outcome.SYNCED

    company.invoice(company.invoiced.invoice(found[0]["id"]))
    company.invoiced.edit("customers", found[0]["id"], phone="5")
    company.look(Kind.CUSTOMER, found[0]["id"])
    standing = company.quickbooks.one("Customer")
    assert (standing["DisplayName"], standing["PrimaryPhone"]["FreeFormNumber"]) == ("Born There", "5")


def test_an_invoice_of_a_customer_just_born_waits_for_the_link(company: Company) -> None:
    born = company.quickbooks.by_hand("Customer", {"DisplayName": "Born There"})
    customer = company.invoiced.customer("Born There", metadata={"quickbooks_customer_id": born["Id"]})
    invoice = company.invoiced.invoice(customer["id"])

    assert company.invoice(invoice).outcome == Outcome.WAITING
    company.settle()

    assert company.outcome(Kind.INVOICE, invoice["id"]) == Outcome.SYNCED
    assert company.quickbooks.one("Invoice")["CustomerRef"]["value"] == born["Id"]


def test_what_is_recognised_is_not_doubled_and_what_is_doubtful_waits(company: Company) -> None:
    numbered = company.invoiced.customer("Gamma", number="G-7")
    company.invoiced.customer("Delta", number="D-1")
    known = company.quickbooks.by_hand("Customer", {"DisplayName": "Gamma Ltd G-7"})
    doubtful = company.quickbooks.by_hand("Customer", {"DisplayName": "Delta"})
    child = company.quickbooks.by_hand(
        "Customer", {"DisplayName": "Site 1", "ParentRef": {"value": known["Id"]}, "Job": True}
    )

    assert company.look(Kind.QUICKBOOKS_CUSTOMER, known["Id"]).outcome == Outcome.SYNCED
    assert company.look(Kind.QUICKBOOKS_CUSTOMER, doubtful["Id"]).outcome == Outcome.WAITING
    assert company.look(Kind.QUICKBOOKS_CUSTOMER, child["Id"]).outcome == Outcome.SKIPPED
    assert len(company.invoiced.call("GET", "/customers")) == 2
    company.invoice(company.invoiced.invoice(numbered["id"]))
    assert company.quickbooks.one("Invoice")["CustomerRef"]["value"] == known["Id"]


@pytest.mark.parametrize("written", [False, True])
def test_a_deactivation_is_shown_and_written_only_by_switch(start_company: StartCompany, written: bool) -> None:
    company = start_company(settings=Settings(deactivate_customers=written))
    customer, posted = linked(company)
    change(company, posted, Active=False)

    assert "inactive" in company.look(Kind.QUICKBOOKS_CUSTOMER, posted["Id"]).cause

    assert "inactive" in str(company.record(Kind.CUSTOMER, customer["id"]).cause)
    now = company.invoiced.call("GET", f"/customers/{customer['id']}")
    assert (now["active"], now["name"]) == (not written, "Acme")


def test_an_inactive_customer_fails_the_invoice_and_is_named(company: Company) -> None:
    customer, posted = linked(company)
    change(company, posted, Active=False)
    settlement = company.invoice(company.invoiced.invoice(customer["id"]), why=Why.MANUAL)
    assert settlement.outcome == Outcome.FAILED
    assert f"Acme {customer['number']}" in settlement.cause + settlement.remedy


def test_an_echo_before_the_lost_answer_is_made_up_for_doubles_nobody(company: Company) -> None:
    customer = company.invoiced.customer("Acme", number="C-1")
    company.quickbooks.by_hand("Vendor", {"DisplayName": "Acme C-1"})
    company.quickbooks.fault("cut_after", entity="Customer", operation="create", count=2)
    invoice = company.invoiced.invoice(customer["id"])
    company.invoice(invoice)
    company.settle()
    posted = company.quickbooks.one("Customer")

    company.look(Kind.QUICKBOOKS_CUSTOMER, posted["Id"])
    company.settle()

    assert posted["DisplayName"] == f"Acme C-1 #{customer['id']}"
    assert len(company.invoiced.call("GET", "/customers")) == 1
    assert company.outcome(Kind.INVOICE, invoice["id"]) == Outcome.SYNCED


def test_a_choice_made_in_invoiced_links_what_was_in_doubt(company: Company) -> None:
    customer = company.invoiced.customer("Acme Inc")
    doubtful = company.quickbooks.by_hand("Customer", {"DisplayName": "Acme Inc"})
    assert company.look(Kind.QUICKBOOKS_CUSTOMER, doubtful["Id"]).waiting_for == "choice"

    company.invoiced.edit("customers", customer["id"], metadata={"quickbooks_customer_id": doubtful["Id"]})
    company.look(Kind.CUSTOMER, customer["id"])
    company.settle()

    assert company.outcome(Kind.QUICKBOOKS_CUSTOMER, doubtful["Id"]) == Outcome.SYNCED
    company.invoice(company.invoiced.invoice(customer["id"]))
    assert company.quickbooks.one("Invoice")["CustomerRef"]["value"] == doubtful["Id"]


def test_a_change_of_ours_survives_a_merge_whose_write_is_refused(company: Company) -> None:
    customer, posted = linked(company, phone="1", email="old@acme.test")
    change(company, posted, PrimaryEmailAddr={"Address": "new@acme.test"})
    company.invoiced.edit("customers", customer["id"], phone="2")
    company.quickbooks.fault("stale_token", entity="Customer", count=2)
    assert company.look(Kind.CUSTOMER, customer["id"]).outcome == Outcome.WAITING
    company.look(Kind.QUICKBOOKS_CUSTOMER, posted["Id"])
    company.settle()

    standing = company.quickbooks.one("Customer")
    assert standing["PrimaryPhone"]["FreeFormNumber"] == "2"
    assert company.invoiced.call("GET", f"/customers/{customer['id']}")["email"] == "new@acme.test"


def test_a_renamed_customer_takes_a_suffix_where_its_name_is_taken(company: Company) -> None:
    customer, _ = linked(company)
    company.quickbooks.by_hand("Vendor", {"DisplayName": f"Beta {customer['number']}"})
    company.invoiced.edit("customers", customer["id"], name="Beta")
    assert company.look(Kind.CUSTOMER, customer["id"]).outcome == Outcome.SYNCED
    name = company.quickbooks.one("Customer")["DisplayName"]
    assert name == f"Beta {customer['number']} #{customer['id']}"
    assert company.look(Kind.CUSTOMER, customer["id"]).outcome == Outcome.UNCHANGED


def test_two_customers_that_claim_one_do_not_read_for_ever(company: Company) -> None:
    born = company.quickbooks.by_hand("Customer", {"DisplayName": "Born There"})
    first, _ = (company.invoiced.customer(name, metadata={"quickbooks_customer_id": born["Id"]}) for name in "AB")
    assert company.invoice(company.invoiced.invoice(first["id"])).outcome == Outcome.WAITING
    company.settle(20)
    assert company.quickbooks.calls().count("read Customer") <= 2
    assert company.record(Kind.QUICKBOOKS_CUSTOMER, born["Id"]).waiting_for == "choice"
