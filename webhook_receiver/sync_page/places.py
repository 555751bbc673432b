"""On which page a cause is mended, so that its fix can be one click away."""

from typing import NamedTuple

from flask import g, url_for

_PLACES = {
    "reconnect": ("page.companies.overview", None, "To the overview"),
    "start": ("page.companies.overview", None, "To the overview"),
    "choice": ("page.customers.index", None, "To the customers"),
    "partly-synced": ("page.settings.index", "start_date", "Change the start date"),
    "switched-off": ("page.settings.index", "what", "To the settings"),
    "account-or-tax-code": ("page.settings.index", "how", "To the settings"),
    "reference-lost": ("page.preflight.index", None, "See what cannot be used"),
    "discounts": ("page.preflight.index", None, "To the check-up"),
    "sales-tax": ("page.preflight.index", None, "To the check-up"),
}


class Place(NamedTuple):
    """A page of the company at hand: its address, and what the link says."""

    address: str
    name: str


def place_of(cause_key: str) -> Place | None:
    """Return where a cause of `shared.causes` is mended; None where that is in QuickBooks or Invoiced alone."""
    if cause_key not in _PLACES:
        return None
    endpoint, anchor, name = _PLACES[cause_key]
    return Place(url_for(endpoint, company_id=g.company.id, _anchor=anchor), name)
