"""Customers from QBO to Invoiced."""

from typing import Any

import pytest

from consumer.mapping.quickbooks_customer import (
    changed_fields,
    is_sub_customer,
    numbers_in,
    standing_of_customer,
    to_invoiced_customer,
    to_invoiced_fields,
)
from shared.money import decode_json, encode_json

ACME: dict[str, Any] = {
    "Id": "7",
    "SyncToken": "2",
    "DisplayName": "Acme CUST-0001",
    "Active": True,
    "PrimaryEmailAddr": {"Address": "billing@acme.example"},
    "PrimaryPhone": {"FreeFormNumber": "512 555 0100"},
    "BillAddr": {
        "Id": "12",
        "Line1": "1234 Main St",
        "Line2": "Suite 5",
        "City": "Austin",
        "CountrySubDivisionCode": "TX",
        "PostalCode": "78701",
        "Country": "US",
    },
    "CurrencyRef": {"value": "USD", "name": "United States Dollar"},
}
ADDRESS = ACME["BillAddr"]


def changed(**fields: Any) -> set[str]:
    return changed_fields(standing_of_customer(ACME), standing_of_customer({**ACME, **fields}))


@pytest.mark.parametrize(
    "fields",
    [
        {"SyncToken": "3", "Balance": 5},
        {"DisplayName": "Acme CUST-0001 (deleted)", "Active": False},
        {"BillAddr": {**ADDRESS, "Country": "USA"}},
        {"BillAddr": {**ADDRESS, "Country": "United States", "Id": "13", "Lat": "30.2"}},
        {
            "BillAddr": {
                "Line1": "1234 Main St",
                "Line2": "Suite 5",
                "Line3": "Austin, TX 78701",
                "Line4": "USA",
            }
        },
        {"BillAddr": {"Line1": "1234 Main St Suite 5", "Line2": "78701 Austin TX United States"}},
    ],
)
def test_what_quickbooks_says_in_other_words_is_no_change(fields: dict[str, Any]) -> None:
    assert changed(**fields) == set()


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"DisplayName": "ACME CUST-0001"}, {"name"}),
        ({"PrimaryEmailAddr": {"Address": "Billing@acme.example"}}, {"email"}),
        ({"PrimaryEmailAddr": None}, {"email"}),
        ({"PrimaryPhone": {"FreeFormNumber": "1"}}, {"phone"}),
        ({"BillAddr": {**ADDRESS, "Line2": "Suite 6"}}, {"address"}),
        ({"BillAddr": {**ADDRESS, "Line2": ""}}, {"address"}),
        ({"BillAddr": {**ADDRESS, "Country": "CAN"}}, {"address"}),
        ({"BillAddr": {**ADDRESS, "Country": ""}}, {"address"}),
        ({"BillAddr": None, "DisplayName": "B"}, {"address", "name"}),
    ],
)
def test_what_a_person_changed_is_known_by_field(fields: dict[str, Any], found: set[str]) -> None:
    assert changed(**fields) == found


def test_a_standing_survives_being_stored() -> None:
    standing = standing_of_customer(ACME)
    assert decode_json(encode_json(standing)) == standing


def test_a_patch_holds_the_changed_fields_alone() -> None:
    assert to_invoiced_fields(ACME, {"name", "phone"}, name="Acme") == {
        "name": "Acme",
        "phone": "512 555 0100",
    }
    assert to_invoiced_fields(ACME, {"name"}, name=None) == {}
    several = {**ACME, "PrimaryEmailAddr": {"Address": "a@b.co, c@d.co"}}
    assert to_invoiced_fields(several, {"email"}, name=None) == {"email": "a@b.co"}


def test_an_address_goes_over_in_invoiceds_fields() -> None:
    address = {**ADDRESS, "Line3": "Gate 2", "Country": "USA"}
    assert to_invoiced_fields({**ACME, "BillAddr": address}, {"address"}, name=None) == {
        "address1": "1234 Main St",
        "address2": "Suite 5, Gate 2",
        "city": "Austin",
        "state": "TX",
        "postal_code": "78701",
        "country": "US",
    }
    unknown = {**ACME, "BillAddr": {"Country": "Atlantis"}}
    assert "country" not in to_invoiced_fields(unknown, {"address"}, name=None)


def test_what_was_cleared_in_quickbooks_is_cleared() -> None:
    empty = {"Id": "7", "DisplayName": "Acme"}
    assert to_invoiced_fields(empty, {"email", "phone", "address"}, name=None) == dict.fromkeys(
        ("email", "phone", "address1", "address2", "city", "state", "postal_code", "country")
    )


def test_a_customer_born_in_quickbooks_is_created_with_its_id() -> None:
    assert to_invoiced_customer(ACME) == {
        "name": "Acme CUST-0001",
        "email": "billing@acme.example",
        "phone": "512 555 0100",
        "address1": "1234 Main St",
        "address2": "Suite 5",
        "city": "Austin",
        "state": "TX",
        "postal_code": "78701",
        "country": "US",
        "currency": "usd",
        "metadata": {"quickbooks_customer_id": "7"},
    }
    assert to_invoiced_customer({"Id": "8", "DisplayName": "Bo (deleted)"}) == {
        "name": "Bo",
        "metadata": {"quickbooks_customer_id": "8"},
    }


@pytest.mark.parametrize("fields", [{"ParentRef": {"value": "3"}}, {"Job": True}, {"IsProject": True}])
def test_sub_customers_and_projects_are_known(fields: dict[str, Any]) -> None:
    assert is_sub_customer({**ACME, **fields})
    assert not is_sub_customer({**ACME, "Job": False})


def test_a_number_may_be_the_last_words_of_a_name() -> None:
    assert numbers_in("Acme of Austin CUST 1 (deleted)") == ("1", "CUST 1", "Austin CUST 1")
    assert numbers_in("Acme") == ("Acme",)
    assert numbers_in("") == ()
