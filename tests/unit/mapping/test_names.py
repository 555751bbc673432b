"""Names and numbers under which records stand in QBO."""

import pytest

from consumer.mapping.names import (
    bare_customer_name,
    customer_display_name,
    doc_number,
    item_key,
    item_name,
    payment_reference,
    stable_suffix,
)
from shared.errors import RejectedError


def test_a_document_keeps_its_number_behind_the_prefix() -> None:
    assert doc_number("INVD-", "INV-004") == "INVD-INV-004"
    assert doc_number("", "INV-004") == "INV-004"
    assert doc_number("INVD-", "INV-004", "-BD") == "INVD-INV-004-BD"
    assert doc_number("INVD-", "1234567890123456") == "INVD-1234567890123456"  # 21 characters


def test_a_longer_number_is_shortened_in_the_same_way_each_time() -> None:
    assert doc_number("INVD-", "12345678901234567") == "INVD-1234567-6P372WUC"
    assert doc_number("INVD-", "12345678901234567") != doc_number("INVD-", "12345678901234568")
    assert doc_number("INVD-", "12345678901234567") != doc_number("INVD-", "12345678901234567", "-BD")
    assert len(doc_number("INVD-", "9" * 10_000)) == 21


def test_two_numbers_that_differ_in_a_forbidden_character_alone_stay_two() -> None:
    assert doc_number("", "A\t1") != doc_number("", "A 1") == "A 1"
    assert "\t" not in doc_number("", "A\t1")


def test_a_document_without_a_number_is_refused() -> None:
    with pytest.raises(RejectedError, match="no number"):
        doc_number("INVD-", " ")


@pytest.mark.parametrize(
    ("name", "number", "composed"),
    [
        ("Acme", "CUST-0001", "Acme CUST-0001"),
        ("Acme", None, "Acme"),
        ("Acme", "  ", "Acme"),
        ("Acme: West\tCoast  Office", "7", "Acme- West Coast Office 7"),
        ("Müller & Söhne «GmbH»", "K:1", "Müller & Söhne «GmbH» K-1"),
        ("", "CUST-0001", "CUST-0001"),
        ("x" * 10_000, "CUST-0001", "x" * 90 + " CUST-0001"),
        ("x" * 89 + " yz", "CUST-0001", "x" * 89 + " CUST-0001"),
    ],
)
def test_a_customer_stands_under_name_and_number(name: str, number: str | None, composed: str) -> None:
    assert customer_display_name(name, number) == composed


def test_a_suffix_shortens_the_name_and_never_the_number() -> None:
    composed = customer_display_name("x" * 100, "CUST-0001", stable_suffix(15444))
    assert composed == "x" * 83 + " CUST-0001 #15444"


def test_a_customer_number_that_leaves_no_room_is_refused() -> None:
    with pytest.raises(RejectedError, match="customer number"):
        customer_display_name("Acme", "9" * 91)
    with pytest.raises(RejectedError, match="customer number"):
        customer_display_name("Acme", "9" * 90, stable_suffix(10**12))
    with pytest.raises(RejectedError, match="neither a name nor a number"):
        customer_display_name(" ", None)


@pytest.mark.parametrize(
    ("display_name", "number", "suffix", "name_in_invoiced", "bare"),
    [
        ("Acme Inc CUST-0001", "CUST-0001", "", "Acme", "Acme Inc"),
        ("Acme Inc CUST-0001 #15444 (deleted)", "CUST-0001", " #15444", "Acme", "Acme Inc"),
        ("Acme Inc CUST-0001", "CUST-0001", " #15444", "Acme", "Acme Inc"),  # a person took the suffix away
        ("Acme Inc", "CUST-0001", "", "Acme", "Acme Inc"),  # or the number
        ("Acme Inc", None, "", "Acme", "Acme Inc"),
        ("CUST-0001", "CUST-0001", "", "Acme", "CUST-0001"),
        ("Acme- East 7", "7", "", "Acme: West", None),  # altered when composed
        ("x" * 90 + " CUST-0001", "CUST-0001", "", "x" * 95, None),  # cut when composed
        (" CUST-0001", "CUST-0001", "", "Acme", None),
    ],
)
def test_what_we_put_into_a_name_is_taken_off_again(
    display_name: str, number: str | None, suffix: str, name_in_invoiced: str, bare: str | None
) -> None:
    assert bare_customer_name(display_name, number, suffix, name_in_invoiced=name_in_invoiced) == bare


def test_lines_share_an_item_where_quickbooks_would_see_one_name() -> None:
    assert item_name("Hours:\tsenior ") == "Hours- senior"
    assert item_name("x" * 99 + "  y") == "x" * 99
    assert item_key("CONSULTING") == item_key(" consulting")
    assert item_key("x" * 100 + "1") == item_key("X" * 100 + "2")
    assert item_name(" \n ") == ""


def test_a_payment_reference_is_cut_to_what_quickbooks_holds() -> None:
    assert payment_reference("1450") == "1450"
    assert payment_reference(None) == ""
    assert payment_reference("wire of november the eighteenth") == "wire of november the"
