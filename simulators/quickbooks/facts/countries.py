"""Countries as Intuit reads them back since autumn 2025: ISO-3 codes, whatever was written; pure."""

from __future__ import annotations

from functools import cache

import pycountry

_ALSO = {"uk": "GBR", "england": "GBR", "scotland": "GBR", "wales": "GBR", "u.s.": "USA", "u.s.a.": "USA"}


@cache
def iso3(country: str) -> str:
    """Return the ISO-3 code of a country given by name or code; anything unknown as it is."""
    wanted = country.strip()
    try:
        return _ALSO.get(wanted.casefold()) or str(pycountry.countries.lookup(wanted).alpha_3)
    except LookupError:
        return country
