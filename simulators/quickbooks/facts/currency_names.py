"""Currencies by code: those of ISO 4217, whose names QuickBooks Online mostly shows; pure."""

from functools import cache

import pycountry

# The codes with X are metals, funds and tests, but for these.
_REAL_WITH_X = frozenset({"XAF", "XCD", "XCG", "XOF", "XPF"})
# Where QuickBooks Online names a currency otherwise than ISO does.
_NAMES = {"GBP": "British Pound Sterling", "USD": "United States Dollar", "CNY": "Chinese Yuan", "JPY": "Japanese Yen"}


@cache
def currency_name(code: str | None) -> str | None:
    """The name of a currency; None if there is none of that code."""
    if not code or (code.startswith("X") and code not in _REAL_WITH_X):
        return None
    found = pycountry.currencies.get(alpha_3=code)
    return None if found is None else _NAMES.get(found.alpha_3, found.name)
