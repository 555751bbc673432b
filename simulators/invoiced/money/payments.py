"""Payments and how they are split over documents and credit balances.

A stored payment repeats its splits under `_splits`, so that a change of nothing else is a change of the payment
and tells so; what counts are the applications.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from simulators.invoiced import fields
from simulators.invoiced.account import Account, credit_of, plain, total_of
from simulators.invoiced.documents.settlement import CREDIT_SPLITS, keep_voided, refresh_documents, set_payment_balance
from simulators.invoiced.errors import ApiError, bad_parameter
from simulators.invoiced.money.charges import CHARGE_STATES, new_charge
from simulators.invoiced.people.customers import HOST
from simulators.store import Object

METHODS = ("ach", "cash", "check", "credit_card", "eft", "direct_debit", "other", "paypal", "wire_transfer")
SPLIT_TYPES = ("invoice", "estimate", "credit_note", "convenience_fee", "credit", "applied_credit")


def _charge(name: str, value: Any) -> Object:
    """Return the charge behind a payment; the real one comes from a gateway, this one from the request."""
    if not isinstance(value, dict) or value.get("status") not in CHARGE_STATES:
        raise bad_parameter(name, f"{name} must have a status: {', '.join(CHARGE_STATES)}")
    return value


_READERS: dict[str, fields.Reader] = {
    "customer": fields.reference,
    "date": fields.timestamp,
    "currency": fields.currency,
    "amount": fields.number,
    "method": fields.one_of(*METHODS),
    "ach_sender_id": fields.text,
    "reference": fields.text,
    "source": fields.text,
    "notes": fields.text,
    "charge": _charge,
    "applied_to": fields.objects,
    "metadata": fields.metadata,
}
_SPLIT_READERS: dict[str, fields.Reader] = {
    "type": fields.one_of(*SPLIT_TYPES),
    "amount": fields.number,
    "invoice": fields.reference,
    "estimate": fields.reference,
    "credit_note": fields.reference,
    "document_type": fields.one_of("invoice", "estimate"),
}


def create(account: Account, body: Mapping[str, Any]) -> Object:
    """Return the new payment, applied as `applied_to` says."""
    values = {name: one for name, one in fields.read(_READERS, body).items() if one is not None}
    payment, splits = prepare(account, values)
    if "charge" in values:
        payment["charge"] = new_charge(account, payment, values["charge"])
    return keep_new(account, payment, splits)


def prepare(account: Account, values: Mapping[str, Any]) -> tuple[Object, list[Object]]:
    """Return the payment that these values make, without a charge, and its splits; nothing is kept yet.

    Raises:
        ApiError: 400, a value is missing or wrong, or the payment cannot be split so.
    """
    splits = _read_splits(values.get("applied_to", []))
    customer = values.get("customer")
    if customer is not None and account.find("customer", customer) is None:
        raise bad_parameter("customer", f"Customer was not found: {customer}")
    if "amount" not in values and splits:
        amount = sum((one["amount"] for one in splits), Decimal(0))
    else:
        amount = fields.required(values, "amount")
    if amount < 0:
        raise bad_parameter("amount", "amount cannot be negative")
    id = account.company.next_number("payment", 50_001)
    currency = values.get("currency") or _currency_of(account, customer, splits)
    payment: Object = {
        "id": id,
        "object": "payment",
        "customer": customer,
        "date": values.get("date", account.now()),
        "currency": currency,
        "amount": plain(account.rounding(currency).round(amount)),
        "balance": 0,
        "matched": None,
        "voided": False,
        "method": values.get("method", "other"),
        "ach_sender_id": values.get("ach_sender_id"),
        "reference": values.get("reference"),
        "source": values.get("source", "keyed"),
        "notes": values.get("notes"),
        "charge": None,
        "pdf_url": f"{HOST}/payments/{account.company.id}/{id}/pdf",
        "metadata": values.get("metadata", {}),
    }
    _check_splits(account, payment, splits)
    return payment, splits


def keep_new(account: Account, payment: Object, splits: list[Object]) -> Object:
    """Keep a prepared payment, apply it and tell of it, and of its charge if that failed."""
    applied = _apply(account, payment, splits)
    set_payment_balance(account, payment)
    payment["_splits"] = account.applied_to(payment["id"])
    account.add("payment", payment)
    if payment["charge"] is not None and payment["charge"]["status"] == "failed":
        account.tell("charge", "failed", payment["charge"])
    refresh_documents(account, applied)
    return payment


def change(account: Account, id: int, body: Mapping[str, Any]) -> Object:
    """Change what is given; `applied_to` replaces all splits."""
    before, after = account.get("payment", id), account.get("payment", id)
    values = fields.read(_READERS, body)
    if before["voided"]:
        raise ApiError(400, "A voided payment cannot be edited")
    for name in ("date", "amount", "method", "currency"):
        if name in values:
            fields.required(values, name)
    plainly = ("date", "method", "ach_sender_id", "reference", "source", "notes", "metadata")
    after |= {name: values[name] for name in plainly if name in values}
    after["metadata"] = after["metadata"] or {}
    if "customer" in values:
        after["customer"] = values["customer"]
        if after["customer"] is not None and account.find("customer", after["customer"]) is None:
            raise bad_parameter("customer", f"Customer was not found: {after['customer']}")
        if after["charge"] is not None:
            after["charge"] = after["charge"] | {"customer": after["customer"]}
    if "currency" in values:
        after["currency"] = values["currency"]
        is_kept = "applied_to" not in values and account.applications("payment", id)
        if after["currency"] != before["currency"] and (is_kept or before["charge"] is not None):
            raise bad_parameter("currency", "The currency of what is applied or was charged cannot be changed")
    if {"amount", "currency"} & values.keys():
        amount = Decimal(values["amount"] if "amount" in values else before["amount"])
        after["amount"] = plain(account.rounding(after["currency"]).round(amount))
    touched = account.applications("payment", id)
    if "applied_to" in values:
        splits = _read_splits(values["applied_to"] or [])
        _take_back(account, touched)
        _check_splits(account, after, splits)
        touched = touched + _apply(account, after, splits)
    elif "customer" in values:
        for one in touched:
            account.company.put("application", str(one["id"]), one | {"customer": after["customer"]})
    set_payment_balance(account, after)
    if after["balance"] < 0:
        raise bad_parameter("amount", "The amount is less than what is applied")
    after["_splits"] = account.applied_to(id)
    kept = account.change("payment", before, after)
    refresh_documents(account, touched)
    return kept


def void(account: Account, id: int) -> Object:
    """Void a payment (the vendor's DELETE); what it paid is open again."""
    before = account.get("payment", id)
    if before["voided"]:
        raise ApiError(400, "This payment is already voided")
    touched = account.applications("payment", id)
    _take_back(account, touched)
    after = keep_voided(account, before)
    refresh_documents(account, touched)
    return after


def _currency_of(account: Account, customer: int | None, splits: list[Object]) -> str:
    for split in splits:
        invoice = account.find("invoice", split.get("invoice"))
        if invoice is not None:
            return str(invoice["currency"])
    found = account.find("customer", customer)
    return str(found["currency"] or "usd") if found is not None else "usd"


def _read_splits(given: list[Any]) -> list[Object]:
    """Return the splits of a request, each with what its type needs.

    Raises:
        ApiError: 400 with param applied_to.
    """
    splits = []
    for one in given:
        if not isinstance(one, dict):
            raise bad_parameter("applied_to", "applied_to must be a list of objects")
        split = {name: value for name, value in fields.read(_SPLIT_READERS, one).items() if value is not None}
        if "type" not in split or "amount" not in split:
            raise bad_parameter("applied_to", "A split needs a type and an amount")
        if split["amount"] <= 0:
            raise bad_parameter("applied_to", "The amount of a split must be positive")
        if "estimate" in split or split["type"] == "estimate" or split.get("document_type") == "estimate":
            raise bad_parameter("applied_to", "This simulator has no estimates")
        takes_credit = split["type"] in CREDIT_SPLITS
        if takes_credit and "invoice" in split:
            split.setdefault("document_type", "invoice")
        needed = {"invoice"} if split["type"] == "invoice" or takes_credit else set()
        if split["type"] == "credit_note":
            needed.add("credit_note")
        missing = sorted(needed - split.keys())
        if missing:
            raise bad_parameter("applied_to", f"A split of type {split['type']} needs {' and '.join(missing)}")
        splits.append({name: split[name] for name in ("type", "amount", *sorted(needed))} | (
            {"document_type": split["document_type"]} if takes_credit else {}
        ))  # fmt: skip
    return splits


def _take_back(account: Account, applications: list[Object]) -> None:
    for one in applications:
        account.company.delete("application", str(one["id"]))


def _check_splits(account: Account, payment: Object, splits: list[Object]) -> None:
    """Check the splits of a payment that has no others.

    Raises:
        ApiError: 400, together they exceed the payment, or one exceeds what its document or the customer's
            credit balance still holds, or its document does not exist or takes no payment.
    """
    if sum((one["amount"] for one in splits), Decimal(0)) > payment["amount"]:
        raise bad_parameter("applied_to", "The splits exceed the amount of the payment")
    for position, split in enumerate(splits):
        earlier = splits[:position]
        if "invoice" in split:
            _check_document(account, "invoice", payment, split, earlier)
        if "credit_note" in split:
            _check_document(account, "credit_note", payment, split, earlier)
        if split["type"] in ("credit", "applied_credit"):
            _check_credit(account, payment, split, earlier)


def _apply(account: Account, payment: Object, splits: list[Object]) -> list[Object]:
    """Keep the splits of a payment, checked before, and return them."""
    charge = payment["charge"]
    state = CHARGE_STATES[charge["status"]] if charge is not None else "applied"
    applied = []
    for split in splits:
        id = account.company.next_number("application")
        one = {"id": id, "payment": payment["id"], "customer": payment["customer"], "state": state, **split}
        one["amount"] = plain(account.rounding(payment["currency"]).round(split["amount"]))
        account.company.put("application", str(id), one)
        applied.append(one)
    return applied


def _check_document(account: Account, kind: Any, payment: Object, split: Object, earlier: list[Object]) -> None:
    document = account.find(kind, split[kind])
    words = kind.replace("_", " ")
    if document is None:
        raise bad_parameter("applied_to", f"{words.capitalize()} was not found: {split[kind]}")
    if document["draft"] or document["status"] == "voided":
        raise bad_parameter("applied_to", f"The {words} {document['number']} is {document['status']}")
    if document["closed"] and not document["paid"]:
        raise bad_parameter("applied_to", f"The {words} {document['number']} is closed")
    if document["currency"] != payment["currency"]:
        raise bad_parameter("applied_to", f"The {words} {document['number']} is in {document['currency']}")
    left = Decimal(document["total"]) - total_of(account.applications(kind, document["id"]))
    left -= sum((one["amount"] for one in earlier if one.get(kind) == split[kind]), Decimal(0))
    if split["amount"] > left:
        raise bad_parameter("applied_to", f"The {words} {document['number']} has only {plain(left)} left to apply")


def credit_balance(account: Account, customer: int, currency: str) -> Decimal:
    """Return what a customer has of credit in a currency."""
    return credit_of(
        one
        for one in account.applications("credit_of", customer)
        if one["state"] == "applied" and account.get("payment", one["payment"])["currency"] == currency
    )


def _check_credit(account: Account, payment: Object, split: Object, earlier: list[Object]) -> None:
    if payment["customer"] is None:
        raise bad_parameter("applied_to", "A split over a credit balance needs a customer")
    held = credit_balance(account, payment["customer"], payment["currency"]) + credit_of(earlier)
    if split["type"] == "applied_credit" and split["amount"] > held:
        raise bad_parameter("applied_to", f"The credit balance holds only {plain(held)}")
