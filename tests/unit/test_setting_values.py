"""What a person may type for a setting, and how it is shown."""

import pytest

from administration.setting_values import DEFAULTS, NAMES, TITLES, in_words, parse
from consumer.mapping.names import item_key
from shared.errors import RejectedError
from shared.first_use import DEFAULT_ITEM_KEY, DEFAULT_ITEM_NAME
from shared.settings import Customers, Matching, Settings, settings_from_document


def test_every_setting_has_a_title_a_default_and_a_parser() -> None:
    assert set(NAMES) == set(TITLES) == set(DEFAULTS)
    for name in NAMES:
        assert in_words(name, parse(name, ""))


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("customers", "from QuickBooks", Customers.FROM_QUICKBOOKS),
        ("invoices", "off", False),
        ("payments", "", True),
        ("customer_matching", "never automatically", Matching.NEVER),
        ("deposit_by_method", "check=35, ACH = 36", {"check": "35", "ach": "36"}),
        ("deposit_by_currency", "usd=35", {"USD": "35"}),
    ],
)
def test_what_is_typed_is_understood(name: str, text: str, value: object) -> None:
    assert parse(name, text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("customers", "sideways"),
        ("customer_matching", "by ear"),
        ("deposit_by_method", "barter=3"),
        ("deposit_by_method", "check"),
        ("deposit_by_method", "check=1, check=2"),
        ("deposit_by_currency", "DOLLAR=3"),
        ("deposit_by_currency", "USD=../3"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_would(name: str, text: str) -> None:
    with pytest.raises(RejectedError) as refusal:
        parse(name, text)
    assert refusal.value.remedy


def test_settings_survive_being_stored() -> None:
    stored = {
        "customers": "off",
        "customer_matching": "never automatically",
        "deposit_by_method": {"check": "3"},
        "x": 1,
    }
    settings = settings_from_document(stored)
    assert (settings.customers, settings.customer_matching) == (Customers.OFF, Matching.NEVER)
    assert settings.deposit_account_of("check", "usd") == "3"
    assert settings_from_document({}) == Settings()


def test_the_default_items_record_is_known_by_its_key() -> None:
    assert item_key(DEFAULT_ITEM_NAME) == DEFAULT_ITEM_KEY
