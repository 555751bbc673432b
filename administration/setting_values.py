"""The settings by name: what a person may give for each, and what each is called. Pure; the page and the command
line both come here."""

import difflib
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from shared.errors import RejectedError
from shared.first_use import ACCOUNT_NAMES, DEFAULT_ITEM_NAME, TAX_CODE_NAME
from shared.payment_methods import PAYMENT_METHOD_NAMES
from shared.settings import Customers, Matching, Settings

DEFAULT_TIME_ZONE = "UTC"
# Columns of the connection; all others are fields of `Settings`.
OF_CONNECTION = ("time_zone", "start_date")
NAMES = (*(field.name for field in fields(Settings)), *OF_CONNECTION)

# A DocNumber has 21 characters; more than this would leave too few for the number itself.
_LONGEST_PREFIX = 10
_UNDEPOSITED = "Undeposited Funds, as QuickBooks does by itself"


@dataclass(frozen=True)
class Listed:
    """What of QBO a setting may name: an entity, and the types of it that fit (none: all).

    Source: QBO API reference, Account, Item, Payment (DepositToAccountRef), Invoice (DiscountAccountRef).
    """

    entity: str
    types: tuple[str, ...] = ()


_INCOME = ("Income", "Other Income")
_EXPENSE = ("Expense", "Other Expense", "Cost of Goods Sold")
_DEPOSIT = Listed("Account", ("Bank", "Other Current Asset"))

LISTED: Mapping[str, Listed] = {
    "income_account": Listed("Account", _INCOME),
    "discount_account": Listed("Account", (*_INCOME, *_EXPENSE)),
    "bad_debt_account": Listed("Account", _EXPENSE),
    "deposit_account": _DEPOSIT,
    "deposit_by_method": _DEPOSIT,
    "deposit_by_currency": _DEPOSIT,
    "tax_code": Listed("TaxCode"),
    "default_item": Listed("Item", ("Service", "NonInventory")),
}

# What the audit trail and the page call them.
TITLES: Mapping[str, str] = {
    "number_prefix": "Number prefix",
    "income_account": "Income account",
    "discount_account": "Discount account",
    "bad_debt_account": "Bad-debt account",
    "deposit_account": "Deposit account",
    "deposit_by_method": "Deposit account by payment method",
    "deposit_by_currency": "Deposit account by currency",
    "tax_code": "Tax code",
    "default_item": "Item of lines without a name",
    "deactivate_customers": "Deactivate customers in Invoiced too",
    "customers": "Customers",
    "invoices": "Invoices",
    "payments": "Payments",
    "customer_matching": "Matching of customers",
    "time_zone": "Time zone",
    "start_date": "Start date",
}

DEFAULTS: Mapping[str, str] = {
    "number_prefix": Settings.number_prefix,
    "income_account": f"{ACCOUNT_NAMES['income']}, created on first use",
    "discount_account": f"{ACCOUNT_NAMES['discount']}, created on first use",
    "bad_debt_account": f"{ACCOUNT_NAMES['bad_debt']}, created on first use",
    "deposit_account": _UNDEPOSITED,
    "deposit_by_method": "the deposit account",
    "deposit_by_currency": "the deposit account",
    "tax_code": f"{TAX_CODE_NAME} at 0 %, created on first use",
    "default_item": f"{DEFAULT_ITEM_NAME}, created on first use",
    "deactivate_customers": "no",
    "customers": "both ways",
    "invoices": "on",
    "payments": "on",
    "customer_matching": "by number or composed name, where exactly one fits; anything else waits for a choice",
    "time_zone": DEFAULT_TIME_ZONE,
    "start_date": "none: everything is synced",
}

_ON_OFF = {True: "on", False: "off"}
_YES_NO = {True: "yes", False: "no"}


def parse(name: str, text: str) -> Any:
    """Return the value that a text stands for; an empty one stands for the default.

    Raises:
        RejectedError: it makes no sense; says what would.
    """
    return _PARSERS[name](text.strip())


def as_text(name: str, value: Any) -> str:
    """Return the text that `parse` makes this value of."""
    match value:
        case None:
            return ""
        case bool():
            return (_YES_NO if name == "deactivate_customers" else _ON_OFF)[value]
        case Mapping():
            return ", ".join(f"{key}={account}" for key, account in sorted(value.items()))
    return str(value)


def in_words(name: str, value: Any, called: Mapping[str, str] | None = None) -> str:
    """Return a value for people; `called` has the names of QBO's objects by id, as far as they are known."""
    names = called or {}
    match name:
        case "invoices" | "payments":
            return _ON_OFF[value]
        case "deactivate_customers":
            return _YES_NO[value]
        case "deposit_by_method" | "deposit_by_currency":
            named = (f"{_in_words_of_key(name, key)}: {names.get(one, one)}" for key, one in sorted(value.items()))
            return "; ".join(named) or DEFAULTS[name]
    if value is None:
        return DEFAULTS[name]
    return names.get(str(value), str(value)) if name in LISTED else str(value)


def ids_in(name: str, value: Any) -> list[str]:
    """Return the ids of QBO that a value names."""
    if name not in LISTED or not value:
        return []
    return sorted(set(value.values())) if isinstance(value, Mapping) else [value]


def _in_words_of_key(name: str, key: str) -> str:
    return PAYMENT_METHOD_NAMES.get(key, key) if name == "deposit_by_method" else key


def _number_prefix(text: str) -> str:
    if len(text) > _LONGEST_PREFIX or not text.isprintable():
        raise RejectedError(
            f"A number prefix of {len(text)} characters does not leave enough of QuickBooks' 21 for the number.",
            remedy=f"Give {_LONGEST_PREFIX} printable characters at most.",
        )
    return text or Settings.number_prefix


def _flag(default: bool) -> Callable[[str], bool]:
    def parse_flag(text: str) -> bool:
        match text.lower():
            case "":
                return default
            case "true" | "yes" | "on" | "1":
                return True
            case "false" | "no" | "off" | "0":
                return False
        raise RejectedError(f"{text!r} is neither true nor false.", remedy="Give true or false.")

    return parse_flag


def _customers(text: str) -> Customers:
    try:
        return Customers(text) if text else Customers.BOTH
    except ValueError as error:
        raise _none_of(text, [one.value for one in Customers]) from error


def _matching(text: str) -> Matching:
    try:
        return Matching(text) if text else Matching.DEFAULT
    except ValueError as error:
        raise _none_of(text, [one.value for one in Matching]) from error


def _none_of(text: str, known: list[str]) -> RejectedError:
    return RejectedError(f"{text!r} is not a choice here.", remedy=f"Give one of: {', '.join(known)}.")


def time_zones() -> list[str]:
    """Return the names of all time zones, without the two of the tz database that are of no place."""
    return sorted(zoneinfo.available_timezones() - {"Factory", "localtime"})


def _time_zone(text: str) -> str:
    known = time_zones()
    zone = text or DEFAULT_TIME_ZONE
    if zone not in known:
        by_city = {name.rpartition("/")[2].casefold(): name for name in known}
        wanted = zone.rpartition("/")[2].casefold().replace(" ", "_")
        close = difflib.get_close_matches(wanted, by_city, n=1)
        example = by_city[close[0]] if close else "America/New_York"
        raise RejectedError(f"{zone!r} is not a time zone.", remedy=f"Name one such as {example} (tz database).")
    return zone


def _start_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise RejectedError(f"{text!r} is not a date.", remedy="Give a date such as 2026-01-31.") from error


def _id_of(entity: str) -> Callable[[str], str | None]:
    def parse_id(text: str) -> str | None:
        if not text:
            return None
        if not (text.isascii() and text.replace("-", "").replace("_", "").isalnum() and len(text) <= 40):
            raise RejectedError(
                f"{text!r} is no id of QuickBooks.",
                remedy=f"Give the id that QuickBooks shows in the address of the {entity}, a number.",
            )
        return text

    return parse_id


def _by(is_key: Callable[[str], bool], known: str, adapt: Callable[[str], str]) -> Callable[[str], dict[str, str]]:
    """Return the parser of a list such as `check=35, credit_card=36`."""
    parse_id = _id_of("Account")

    def parse_list(text: str) -> dict[str, str]:
        accounts: dict[str, str] = {}
        for part in filter(None, (one.strip() for one in text.split(","))):
            key, separator, account = (one.strip() for one in part.partition("="))
            key = adapt(key)
            if not separator or not account or not is_key(key) or key in accounts:
                raise RejectedError(f"{part!r} is not understood.", remedy=f"Give pairs such as {known}, each once.")
            accounts[key] = str(parse_id(account))
        return accounts

    return parse_list


_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "number_prefix": _number_prefix,
    **{name: _id_of(listed.entity) for name, listed in LISTED.items()},
    "deposit_by_method": _by(
        PAYMENT_METHOD_NAMES.__contains__, f"check=35 (methods: {', '.join(PAYMENT_METHOD_NAMES)})", str.lower
    ),
    "deposit_by_currency": _by(
        lambda key: len(key) == 3 and key.isascii() and key.isalpha(), "EUR=35 (ISO codes)", str.upper
    ),
    "deactivate_customers": _flag(default=False),
    "customers": _customers,
    "invoices": _flag(default=True),
    "payments": _flag(default=True),
    "customer_matching": _matching,
    "time_zone": _time_zone,
    "start_date": _start_date,
}
