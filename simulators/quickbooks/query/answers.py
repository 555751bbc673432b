"""Answers to queries over a company's objects.

Source: Intuit, "Data queries": inactive entries are left out unless Active is asked for; a page holds
100 rows by default; COUNT(*) gives the total alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cmp_to_key
from itertools import islice
from typing import Any

from simulators.quickbooks import refusals
from simulators.quickbooks.books.company import ZONE, Company, Object
from simulators.quickbooks.forms.fields import fields_of, is_complex
from simulators.quickbooks.lists.exchange_rates import ENTITY as EXCHANGE_RATE
from simulators.quickbooks.lists.exchange_rates import rates_asked
from simulators.quickbooks.operations import READABLE
from simulators.quickbooks.query.language import Condition, Query, parse_query
from simulators.quickbooks.query.plan import Plan, plan_query
from simulators.quickbooks.shown import shown

# Left out of SELECT * and given only when named.
_ASKED_FOR = {"Item": ("Sku",)}
# The one list whose members a statement may ask for: what an attachment hangs on.
_SEARCHED_LIST = "AttachableRef"


def answer_query(company: Company, statement: str) -> dict[str, Any]:
    """Return the value of `QueryResponse`.

    Raises:
        Refusal: 4000 or 4001, what is wrong with the statement.
    """
    query = parse_query(statement)
    entity = next((name for name in READABLE if name.lower() == query.entity.lower()), None)
    if entity is None:
        raise refusals.query_not_parsed(f"Metadata not found for Entity : {query.entity}")
    if not (query.everything or company.switches.select_lists):
        raise refusals.query_not_parsed(f'Encountered " {query.named[0]} " at token 2.')
    for name in query.named:
        _spelt(entity, name)
    tests = [_test(company, entity, condition) for condition in query.conditions]
    plan = plan_query(company, entity, query)
    # Then a row need not be read to know that it counts.
    counts_unread = entity != EXCHANGE_RATE and not tests and "Active" not in fields_of(entity)
    if query.count and counts_unread:
        return {"totalCount": company.kept.count(entity)}
    if counts_unread and plan.in_order:
        page = list(company.kept.read(entity, islice(plan.ids, *_page(query))))
    else:
        rows = (row for row in _candidates(company, entity, query, plan) if all(test(row) for test in tests))
        if query.count:
            return {"totalCount": sum(1 for _ in rows)}
        page = list(islice(rows if plan.in_order else _ordered(entity, rows, query), *_page(query)))
    if not page:
        return {}
    named = [one.lower() for one in query.named]
    hidden = [name for name in _ASKED_FOR.get(entity, ()) if name.lower() not in named]
    found = [{name: value for name, value in shown(company, entity, row).items() if name not in hidden} for row in page]
    return {entity: found, "startPosition": query.start, "maxResults": len(found)}


def _page(query: Query) -> tuple[int, int]:
    return query.start - 1, query.start - 1 + query.most


def _candidates(company: Company, entity: str, query: Query, plan: Plan) -> Iterator[Object]:
    """The rows to test: active ones unless asked otherwise."""
    asks_activity = any(condition.name.lower() == "active" for condition in query.conditions)
    for row in _rates(company, query) if entity == EXCHANGE_RATE else company.kept.read(entity, plan.ids):
        if asks_activity or row.get("Active", True):
            yield row


def _rates(company: Company, query: Query) -> Iterator[Object]:
    """Exchange rates, which exist for every day that is asked for."""
    named = {one.name.lower(): one.values for one in query.conditions if one.operator in ("=", "IN")}
    return rates_asked(company, named.get("sourcecurrencycode", ()), named.get("asofdate", ()))


def _path(entity: str, name: str) -> tuple[tuple[str, ...], str]:
    """The path of the value of a property, as the entity spells it, and its type.

    Raises:
        Refusal: 4001, the entity has no such property, or it cannot be compared.
    """
    path, type_name = _spelt(entity, name)
    if type_name == "ReferenceType":
        path = (*path, "value")
    elif type_name == "EmailAddress":
        path = (*path, "Address")
    elif is_complex(type_name):
        raise refusals.query_not_valid(f"Property {name} is not queryable for Entity {entity}")
    return path, type_name


def _spelt(entity: str, name: str) -> tuple[tuple[str, ...], str]:
    """The path of a property, as the entity spells it, and its type.

    Raises:
        Refusal: 4001, the entity has no such property.
    """
    type_name, path = entity, []
    for part in name.split("."):
        known = fields_of(type_name) if is_complex(type_name) else {}
        spelt = next((field for field in known if field.lower() == part.lower()), None)
        if spelt is None or (known[spelt][1] and spelt != _SEARCHED_LIST):
            raise refusals.query_not_valid(f"Property {name} not found for Entity {entity}")
        path.append(spelt)
        type_name = known[spelt][0]
    return tuple(path), type_name


def _value(row: Object, path: tuple[str, ...]) -> Any:
    value: Any = row
    for part in path:
        if isinstance(value, list):
            value = [one.get(part) for one in value if isinstance(one, dict)]
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return value


def _test(company: Company, entity: str, condition: Condition) -> Any:
    path, type_name = _path(entity, condition.name)
    if path == ("Id",) and condition.operator not in ("=", "IN"):
        raise refusals.query_not_valid("Property Id supports only the operators = and IN")
    values = [company.today().isoformat() if value.upper() == "CURRENT_DATE" else value for value in condition.values]
    if condition.operator == "LIKE":
        pattern = re.compile(".*".join(re.escape(part) for part in values[0].split("%")), re.IGNORECASE | re.DOTALL)
        return lambda row: pattern.fullmatch(str(_value(row, path) or "")) is not None
    wanted = [_comparable(type_name, value, condition.name) for value in values]
    default = path == ("Active",)
    operator = condition.operator

    def fits(value: Any) -> bool:
        found = _comparable(type_name, value if value is not None or not default else True, condition.name)
        if operator in ("=", "IN"):
            return found in wanted
        if found is None or wanted[0] is None:
            return False
        order = (found > wanted[0]) - (found < wanted[0])
        return order in {"<": (-1,), ">": (1,), "<=": (-1, 0), ">=": (0, 1)}[operator]

    def test(row: Object) -> bool:
        value = _value(row, path)
        return any(fits(one) for one in value) if isinstance(value, list) else fits(value)

    return test


def _comparable(type_name: str, value: Any, name: str) -> Any:
    """A value as it is compared: numbers by size, times by instant, text without case; blank is none."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if type_name == "decimal" or (isinstance(value, Decimal | int) and not isinstance(value, bool)):
        try:
            return Decimal(value)
        except InvalidOperation:
            raise refusals.query_not_valid(f"Invalid value {value} for property {name}") from None
    if type_name == "dateTime":
        return _moment(str(value), name)
    if type_name == "date":
        return _moment(str(value), name).date()
    return str(value).casefold()


def _moment(value: str, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise refusals.query_not_valid(f"Invalid date/time {value} for property {name}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZONE)


def _ordered(entity: str, rows: Iterable[Object], query: Query) -> Iterable[Object]:
    """Rows in the order asked for; ties, and rows without an order, stay as they were made."""
    if not query.order:
        return rows
    rows = list(rows)
    for name, descending in reversed(query.order):
        path, type_name = _path(entity, name)

        def compare(one: Object, other: Object, path: tuple[str, ...] = path, type_name: str = type_name) -> int:
            left, right = (_sortable(type_name, path, row) for row in (one, other))
            if left is None or right is None:
                return (left is not None) - (right is not None)
            return int(left > right) - int(left < right)

        rows.sort(key=cmp_to_key(compare), reverse=descending)
    return rows


def _sortable(type_name: str, path: tuple[str, ...], row: Object) -> Any:
    value = _value(row, path)
    if path == ("Id",) and str(value).isdecimal():
        return Decimal(value)
    return _comparable(type_name, value, ".".join(path))
