"""Invoiced's own part of `/_simulator/`: credentials, webhooks, and what no API call could bring about."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, request

from simulators.control import ControlError, json_answer, posted_object
from simulators.fault_hooks import CONTROL
from simulators.invoiced.account import Account, Kind
from simulators.invoiced.documents.invoices import view
from simulators.invoiced.money.charges import CHARGE_STATES
from simulators.invoiced.money.credits import write_off
from simulators.invoiced.money.gateway import settle_charge
from simulators.invoiced.people.merging import merge
from simulators.store import Object
from simulators.webhook_sender import WebhookSender

# Customers first: the others refer to them.
_REPLAYED: tuple[Kind, ...] = ("customer", "invoice", "credit_note", "payment")
_OPEN_TO_OVERRIDE = frozenset(
    {"customer", "payment_source", "invoice", "payment", "credit_note", "item", "tax_rate", "coupon"}
)
_TIMES = frozenset({"created_at", "updated_at", "date", "due_date"})


def control_routes(keys: dict[str, str], account_of: Callable[[str], Account], sender: WebhookSender) -> Blueprint:
    """`keys` gives the company of each API key, the default one first; `account_of` opens a company.

    Every route takes the account's key as `api_key` (query or body); without it the first account is meant.
    """
    routes = Blueprint("invoiced_control", __name__, url_prefix=CONTROL)

    def chosen(body: Object | None = None) -> Account:
        key = request.args.get("api_key") or (body or {}).get("api_key") or next(iter(keys))
        if key not in keys:
            raise ControlError(f"there is no account with the key {key}")
        return account_of(keys[key])

    @routes.get("/credentials")
    def credentials() -> Response:
        found: Object = {"api_key": next(iter(keys))}
        if len(keys) > 1:
            found["companies"] = [{"api_key": key} for key in keys]
        return json_answer(found)

    @routes.post("/webhooks")
    def register_webhook() -> Response:
        body = posted_object("url", "secret")
        if not isinstance(body.get("replay", False), bool):
            raise ControlError("replay is true or false")
        account = chosen(body)
        with account.company.transaction():
            send_webhooks(account, body["url"], body["secret"])
            count = replay(account) if body.get("replay") else 0
        return json_answer({"url": body["url"], "replayed": count}, 201)

    @routes.patch("/objects/<kind>/<id>")
    def override(kind: str, id: str) -> Response:
        return _override(chosen(), kind, id)

    @routes.post("/invoices/<id>/raw")
    def override_invoice(id: str) -> Response:
        return _override(chosen(), "invoice", id)

    @routes.post("/invoices/<int:id>/write_off")
    def write_off_invoice(id: int) -> Response:
        account = chosen(posted_object())
        with account.company.transaction():
            return json_answer(account.shown(write_off(account, id)))

    @routes.post("/invoices/<int:id>/view")
    def view_invoice(id: int) -> Response:
        account = chosen(posted_object())
        with account.company.transaction():
            return json_answer(account.shown(view(account, id)))

    @routes.post("/payments/<int:id>/charge")
    def end_charge(id: int) -> Response:
        body = posted_object("status")
        if body["status"] not in CHARGE_STATES:
            raise ControlError(f"status is one of {', '.join(CHARGE_STATES)}")
        account = chosen(body)
        with account.company.transaction():
            payment = settle_charge(account, id, body["status"], body.get("failure_message"))
        return json_answer(account.shown(payment))

    @routes.post("/customers/<int:survivor>/merge")
    def merge_customers(survivor: int) -> Response:
        body = posted_object()
        if type(body.get("gone")) is not int:
            raise ControlError("gone is the id of a customer")
        account = chosen(body)
        with account.company.transaction():
            return json_answer(account.shown(merge(account, survivor, body["gone"])))

    return routes


def send_webhooks(account: Account, url: str, secret: str) -> None:
    """Send the account's events to `url` from now on, signed with `secret`.

    Raises:
        ControlError: it is no address, or there is no secret.
    """
    address = urlsplit(url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise ControlError("url is not an http address")
    if not secret:
        raise ControlError("secret is missing")
    account.sender.register(url, secret, account.company.id)


def replay(account: Account) -> int:
    """Send a `created` event of everything that stands, in the order in which it came about."""
    standing = [
        (one["created_at"], _REPLAYED.index(kind), one["id"], kind, one)
        for kind in _REPLAYED
        for one in account.company.all(kind)
    ]
    for *_, kind, one in sorted(standing, key=lambda entry: entry[:3]):
        account.tell_of_standing(kind, one)
    return len(standing)


def _override(account: Account, kind: Any, id: str) -> Response:
    """Merge raw fields into a stored object without reckoning anything anew, and tell of it."""
    body = posted_object()
    if kind not in _OPEN_TO_OVERRIDE:
        raise ControlError(f"an object is one of {', '.join(sorted(_OPEN_TO_OVERRIDE))}")
    for name in _TIMES & body.keys():
        if body[name] is not None and type(body[name]) is not int:
            raise ControlError(f"{name} is a whole number of Unix seconds")
    for name in ("id", "number", "status", "customer", "object"):
        if isinstance(body.get(name), (dict, list)) or (name in ("id", "object") and name in body):
            raise ControlError(f"{name} cannot be set so")
    with account.company.transaction():
        before = account.get(kind, id)
        after = {**before, **body, "updated_at": body.get("updated_at", account.now())}
        account.company.put(kind, id, after)
        previous = {name: before.get(name) for name in sorted(body) if before.get(name) != after[name]}
        account.tell(kind, "updated", after, {**previous, "updated_at": before["updated_at"]})
    return json_answer(account.shown(after))
