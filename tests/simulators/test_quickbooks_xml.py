"""Requests and replies in XML: which callers get them, and that they hold what JSON holds."""

from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
import requests

from tests.patience import PATIENCE_S
from tests.simulators.quickbooks_cases import CASES, Case, make_refs
from tests.simulators.quickbooks_rig import Books, line, money, running

ROOT = "{http://schema.intuit.com/finance/v3}"


@pytest.fixture
def books() -> Iterator[Books]:
    with running() as (one,):
        yield one


def send(books: Books, path: str, accept: str | None) -> requests.Response:
    # None takes the header away that the session would send by itself.
    headers: dict[str, str | None] = {"Authorization": f"Bearer {books.token}", "Accept": accept}
    return books.session.get(f"{books.base}/{path}", headers=headers, timeout=PATIENCE_S)


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


def post(books: Books, path: str, body: str | bytes, kind: str = "application/xml", **params: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {books.token}", "Content-Type": kind, "Accept": "application/xml"}
    data = body.encode() if isinstance(body, str) else body
    return books.session.post(f"{books.base}/{path}", data=data, params=params, headers=headers, timeout=PATIENCE_S)


def document(name: str, content: str, attributes: str = "") -> str:
    return f'<?xml version="1.0" encoding="utf-8"?>\n<{name} xmlns="{ROOT[1:-1]}"{attributes}>{content}</{name}>'


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_was_read_in_xml_can_be_sent_back(books: Books, case: Case) -> None:
    made = books.write(case.entity, case.body(make_refs(books)))
    path = case.entity.lower()
    element = parsed(send(books, f"{path}/{made['Id']}", "application/xml")).find(f"{ROOT}{case.entity}")
    assert element is not None
    # Serialized with a prefix for the namespace, as the SDK for PHP writes it.
    found = parsed(post(books, path, ElementTree.tostring(element), "text/xml;charset=UTF-8"))
    assert found.find(f"{ROOT}Fault") is None, ElementTree.tostring(found)
    after = books.read(case.entity, made["Id"])
    assert (made.pop("SyncToken"), after.pop("SyncToken")) == ("0", "1")
    del made["MetaData"], after["MetaData"]
    assert after == made


def test_an_invoice_is_written_changed_voided_and_deleted_in_xml(books: Books) -> None:
    customer, item = books.customer("Ödön & Söhne"), books.item()
    sale = f"<SalesItemLineDetail><ItemRef>{item['Id']}</ItemRef></SalesItemLineDetail>"
    kind = "<DetailType>SalesItemLineDetail</DetailType>"
    lines = "".join(f"<Line><Amount>{amount}</Amount>{kind}{sale}</Line>" for amount in ("10.10", "5"))
    off = "<Amount>1</Amount><DetailType>DiscountLineDetail</DetailType><DiscountLineDetail/>"
    body = f'<CustomerRef name="x">{customer["Id"]}</CustomerRef>{lines}<Line>{off}</Line><DocNumber>7</DocNumber>'
    memo = "<PrivateNote> Wäsche &amp; more </PrivateNote><CustomerMemo>Thanks</CustomerMemo>"
    parsed(post(books, "invoice", document("Invoice", body + memo, ' sparse="false"')))
    made = books.query("SELECT * FROM Invoice WHERE DocNumber = '7'")["Invoice"][0]
    assert (made["TotalAmt"], made["PrivateNote"], made["CustomerMemo"]) == (
        money("14.10"),
        " Wäsche & more ",
        {"value": "Thanks"},
    )
    assert books.requests()[-2]["operation"] == "create"

    def named(token: str) -> str:
        return f"<Id>{made['Id']}</Id><SyncToken>{token}</SyncToken>"

    parsed(post(books, "invoice", document("Invoice", named("0") + "<CustomerMemo/>", ' sparse="true"')))
    changed = books.read("Invoice", made["Id"])
    assert (changed["TotalAmt"], "CustomerMemo" in changed) == (money("14.10"), False)
    parsed(post(books, "invoice", document("Invoice", named("1")), operation="void"))
    assert books.read("Invoice", made["Id"])["TotalAmt"] == 0
    gone = parsed(post(books, "invoice", document("Invoice", named("2")), operation="delete")).find(f"{ROOT}Invoice")
    assert gone is not None and gone.get("status") == "Deleted"


def test_batches_and_uploads_are_taken_in_xml(books: Books) -> None:
    items = (
        '<BatchItemRequest bId="a" operation="create"><Customer><DisplayName>One</DisplayName></Customer>'
        '</BatchItemRequest><BatchItemRequest bId="b"><Query>SELECT * FROM Customer</Query></BatchItemRequest>'
        '<BatchItemRequest bId="c" operation="create"><Bill><VendorRef>1</VendorRef></Bill></BatchItemRequest>'
    )
    replies = parsed(post(books, "batch", document("IntuitBatchRequest", items))).findall(f"{ROOT}BatchItemResponse")
    assert [one.get("bId") for one in replies] == ["a", "b", "c"]
    assert text(replies[0], "Customer", "DisplayName") == text(replies[1], "QueryResponse", "Customer", "DisplayName")
    assert replies[2].find(f"{ROOT}Fault") is not None
    customer = books.query("SELECT * FROM Customer")["Customer"][0]["Id"]
    link = f'<AttachableRef><EntityRef type="Customer">{customer}</EntityRef></AttachableRef><Note>seen</Note>'
    parts = [
        ("file_content_0", ("a.txt", b"hello", "text/plain")),
        ("file_metadata_0", ("m.xml", document("Attachable", link).encode(), "application/xml")),
    ]
    headers = {"Authorization": f"Bearer {books.token}", "Accept": "application/xml"}
    root = parsed(books.session.post(f"{books.base}/upload", files=parts, headers=headers, timeout=PATIENCE_S))
    assert text(root, "AttachableResponse", "Attachable", "AttachableRef", "EntityRef") == customer
    assert text(root, "AttachableResponse", "Attachable", "Note") == "seen"


@pytest.mark.parametrize(
    ("code", "body"),
    [
        ("2010", "<Customer"),
        ("2010", document("Customer", "<DisplayName>A</DisplayName><Colour>red</Colour>")),
        ("2010", '<!DOCTYPE a [<!ENTITY b "c">]><Customer><DisplayName>&b;</DisplayName></Customer>'),
        ("500", document("Vendor", "<DisplayName>A</DisplayName>")),
        ("2050", document("Customer", f"<DisplayName>{'A' * 501}</DisplayName>")),
        ("2010", document("Customer", "<Line>" * 50_000 + "</Line>" * 50_000)),
        ("2010", document("Invoice", "<Line><GroupLineDetail>" * 9_000 + "</GroupLineDetail></Line>" * 9_000)),
    ],
)
def test_malformed_xml_is_refused(books: Books, code: str, body: str) -> None:
    path = "invoice" if "<Invoice" in body else "customer"
    check_fault(post(books, path, body), 400, "ValidationFault", code)
