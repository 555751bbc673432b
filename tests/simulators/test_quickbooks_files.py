"""PDF of documents, and attachments: uploaded, found, downloaded, deleted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from simulators.json_numbers import read_json
from simulators.quickbooks.documents.printed import pdf
from tests.patience import PATIENCE_S
from tests.simulators.quickbooks_rig import Books, line, refused, running, version


@pytest.fixture(scope="module")
def books() -> Iterator[Books]:
    with running() as (one,):
        yield one


def upload(books: Books, files: Any, **params: str) -> list[Any]:
    headers = {"Authorization": f"Bearer {books.token}", "Accept": "application/json"}
    reply = books.session.post(f"{books.base}/upload", files=files, params=params, headers=headers, timeout=PATIENCE_S)
    assert reply.status_code == 200, reply.text
    found: list[Any] = read_json(reply.content)["AttachableResponse"]
    return found


def test_documents_are_printed_as_pdf(books: Books) -> None:
    item, customer = books.item("Printing"), books.customer("Café (Nord)")
    invoice = books.invoice(customer, "1234.50", item=item, DocNumber="P-1")
    receipt = books.write("SalesReceipt", {"Line": [line(item, "5")]})
    payment = books.payment(customer, "10", ("Invoice", invoice, "10"))
    for entity, document, shown in (
        ("invoice", invoice, rb"1,234\.50"),
        ("salesreceipt", receipt, rb"5\.00"),
        ("payment", payment, rb"Invoice \d+"),
    ):
        reply = books.send("GET", f"{entity}/{document['Id']}/pdf")
        assert (reply.status_code, reply.headers["Content-Type"]) == (200, "application/pdf")
        assert reply.content.startswith(b"%PDF-1.4") and reply.content.endswith(b"%%EOF\n")
        assert re.search(shown, reply.content)
    refused(500, books.call, "GET", f"customer/{customer['Id']}/pdf")
    refused(610, books.call, "GET", "invoice/99999/pdf")


def test_the_table_of_a_pdf_says_where_its_objects_begin() -> None:
    printed = pdf([f"row {number} (of many)" for number in range(120)])
    table = int(re.findall(rb"startxref\n(\d+)", printed)[0])
    places = [int(one) for one in re.findall(rb"(\d{10}) 00000 n", printed[table:])]
    assert len(places) == 3 + 2 * 3
    assert all(printed[at:].startswith(f"{n} 0 obj".encode()) for n, at in enumerate(places, 1))


def test_an_upload_that_comes_again_under_its_requestid_is_kept_once(books: Books) -> None:
    first = upload(books, [("file_content_01", ("once.txt", b"first", "text/plain"))], requestid="u1")
    again = upload(books, [("file_content_01", ("twice.txt", b"second", "text/plain"))], requestid="u1")
    assert again == first
    named = books.query("SELECT * FROM Attachable WHERE FileName IN ('once.txt', 'twice.txt')")["Attachable"]
    assert [one["FileName"] for one in named] == ["once.txt"]


def test_files_are_uploaded_found_at_their_document_downloaded_and_deleted(books: Books) -> None:
    invoice = books.invoice(books.customer("Attached"), "10", item=books.item("Attached"))
    content = bytes(range(256)) * 20 + b"\r\n--\r\n\n"
    link = f'[{{"EntityRef": {{"type": "Invoice", "value": "{invoice["Id"]}"}}, "IncludeOnSend": true}}]'
    metadata = f'{{"AttachableRef": {link}, "FileName": "scan.bin", "ContentType": "image/png"}}'
    wrong = metadata.replace(invoice["Id"], "99999")
    first, second, third = upload(
        books,
        [
            ("file_metadata_01", ("m.json", metadata, "application/json")),
            ("file_content_01", ("scan.bin", content, "image/png")),
            ("file_metadata_02", ("m.json", wrong, "application/json")),
            ("file_content_02", ("b.txt", b"refused", "text/plain")),
            ("file_content_03", ("c.txt", b"no metadata", "text/plain")),
        ],
    )
    made = first["Attachable"]
    assert (made["Size"], made["ContentType"], made["FileName"]) == (len(content), "image/png", "scan.bin")
    assert second["Fault"]["Error"][0]["code"] == "2500"
    assert (third["Attachable"]["FileName"], third["Attachable"]["Size"]) == ("c.txt", Decimal(11))
    where = f"AttachableRef.EntityRef.Type = 'Invoice' AND AttachableRef.EntityRef.value = '{invoice['Id']}'"
    assert [one["Id"] for one in books.query(f"SELECT * FROM Attachable WHERE {where}")["Attachable"]] == [made["Id"]]
    address = books.send("GET", f"download/{made['Id']}").text
    assert books.read("Attachable", made["Id"])["TempDownloadUri"] == address
    kept = books.session.get(address, timeout=PATIENCE_S)
    assert (kept.content, kept.headers["Content-Type"]) == (content, "image/png")
    changed = books.write("Attachable", version(made, sparse=True, Note="seen"))
    assert (changed["Note"], changed["Size"], len(changed["AttachableRef"])) == ("seen", len(content), 1)
    books.write("Attachable", version(changed), operation="delete")
    refused(610, books.call, "GET", f"download/{made['Id']}")
    refused(2020, books.write, "Attachable", {"Category": "Other"})
    note = books.write("Attachable", {"Note": "call back"})
    assert "TempDownloadUri" not in note
    refused(610, books.call, "GET", f"download/{note['Id']}")


def test_a_file_may_come_in_base64_and_with_bare_line_ends(books: Books) -> None:
    encoded = b"AGJ5dGVzDQo="
    body = b"""
--cut
Content-Disposition: form-data; name="file_metadata_01"
Content-Type: application/json

{"FileName": "a.txt", "ContentType": "text/plain", "Note": "", "AttachableRef": []}

--cut
Content-Disposition: form-data; name="file_content_01"
Content-Type: text/plain
Content-Transfer-Encoding: base64

%s

--cut--
"""
    headers = {
        "Authorization": f"Bearer {books.token}",
        "Accept": "application/json",
        "Content-Type": "multipart/form-data; boundary=cut",
    }
    reply = books.session.post(f"{books.base}/upload", data=body % encoded, headers=headers, timeout=PATIENCE_S)
    made = read_json(reply.content)["AttachableResponse"][0]["Attachable"]
    assert (made["FileName"], made["Size"]) == ("a.txt", 8)
    assert books.session.get(made["TempDownloadUri"], timeout=PATIENCE_S).content == b"\x00bytes\r\n"
