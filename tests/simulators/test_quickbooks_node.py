"""Intuit's Node.js clients, node-quickbooks and intuit-oauth, method by method against the simulator over HTTP.

The docs name what of them is not simulated.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulators.quickbooks.founding.new_company import Plan
from tests.conftest import if_there
from tests.node_clients import node_clients, run_node
from tests.simulators.client_walk import section_of
from tests.simulators.quickbooks_cases import CASES, Case, make_refs
from tests.simulators.quickbooks_rig import Books, Object, running

# What each script drives; `run_node` tells what it really called.
WALKED = {
    "operations.js": {
        "upload", "updateAttachable", "createInvoice", "batch", "changeDataCapture", "createCustomer", "findCustomers",
    },
    "documents.js": {
        "createInvoice", "getInvoicePdf", "sendInvoicePdf", "getInvoice", "voidInvoice", "deleteInvoice",
        "createEstimate", "getEstimatePdf", "sendEstimatePdf",
        "createCreditMemo", "getCreditMemoPdf", "sendCreditMemoPdf",
        "createSalesReceipt", "getSalesReceiptPdf", "sendSalesReceiptPdf",
        "createPayment", "voidPayment",
    },
    "settings.js": {
        "getCompanyInfo", "updateCompanyInfo", "findCompanyInfos", "getPreferences", "updatePreferences",
        "findPreferenceses", "createTaxAgency", "getTaxAgency", "findTaxAgencies", "updateTaxAgency",
        "createTaxService", "findTaxCodes", "findTaxRates", "getTaxCode", "getTaxRate", "updateTaxCode",
        "updateTaxRate",
    },
    "currencies.js": {
        "getExchangeRate", "updateExchangeRate", "findExchangeRates", "findCompanyCurrencies", "getCompanyCurrency",
    },
    "connection.js": {"getUserInfo", "revokeAccess"},
}  # fmt: skip
OAUTH_WALKED = {
    "setAuthorizeURLs", "authorizeUri", "createToken", "getToken", "getUserInfo", "makeApiCall", "refresh",
    "refreshUsingToken", "revoke",
}  # fmt: skip
# What the clients need for themselves, calling nobody or through the methods above.
_OWN_AFFAIRS = {"capitalize", "pluralize"}
_OAUTH_OWN_AFFAIRS = {
    "getEnvironmentURI", "getQBOEnvironmentURI", "getTokenRequest", "validateToken", "shouldRetry", "loadResponse",
    "createError", "isAccessTokenValid", "setToken", "authHeader", "_tokenRequestHeaders", "log", "validateResponse",
    "getPublicKey",
}  # fmt: skip


@pytest.fixture(scope="session")
def modules() -> Iterator[Path]:
    with if_there(node_clients()) as folder:
        yield folder


@pytest.fixture
def books(modules: Path) -> Iterator[Books]:
    with running() as companies:
        yield companies[0]


def node(books: Books, modules: Path, script: str, **more: Any) -> Object:
    """Run a script and return what it told, by step; fails if it did not call just what it is to call."""
    argument = {
        "url": books.url,
        "realm": books.realm,
        "clientId": books.client[0],
        "clientSecret": books.client[1],
        "refreshToken": books.credentials()["refresh_token"],
        **more,
    }
    told = run_node(script, modules, argument)
    if script in WALKED:
        assert set(told["called"]["node-quickbooks"]) == WALKED[script] | {"refreshAccessToken"}
    return told


def kept(books: Books, entity: str) -> dict[str, Object]:
    return {one["Id"]: one for one in books.control("GET", f"companies/{books.realm}/objects/{entity}")}


def life_of(case: Case) -> set[str]:
    """What entity.js drives of the client."""
    verbs = ("create", "get", "update", "delete") if case.deletes else ("create", "get", "update")
    return {f"{verb}{case.entity}" for verb in verbs} | {f"find{plural(case.entity)}"}


def plural(entity: str) -> str:
    return re.sub(r"s$", "se", re.sub(r"y$", "ie", entity)) + "s"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_entity_is_made_changed_found_and_deleted(books: Books, modules: Path, case: Case) -> None:
    more = {"change": case.change, "deletes": case.deletes}
    told = node(books, modules, "entity.js", entity=case.entity, body=case.body(make_refs(books)), **more)
    assert life_of(case) <= set(told["called"]["node-quickbooks"])
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
    told = node(books, modules, "operations.js", invoice={"CustomerRef": refs.customer, "Line": [refs.sale]})
    attached = kept(books, "Attachable")[told["attached"]["Id"]]
    assert attached["AttachableRef"][0]["EntityRef"]["type"] == "Invoice"
    made, clash, asked = told["batch"]
    assert clash["Fault"]["Error"][0]["code"] == "6240"
    assert asked["QueryResponse"]["Customer"][0]["Id"] == made["Customer"]["Id"]
    (changed, _) = told["changes"][0]["QueryResponse"]
    assert {one["DisplayName"] for one in changed["Customer"]} == {"Walker", "Batch One"}
    assert (told["quoted"], told["like"]) == (1, 1)
    assert told["once"] is True
    assert (told["duplicate"], told["duplicateAllowed"]) == ("6140", "not refused")


def test_documents_are_printed_mailed_and_voided(books: Books, modules: Path) -> None:
    refs = make_refs(books)
    sale = {"CustomerRef": refs.customer, "Line": [refs.sale]}
    payment = {"CustomerRef": refs.customer, "TotalAmt": 100}
    told = node(books, modules, "documents.js", sale=sale, payment=payment)
    for entity, id in told["made"].items():
        assert told[f"pdf {entity}"] == "%PDF-"
        assert told[f"sent {entity}"] == ["EmailSent", "ann@example.com"]
        assert told[f"again {entity}"] is True
        assert kept(books, entity)[id]["BillEmail"]["Address"] == "ann@example.com"
    assert told["balancePaid"] == 0
    invoices, payments = kept(books, "Invoice"), kept(books, "Payment")
    assert payments[told["paymentVoided"]["Id"]]["PrivateNote"] == "Voided"
    voided = invoices[told["invoiceVoided"]["Id"]]
    assert (voided["TotalAmt"], voided["PrivateNote"]) == (0, "Voided")
    assert (told["otherVoided"]["TotalAmt"], told["otherDeleted"]) == (0, "Deleted")
    assert books.control("GET", f"companies/{books.realm}/books")["agrees"]


def test_the_company_its_preferences_and_taxes_are_read_and_set(books: Books, modules: Path) -> None:
    told = node(books, modules, "settings.js")
    assert (told["company"], told["legalName"]) == ("Simulated Company 1", "Simulated, Inc.")
    assert told["companies"] == ["Simulated, Inc."]
    assert told["allowDeposit"] == [True]
    assert (told["agency"], told["agencies"]) == ("Node City", ["Node City"])
    assert told["service"] == [True, True]
    assert (told["taxCode"], told["taxRate"]) == ("Node City tax", 2)
    assert told["refused"] == ["500"] * 3


def test_a_connection_is_made_refreshed_and_revoked(books: Books, modules: Path) -> None:
    told = node(books, modules, "oauth.js")
    assert told["realm"] == books.realm
    assert (told["token"]["token_type"], told["token"]["expires_in"]) == ("bearer", 3600)
    assert told["user"]["emailVerified"] is True
    assert told["api"]["QueryResponse"] == {"totalCount": 0}
    assert told["refusal"]["fault"]["errors"][0]["code"] == "610"
    assert told["refreshed"]["refresh_token"] == told["token"]["refresh_token"]
    assert told["made"] == "Söhne"
    assert 0 < told["hardExpiry"] <= 5 * 366 * 86_400
    assert (told["codeAgain"], told["revoked"]) == ("refused", "refused")
    assert set(told["called"]["intuit-oauth"]) >= OAUTH_WALKED
    assert books.send("GET", "companyinfo/1").status_code == 401


@pytest.mark.parametrize("use_refresh", [True, False], ids=["refresh token", "access token"])
def test_node_quickbooks_ends_a_connection_by_itself(books: Books, modules: Path, use_refresh: bool) -> None:
    told = node(books, modules, "connection.js", useRefresh=use_refresh)
    assert (told["user"], told["revoked"], told["refreshed"]) == ("admin@example.com", 200, "invalid_grant")
    assert books.send("GET", "companyinfo/1").status_code == 401


def test_exchange_rates_are_set_and_read(modules: Path) -> None:
    with running(plans=[Plan(multicurrency=True)]) as (books,):
        books.write("CompanyCurrency", {"Code": "EUR", "Name": "Euro"})
        told = node(books, modules, "currencies.js", day=books.simulator.companies[books.realm].today().isoformat())
        assert (told["rate"], told["listed"], told["currency"]) == (1.25, [1.25], "EUR")


def test_the_docs_name_all_of_the_clients_that_is_not_simulated(books: Books, modules: Path) -> None:
    offered = node(books, modules, "offered.js")
    walked = {"refreshAccessToken"}.union(*WALKED.values(), *map(life_of, CASES))
    left = set(offered["node-quickbooks"]) - walked - _OWN_AFFAIRS
    named = section_of("quickbooks.md", "### What of node-quickbooks is not simulated")
    assert named_methods(named, left) == left
    left = set(offered["intuit-oauth"]) - OAUTH_WALKED - _OAUTH_OWN_AFFAIRS
    assert named_methods(section_of("quickbooks.md", "### What of intuit-oauth is not simulated"), left) == left


def named_methods(text: str, among: set[str]) -> set[str]:
    """Return the methods that a text names in backticks: each by itself, all that begin so (`report…`), or all of an
    entity (`Bill`) that are `among` these."""
    found = set()
    for name in re.findall(r"`(\w+…?)`", text):
        if name.endswith("…"):
            found |= {one for one in among if one.startswith(name[:-1])}
        elif name[0].isupper():
            names = {f"{verb}{name}" for verb in ("create", "get", "update", "delete", "send")} | {
                f"find{plural(name)}"
            }
            found |= names & among or {name}
        else:
            found.add(name)
    return found
