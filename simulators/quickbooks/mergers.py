"""Merging two list entries, which people do in QuickBooks Online and no client can.

What referred to the one that goes refers to the other from then on; its id is gone.
"""

from __future__ import annotations

from typing import Any

from simulators.quickbooks.company import OPEN_AMOUNT, Company, Object, name_of

MERGED = {"Customer": "CustomerRef", "Item": "ItemRef"}


def merge(company: Company, entity: str, survivor_id: str, gone_id: str) -> Object:
    """Merge one customer or item into another of its kind; returns the survivor.

    Raises:
        Refusal: 610, there is no such object.
        KeyError: entries of this kind cannot be merged.
    """
    name = MERGED[entity]
    survivor, gone = company.get(entity, survivor_id), company.get(entity, gone_id)
    reference = {"value": survivor_id, "name": name_of(entity, survivor)}
    for document in OPEN_AMOUNT:
        for item in list(company.all(document)):
            if _redirect(item, name, gone_id, reference):
                company.save(document, item)
    company.remove(entity, gone, merged_into=survivor_id)
    return company.get(entity, survivor_id)


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
