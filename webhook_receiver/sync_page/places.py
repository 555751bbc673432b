"""On which page a cause, or what the check-up found, is mended, so that its fix can be one click away."""

from typing import NamedTuple

from flask import g, url_for
from flask_login import current_user

_SET_UP = "page.connect.set_up"
_OF_CAUSES = {
    "reconnect": ("page.companies.overview", None, "To the overview"),
    "invoiced-key": (_SET_UP, "invoiced", "Enter the key"),
    "start": ("page.companies.overview", None, "To the overview"),
    "choice": ("page.customers.index", None, "To the customers"),
    "partly-synced": ("page.settings.index", "start_date", "Change the start date"),
    "switched-off": ("page.settings.index", "what", "To the settings"),
    "account-or-tax-code": ("page.settings.index", "how", "To the settings"),
    "reference-lost": ("page.preflight.index", None, "See what cannot be used"),
    "discounts": ("page.preflight.index", None, "To the check-up"),
    "sales-tax": ("page.preflight.index", None, "To the check-up"),
}
_OF_FINDINGS = {
    "closing-date": ("page.settings.index", "start_date", "Change the start date"),
    "unusable-setting": ("page.settings.index", "how", "To the settings"),
    "inactive": ("page.attention.index", None, "See what failed"),
    "invoiced-key": (_SET_UP, "invoiced", "Enter the key"),
    "shared-account": (_SET_UP, "invoiced", "Enter another key"),
    "webhook": (_SET_UP, "invoiced", "See address and secret"),
}


class Place(NamedTuple):
    """A page of the company at hand: its address, and what the link says."""

    address: str
    name: str


def place_of(cause_key: str) -> Place | None:
    """Return where a cause of `shared.causes` is mended; None where that is in QuickBooks or Invoiced alone, or on a
    page that whoever looks may not see."""
    return _place(_OF_CAUSES.get(cause_key))


def place_of_finding(key: str) -> Place | None:
    """Return where a finding of `administration.preflight` is mended, as `place_of` does for a cause."""
    return _place(_OF_FINDINGS.get(key))


def _place(found: tuple[str, str | None, str] | None) -> Place | None:
    if found is None or (found[0] == _SET_UP and not current_user.is_admin):
        return None
    endpoint, anchor, name = found
    return Place(url_for(endpoint, company_id=g.company.id, _anchor=anchor), name)
