"""Charges: what a gateway says of money that it moved, or failed to move.

A charge that made a payment is a part of that payment and is kept nowhere else, so that both say the same; one
that failed made none, and is kept by itself.
"""

from collections.abc import Mapping
from typing import Any

from simulators.invoiced.account import Account
from simulators.invoiced.errors import not_found
from simulators.store import Object

CHARGE_STATES = {"succeeded": "applied", "pending": "pending", "failed": "failed"}
"""What each status of a charge makes of the splits of its payment."""


def new_charge(account: Account, payment: Object, told: Mapping[str, Any]) -> Object:
    """Return the charge behind a payment; `told` is what the gateway says: a `status`, and what it wants.

    Who, how much and what was refunded is not the gateway's to say.
    """
    id, now = account.company.next_number("charge", 1001), account.now()
    open_to_gateway: Object = {
        "status": "succeeded",
        "gateway": "test",
        "gateway_id": f"ch_{id}",
        "payment_source": None,
        "disputed": False,
        "failure_message": None,
        "receipt_email": None,
    }
    return {
        "id": id,
        "object": "charge",
        **{name: payment[name] for name in ("customer", "currency", "amount")},
        "amount_refunded": 0,
        "refunded": False,
        "refunds": [],
        "created_at": now,
        "updated_at": now,
        **open_to_gateway,
        **{name: told[name] for name in open_to_gateway if name in told},
    }


def find_payment(account: Account, charge_id: int) -> Object | None:
    """Return the payment that a charge made."""
    found = account.company.find("payment", "charge", charge_id)
    return found[0] if found else None


def get_charge(account: Account, id: int) -> Object:
    """Return one charge.

    Raises:
        ApiError: 404.
    """
    payment = find_payment(account, id)
    charge = account.find("charge", id) if payment is None else payment["charge"]
    if charge is None:
        raise not_found("charge", id)
    return dict(charge)


def all_charges(account: Account) -> list[Object]:
    """Return every charge, oldest first."""
    company = account.company
    with company.hold():
        paid = [one for _, ids in company.ids_between("payment", "charge") for one in company.read("payment", ids)]
        return sorted([*(one["charge"] for one in paid), *company.all("charge")], key=lambda one: int(one["id"]))
