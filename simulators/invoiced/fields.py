"""Reads request values into the types that Invoiced documents; an empty string is null. Pure."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from simulators.invoiced.errors import ApiError, bad_parameter

Reader = Callable[[str, Any], Any]

_MAX_AMOUNT = Decimal(10) ** 15
_MAX_TIMESTAMP = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())


def read(readers: Mapping[str, Reader], body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given values that `readers` knows, converted; what nobody knows is ignored.

    Raises:
        ApiError: 400 with `param`, for a value of the wrong type.
    """
    found = {}
    for name, reader in readers.items():
        if name in body:
            value = body[name]
            found[name] = None if value is None or value == "" else reader(name, value)
    return found


def text(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise bad_parameter(name, f"{name} must be a string")
    return str(value)


def flag(name: str, value: Any) -> bool:
    """Return a boolean; query strings and forms spell it 1, true or True."""
    if isinstance(value, bool):
        return value
    spelt = str(value).lower()
    if spelt not in ("0", "1", "true", "false"):
        raise bad_parameter(name, f"{name} must be a boolean")
    return spelt in ("1", "true")


def number(name: str, value: Any) -> Decimal:
    """Return a decimal as exact as it was sent; numeric strings are taken (forms send nothing else)."""
    spelt = isinstance(value, str) and re.fullmatch(r"-?\d{1,30}(\.\d{1,30})?", value) is not None
    if isinstance(value, bool) or not (spelt or isinstance(value, (int, Decimal))):
        raise bad_parameter(name, f"{name} must be a number")
    found = Decimal(value)
    if not found.is_finite() or abs(found) >= _MAX_AMOUNT:
        raise bad_parameter(name, f"{name} is out of range")
    return found


def whole(name: str, value: Any) -> int:
    found = number(name, value)
    if found != found.to_integral_value():
        raise bad_parameter(name, f"{name} must be an integer")
    return int(found)


def timestamp(name: str, value: Any) -> int:
    found = whole(name, value)
    if not 0 <= found <= _MAX_TIMESTAMP:
        raise bad_parameter(name, f"{name} must be a Unix timestamp")
    return found


def reference(name: str, value: Any) -> int:
    """Return the id of another object, given as such or as the object itself."""
    return whole(name, value.get("id") if isinstance(value, dict) else value)


def currency(name: str, value: Any) -> str:
    code = text(name, value).lower()
    if not re.fullmatch(r"[a-z]{3}", code):
        raise bad_parameter(name, f"{name} must be a three-letter currency code")
    return code


def country(name: str, value: Any) -> str:
    code = text(name, value).upper()
    if not re.fullmatch(r"[A-Z]{2}", code):
        raise bad_parameter(name, f"{name} must be a two-letter country code")
    return code


def email(name: str, value: Any) -> str:
    address = text(name, value)
    if not re.fullmatch(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+", address):
        raise bad_parameter(name, f"{name} must be a valid e-mail address")
    return address


def one_of(*choices: str) -> Reader:
    def choice(name: str, value: Any) -> str:
        found = text(name, value)
        if found not in choices:
            raise bad_parameter(name, f"{name} must be one of {', '.join(choices)}")
        return found

    return choice


def objects(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise bad_parameter(name, f"{name} must be a list")
    return value


def texts(name: str, value: Any) -> list[str]:
    return [text(name, one) for one in objects(name, value)]


def metadata(name: str, value: Any) -> dict[str, Any]:
    """Return metadata within its limits: 10 keys, 40 characters a key, 255 a value (API reference)."""
    if value == []:
        return {}
    if not isinstance(value, dict):
        raise bad_parameter(name, f"{name} must be an object")
    kept = {key: one for key, one in value.items() if one is not None}
    if len(kept) > 10:
        raise bad_parameter(name, f"{name} can have at most 10 keys")
    for key, one in kept.items():
        if isinstance(one, (dict, list)):
            raise bad_parameter(name, f"{name} values must be strings")
        if not 1 <= len(key) <= 40:
            raise bad_parameter(name, f"{name} keys can have at most 40 characters")
        if len(str(one)) > 255:
            raise bad_parameter(name, f"{name} values can have at most 255 characters")
    return kept


_SHIP_TO: dict[str, Reader] = {
    "name": text, "attention_to": text, "address1": text, "address2": text, "city": text, "state": text,
    "postal_code": text, "country": country,
}  # fmt: skip


def ship_to(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise bad_parameter(name, f"{name} must be an object")
    return dict.fromkeys(_SHIP_TO) | read(_SHIP_TO, value)


def required(values: Mapping[str, Any], name: str) -> Any:
    """Return a value that has to be there.

    Raises:
        ApiError: 400, in the words that Invoiced was seen to use: `Name missing`.
    """
    if values.get(name) is None:
        raise ApiError(400, f"{name.replace('_', ' ').capitalize()} missing", name)
    return values[name]
