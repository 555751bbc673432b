"""DocNumbers: given by the sender or by the company, and unique.

Source: entity reference (Invoice.DocNumber); the auto-numbering as the QuickBooks team describes it.
"""

from __future__ import annotations

import re

from simulators.quickbooks import refusals
from simulators.quickbooks.forms.writes import Write

_AUTO = "AUTO_GENERATE"
_LAST = "last DocNumber"
_SALES = ("Invoice", "CreditMemo", "SalesReceipt", "RefundReceipt", "Estimate")
ALLOW_DUPLICATE = "allowduplicatedocnum"
WARN_DUPLICATE_JOURNAL_NUMBER = "WarnDuplicateJournalNumber"


def settle_number(made: Write) -> None:
    """Number a new document where the company does so, and check that no other document has the number.

    Raises:
        Refusal: 6140, the number is taken.
    """
    item = made.item
    custom = bool(made.company.preferences["SalesFormsPrefs"].get("CustomTxnNumbers"))
    asked = item.get("DocNumber")
    auto = asked == _AUTO or bool(item.pop("AutoDocNumber", None))
    if made.before is not None and not custom and asked is None:
        item["DocNumber"] = made.before.get("DocNumber")
    elif auto or (made.before is None and not custom and asked is None):
        item["DocNumber"] = _next_number(made)
    number = item.get("DocNumber")
    if number is None or (made.before is not None and number == made.before.get("DocNumber")):
        return
    if _is_checked(made, custom) and ALLOW_DUPLICATE not in made.include:
        _check_free(made, number)
    made.company.kept.set_setting(_sequence(made), number)


def _is_checked(made: Write, custom: bool) -> bool:
    """Journal entries have a preference of their own for it (entity reference, JournalEntry.DocNumber)."""
    if made.entity in _SALES:
        return custom or made.company.switches.check_numbers_when_automatic
    return made.company.other_preference(WARN_DUPLICATE_JOURNAL_NUMBER)


def _check_free(made: Write, number: str) -> None:
    entities = _SALES if made.entity in _SALES and made.company.switches.numbers_across_types else (made.entity,)
    for entity in entities:
        found = made.company.find_numbered(entity, number)
        if found is not None and (entity, found["Id"]) != (made.entity, made.item.get("Id")):
            raise refusals.duplicate_number(number, entity, found["Id"])


def _next_number(made: Write) -> str:
    """Continue the latest number with its prefix: App_1000, App_1001."""
    last = str(made.company.kept.setting(_sequence(made), "1000" if made.entity in _SALES else "0"))
    match = re.fullmatch(r"(.*?)(\d+)", last)
    if match is None:
        return "1001" if made.entity in _SALES else "1"
    prefix, digits = match.groups()
    return f"{prefix}{int(digits) + 1:0{len(digits)}d}"


def _sequence(made: Write) -> str:
    """Sales documents count on from each other, journal entries by themselves."""
    return _LAST if made.entity in _SALES else f"{_LAST} {made.entity}"
