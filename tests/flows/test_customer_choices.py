"""A customer of QuickBooks of whom more than one thing may be true waits for a person, and does what was chosen."""

from typing import Any

import pytest

from shared.choices import Answer, Choice
from shared.db import customer_choices
from shared.errors import RejectedError
from shared.messages import Kind
from shared.outcomes import Outcome
from tests.flows.company import Company


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


def test_the_survivor_of_a_merge_stands_for_the_customer_from_then_on(company: Company) -> None:
    customer = company.invoiced.customer("Acme", number="C-1")
    company.invoice(company.invoiced.invoice(customer["id"]))
    gone = company.quickbooks.one("Customer")
    survivor = company.quickbooks.by_hand("Customer", {"DisplayName": "Acme Holding"})
    company.quickbooks.call(
        "POST", f"/_simulator/companies/{company.quickbooks.realm_id}/merge",
        {"entity": "Customer", "gone": gone["Id"], "survivor": survivor["Id"]},
    )  # fmt: skip

    settlement = company.look(Kind.QUICKBOOKS_CUSTOMER, gone["Id"])
    assert (settlement.waiting_for, "merged" in settlement.cause) == ("choice", True)
    choose(company, gone, Answer.SURVIVOR, survivor["Id"])

    assert company.outcome(Kind.QUICKBOOKS_CUSTOMER, gone["Id"]) == Outcome.SYNCED
    second = company.invoiced.invoice(customer["id"])
    company.invoice(second)
    company.settle()
    assert company.outcome(Kind.INVOICE, second["id"]) == Outcome.SYNCED
    assert {o["CustomerRef"]["value"] for o in company.quickbooks.objects("Invoice")} == {survivor["Id"]}
