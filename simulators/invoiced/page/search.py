"""Finds what a person types into the page's search: parts of numbers and names, over indexes alone."""

from collections.abc import Iterator

from simulators.invoiced.account import Account, Kind

_NUMBERED: tuple[Kind, ...] = ("customer", "invoice", "credit_note")


def find_ids(account: Account, kind: Kind, words: str) -> list[str]:
    """Return the ids of what matches `words`, newest first; everything for no words.

    A customer is found by its name, a document by that of its customer; both by their number. A payment is found
    by its reference and by the numbers of the invoices that it paid. All are found by their id.
    """
    company, wanted = account.company, words.strip().lower()
    if not wanted:
        return company.ids(kind)[::-1]
    found = set(_found(account, kind, wanted))
    id = wanted.removeprefix("#")
    if company.has(kind, id):
        found.add(id)
    return company.as_made(kind, found)[::-1]


def _found(account: Account, kind: Kind, wanted: str) -> Iterator[str]:
    if kind in _NUMBERED:
        yield from _by_key(account, kind, "number", wanted)
    if kind == "customer":
        yield from _by_key(account, kind, "name", wanted)
        return
    for customer in _by_key(account, "customer", "name", wanted):
        yield from account.company.find_ids(kind, "customer", int(customer))
    if kind == "payment":
        yield from _by_key(account, kind, "reference", wanted)
        for invoice in _by_key(account, "invoice", "number", wanted):
            for split in account.applications("invoice", int(invoice)):
                yield str(split["payment"])


def _by_key(account: Account, kind: Kind, index: str, wanted: str) -> Iterator[str]:
    for key, ids in account.company.ids_between(kind, index):
        if wanted in str(key).lower():
            yield from ids
