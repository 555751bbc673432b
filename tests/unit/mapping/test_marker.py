"""The line in a PrivateNote that names the record."""

import pytest

from consumer.mapping.marker import bad_debt_marker, carries, invoice_marker, payment_marker, with_marker

INVOICE = invoice_marker("INV-004", 46225)
BAD_DEBT = bad_debt_marker("INV-004", 46225)
PAYMENT = payment_marker(61)


def test_markers_are_words_that_a_customer_may_read() -> None:
    assert INVOICE == "Invoiced INV-004 #46225"
    assert BAD_DEBT == "Invoiced INV-004 bad debt #46225"
    assert PAYMENT == "Invoiced payment #61"
    assert invoice_marker("A\n1", 5) == "Invoiced A 1 #5"
    assert len(invoice_marker("9" * 10_000, 5)) < 250


@pytest.mark.parametrize(
    ("note", "marker", "found"),
    [
        (INVOICE, INVOICE, True),
        (f"Call first.\n{INVOICE}, please", INVOICE, True),
        ("Invoiced INV-005 #46225", INVOICE, True),  # renumbered since
        ("Invoiced by hand, see Invoiced X #46225.", INVOICE, True),
        ("Voided - Invoiced INV-004 #46225", INVOICE, True),
        ("Invoiced INV-004 #462251", INVOICE, False),
        ("Invoiced INV-004 #4622", INVOICE, False),
        ("see #46225", INVOICE, False),
        (None, INVOICE, False),
        (BAD_DEBT, INVOICE, False),
        (INVOICE, BAD_DEBT, False),
        ("Invoiced payment #46225", INVOICE, False),
        ("Invoiced INV-9 #1\nInvoiced INV-004 bad debt #46225", BAD_DEBT, True),
        (PAYMENT, PAYMENT, True),
        ("Invoiced payment #611", PAYMENT, False),
        ("Invoiced INV-1 #61", PAYMENT, False),
        ("Invoiced payment #61", invoice_marker("payment", 61), True),  # an invoice may be numbered oddly
        ("Invoiced bad debt #7", invoice_marker("bad debt", 7), True),
        ("Invoiced A #9 #7", invoice_marker("A #9", 7), True),
    ],
)
def test_a_record_is_found_by_kind_and_id_anywhere_in_a_note(note: str | None, marker: str, found: bool) -> None:
    assert carries(note, marker) is found


def test_a_note_keeps_all_other_text() -> None:
    assert with_marker(None, INVOICE) == INVOICE
    assert with_marker("", INVOICE) == INVOICE
    assert with_marker("Call first.", INVOICE) == f"Call first.\n{INVOICE}"
    older = "Call first.\nInvoiced INV-003 #46225 (new number)\nInvoiced by hand"
    assert with_marker(older, INVOICE) == f"Call first.\n{INVOICE} (new number)\nInvoiced by hand"
    by_hand = "Invoiced by hand, see Invoiced INV-003 #46225."
    assert with_marker(by_hand, INVOICE) == f"Invoiced by hand, see {INVOICE}."
    assert with_marker("Invoiced INV-1 #1", INVOICE) == f"Invoiced INV-1 #1\n{INVOICE}"


def test_marking_twice_changes_nothing() -> None:
    for marker in (INVOICE, BAD_DEBT, PAYMENT, payment_marker(61, "x" * 30)):
        once = with_marker("Call first.", marker)
        assert with_marker(once, marker) == once


def test_a_reference_goes_when_the_payment_has_none_any_more() -> None:
    marked = with_marker("Call first.", payment_marker(61, "wire of november the eighteenth"))
    assert marked == "Call first.\nInvoiced payment #61, reference wire of november the eighteenth"
    assert with_marker(marked, PAYMENT) == f"Call first.\n{PAYMENT}"


def test_a_note_is_never_longer_than_quickbooks_holds_and_a_persons_text_never_cut() -> None:
    full = "n" * 3990
    assert with_marker(full, INVOICE) == full
    assert len(with_marker(None, payment_marker(61, "x" * 10_000))) <= 4000
