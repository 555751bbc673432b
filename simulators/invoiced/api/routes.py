"""The vendor's endpoints."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Blueprint, Response, g, request

from simulators.control import json_answer
from simulators.invoiced import fields
from simulators.invoiced.account import Account, Kind
from simulators.invoiced.api import webhook_attempts
from simulators.invoiced.api.bodies import read_body
from simulators.invoiced.api.idempotency import once
from simulators.invoiced.api.lists import Page, list_page, show
from simulators.invoiced.documents import catalog, credit_notes, emails, invoices
from simulators.invoiced.errors import ApiError
from simulators.invoiced.money import charges, credits, gateway, payment_sources, payments, refunds
from simulators.invoiced.people import contacts, customers
from simulators.store import Object

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Resource:
    """One kind of object under its path; what is None the vendor does not offer."""

    kind: Kind
    plural: str
    create: Callable[[Account, Body], Object] | None = None
    change: Callable[[Account, Any, Body], Object] | None = None
    delete: Callable[[Account, Any], None] | None = None
    id_converter: str = "int"


def _catalog(kind: catalog.CatalogKind, plural: str) -> Resource:
    def create(account: Account, body: Body) -> Object:
        return catalog.create(account, kind, body)

    def change(account: Account, id: str, body: Body) -> Object:
        return catalog.change(account, kind, id, body)

    def delete(account: Account, id: str) -> None:
        catalog.delete(account, kind, id)

    return Resource(kind, plural, create, change, delete, "string")


RESOURCES = (
    Resource("customer", "customers", customers.create, customers.change, customers.delete),
    Resource("invoice", "invoices", credits.create_invoice, credits.change_invoice, invoices.delete),
    Resource("payment", "payments", payments.create, payments.change),
    Resource(
        "credit_note", "credit_notes", credits.create_credit_note, credits.change_credit_note, credit_notes.delete
    ),
    _catalog("item", "items"),
    _catalog("tax_rate", "tax_rates"),
    _catalog("coupon", "coupons"),
    Resource("event", "events"),
    Resource("webhook_attempt", "webhook_attempts"),
)
MAILED: tuple[emails.MailedKind, ...] = ("customer", "invoice", "credit_note", "payment")


def vendor_routes() -> Blueprint:
    """Return the blueprint of all endpoints; `g.account` is the account of the caller."""
    routes = Blueprint("invoiced", __name__)

    def post(path: str, name: str, view: Callable[..., Response]) -> None:
        routes.add_url_rule(path, name, once(view), methods=["POST"])

    for resource in RESOURCES:
        one = f"/{resource.plural}/<{resource.id_converter}:id>"
        add = partial(_add, routes, resource)
        add("GET", f"/{resource.plural}", _list)
        add("GET", one, _read)
        if resource.create is not None:
            add("POST", f"/{resource.plural}", _create)
        if resource.change is not None:
            add("PATCH", one, _change)
        if resource.delete is not None:
            add("DELETE", one, _delete)
    routes.add_url_rule("/payments/<int:id>", "void_payment", _void_payment, methods=["DELETE"])
    post("/invoices/<int:id>/void", "void_invoice", _void_invoice)
    post("/credit_notes/<int:id>/void", "void_credit_note", _void_credit_note)
    for kind in MAILED:
        view = partial(_send, kind)
        post(f"/{kind}s/<int:id>/emails", f"send_{kind}", view)
    post("/invoices/<int:id>/pay", "pay_invoice", _pay_invoice)
    routes.add_url_rule("/customers/<int:id>/balance", "balance", _balance)
    post("/charges", "create_charge", _charge)
    routes.add_url_rule("/charges", "list_charge", _list_charges)
    routes.add_url_rule("/charges/<int:id>", "read_charge", _read_charge)
    post("/charges/<int:id>/refunds", "refund", _refund)
    again = "/webhook_attempts/<int:id>/retries"
    post(again, "send_webhook_again", _send_webhook_again)
    of_customer = "/customers/<int:customer>/contacts"
    routes.add_url_rule(of_customer, "list_contact", _list_contacts)
    post(of_customer, "create_contact", _create_contact)
    routes.add_url_rule(f"{of_customer}/<int:id>", "read_contact", _read_contact)
    routes.add_url_rule(f"{of_customer}/<int:id>", "change_contact", _change_contact, methods=["PATCH"])
    routes.add_url_rule(f"{of_customer}/<int:id>", "delete_contact", _delete_contact, methods=["DELETE"])
    sources = "/customers/<int:customer>/payment_sources"
    routes.add_url_rule(sources, "list_payment_source", _list_sources)
    post(sources, "create_payment_source", _create_source)
    for source in payment_sources.SOURCE_OF_METHOD.values():
        path = f"/customers/<int:customer>/{source}s/<int:id>"
        routes.add_url_rule(path, f"delete_{source}", partial(_delete_source, source), methods=["DELETE"])
    return routes


def _add(routes: Blueprint, resource: Resource, method: str, path: str, view: Callable[..., Response]) -> None:
    name = f"{view.__name__.strip('_')}_{resource.kind}"
    of_kind = partial(view, resource)
    routes.add_url_rule(path, name, once(of_kind) if method == "POST" else of_kind, methods=[method])


def _account() -> Account:
    account: Account = g.account
    return account


def _body() -> dict[str, Any]:
    return read_body(request.get_data(), request.content_type or "")


def _answer(kind: Kind, one: Object, status: int = 200) -> Response:
    return json_answer(show(_account(), kind, one, request.args), status)


def _list(resource: Resource) -> Response:
    return _page(list_page(_account(), resource.kind, request.args, request.base_url))


def _page(page: Page) -> Response:
    response = json_answer(page.objects)
    response.headers["Link"] = page.links
    response.headers["X-Total-Count"] = str(page.total)
    return response


def _read(resource: Resource, id: Any) -> Response:
    return _answer(resource.kind, _account().get(resource.kind, id))


def _create(resource: Resource) -> Response:
    assert resource.create is not None
    with _account().company.transaction():
        return _answer(resource.kind, resource.create(_account(), _body()), 201)


def _change(resource: Resource, id: Any) -> Response:
    assert resource.change is not None
    with _account().company.transaction():
        return _answer(resource.kind, resource.change(_account(), id, _body()))


def _delete(resource: Resource, id: Any) -> Response:
    assert resource.delete is not None
    with _account().company.transaction():
        resource.delete(_account(), id)
    return Response(status=204)


def _void_payment(id: int) -> Response:
    with _account().company.transaction():
        return _answer("payment", payments.void(_account(), id))


def _void_invoice(id: int) -> Response:
    with _account().company.transaction():
        return _answer("invoice", invoices.void(_account(), id))


def _void_credit_note(id: int) -> Response:
    with _account().company.transaction():
        return _answer("credit_note", credit_notes.void(_account(), id))


def _send(kind: emails.MailedKind, id: int) -> Response:
    with _account().company.transaction():
        return json_answer(emails.send(_account(), kind, id, _body()), 201)


def _balance(id: int) -> Response:
    given = request.args.get("currency")
    currency = fields.currency("currency", given) if given else None
    return json_answer(customers.balance(_account(), id, currency))


def _charge() -> Response:
    with _account().company.transaction():
        made = gateway.charge(_account(), _body())
    return _declined(made) if made["object"] == "charge" else _answer("payment", made, 201)


def _pay_invoice(id: int) -> Response:
    with _account().company.transaction():
        made = gateway.pay(_account(), id)
    return _declined(made) if made["object"] == "charge" else _answer("invoice", _account().get("invoice", id))


def _declined(charge: Object) -> Response:
    """Answer 400 for a charge that came to nothing; it is not raised, for that it failed is kept."""
    error = ApiError(400, charge["failure_message"])
    return json_answer(error.body(), error.status)


def _list_charges() -> Response:
    return _page(list_page(_account(), "charge", request.args, request.base_url))


def _read_charge(id: int) -> Response:
    return _answer("charge", charges.get_charge(_account(), id))


def _refund(id: int) -> Response:
    with _account().company.transaction():
        return json_answer(refunds.refund(_account(), id, _body()), 201)


def _send_webhook_again(id: int) -> Response:
    with _account().company.transaction():
        webhook_attempts.send_again(_account(), id)
    return Response(status=204)


def _list_contacts(customer: int) -> Response:
    _account().get("customer", customer)
    return _page(list_page(_account(), "contact", request.args, request.base_url, customer))


def _read_contact(customer: int, id: int) -> Response:
    return _answer("contact", contacts.get(_account(), customer, id))


def _create_contact(customer: int) -> Response:
    with _account().company.transaction():
        return _answer("contact", contacts.create(_account(), customer, _body()), 201)


def _change_contact(customer: int, id: int) -> Response:
    with _account().company.transaction():
        return _answer("contact", contacts.change(_account(), customer, id, _body()))


def _delete_contact(customer: int, id: int) -> Response:
    with _account().company.transaction():
        contacts.delete(_account(), customer, id)
    return Response(status=204)


def _list_sources(customer: int) -> Response:
    _account().get("customer", customer)
    return _page(list_page(_account(), "payment_source", request.args, request.base_url, customer))


def _create_source(customer: int) -> Response:
    with _account().company.transaction():
        return _answer("payment_source", payment_sources.create(_account(), customer, _body()), 201)


def _delete_source(kind: str, customer: int, id: int) -> Response:
    with _account().company.transaction():
        payment_sources.delete(_account(), customer, kind, id)
    return Response(status=204)
