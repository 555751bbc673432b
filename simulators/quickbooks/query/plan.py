"""Which objects a query has to read, by index where the statement allows, and whether they come in its order.

A page of a company with 100,000 documents then costs what the page holds, not what the company holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from simulators.quickbooks.books.company import BY_CUSTOMER, INDEXES, NUMBERED, PEOPLE, ZONE, Company, folded, instant
from simulators.quickbooks.query.language import Query

_UPDATED = "metadata.lastupdatedtime"
# How much of the key of the index `changed` tells the second, which is all that LastUpdatedTime shows.
_SECOND = len("2026-01-31T12:00:00")


@dataclass(frozen=True)
class Plan:
    """The ids to read, in turn; `in_order` if that is the order that the statement asks for."""

    ids: Iterable[str]
    in_order: bool


def plan_query(company: Company, entity: str, query: Query) -> Plan:
    """Return a superset of what the statement asks for; hold the company's lock until it is read."""
    kept = company.kept
    exact = _exact(company, entity, query)
    by_name = [(name.lower(), descending) for name, descending in query.order]
    if exact is not None:
        return Plan(exact, not by_name)
    low, high = _bounds(query)
    bounded = low is not None or high is not None
    if "changed" in INDEXES.get(entity, {}):
        if len(by_name) == 1 and by_name[0][0] == _UPDATED:
            return Plan(_by_time(company, entity, low, high, descending=by_name[0][1]), True)
        if bounded:
            found = kept.ids_between(entity, "changed", low, high)
            return Plan(kept.as_made(entity, (id for _, ids in found for id in ids)), not by_name)
    ids = kept.ids(entity)
    if len(by_name) == 1 and by_name[0][0] == "id" and all(id.isdecimal() for id in ids):
        return Plan(sorted(ids, key=int, reverse=by_name[0][1]), True)
    return Plan(ids, not by_name)


def _exact(company: Company, entity: str, query: Query) -> list[str] | None:
    """The ids of a condition that names ids, numbers, a customer or a name; None without one."""
    kept = company.kept
    asks_activity = any(condition.name.lower() == "active" for condition in query.conditions)
    for condition in query.conditions:
        name = condition.name.lower()
        if name == "id" and condition.operator in ("=", "IN"):
            return list(dict.fromkeys(condition.values))
        if name == "docnumber" and condition.operator in ("=", "IN") and entity in NUMBERED:
            numbers = dict.fromkeys(folded(value) for value in condition.values)
            return [id for number in numbers for id in kept.find_ids(entity, "number", number)]
        if name == "customerref" and condition.operator == "=" and entity in BY_CUSTOMER:
            return kept.find_ids(entity, "customer", condition.values[0])
        if name == "displayname" and condition.operator == "=" and entity in PEOPLE and not asks_activity:
            return kept.find_ids(entity, "name", folded(condition.values[0]))
    return None


def _bounds(query: Query) -> tuple[str | None, str | None]:
    """The least and the greatest instant that the conditions on LastUpdatedTime allow; None is no bound."""
    lows: list[str] = []
    highs: list[str] = []
    for condition in query.conditions:
        moment = _moment(condition.values[0]) if condition.name.lower() == _UPDATED else None
        if moment is not None:
            if condition.operator in ("=", ">", ">="):
                lows.append(instant(moment))
            if condition.operator in ("=", "<", "<="):
                # An object is shown with its second alone, and may have changed at any instant of it.
                highs.append(instant(moment + timedelta(seconds=1)))
    return max(lows, default=None), min(highs, default=None)


def _moment(value: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZONE)


def _by_time(company: Company, entity: str, low: str | None, high: str | None, *, descending: bool) -> Iterator[str]:
    """By LastUpdatedTime; what shows the same second stays as it was made."""
    keys = company.kept.ids_between(entity, "changed", low, high, descending=descending)
    for _, same in groupby(keys, key=lambda pair: pair[0][:_SECOND]):
        yield from company.kept.as_made(entity, (id for _, ids in same for id in ids))
