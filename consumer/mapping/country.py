"""Countries by any of their names: Invoiced keeps two letters, QBO three, or whatever was typed. Pure."""

from functools import cache

# What people and QBO write that the ISO list does not hold.
_OTHER_NAMES = {
    "u.s.": "US",
    "u.s.a.": "US",
    "united states of america": "US",
    "america": "US",
    "uk": "GB",
    "u.k.": "GB",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
}


def iso2(text: str) -> str | None:
    """Return the two-letter code of a country given by any code or name; None if no list holds it."""
    return _codes().get(text.strip().casefold())


@cache
def _codes() -> dict[str, str]:
    import pycountry  # takes a while to load, and most processes never ask

    codes: dict[str, str] = {}
    for country in pycountry.countries:
        fields = ("alpha_2", "alpha_3", "name", "official_name", "common_name")
        names = (getattr(country, field, None) for field in fields)
        codes.update({name.casefold(): country.alpha_2 for name in names if name})
    return codes | _OTHER_NAMES
