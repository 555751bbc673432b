"""QBO's own lists of accounts, items, tax codes and currencies, by name, for whoever has to choose; kept for a while,
since reads of QuickBooks are metered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from administration.setting_values import LISTED
from shared.clients import Clients
from shared.db import connections, kept_answers
from shared.quickbooks.client import QuickBooksClient
from shared.quickbooks.entities import qbo_id, ref_value
from shared.settings import preferences_from_document

KEPT_FOR = timedelta(minutes=10)
_KEPT_AS = "lists"
_A_PAGE = 1000
# QBO's pseudo-codes of the US: they mark a line, and no document can carry them.
_NO_CODES = ("TAX", "NON")


@dataclass(frozen=True)
class Choice:
    """Something active that a setting may name; `currency` (ISO code) of an account, where the company has several."""

    id: str
    name: str
    type: str
    currency: str | None = None


class Lists(NamedTuple):
    """What each setting may name, and the currencies on the company's list (none where it has only its own), as they
    were read at `at`."""

    choices: Mapping[str, list[Choice]]
    currencies: list[str]
    at: datetime


def find_lists(clients: Clients, connection_id: str, *, again: bool = False) -> Lists:
    """Return QuickBooks' lists as they were read up to `KEPT_FOR` ago; older ones, or `again`, are read now: three
    calls, with multicurrency four, and one more for every further thousand of a list.

    Raises:
        UnknownConnectionError: there is no such connection.
        SyncError: QuickBooks refused or did not answer.

    Source: QBO API reference, Account, Item, TaxCode, CompanyCurrency; Intuit, "Data queries".
    """
    with clients.sessions() as session:
        row = connections.get(session, connection_id)
        kept = kept_answers.find(session, connection_id, _KEPT_AS)
        has_several = bool(row.preferences) and preferences_from_document(row.preferences).multicurrency
    if kept is not None and not again and clients.now() - kept.at < KEPT_FOR:
        return _read(kept.answer, kept.at)
    quickbooks = clients.quickbooks(connection_id)
    lists = _fetch_lists(quickbooks)
    answer: dict[str, Any] = {
        "lists": {entity: [vars(one) for one in found] for entity, found in lists.items()},
        "currencies": sorted(str(one.get("Code")) for one in _query(quickbooks, "CompanyCurrency"))
        if has_several
        else [],
    }
    now = clients.now()
    with clients.sessions.begin() as session:
        kept_answers.keep(session, connection_id, _KEPT_AS, answer, now)
    return _read(answer, now)


def _read(answer: Mapping[str, Any], at: datetime) -> Lists:
    lists = {entity: [Choice(**one) for one in found] for entity, found in answer["lists"].items()}
    return Lists(_for_settings(lists), answer["currencies"], at)


def _for_settings(lists: Mapping[str, list[Choice]]) -> dict[str, list[Choice]]:
    return {
        name: [one for one in lists[listed.entity] if not listed.types or one.type in listed.types]
        for name, listed in LISTED.items()
    }


def _fetch_lists(quickbooks: QuickBooksClient) -> dict[str, list[Choice]]:
    return {entity: _fetch(quickbooks, entity) for entity in sorted({listed.entity for listed in LISTED.values()})}


def _fetch(quickbooks: QuickBooksClient, entity: str) -> list[Choice]:
    found = [
        Choice(
            qbo_id(row),
            str(row.get("FullyQualifiedName") or row.get("Name")),
            str(row.get("AccountType") or row.get("Type") or ""),
            ref_value(row, "CurrencyRef"),
        )
        for row in _query(quickbooks, entity)
        if not (entity == "TaxCode" and qbo_id(row) in _NO_CODES)
    ]
    return sorted(found, key=lambda one: one.name.casefold())


def find_inactive(quickbooks: QuickBooksClient, entity: str) -> dict[str, str]:
    """Return the names of the inactive objects of an entity by their ids: one call for a thousand.

    Raises:
        SyncError: QuickBooks refused or did not answer.
    """
    rows = _query(quickbooks, entity, active=False)
    return {qbo_id(row): str(row.get("FullyQualifiedName") or row.get("Name")) for row in rows}


def _query(quickbooks: QuickBooksClient, entity: str, *, active: bool = True) -> list[dict[str, Any]]:
    """Return every active object of an entity, or every inactive one."""
    which = "true" if active else "false"
    found: list[dict[str, Any]] = []
    while True:
        start = len(found) + 1
        page = quickbooks.query(
            entity, f"select * from {entity} where Active = {which} startposition {start} maxresults {_A_PAGE}"
        )
        found += page
        if len(page) < _A_PAGE:
            return found
