"""Customers from Invoiced to QBO."""

import pytest

from consumer.mapping.customer import (
    changed_source_fields,
    linked_metadata,
    source_of,
    to_qbo_customer,
)
from shared.invoiced.entities import Customer
from tests.unit.mapping.examples import acme


def test_a_whole_customer() -> None:
    assert to_qbo_customer(acme(), display_name="Acme CUST-0001") == (
        {
            "DisplayName": "Acme CUST-0001",
            "PrimaryEmailAddr": {"Address": "billing@acme.example"},
            "PrimaryPhone": {"FreeFormNumber": "512 555 0100"},
            "BillAddr": {
                "Line1": "1234 Main St",
                "Line2": "Suite 5",
                "City": "Austin",
                "CountrySubDivisionCode": "TX",
                "PostalCode": "78701",
                "Country": "US",
            },
        },
        (),
    )


def test_what_is_empty_in_invoiced_is_cleared_in_quickbooks() -> None:
    body, remarks = to_qbo_customer(Customer(1, "Acme", country=None), display_name=None)
    assert body == {
        "PrimaryEmailAddr": {"Address": ""},
        "PrimaryPhone": {"FreeFormNumber": ""},
        "BillAddr": dict.fromkeys(("Line1", "Line2", "City", "CountrySubDivisionCode", "PostalCode", "Country"), ""),
    }
    assert remarks == ()


def test_long_fields_are_cut_to_what_quickbooks_holds() -> None:
    long = acme(phone="5" * 31, address1="a" * 501, city="c" * 256, state="s" * 256, postal_code="p" * 31)
    body, remarks = to_qbo_customer(long, display_name=None)
    assert body["PrimaryPhone"]["FreeFormNumber"] == "5" * 30
    assert [len(text) for text in body["BillAddr"].values()] == [500, 7, 255, 255, 30, 2]
    assert remarks == (f"The phone number {'5' * 31} is cut to 30 characters in QuickBooks.",)


@pytest.mark.parametrize(
    ("email", "sent", "remark"),
    [
        ("a@b.co", "a@b.co", None),
        (" a@b.co ; c@d.co, ", "a@b.co", "Of 2 e-mail addresses"),
        ("a@b.co,", "a@b.co", None),
        ("not an address", None, "left out"),
        ("a@localhost", None, "left out"),
        ("jörg@b.co", None, "left out"),
        ("a" * 95 + "@b.com", None, "left out"),
        ("Ann <a@b.co>", None, "left out"),
        (",", "", None),
    ],
)
def test_an_email_that_quickbooks_would_refuse_is_left_out_and_said(
    email: str, sent: str | None, remark: str | None
) -> None:
    body, remarks = to_qbo_customer(acme(email=email), display_name=None)
    assert body.get("PrimaryEmailAddr") == (None if sent is None else {"Address": sent})
    assert len(remarks) == (0 if remark is None else 1)
    assert remark is None or remark in remarks[0]


def test_what_changed_in_invoiced_is_known_by_field() -> None:
    before = source_of(acme())
    assert changed_source_fields(before, source_of(acme(updated_at=9))) == set()
    assert changed_source_fields(before, source_of(acme(name="Acme Inc"))) == {"name"}
    assert changed_source_fields(before, source_of(acme(number="CUST-2"))) == {"name"}
    assert changed_source_fields(before, source_of(acme(email=None, phone="1"))) == {"email", "phone"}
    assert changed_source_fields(before, source_of(acme(state="NM"))) == {"address"}
    blank = source_of(acme(phone=None))
    assert changed_source_fields(blank, source_of(acme(phone=""))) == set()


def test_linking_keeps_the_other_metadata() -> None:
    assert linked_metadata({"crm": "5"}, "7") == {"crm": "5", "quickbooks_customer_id": "7"}
    assert linked_metadata([], "7") == {"quickbooks_customer_id": "7"}
    assert linked_metadata(None, "7") == {"quickbooks_customer_id": "7"}
