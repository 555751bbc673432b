"""Money that a gateway gives back."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from simulators.invoiced import fields
from simulators.invoiced.account import Account, plain
from simulators.invoiced.errors import ApiError, bad_parameter
from simulators.invoiced.money.charges import find_payment, get_charge
from simulators.store import Object


def refund(account: Account, charge_id: int, body: Mapping[str, Any]) -> Object:
    """Refund a charge, in part or in whole, and return the refund.

    The charge of the payment shows it, and the payment tells so. What the payment paid stays paid: what
    Invoiced does with the invoices is not documented.

    Raises:
        ApiError: 404, no such charge; 400, it has not succeeded, or less of it is left than the amount.
    """
    charge, before = get_charge(account, charge_id), find_payment(account, charge_id)
    if charge["status"] != "succeeded" or before is None or before["voided"]:
        raise ApiError(400, "Only a charge that succeeded can be refunded")
    given = fields.required(fields.read({"amount": fields.number}, body), "amount")
    amount = account.rounding(charge["currency"]).round(given)
    left = Decimal(charge["amount"]) - charge["amount_refunded"]
    if not 0 < amount <= left:
        raise bad_parameter("amount", f"amount must be above 0 and at most {plain(left)}")
    id, now = account.company.next_number("refund", 2001), account.now()
    made: Object = {
        "id": id,
        "object": "refund",
        "charge": charge_id,
        "currency": charge["currency"],
        "amount": plain(amount),
        "gateway": charge["gateway"],
        "gateway_id": f"re_{id}",
        "status": "succeeded",
        "failure_message": None,
        "created_at": now,
        "updated_at": now,
    }
    refunded = {
        "amount_refunded": plain(charge["amount_refunded"] + amount),
        "refunded": amount == left,
        "refunds": [*charge["refunds"], made],
        "updated_at": now,
    }
    account.change("payment", before, before | {"charge": charge | refunded})
    return made
