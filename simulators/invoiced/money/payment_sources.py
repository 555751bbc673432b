"""Cards and bank accounts that a gateway keeps of a customer.

Source: Invoiced API reference, Payment Sources. No gateway is behind it, so the token decides what the source is
like: one that begins with `fail` stands for a card or account that declines, one that begins with `pending` for one
whose charges take days, any other for one that pays at once.
"""

from collections.abc import Mapping
from typing import Any

from simulators.invoiced import fields
from simulators.invoiced.account import Account
from simulators.invoiced.errors import ApiError, not_found
from simulators.store import Object

SOURCE_OF_METHOD = {"credit_card": "card", "ach": "bank_account"}
TOKENS = ("invoiced_token", "gateway_token")

_READERS: dict[str, fields.Reader] = {
    "method": fields.one_of(*SOURCE_OF_METHOD),
    "make_default": fields.flag,
    **dict.fromkeys(TOKENS, fields.text),
}


def create(account: Account, customer_id: int, body: Mapping[str, Any]) -> Object:
    """Keep a card or bank account of a customer and return it.

    Raises:
        ApiError: 404, no such customer; 400, a parameter is missing or wrong, or the gateway takes no such source.
    """
    customer = account.get("customer", customer_id)
    values = {name: one for name, one in fields.read(_READERS, body).items() if one is not None}
    kind = SOURCE_OF_METHOD[fields.required(values, "method")]
    tokens = [values[name] for name in TOKENS if name in values]
    if len(tokens) != 1:
        raise ApiError(400, f"Give exactly one of {', '.join(TOKENS)}")
    source = new_source(account, customer, kind, tokens[0])
    if not source["chargeable"]:
        raise ApiError(400, source["failure_reason"])
    vault(account, customer, source, is_default=bool(values.get("make_default")))
    return source


def delete(account: Account, customer_id: int, kind: str, id: int) -> None:
    """Forget a `card` or `bank_account`; a customer whose default it was has none then.

    Raises:
        ApiError: 404, the customer has none of that kind and id.
    """
    customer = account.get("customer", customer_id)
    source = find(account, customer_id, kind, id)
    if source is None:
        raise not_found(kind, id)
    account.remove("payment_source", source)
    if customer["payment_source"] is not None and customer["payment_source"]["id"] == id:
        account.change("customer", customer, customer | {"payment_source": None})


def find(account: Account, customer_id: int, kind: str, id: int) -> Object | None:
    """Return the `card` or `bank_account` of that id, if it is that customer's."""
    source = account.find("payment_source", id)
    return source if source is not None and (source["_customer"], source["object"]) == (customer_id, kind) else None


def new_source(account: Account, customer: Object, kind: str, token: str) -> Object:
    declines, now = token.startswith("fail"), account.now()
    if kind == "card":
        own: Object = {
            "brand": "Visa",
            "last4": "4242",
            "exp_month": 12,
            "exp_year": account.clock.now().year + 2,
            "funding": "credit",
        }
    else:
        own = {
            "bank_name": "Simulated Bank",
            "last4": "7890",
            "routing_number": "110000000",
            "verified": True,
            "currency": customer["currency"] or "usd",
        }
    return {
        "id": account.company.next_number("payment_source", 3001),
        "object": kind,
        **own,
        "chargeable": not declines,
        "failure_reason": "The payment was declined" if declines else None,
        "gateway": None,
        "gateway_id": None,
        "gateway_customer": None,
        "merchant_account": None,
        "receipt_email": None,
        "created_at": now,
        "updated_at": now,
        "_customer": customer["id"],
        "_takes_days": token.startswith("pending"),
    }


def vault(account: Account, customer: Object, source: Object, is_default: bool) -> None:
    if account.find("payment_source", source["id"]) is None:
        account.add("payment_source", source)
    if is_default:
        account.change("customer", customer, customer | {"payment_source": account.shown(source)})
