"""Addresses: their ids, ISO-3 countries, and the free text that a transaction makes of them; pure but for ids."""

from __future__ import annotations

from simulators.quickbooks.books.company import Company, Object
from simulators.quickbooks.facts.countries import iso3

_PARTS = ("Line1", "Line2", "Line3", "Line4", "Line5", "City", "CountrySubDivisionCode", "PostalCode", "Country")
# Since autumn 2025 the coordinates are gone from replies.
_GONE = ("Lat", "Long")


def kept_address(company: Company, address: Object, *, iso3_country: bool) -> Object:
    """Return an address as it is read back: with an Id, without coordinates."""
    kept = {name: value for name, value in address.items() if value is not None and name not in _GONE}
    if iso3_country and "Country" in kept:
        kept["Country"] = iso3(kept["Country"])
    if kept.get("Id", "0") == "0":
        kept["Id"] = str(company.kept.next_number("PhysicalAddress"))
    return kept


def same_address(one: Object | None, other: Object | None) -> bool:
    return all((one or {}).get(name) == (other or {}).get(name) for name in _PARTS)


def reflowed(company: Company, address: Object, customer: Object) -> Object:
    """Return an address that was updated through a transaction, as free text in Line1 to Line5.

    The customer's and the company's name come first, then what the address held (entity reference,
    Invoice.BillAddr).
    """
    place = " ".join(
        part
        for part in (
            ", ".join(address[name] for name in ("City", "CountrySubDivisionCode") if address.get(name)),
            address.get("PostalCode"),
            address.get("Country"),
        )
        if part
    )
    names = [customer["DisplayName"], customer.get("CompanyName")]
    lines = [text for text in (*names, *(address.get(f"Line{n}") for n in range(1, 6)), place) if text]
    if len(lines) > 5:
        lines = [*lines[:4], ", ".join(lines[4:])]
    id = str(company.kept.next_number("PhysicalAddress"))
    return {"Id": id, **{f"Line{number}": line for number, line in enumerate(lines, 1)}}
