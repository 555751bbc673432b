"""Names of list entries: what deactivating does to them, and their uniqueness within one list."""

from __future__ import annotations

from simulators.quickbooks import refusals
from simulators.quickbooks.books.company import HIDDEN, NAMED
from simulators.quickbooks.forms.writes import Write

SUFFIX = " (deleted)"


def keep_name_of_deactivated(made: Write, field_name: str) -> None:
    """Append the suffix to a deactivated entry's name, and take it off when it is active again.

    The bare name is free in between, so that coming back can meet a clash (6240).
    """
    item = made.item
    active = item.get("Active", True)
    name = item.get(field_name) or ""
    if not made.company.switches.deactivation_frees_name:
        item[HIDDEN] = {**item[HIDDEN], "keeps_name": True}
        return
    if not active and not name.endswith(SUFFIX):
        item[field_name] = name + SUFFIX
    elif active and name.endswith(SUFFIX) and made.before is not None and not made.before.get("Active", True):
        item[field_name] = name.removesuffix(SUFFIX)


def check_unique_in_list(made: Write) -> None:
    """Raises: Refusal 6240, another active entry of the same list has the name."""
    found = made.company.find_named(made.entity, made.item[NAMED[made.entity]])
    if found is not None and found["Id"] != made.item.get("Id"):
        raise refusals.duplicate_name(found["Id"])
