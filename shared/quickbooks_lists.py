"""QBO's own lists of accounts, items and tax codes, by name, for whoever has to choose; kept for a while, since reads
of QuickBooks are metered."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shared.quickbooks.client import QuickBooksClient
from shared.quickbooks.entities import qbo_id
from shared.setting_values import LISTED

KEPT_S = 600.0
_A_PAGE = 1000
# QBO's pseudo-codes of the US: they mark a line, and no document can carry them.
_NO_CODES = ("TAX", "NON")


@dataclass(frozen=True)
class Choice:
    """Something active that a setting may name."""

    id: str
    name: str
    type: str


def fetch_choices(quickbooks: QuickBooksClient) -> dict[str, list[Choice]]:
    """Read the active accounts, items and tax codes, and return what each setting may name, by name.

    Three calls, and one more for every further thousand of a list.

    Source: QBO API reference, Account, Item, TaxCode; Intuit, "Data queries".
    """
    lists = {entity: _fetch(quickbooks, entity) for entity in sorted({listed.entity for listed in LISTED.values()})}
    return {
        name: [one for one in lists[listed.entity] if not listed.types or one.type in listed.types]
        for name, listed in LISTED.items()
    }


class KeptLists:
    """The choices of each connection, read again when they are older than `KEPT_S`, or on request."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, Mapping[str, list[Choice]]]] = {}

    def choices(
        self, connection_id: str, quickbooks: QuickBooksClient, *, again: bool = False
    ) -> Mapping[str, list[Choice]]:
        """Return what each setting may name.

        Raises:
            SyncError: QuickBooks refused or did not answer.
        """
        with self._lock:
            kept = self._kept.get(connection_id)
        if kept is not None and not again and self._clock() - kept[0] < KEPT_S:
            return kept[1]
        fetched = fetch_choices(quickbooks)
        with self._lock:
            self._kept[connection_id] = (self._clock(), fetched)
        return fetched


def _fetch(quickbooks: QuickBooksClient, entity: str) -> list[Choice]:
    found: list[Choice] = []
    start = 1
    while True:
        page = quickbooks.query(
            entity, f"select * from {entity} where Active = true startposition {start} maxresults {_A_PAGE}"
        )
        found += [
            Choice(
                qbo_id(row),
                str(row.get("FullyQualifiedName") or row.get("Name")),
                str(row.get("AccountType") or row.get("Type") or ""),
            )
            for row in page
            if not (entity == "TaxCode" and qbo_id(row) in _NO_CODES)
        ]
        if len(page) < _A_PAGE:
            return sorted(found, key=lambda one: one.name.casefold())
        start += _A_PAGE
