"""Replies in XML: which callers get them, and that they hold what the JSON reply holds."""

from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
import requests

from tests.simulators.quickbooks_rig import Books, line, running

ROOT = "{http://schema.intuit.com/finance/v3}"


@pytest.fixture
def books() -> Iterator[Books]:
    with running() as (one,):
        yield one


def send(books: Books, path: str, accept: str | None) -> requests.Response:
    # None takes the header away that the session would send by itself.
    headers: dict[str, str | None] = {"Authorization": f"Bearer {books.token}", "Accept": accept}
    return books.session.get(f"{books.base}/{path}", headers=headers, timeout=5)


def parsed(reply: requests.Response) -> Element:
    assert reply.headers["Content-Type"].startswith("application/xml")
    root = ElementTree.fromstring(reply.content)
    assert root.tag == f"{ROOT}IntuitResponse"
    return root


def text(element: Element, *path: str) -> str | None:
    return element.findtext("/".join(ROOT + one for one in path))


def test_who_asks_for_json_gets_it_and_nobody_else(books: Books) -> None:
    for accept in ("application/json", "application/json, text/plain, */*", "text/json"):
        assert send(books, "companyinfo/1", accept).json()["CompanyInfo"]
    for other in ("application/xml", "*/*", None):
        parsed(send(books, "companyinfo/1", other))
    books.switch(xml_by_default=False)
    assert send(books, "companyinfo/1", "*/*").json()["CompanyInfo"]
    parsed(send(books, "companyinfo/1", "application/xml"))


def test_an_invoice_reads_as_in_json(books: Books) -> None:
    customer = books.customer("Smith & Sons <Ltd>")
    body = {"CustomerRef": {"value": customer["Id"]}, "Line": [line(books.item(), "19.90")]}
    invoice = books.write("Invoice", {**body, "CustomerMemo": {"value": "Thank you"}})
    found = parsed(send(books, f"invoice/{invoice['Id']}", "application/xml")).find(f"{ROOT}Invoice")
    assert found is not None
    assert [child.tag for child in found][:3] == [f"{ROOT}{name}" for name in ("Id", "SyncToken", "MetaData")]
    assert (found.get("domain"), found.get("sparse")) == ("QBO", "false")
    reference = found.find(f"{ROOT}CustomerRef")
    assert reference is not None
    assert (reference.text, reference.get("name")) == (customer["Id"], "Smith & Sons <Ltd>")
    assert (text(found, "TotalAmt"), text(found, "CustomerMemo")) == ("19.90", "Thank you")
    assert len(found.findall(f"{ROOT}Line")) == 2
    assert text(found, "Line", "SalesItemLineDetail", "TaxCodeRef") == "NON"


def test_queries_and_faults_have_their_attributes(books: Books) -> None:
    books.customer("One")
    rows = parsed(send(books, "query?query=SELECT * FROM Customer", "*/*")).find(f"{ROOT}QueryResponse")
    assert rows is not None
    assert (rows.get("startPosition"), rows.get("maxResults")) == ("1", "1")
    assert text(rows, "Customer", "DisplayName") == "One"
    for path, status, kind, code in (
        ("customer/99", 400, "ValidationFault", "610"),
        ("nothing/1", 400, "ValidationFault", "500"),
    ):
        check_fault(send(books, path, "application/xml"), status, kind, code)
    books.token = "nonsense"
    check_fault(send(books, "customer/1", "application/xml"), 401, "AUTHENTICATION", "3200")


def check_fault(reply: requests.Response, status: int, kind: str, code: str) -> None:
    assert reply.status_code == status
    fault = parsed(reply).find(f"{ROOT}Fault")
    assert fault is not None
    error = fault.find(f"{ROOT}Error")
    assert error is not None
    assert (fault.get("type"), error.get("code")) == (kind, code)
    assert text(error, "Message") and text(error, "Detail")
