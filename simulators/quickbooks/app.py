"""Wires the simulator of QuickBooks Online together."""

from __future__ import annotations

import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from simulators.clock import Clock
from simulators.command_line import Options
from simulators.control import install_control
from simulators.fault_hooks import install_fault_hooks
from simulators.faults import FaultRules
from simulators.json_numbers import ExactJsonProvider, read_json
from simulators.page_look import install_look
from simulators.quickbooks.answers import fault_answer, gateway_answer, status_answer
from simulators.quickbooks.api.describe import COMPANY_PATH, describe
from simulators.quickbooks.api.entity_routes import entity_routes
from simulators.quickbooks.api.file_routes import file_routes
from simulators.quickbooks.api.throttles import MonthlyQuota, Throttles
from simulators.quickbooks.api.xml_answers import as_xml
from simulators.quickbooks.books.company import COUNTRY, INDEXES, Company
from simulators.quickbooks.control_routes import control_routes
from simulators.quickbooks.facts.localities import US
from simulators.quickbooks.founding.new_company import Plan, found_company
from simulators.quickbooks.founding.sample_company import fill_company
from simulators.quickbooks.notices import ANSWER_WITHIN_S, RETRY_WAITS_S, Announcer, delivery_headers
from simulators.quickbooks.oauth.consent import consent_routes
from simulators.quickbooks.oauth.routes import oauth_routes
from simulators.quickbooks.oauth.tokens import Tokens
from simulators.quickbooks.pages.routes import page_routes
from simulators.quickbooks.refusals import FaultError, GatewayRefusal, Refusal
from simulators.quickbooks.switches import Switches
from simulators.request_log import RequestLog
from simulators.store import Store
from simulators.webhook_sender import Schedule, Target, WebhookSender

_REALMS = "realms"


@dataclass
class Simulator:
    """The app and what it stands on; `close` ends its threads and its database."""

    app: Flask
    store: Store
    clock: Clock
    switches: Switches
    tokens: Tokens
    rules: FaultRules
    throttles: Throttles | None
    quota: MonthlyQuota
    sender: WebhookSender
    announcer: Announcer
    companies: dict[str, Company] = field(default_factory=dict)

    def company(self, realm: str) -> Company | None:
        return self.companies.get(realm)

    def open_company(self, realm: str) -> Company:
        kept = self.store.company(realm)
        country = kept.setting(COUNTRY, US)
        company = Company(kept, self.clock, self.switches, self.announcer.announce, country)
        self.companies[realm] = company
        return company

    def add_company(self, realm: str, name: str, plan: Plan, sample_seed: int | None) -> Company:
        """Found a company and connect the app to it; with a seed it gets the sample."""
        self.store.company(realm).set_setting(COUNTRY, plan.country)
        company = self.open_company(realm)
        with company.kept.transaction():
            found_company(company, name, plan)
            if sample_seed is not None:
                fill_company(company, sample_seed)
        self.tokens.connect(realm)
        self.store.set_setting(_REALMS, [*self.store.setting(_REALMS, []), realm])
        return company

    def switch(self, **values: Any) -> None:
        """Set named switches from now on, for every company."""
        self.switches = replace(self.switches, **values)
        for company in self.companies.values():
            company.switches = self.switches

    def close(self) -> None:
        self.announcer.stop()
        self.sender.stop()
        self.store.close()


def create_simulator(
    options: Options, switches: Switches, clock: Clock, plans: Sequence[Plan] = (Plan(),)
) -> Simulator:
    """Open the stored companies, found new ones, and return the app that serves them.

    The first new company is founded by the first plan and so on; the last plan serves for the rest.
    """
    store = Store(options.data_dir, "quickbooks", INDEXES)
    tokens = Tokens(store, clock, options.seed)
    verifier_token = tokens.app.verifier_token

    def headers(target: Target, body: bytes) -> dict[str, str]:
        return delivery_headers(verifier_token, body, clock.now().isoformat())

    schedule = Schedule(RETRY_WAITS_S, timeout_s=ANSWER_WITHIN_S, speed=switches.webhook_speed)
    sender = WebhookSender(store, clock, schedule, headers)
    announcer = Announcer(store, sender, tokens.app.client_id)
    app = Flask("simulators.quickbooks", static_folder=None)
    app.json = ExactJsonProvider(app)
    simulator = Simulator(
        app,
        store,
        clock,
        switches,
        tokens,
        FaultRules(),
        Throttles() if options.limits else None,
        MonthlyQuota(),
        sender,
        announcer,
    )
    _open_companies(simulator, options, plans)
    _install(simulator)
    return simulator


def _open_companies(simulator: Simulator, options: Options, plans: Sequence[Plan]) -> None:
    """The companies that the data directory holds, and new ones up to the number asked for."""
    realms: list[str] = simulator.store.setting(_REALMS, [])
    chance = random.Random(f"realms {options.seed}")
    planned = [f"9130{chance.randint(10**11, 10**12 - 1)}" for _ in range(options.companies)]
    new = [realm for realm in planned if realm not in realms][: max(0, options.companies - len(realms))]
    for realm in realms:
        simulator.open_company(realm)
    for number, realm in enumerate(new, len(realms) + 1):
        plan = plans[min(number, len(plans)) - 1]
        simulator.add_company(realm, f"Simulated Company {number}", plan, None if options.empty else options.seed)


def _install(simulator: Simulator) -> None:
    app, requests = simulator.app, RequestLog()
    install_fault_hooks(
        app, simulator.rules, requests, simulator.clock, describe, lambda status: status_answer(status, simulator.clock)
    )
    install_control(app, simulator.rules, requests, simulator.clock, simulator.sender)
    install_look(app, "QuickBooks Online")
    app.register_blueprint(control_routes(simulator))
    app.register_blueprint(consent_routes(simulator))
    app.register_blueprint(oauth_routes(simulator))
    app.register_blueprint(entity_routes(simulator))
    app.register_blueprint(page_routes(simulator))
    app.register_blueprint(file_routes(simulator))

    @app.errorhandler(Refusal)
    def refuse(error: Refusal) -> Response:
        return fault_answer(error, simulator.clock)

    @app.errorhandler(GatewayRefusal)
    def refuse_at_gateway(error: GatewayRefusal) -> Response:
        return gateway_answer(error, simulator.clock)

    @app.errorhandler(HTTPException)
    def no_such_address(error: HTTPException) -> Response:
        detail = f"Operation {request.method} {request.path} is not supported."
        refusal = Refusal([FaultError("500", "Unsupported Operation", detail)], status=error.code or 500)
        return fault_answer(refusal, simulator.clock)

    @app.errorhandler(500)
    def fail(error: Exception) -> Response:
        return status_answer(500, simulator.clock)

    @app.after_request
    def speak_xml(response: Response) -> Response:
        """The accounting API answers in XML where the caller does not ask for JSON."""
        if not request.path.startswith(f"{COMPANY_PATH}/") or response.mimetype != "application/json":
            return response
        in_xml = response.status_code == 429 and simulator.switches.throttle_in_xml
        accepted = request.accept_mimetypes
        named = [kind for kind, _ in accepted if "*" not in kind]
        wants_json = any("json" in kind for kind in named)
        if not in_xml and (wants_json or not (named or simulator.switches.xml_by_default)):
            return response
        response.set_data(as_xml(read_json(response.get_data())))
        response.mimetype = "application/xml"
        return response

    @app.after_request
    def say_when(response: Response) -> Response:
        if response.status_code == 429 and simulator.switches.retry_after_s:
            response.headers["Retry-After"] = str(simulator.switches.retry_after_s)
        return response

    @app.after_request
    def name_trace(response: Response) -> Response:
        response.headers["intuit_tid"] = f"1-{secrets.token_hex(4)}-{secrets.token_hex(12)}"
        return response
