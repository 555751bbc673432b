"""Intuit's Node.js clients, node-quickbooks and intuit-oauth, against the simulator over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulators.quickbooks.new_company import Plan
from tests.conftest import if_there
from tests.node_clients import node_clients, run_node
from tests.simulators.quickbooks_cases import CASES, Case, make_refs
from tests.simulators.quickbooks_rig import Books, Object, running


@pytest.fixture(scope="session")
def modules() -> Iterator[Path]:
    with if_there(node_clients()) as folder:
        yield folder


@pytest.fixture
def books(modules: Path) -> Iterator[Books]:
    with running() as companies:
        yield companies[0]


def node(books: Books, modules: Path, script: str, **more: Any) -> Object:
    argument = {
        "url": books.url,
        "realm": books.realm,
        "clientId": books.client[0],
        "clientSecret": books.client[1],
        "refreshToken": books.credentials()["refresh_token"],
        **more,
    }
    return run_node(script, modules, argument)


def kept(books: Books, entity: str) -> dict[str, Object]:
    return {one["Id"]: one for one in books.control("GET", f"companies/{books.realm}/objects/{entity}")}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_entity_is_made_changed_found_and_deleted(books: Books, modules: Path, case: Case) -> None:
    refs = make_refs(books)
    told = node(
        books,
        modules,
        "entity.js",
        entity=case.entity,
        body=case.body(refs),
        change=case.change,
        deletes=case.deletes,
    )
    id = told["created"]["Id"]
    assert told["read"] == told["created"]
    assert (told["sparse"]["SyncToken"], told["full"]["SyncToken"]) == ("1", "2")
    assert case.change.items() <= told["sparse"].items()
    assert case.change.items() <= told["full"].items()
    assert [one["Id"] for one in told["found"]] == [one["Id"] for one in told["foundAmong"]] == [id]
    assert told["found"][0]["SyncToken"] == "2"
    there = kept(books, case.entity)
    assert id in told["all"]
    assert told["counted"] == len(told["all"])
    if case.deletes:
        assert told["deleted"] == {"status": "Deleted", "domain": "QBO", "Id": id}
        assert id not in there
    else:
        assert case.change.items() <= there[id].items()


def test_operations_beyond_single_entities(books: Books, modules: Path) -> None:
    refs = make_refs(books)
    invoice = {"CustomerRef": refs.customer, "Line": [refs.sale]}
    told = node(
        books,
        modules,
        "operations.js",
        invoice=invoice,
        payment={"CustomerRef": refs.customer, "TotalAmt": 100},
    )
    assert (told["pdf"], told["estimatePdf"], told["estimateSent"]) == ("%PDF-", "%PDF-", True)
    assert (told["sent"]["EmailStatus"], told["sent"]["BillEmail"]["Address"]) == ("EmailSent", "ann@example.com")
    assert told["balancePaid"] == 0
    invoices, payments = kept(books, "Invoice"), kept(books, "Payment")
    assert payments[told["paymentVoided"]["Id"]]["PrivateNote"] == "Voided"
    voided = invoices[told["invoiceVoided"]["Id"]]
    assert (voided["TotalAmt"], voided["PrivateNote"]) == (0, "Voided")
    attached = kept(books, "Attachable")[told["attached"]["Id"]]
    assert attached["AttachableRef"][0]["EntityRef"] == {"type": "Invoice", "value": voided["Id"]}
    made, clash, asked = told["batch"]
    assert clash["Fault"]["Error"][0]["code"] == "6240"
    assert asked["QueryResponse"]["Customer"][0]["Id"] == made["Customer"]["Id"]
    changed = told["changes"][0]["QueryResponse"]
    assert {one["DisplayName"] for one in changed[0]["Customer"]} == {"Walker", "Batch One"}
    assert len(changed[1]["Estimate"]) == 1
    assert told["company"]["CompanyName"] == "Simulated Company 1"
    assert told["preferences"]["SalesFormsPrefs"]["AllowDeposit"] is True
    assert (told["taxCodes"], told["taxRates"], told["quoted"], told["like"]) == (1, 1, 1, 1)
    assert told["once"] is True
    assert (told["duplicate"], told["duplicateAllowed"]) == ("6140", "made")
    assert books.control("GET", f"companies/{books.realm}/books")["agrees"]


def test_a_connection_is_made_refreshed_and_revoked(books: Books, modules: Path) -> None:
    told = node(books, modules, "oauth.js")
    assert told["realm"] == books.realm
    assert (told["token"]["token_type"], told["token"]["expires_in"]) == ("bearer", 3600)
    assert told["user"]["emailVerified"] is True
    assert told["api"]["QueryResponse"] == {"totalCount": 0}
    assert told["refusal"]["fault"]["errors"][0]["code"] == "610"
    assert told["refreshed"]["refresh_token"] == told["token"]["refresh_token"]
    assert (told["codeAgain"], told["revoked"]) == ("refused", "refused")
    assert books.send("GET", "companyinfo/1").status_code == 401


def test_exchange_rates_are_set_and_read(modules: Path) -> None:
    with running(plans=[Plan(multicurrency=True)]) as (books,):
        books.write("CompanyCurrency", {"Code": "EUR", "Name": "Euro"})
        told = node(books, modules, "currencies.js", day=books.simulator.clock.now().date().isoformat())
        assert (told["rate"], told["listed"], told["currency"]) == (1.25, [1.25], "EUR")
