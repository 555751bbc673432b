"""The field tables of the simulated entities, and the reading of a request body against them; pure.

`schema.json` holds names, types and enumerations, reduced from the XSDs of Intuit's SDKs
(Apache-2.0). Lengths are those of Intuit's entity reference; the XSDs state none.

A body is read tolerantly where Intuit's own clients rely on it: an empty string means "no value"
for every type, numbers may come as text and ids as numbers, and read-only fields may be sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

from simulators.quickbooks import refusals
from simulators.quickbooks.refusals import FaultError, Refusal

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parent / "schema.json").read_text(encoding="utf-8"))
ENTITIES: tuple[str, ...] = tuple(SCHEMA["entities"])

# Any other figure is not an amount that QuickBooks Online can hold (Intuit: prices ≤ 99999999999).
LARGEST_AMOUNT = Decimal("99999999999.99")

LENGTHS: dict[str, dict[str, int]] = {
    "PhysicalAddress": {
        **{f"Line{number}": 500 for number in range(1, 6)},
        "City": 255,
        "Country": 255,
        "CountrySubDivisionCode": 255,
        "PostalCode": 30,
    },
    "EmailAddress": {"Address": 100},
    "TelephoneNumber": {"FreeFormNumber": 30},
    "WebSiteAddress": {"URI": 1000},
    "MemoRef": {"value": 1000},
    "Line": {"Description": 4000},
    "NameBase": {
        "DisplayName": 500,
        "Title": 16,
        "Suffix": 16,
        "GivenName": 100,
        "MiddleName": 100,
        "FamilyName": 100,
        "CompanyName": 100,
        "PrintOnCheckName": 110,
    },
    "Customer": {"Notes": 2000, "ResaleNum": 16},
    "Vendor": {"PrintOnCheckName": 100, "TaxIdentifier": 20, "AcctNum": 100},
    "Employee": {"PrintOnCheckName": 100, "SSN": 100, "EmployeeNumber": 100},
    "TaxAgency": {"DisplayName": 100},
    "Item": {"Name": 100, "Description": 4000, "PurchaseDesc": 1000, "Sku": 100},
    "Account": {"Name": 100, "Description": 100},
    "Transaction": {"DocNumber": 21, "PrivateNote": 4000},
    "Payment": {"PaymentRefNum": 21},
    "SalesTransaction": {"PaymentRefNum": 100},
    "SalesReceipt": {"PaymentRefNum": 21},
    "Term": {"Name": 31},
    "PaymentMethod": {"Name": 31},
    "Class": {"Name": 100},
    "Department": {"Name": 100},
    "CompanyInfo": {"CompanyName": 1024, "LegalName": 1024},
    "Attachable": {
        "FileName": 1000,
        "Note": 2000,
        "ContentType": 100,
        "PlaceName": 2000,
        "Tag": 2000,
        "Lat": 100,
        "Long": 100,
    },
    "CashBackInfo": {"Memo": 4000},
    "TaxService": {"TaxCode": 100},
    "TaxRateDetails": {"TaxRateName": 100},
}
# Together, the five lines of an address hold 2,000 characters.
ADDRESS_LINES = 2000

# Characters that names refuse (Intuit: colon, tab and newline; in account names also the quote).
FORBIDDEN: dict[str, tuple[frozenset[str], tuple[str, ...]]] = {
    "NameBase": (
        frozenset(":\t\n\r"),
        ("DisplayName", "Title", "GivenName", "MiddleName", "FamilyName", "Suffix", "PrintOnCheckName"),
    ),
    "Item": (frozenset(":\t\n\r"), ("Name",)),
    "Account": (frozenset(':"\t\n\r'), ("Name",)),
    "Class": (frozenset(":\t\n\r"), ("Name",)),
    "Department": (frozenset(":\t\n\r"), ("Name",)),
}

# Enumerations that the XSDs leave as plain text and the entity reference lists.
TEXT_ENUMS: dict[tuple[str, str], tuple[str, ...]] = {
    ("Customer", "PreferredDeliveryMethod"): ("Print", "Email", "None"),
    ("PaymentMethod", "Type"): ("CREDIT_CARD", "NON_CREDIT_CARD"),
    ("Estimate", "TxnStatus"): ("Accepted", "Closed", "Pending", "Rejected", "Converted"),
    ("Term", "Type"): ("STANDARD", "DATE_DRIVEN"),
    ("Account", "AccountSubType"): tuple(SCHEMA["enums"]["AccountSubTypeEnum"]),
}

_DATE = re.compile(r"\d{4}-\d\d-\d\d(Z|[+-]\d\d:\d\d)?")
_EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+")
_INTEGERS = frozenset({"int", "integer", "positiveInteger", "long"})
# Place holders of Intuit's own ("LineEx" of a payment read back), which clients echo; they are ignored.
_INTERNAL = "IntuitAnyType"


@cache
def _ancestry(type_name: str) -> tuple[str, ...]:
    """The type and its bases, nearest first."""
    chain = []
    name: str | None = type_name
    while name is not None:
        chain.append(name)
        name = SCHEMA["types"][name].get("base")
    return tuple(chain)


@cache
def fields_of(type_name: str) -> Mapping[str, tuple[str, bool]]:
    """Name → (type, is a list) of every field of a type, inherited ones included."""
    found: dict[str, tuple[str, bool]] = {}
    for name in _ancestry(type_name):
        record = SCHEMA["types"][name]
        for field, spec in record["fields"].items():
            found.setdefault(field, (spec.removesuffix("[]"), spec.endswith("[]")))
        if "simple" in record:
            found.setdefault("value", (record["simple"], False))
    return found


@cache
def _limits(type_name: str) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for name in _ancestry(type_name):
        for field, limit in LENGTHS.get(name, {}).items():
            found.setdefault(field, limit)
    return found


@cache
def _forbidden(type_name: str) -> Mapping[str, frozenset[str]]:
    for name in _ancestry(type_name):
        if name in FORBIDDEN:
            characters, names = FORBIDDEN[name]
            return dict.fromkeys(names, characters)
    return {}


def is_complex(type_name: str) -> bool:
    return type_name in SCHEMA["types"]


def read_body(entity: str, body: object) -> dict[str, Any]:
    """Return a checked copy of a request body: amounts as Decimals, "" as None, null left out.

    None means that the sender clears the field; a field that was absent or null stays absent.
    Dates stay ISO texts, which compare as dates do.

    Raises:
        Refusal: with every fault of form found: unknown fields (2010), lengths (2050), characters
            (2040), dates, numbers and enumerations.
    """
    if not isinstance(body, dict):
        raise refusals.unsupported_operation("Operation without a JSON object is not supported.")
    faults: list[FaultError] = []
    checked = _read_object(entity, body, entity, faults)
    if faults:
        raise Refusal(faults)
    return checked


def _read_object(type_name: str, value: dict[str, Any], path: str, faults: list[FaultError]) -> dict[str, Any]:
    known = fields_of(type_name)
    checked: dict[str, Any] = {}
    for name, inner in value.items():
        where = name if path in ENTITIES else f"{path}.{name}"
        if name not in known:
            faults.append(refusals.unknown_property(where))
            continue
        inner_type, is_list = known[name]
        if inner is None or inner_type == _INTERNAL:
            continue
        if is_list:
            items = inner if isinstance(inner, list) else [inner]
            checked[name] = [_read_value(inner_type, item, where, faults) for item in items if item not in (None, "")]
            continue
        checked[name] = _read_value(inner_type, inner, where, faults)
    faults.extend(_text_faults(type_name, checked, path))
    return checked


def _read_value(type_name: str, value: object, path: str, faults: list[FaultError]) -> Any:
    if value == "":
        return None
    if is_complex(type_name):
        if not isinstance(value, dict):
            faults.append(refusals.unknown_property(path))
            return None
        inner = _read_object(type_name, value, path, faults)
        # A reference of empty strings, as the clients' defaults send it, is no reference.
        # A group of preferences stays one: its empty members clear what they name.
        if type_name.endswith("Prefs") or not value or any(item is not None for item in inner.values()):
            return inner
        return None
    base = SCHEMA["simple"].get(type_name, type_name)
    if type_name in SCHEMA["enums"]:
        if value not in SCHEMA["enums"][type_name]:
            faults.append(refusals.invalid_enumeration(path, value))
        return value
    return _READERS.get(base, _read_text)(value, path, faults)


def _read_decimal(value: object, path: str, faults: list[FaultError]) -> Decimal | None:
    if isinstance(value, Decimal | int | str) and not isinstance(value, bool):
        try:
            number = Decimal(value)
        except InvalidOperation:
            number = Decimal("NaN")
        if number.is_finite() and abs(number) <= LARGEST_AMOUNT:
            return number
    faults.append(refusals.invalid_number(path, value))
    return None


def _read_integer(value: object, path: str, faults: list[FaultError]) -> int | None:
    if not isinstance(value, bool) and re.fullmatch(r"-?\d{1,9}", str(value)):
        return int(str(value))
    faults.append(refusals.invalid_number(path, value))
    return None


def _read_boolean(value: object, path: str, faults: list[FaultError]) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    faults.append(refusals.invalid_enumeration(path, value))
    return None


def _read_date(value: object, path: str, faults: list[FaultError]) -> str | None:
    # An `xs:date` may carry a zone ("2014-09-19-07:00"), which says nothing about the day.
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value[:10]).isoformat()
        except ValueError:
            faults.append(refusals.invalid_date(path, value))
            return None
    faults.append(refusals.invalid_date(path, value))
    return None


def _read_instant(value: object, path: str, faults: list[FaultError]) -> str | None:
    try:
        datetime.fromisoformat(str(value))
    except ValueError:
        faults.append(refusals.invalid_date(path, value))
        return None
    return str(value)


def _read_text(value: object, path: str, faults: list[FaultError]) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal | int):
        return str(value)
    faults.append(refusals.unknown_property(path))
    return None


_READERS: dict[str, Any] = {
    "decimal": _read_decimal,
    "boolean": _read_boolean,
    "date": _read_date,
    "dateTime": _read_instant,
    **dict.fromkeys(_INTEGERS, _read_integer),
}


def _text_faults(type_name: str, value: Mapping[str, Any], path: str) -> Iterator[FaultError]:
    """Lengths, characters and the enumerations that the XSDs state as text."""
    for name, limit in _limits(type_name).items():
        text = value.get(name)
        if isinstance(text, str) and len(text) > limit:
            yield refusals.wrong_length(name if path in ENTITIES else f"{path}.{name}", limit, len(text))
    for name, characters in _forbidden(type_name).items():
        text = value.get(name)
        if isinstance(text, str) and characters.intersection(text):
            yield refusals.invalid_characters(name, text)
    for (owner, name), allowed in TEXT_ENUMS.items():
        text = value.get(name)
        if owner == type_name and text is not None and text not in allowed:
            yield refusals.invalid_enumeration(name, text)
    if type_name == "PhysicalAddress":
        lines = sum(len(value.get(f"Line{number}") or "") for number in range(1, 6))
        if lines > ADDRESS_LINES:
            yield refusals.wrong_length(path, ADDRESS_LINES, lines)
    if type_name == "EmailAddress" and value.get("Address") and not are_emails(value["Address"]):
        yield refusals.invalid_email(path)


def are_emails(text: str) -> bool:
    """Whether a text is one address, or several by commas, which Intuit takes in its e-mail fields."""
    return all(_EMAIL.fullmatch(part.strip()) for part in text.split(","))


def without_empty(value: Any) -> Any:
    """A copy without None, at any depth: replies carry only the attributes that have a value."""
    if isinstance(value, dict):
        return {name: without_empty(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [without_empty(item) for item in value]
    return value
