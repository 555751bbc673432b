"""Amounts as exact Decimals, from JSON text to JSON text. Pure."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

CENT = Decimal("0.01")

_encoder = msgspec.json.Encoder(decimal_format="number", order="deterministic")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def to_cents(amount: Decimal) -> Decimal:
    """Round an amount in major units to two decimals, halves away from zero."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def is_whole_cents(amount: Decimal) -> bool:
    """Tell whether the amount has no fraction of a cent."""
    return amount == to_cents(amount)


def encode_json(value: Any) -> str:
    """Return the value as JSON; Decimals are written as numbers, digit for digit."""
    return _encoder.encode(value).decode()


def decode_json(text: str | bytes) -> Any:
    """Return the value of a JSON text; numbers with a fraction become exact Decimals.

    Raises:
        msgspec.DecodeError: the text is not JSON.
    """
    return _decoder.decode(text)


def pretty_json(value: Any) -> str:
    """Return the value as JSON for people to read, line by line; a text stays as it is."""
    return value if isinstance(value, str) else msgspec.json.format(_encoder.encode(value), indent=2).decode()


def as_decimal(value: object) -> Decimal:
    """Return a number of a decoded JSON document (int, Decimal or numeric text) as a Decimal.

    Raises:
        ValueError: the value is not a number.
    """
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError(f"not an amount: {value!r}")
    try:
        number = Decimal(value)
    except ArithmeticError as error:
        raise ValueError(f"not an amount: {value!r}") from error
    if not number.is_finite():
        raise ValueError(f"not an amount: {value!r}")
    return number


def plain(amount: Decimal, currency: str | None = None) -> str:
    """Return the amount for people: two decimals at least, no exponent (`12.30`, `0.3333`), and with a currency (ISO
    code in any case) `12.30 USD`."""
    shown = format(amount if not is_whole_cents(amount) else to_cents(amount), "f")
    return f"{shown} {currency.upper()}" if currency else shown
