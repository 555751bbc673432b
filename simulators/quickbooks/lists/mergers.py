"""Merging two list entries, which people do in QuickBooks Online and no client can.

What referred to the one that goes refers to the other from then on; its id is gone.
"""

from __future__ import annotations

from typing import Any

from simulators.quickbooks import refusals
from simulators.quickbooks.books.company import HIDDEN, TRANSACTIONS, Company, Object, name_of
from simulators.quickbooks.books.receivables import CHARGES

MERGED = {"Customer": "CustomerRef", "Item": "ItemRef"}


def merge(company: Company, entity: str, survivor_id: str, gone_id: str) -> Object:
    """Merge one customer or item into another of its kind; returns the survivor.

    Raises:
        Refusal: there is no such object (610), or the customers have different currencies (6000).
        KeyError: entries of this kind cannot be merged.
    """
    name = MERGED[entity]
    survivor, gone = company.get(entity, survivor_id), company.get(entity, gone_id)
    if survivor.get("CurrencyRef") != gone.get("CurrencyRef"):
        raise refusals.business_rule("Customers with different currencies cannot be merged.")
    reference = {"value": survivor_id, "name": name_of(entity, survivor)}
    for document in sorted(TRANSACTIONS):
        for item in list(company.all(document)):
            found = _redirect(item, name, gone_id, reference)
            if entity == "Customer":
                found |= _redirect_party(item, gone_id, reference)
            if found:
                company.save(document, item)
    company.remove(entity, gone, merged_into=survivor_id)
    return company.get(entity, survivor_id)


def _redirect_party(item: Object, gone_id: str, reference: Object) -> bool:
    """Replace a customer that a purchase, or a line of a journal entry, is made out to; and what it charges it."""
    entity = item.get("EntityRef") or {}
    found = entity.get("type") == "Customer" and entity["value"] == gone_id
    if found:
        item["EntityRef"] = {**reference, "type": "Customer"}
    for line in item.get("Line", []):
        party = line.get("JournalEntryLineDetail", {}).get("Entity") or {}
        if party.get("Type") == "Customer" and party["EntityRef"]["value"] == gone_id:
            party["EntityRef"] = reference
            found = True
    charges = dict(item[HIDDEN].get(CHARGES, {}))
    if gone_id in charges:
        charges[reference["value"]] = charges.pop(gone_id) + charges.get(reference["value"], 0)
        item[HIDDEN] = {**item[HIDDEN], CHARGES: {customer: amount for customer, amount in charges.items() if amount}}
    return found


def _redirect(value: Any, name: str, gone_id: str, reference: Object) -> bool:
    """Replace references in place, at any depth; says whether there was one."""
    found = False
    if isinstance(value, dict):
        if (value.get(name) or {}).get("value") == gone_id:
            value[name] = reference
            found = True
        for inner in value.values():
            found |= _redirect(inner, name, gone_id, reference)
    elif isinstance(value, list):
        for inner in value:
            found |= _redirect(inner, name, gone_id, reference)
    return found
