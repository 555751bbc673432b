"""Where a sale is taxed by automated sales tax: at its destination, if the company is registered there.

The simulated company is registered in its own state alone, so what is shipped to another state or out of the
country bears no tax of the engine's; a tax that the sender states counts all the same.

Source: Intuit, "Manage sales tax for US locales": the destination is ShipAddr, else the company's address.
"""

from __future__ import annotations

from simulators.quickbooks.books.company import HIDDEN
from simulators.quickbooks.facts.countries import iso3
from simulators.quickbooks.forms.writes import Write

_SHIPS_TO = "ships_to"


def is_taxed_at_destination(made: Write) -> bool:
    """Whether the engine taxes the document in hand.

    The destination is remembered, because an address that is updated through a document becomes free text.
    """
    address = made.item.get("ShipAddr")
    if made.before is None and address is None:
        address = (made.reference("CustomerRef") or {}).get("ShipAddr")
    home = made.company.get("CompanyInfo", "1")["CompanyAddr"]
    state, country = (address or {}).get("CountrySubDivisionCode"), (address or {}).get("Country")
    if state or country:
        made.item[HIDDEN] = {**made.item[HIDDEN], _SHIPS_TO: [state or "", iso3(country or home["Country"])]}
    state, country = made.item[HIDDEN].get(_SHIPS_TO) or ("", home["Country"])
    return country == home["Country"] and state in ("", home["CountrySubDivisionCode"])
