"""Names what a refused document refers to, where QuickBooks only says that something of it is inactive or gone."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy.orm import Session

from shared.db import links
from shared.errors import RejectedError

# 610 and 2500: some reference; 6250: the customer.
_LOST = frozenset({"610", "2500", "6250"})
_ENTITY_OF = {
    "CustomerRef": "Customer",
    "ItemRef": "Item",
    "IncomeAccountRef": "Account",
    "DiscountAccountRef": "Account",
    "DepositToAccountRef": "Account",
    "TxnTaxCodeRef": "TaxCode",
    "PaymentMethodRef": "PaymentMethod",
}


def is_about_a_reference(error: RejectedError) -> bool:
    """Tell whether QuickBooks refused because of something that the document refers to."""
    return error.code in _LOST and "deleted this transaction" not in (error.detail or "")


def named(session: Session, connection_id: str, body: dict[str, Any], error: RejectedError) -> RejectedError:
    """Return the refusal with the names of what is known to be inactive, else of all that it may be about.

    Nothing is read for it: names and states are those of QuickBooks' last answers.
    """
    known = []
    # QuickBooks may say in brackets which field it is about, alone or by its path.
    said = error.detail or ""
    about = {entity for field, entity in _ENTITY_OF.items() if f"({field})" in said or f".{field})" in said}
    for entity, qbo_id in sorted(set(_references(body))):
        if about and entity not in about:
            continue
        link = links.find_by_qbo_id(session, connection_id, entity, qbo_id)
        standing = link.standing if link is not None else {}
        name = standing.get("DisplayName") or standing.get("Name") or f"with the id {qbo_id}"
        known.append((f"{_word(entity)} {name}", standing.get("Active") is False))
    known.sort()
    inactive = [name for name, is_inactive in known if is_inactive] or [name for name, _ in known]
    if not inactive:
        return error
    which = "It is" if len(inactive) == 1 else "It is one of"
    return RejectedError(
        f"{error.cause} {which}: {', '.join(inactive)}.",
        remedy=error.remedy,
        code=error.code,
        detail=error.detail,
        topic=error.topic,
    )


def _references(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for entry in value:
            yield from _references(entry)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name in _ENTITY_OF and isinstance(inner, dict) and isinstance(inner.get("value"), str):
                yield _ENTITY_OF[name], inner["value"]
            else:
                yield from _references(inner)


def _word(entity: str) -> str:
    return {"TaxCode": "tax code", "PaymentMethod": "payment method"}.get(entity, entity.lower())
