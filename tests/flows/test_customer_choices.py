"""A customer of QuickBooks of whom more than one thing may be true waits for a person, and does what was chosen."""

from typing import Any

import pytest

from shared.choices import Answer, Choice
from shared.db import customer_choices
from shared.errors import RejectedError
from shared.messages import Kind
from shared.outcomes import Outcome
from tests.flows.company import Company
from tests.flows.conftest import on_both_databases


def choose(company: Company, qbo: dict[str, Any], answer: Answer, named: object = None) -> None:
    choice = Choice(answer, None if named is None else str(named))
    with company.wiring.sessions.begin() as session:
        customer_choices.choose(session, company.id, qbo["Id"], choice, "admin@x.test", company.now())
    company.settle()


def doubtful(company: Company) -> tuple[dict[str, Any], dict[str, Any]]:
    """A customer at either end with one name, of whom nothing says that they are one."""
    customer = company.invoiced.customer("Acme Inc")
    qbo = company.quickbooks.by_hand("Customer", {"DisplayName": "Acme Inc"})
    settlement = company.look(Kind.QUICKBOOKS_CUSTOMER, qbo["Id"])
    assert settlement.waiting_for == "choice"
    versions = company.record(Kind.QUICKBOOKS_CUSTOMER, qbo["Id"]).versions
    assert versions == {"candidates": [{"id": customer["id"], "name": "Acme Inc", "number": customer["number"]}]}
    return customer, qbo


def test_a_chosen_customer_is_linked(company: Company) -> None:
    customer, qbo = doubtful(company)
    choose(company, qbo, Answer.LINK, customer["id"])

    assert company.outcome(Kind.QUICKBOOKS_CUSTOMER, qbo["Id"]) == Outcome.SYNCED
    company.invoice(company.invoiced.invoice(customer["id"]))
    assert company.quickbooks.one("Invoice")["CustomerRef"]["value"] == qbo["Id"]
    assert len(company.quickbooks.objects("Customer")) == 1
    with pytest.raises(RejectedError, match="already"):
        choose(company, qbo, Answer.CREATE)


@on_both_databases
def test_a_new_one_is_created_once_even_if_the_answer_is_lost(company: Company) -> None:
    _, qbo = doubtful(company)
    company.invoiced.fault("cut_after", entity="customer", operation="create", count=1)
    choose(company, qbo, Answer.CREATE)

    assert company.outcome(Kind.QUICKBOOKS_CUSTOMER, qbo["Id"]) == Outcome.SYNCED
    assert [c["name"] for c in company.invoiced.call("GET", "/customers")] == ["Acme Inc", "Acme Inc"]
    with company.wiring.sessions() as session:
        found = customer_choices.counterparts(session, company.id, [qbo["Id"]])
    assert found[qbo["Id"]].name == "Acme Inc"


def test_one_that_is_left_stays_left_until_somebody_chooses_otherwise(company: Company) -> None:
    customer, qbo = doubtful(company)
    choose(company, qbo, Answer.LEAVE)
    assert company.outcome(Kind.QUICKBOOKS_CUSTOMER, qbo["Id"]) == Outcome.SKIPPED
    assert company.look(Kind.QUICKBOOKS_CUSTOMER, qbo["Id"]).outcome == Outcome.SKIPPED
    choose(company, qbo, Answer.LINK, customer["id"])
    assert company.outcome(Kind.QUICKBOOKS_CUSTOMER, qbo["Id"]) == Outcome.SYNCED


def test_a_choice_that_cannot_be_carried_out_is_asked_for_again(company: Company) -> None:
    _, qbo = doubtful(company)
    choose(company, qbo, Answer.LINK, 999_999)
    row = company.record(Kind.QUICKBOOKS_CUSTOMER, qbo["Id"])
    assert (row.waiting_for, "does not exist in Invoiced" in str(row.cause)) == ("choice", True)


def merge_in_quickbooks(company: Company, gone: dict[str, Any], survivor: dict[str, Any]) -> None:
    company.quickbooks.call(
        "POST", f"/_simulator/companies/{company.quickbooks.realm_id}/merge",
        {"entity": "Customer", "gone": gone["Id"], "survivor": survivor["Id"]},
    )  # fmt: skip


@on_both_databases
def test_the_survivor_of_a_merge_stands_for_the_customer_from_then_on(company: Company) -> None:
    customer = company.invoiced.customer("Acme", number="C-1")
    first = company.invoiced.invoice(customer["id"])
    payment = company.invoiced.pay(customer["id"], "70", (first["id"], "60"))
    company.sweep()
    gone = company.quickbooks.one("Customer")
    survivor = company.quickbooks.by_hand("Customer", {"DisplayName": "Acme Holding"})
    merge_in_quickbooks(company, gone, survivor)

    settlement = company.look(Kind.QUICKBOOKS_CUSTOMER, gone["Id"])
    assert (settlement.waiting_for, "merged" in settlement.cause) == ("choice", True)
    choose(company, gone, Answer.SURVIVOR, survivor["Id"])

    assert company.outcome(Kind.QUICKBOOKS_CUSTOMER, gone["Id"]) == Outcome.SYNCED
    second = company.invoiced.invoice(customer["id"])
    company.invoice(second)
    company.settle()
    assert company.outcome(Kind.INVOICE, second["id"]) == Outcome.SYNCED
    assert {o["CustomerRef"]["value"] for o in company.quickbooks.objects("Invoice")} == {survivor["Id"]}
    # What was posted before the merge can be changed as ever: a payment, and an invoice from which it is taken off.
    posted = company.quickbooks.one("Payment")
    company.invoiced.edit("payments", payment["id"], reference="1450")
    company.invoiced.edit("invoices", first["id"], items=[{**first["items"][0], "unit_cost": 50}])
    company.sweep()
    changed = company.quickbooks.one("Payment", Id=posted["Id"])
    assert (changed["PaymentRefNum"], changed["TotalAmt"], changed["UnappliedAmt"]) == ("1450", 70, 20)
    lowered = company.quickbooks.one("Invoice", DocNumber=f"INVD-{first['number']}")
    assert (lowered["TotalAmt"], lowered["Balance"]) == (50, 0)


@pytest.mark.parametrize("is_crossed", [False, True])
def test_customers_that_were_merged_on_both_sides(company: Company, is_crossed: bool) -> None:
    """`is_crossed`: the one that is gone in QuickBooks stood for the one that stays in Invoiced."""
    acme, beta = company.invoiced.customer("Acme"), company.invoiced.customer("Beta")
    invoice = company.invoiced.invoice(acme["id"])
    company.invoiced.pay(acme["id"], "30", (invoice["id"], "30"))
    other = company.invoiced.invoice(beta["id"])
    company.sweep()
    counterparts = [
        company.quickbooks.one("Customer", DisplayName=f"{one['name']} {one['number']}") for one in (acme, beta)
    ]
    gone, survivor = reversed(counterparts) if is_crossed else counterparts
    merge_in_quickbooks(company, gone, survivor)
    company.look(Kind.QUICKBOOKS_CUSTOMER, gone["Id"])
    choose(company, gone, Answer.SURVIVOR, survivor["Id"])
    row = company.record(Kind.QUICKBOOKS_CUSTOMER, gone["Id"])
    assert (row.waiting_for, "Merge both customers in Invoiced too" in str(row.remedy)) == ("choice", True)

    company.invoiced.call("POST", f"/_simulator/customers/{beta['id']}/merge", {"gone": acme["id"]})
    choose(company, gone, Answer.SURVIVOR, survivor["Id"])
    assert company.outcome(Kind.QUICKBOOKS_CUSTOMER, gone["Id"]) == Outcome.SYNCED
    for one in (invoice, other):
        company.invoiced.edit("invoices", one["id"], items=[{**one["items"][0], "unit_cost": 90}])
    company.sweep()

    posted = company.quickbooks.objects("Invoice")
    assert {o["CustomerRef"]["value"] for o in posted} == {survivor["Id"]}
    assert sorted((o["TotalAmt"], o["Balance"]) for o in posted) == [(90, 60), (90, 90)]
    assert company.quickbooks.one("Payment")["TotalAmt"] == 30
