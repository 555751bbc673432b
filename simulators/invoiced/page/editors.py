"""The pages with a form: a new customer, invoice, credit note or payment, or a change of one.

Each calls the function that answers the API call, in a transaction as the API's routes do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from simulators.invoiced.account import Account, Kind
from simulators.invoiced.api.bodies import read_form
from simulators.invoiced.documents.catalog import tax_rates
from simulators.invoiced.errors import ApiError
from simulators.invoiced.money.payments import METHODS
from simulators.invoiced.page.answers import draw, lead_to, path_of
from simulators.invoiced.page.deeds import change, create, is_open_for_payment
from simulators.invoiced.page.forms import (
    Form,
    Problem,
    customer_body,
    customer_form,
    document_body,
    document_form,
    payment_body,
    payment_form,
    posted_customer,
    posted_document,
    posted_payment,
    problem_of,
)
from simulators.invoiced.page.rows import day, link_to, money, plain_number, rate_words, words
from simulators.store import Object

_BLANK_LINES = 3
_MORE_LINES = 5
_OFFERED_INVOICES = 100
_CHANGED_MEANWHILE = Problem("Somebody changed this meanwhile. This is what stands now: enter your change again.")


@dataclass(frozen=True)
class Editor:
    """How one kind of object is written by form; see `page_forms` for what a form and a body are."""

    template: str
    blank: Callable[[Account], Form]
    shown: Callable[[Account, Object], Form]
    posted: Callable[[Form], Form]
    body: Callable[[Account, Form, Form, Object | None], Object]
    offered: Callable[[Account, Form], dict[str, Any]]


def new_page(account: Account, kind: Kind) -> ResponseReturnValue:
    editor = EDITORS[kind]
    if request.method == "GET":
        return _form_page(account, kind, None, editor.blank(account))
    sent = _sent()
    form = editor.posted(sent)
    if "more" in sent:
        return _form_page(account, kind, None, form, lines=_MORE_LINES)
    try:
        body = editor.body(account, form, {}, None)
        with account.company.transaction():
            made = create(account, kind, body | ({"draft": True} if "draft" in sent else {}))
    except ApiError as error:
        return _form_page(account, kind, None, form, problem_of(error, form)), error.status
    return lead_to(path_of(account, kind, made["id"]), "created")


def edit_page(account: Account, kind: Kind, id: int) -> ResponseReturnValue:
    editor, standing = EDITORS[kind], account.get(kind, id)
    shown = editor.shown(account, standing)
    if request.method == "GET":
        return _form_page(account, kind, standing, shown)
    sent = _sent()
    form = editor.posted(sent)
    if sent.get("updated_at") != str(standing["updated_at"]):
        return _form_page(account, kind, standing, shown, _CHANGED_MEANWHILE), 409
    if "more" in sent:
        return _form_page(account, kind, standing, form, lines=_MORE_LINES)
    try:
        body = editor.body(account, form, shown, standing)
        with account.company.transaction():
            change(account, kind, id, body)
    except ApiError as error:
        return _form_page(account, kind, standing, form, problem_of(error, form)), error.status
    return lead_to(path_of(account, kind, id), "saved")


def _sent() -> Form:
    return read_form(request.get_data().decode(errors="replace"))


def _form_page(
    account: Account,
    kind: Kind,
    standing: Object | None,
    form: Form,
    problem: Problem | None = None,
    lines: int = _BLANK_LINES,
) -> str:
    editor = EDITORS[kind]
    return draw(
        account,
        editor.template,
        kind=kind,
        standing=standing,
        form=form,
        problem=problem,
        blank_lines=lines,
        **editor.offered(account, form),
    )


def _blank_document(account: Account) -> Form:
    """A form for the customer that the address names."""
    customer = account.get("customer", request.args.get("customer", ""))
    return posted_document({"customer": str(customer["id"]), "date": day(account.now())})


def _offered_for_document(account: Account, form: Form) -> dict[str, Any]:
    """What can be chosen: `[(value, text)]` of items, coupons and tax rates."""
    items = [
        (one["id"], f"{one['name']}, {money(one['unit_cost'], one['currency'] or 'usd')}")
        for one in _all(account, "item")
    ]
    rates = {
        kind: [(one["id"], f"{one['name']}, {rate_words(one)}") for one in _all(account, kind)]
        for kind in ("coupon", "tax_rate")
    }
    customer = account.find("customer", form["customer"])
    own_taxes = tax_rates(account, (customer or {}).get("taxes") or [])
    return {
        "customer": link_to(account, "customer", customer["id"] if customer else None),
        "items": items,
        "coupons": rates["coupon"],
        "tax_rates": rates["tax_rate"],
        "own_taxes": ", ".join(f"{one['name']}, {rate_words(one)}" for one in own_taxes),
    }


def _all(account: Account, kind: Kind) -> list[Object]:
    return sorted(account.company.all(kind), key=lambda one: str(one["name"]).lower())


def _blank_payment(account: Account) -> Form:
    """A form for what the customer owes whom the address names, filled in for its invoice if it names one."""
    customer = account.get("customer", request.args.get("customer", ""))
    chosen = account.find("invoice", request.args.get("invoice", ""))
    currency = str((chosen or customer)["currency"] or "usd")
    rows = [
        {
            "invoice": str(one["id"]),
            "amount": plain_number(one["balance"]) if chosen and one["id"] == chosen["id"] else "",
        }
        for one in open_invoices(account, customer["id"], currency, chosen)
    ]
    blank = {"customer": str(customer["id"]), "date": day(account.now()), "method": "check", "applied_to": rows}
    return posted_payment(blank)


def open_invoices(account: Account, customer: int | None, currency: str, first: Object | None = None) -> list[Object]:
    """What a customer has to pay, the oldest first; as many as a form can show, `first` among them."""
    found = [
        one
        for one in account.company.find("invoice", "customer", customer)
        if is_open_for_payment(one) and one["currency"] == currency
    ]
    found.sort(key=lambda one: (first is None or one["id"] != first["id"], one["date"], one["id"]))
    return found[:_OFFERED_INVOICES]


def _shown_payment(account: Account, payment: Object) -> Form:
    payable = open_invoices(account, payment["customer"], payment["currency"])
    return payment_form(payment, account.applied_to(payment["id"]), payable)


def _payment_body(account: Account, posted: Form, shown: Form, standing: Object | None) -> Object:
    return payment_body(posted, shown, account.applied_to(standing["id"]) if standing is not None else [])


def _offered_for_payment(account: Account, form: Form) -> dict[str, Any]:
    """`invoices` by id: what each row is about."""
    found = {row["invoice"]: account.find("invoice", row["invoice"]) for row in form["applied_to"]}
    customer = account.find("customer", form["customer"])
    return {
        "customer": link_to(account, "customer", customer["id"] if customer else None),
        "methods": [(method, words(method)) for method in METHODS],
        "invoices": {
            id: {
                "number": one["number"],
                "date": day(one["date"]),
                "state": words(one["status"]),
                "balance": money(one["balance"], one["currency"]),
            }
            for id, one in found.items()
            if one is not None
        },
    }


_DOCUMENT = Editor(
    "document_form.html",
    _blank_document,
    lambda account, one: document_form(one),
    posted_document,
    lambda account, posted, shown, standing: document_body(posted, shown, standing),
    _offered_for_document,
)
EDITORS: dict[Kind, Editor] = {
    "customer": Editor(
        "customer_form.html",
        lambda account: posted_customer({}),
        lambda account, one: customer_form(one),
        posted_customer,
        lambda account, posted, shown, standing: customer_body(posted, shown),
        lambda account, form: {},
    ),
    "invoice": _DOCUMENT,
    "credit_note": _DOCUMENT,
    "payment": Editor(
        "payment_form.html",
        _blank_payment,
        _shown_payment,
        posted_payment,
        _payment_body,
        _offered_for_payment,
    ),
}
