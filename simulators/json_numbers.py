"""JSON whose numbers stay exact: decimals are read as Decimal and written as plain JSON numbers. Pure."""

from decimal import Decimal
from typing import Any

import msgspec
from flask.json.provider import JSONProvider

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


class InvalidJsonError(ValueError):
    """The text is not JSON; the message says where and why."""


def read_json(text: bytes | str) -> Any:
    """Return the value of a JSON text; whole numbers are int, all others Decimal with every digit kept.

    Raises:
        InvalidJsonError: not JSON (NaN and Infinity are not), or nested too deeply.
    """
    try:
        return _decoder.decode(text)
    except RecursionError:
        raise InvalidJsonError("JSON is nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidJsonError(str(error)) from error


def write_json(value: Any) -> bytes:
    """Return the compact JSON text of `value`; a Decimal("12.30") becomes 12.30."""
    return _encoder.encode(value)


def raw_json(text: bytes) -> msgspec.Raw:
    """Return JSON text that `write_json` copies as it stands; the caller vouches that it is JSON."""
    return msgspec.Raw(text)


class ExactJsonProvider(JSONProvider):
    """Lets Flask's `request.get_json` and `jsonify` keep decimals exact."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return write_json(obj).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return read_json(s)
