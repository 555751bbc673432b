"""The web page: an account's customers, invoices, payments and credit notes, to look at and to work in by hand.

Whatever is done on it goes through the functions that answer the API, so totals, refusals, events and webhooks
are the API's. It needs no sign-in, takes forms from itself alone, and is not noted in the request log.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

import msgspec
from flask import Blueprint, Response, abort, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import Forbidden, HTTPException

from simulators.control import ControlError
from simulators.invoiced import customers
from simulators.invoiced.account import Account, Kind
from simulators.invoiced.control_routes import send_webhooks
from simulators.invoiced.errors import ApiError
from simulators.invoiced.invoices import fall_due
from simulators.invoiced.lists import show
from simulators.invoiced.page_answers import ROOT, draw, lead_to, name_of, path_of
from simulators.invoiced.page_deeds import DEEDS, credit, is_open_for_payment, offered_deeds
from simulators.invoiced.page_editors import edit_page, new_page, open_invoices
from simulators.invoiced.page_forms import Problem, problem_of
from simulators.invoiced.page_rows import (
    KIND_OF,
    TITLES,
    DocumentRow,
    Link,
    adjustment,
    day,
    document_row,
    link_to,
    moment,
    money,
    payment_state,
    plain_number,
    splits_of,
    sums_of,
    words,
)
from simulators.invoiced.page_search import find_ids
from simulators.invoiced.webhook_attempts import send_again
from simulators.json_numbers import write_json
from simulators.own_site import refuse_other_sites
from simulators.store import Object
from simulators.webhook_sender import WebhookSender

PAGE_ROWS = 50
_NEWEST = 12
_DOCUMENTS: tuple[Kind, ...] = ("invoice", "payment", "credit_note")
_WRITTEN = "any(customers, invoices, payments, credit_notes)"
# A flush waits for answers; whoever pressed the button does not want to wait longer.
_FLUSH_S = 3

P = ParamSpec("P")
View = Callable[Concatenate[Account, P], ResponseReturnValue]


def page_routes(keys: dict[str, str], account_of: Callable[[str], Account], sender: WebhookSender) -> Blueprint:
    """`keys` gives the company of each API key; `account_of` opens a company."""
    routes = Blueprint("pages", __name__)
    routes.before_request(refuse_other_sites)
    for function in (money, day, moment, plain_number, words, adjustment):
        routes.add_app_template_filter(function)
    key_of = {company: key for key, company in keys.items()}

    def opened(company: str) -> Account:
        if company not in key_of:
            abort(404)
        account = account_of(company)
        fall_due(account)
        return account

    def add(path: str, name: str, view: View[Any], *methods: str) -> None:
        @wraps(view)
        def of_account(company: str, **values: Any) -> ResponseReturnValue:
            account = opened(company)
            # What one page shows agrees with itself.
            with account.company.lock:
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

    def webhooks(account: Account, problem: Problem | None = None) -> str:
        state = next((one for one in sender.waiting() if one["target"] == account.company.id), None)
        rows, page = _newest_page(account, "webhook_attempt", account.company.ids("webhook_attempt")[::-1])
        tries = [_tries_row(account, one) for one in rows]
        return draw(account, "webhooks.html", state=state, rows=tries, page=page, problem=problem, form=request.form)

    def webhook_address(account: Account) -> ResponseReturnValue:
        try:
            send_webhooks(account, sender, request.form.get("url", "").strip(), request.form.get("secret", "").strip())
        except ControlError as error:
            return webhooks(account, Problem(str(error))), 400
        return lead_to(path_of(account, "webhooks"), "address")

    @routes.get("/")
    def start() -> ResponseReturnValue:
        if len(key_of) == 1:
            account = opened(next(iter(key_of)))
            with account.company.lock:
                return overview(account)
        accounts = [(f"{ROOT}/{company}", name_of(company), _counted(account_of(company))) for company in key_of]
        return render_template("accounts.html", accounts=accounts)

    @routes.post(f"{ROOT}/<company>/webhooks/flush")
    def flush(company: str) -> ResponseReturnValue:
        account = opened(company)
        # Not under the account's lock: what is delivered needs it.
        sender.drain(_FLUSH_S)
        return lead_to(path_of(account, "webhooks"), "flush")

    add("", "overview", overview)
    add("/webhooks", "webhooks", webhooks)
    add("/webhooks", "webhook_address", webhook_address, "POST")
    add("/webhooks/<int:id>/again", "send_again", _send_again, "POST")
    add("/events", "events", _events)
    add("/events/<int:id>", "event", _event)
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
    shown, page = _newest_page(account, kind, ids)
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
        "raw": _raw(show(account, kind, one, MultiDict({"include": "applied_to"}))),
    }
    if kind == "customer":
        rows = _documents_of(account, id)
        return draw(account, "customer.html", rows=rows, balance=customers.balance(account, id), **common)
    row = document_row(account, kind, one)
    if kind == "payment":
        splits = splits_of(account, account.applications("payment", id))
        return draw(account, "payment.html", row=row, state=payment_state(one), splits=splits, **common)
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


def _events(account: Account) -> str:
    rows, page = _newest_page(account, "event", account.company.ids("event")[::-1])
    return draw(account, "events.html", rows=[_event_row(account, one) for one in rows], page=page)


def _newest_page(account: Account, kind: Kind, ids: list[str]) -> tuple[list[Object], dict[str, int]]:
    """Return the objects on the page of a list that the address asks for, and which page that is."""
    number = max(request.args.get("page", 1, type=int), 1)
    found = list(account.company.read(kind, ids[(number - 1) * PAGE_ROWS : number * PAGE_ROWS]))
    return found, {"number": number, "last": max((len(ids) - 1) // PAGE_ROWS + 1, 1)}


def _tries_row(account: Account, attempt: Object) -> dict[str, Any]:
    """What became of a webhook: its event, how often it was sent, and the last answer."""
    event, last = account.find("event", attempt["event_id"]), attempt["attempts"][-1]
    status = last["status_code"]
    return {
        "id": attempt["id"],
        "event": Link(event["type"], "event", event["id"]) if event else Link(f"#{attempt['event_id']}"),
        "count": len(attempt["attempts"]),
        "at": moment(last["timestamp"]),
        "answer": "no answer" if status is None else str(status),
        "is_taken": status is not None and 200 <= status < 300,
    }


def _send_again(account: Account, id: int) -> ResponseReturnValue:
    with account.company.transaction():
        send_again(account, id)
    return lead_to(path_of(account, "webhooks"), "again")


def _event_row(account: Account, event: Object) -> dict[str, Any]:
    about = event["data"]["object"]
    return {
        "id": event["id"],
        "type": event["type"],
        "at": moment(event["timestamp"]),
        "about": link_to(account, about["object"], about["id"]),
        "changed": [words(name) for name in event["data"].get("previous", {}) if name != "updated_at"],
    }


def _event(account: Account, id: int) -> str:
    event = account.get("event", id)
    return draw(account, "event.html", event=_event_row(account, event), raw=_raw(event))


def _raw(value: Any) -> str:
    return msgspec.json.format(write_json(value)).decode()
