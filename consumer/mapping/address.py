"""Billing addresses: Invoiced's fields into QBO's and back, and which differences between two matter. Pure.

QBO returns an address in other words than it was given: it may flow the fields into free lines and spell the
country out in three letters. Source: QBO API reference, PhysicalAddress.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from consumer.mapping.country import iso2
from consumer.mapping.refs import Body
from consumer.mapping.text import cut, one_line
from shared.invoiced.entities import Customer

_LINES = ("Line1", "Line2", "Line3", "Line4", "Line5")
_LINE_LENGTH = 500
_FIELD_LENGTH = 255
_POSTAL_CODE_LENGTH = 30
FIELDS = (*_LINES, "City", "CountrySubDivisionCode", "PostalCode", "Country")


def to_qbo_address(customer: Customer) -> Body:
    """Return the QBO BillAddr of a customer; every field is there, since an empty one clears QBO's."""
    return {
        "Line1": cut(one_line(customer.address1 or ""), _LINE_LENGTH),
        "Line2": cut(one_line(customer.address2 or ""), _LINE_LENGTH),
        "City": cut(one_line(customer.city or ""), _FIELD_LENGTH),
        "CountrySubDivisionCode": cut(one_line(customer.state or ""), _FIELD_LENGTH),
        "PostalCode": cut(one_line(customer.postal_code or ""), _POSTAL_CODE_LENGTH),
        "Country": cut(one_line(customer.country or ""), _FIELD_LENGTH),
    }


def to_invoiced_address(address: Mapping[str, Any]) -> dict[str, str | None]:
    """Return Invoiced's address fields for a QBO address; what is empty is None.

    QBO's third to fifth lines go behind the second. A country that no list knows is left out, because
    Invoiced takes two-letter codes alone.
    """
    lines = [text for text in (_text(address, name) for name in _LINES) if text]
    country = _text(address, "Country")
    code = iso2(country)
    fields = {
        "address1": lines[0] if lines else None,
        "address2": ", ".join(lines[1:]) or None,
        "city": _text(address, "City") or None,
        "state": _text(address, "CountrySubDivisionCode") or None,
        "postal_code": _text(address, "PostalCode") or None,
    }
    return fields if country and code is None else fields | {"country": code}


def address_fields(address: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the fields of a QBO address that hold something."""
    fields = {name: _text(address or {}, name) for name in FIELDS}
    return {name: text for name, text in fields.items() if text}


def same_address(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two QBO addresses hold the same words, in whichever lines, and the same country."""
    words, other_words = _words(one), _words(other)
    only_here, only_there = words - other_words, other_words - words
    if not only_here and not only_there:
        return True
    country = iso2(_in_order(only_here, one))
    return country is not None and country == iso2(_in_order(only_there, other))


def _words(address: Mapping[str, Any]) -> Counter[str]:
    return Counter(_all_words(address))


def _in_order(chosen: Counter[str], address: Mapping[str, Any]) -> str:
    return " ".join(word for word in _all_words(address) if word in chosen)


def _all_words(address: Mapping[str, Any]) -> list[str]:
    # A comma may come or go where fields flow together.
    return " ".join(_text(address, name) for name in FIELDS).replace(",", " ").split()


def _text(address: Mapping[str, Any], name: str) -> str:
    value = address.get(name)
    return value.strip() if isinstance(value, str) else ""
