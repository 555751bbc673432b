"""Countries by any of their names."""

import pytest

from consumer.mapping.country import iso2


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("US", "US"),
        ("usa", "US"),
        (" U.S.A. ", "US"),
        ("United States of America", "US"),
        ("CAN", "CA"),
        ("Bolivia, Plurinational State of", "BO"),
        ("Bolivia", "BO"),
        ("England", "GB"),
        ("Atlantis", None),
        ("840", None),
        ("", None),
    ],
)
def test_a_country_is_known_by_code_and_name(text: str, code: str | None) -> None:
    assert iso2(text) == code
