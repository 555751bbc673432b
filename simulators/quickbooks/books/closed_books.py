"""Closed books and the dates of transactions.

Source: error codes 6200 and 6210; Preferences.AccountingInfoPrefs.BookCloseDate.
"""

from __future__ import annotations

from simulators.quickbooks import refusals
from simulators.quickbooks.books.company import Company

# Whether closing the books took a password; Intuit shows it to no client.
PASSWORD = "closing password"


def check_open(company: Company, *dates: str | None) -> None:
    """Raises: Refusal 6200, or 6210 with a password, one of the dates lies in a closed period."""
    closed_on = company.preferences["AccountingInfoPrefs"].get("BookCloseDate")
    if closed_on and any(date is not None and date <= closed_on for date in dates):
        raise refusals.books_closed(password=bool(company.kept.setting(PASSWORD, False)))
