"""Batches: up to 30 items, one after the other, each on its own; what fails does not undo the rest.

Source: Intuit, "Batch operations". An item cannot refer to an object made by the same batch.
"""

from __future__ import annotations

import re
from typing import Any

from simulators.calls import Call, Operation
from simulators.faults import RECORD_FAULTS, FaultRules
from simulators.quickbooks import refusals
from simulators.quickbooks.answers import plain_failure
from simulators.quickbooks.books.closed_books import PASSWORD
from simulators.quickbooks.books.company import TRANSACTIONS, Company
from simulators.quickbooks.operations import READABLE, carry_out, operation_of
from simulators.quickbooks.query.answers import answer_query
from simulators.quickbooks.refusals import FaultError, Refusal
from simulators.request_log import Entry

MOST_ITEMS = 30
# Faults that an item can meet; those of the connection hit the whole batch.
_ITEM_FAULTS = frozenset({*RECORD_FAULTS, "status", "throttle"})
_OPERATIONS = ("create", "update", "delete", "void")


def batch_items(body: object) -> list[dict[str, Any]]:
    """Return the items of a batch.

    Raises:
        Refusal: the body is not a batch (2010), or more than 30 items (1040).
    """
    items = body.get("BatchItemRequest") if isinstance(body, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Refusal([refusals.unknown_property("BatchItemRequest")])
    if len(items) > MOST_ITEMS:
        raise refusals.batch_too_big(len(items), MOST_ITEMS)
    return items


def answer_batch(
    company: Company, items: list[dict[str, Any]], entry: Entry, rules: FaultRules
) -> list[dict[str, Any]]:
    """Carry the items out in order; returns `BatchItemResponse`. Every item is noted in the log entry."""
    company.fresh = set()
    try:
        return [_answer_item(company, item, entry, rules) for item in items]
    finally:
        company.fresh = set()


def _answer_item(company: Company, item: dict[str, Any], entry: Entry, rules: FaultRules) -> dict[str, Any]:
    reply: dict[str, Any] = {"bId": item["bId"]} if "bId" in item else {}
    if "Query" in item:
        noted = entry.add_item(Call(None, "query"), item["Query"])
        try:
            value = {"QueryResponse": answer_query(company, str(item["Query"]))}
        except Refusal as refusal:
            noted.status = refusal.status
            return {**reply, "Fault": refusal.as_fault()}
        noted.status = 200
        return {**reply, **value}
    entity = next((name for name in READABLE if name in item), None)
    body, operation = item.get(entity or ""), str(item.get("operation", "")).lower()
    include = [part for part in re.split(r"[^a-z]+", str(item.get("optionsData", "")).lower()) if part]
    word: Operation = operation_of(body, operation, include) if operation != "create" else "create"
    call = Call(entity, word, entry.call.method, entry.call.path, is_item=True)
    noted = entry.add_item(call, body)
    try:
        with company.change():
            _meet_fault(company, call, rules)
            value = _write_item(company, entity, body, operation, include)
    except Refusal as refusal:
        noted.status = refusal.status
        return {**reply, "Fault": refusal.as_fault()}
    noted.status = 200
    return {**reply, **value}


def _write_item(company: Company, entity: str | None, body: Any, operation: str, include: list[str]) -> dict[str, Any]:
    if entity is None or operation not in _OPERATIONS:
        raise refusals.unsupported_operation(f"Operation {operation or 'without a name'} is not supported.")
    if operation == "create":
        body = {name: value for name, value in body.items() if name != "Id"} if isinstance(body, dict) else body
    value = carry_out(company, entity, body, operation, include)
    if operation == "create":
        company.fresh.add((entity, value["Id"]))
    return {entity: value}


def _meet_fault(company: Company, call: Call, rules: FaultRules) -> None:
    """Raises: Refusal, a fault rule names this entity or operation."""
    for rule in rules.fire(call, _ITEM_FAULTS):
        if rule.what == "stale_token":
            raise refusals.stale_object()
        if rule.what == "closed_period" and call.entity in TRANSACTIONS:
            raise refusals.books_closed(password=bool(company.kept.setting(PASSWORD, False)))
        if rule.what == "throttle":
            raise Refusal(
                [FaultError("3001", "ThrottleExceeded", "The request limit was reached.")],
                status=429,
                fault_type="SERVICE",
            )
        if rule.what == "status":
            raise plain_failure(rule.status)
