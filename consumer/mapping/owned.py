"""The fields of a QBO object that are ours, so that two versions can be held against each other. Pure.

What a bookkeeper adds beside them (memo, class, terms, whether a document was printed or mailed) is not ours,
and what QBO works out by itself (ids of lines, subtotal line, balance, tax code of automated sales tax) is
nobody's.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from consumer.mapping.address import same_address
from consumer.mapping.names import without_deleted
from consumer.mapping.quickbooks_customer import standing_of_customer
from shared.money import as_decimal, to_cents

_ADDRESS = "BillAddr"


def owned_fields(entity: str, qbo_object: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is ours of a QBO object, by QBO's field names: references as ids, amounts as Decimals.

    `entity` is Invoice, CreditMemo, Payment, Customer or Item. The values are of JSON, and can be stored.
    """
    return _PROJECTIONS[entity](qbo_object)


def differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return what a person changed: field → (ours, theirs), from `owned_fields` of two readings in QBO."""
    changed = {}
    for field in {**ours, **theirs}:
        one, other = ours.get(field), theirs.get(field)
        same = same_address(one or {}, other or {}) if field == _ADDRESS else one == other
        if not same:
            changed[field] = (one, other)
    return changed


def _sales_document(qbo: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "CustomerRef": _ref(qbo.get("CustomerRef")),
        "DocNumber": _text(qbo.get("DocNumber")),
        "TxnDate": _text(qbo.get("TxnDate")),
        "Line": [_line(line) for line in _objects(qbo.get("Line")) if _is_ours(line)],
        "TotalTax": _amount(_object(qbo.get("TxnTaxDetail")).get("TotalTax")),
    }


def _invoice(qbo: Mapping[str, Any]) -> dict[str, Any]:
    return _sales_document(qbo) | {
        "DueDate": _text(qbo.get("DueDate")),
        "AllowOnlineACHPayment": qbo.get("AllowOnlineACHPayment") is True,
        "AllowOnlineCreditCardPayment": qbo.get("AllowOnlineCreditCardPayment") is True,
    }


def _payment(qbo: Mapping[str, Any]) -> dict[str, Any]:
    lines = [
        {
            "Amount": _amount(line.get("Amount")),
            "TxnType": _text(linked.get("TxnType")),
            "TxnId": _text(linked.get("TxnId")),
        }
        for line in _objects(qbo.get("Line"))
        for linked in _objects(line.get("LinkedTxn"))
    ]
    return {
        "CustomerRef": _ref(qbo.get("CustomerRef")),
        "TotalAmt": _amount(qbo.get("TotalAmt")),
        "TxnDate": _text(qbo.get("TxnDate")),
        "PaymentRefNum": _text(qbo.get("PaymentRefNum")),
        "PaymentMethodRef": _ref(qbo.get("PaymentMethodRef")),
        "DepositToAccountRef": _ref(qbo.get("DepositToAccountRef")),
        "Line": sorted(lines, key=lambda line: (line["TxnType"], line["TxnId"], line["Amount"])),
    }


def _customer(qbo: Mapping[str, Any]) -> dict[str, Any]:
    standing = standing_of_customer(qbo)
    return standing | {"DisplayName": without_deleted(standing["DisplayName"])}


def _item(qbo: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Name": _text(qbo.get("Name")),
        "Type": _text(qbo.get("Type")),
        "Active": qbo.get("Active") is not False,
        "IncomeAccountRef": _ref(qbo.get("IncomeAccountRef")),
    }


_PROJECTIONS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "Invoice": _invoice,
    "CreditMemo": _sales_document,
    "Payment": _payment,
    "Customer": _customer,
    "Item": _item,
}


def _is_ours(line: Mapping[str, Any]) -> bool:
    return line.get("DetailType") != "SubTotalLineDetail"


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    kind = _text(line.get("DetailType"))
    told: dict[str, Any] = {
        "DetailType": kind,
        "Amount": _amount(line.get("Amount")),
        "Description": _text(line.get("Description")),
    }
    detail = _object(line.get(kind))
    if kind == "SalesItemLineDetail":
        told["ItemRef"] = _ref(detail.get("ItemRef"))
        told["TaxCodeRef"] = _ref(detail.get("TaxCodeRef"))
        told["Qty"] = _number(detail.get("Qty"))
        told["UnitPrice"] = _number(detail.get("UnitPrice"))
    elif kind == "DiscountLineDetail":
        told["PercentBased"] = detail.get("PercentBased") is True
        told["DiscountAccountRef"] = _ref(detail.get("DiscountAccountRef"))
    return told


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []


def _ref(value: object) -> str | None:
    identifier = _object(value).get("value")
    return identifier if isinstance(identifier, str) and identifier else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _amount(value: object) -> Decimal:
    return to_cents(_number(value) or Decimal(0))


def _number(value: object) -> Decimal | None:
    return None if value is None or value == "" else as_decimal(value)
