"""The web page: every link leads somewhere, and a document shows its lines and its journal."""

import re
from collections.abc import Iterator
from html import unescape

import pytest

from simulators.quickbooks.founding.new_company import Plan
from tests.patience import PATIENCE_S
from tests.simulators.quickbooks_rig import Books, line, running


@pytest.fixture(scope="module")
def books() -> Iterator[Books]:
    with running(empty=False, companies=2, plans=[Plan(), Plan("GB")]) as companies:
        yield companies[0]


def page(books: Books, path: str, status: int = 200) -> str:
    reply = books.session.get(books.url + path, timeout=PATIENCE_S)
    assert reply.status_code == status, path
    assert reply.headers["Content-Type"].startswith("text/html")
    return unescape(reply.text)


def test_every_link_leads_to_a_page(books: Books) -> None:
    seen, todo = {"/"}, ["/"]
    while todo:
        path = todo.pop()
        for link in re.findall(r'href="(/(?!_simulator/static)[^"]*|\?[^"]*)"', page(books, path)):
            target = path.partition("?")[0] + link if link.startswith("?") else link
            if target not in seen:
                seen.add(target)
                todo.append(target)
    assert len(seen) > 150


def test_a_document_shows_lines_journal_and_what_settled_it(books: Books) -> None:
    customer, item = books.customer("<b>Bold & Sons</b>"), books.item("Carpentry")
    more = {"DocNumber": "P-1", "TxnTaxDetail": {"TxnTaxCodeRef": {"value": books.tax_code()}}}
    body = {"CustomerRef": {"value": customer["Id"]}, "Line": [line(item, "1250", "TAX", Qty=5, UnitPrice=250)], **more}
    invoice = books.write("Invoice", body)
    payment = books.payment(customer, "350", ("Invoice", invoice, "350"))
    raw = books.session.get(
        f"{books.url}/_simulator/pages/{books.realm}/Invoice/{invoice['Id']}", timeout=PATIENCE_S
    ).text
    assert "<b>Bold" not in raw
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", raw))
    for expected in ("P-1", "Carpentry", "8 % of 1,250.00", "1,350.00 USD", "1,000.00 USD open", "Sales Tax Payable"):
        assert expected in text, expected
    assert f"Payment #{payment['Id']}" in text


def test_every_kind_of_document_has_its_page(books: Books) -> None:
    bank, spent = books.account("Bank", "Checking"), books.account("Expense", "Insurance")
    posted = [
        {
            "Amount": 5,
            "DetailType": "JournalEntryLineDetail",
            "JournalEntryLineDetail": {"PostingType": side, "AccountRef": account},
        }
        for side, account in (("Debit", spent), ("Credit", bank))
    ]
    paid = {
        "Amount": 7,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": spent},
    }
    purchase = {"PaymentType": "Check", "AccountRef": bank, "Line": [paid]}
    sale = {"Line": [line(books.item("Over the counter"), "9")]}
    for entity, body, expected in (
        ("JournalEntry", {"Line": posted}, ("Journal entry", "Debit Insurance", "5.00 USD")),
        ("Purchase", purchase, ("Expense", "Insurance", "7.00 USD")),
        ("SalesReceipt", sale, ("Sales receipt", "Over the counter", "Undeposited Funds", "9.00 USD")),
    ):
        made = books.write(entity, body)
        text = page(books, f"/_simulator/pages/{books.realm}/{entity}/{made['Id']}")
        for words in expected:
            assert words in text, (entity, words)
        assert f"#{made['Id']}" in page(books, f"/_simulator/pages/{books.realm}/{entity}")


def test_what_is_not_there_says_so(books: Books) -> None:
    for path in ("1", f"{books.realm}/Nothing", f"{books.realm}/Invoice/99999"):
        page(books, f"/_simulator/pages/{path}", 404)


def test_looking_leaves_no_trace_in_the_request_log(books: Books) -> None:
    books.control("DELETE", "requests")
    page(books, "/")
    page(books, f"/_simulator/pages/{books.realm}")
    assert books.requests() == []
