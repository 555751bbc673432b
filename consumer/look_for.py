"""Finds in QuickBooks what may be ours without our knowing: after a number or name clash, or a long lost answer.

These are the only queries that the sync makes; none is on the hot path.
"""

from typing import Any

from consumer.deps import Deps
from consumer.mapping.marker import carries
from consumer.mapping.refs import Body
from shared.db.models import PendingWrite
from shared.errors import NotFoundError
from shared.quickbooks.client import quoted
from shared.quickbooks.entities import ref_value

# The field by which an entity of this type is found again, for want of a marker.
_NAMED_BY = {
    "Customer": "DisplayName",
    "Item": "Name",
    "Account": "Name",
    "PaymentMethod": "Name",
    "TaxAgency": "DisplayName",
    "TaxCode": "Name",
}


def find_created(deps: Deps, pending: PendingWrite) -> dict[str, Any] | None:
    """Return the object that a create without an answer made, or None if it made none."""
    entity, body, marker = pending.write["entity"], pending.write["body"], pending.write["marker"]
    if entity == "TaxService":
        return find_by_name(deps, "TaxCode", body["TaxCode"])
    if entity in _NAMED_BY:
        found = find_by_name(deps, entity, body[_NAMED_BY[entity]])
        return found if found is not None and _is_as_sent(found, body) else None
    if entity == "Payment":
        return find_payment(deps, body, marker)
    statement = f"select * from {entity} where DocNumber = {quoted(body['DocNumber'])} maxresults 1000"
    return _ours(deps.quickbooks.query(entity, statement), marker)


def _is_as_sent(found: Body, body: Body) -> bool:
    """Tell whether a list entity may be the one that a create made: somebody else may have made one of its name, and
    whether that can be used is judged where QuickBooks refuses the name."""
    told = (*_NAMED_BY.values(), "Type", "AccountType")
    if found.get("Active") is False or any(found.get(name) != body[name] for name in told if name in body):
        return False
    return "CurrencyRef" not in body or ref_value(found, "CurrencyRef") == ref_value(body, "CurrencyRef")


def find_payment(deps: Deps, body: Body, marker: str | None) -> dict[str, Any] | None:
    """Return the payment of this customer and date that carries our marker, or None."""
    statement = (
        f"select * from Payment where CustomerRef = {quoted(body['CustomerRef']['value'])}"
        f" and TxnDate = {quoted(body['TxnDate'])} maxresults 1000"
    )
    return _ours(deps.quickbooks.query("Payment", statement), marker)


def _ours(candidates: list[dict[str, Any]], marker: str | None) -> dict[str, Any] | None:
    ours = [found for found in candidates if carries(found.get("PrivateNote"), marker or "") and not is_voided(found)]
    return ours[0] if ours else None


def find_by_name(deps: Deps, entity: str, name: str) -> dict[str, Any] | None:
    """Return the list entity of exactly this name (case ignored), active or not."""
    activity = "" if entity in ("TaxAgency",) else " and Active in (true, false)"
    rows = deps.quickbooks.query(entity, f"select * from {entity} where {_NAMED_BY[entity]} = {quoted(name)}{activity}")
    same = [row for row in rows if row[_NAMED_BY[entity]].casefold() == name.casefold()]
    return same[0] if same else None


def find_holder(deps: Deps, entity: str, holder_id: str | None, name: str) -> dict[str, Any] | None:
    """Return the entity that holds a name which QuickBooks refused us, if it is of this type."""
    if holder_id is None:
        return find_by_name(deps, entity, name)
    try:
        found = deps.quickbooks.read(entity, holder_id)
    except NotFoundError:
        return None
    # The id may be that of a vendor or an employee, and by chance of a customer with another name too.
    return found if found[_NAMED_BY[entity]].casefold() == name.casefold() else None


def is_voided(document: dict[str, Any]) -> bool:
    """Tell whether a sales document or payment was voided: amounts 0, `Voided` in front of its note."""
    return document.get("TotalAmt") == 0 and str(document.get("PrivateNote") or "").startswith("Voided")
