"""A customer of Invoiced as a QBO Customer, and which of its fields changed since. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from consumer.mapping.address import to_qbo_address
from consumer.mapping.refs import Body
from consumer.mapping.text import cut, one_line, shown
from shared.invoiced.entities import Customer

_EMAIL_LENGTH = 100
_PHONE_LENGTH = 30
_EMAIL = re.compile(r"[^\s@,;<>()\"]+@[^\s@,;<>()\".]+(?:\.[^\s@,;<>()\".]+)+", re.ASCII)
_BETWEEN_EMAILS = re.compile(r"[,;]")


def to_qbo_customer(customer: Customer, *, display_name: str | None) -> tuple[Body, tuple[str, ...]]:
    """Return the QBO Customer with every field that we own, and remarks on what could not be said in QBO.

    `display_name` is composed with `names.customer_display_name`; None leaves QBO its own, as for a customer
    that was born there. Empty texts clear QBO's fields. An e-mail address that QBO would refuse is left out.

    Source: QBO API reference, Customer.
    """
    body: Body = {} if display_name is None else {"DisplayName": display_name}
    remarks: list[str] = []
    email = _first_email(customer.email, remarks)
    if email is not None:
        body["PrimaryEmailAddr"] = {"Address": email}
    phone = one_line(customer.phone or "")
    if len(phone) > _PHONE_LENGTH:
        remarks.append(f"The phone number {shown(phone)} is cut to {_PHONE_LENGTH} characters in QuickBooks.")
    body["PrimaryPhone"] = {"FreeFormNumber": cut(phone, _PHONE_LENGTH)}
    body["BillAddr"] = to_qbo_address(customer)
    return body, tuple(remarks)


def source_of(customer: Customer) -> dict[str, Any]:
    """Return what QBO gets of a customer, as it stands in Invoiced: to be kept, and compared later."""
    return {
        "name": one_line(customer.name),
        "number": one_line(customer.number or ""),
        "email": one_line(customer.email or ""),
        "phone": one_line(customer.phone or ""),
        "address": to_qbo_address(customer),
    }


def changed_source_fields(before: Mapping[str, Any], now: Mapping[str, Any]) -> set[str]:
    """Return which of `name`, `email`, `phone`, `address` changed in Invoiced between two `source_of`.

    The customer number counts as part of the name, as it does in QBO.
    """
    changed = {field for field in ("name", "email", "phone", "address") if before.get(field) != now.get(field)}
    return changed | ({"name"} if before.get("number") != now.get("number") else set())


def linked_metadata(metadata: dict[str, Any] | list[Any] | None, qbo_customer_id: str) -> dict[str, Any]:
    """Return a customer's metadata with the QBO id in it; the whole map, since Invoiced replaces it whole.

    Invoiced sends empty metadata as an empty list at times.
    """
    present = metadata if isinstance(metadata, dict) else {}
    return {**present, "quickbooks_customer_id": qbo_customer_id}


def email_addresses(text: str) -> list[str]:
    """Return the e-mail addresses in a field that holds several, parted by commas or semicolons."""
    return [address for part in _BETWEEN_EMAILS.split(text) if (address := part.strip())]


def _first_email(emails: str | None, remarks: list[str]) -> str | None:
    """Return the address for QBO, empty for none; None if QBO would refuse it. Adds to the remarks."""
    addresses = email_addresses(emails or "")
    if not addresses:
        return ""
    first = addresses[0]
    if len(first) > _EMAIL_LENGTH or not _EMAIL.fullmatch(first) or not first.isascii():
        remarks.append(f"The e-mail address {shown(first)} is left out: QuickBooks would refuse it.")
        return None
    if len(addresses) > 1:
        remarks.append(f"Of {len(addresses)} e-mail addresses QuickBooks gets the first, {shown(first)}.")
    return first
