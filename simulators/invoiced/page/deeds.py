"""What is done to an object with one button: issue, send, write off, void and so on, as the API does it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulators.invoiced.account import Account, Kind
from simulators.invoiced.api.routes import RESOURCES
from simulators.invoiced.documents import credit_notes, emails, invoices
from simulators.invoiced.money import credits, payments
from simulators.invoiced.money.gateway import settle_charge
from simulators.store import Object

_RESOURCES = {resource.kind: resource for resource in RESOURCES}


def create(account: Account, kind: Kind, body: Mapping[str, Any]) -> Object:
    """Return the new object, as a POST of the API would make it."""
    make = _RESOURCES[kind].create
    assert make is not None
    return make(account, body)


def change(account: Account, kind: Kind, id: int, body: Mapping[str, Any]) -> Object:
    edit = _RESOURCES[kind].change
    assert edit is not None
    return edit(account, id, body)


@dataclass(frozen=True)
class Deed:
    """`name` is its address below the object's own; `is_final` for what cannot be taken back."""

    name: str
    label: str
    do: Callable[[Account, int], object]
    is_final: bool = False


def _changing(kind: Kind, name: str, label: str, **body: Any) -> Deed:
    return Deed(name, label, lambda account, id: change(account, kind, id, body))


def _deleting(kind: Kind) -> Deed:
    remove = _RESOURCES[kind].delete
    assert remove is not None
    return Deed("delete", "Delete", remove, is_final=True)


DEEDS: dict[Kind, tuple[Deed, ...]] = {
    "customer": (_deleting("customer"),),
    "invoice": (
        _changing("invoice", "issue", "Issue", draft=False),
        Deed("send", "Send", lambda account, id: emails.send(account, "invoice", id, {})),
        Deed("view", "View as customer", invoices.view),
        Deed("write_off", "Write off", credits.write_off),
        _changing("invoice", "close", "Close as bad debt", closed=True),
        _changing("invoice", "reopen", "Reopen", closed=False),
        Deed("void", "Void", invoices.void, is_final=True),
        _deleting("invoice"),
    ),
    "credit_note": (
        _changing("credit_note", "issue", "Issue", draft=False),
        _changing("credit_note", "close", "Close", closed=True),
        _changing("credit_note", "reopen", "Reopen", closed=False),
        Deed("void", "Void", credit_notes.void, is_final=True),
        _deleting("credit_note"),
    ),
    "payment": (
        Deed("succeed", "Let the charge succeed", lambda account, id: settle_charge(account, id, "succeeded", None)),
        Deed("fail", "Let the charge fail", lambda account, id: settle_charge(account, id, "failed", "Declined")),
        Deed("void", "Void", payments.void, is_final=True),
    ),
}


def offered_deeds(kind: Kind, one: Object) -> list[Deed]:
    """Return what makes sense for an object as it stands; what the API refuses all the same, it says itself."""
    return [deed for deed in DEEDS[kind] if _fits(kind, deed.name, one)]


def _fits(kind: Kind, name: str, one: Object) -> bool:
    if kind == "payment":
        is_pending = one["charge"] is not None and one["charge"]["status"] == "pending"
        return not one["voided"] and (name == "void" or is_pending)
    if kind == "customer" or name == "delete":
        return True
    if one["status"] == "voided":
        return False
    if one["draft"]:
        return name in ("issue", "void")
    fits = {
        "issue": False,
        "close": not one["closed"],
        "write_off": not one["closed"],
        "reopen": bool(one["closed"] and one["balance"] > 0),
    }
    return fits.get(name, True)


def is_open_for_payment(document: Object) -> bool:
    """Return whether a payment can be applied to an invoice, or a credit note can pay one."""
    return bool(document["balance"] > 0 and not document["draft"] and not document["closed"])


def credit(account: Account, credit_note: int, invoice: int, amount: str) -> Object:
    """Apply a credit note to an invoice: a payment with one split that moves no cash."""
    split = {"type": "credit_note", "credit_note": credit_note, "invoice": invoice, "amount": amount}
    customer = account.get("credit_note", credit_note)["customer"]
    return payments.create(account, {"customer": customer, "applied_to": [split]})
