"""Lists as Invoiced gives them: paging, filters, sort, expand and include.

Source: Invoiced API reference, Lists. Not documented and decided here: the order without `sort` is the order
of creation (events: newest first), a page past the end is empty.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from werkzeug.datastructures import MultiDict

from simulators.invoiced import fields
from simulators.invoiced.account import TOLD_OF, Account, Kind, id_told_of
from simulators.invoiced.documents.catalog import tax_rates
from simulators.invoiced.errors import bad_parameter
from simulators.invoiced.money.charges import all_charges
from simulators.store import Object

Params = MultiDict[str, str]
Test = Callable[[Object], bool]

_DATED = frozenset({"invoice", "credit_note", "payment"})
# Lists without `updated_after` (API reference).
_NOT_BY_UPDATE = frozenset({"contact", "event", "webhook_attempt"})
# What says how a list is shown, not what is in it.
_SHOWS = frozenset({"page", "per_page", "include", "expand"})
_SWEPT = frozenset({"customer", "invoice", "credit_note", "payment"})
_EVENT_INDEXED = frozenset({"type", "start_date", "end_date", "related_to"})
# The user of what was done through the API, as captured.
_API_USER_ID = -2
# What lists are filtered by though no object has it: in the vendor's own scripts, and its Go client.
_UNSEEN: dict[tuple[Kind, str], Callable[[Object], bool | int]] = {
    ("invoice", "voided"): lambda one: bool(one["status"] == "voided"),
    ("credit_note", "voided"): lambda one: bool(one["status"] == "voided"),
    ("event", "user_id"): lambda one: _API_USER_ID,
}
_BY_CREATION = ("created_at", "created_at asc")
_KINDS_BY_PROPERTY: dict[str, Kind] = {
    "customer": "customer",
    "parent_customer": "customer",
    "invoice": "invoice",
    "credit_note": "credit_note",
}


@dataclass(frozen=True)
class Page:
    """One page of a list; `links` is the value of the Link header."""

    objects: list[Object]
    total: int
    links: str


def list_page(account: Account, kind: Kind, params: Params, url: str, customer: int | None = None) -> Page:
    """Return the page that `params` ask for; `url` is the address of the list without them.

    With `customer`, the list is of what is that customer's alone.

    Raises:
        ApiError: 400 with the parameter that makes no sense.
    """
    page, per_page = _whole(params, "page", 1), _whole(params, "per_page", account.switches.page_size)
    if page < 1:
        raise bad_parameter("page", "page must be at least 1")
    if per_page < 1:
        raise bad_parameter("per_page", "per_page must be at least 1")
    per_page = min(per_page, account.switches.largest_page)
    first, end = (page - 1) * per_page, page * per_page
    page_of_ids = None if customer is not None else _page_of_ids(account, kind, params, first, end)
    if page_of_ids is None:
        tests = list(_tests(account, kind, params))
        found = [one for one in _candidates(account, kind, params, customer) if all(test(one) for test in tests)]
        if kind == "event":
            found.reverse()
        for key, descending in reversed(_sort_keys(kind, params.get("sort", ""))):
            found.sort(key=key, reverse=descending)
        total, objects = len(found), found[first:end]
    else:
        total, ids = page_of_ids
        objects = [one for id in ids if (one := account.find(kind, id)) is not None]
    shown = [show(account, kind, one, params) for one in objects]
    return Page(shown, total, _links(params, url, page, per_page, total))


def _page_of_ids(account: Account, kind: Kind, params: Params, first: int, end: int) -> tuple[int, list[str]] | None:
    """Return how long the list is, and the ids of the page in order, where no object has to be read for it: the plain
    list, what a sweep asks for, and events by type, time and what they are about, a page of which would else cost as
    much as all of them. None: they have to be read."""
    given = ((name.removesuffix("[]"), value) for name, value in params.items(multi=True))
    # A filter by nothing is a filter; any other parameter without a value was not given.
    asked = {name for name, value in given if value or "[" in name} - _SHOWS
    if kind == "event" and asked <= _EVENT_INDEXED and ("related_to" not in asked or _indexed_relation(params)):
        ids = _event_ids(account, params)[::-1]
        return len(ids), ids[first:end]
    if not asked and kind != "charge":
        ids = account.company.ids(kind)
        return len(ids), ids[first:end]
    is_sweep = asked <= {"updated_after", "sort"} and params.get("sort", _BY_CREATION[0]).lower() in _BY_CREATION
    if kind not in _SWEPT or not is_sweep:
        return None
    if not params.get("updated_after"):
        return account.company.page_from(kind, "created_at", 0, by="created_at", first=first, end=end)
    least = fields.timestamp("updated_after", params["updated_after"])
    least += 0 if account.switches.updated_after_inclusive else 1
    return account.company.page_from(kind, "updated_at", least, by="created_at", first=first, end=end)


def _indexed_relation(params: Params) -> tuple[str, int] | None:
    """Return kind and id of what `related_to` names, if events are indexed by that kind."""
    found = re.fullmatch(r"(\w+),(\d{1,18})", params.get("related_to", ""))
    return (found[1], int(found[2])) if found and found[1] in TOLD_OF else None


def _event_ids(account: Account, params: Params) -> list[str]:
    """Return the ids of the events of the type and time that are asked for and, if they are indexed by that, about what
    is asked for, oldest first."""
    company = account.company
    start, end = (
        fields.timestamp(name, params[name]) if params.get(name) else None for name in ("start_date", "end_date")
    )
    about = _indexed_relation(params)
    with company.hold():
        found = []
        if params.get("type"):
            found.append(set(company.find_ids("event", "type", params["type"])))
        if about:
            found.append(set(company.find_ids("event", *about)))
        if start is not None or end is not None:
            found.append({id for _, ids in company.ids_between("event", "timestamp", start, end) for id in ids})
        return company.as_made("event", set.intersection(*found)) if found else company.ids("event")


def show(account: Account, kind: Kind, one: Object, params: Params) -> Object:
    """Return an object as it is answered, with what `include` and `expand` ask for."""
    shown = account.shown(one)
    includes = _words(params, "include")
    if kind == "payment" and "applied_to" in includes:
        shown["applied_to"] = account.applied_to(one["id"])
    if kind == "item":
        shown["taxes"] = tax_rates(account, one["taxes"])
    if kind == "event" and "user" in includes:
        shown["user"] = {"id": _API_USER_ID, "email": None, "first_name": None, "last_name": None}
    if kind == "webhook_attempt":
        shown["payload"] = account.find("event", one["event_id"])
    for name in _words(params, "expand"):
        id = shown.get(name)
        if name in _KINDS_BY_PROPERTY and isinstance(id, int):
            found = account.find(_KINDS_BY_PROPERTY[name], id)
            shown[name] = id if found is None else account.shown(found)
    return shown


def _words(params: Params, name: str) -> list[str]:
    given = params.getlist(name) + params.getlist(f"{name}[]")
    return [word for text in given for word in re.split(r"[,\s]+", text) if word]


def _candidates(account: Account, kind: Kind, params: Params, owner: int | None) -> list[Object]:
    """Return the objects that can match at all, by an index if there is one for the request."""
    if owner is not None:
        return account.company.find(kind, "customer", owner)
    if kind == "charge":
        return all_charges(account)
    number, customer, after = (params.get(name) for name in ("filter[number]", "filter[customer]", "updated_after"))
    if number and kind in ("customer", "invoice", "credit_note"):
        return account.company.find(kind, "number", number)
    if customer and re.fullmatch(r"\d{1,18}", customer) and kind in _DATED:
        return account.company.find(kind, "customer", int(customer))
    if after and kind not in _NOT_BY_UPDATE:
        recent = account.company.find_after(kind, "updated_at", fields.timestamp("updated_after", after) - 1)
        return sorted(recent, key=lambda one: (one["created_at"], one["id"]))
    if kind == "event":
        return list(account.company.read("event", _event_ids(account, params)))
    return list(account.company.all(kind))


def _tests(account: Account, kind: Kind, params: Params) -> Iterator[Test]:
    for name, value in params.items(multi=True):
        bracket = re.fullmatch(r"(filter|metadata)\[([^\]]+)\](\[\])?", name)
        if bracket and bracket[1] == "filter":
            yield _filter(kind, bracket[2], value)
        elif bracket:
            yield _metadata(bracket[2], value)
    yield from _time_tests(account, kind, params)
    if kind == "customer":
        if params.get("payment_source"):
            has_source = fields.flag("payment_source", params["payment_source"])
            yield lambda one: (one["payment_source"] is not None) == has_source
        if params.get("open_balance"):
            owes = fields.flag("open_balance", params["open_balance"])
            yield lambda one: _owes(account, one["id"]) == owes
    if kind == "event":
        if params.get("type"):
            yield lambda one: bool(one["type"] == params["type"])
        if params.get("related_to"):
            yield _related_to(params["related_to"])


def _time_tests(account: Account, kind: Kind, params: Params) -> Iterator[Test]:
    date = "date" if kind in _DATED else "timestamp" if kind == "event" else None
    if date is not None and params.get("start_date"):
        start = fields.timestamp("start_date", params["start_date"])
        yield lambda one: one[date] >= start
    if date is not None and params.get("end_date"):
        end = fields.timestamp("end_date", params["end_date"])
        yield lambda one: one[date] <= end
    if kind not in _NOT_BY_UPDATE and params.get("updated_after"):
        least = fields.timestamp("updated_after", params["updated_after"])
        least += 0 if account.switches.updated_after_inclusive else 1
        yield lambda one: one["updated_at"] >= least
    if kind == "payment" and params.get("updated_before"):
        most = fields.timestamp("updated_before", params["updated_before"])
        yield lambda one: one["updated_at"] < most


def _filter(kind: Kind, name: str, value: str) -> Test:
    unseen = _UNSEEN.get((kind, name))

    def matches(one: Object) -> bool:
        held = unseen(one) if unseen else one.get(name)
        if (name not in one and not unseen) or name.startswith("_") or isinstance(held, (dict, list)):
            raise bad_parameter("filter", f"Cannot filter by '{name}'")
        if isinstance(held, bool):
            return value.lower() in (("1", "true") if held else ("0", "false"))
        if isinstance(held, (int, Decimal)):
            return re.fullmatch(r"-?\d+(\.\d+)?", value) is not None and Decimal(value) == held
        return value == ("" if held is None else held)

    return matches


def _metadata(name: str, value: str) -> Test:
    return lambda one: name in one.get("metadata", {}) and str(one["metadata"][name]) == value


def _related_to(value: str) -> Test:
    match = re.fullmatch(r"(\w+),(\d{1,18})", value)
    if match is None:
        raise bad_parameter("related_to", "related_to is a type and an id, as customer,1234")
    kind, id = match[1], int(match[2])

    def related(event: Object) -> bool:
        return id_told_of(event["data"]["object"], kind) == id

    return related


def _owes(account: Account, customer: int) -> bool:
    return any(
        one["balance"] > 0 and not one["closed"] for one in account.company.find("invoice", "customer", customer)
    )


def _sort_keys(kind: Kind, sort: str) -> list[tuple[Callable[[Object], Any], bool]]:
    """Return keys and directions for `age DESC,name ASC`; nulls come first.

    An event was created when it happened: the vendor's own load test sorts events by `created_at` too.
    """
    keys = []
    for part in filter(None, (one.strip() for one in sort.split(","))):
        found = re.fullmatch(r"([a-z_0-9]+)(?:\s+(asc|desc))?", part, re.IGNORECASE)
        if found is None:
            raise bad_parameter("sort", f"Cannot sort by '{part}'")
        name = "timestamp" if (kind, found[1]) == ("event", "created_at") else found[1]
        keys.append((_sort_key(name), (found[2] or "").lower() == "desc"))
    return keys


def _sort_key(name: str) -> Callable[[Object], Any]:
    def key(one: Object) -> Any:
        value = one.get(name)
        if name not in one or name.startswith("_") or isinstance(value, (dict, list)):
            raise bad_parameter("sort", f"Cannot sort by '{name}'")
        return (value is not None, value.lower() if isinstance(value, str) else value or 0)

    return key


def _whole(params: Params, name: str, default: int) -> int:
    return fields.whole(name, params[name]) if params.get(name) else default


def _links(params: Params, url: str, page: int, per_page: int, total: int) -> str:
    """Return the Link header; a single page has only self, first and last (captured)."""
    last = max(1, -(-total // per_page))
    pages = {"self": page, "first": 1, "previous": page - 1, "next": page + 1, "last": last}
    others = [(name, value) for name, value in params.items(multi=True) if name not in ("page", "per_page")]
    if "per_page" in params:
        others.append(("per_page", str(per_page)))
    links = []
    for rel, number in pages.items():
        if 1 <= number <= max(last, page if rel == "self" else last):
            # The vendor's own client splits the header at commas and semicolons: both must be encoded.
            query = "&".join(f"{quote(name)}={quote(value)}" for name, value in [*others, ("page", str(number))])
            links.append(f'<{url}?{query}>; rel="{rel}"')
    return ", ".join(links)
