"""Readers of what QBO replies with. Pure.

Objects stay the decoded JSON that QBO sent: what we compare and keep differs by entity, and lives in the
mapping.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from shared.errors import TransientError
from shared.money import as_decimal

QboObject = Mapping[str, Any]


def unreadable(what: str, *, is_read: bool = False) -> TransientError:
    """Return the error for an answer that lacks what QBO promises; the write behind it may have been done."""
    return TransientError(f"QuickBooks sent an answer that cannot be read: {what}.", outcome_unknown=not is_read)


def qbo_id(found: QboObject) -> str:
    """Return the Id of an object.

    Raises:
        TransientError: there is none.
    """
    return _text(found, "Id")


def sync_token(found: QboObject) -> str:
    """Return the version of an object, to be sent back with its next update.

    Raises:
        TransientError: there is none.
    """
    return _text(found, "SyncToken")


def amount(found: QboObject, field: str) -> Decimal | None:
    """Return an amount in major units; None where QBO left the field out, which is not zero.

    Raises:
        TransientError: the field holds something else.
    """
    value = found.get(field)
    if value is None:
        return None
    try:
        return as_decimal(value)
    except ValueError as error:
        raise unreadable(f"{field} is {value!r}") from error


def ref_value(found: QboObject, field: str) -> str | None:
    """Return the id in a reference such as CustomerRef (in CurrencyRef the code), or None."""
    reference = found.get(field)
    value = reference.get("value") if isinstance(reference, Mapping) else None
    return value if isinstance(value, str) else None


def _text(found: QboObject, field: str) -> str:
    value = found.get(field)
    if not isinstance(value, str) or not value:
        raise unreadable(f"{field} is missing")
    return value
