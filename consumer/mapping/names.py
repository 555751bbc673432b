"""The names and numbers under which records stand in QBO: customers, items, documents, references. Pure."""

import base64
import hashlib

from consumer.mapping.text import cut, one_line, shown
from shared.errors import RejectedError

BAD_DEBT_ITEM_NAME = "Bad debt"
BAD_DEBT_ENDING = "-BD"

# QBO puts this behind the DisplayName of a customer that was made inactive.
DELETED_SUFFIX = " (deleted)"

_DOC_NUMBER_LENGTH = 21
_REFERENCE_LENGTH = 21
_NAME_LENGTH = 100
_CUSTOMER_NUMBER_LENGTH = 90


def doc_number(prefix: str, number: str, ending: str = "") -> str:
    """Return the DocNumber of a document: prefix, number and ending, whole where they fit 21 characters.

    A longer one becomes its first 12 characters, a dash and 8 characters of its SHA-256 in base 32: the same
    number always gives the same DocNumber, and another number another one. The same is done where characters
    had to be replaced, so that two numbers never become one.

    Raises:
        RejectedError: there is no number.
    """
    if not one_line(number):
        raise RejectedError(
            "The invoice has no number, and QuickBooks must not invent one.",
            remedy="Give the invoice a number in Invoiced.",
            topic="incomplete",
        )
    whole = prefix + number + ending
    line = one_line(whole)
    if line == whole and len(whole) <= _DOC_NUMBER_LENGTH:
        return whole
    digest = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).digest()
    return f"{line[:12]}-{base64.b32encode(digest).decode()[:8]}"


def customer_display_name(name: str, number: str | None, suffix: str = "") -> str:
    """Return the DisplayName of a customer: name, a space, number and suffix, 100 characters at most.

    Only the name is ever cut. `:` becomes `-`, control characters become spaces.

    Raises:
        RejectedError: the number leaves no room for the name, or there is neither.
    """
    number_line = _list_name(number or "")
    name_line = _list_name(name)
    if not name_line and not number_line:
        raise RejectedError(
            "The customer has neither a name nor a number, and QuickBooks needs one.",
            remedy="Give the customer a name in Invoiced.",
            topic="incomplete",
        )
    ending = (" " + number_line if number_line else "") + suffix
    room = _NAME_LENGTH - len(ending)
    if len(number_line) > _CUSTOMER_NUMBER_LENGTH or room < 1:
        raise RejectedError(
            f"The customer number {shown(number_line)} has {len(number_line)} characters; QuickBooks allows "
            f"{_NAME_LENGTH} for name and number together.",
            remedy="Shorten the customer number in Invoiced.",
            topic="incomplete",
        )
    return (cut(name_line, room) + ending).strip()


def stable_suffix(customer_id: int) -> str:
    """Return what tells a customer from another one of the same name; the same for all its life."""
    return f" #{customer_id}"


def bare_customer_name(display_name: str, number: str | None, suffix: str = "", *, name_in_invoiced: str) -> str | None:
    """Return the name in a DisplayName that we composed: without number, suffix and ` (deleted)`.

    `name_in_invoiced` is the customer's name in Invoiced, from which we composed. None if composing cuts or
    alters that name, or if nothing is left: then it must not flow back.
    """
    name = name_in_invoiced
    number_line = _list_name(number or "")
    ending = " " + number_line if number_line else ""
    if _list_name(name) != name or len(name + ending + suffix) > _NAME_LENGTH:
        return None
    bare = without_deleted(display_name)
    if suffix:
        bare = bare.removesuffix(suffix)
    return bare.removesuffix(ending).strip() or None if ending else bare.strip() or None


def without_deleted(display_name: str) -> str:
    """Return the DisplayName without what QBO adds when a customer is made inactive."""
    return display_name.removesuffix(DELETED_SUFFIX)


def item_name(text: str) -> str:
    """Return the name of the item for a line of this name: `:` replaced, one line, 100 characters at most."""
    return cut(_list_name(text), _NAME_LENGTH)


def item_key(name: str) -> str:
    """Return what item names are compared by; QBO makes no difference between small and capital letters."""
    return item_name(name).casefold()


def payment_reference(text: str | None) -> str:
    """Return the reference of a payment as QBO holds it: one line, 21 characters at most; empty for none."""
    return cut(one_line(text or ""), _REFERENCE_LENGTH)


def _list_name(text: str) -> str:
    # In a QBO name `:` parts a parent from its child; tab and newline are refused (2040).
    return one_line(text.replace(":", "-"))
