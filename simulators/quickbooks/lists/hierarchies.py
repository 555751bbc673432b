"""Lists whose entries hang below each other: customers, accounts, items, classes and departments.

FullyQualifiedName holds the names of all entries above one, by colons.

Source: entity reference (ParentRef of each; up to five levels).
"""

from __future__ import annotations

from simulators.quickbooks import refusals
from simulators.quickbooks.books.company import Company, Object
from simulators.quickbooks.forms.writes import Write

_DEEPEST = 5
# Those that say how deep they lie; an entry at the top does not.
_WITH_LEVEL = ("Customer", "Item")


def settle_parent(made: Write) -> Object | None:
    """Set FullyQualifiedName and Level by the entry's own name and its ParentRef; returns the parent.

    Raises:
        Refusal: there is no such parent (2500, or inactive: 610), it is the entry itself or one below it (900),
            or there would be more than five levels (6180).
    """
    item, company = made.item, made.company
    item["FullyQualifiedName"] = _name(item)
    item.pop("Level", None)
    if item.get("ParentRef") is None:
        return None
    parent, item["ParentRef"] = company.refer(made.entity, item["ParentRef"], "ParentRef")
    above = _above(company, made.entity, parent)
    if item.get("Id") in above:
        raise refusals.below_itself()
    below = _levels(company, made.entity, item["Id"]) if made.before is not None else 1
    if len(above) + below > _DEEPEST:
        raise refusals.too_deep(_DEEPEST)
    item["FullyQualifiedName"] = f"{parent['FullyQualifiedName']}:{_name(item)}"
    if made.entity in _WITH_LEVEL:
        item["Level"] = parent.get("Level", 0) + 1
    return parent


def carry_name(made: Write) -> None:
    """Let the entries below carry a changed name or place; their versions do not move by it."""
    _carry(made.company, made.entity, made.item)


def _carry(company: Company, entity: str, item: Object) -> None:
    for child in company.kept.find(entity, "parent", item["Id"]):
        name = f"{item['FullyQualifiedName']}:{_name(child)}"
        if child["FullyQualifiedName"] != name:
            child["FullyQualifiedName"] = name
            if "Level" in child:
                child["Level"] = item.get("Level", 0) + 1
            company.amend(entity, child)
            _carry(company, entity, child)


def _name(item: Object) -> str:
    return str(item["DisplayName"] if "DisplayName" in item else item["Name"])


def _above(company: Company, entity: str, parent: Object) -> list[str]:
    """The ids of an entry's parent and of all above it."""
    ids = [parent["Id"]]
    while parent.get("ParentRef"):
        parent = company.get(entity, parent["ParentRef"]["value"])
        ids.append(parent["Id"])
    return ids


def _levels(company: Company, entity: str, id: str) -> int:
    """How many levels an entry and those below it take up."""
    return 1 + max(
        (_levels(company, entity, child) for child in company.kept.find_ids(entity, "parent", id)), default=0
    )
