"""The web page: an account's customers, invoices, payments and credit notes, to look at and to work in by hand.

Whatever is done on it goes through the functions that answer the API, so totals, refusals, events and webhooks
are the API's. It needs no sign-in, takes forms from itself alone, and is not noted in the request log.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import Forbidden, HTTPException

from simulators.invoiced.account import Account, Kind
from simulators.invoiced.api.lists import show
from simulators.invoiced.documents.invoices import pass_time
from simulators.invoiced.errors import ApiError
from simulators.invoiced.page.answers import PAGE_ROWS, ROOT, draw, json_text, lead_to, name_of, newest_page, path_of
from simulators.invoiced.page.deeds import DEEDS, credit, is_open_for_payment, offered_deeds
from simulators.invoiced.page.editors import edit_page, new_page, open_invoices
from simulators.invoiced.page.events import again, event_page, events_page, flush, set_address, webhooks_page
from simulators.invoiced.page.forms import Problem, problem_of
from simulators.invoiced.page.rows import (
    KIND_OF,
    TITLES,
    DocumentRow,
    adjustment,
    day,
    document_row,
    moment,
    money,
    plain_number,
    price,
    splits_of,
    sums,
    sums_of,
    words,
)
from simulators.invoiced.page.search import find_ids
from simulators.invoiced.people import customers
from simulators.own_site import keep_to_own_site

_NEWEST = 12
_DOCUMENTS: tuple[Kind, ...] = ("invoice", "payment", "credit_note")
_WRITTEN = "any(customers, invoices, payments, credit_notes)"

View = Callable[..., ResponseReturnValue]


def page_routes(keys: dict[str, str], account_of: Callable[[str], Account]) -> Blueprint:
    """`keys` gives the company of each API key; `account_of` opens a company."""
    routes = Blueprint("pages", __name__, template_folder="templates")
    keep_to_own_site(routes)
    for function in (money, sums, price, day, moment, plain_number, words, adjustment):
        routes.add_app_template_filter(function)
    key_of = {company: key for key, company in keys.items()}

    def opened(company: str) -> Account:
        if company not in key_of:
            abort(404)
        account = account_of(company)
        pass_time(account)
        return account

    def add(path: str, name: str, view: View, *methods: str) -> None:
        @wraps(view)
        def of_account(company: str, **values: Any) -> ResponseReturnValue:
            account = opened(company)
            # What one page shows agrees with itself.
            with account.company.hold():
                return view(account, **values)

        routes.add_url_rule(f"{ROOT}/<company>{path}", name, of_account, methods=methods or ("GET",))

    def overview(account: Account) -> str:
        counts = [(plural, title, account.company.count(KIND_OF[plural])) for plural, title in TITLES.items()]
        newest = [account.get(kind, id) for kind in _DOCUMENTS for id in account.company.ids(kind)[: -_NEWEST - 1 : -1]]
        newest.sort(key=lambda one: (one["created_at"], one["id"]), reverse=True)
        return draw(
            account,
            "overview.html",
            key=key_of[account.company.id],
            counts=counts[:-1],
            rows=[document_row(account, one["object"], one) for one in newest[:_NEWEST]],
        )

    @routes.get("/")
    def start() -> ResponseReturnValue:
        if len(key_of) == 1:
            account = opened(next(iter(key_of)))
            with account.company.hold():
                return overview(account)
        accounts = [(f"{ROOT}/{company}", name_of(company), _counted(account_of(company))) for company in key_of]
        return render_template("accounts.html", accounts=accounts)

    add("", "overview", overview)
    add("/events", "events", events_page)
    add("/events/<int:id>", "event", event_page)
    add("/webhooks", "webhooks", webhooks_page)
    add("/webhooks", "webhook_address", set_address, "POST")
    add("/webhooks/<int:id>/again", "webhook_again", again, "POST")
    add("/webhooks/flush", "flush", flush, "POST")
    add(f"/<{_WRITTEN}:plural>", "list", _list)
    add(f"/<{_WRITTEN}:plural>/new", "new", _new, "GET", "POST")
    add(f"/<{_WRITTEN}:plural>/<int:id>", "one", _one)
    add(f"/<{_WRITTEN}:plural>/<int:id>/edit", "edit", _edit, "GET", "POST")
    add("/credit_notes/<int:id>/apply", "apply", _apply, "POST")
    add(f"/<{_WRITTEN}:plural>/<int:id>/<deed>", "deed", _do, "POST")

    @routes.errorhandler(ApiError)
    def refuse(error: ApiError) -> Response:
        return make_response(render_template("missing.html", reason=error.message), error.status)

    @routes.errorhandler(HTTPException)
    def fail(error: HTTPException) -> Response:
        reason = error.description if isinstance(error, Forbidden) else ""
        return make_response(render_template("missing.html", reason=reason), error.code)

    return routes


def _counted(account: Account) -> str:
    counts = ((account.company.count(kind), words(plural)) for plural, kind in KIND_OF.items() if kind != "event")
    return ", ".join(f"{count:,} {title}" for count, title in counts if count)


def _list(account: Account, plural: str) -> ResponseReturnValue:
    """A list, newest first; customers also to choose one for a new document, as `for` says."""
    kind, asked = KIND_OF[plural], request.args.get("q", "")
    ids = find_ids(account, kind, asked)
    shown, page = newest_page(account, kind, ids)
    wanted = request.args.get("for", "")
    return draw(
        account,
        "customers.html" if kind == "customer" else "documents.html",
        kind=kind,
        plural=plural,
        rows=[one if kind == "customer" else document_row(account, kind, one) for one in shown],
        asked=asked,
        wanted=wanted if wanted in _DOCUMENTS else "",
        page=page,
    )


def _one(account: Account, plural: str, id: int, problem: Problem | None = None) -> str:
    kind = KIND_OF[plural]
    one = account.get(kind, id)
    common = {
        "kind": kind,
        "one": one,
        "problem": problem,
        "deeds": offered_deeds(kind, one),
        "raw": json_text(show(account, kind, one, MultiDict({"include": "applied_to"}))),
    }
    if kind == "customer":
        rows = _documents_of(account, id)
        return draw(account, "customer.html", rows=rows, balances=customers.balances(account, id), **common)
    row = document_row(account, kind, one)
    if kind == "payment":
        splits = splits_of(account, account.applications("payment", id))
        return draw(account, "payment.html", row=row, splits=splits, **common)
    payable = []
    if kind == "credit_note" and is_open_for_payment(one):
        payable = [
            {"id": invoice["id"], "text": f"{invoice['number']}, {money(invoice['balance'], invoice['currency'])} open"}
            for invoice in open_invoices(account, one["customer"], one["currency"])
        ]
    return draw(
        account,
        "document.html",
        row=row,
        sums=sums_of(one),
        splits=splits_of(account, account.applications("invoice" if kind == "invoice" else "credit_note", id)),
        is_payable=kind == "invoice" and is_open_for_payment(one),
        payable=payable,
        **common,
    )


def _documents_of(account: Account, customer: int) -> list[DocumentRow]:
    found = [
        one
        for kind in _DOCUMENTS
        for one in account.company.read(
            kind, account.company.find_ids(kind, "customer", customer)[: -PAGE_ROWS - 1 : -1]
        )
    ]
    found.sort(key=lambda one: (one["date"], one["id"]), reverse=True)
    return [document_row(account, one["object"], one) for one in found[:PAGE_ROWS]]


def _new(account: Account, plural: str) -> ResponseReturnValue:
    kind = KIND_OF[plural]
    if kind != "customer" and request.method == "GET" and not request.args.get("customer"):
        return redirect(f"{path_of(account, 'customer')}?for={kind}")
    return new_page(account, kind)


def _edit(account: Account, plural: str, id: int) -> ResponseReturnValue:
    return edit_page(account, KIND_OF[plural], id)


def _do(account: Account, plural: str, id: int, deed: str) -> ResponseReturnValue:
    kind = KIND_OF[plural]
    found = next((one for one in DEEDS[kind] if one.name == deed), None)
    if found is None:
        abort(404)
    try:
        with account.company.transaction():
            found.do(account, id)
    except ApiError as error:
        return _refused(account, plural, id, error)
    return lead_to(path_of(account, kind, id if account.find(kind, id) else ""), deed)


def _apply(account: Account, id: int) -> ResponseReturnValue:
    invoice = request.form.get("invoice", 0, type=int)
    try:
        with account.company.transaction():
            credit(account, id, invoice, request.form.get("amount", "").strip())
    except ApiError as error:
        return _refused(account, "credit_notes", id, error)
    return lead_to(path_of(account, "credit_note", id), "applied")


def _refused(account: Account, plural: str, id: int, error: ApiError) -> ResponseReturnValue:
    """Show the object as it stands, with what the API has against the deed."""
    if error.status == 404:
        raise error
    return _one(account, plural, id, problem_of(error, {})), error.status
