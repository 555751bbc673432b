"""A QBO Customer as a customer of Invoiced: what changed there, and what Invoiced is told of it. Pure.

Two readings of the same customer are compared, so that what QBO merely says in other words is no change.
"""

from collections.abc import Mapping, Set
from typing import Any

from consumer.mapping.address import address_fields, same_address, to_invoiced_address
from consumer.mapping.customer import email_addresses, linked_metadata
from consumer.mapping.names import without_deleted

_MOST_WORDS_OF_A_NUMBER = 3


def standing_of_customer(qbo: Mapping[str, Any]) -> dict[str, Any]:
    """Return what we keep of a QBO Customer: the fields that both sides have, as texts, and `Active`."""
    return {
        "DisplayName": _text(qbo.get("DisplayName")),
        "Active": qbo.get("Active") is not False,
        "PrimaryEmailAddr": _text(_object(qbo.get("PrimaryEmailAddr")).get("Address")),
        "PrimaryPhone": _text(_object(qbo.get("PrimaryPhone")).get("FreeFormNumber")),
        "BillAddr": address_fields(_object(qbo.get("BillAddr"))),
    }


def changed_fields(before: Mapping[str, Any], now: Mapping[str, Any]) -> set[str]:
    """Return which of `name`, `email`, `phone`, `address` a person changed between two standings.

    A change from small to capital letters is one; ` (deleted)`, an address flowed into other lines and a
    country in other words are none.
    """
    changed = set()
    if without_deleted(before["DisplayName"]) != without_deleted(now["DisplayName"]):
        changed.add("name")
    if before["PrimaryEmailAddr"] != now["PrimaryEmailAddr"]:
        changed.add("email")
    if before["PrimaryPhone"] != now["PrimaryPhone"]:
        changed.add("phone")
    if not same_address(before["BillAddr"], now["BillAddr"]):
        changed.add("address")
    return changed


def to_invoiced_fields(qbo: Mapping[str, Any], fields: Set[str], *, name: str | None) -> dict[str, Any]:
    """Return the PATCH of an Invoiced customer for the changed `fields`; None clears a field.

    `name` is the bare name (`names.bare_customer_name` for one that we composed); None leaves the name alone.
    """
    standing = standing_of_customer(qbo)
    patch: dict[str, Any] = {}
    if "name" in fields and name is not None:
        patch["name"] = name
    if "email" in fields:
        patch["email"] = _email(standing) or None
    if "phone" in fields:
        patch["phone"] = standing["PrimaryPhone"] or None
    if "address" in fields:
        patch |= to_invoiced_address(standing["BillAddr"])
    return patch


def to_invoiced_customer(qbo: Mapping[str, Any]) -> dict[str, Any]:
    """Return the Invoiced customer to create for a QBO Customer; what QBO has not is left to Invoiced.

    Source: Invoiced API reference, Customers.
    """
    standing = standing_of_customer(qbo)
    currency = _text(_object(qbo.get("CurrencyRef")).get("value")).lower()
    customer = {
        "name": without_deleted(standing["DisplayName"]),
        "email": _email(standing),
        "phone": standing["PrimaryPhone"],
        **to_invoiced_address(standing["BillAddr"]),
        "currency": currency,
    }
    told = {field: value for field, value in customer.items() if value}
    return told | {"metadata": linked_metadata(None, str(qbo["Id"]))}


def is_sub_customer(qbo: Mapping[str, Any]) -> bool:
    """Tell whether this is a sub-customer, a job or a project: Invoiced has no such thing."""
    has_parent = bool(_text(_object(qbo.get("ParentRef")).get("value")))
    return has_parent or qbo.get("Job") is True or qbo.get("IsProject") is True


def numbers_in(display_name: str) -> tuple[str, ...]:
    """Return what could be the customer number at the end of a DisplayName: its last one to three words.

    A number may hold spaces and need not hold a digit, so whoever finds a customer by one of them has to
    compare the names as well.
    """
    words = without_deleted(display_name).split()
    most = min(len(words), _MOST_WORDS_OF_A_NUMBER)
    return tuple(" ".join(words[-count:]) for count in range(1, most + 1))


def _email(standing: Mapping[str, Any]) -> str:
    # QBO takes several addresses in one field, Invoiced one.
    return next(iter(email_addresses(standing["PrimaryEmailAddr"])), "")


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
