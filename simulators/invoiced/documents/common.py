"""What invoices and credit notes have in common."""

from collections.abc import Mapping
from typing import Any, Literal

from simulators.invoiced import fields
from simulators.invoiced.account import Account
from simulators.invoiced.documents.catalog import tax_rates
from simulators.invoiced.documents.lines import read_changed_lines, read_discounts, read_new_lines, read_taxes, reckon
from simulators.invoiced.errors import ApiError, bad_parameter
from simulators.store import Object

DocumentKind = Literal["invoice", "credit_note"]

READERS: dict[str, fields.Reader] = {
    "customer": fields.reference,
    "name": fields.text,
    "number": fields.text,
    "currency": fields.currency,
    "draft": fields.flag,
    "closed": fields.flag,
    "date": fields.timestamp,
    "purchase_order": fields.text,
    "items": fields.objects,
    "notes": fields.text,
    "discounts": fields.objects,
    "taxes": fields.objects,
    "calculate_taxes": fields.flag,
    "sent": fields.flag,
    "metadata": fields.metadata,
}
_AMOUNTS = frozenset({"items", "discounts", "taxes", "currency"})


def customer_of(account: Account, values: Mapping[str, Any]) -> Object:
    """Return the customer of a new document.

    Raises:
        ApiError: 400, none given or there is none of that id.
    """
    id = fields.required(values, "customer")
    customer = account.find("customer", id)
    if customer is None:
        raise bad_parameter("customer", f"Customer was not found: {id}")
    return customer


def check_number(account: Account, kind: DocumentKind, id: int | None, number: str) -> None:
    if any(one["id"] != id for one in account.company.find(kind, "number", number)):
        raise bad_parameter("number", f"The number '{number}' is already taken")


def check_currency(account: Account, document: Object, values: Mapping[str, Any]) -> None:
    """Raises: ApiError 400, another currency is given, and something is applied in the one that stands."""
    kind: DocumentKind = document["object"]
    is_another = values.get("currency", document["currency"]) != document["currency"]
    if is_another and account.applications(kind, document["id"]):
        raise bad_parameter("currency", "The currency of a document that is paid in part cannot be changed")


def fill_new(account: Account, document: Object, values: Mapping[str, Any], customer: Object) -> None:
    """Set lines, discounts, taxes and all amounts of a new document.

    Without taxes of its own it gets those of its customer, unless `calculate_taxes` is false.
    """
    document["items"] = read_new_lines(account, values.get("items") or [])
    document["discounts"] = read_discounts(account, values.get("discounts") or [])
    document["taxes"] = read_taxes(account, values.get("taxes") or [])
    calculates = values.get("calculate_taxes") is not False
    if calculates and customer["taxable"] and not document["taxes"]:
        document["taxes"] = read_taxes(account, tax_rates(account, customer["taxes"]))
    reckon(account, document)


def fill_changed(account: Account, document: Object, values: Mapping[str, Any]) -> None:
    """Replace those of lines, discounts and taxes that are given, and reckon anew if any is."""
    if "items" in values:
        document["items"] = read_changed_lines(account, values["items"] or [], document["items"])
    if "discounts" in values:
        document["discounts"] = read_discounts(account, values["discounts"] or [])
    if "taxes" in values:
        document["taxes"] = read_taxes(account, values["taxes"] or [])
    if values.get("calculate_taxes") and not document["taxes"]:
        customer = account.get("customer", document["customer"])
        rates = tax_rates(account, customer["taxes"]) if customer["taxable"] else []
        document["taxes"] = read_taxes(account, rates)
    if _AMOUNTS & values.keys() or values.get("calculate_taxes"):
        reckon(account, document)


def refuse_voided(document: Object, values: Mapping[str, Any]) -> None:
    """A voided document takes no changes but to its notes and metadata (decided here: not documented).

    Raises:
        ApiError: 400.
    """
    if document["status"] == "voided" and values.keys() - {"notes", "metadata"}:
        raise ApiError(400, "A voided document cannot be edited")
