"""Wires the simulator of Invoiced together."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from simulators.clock import Clock
from simulators.command_line import Options
from simulators.control import install_control, json_answer
from simulators.fault_hooks import fault_in_hand, install_fault_hooks, is_control_call
from simulators.faults import RECORD_FAULTS, FaultRules
from simulators.invoiced.account import INDEXES, Account
from simulators.invoiced.api.access import CONCURRENT_CALLS, ConcurrencyLimit, company_of, too_many_requests
from simulators.invoiced.api.control_routes import control_routes
from simulators.invoiced.api.describe import describe
from simulators.invoiced.api.page_order import PageOrder
from simulators.invoiced.api.routes import vendor_routes
from simulators.invoiced.api.webhook_attempts import note_try
from simulators.invoiced.documents.invoices import pass_time
from simulators.invoiced.errors import ApiError
from simulators.invoiced.page.routes import page_routes
from simulators.invoiced.sample.company import furnish
from simulators.invoiced.switches import Switches
from simulators.json_numbers import ExactJsonProvider
from simulators.page_look import install_look
from simulators.request_log import RequestLog
from simulators.store import Company, Store
from simulators.webhook_sender import Delivery, Schedule, Target, WebhookSender

_HOUR_S = 3600
_RETRIES = 48


@dataclass(frozen=True)
class Simulator:
    """The app, and `close` to end its threads and its database."""

    app: Flask
    store: Store
    sender: WebhookSender

    def close(self) -> None:
        self.sender.stop()
        self.store.close()


def create_simulator(options: Options, switches: Switches, clock: Clock) -> Simulator:
    """Open the stored accounts, furnish new ones, and return the app that serves them."""
    store = Store(options.data_dir, "invoiced", INDEXES)
    # Success is any 2xx within 30 s; else hourly, up to 48 times, then the endpoint is disabled
    # (Invoiced documentation, Webhooks).
    schedule = Schedule((_HOUR_S,), give_up_after=_RETRIES, timeout_s=30, speed=switches.retry_speed)

    def noted(company: Company, delivery: Delivery, status: int | None) -> None:
        note_try(company, delivery, status, clock.timestamp(), switches.events_kept)

    def headers(target: Target, body: bytes) -> dict[str, str]:
        return _webhook_headers(target, body, switches.base64_signature)

    sender = WebhookSender(store, clock, schedule, headers, noted)

    def account_of(company: str) -> Account:
        return Account(store.company(company), clock, switches, sender)

    keys = _api_keys(store, options)
    for company in keys.values():
        furnish(account_of(company), options.seed, options.empty)

    app = Flask("simulators.invoiced", static_folder=None)
    app.json = ExactJsonProvider(app)
    rules, requests = FaultRules(), RequestLog()
    install_fault_hooks(app, rules, requests, clock, lambda: describe(request.method, request.path), _refusal)
    install_control(app, rules, requests, clock, sender, without=RECORD_FAULTS)
    _install_access(app, keys, account_of, ConcurrencyLimit(CONCURRENT_CALLS) if options.limits else None)
    if switches.pages_in_order:
        _install_page_order(app, PageOrder())
    app.register_blueprint(control_routes(keys, account_of, sender))
    install_look(app, "Invoiced")
    app.register_blueprint(page_routes(keys, account_of))
    app.register_blueprint(vendor_routes())
    app.register_error_handler(ApiError, _refuse)
    _install_retry_after(app, switches.retry_after_s)
    app.register_error_handler(HTTPException, _refuse_unknown)
    return Simulator(app, store, sender)


def _api_keys(store: Store, options: Options) -> dict[str, str]:
    """Return the company of each API key; the same seed gives the same keys."""
    keys: dict[str, str] = dict(store.setting("api_keys", {}))
    for number in range(len(keys) + 1, options.companies + 1):
        secret = hashlib.sha256(f"invoiced {options.seed} {number}".encode()).hexdigest()
        keys[f"sim_{secret[:32]}"] = f"account-{number}"
    store.set_setting("api_keys", keys)
    return keys


def _webhook_headers(target: Target, body: bytes, in_base64: bool) -> dict[str, str]:
    digest = hmac.new(target.secret.encode(), body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "X-Invoiced-Signature": base64.b64encode(digest).decode() if in_base64 else digest.hex(),
        "User-Agent": "Invoiced/simulator",
    }


def _install_access(
    app: Flask, keys: dict[str, str], account_of: Callable[[str], Account], limit: ConcurrencyLimit | None
) -> None:
    """Let in who has a key and does not call too often; `g.account` is then the caller's account."""

    @app.before_request
    def admit() -> None:
        if is_control_call():
            return
        if fault_in_hand("throttle"):
            raise too_many_requests()
        if fault_in_hand("expired_token", "revoked_token"):
            raise ApiError(401, "We could not authenticate you with that API key.")
        company = company_of(keys, request.authorization)
        if limit is not None:
            limit.enter(company)
            g.entered = company
        g.account = account_of(company)
        pass_time(g.account)

    @app.teardown_request
    def leave(error: BaseException | None) -> None:
        if limit is not None and "entered" in g:
            limit.leave(g.pop("entered"))


def _install_page_order(app: Flask, order: PageOrder) -> None:
    @app.before_request
    def check() -> None:
        if "account" in g and request.method == "GET":
            order.check(g.account.company.id, request)

    @app.after_request
    def note(answer: Response) -> Response:
        if "account" in g and "X-Total-Count" in answer.headers:
            order.note(g.account.company.id, request)
        return answer


def _install_retry_after(app: Flask, seconds: int) -> None:
    @app.after_request
    def say_when(answer: Response) -> Response:
        if answer.status_code == 429 and seconds:
            answer.headers["Retry-After"] = str(seconds)
        return answer


def _refusal(status: int) -> Response:
    return _refuse(ApiError(status, "This error was asked for."))


def _refuse(error: ApiError) -> Response:
    return json_answer(error.body(), error.status)


def _refuse_unknown(error: HTTPException) -> Response:
    status = error.code or 500
    message = f"Request was not recognized: {request.method} {request.path}"
    if status >= 500:
        message = "There was an error processing your request."
    return _refuse(ApiError(404 if status == 405 else status, message))
